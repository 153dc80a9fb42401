"""Stages F and M: flow matching on degraded patches, then matching of re-blurred patches to them in
distribution.

One network with a domain label learns the velocities of both, the real degraded patches and the
sharp patches that are blurred with the present kernels; the kernels follow the gradient of the
Kullback-Leibler divergence between the two (Meanti et al. 2025, section 3.2, after Diff-Instruct,
arXiv:2305.18455):

    grad = E[ w(t) (v(y_t, t, re-blurred) - v(y_t, t, real)) . dy/dkernels ],   y_t = (1 - t) x_0 +
    t y.

Kernels are a given start times the exponential of a few deformations (shift, width, skew), each a
polynomial over the field: few degrees of freedom, since the gradient is noisy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibrate.field.kernels import centroids, tilts
from lenscal.calibrate.field.polynomials import field_polynomials
from lenscal.calibrate.matching.batch import Batch
from lenscal.calibrate.matching.reblur import Reblur, send
from lenscal.flow.network import NetworkSettings, VelocityNetwork
from lenscal.flow.path import interpolate, matching_weight, sample_t
from lenscal.flow.training import PowerAverage, flow_loss
from lenscal.system.threads import Team

LEAST_CONTRAST = 1e-4
"""Added to a patch's contrast, so that a plain one is not divided by nothing."""
RANDOM_POSITIONS = 0.15
"""Share of patches whose position is replaced by a random one, so that content is not learnt by
place."""

PIECE_PATCHES = 16
"""Of each domain: on processors a step is cut into pieces of so many, whatever the number of
threads, so that sums of gradients have the same bits. Smaller ones share the work better, but eight
of 8 patches took a tenth more time than four of 16."""


@dataclass(frozen=True, slots=True)
class MatchingSettings:
    """How long and how fast is learnt."""

    flow_steps: int
    matching_steps: int
    batch: int = 64
    degree: int = 3
    """Of the polynomials over the field: 270 numbers in all. With 5,070 (free taps) lateral colour
    drifted from 0.08 to 0.30 px (docs/experiments/matching.md, 2026-11-22)."""
    network: NetworkSettings = field(default_factory=NetworkSettings)
    learning_rate: float = 2e-3
    kernel_rate: float = 5e-3
    """At 0.02 kernels settled somewhere worse (docs/experiments/matching.md, 2026-11-22)."""
    centroid_weight: float = 100.0
    """Of the kernels' drift, px^2: a shift common to all photos is no blur."""
    hold_lateral_colour: bool = True
    """Keep each channel's centroid where the start has it: the sharp photos' demosaicing pulls
    colours together, and what a closed-form stage measured on the mosaic is better. Otherwise only
    the channels' mean is held."""


@dataclass(frozen=True, slots=True)
class MatchingState:
    """After a step: losses, patches seen so far."""

    stage: str
    step: int
    flow_loss: float
    gap: float
    """Mean squared difference of the two domains' velocities: 0 when the distributions agree."""
    patches: int


