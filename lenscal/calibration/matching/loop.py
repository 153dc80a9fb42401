"""What every way of matching shares: steps of a blur family's parameters against the gradient of
the Kullback-Leibler divergence between re-blurred and degraded patches.

    grad = E[ w(t) (v(y_t, t, re-blurred) - v(y_t, t, real)) . dy/dkernels ],   y_t = (1 - t) x_0 +
    t y

(Meanti et al. 2025, section 3.2, after Diff-Instruct, arXiv:2305.18455). Where the two velocities
come from is what modes differ in: `Matcher` has one network with a domain label, `PublishedMatcher`
a frozen and an auxiliary one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call

from lenscal.calibration.families.family import BlurFamily
from lenscal.calibration.matching.batch import Batch
from lenscal.calibration.matching.reblur import Reblur, send
from lenscal.flow.network import VelocityNetwork
from lenscal.flow.training import PowerAverage
from lenscal.system.threads import Team

KERNEL_GAMMA = 4.0
"""Of the average that is kept of a family's parameters: late iterates weigh most, but noise
averages out."""
PIECE_PATCHES = 16
"""Of each domain: on processors a step is cut into pieces of so many, whatever the number of
threads, so that sums of gradients have the same bits. Smaller ones share the work better, but eight
of 8 patches took a tenth more time than four of 16."""


@dataclass(frozen=True, slots=True)
class MatchingState:
    """After a step: losses, patches seen so far."""

    stage: str
    step: int
    flow_loss: float
    gap: float
    """Mean squared difference of the two domains' velocities: 0 when the distributions agree."""
    patches: int


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A matcher between two steps: all that its next steps depend on, as numbers and copied
    arrays."""

    step: int
    patches: tuple[int, int]
    arrays: Mapping[str, NDArray[np.generic]]


class MatchingLoop(ABC):
    """Stage F, then stage M, step by step, of any blur family.

    Attributes
    ----------
    reblur : Reblur
        Where patches come from, and what blurs the sharp ones.
    family : BlurFamily
        What is moved.
    flow_steps, matching_steps : of stages F and M
    """

    def __init__(
        self,
        reblur: Reblur,
        family: BlurFamily,
        steps: tuple[int, int],
        *,
        batch: int,
        kernel_rate: float,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        self.reblur, self.family, self.device = reblur, family, device
        self.flow_steps, self.matching_steps = steps
        self.batch, self.kernel_rate = batch, kernel_rate
        self.generator = generator
        self.step_number = 0
        self.patches = [0, 0]
        self.kernel_optimiser = torch.optim.Adam(self._moved(), lr=kernel_rate, betas=(0.9, 0.99))
        self.average = PowerAverage(family.parameters(), gamma=KERNEL_GAMMA)

    @property
    @abstractmethod
    def networks(self) -> Mapping[str, VelocityNetwork]:
        """By name, those that snapshots hold."""

    @property
    @abstractmethod
    def trained(self) -> VelocityNetwork:
        """The network of the degraded photos, to be kept in the profile."""

    @abstractmethod
    def _optimisers(self) -> Iterator[tuple[str, torch.optim.Adam, list[Tensor]]]:
        """Name, optimiser and its parameters, in a fixed order."""

    @abstractmethod
    def _advance(self, *, matching: bool) -> tuple[float, float, int]:
        """One step: the flow loss, the gap of the velocities, and how many patches it saw."""

    @abstractmethod
    def _set_rates(self) -> None:
        """Learning rates of the step to come."""

    @property
    def total(self) -> int:
        """Steps of both stages."""
        return self.flow_steps + self.matching_steps

    @torch.no_grad()
    def matched(self) -> Tensor | None:
        """Kernels [nodes, channels, n] as stage M has them so far, averaged over its last iterates;
        None before it."""
        if self.step_number <= self.flow_steps:
            return None
        names = [name for name, _ in self.family.named_parameters()]
        averaged = dict(zip(names, self.average.values, strict=True))
        kernels: Tensor = functional_call(self.family, averaged, ())
        return kernels

    def step(self) -> MatchingState:
        """One step of the networks; in stage M one of the kernels after it."""
        matching = self.step_number >= self.flow_steps
        self._set_rates()
        loss, gap, seen = self._advance(matching=matching)
        self.patches[matching] += seen
        self.step_number += 1
        stage = "M" if matching else "F"
        return MatchingState(stage, self.step_number - 1, loss, gap, sum(self.patches))

    def _moved(self) -> list[Tensor]:
        """What the kernels' optimiser moves."""
        return list(self.family.parameters())

    # Pieces of a step

    def _pieces(self, batch: Batch) -> list[Batch]:
        """The batch cut into pieces for threads; on a GPU it stays whole."""
        n = len(batch.t)
        size = PIECE_PATCHES if self.device.type == "cpu" else n
        return [batch.part(slice(i, min(i + size, n))) for i in range(0, n, size)]

    def _team(self, n: int) -> Team:
        return Team(None if self.device.type == "cpu" and n > PIECE_PATCHES else 1)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    def _move_kernels(self, kernels: Tensor, pull: Tensor, other: Tensor | None = None) -> None:
        """A step of what is moved against the pull on the family's kernels, its penalty, and other
        losses."""
        loss = (kernels * pull).sum() + self.family.penalty(kernels)
        self.kernel_optimiser.zero_grad()
        torch.autograd.backward(loss if other is None else loss + other)
        self.kernel_optimiser.step()
        self.average.update(self.family.parameters())

    # Snapshots

    def snapshot(self) -> Snapshot:
        """All that the next steps depend on, copied."""
        arrays = dict(self._state())
        arrays |= {"generator": self.generator.get_state()}
        for name, optimiser, parameters in self._optimisers():
            for number, parameter in enumerate(parameters):
                for key, value in optimiser.state.get(parameter, {}).items():
                    arrays[f"{name}.{number}.{key}"] = value
        # Copies: the next steps change these tensors in place.
        copies = {
            name: np.array(tensor.detach().cpu().numpy(), order="C")
            for name, tensor in arrays.items()
        }
        return Snapshot(self.step_number, (self.patches[0], self.patches[1]), copies)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot: the next steps come out the same, to the bit, on the CPU."""
        arrays = {name: torch.tensor(array) for name, array in snapshot.arrays.items()}
        self.step_number, self.patches = snapshot.step, list(snapshot.patches)
        with torch.no_grad():
            for name, tensor in self._state():
                tensor.copy_(arrays[name])
        # Not kept: it counts the steps of stage M.
        self.average.count = max(snapshot.step - self.flow_steps, 0)
        self.generator.set_state(arrays["generator"])
        for name, optimiser, parameters in self._optimisers():
            for number, parameter in enumerate(parameters):
                if f"{name}.{number}.step" not in arrays:
                    continue
                # In the layout of the parameter: another one may round differently.
                moments = {
                    key: torch.zeros_like(parameter, requires_grad=False).copy_(
                        arrays[f"{name}.{number}.{key}"]
                    )
                    for key in ("exp_avg", "exp_avg_sq")
                }
                optimiser.state[parameter] = {
                    "step": arrays[f"{name}.{number}.step"].reshape(()),
                    **moments,
                }

    def _state(self) -> Iterator[tuple[str, Tensor]]:
        """Tensors that steps change in place, by name; optimisers' apart."""
        for label, network in self.networks.items():
            for name, tensor in network.state_dict().items():
                yield f"{label}.{name}", tensor
        for number, (name, parameter) in enumerate(self.family.named_parameters()):
            yield f"family.{name}", parameter
            yield f"average.{name}", self.average.values[number]


def placed(network: VelocityNetwork, device: torch.device) -> VelocityNetwork:
    """The network on the device, in the layout in which convolutions are faster."""
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def sum_in_order(parts: Sequence[Tensor]) -> Tensor:
    """Added one after the other, so that the bits do not depend on who was ready first."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def random_normal(
    shape: tuple[int, ...] | torch.Size, generator: torch.Generator, device: torch.device
) -> Tensor:
    """Standard normal numbers on the device, drawn where the generator is."""
    return send(torch.randn(shape, generator=generator, device=generator.device), device)
