"""The re-blur check: held-out sharp patches, blurred and noised by the estimate, against held-out
degraded patches.

Needs no truth, so it works for users (docs/method.md).
"""

from __future__ import annotations

import torch
from torch import Tensor

from lenscal.calibrate.matching.reblur import Reblur

MOST_CHECKED = 4096
"""Patches that are compared."""
MOST_RESIDUAL = 50.0
"""Times the noise that one patch can count for."""
LEAST_CONTRAST = 1e-4
"""Added to a patch's contrast, so that a plain one is not divided by nothing."""
ZONES = 3
"""Statistics are compared within ZONES x ZONES parts of the field."""


def zone_statistics(patches: Tensor, zones: Tensor) -> tuple[Tensor, Tensor]:
    """Spectra and skewness of gradients by zone, of packed patches [n, p, m, m] over their own
    contrast.

    Returns
    -------
    power : [zones, p, m, m], mean power spectra
    skew : [zones, p, 4], third moment of the differences along four directions, over the 3/2th
    power of the second
    """
    centred = patches - patches.mean((-1, -2), keepdim=True)
    centred = centred / (centred.square().mean((1, 2, 3), keepdim=True).sqrt() + LEAST_CONTRAST)
    m = patches.shape[-1]
    # Edges of a patch would put a cross into every spectrum.
    window = torch.hann_window(m, periodic=False)
    power = torch.fft.fft2(centred * window[:, None] * window).abs().square()
    # Differences along four directions: skewness of edges, which coma makes.
    steps = ((0, 1), (1, 0), (1, 1), (1, -1))
    gradients = [(torch.roll(centred, step, (-2, -1)) - centred)[..., 1:-1, 1:-1] for step in steps]
    second = torch.stack([g.square().mean((-1, -2)) for g in gradients], -1)
    third = torch.stack([g.pow(3).mean((-1, -2)) for g in gradients], -1)
    count = torch.zeros(ZONES**2).index_add_(0, zones, torch.ones(len(zones))).clamp(min=1)

    def by_zone(values: Tensor) -> Tensor:
        out = torch.zeros(ZONES**2, *values.shape[1:]).index_add_(0, zones, values)
        return out / count.view(-1, *(1,) * (values.ndim - 1))

    # Averaged before the ratio: that of single patches is dominated by the plainest.
    second, third = by_zone(second), by_zone(third)
    return by_zone(power), third / second.clamp(min=1e-9) ** 1.5


def statistics_distance(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> float:
    """Mean absolute difference of log spectra plus that of the gradients' skewness; 0 for equal
    statistics."""
    spectra = (a[0].clamp(min=1e-9).log() - b[0].clamp(min=1e-9).log()).abs().mean()
    return float(spectra + (a[1] - b[1]).abs().mean())


class ReblurCheck:
    """Distances of kernels [nodes, 3, n] on one held-out pool of patches."""

    def __init__(self, reblur: Reblur, *, seed: int) -> None:
        self.reblur = reblur
        generator = torch.Generator().manual_seed(seed)
        # Without repetition: a patch in both halves would agree with itself.
        i = torch.randperm(len(reblur.real), generator=generator)[:MOST_CHECKED]
        self.batch = reblur.take(i, reblur.partners(i, generator))
        # Blur differs over the field: statistics of all of it would hide that.
        corner = (self.batch.positions.cpu() * ZONES).long().clamp(max=ZONES - 1)
        self.zones = corner @ torch.tensor([ZONES, 1])
        # The same noise for all kernels: what they differ by is theirs.
        normal = torch.randn(2, *self.batch.real.shape, generator=generator)
        self.normal = torch.stack([reblur.coloured(one) for one in normal])

    def distance(self, kernels: Tensor) -> float:
        """Of one half's re-blurred patches from the other half's degraded ones, both ways round."""
        real, fake = self._with_equal_noise(kernels)
        return (self._across(fake, real, 0) + self._across(fake, real, 1)) / 2

    def floor(self) -> float:
        """The same distance with degraded patches on both sides: what even the true kernels
        leave."""
        real = self.batch.real.cpu()
        return self._across(real, real, 0)

    def residual(self, kernels: Tensor) -> float:
        """For paired patches: mean squared difference from the degraded photo over the noise's (1:
        nothing left)."""
        batch = self.batch
        clean, k = self.reblur.blur(kernels, batch)
        missing, excess = self.reblur.missing_noise(k, batch)
        variance = batch.noise + (batch.noise - missing + excess)
        difference = batch.real - clean
        difference = difference - difference.mean((-1, -2), keepdim=True)
        ratio = difference.square().mean((-1, -2)) / variance
        # A patch that moved between the shots must not decide.
        return float(ratio.clamp(max=MOST_RESIDUAL).mean())

    def _across(self, a: Tensor, b: Tensor, first: int) -> float:
        """Distance of the statistics of a's patches of one half from b's of the other."""
        one = torch.arange(len(self.zones)) % 2 == first
        return statistics_distance(
            zone_statistics(a[one], self.zones[one]), zone_statistics(b[~one], self.zones[~one])
        )

    def _with_equal_noise(self, kernels: Tensor) -> tuple[Tensor, Tensor]:
        """Real and re-blurred patches, in memory, either with the noise that it lacks."""
        clean, k = self.reblur.blur(kernels, self.batch)
        to_fake, to_real = self.reblur.missing_noise(k, self.batch)
        fake = clean.cpu() + to_fake.cpu().sqrt()[:, :, None, None] * self.normal[0]
        real = self.batch.real.cpu() + to_real.cpu().sqrt()[:, :, None, None] * self.normal[1]
        return real, fake
