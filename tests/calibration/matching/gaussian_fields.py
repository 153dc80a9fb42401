"""Gaussian random fields, whose velocities are known in closed form, in place of photos and
networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lenscal.calibration.families.family import BlurFamily
from lenscal.calibration.matching.batch import Batch
from lenscal.calibration.matching.patches import PatchPool
from lenscal.calibration.matching.published import PublishedMatcher, PublishedSettings
from lenscal.calibration.matching.reblur import Patches, Reblur
from lenscal.calibration.packing import Packing
from lenscal.flow.network import NetworkSettings
from lenscal.optics.psf_grid import bilinear_nodes

CPU = torch.device("cpu")
SIDE = 6
"""Of a degraded patch, px."""
NOISE = 0.02
"""Variance."""
TINY = NetworkSettings(planes=3, width=4, depth=1)


@dataclass(frozen=True)
class Field:
    """Sharp patches [n, 3, s, s]: a texture that is always there, plus a Gaussian field.

    The texture makes a kernel's phase known: of a field alone only its power is.
    """

    size: int
    mean: Tensor
    root: Tensor
    shifts: Tensor
    """[taps, side^2, s^2]: what a kernel of one tap makes of a sharp patch."""
    factor: int
    """Every so many pixels of what is blurred are seen."""

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        s = self.mean.shape[-1]
        z = torch.randn(n, 3, s * s, generator=generator)
        return self.mean + (z @ self.root.T).view(n, 3, s, s)

    def modes(self, k: Tensor) -> Modes:
        """Of y for kernels k [p, 3, taps]."""
        blur = torch.einsum("pcu,uij->pcij", k, self.shifts)
        half = blur @ self.root
        covariance = half @ half.transpose(-1, -2) + NOISE * torch.eye(SIDE**2)
        mean = (blur @ self.mean.flatten(1)[..., None])[..., 0]
        return Modes(mean, *torch.linalg.eigh(covariance))


@dataclass(frozen=True)
class Modes:
    """Mean [p, 3, side^2] of degraded patches at p places, and their covariance's eigenvalues and
    vectors."""

    mean: Tensor
    values: Tensor
    vectors: Tensor

    def velocity(self, x_t: Tensor, t: Tensor, place: Tensor) -> Tensor:
        """E[y - x_0 | x_t] of patches [n, 3, side, side] at places number [n]."""
        mean, values, vectors = (a[place] for a in (self.mean, self.values, self.vectors))
        t = t.view(-1, 1, 1)
        away = (x_t.flatten(2) - t * mean)[..., None]
        along = (vectors.transpose(-1, -2) @ away)[..., 0]
        gain = (t * values - (1 - t)) / ((1 - t).square() + t.square() * values)
        return (mean + (vectors @ (gain * along)[..., None])[..., 0]).view_as(x_t)


def gaussian_field(size: int, factor: int = 1) -> Field:
    """Of a power law, for kernels of `size` px, whose every `factor`-th pixel is seen."""
    s = factor * SIDE + size - 1
    y, x = np.mgrid[:s, :s].reshape(2, -1)
    distance = np.hypot(y[:, None] - y, x[:, None] - x)
    covariance = 0.5 * np.exp(-distance / 2) + 0.2 * np.eye(s * s)
    root = torch.from_numpy(np.linalg.cholesky(covariance)).float()
    mean = torch.randn(3, s, s, generator=torch.Generator().manual_seed(7))
    shifts = torch.zeros(size**2, SIDE**2, s * s)
    for u in range(size**2):
        # Convolution: tap (y, x) takes light from the other side.
        for i in range(SIDE**2):
            row = factor * (i // SIDE) + size - 1 - u // size
            shifts[u, i, row * s + factor * (i % SIDE) + size - 1 - u % size] = 1
    return Field(size, mean, root, shifts, factor)


class FieldSource(Reblur):
    """Fresh patches of a field for every step."""

    def __init__(self, field: Field, shape: tuple[int, int]) -> None:
        self.field = field
        self.places = torch.cartesian_prod(*(torch.linspace(0, 1, 2 * n - 1) for n in shape))
        empty = np.zeros((1, 3, SIDE, SIDE), np.float32)
        pool = PatchPool(
            empty,
            np.full((1, 3), NOISE, np.float32),
            empty.astype(np.float16),
            np.zeros((1, 3), np.float32),
            np.zeros((1, 2), np.float32),
            False,
        )
        packing = Packing((0, 1, 2), ((0, 0),) * 3, field.factor)
        correlation = torch.eye(field.size**2).expand(3, -1, -1)
        super().__init__(pool, packing, shape, correlation, CPU)

    def modes_of(self, kernels: Tensor) -> Modes:
        """Of kernels [nodes, 3, taps], at all places."""
        nodes, weight = bilinear_nodes(self.places.numpy(), self.shape)
        between = torch.from_numpy(weight).float()[..., None, None] * kernels[nodes]
        return self.field.modes(between.sum(1))

    def draw(self, n: int, generator: torch.Generator) -> Patches:
        positions = self.places[torch.randint(len(self.places), (n,), generator=generator)]
        nodes, weight = (torch.from_numpy(a) for a in bilinear_nodes(positions.numpy(), self.shape))
        noise = torch.full((n, 3), NOISE)
        sharp = self.field.draw(n, generator)
        real = torch.zeros(n, 3, SIDE, SIDE)
        zeros = torch.zeros(n, 3)
        return Patches(real, noise, sharp, zeros, nodes, weight.float(), positions)


class ExactMatcher(PublishedMatcher):
    """The loop, with exact velocities in place of networks."""

    def __init__(
        self,
        field: Field,
        truth: Tensor,
        family: BlurFamily,
        shape: tuple[int, int],
        rate: float = 0.05,
        steps: int = 300,
        batch: int = 128,
    ) -> None:
        settings = PublishedSettings(
            0, steps, TINY, batch=batch, kernel_rate=rate, pretrained=False
        )
        source = FieldSource(field, shape)
        super().__init__(source, family, settings, seed=0, device=CPU, normalise=lambda y: y)
        self.source, self.exact = source, (-1, source.modes_of(truth))
        self.truth = source.modes_of(truth)

    def _learn(self, *_: object) -> float:  # type: ignore[override]
        return 0.0

    def _difference(self, y_t: Tensor, piece: Batch) -> Tensor:
        # Once a step: its pieces have the same kernels.
        if self.exact[0] != self.step_number:
            self.exact = self.step_number, self.source.modes_of(self.family().detach())
        away = (piece.patches.positions[:, None] - self.source.places).abs().sum(-1)
        place = away.argmin(1)
        auxiliary, target = (m.velocity(y_t, piece.t, place) for m in (self.exact[1], self.truth))
        return auxiliary - target
