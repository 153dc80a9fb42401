"""Stages F and M: flow matching on degraded patches, then matching of re-blurred patches to them in distribution.

One network with a domain label learns the velocities of both, the real degraded patches and the sharp patches that are
blurred with the present kernels; the kernels follow the gradient of the Kullback-Leibler divergence between the two
(Meanti et al. 2025, section 3.2, after Diff-Instruct, arXiv:2305.18455):

    grad = E[ w(t) (v(y_t, t, re-blurred) - v(y_t, t, real)) . dy/dkernels ],   y_t = (1 - t) x_0 + t y.

Kernels are a given start times the exponential of a few deformations (shift, width, skew), each a polynomial over the
field: few degrees of freedom, since the gradient is noisy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lenscal.calibrate.kernels import centroids, field_polynomials, tilts
from lenscal.calibrate.packed import Packing, pack_rgb
from lenscal.calibrate.patches import PATCH_PX, PatchPool
from lenscal.flow.network import REAL, REBLURRED, NetworkSettings, VelocityNetwork
from lenscal.flow.path import interpolate, matching_weight, sample_t
from lenscal.flow.training import PowerAverage, flow_loss
from lenscal.optics.psf_grid import bilinear_nodes

RANDOM_POSITIONS = 0.15
"""Share of patches whose position is replaced by a random one, so that content is not learnt by place."""


@dataclass(frozen=True, slots=True)
class MatchingSettings:
    flow_steps: int
    matching_steps: int
    batch: int = 64
    degree: int = 3
    network: NetworkSettings = field(default_factory=NetworkSettings)
    learning_rate: float = 2e-3
    kernel_rate: float = 5e-3
    centroid_weight: float = 100.0
    hold_lateral_colour: bool = True
    """Keep each channel's centroid where the start has it: the sharp photos' demosaicing pulls colours together, and
    what a closed-form stage measured on the mosaic is better. Otherwise only the channels' mean is held."""


@dataclass(frozen=True, slots=True, eq=False)
class MatchingState:
    """After a step: kernels [nodes, 3, n] (averaged over the last iterates), losses, patches seen."""

    stage: str
    step: int
    kernels: Tensor
    flow_loss: float
    gap: float
    """Mean squared difference of the two domains' velocities: 0 when the distributions agree."""
    patches: int
    network: VelocityNetwork


