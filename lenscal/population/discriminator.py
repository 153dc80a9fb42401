"""D: what tells photos that were blurred by a population's kernels from the real ones.

It sees several crops of one photo at once, which share a kernel: what they have in common is the
kernel, what differs is the scene. Two branches read them: a convolutional one the pixels (phase,
lines, noise), another one the spectrum of all crops together, in which a kernel is a factor. Photos
of 32 px tell their scenes much better than their kernels; with the second branch the generator
learns in a third of the steps (docs/experiments/populations.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FLOOR = 1e-3
"""Of the power at which its logarithm ends, in that of a crop of contrast 1 at white noise."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What D is shown of n photos.

    Attributes
    ----------
    crops : Tensor [n, crops * channels, c, c]
        Each photo's crops over their common contrast.
    spectra : Tensor [n, channels, c, c // 2 + 1]
        Logarithms of their mean power.
    """

    crops: Tensor
    spectra: Tensor

    def beside(self, other: Seen) -> Seen:
        """Both sets of photos as one."""
        return Seen(torch.cat([self.crops, other.crops]), torch.cat([self.spectra, other.spectra]))

    def leaves(self) -> Seen:
        """Copies that gradients can be asked of."""
        return Seen(*(part.detach().requires_grad_() for part in (self.crops, self.spectra)))


def seen(crops: Tensor) -> Seen:
    """Crops [n, crops, channels, c, c] as D is shown them."""
    n, count, channels, side, _ = crops.shape
    centred = crops - crops.mean((-1, -2), keepdim=True)
    contrast = centred.square().mean((1, 2, 3, 4), keepdim=True).sqrt()
    scaled = centred / contrast.clamp(min=1e-6)
    window = torch.hann_window(side, periodic=True, device=crops.device)
    window = torch.outer(window, window)
    spectrum = torch.fft.rfft2(scaled * window)
    power = spectrum.real.square() + spectrum.imag.square()
    power = power.mean(1) / window.square().sum()
    return Seen(scaled.reshape(n, count * channels, side, side), (power + FLOOR).log())


class Discriminator(nn.Module):
    """One number [n] for each photo: high for real ones.

    Attributes
    ----------
    usual : Tensor [channels, side, side // 2 + 1]
        Mean of real photos' spectra, which are compared with it.

    Parameters
    ----------
    side : of the crops, px; a multiple of 8
    planes : crops times channels
    """

    def __init__(self, side: int, planes: int, channels: int, width: int = 32) -> None:
        super().__init__()
        self.pixels = nn.Sequential(
            _conv(planes, width, 4, 2),
            _conv(width, 2 * width, 4, 2),
            _conv(2 * width, 4 * width, 4, 2),
            nn.Flatten(),
            nn.Linear(4 * width * (side // 8) ** 2, 128),
            nn.LeakyReLU(0.2),
        )
        # Each frequency has a meaning of its own: nothing is the same elsewhere in a spectrum.
        self.waves = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels * side * (side // 2 + 1), 8 * width),
            nn.LeakyReLU(0.2),
            nn.Linear(8 * width, 128),
            nn.LeakyReLU(0.2),
        )
        # What all photos have in common says nothing: scenes, noise, the mean kernel.
        self.usual: Tensor
        self.register_buffer("usual", torch.zeros(channels, side, side // 2 + 1))
        self.verdict = nn.Sequential(nn.Linear(256, 128), nn.LeakyReLU(0.2), nn.Linear(128, 1))

    def forward(self, shown: Seen) -> Tensor:
        """[n]."""
        both = [self.pixels(shown.crops), self.waves(shown.spectra - self.usual)]
        joined = torch.cat(both, 1)
        verdict: Tensor = self.verdict(joined)[:, 0]
        return verdict


def _conv(inputs: int, outputs: int, side: int, stride: int = 1) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inputs, outputs, side, stride, 1), nn.LeakyReLU(0.2))


def real_loss(verdicts: Tensor) -> Tensor:
    """Non-saturating logistic loss (Goodfellow et al. 2014) of real photos."""
    return F.softplus(-verdicts).mean()


def fake_loss(verdicts: Tensor) -> Tensor:
    """The same of blurred ones."""
    return F.softplus(verdicts).mean()


def slope(verdicts: Tensor, shown: Seen) -> Tensor:
    """R1 (Mescheder, Geiger and Nowozin 2018): mean square of D's slope at real photos."""
    slopes = torch.autograd.grad(verdicts.sum(), (shown.crops, shown.spectra), create_graph=True)
    total = torch.stack([s.square().sum((1, 2, 3)) for s in slopes]).sum(0)
    return total.mean()
