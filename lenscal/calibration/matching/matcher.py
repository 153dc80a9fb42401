"""Stages F and M by one network: flow matching on degraded patches, then matching of re-blurred
patches to them in distribution.

One network with a domain label learns the velocities of both, the real degraded patches and the
sharp patches that are blurred with the present kernels, so that its training error cancels in their
difference. What is moved is a given start times a few deformations (`Tilts`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from lenscal.calibration.families.tilts import Tilts
from lenscal.calibration.matching.batch import Batch
from lenscal.calibration.matching.loop import MatchingLoop, placed, random_normal, sum_in_order
from lenscal.calibration.matching.reblur import Reblur, send
from lenscal.flow.network import NetworkSettings, VelocityNetwork, seeded_network
from lenscal.flow.normalise import by_fixed_contrast
from lenscal.flow.path import interpolate, matching_weight, sample_t
from lenscal.flow.training import flow_loss
from lenscal.system.threads import Team

RANDOM_POSITIONS = 0.15
"""Share of patches whose position is replaced by a random one, so that content is not learnt by
place."""


@dataclass(frozen=True, slots=True)
class MatchingSettings:
    """How long and how fast is learnt."""

    flow_steps: int
    matching_steps: int
    batch: int = 64
    degree: int = 3
    """Of the polynomials over the field (`Tilts`)."""
    network: NetworkSettings = field(default_factory=NetworkSettings)
    learning_rate: float = 2e-3
    kernel_rate: float = 5e-3
    """At 0.02 kernels settled somewhere worse (docs/experiments/matching.md, 2026-11-22)."""
    hold_lateral_colour: bool = True
    """As `Tilts` says."""


class Matcher(MatchingLoop):
    """Both stages with one network. start : [nodes, 3, n], each summing to 1; taps keep their
    sign."""

    def __init__(
        self,
        reblur: Reblur,
        start: Tensor,
        settings: MatchingSettings,
        *,
        seed: int,
        device: torch.device,
    ) -> None:
        family = Tilts(
            start,
            reblur.shape,
            degree=settings.degree,
            hold_lateral_colour=settings.hold_lateral_colour,
        )
        super().__init__(
            reblur,
            family,
            (settings.flow_steps, settings.matching_steps),
            batch=settings.batch,
            kernel_rate=settings.kernel_rate,
            generator=torch.Generator().manual_seed(seed),
            device=device,
        )
        self.settings = settings
        self.network = placed(seeded_network(settings.network, seed), device)
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=settings.learning_rate, betas=(0.9, 0.99)
        )

    @property
    def networks(self) -> Mapping[str, VelocityNetwork]:
        return {"network": self.network}

    @property
    def trained(self) -> VelocityNetwork:
        return self.network

    def _advance(self, *, matching: bool) -> tuple[float, float, int]:
        # Drawn at once, before it is cut: random numbers come in the same order.
        batch = self._draw()
        kernels = self.family()
        # The pieces' gradients end here and are added up in order before they go further.
        leaf = kernels.detach().requires_grad_(matching)
        with self._team(len(batch.t)) as team:
            pieces = self._pieces(batch)
            results = team.all(lambda piece: self._learn(piece, leaf), pieces)
            losses, gradients, reblurred = zip(*results, strict=True)
            for parameter, *parts in zip(self.network.parameters(), *gradients, strict=True):
                parameter.grad = sum_in_order(parts)
            self.optimiser.step()
            gap = 0.0
            if matching:
                pairs = list(zip(pieces, reblurred, strict=True))
                gap = self._follow(team, pairs, kernels, leaf)
        return float(sum_in_order(losses)), gap, 2 * len(batch.t)

    def _follow(
        self, team: Team, pairs: list[tuple[Batch, Tensor]], kernels: Tensor, leaf: Tensor
    ) -> float:
        """A step of the kernels; the gap of the velocities."""
        compared = team.all(lambda pair: self._compare(*pair, leaf), pairs)
        gaps, pulls = zip(*compared, strict=True)
        self._move_kernels(kernels, sum_in_order(pulls))
        return float(sum_in_order(gaps))

    def _draw(self) -> Batch:
        """Patches and random numbers of a step."""
        generator, device = self.generator, self.device
        patches = self.reblur.draw(self.batch, generator)
        n, shape = len(patches.real), patches.real.shape
        # All draws in a fixed order: with another one a seed means another calibration.
        noise_fake = self.reblur.coloured(random_normal(shape, generator, device))
        noise_real = self.reblur.coloured(random_normal(shape, generator, device))
        shuffled = send(torch.rand(n, generator=generator), device) < RANDOM_POSITIONS
        elsewhere = send(torch.rand(n, 2, generator=generator), device)
        place = torch.where(shuffled[:, None], elsewhere, patches.positions)
        x_0 = random_normal(shape, generator, device)
        t = send(sample_t(n, generator), device)
        return Batch(patches, noise_real, noise_fake, place, x_0, t, share=1.0)

    def _learn(self, piece: Batch, kernels: Tensor) -> tuple[Tensor, tuple[Tensor, ...], Tensor]:
        """The piece's part of the loss of flow matching, of its gradients by the network, and its
        normalised re-blurred patches with a graph to the kernels."""
        patches = piece.patches
        clean, k = self.reblur.blur(kernels, patches)
        to_fake, to_real = self.reblur.missing_noise(k.detach(), patches)
        fake = clean + to_fake.sqrt()[:, :, None, None] * piece.noise_fake
        real = patches.real + to_real.sqrt()[:, :, None, None] * piece.noise_real
        # Brightness and contrast are the scenes': only their texture is compared.
        y_real, y_fake = by_fixed_contrast(real), by_fixed_contrast(fake)
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
        return loss.detach(), gradients, y_fake

    def _compare(self, piece: Batch, y_fake: Tensor, kernels: Tensor) -> tuple[Tensor, Tensor]:
        """The piece's part of the mean squared difference of both domains' velocities, and of the
        pull of that difference on the kernels."""
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

    def _optimisers(self) -> Iterator[tuple[str, torch.optim.Adam, list[Tensor]]]:
        yield "optimiser", self.optimiser, list(self.network.parameters())
        yield "kernel_optimiser", self.kernel_optimiser, list(self.family.parameters())