def normalised(patches: Tensor) -> Tensor:
    """Every plane without its mean, all planes over the patch's own contrast (a number, not part of
    any gradient)."""
    centred = patches - patches.mean((-1, -2), keepdim=True)
    contrast = centred.detach().square().mean((1, 2, 3), keepdim=True).sqrt()
    return centred / (contrast + LEAST_CONTRAST)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A `Matcher` between two steps: all that its next steps depend on, as numbers and copied
    arrays."""

    step: int
    patches: tuple[int, int]
    arrays: Mapping[str, NDArray[np.generic]]


class Matcher:
    """Stage F, then stage M, step by step. start : [nodes, 3, n], each summing to 1; taps keep
    their sign."""

    def __init__(
        self,
        reblur: Reblur,
        start: Tensor,
        settings: MatchingSettings,
        *,
        seed: int,
        device: torch.device,
    ) -> None:
        self.reblur, self.start, self.settings, self.device = reblur, start, settings, device
        self.size = round(start.shape[-1] ** 0.5)
        self.step_number = 0
        self.patches = [0, 0]
        self.generator = torch.Generator().manual_seed(seed)
        network = _seeded_network(settings.network, seed)
        channels_last = torch.channels_last
        # Convolutions are faster in this layout.
        network = network.to(device, memory_format=channels_last)  # type: ignore[call-overload]
        self.network = network
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=settings.learning_rate, betas=(0.9, 0.99)
        )
        self.basis = (
            torch.from_numpy(field_polynomials(reblur.shape, settings.degree)).float().to(device)
        )
        self.shapes = torch.from_numpy(tilts(self.size)).float().to(device)
        self.start_centroids = self._centroids(start)
        self.coefficients = torch.zeros(
            self.basis.shape[1], 3, len(self.shapes), device=device, requires_grad=True
        )
        self.kernel_optimiser = torch.optim.Adam(
            [self.coefficients], lr=settings.kernel_rate, betas=(0.9, 0.99)
        )
        # Late iterates weigh most, but noise averages out.
        self.average = PowerAverage([self.coefficients], gamma=4.0)

    @property
    def total(self) -> int:
        """Steps of both stages."""
        return self.settings.flow_steps + self.settings.matching_steps

    @torch.no_grad()
    def matched(self) -> Tensor | None:
        """Kernels [nodes, 3, n] as stage M has them so far, averaged over its last iterates; None
        before it."""
        return (
            self._kernels(self.average.values[0])
            if self.step_number > self.settings.flow_steps
            else None
        )

    def snapshot(self) -> Snapshot:
        """All that the next steps depend on, copied."""
        arrays = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        arrays |= {"coefficients": self.coefficients, "average": self.average.values[0]}
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
        self.network.load_state_dict(
            {name: arrays[f"network.{name}"] for name in self.network.state_dict()}
        )
        with torch.no_grad():
            self.coefficients.copy_(arrays["coefficients"])
            self.average.values[0].copy_(arrays["average"])
        # Not kept: it counts the steps of stage M.
        self.average.count = max(snapshot.step - self.settings.flow_steps, 0)
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

    def step(self) -> MatchingState:
        """One step of the network on both domains; in stage M one of the kernels after it."""
        matching = self.step_number >= self.settings.flow_steps
        self._set_rates()
        # Drawn at once, before it is cut: random numbers come in the same order.
        batch = self._draw()
        kernels = self._kernels(self.coefficients)
        # The pieces' gradients end here and are added up in order before they go further.
        leaf = kernels.detach().requires_grad_(matching)
        with self._team(len(batch.t)) as team:
            pieces = self._pieces(batch)
            results = team.all(lambda piece: self._learn(piece, leaf), pieces)
            losses, gradients, reblurred = zip(*results, strict=True)
            for parameter, *parts in zip(self.network.parameters(), *gradients, strict=True):
                parameter.grad = _sum_in_order(parts)
            self.optimiser.step()
            gap = 0.0
            if matching:
                pairs = list(zip(pieces, reblurred, strict=True))
                compared = team.all(lambda pair: self._compare(*pair, leaf), pairs)
                gaps, pulls = zip(*compared, strict=True)
                gap = float(_sum_in_order(gaps))
                self._move_kernels(kernels, _sum_in_order(pulls))
        n = len(batch.t)
        self.patches[matching] += 2 * n
        self.step_number += 1
        stage = "M" if matching else "F"
        loss = float(_sum_in_order(losses))
        return MatchingState(stage, self.step_number - 1, loss, gap, sum(self.patches))

    def _draw(self) -> Batch:
        """Patches and random numbers of a step."""
        generator, device = self.generator, self.device
        patches = self.reblur.draw(self.settings.batch, generator)
        n, shape = len(patches.real), patches.real.shape
        # All draws in a fixed order: with another one a seed means another calibration.
        noise_fake = self.reblur.coloured(_normal(shape, generator, device))
        noise_real = self.reblur.coloured(_normal(shape, generator, device))
        shuffled = send(torch.rand(n, generator=generator), device) < RANDOM_POSITIONS
        elsewhere = send(torch.rand(n, 2, generator=generator), device)
        place = torch.where(shuffled[:, None], elsewhere, patches.positions)
        x_0 = _normal(shape, generator, device)
        t = send(sample_t(n, generator), device)
        return Batch(patches, noise_real, noise_fake, place, x_0, t, share=1.0)

    def _pieces(self, batch: Batch) -> list[Batch]:
        """The batch cut into pieces for threads; on a GPU it stays whole."""
        n = len(batch.t)
        size = PIECE_PATCHES if self.device.type == "cpu" else n
        return [batch.part(slice(i, min(i + size, n))) for i in range(0, n, size)]

    def _team(self, n: int) -> Team:
        return Team(None if self.device.type == "cpu" and n > PIECE_PATCHES else 1)

    def _learn(
        self, piece: Batch, kernels: Tensor
    ) -> tuple[Tensor, tuple[Tensor, ...], tuple[Tensor, Tensor]]:
        """The piece's part of the loss of flow matching, of its gradients by the network, and its
        normalised patches (real, re-blurred), the latter with a graph to the kernels."""
        patches = piece.patches
        clean, k = self.reblur.blur(kernels, patches)
        to_fake, to_real = self.reblur.missing_noise(k.detach(), patches)
        fake = clean + to_fake.sqrt()[:, :, None, None] * piece.noise_fake
        real = patches.real + to_real.sqrt()[:, :, None, None] * piece.noise_real
        # Brightness and contrast are the scenes': only their texture is compared.
        y_real, y_fake = normalised(real), normalised(fake)
        with self._autocast():
            loss = piece.share * flow_loss(
                self.network,
                torch.cat([piece.x_0, piece.x_0]),
                # Kernels do not follow this loss: it teaches the network only.
                torch.cat([y_real, y_fake.detach()]),
                torch.cat([piece.t, piece.t]),
                torch.cat([piece.place, piece.place]),
                piece.domain,
            )
        gradients = torch.autograd.grad(loss, list(self.network.parameters()))
        return loss.detach(), gradients, (y_real, y_fake)

    def _compare(
        self, piece: Batch, patches: tuple[Tensor, Tensor], kernels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The piece's part of the mean squared difference of both domains' velocities, and of the
        pull of that difference on the kernels."""
        _, y_fake = patches
        t = piece.t
        with torch.no_grad(), self._autocast():
            y_t = interpolate(piece.x_0, y_fake.detach(), t)
            both = self.network(
                torch.cat([y_t, y_t]),
                torch.cat([t, t]),
                torch.cat([piece.place, piece.place]),
                piece.domain,
            )
        v_real, v_fake = both.float().chunk(2)
        difference = v_fake - v_real
        weighted = matching_weight(t)[:, None, None, None] * difference * y_fake
        # Its gradient by the kernels is equation 10 of docs/method.md.
        surrogate = piece.share * weighted.sum((1, 2, 3)).mean()
        (pull,) = torch.autograd.grad(surrogate, kernels)
        return piece.share * difference.square().mean(), pull

    def _move_kernels(self, kernels: Tensor, pull: Tensor) -> None:
        """A step of the coefficients against the pull on the kernels, their centroids held."""
        drift = self._centroids(kernels) - self.start_centroids
        if not self.settings.hold_lateral_colour:
            drift = drift.mean(1)
        # The network is told of places, not of where kernels lie: drift would go unnoticed.
        penalty = self.settings.centroid_weight * drift.square().sum(-1).mean()
        self.kernel_optimiser.zero_grad()
        torch.autograd.backward((kernels * pull).sum() + penalty)
        self.kernel_optimiser.step()
        self.average.update([self.coefficients])

    def _kernels(self, coefficients: Tensor) -> Tensor:
        """[nodes, 3, n]: the start times the exponential of the deformations, summing to 1."""
        # In the exponent taps keep their sign, and a delta stays one.
        tilted = torch.einsum("mp,pch,hu->mcu", self.basis, coefficients, self.shapes)
        # The largest exponent is taken out: it cancels in the sum, and would overflow.
        k = self.start * (tilted - tilted.detach().amax(-1, keepdim=True)).exp()
        return k / k.sum(-1, keepdim=True)

    def _centroids(self, kernels: Tensor) -> Tensor:
        return centroids(kernels.view(*kernels.shape[:2], self.size, self.size))

    def _set_rates(self) -> None:
        s = self.settings
        progress = max(self.step_number - s.flow_steps, 0) / max(s.matching_steps, 1)
        # Slow first, while Adam's moments are empty; then down to a twentieth, since the gradient
        # is noisy.
        decay = min(1.0, (self.step_number + 1) / 50) * max(1 - progress, 0.05)
        for group in self.optimiser.param_groups:
            group["lr"] = s.learning_rate * max(decay, 0.2)
        for group in self.kernel_optimiser.param_groups:
            group["lr"] = s.kernel_rate * decay

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    def _optimisers(self) -> tuple[tuple[str, torch.optim.Adam, list[Tensor]], ...]:
        return (
            ("optimiser", self.optimiser, list(self.network.parameters())),
            ("kernel_optimiser", self.kernel_optimiser, [self.coefficients]),
        )


def _sum_in_order(parts: Sequence[Tensor]) -> Tensor:
    """Added one after the other, so that the bits do not depend on who was ready first."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _seeded_network(settings: NetworkSettings, seed: int) -> VelocityNetwork:
    """A network whose weights come from the seed. Layers draw them from the process's generator,
    which is put back: others, a preview in another thread say, use it as well."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return VelocityNetwork(settings)


def _normal(
    shape: tuple[int, ...] | torch.Size, generator: torch.Generator, device: torch.device
) -> Tensor:
    return send(torch.randn(shape, generator=generator), device)
