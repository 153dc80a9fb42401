"""The re-blur check: held-out sharp patches, blurred and noised by the estimate, against held-out
degraded patches.

Needs no truth, so it works for users (docs/method.md).
"""

from __future__ import annotations

import torch
from torch import Tensor

from lenscal.calibration.matching.reblur import Reblur

MOST_CHECKED = 4096
"""Patches that are compared."""
MOST_RESIDUAL = 50.0
"""Times the noise that one patch can count for."""
LEAST_CONTRAST = 1e-4
"""Added to a patch's contrast, so that a plain one is not divided by nothing."""
COARSE_CY_PER_PX = 0.085
"""Up to which patches are divided by their own power."""
RINGS_CY_PER_PX = (0.1, 0.14, 0.18, 0.22, 0.26)
N_RINGS, DIRECTIONS = len(RINGS_CY_PER_PX) - 1, 4
"""Of the detail that is compared."""
LEAST_POWER = 1e-6
"""Of detail against coarse content."""
SKEW_SHARE = 0.5
"""Of the gradients' skewness in the distance."""
PARTS = 4
"""Each zone's patches are cut into PARTS x PARTS parts, of which each is left out once."""
ZONES = 3
"""Statistics are compared within ZONES x ZONES parts of the field."""


def detail_bins(m: int, period: int) -> tuple[Tensor, Tensor]:
    """Which frequencies [m, m] of a plane are coarse (bool), and the number of the bin of detail,
    ring by ring and direction by direction, that each other one is in (-1: none)."""
    f = torch.fft.fftfreq(m) / period
    y, x = f[:, None], f[None, :]
    radius = torch.hypot(y, x)
    coarse = (radius > 0) & (radius <= COARSE_CY_PER_PX)
    ring = torch.bucketize(radius, torch.tensor(RINGS_CY_PER_PX)) - 1
    # Of real patches, f and -f say the same.
    angle = torch.atan2(y, x) % torch.pi
    sector = ((angle / torch.pi + 0.5 / DIRECTIONS) * DIRECTIONS).long() % DIRECTIONS
    bins = torch.where((ring >= 0) & (ring < N_RINGS), ring * DIRECTIONS + sector, -1)
    return coarse, bins


def detail(patches: Tensor, period: int) -> tuple[Tensor, Tensor]:
    """What patches [n, p, m, m] show of detail, over their own coarse content.

    Scenes differ in what they show; given the coarse content, in detail they differ far less
    (docs/experiments/scene-statistics.md, 2026-11-30). And logarithms, since a few patches would
    rule a mean of powers.

    Returns
    -------
    power : [n, p, bins], logarithms
    skew : [n, p, 4, 2], second and third moments of differences along four directions
    """
    centred = patches - patches.mean((-1, -2), keepdim=True)
    m = patches.shape[-1]
    # Edges of a patch would put a cross into every spectrum.
    window = torch.hann_window(m + 2, periodic=False)[1:-1]
    power = torch.fft.fft2(centred * window[:, None] * window).abs().square()
    coarse, bins = detail_bins(m, period)
    scale = power[..., coarse].mean((1, 2)) + LEAST_CONTRAST**2 * m**2
    by_bin = torch.stack([power[..., bins == b].mean(-1) for b in range(N_RINGS * DIRECTIONS)], -1)
    # Differences along four directions: skewness of edges, which coma makes.
    steps = ((0, 1), (1, 0), (1, 1), (1, -1))
    centred = centred / (scale.sqrt() / m)[:, None, None, None]
    gradients = [(torch.roll(centred, step, (-2, -1)) - centred)[..., 1:-1, 1:-1] for step in steps]
    moments = [
        torch.stack([g.square().mean((-1, -2)), g.pow(3).mean((-1, -2))], -1) for g in gradients
    ]
    return (by_bin / scale[:, None, None] + LEAST_POWER).log(), torch.stack(moments, 2)