class Reblur:
    """Turns sharp patches into degraded ones with the kernels at their positions, and normalises both alike."""

    def __init__(
        self, pool: PatchPool, packing: Packing, shape: tuple[int, int], correlation: Tensor, device: torch.device
    ) -> None:
        self.pool, self.packing, self.shape, self.device = pool, packing, shape, device
        self.correlation = correlation
        self.real = torch.from_numpy(pool.real)
        self.noise = torch.from_numpy(pool.noise)
        self.sharp = torch.from_numpy(pool.sharp)
        self.sharp_noise = torch.from_numpy(pool.sharp_noise)
        self.positions = torch.from_numpy(pool.positions)

    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        """`take` n patches at random."""
        i = torch.randint(len(self.real), (n,), generator=generator)
        return self.take(i, self.partners(i, generator))

    def partners(self, i: Tensor, generator: torch.Generator) -> Tensor:
        """Sharp patches for the real patches i: their own, or any where scenes are unrelated."""
        return i if self.pool.paired else torch.randint(len(self.sharp), (len(i),), generator=generator)

    def take(self, i: Tensor, j: Tensor) -> tuple[Tensor, ...]:
        """real patches i, their noise, sharp patches j, their noise, node numbers, bilinear weights, positions."""
        index, weight = bilinear_nodes(self.positions[i].numpy(), self.shape)
        batch = (
            self.real[i], self.noise[i], self.sharp[j].float(), self.sharp_noise[j],
            torch.from_numpy(index), torch.from_numpy(weight).float(), self.positions[i],
        )
        return tuple(b.to(self.device) for b in batch)

    def blur(self, kernels: Tensor, sharp: Tensor, index: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Packed noise-free patches [n, 4, 16, 16] and the kernels [n, 3, taps] they were made with."""
        k = torch.einsum("nj,njcu->ncu", weight, kernels[index])
        size = round(k.shape[-1] ** 0.5)
        n = len(sharp)
        taps = k.flip(-1).view(n * 3, 1, size, size)
        y = F.conv2d(sharp.reshape(1, n * 3, *sharp.shape[-2:]), taps, groups=n * 3).view(n, 3, PATCH_PX, PATCH_PX)
        return pack_rgb(y, self.packing), k

    def missing_noise(self, k: Tensor, noise: Tensor, sharp_noise: Tensor) -> tuple[Tensor, Tensor]:
        """Variance [n, 4] to add to the re-blurred patches, and to the real ones where the former carry more."""
        carried = torch.einsum("ncu,cuv,ncv->nc", k, self.correlation, k)[:, list(self.packing.channels)]
        carried = carried * sharp_noise
        return (noise - carried).clamp(min=0), (carried - noise).clamp(min=0)


def normalised(patches: Tensor) -> Tensor:
    """Every plane without its mean, all planes over the patch's own contrast (a number, not part of any gradient)."""
    centred = patches - patches.mean((-1, -2), keepdim=True)
    contrast = centred.detach().square().mean((1, 2, 3), keepdim=True).sqrt()
    return centred / (contrast + 1e-4)


def match_distributions(
    reblur: Reblur, start: Tensor, settings: MatchingSettings, *, seed: int, device: torch.device
) -> Iterator[MatchingState]:
    """Stage F, then stage M; yields after every step. start : [nodes, 3, n]."""
    size = round(start.shape[-1] ** 0.5)
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    network = VelocityNetwork(settings.network).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate, betas=(0.9, 0.99))
    basis = torch.from_numpy(field_polynomials(reblur.shape, settings.degree)).float().to(device)
    shapes = torch.from_numpy(tilts(size)).float().to(device)
    start_centroids = centroids(start.view(*start.shape[:2], size, size))
    coefficients = torch.zeros(basis.shape[1], 3, len(shapes), device=device, requires_grad=True)
    kernel_optimiser = torch.optim.Adam([coefficients], lr=settings.kernel_rate, betas=(0.9, 0.99))
    log_start = (start + 1e-5).log()
    average = PowerAverage([coefficients], gamma=4.0)
    total = settings.flow_steps + settings.matching_steps
    gap, patches = 0.0, 0

    def kernels_of(c: Tensor) -> Tensor:
        return (log_start + torch.einsum("mp,pch,hu->mcu", basis, c, shapes)).softmax(-1)

    for step in range(total):
        matching = step >= settings.flow_steps
        done = max(step - settings.flow_steps, 0) / max(settings.matching_steps, 1)
        decay = min(1.0, (step + 1) / 50) * max(1 - done, 0.05)
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * max(decay, 0.2)
        for group in kernel_optimiser.param_groups:
            group["lr"] = settings.kernel_rate * decay
        real, noise, sharp, sharp_noise, index, weight, positions = reblur.draw(settings.batch, generator)
        n = len(real)
        kernels = kernels_of(coefficients)
        clean, k = reblur.blur(kernels, sharp, index, weight)
        to_fake, to_real = reblur.missing_noise(k.detach(), noise, sharp_noise)
        fake = clean + to_fake.sqrt()[:, :, None, None] * _normal(clean.shape, generator, device)
        real = real + to_real.sqrt()[:, :, None, None] * _normal(real.shape, generator, device)
        y_real, y_fake = normalised(real), normalised(fake)
        shuffled = torch.rand(n, generator=generator).to(device) < RANDOM_POSITIONS
        place = torch.where(shuffled[:, None], torch.rand(n, 2, generator=generator).to(device), positions)
        x_0, t = _normal(y_real.shape, generator, device), sample_t(n, generator).to(device)
        domain = torch.cat([torch.full((n,), REAL), torch.full((n,), REBLURRED)]).to(device)
        loss = flow_loss(
            network, torch.cat([x_0, x_0]), torch.cat([y_real, y_fake.detach()]), torch.cat([t, t]),
            torch.cat([place, place]), domain,
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        patches += 2 * n
        if matching:
            with torch.no_grad():
                y_t = interpolate(x_0, y_fake.detach(), t)
                both = network(torch.cat([y_t, y_t]), torch.cat([t, t]), torch.cat([place, place]), domain)
                v_real, v_fake = both.chunk(2)
                difference = v_fake - v_real
                gap = float(difference.square().mean())
            surrogate = (matching_weight(t)[:, None, None, None] * difference * y_fake).sum((1, 2, 3)).mean()
            moved = centroids(kernels.view(*kernels.shape[:2], size, size)) - start_centroids
            if not settings.hold_lateral_colour:
                moved = moved.mean(1)
            surrogate = surrogate + settings.centroid_weight * moved.square().sum(-1).mean()
            kernel_optimiser.zero_grad()
            surrogate.backward()
            kernel_optimiser.step()
            average.update([coefficients])
        with torch.no_grad():
            kept = kernels_of(average.values[0])
        yield MatchingState("M" if matching else "F", step, kept, float(loss.detach()), gap, patches, network)


def _normal(shape: tuple[int, ...] | torch.Size, generator: torch.Generator, device: torch.device) -> Tensor:
    return torch.randn(shape, generator=generator).to(device)


def taps_correlation(matrices: np.ndarray) -> Tensor:
    """float32 tensor [3, n, n] from `correlation_matrix` of the channels."""
    return torch.from_numpy(matrices).float()
