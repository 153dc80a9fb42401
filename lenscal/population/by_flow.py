"""A generator taught by flow matching: distribution matching (Meanti et al. 2025, section 3.2) with
kernels that are drawn.

    grad = E[ w(t) (v_phi(y_t, t) - v_theta(y_t, t)) . dy/dG ],    y = G(z) * x + noise

v_theta learns the blurred photos, v_phi those that the generator blurs; both see several crops of
one photo as planes of one picture, which share a kernel. Alone this collapses onto one kernel: the
Kullback-Leibler divergence seeks modes, and a network that has not learnt for days tells a
population from its mean badly. Two things keep it from that. It begins where a discriminator has
led it (`WARM_SHARE` of the steps), and kernels must not come nearer to each other than they were
then (`spread_lost`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.matching.loop import sum_in_order
from lenscal.files.population.description import GeneratorDescription
from lenscal.flow.network import REAL, NetworkSettings, VelocityNetwork, seeded_network
from lenscal.flow.path import interpolate, matching_weight, sample_t
from lenscal.flow.training import flow_loss
from lenscal.population.adversarial import (
    BATCH,
    CENTRE_WEIGHT,
    CROPS,
    PIECE,
    AdversarialTraining,
    StepFigures,
    off_centre,
)
from lenscal.population.discriminator import seen
from lenscal.population.generator import Generator
from lenscal.population.photographed import Exposed, Exposures
from lenscal.system.threads import Team

WARM_SHARE = 0.4
"""Of the steps that a discriminator has."""
NETWORK_RATE, GENERATOR_RATE = 1e-3, 1e-4
SPREAD_WEIGHT = 30.0
"""Of the square of the share of their spread that kernels have lost."""
_WIDTH = 24


class FlowTraining:
    """Steps of a discriminator, then of two velocity networks; v_theta learns in both."""

    def __init__(
        self,
        exposures: Exposures,
        description: GeneratorDescription,
        *,
        seed: int,
        total: int,
        device: torch.device,
    ) -> None:
        self.warm = AdversarialTraining(
            exposures, description, seed=seed, total=total, device=device
        )
        channels = exposures.blurred.pieces.values.shape[1]
        layout = NetworkSettings(planes=CROPS * channels, width=_WIDTH, levels=3)
        self.target = seeded_network(layout, seed).to(device)
        self.auxiliary = seeded_network(layout, seed).to(device)
        self.optimisers = {
            name: torch.optim.Adam(network.parameters(), lr=NETWORK_RATE, betas=(0.9, 0.99))
            for name, network in (("target", self.target), ("auxiliary", self.auxiliary))
        }
        self.device = device
        self.spread = torch.zeros((), device=device)
        self.warm_steps = 0

    @property
    def average(self) -> Generator:
        """What is kept."""
        return self.warm.average

    @property
    def step_number(self) -> int:
        """Steps so far."""
        return self.warm.step_number

    @property
    def total(self) -> int:
        """Steps of both parts."""
        return self.warm.total

    @total.setter
    def total(self, steps: int) -> None:
        self.warm.total = steps

    def step(self) -> StepFigures:
        """One step."""
        begun = self.warm_steps > 0
        if not begun and self.step_number < WARM_SHARE * self.total:
            figures = self.warm.step()
            self._learn("target", self.target, self._real())
            return figures
        if not begun:
            self._begin()
        loss = self._learn("target", self.target, self._real())
        random = self.warm.random
        exposures = self.warm.exposures
        with torch.no_grad():
            fake, _ = self.warm.fake(exposures.drawn(BATCH, CROPS, random))
        loss += self._learn("auxiliary", self.auxiliary, seen(fake).crops)
        # Other photos than the network has just been taught with: there it is too sure.
        gap = self._follow(exposures.drawn(BATCH, CROPS, random))
        self.warm.follow_average()
        self.warm.step_number += 1
        augmentation = self.warm.augmentation
        return StepFigures(gap, loss, augmentation.overfitting, augmentation.probability)

    def _begin(self) -> None:
        """v_phi becomes a copy of v_theta, and the spread of kernels is what it is now."""
        self.warm_steps = self.step_number
        self.auxiliary.load_state_dict(self.target.state_dict())
        z = torch.randn(512, self.warm.generator.latent, generator=self.warm.random)
        with torch.no_grad():
            self.spread = spread_of(self.warm.generator(z.to(self.device)))

    def _real(self) -> Tensor:
        crops = self.warm.exposures.real(BATCH, CROPS, self.warm.random)
        return seen(crops.to(self.device)).crops

    def _drawn(self, shape: torch.Size) -> tuple[Tensor, Tensor]:
        """x_0 and t."""
        random = self.warm.random
        x_0 = torch.randn(shape, generator=random).to(self.device)
        return x_0, sample_t(shape[0], random).to(self.device)

    def _learn(self, name: str, network: VelocityNetwork, x_1: Tensor) -> float:
        """A step of a network on photos x_1; its loss."""
        x_0, t = self._drawn(x_1.shape)
        parameters = list(network.parameters())

        def work(part: slice) -> tuple[Tensor, Sequence[Tensor]]:
            loss = flow_loss(network, x_0[part], x_1[part], t[part], *_plain(x_1[part]))
            return loss.detach(), torch.autograd.grad(loss, parameters)

        losses = self._in_parts(work, parameters)
        self.optimisers[name].step()
        return losses

    def _follow(self, exposed: Exposed) -> float:
        """A step of the generator against the difference of the velocities; its mean square."""
        generator = self.warm.generator
        shape = exposed.noise.shape
        flat = torch.Size((shape[0], shape[1] * shape[2], *shape[3:]))
        x_0, t = self._drawn(flat)
        parameters = list(generator.parameters())

        def work(part: slice) -> tuple[Tensor, Sequence[Tensor]]:
            fake, kernels = self.warm.fake(exposed.part(part))
            y = seen(fake).crops
            with torch.no_grad():
                y_t = interpolate(x_0[part], y, t[part])
                place, domain = _plain(y)
                difference = self.auxiliary(y_t, t[part], place, domain) - self.target(
                    y_t, t[part], place, domain
                )
                pull = matching_weight(t[part])[:, None, None, None] * difference
            loss = (pull * y).mean() + CENTRE_WEIGHT * off_centre(kernels)
            loss = loss + SPREAD_WEIGHT * spread_lost(kernels, self.spread)
            return difference.square().mean(), torch.autograd.grad(loss, parameters)

        gap = self._in_parts(work, parameters)
        optimiser = self.warm.optimisers["generator"]
        left = 1 - self.step_number / max(self.total, 1)
        for group in optimiser.param_groups:
            group["lr"] = GENERATOR_RATE * min(1.0, max(4 * left, 0.1))
        optimiser.step()
        return gap

    def _in_parts(
        self,
        work: Callable[[slice], tuple[Tensor, Sequence[Tensor]]],
        parameters: Sequence[Tensor],
    ) -> float:
        """Mean value of the parts, whose mean gradient the parameters get."""
        parts = [slice(i, i + PIECE) for i in range(0, BATCH, PIECE)]
        with Team(None if self.device.type == "cpu" else 1) as team:
            values, gradients = zip(*team.all(work, parts), strict=True)
        for parameter, *shares in zip(parameters, *gradients, strict=True):
            parameter.grad = sum_in_order(shares) / len(parts)
        return float(sum_in_order(values)) / len(parts)

    # Snapshots

    def numbers(self) -> Mapping[str, float]:
        """What of the state is no array."""
        return {**self.warm.numbers(), "warm_steps": self.warm_steps}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Copies of all tensors that the next steps depend on."""
        arrays = self.warm.arrays()
        for name, tensor in self._tensors():
            arrays[f"flow.{name}"] = np.array(tensor.detach().cpu().numpy())
        for name, optimiser in self.optimisers.items():
            for number, parameter in enumerate(optimiser.param_groups[0]["params"]):
                for key, value in optimiser.state.get(parameter, {}).items():
                    arrays[f"flow.adam.{name}.{number}.{key}"] = np.array(value.cpu().numpy())
        return arrays

    def restore(
        self, numbers: Mapping[str, float], arrays: Mapping[str, NDArray[np.generic]]
    ) -> None:
        """Go on from there: the next steps come out the same, to the bit, on the CPU."""
        self.warm.restore(numbers, arrays)
        self.warm_steps = int(numbers["warm_steps"])
        with torch.no_grad():
            for name, tensor in self._tensors():
                tensor.copy_(torch.tensor(arrays[f"flow.{name}"]))
        for name, optimiser in self.optimisers.items():
            for number, parameter in enumerate(optimiser.param_groups[0]["params"]):
                key = f"flow.adam.{name}.{number}"
                if f"{key}.step" not in arrays:
                    continue
                optimiser.state[parameter] = {
                    "step": torch.tensor(arrays[f"{key}.step"]).reshape(()),
                    **{
                        moment: torch.tensor(arrays[f"{key}.{moment}"]).to(parameter)
                        for moment in ("exp_avg", "exp_avg_sq")
                    },
                }

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        for label, network in (("target", self.target), ("auxiliary", self.auxiliary)):
            for name, tensor in network.state_dict().items():
                yield f"{label}.{name}", tensor
        yield "spread", self.spread


def _plain(x: Tensor) -> tuple[Tensor, Tensor]:
    """Position and domain, which say nothing here."""
    n = len(x)
    middle = torch.full((n, 2), 0.5, device=x.device)
    return middle, torch.full((n,), REAL, dtype=torch.long, device=x.device)


def spread_of(kernels: Tensor) -> Tensor:
    """Mean distance of kernels [n, channels, k, k] from each other."""
    flat = kernels.flatten(1)
    n = len(flat)
    squares = flat.square().sum(1)
    distance = (squares[:, None] + squares - 2 * flat @ flat.T).clamp(min=0)
    # A root has no slope at 0, where each meets itself.
    apart = (distance + 1e-10).sqrt()
    return (apart.sum() - apart.diagonal().sum()) / (n * (n - 1))


def spread_lost(kernels: Tensor, before: Tensor) -> Tensor:
    """Square of the share of the spread that is gone; 0 where kernels are as different as
    before."""
    return (1 - spread_of(kernels) / before).clamp(min=0).square()