def zone_statistics(
    details: tuple[Tensor, Tensor], zones: Tensor, which: Tensor
) -> tuple[Tensor, Tensor]:
    """Means by zone of what `detail` gives of the patches that `which` [n] picks: log power
    [zones, p, bins], and skewness of gradients [zones, p, 4] against its mean over the zones.

    Scenes do not know where in the field they fall: what they lean to is the same everywhere.
    """
    power, moments = (d[which] for d in details)
    zones = zones[which]
    count = torch.zeros(ZONES**2).index_add_(0, zones, torch.ones(len(zones))).clamp(min=1)

    def by_zone(values: Tensor) -> Tensor:
        out = torch.zeros(ZONES**2, *values.shape[1:]).index_add_(0, zones, values)
        return out / count.view(-1, *(1,) * (values.ndim - 1))

    # Averaged before the ratio: that of single patches is dominated by the plainest.
    mean = by_zone(moments)
    skew = mean[..., 1] / mean[..., 0].clamp(min=1e-9) ** 1.5
    return by_zone(power), skew - skew.mean(0)


def statistics_distance(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> float:
    """Mean absolute difference of log spectra plus that of the gradients' skewness; 0 for equal
    statistics."""
    return float((a[0] - b[0]).abs().mean() + SKEW_SHARE * (a[1] - b[1]).abs().mean())


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
        # Finer than zones and shifted against them, so that every zone loses a part of itself.
        place = (self.batch.positions.cpu() * ZONES * PARTS).long() % PARTS
        self.parts = place @ torch.tensor([PARTS, 1])
        # The same noise for all kernels: what they differ by is theirs.
        normal = torch.randn(2, *self.batch.real.shape, generator=generator)
        self.normal = torch.stack([reblur.coloured(one) for one in normal])

    def distance(self, kernels: Tensor) -> float:
        """Of one half's re-blurred patches from the other half's degraded ones, both ways round."""
        everything = torch.ones(len(self.zones), dtype=torch.bool)
        return self._both_ways(*self._details(kernels), everything)

    def distances_by_part(self, kernels: Tensor) -> list[float]:
        """The same without one part of the photos at a time, for its uncertainty (jackknife: Efron
        1982, doi:10.1137/1.9781611970319)."""
        real, fake = self._details(kernels)
        return [self._both_ways(real, fake, self.parts != part) for part in range(PARTS**2)]

    def floor(self) -> float:
        """The same distance with degraded patches on both sides: what even the true kernels
        leave."""
        real = detail(self.batch.real.cpu(), self.reblur.packing.period)
        return self._across(real, real, 0, torch.ones(len(self.zones), dtype=torch.bool))

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

    def _details(self, kernels: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Of real and of re-blurred patches."""
        real, fake = self._with_equal_noise(kernels)
        period = self.reblur.packing.period
        return detail(real, period), detail(fake, period)

    def _both_ways(
        self, real: tuple[Tensor, Tensor], fake: tuple[Tensor, Tensor], which: Tensor
    ) -> float:
        return (self._across(fake, real, 0, which) + self._across(fake, real, 1, which)) / 2

    def _across(
        self, a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor], first: int, which: Tensor
    ) -> float:
        """Distance of the statistics of a's patches of one half from b's of the other."""
        one = torch.arange(len(self.zones)) % 2 == first
        return statistics_distance(
            zone_statistics(a, self.zones, one & which),
            zone_statistics(b, self.zones, ~one & which),
        )

    def _with_equal_noise(self, kernels: Tensor) -> tuple[Tensor, Tensor]:
        """Real and re-blurred patches, in memory, either with the noise that it lacks."""
        clean, k = self.reblur.blur(kernels, self.batch)
        to_fake, to_real = self.reblur.missing_noise(k, self.batch)
        fake = clean.cpu() + to_fake.cpu().sqrt()[:, :, None, None] * self.normal[0]
        real = self.batch.real.cpu() + to_real.cpu().sqrt()[:, :, None, None] * self.normal[1]
        return real, fake
