"""Sharp crops as if they had been taken with kernels of their own: blurred, and as noisy as the
blurred photos."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lenscal.population.pieces import Pieces, Sampler

_DARKEST = 1e-4
"""Of a photo's mean brightness, so that none is divided by nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Exposed:
    """n sharp photos' crops, and what is drawn for them.

    Attributes
    ----------
    crops : Tensor [n, crops, channels, c + k - 1, c + k - 1]
    noise : Tensor [n, crops, channels, c, c]
        Of variance 1.
    gain : Tensor [n]
        Brightness of the blurred photo that lends its noise over that of the sharp one.
    photon, read : Tensor [n, channels]
        Of that blurred photo.
    own_photon, own_read : Tensor [n, channels]
        Of the sharp one.
    z : Tensor [n, latent]
    """

    crops: Tensor
    noise: Tensor
    gain: Tensor
    photon: Tensor
    read: Tensor
    own_photon: Tensor
    own_read: Tensor
    z: Tensor

    def part(self, rows: slice) -> Exposed:
        """Some of the photos."""
        return Exposed(*(getattr(self, name)[rows] for name in Exposed.__slots__))


class Exposures:
    """Draws what photos of a population are made of."""

    def __init__(
        self, sharp: Pieces, blurred: Pieces, *, kernel_size: int, crop_px: int, latent: int
    ) -> None:
        self.sharp, self.blurred = Sampler(sharp), Sampler(blurred)
        self.kernel_size, self.crop_px, self.latent = kernel_size, crop_px, latent

    def real(self, n: int, crops: int, generator: torch.Generator) -> Tensor:
        """Crops [n, crops, channels, c, c] of blurred photos."""
        return self.blurred.draw(n, crops, self.crop_px, generator)[0]

    def drawn(self, n: int, crops: int, generator: torch.Generator) -> Exposed:
        """Crops of sharp photos, and random numbers."""
        side = self.crop_px + self.kernel_size - 1
        values, photo = self.sharp.draw(n, crops, side, generator)
        sharp, blurred = self.sharp.pieces, self.blurred.pieces
        # Which blurred photo lends its exposure.
        lends = (torch.rand(n, generator=generator) * blurred.n_photos).long()
        gain = blurred.level[lends] / sharp.level[photo].clamp(min=_DARKEST)
        channels = values.shape[2]
        shape = (n, crops, channels, self.crop_px, self.crop_px)
        return Exposed(
            values,
            self._noise(shape, generator),
            gain.clamp(min=_DARKEST),
            blurred.photon[lends],
            blurred.read[lends],
            sharp.photon[photo],
            sharp.read[photo],
            torch.randn(n, self.latent, generator=generator),
        )

    def _noise(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Of variance 1, with the blurred photos' correlation."""
        taps = self.blurred.pieces.shape
        if taps is None:
            return torch.randn(shape, generator=generator)
        margin = taps.shape[-1] - 1
        n, crops, channels, height, width = shape
        white = torch.randn(
            n * crops, channels, height + margin, width + margin, generator=generator
        )
        return F.conv2d(white, taps[:, None].cpu(), groups=channels).view(shape)


def photographed(exposed: Exposed, kernels: Tensor) -> Tensor:
    """Crops [n, crops, channels, c, c] seen through kernels [n, 1 or channels, k, k],
    differentiable in them."""
    n, _, channels, side, _ = exposed.crops.shape
    size = kernels.shape[-1]
    kernels = kernels.expand(n, channels, size, size)
    # Periodic, and so true where the kernel's wings do not reach around: what is kept.
    spectrum = torch.fft.rfft2(exposed.crops) * torch.fft.rfft2(kernels, s=(side, side))[:, None]
    blurred = torch.fft.irfft2(spectrum, s=(side, side))[..., size - 1 :, size - 1 :]
    photo: Tensor = blurred + missing_deviation(exposed, blurred, kernels) * exposed.noise
    return photo


def missing_deviation(exposed: Exposed, blurred: Tensor, kernels: Tensor) -> Tensor:
    """[n, crops, channels, 1, 1]: standard deviation of the noise that blurred crops lack, in the
    sharp photo's brightness."""
    light = blurred.detach().mean((-1, -2)).clamp(min=0)
    gain = exposed.gain[:, None, None]
    # Of a photo that is gain times as bright; seen at this one's brightness.
    wanted = exposed.photon[:, None] * light / gain + exposed.read[:, None] / gain.square()
    own = exposed.own_photon[:, None] * light + exposed.own_read[:, None]
    passed = kernels.square().sum((-1, -2))[:, None]
    missing = (wanted - own * passed).clamp(min=0)
    # A root has no slope at 0.
    return (missing + 1e-12).sqrt()[..., None, None]
