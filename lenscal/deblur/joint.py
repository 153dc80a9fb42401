"""Kernel and pictures sampled side by side, each told by a prior of its own (BlindDPS).

Both begin as noise, which falls level by level. At each one the kernel prior tells the kernel k0 to
be expected behind the noisy one, and a prior of pictures what is to be expected of them, z. Then
what was photographed, y = k * x + n, corrects both, and noise of the next level is added to both:

    k = argmin -log p(y | k, z) + |k - k0|^2 / (2 level^2)           (some steps downhill)
    x = argmin |k * x - y|^2 / N + |x - z|^2 / V                     (closed form, Fourier space)

N is the power of the photo's noise, V = S s^2 / (S + s^2) what noise s leaves open of scenes of the
power S. The kernel's likelihood is the one to be expected where the picture is off by so much:
N + V |K|^2 is its variance. Without that, what the pictures do not show yet is taken for blur that
is not there. The prior of pictures is a Gaussian one of power S while there is more noise than
denoisers know, then a denoiser.

Levac et al. 2024, eq. 5 and 6, which are those of Chung, Kim, Kim, Ye 2023, arXiv:2211.10656; Song,
Vahdat, Mardani, Kautz 2023 (pseudo-inverse guidance) for V. What differs from them is in
docs/papers.md. `posterior` integrates the pictures out: a quarter of the time, and kernels that are
nearer on average (docs/experiments/deblurring.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lenscal.blur.power_spectra import frequencies
from lenscal.calibration.uniform.sparsity import by_radius
from lenscal.calibration.uniform.tiles import GreyTiles
from lenscal.deblur.evidence import Evidence, grey, with_least_noise
from lenscal.deblur.kernel_prior import KernelPrior
from lenscal.deblur.posterior import taps
from lenscal.deblur.settings import DeblurSettings
from lenscal.prior.denoiser import Denoiser
from lenscal.restore.plug_and_play import prior_denoiser
from lenscal.system.device import pick_device

N_PIECES, N_LEVELS, N_STEPS = 4, 30, 8
"""Pieces of the photo, those of most contrast; levels; steps downhill at each."""
FIRST_LEVEL, LAST_LEVEL = 5.0, 0.05
"""Of the noise on kernels, in units of their prior's scale."""
FIRST_SIGMA, LAST_SIGMA = 1.0, 0.01
"""Of the noise on pictures, whose own contrast is `USUAL_CONTRAST`."""
MOST_SIGMA = 0.16
"""From which on the denoiser is asked: in three colours it is noise of 71/255, near the most that
it was trained with."""
WEIGHT = 3000.0
"""How many independent frequencies the photo counts for, as in `posterior`."""
ZETA = 0.3
"""Share of fresh noise, as in DiffPIR."""
RATE = 0.15
USUAL_CONTRAST = 0.2
"""Standard deviation that pieces are brought to: denoisers know pictures, not light."""
_RAMP_PX = 24
"""Over which pieces fade out, where misfits are looked at in Fourier space."""
_MULTIPLE = 16
"""Of which a field's side is one: transforms are fast, and networks halve it."""
_FAINT = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Pieces of a photo as pictures about 0, in fields with room for what lies beyond their rims.

    Attributes
    ----------
    chosen : int Tensor [p]
        Which of the pieces they are.
    values : Tensor [p, s, s]
        Mirrored beyond the rims.
    inside : bool Tensor [s, s]
        Where the photo was seen.
    window : Tensor [s, s]
        Falls to 0 at the rims; of energy 1.
    noise : Tensor [p]
        Variance.
    scale : float
        Powers of the pieces' spectra times this are powers of these pictures.
    """

    chosen: Tensor
    values: Tensor
    inside: Tensor
    window: Tensor
    noise: Tensor
    scale: float

    @property
    def side(self) -> int:
        """Of the fields, px."""
        return self.values.shape[-1]

    def transfer(self, kernels: Tensor) -> Tensor:
        """[b, 1, s, s // 2 + 1] of kernels [b, c, k, k], whose origin is their middle."""
        spectrum = torch.fft.rfft2(grey(kernels), s=(self.side, self.side))
        fy, fx = torch.fft.fftfreq(self.side)[:, None], torch.fft.rfftfreq(self.side)
        moved: Tensor = spectrum * torch.exp(2j * torch.pi * (fy + fx) * (kernels.shape[-1] // 2))
        return moved[:, None]

    def back(self, spectra: Tensor) -> Tensor:
        """Pictures [..., s, s] of their spectra."""
        pictures: Tensor = torch.fft.irfft2(spectra, s=(self.side, self.side))
        return pictures


def field_of(pieces: GreyTiles, kernel_size: int) -> Field:
    """The pieces of most contrast."""
    noisy = with_least_noise(pieces)
    contrasts = noisy.values.var((1, 2))
    chosen = contrasts.argsort(descending=True)[:N_PIECES]
    values, gain = noisy.values[chosen], USUAL_CONTRAST / contrasts[chosen].sqrt()
    values = (values - values.mean((1, 2), keepdim=True)) * gain[:, None, None]
    side = values.shape[-1]
    margin = kernel_size // 2 + 1
    margin += -(side + 2 * margin) % _MULTIPLE // 2
    ramp = torch.sin(0.5 * torch.pi * (torch.arange(_RAMP_PX) + 0.5) / _RAMP_PX).square()
    line = torch.ones(side)
    line[:_RAMP_PX], line[-_RAMP_PX:] = ramp, ramp.flip(0)
    window = functional.pad(line[:, None] * line, (margin,) * 4)
    return Field(
        chosen,
        functional.pad(values[:, None], (margin,) * 4, mode="reflect")[:, 0],
        functional.pad(torch.ones(side, side), (margin,) * 4) > 0,
        window / window.square().sum().sqrt(),
        noisy.variance[chosen] * gain.square(),
        USUAL_CONTRAST**2 / float(contrasts.mean()),
    )


def picture_denoiser(settings: DeblurSettings) -> Denoiser:
    """The one that pictures are told by. It computes where the user wants, for tensors that are
    here.

    Raises
    ------
    InputError
        There is no such device, or the weights are of another network.
    """
    device = pick_device(settings.device)
    there = prior_denoiser(settings.restore, device)

    def here(x: Tensor, sigma: float | Tensor) -> Tensor:
        return there(x.to(device), sigma).cpu()

    return here


def draw_together(
    evidence: Evidence,
    pieces: GreyTiles,
    prior: KernelPrior,
    denoiser: Denoiser,
    n: int,
    seed: int,
) -> Iterator[tuple[Tensor, Tensor] | None]:
    """None after each level, at last the kernels [n, c, k, k] at which n chains have ended, and
    what `evidence` says of them, [n]: the lower, the better."""
    generator = torch.Generator().manual_seed(seed)
    field = field_of(pieces, prior.size)

    def noise(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=generator)

    spreads = prior.scale * np.geomspace(FIRST_LEVEL, LAST_LEVEL, N_LEVELS)
    sigmas = np.geomspace(FIRST_SIGMA, LAST_SIGMA, N_LEVELS)
    kernels = torch.full((n, prior.channels, prior.size, prior.size), prior.mean)
    pictures = torch.zeros(n, len(field.values), field.side, field.side)
    # Nothing but noise.
    old, old_of_pictures = noise(kernels), noise(pictures)
    for spread, sigma in zip(spreads.tolist(), sigmas.tolist(), strict=True):
        noisy, noisy_pictures = kernels + spread * old, pictures + sigma * old_of_pictures
        with torch.no_grad():
            expected = prior.posterior_mean(noisy, spread / prior.scale)
        power = _scene_power(evidence, field, _proper(expected))
        doubt = power * sigma**2 / (power + sigma**2)
        if sigma > MOST_SIGMA:
            z = field.back(doubt / sigma**2 * torch.fft.rfft2(noisy_pictures))
        else:
            z = _denoised(denoiser, noisy_pictures, sigma, generator)
        kernels = _nearer(field, z, doubt, expected, spread)
        pictures = _restored(field, z, doubt, kernels)
        yield None
        old = _renewed((noisy - kernels) / spread, noise(kernels))
        old_of_pictures = _renewed((noisy_pictures - pictures) / sigma, noise(pictures))
    yield kernels, evidence.judged(kernels)


def _renewed(old: Tensor, fresh: Tensor) -> Tensor:
    mixed: Tensor = (1 - ZETA) ** 0.5 * old + ZETA**0.5 * fresh
    return mixed


def _proper(kernels: Tensor) -> Tensor:
    """Of sum 1, every tap above 0: it has a logarithm."""
    positive = kernels.clamp(min=0) + _FAINT
    return positive / positive.sum((-1, -2), keepdim=True)


def _scene_power(evidence: Evidence, field: Field, kernels: Tensor) -> Tensor:
    """S [n, 1, s, s // 2 + 1] of the scene that suits each kernel."""
    problem = evidence.problem
    shapes = evidence.fitted_scenes(kernels).shape
    powers = torch.einsum("bm,mij->bij", shapes, problem.shape_functions).exp() * problem.sharp
    by_each = [by_radius(power, field.side) for power in powers]
    return field.scale * torch.stack(by_each)[:, None]


def _denoised(
    denoiser: Denoiser, pictures: Tensor, sigma: float, generator: torch.Generator
) -> Tensor:
    """Grey pictures [n, p, s, s] without their noise."""
    grey_ones = pictures.flatten(0, 1)[:, None] + 0.5
    # Noise of the colours, too, which leaves their mean: the denoiser knows three that are
    # independent.
    fresh = torch.randn(len(grey_ones), 3, *grey_ones.shape[2:], generator=generator)
    level = 3**0.5 * sigma
    colours = grey_ones + level * (fresh - fresh.mean(1, keepdim=True))
    with torch.no_grad():
        clean = denoiser(colours, level)
    restored: Tensor = clean.mean(1).view_as(pictures) - 0.5
    return restored


def _nearer(field: Field, z: Tensor, doubt: Tensor, expected: Tensor, spread: float) -> Tensor:
    """Kernels near those that are expected, which explain the photo better by pictures that are
    about z."""
    spectra, weight = torch.fft.rfft2(z), _weight(field.side)
    logs = _proper(expected).log().requires_grad_()
    optimiser = torch.optim.Adam([logs], RATE)
    for _ in range(N_STEPS):
        kernels = taps(logs)
        transfer = field.transfer(kernels)
        rest = torch.fft.rfft2(field.window * (field.values - field.back(transfer * spectra)))
        variance = field.noise[:, None, None] + doubt * transfer.abs().square()
        surprise = rest.abs().square() / variance + variance.log()
        away = ((kernels - expected) / spread).square().sum((1, 2, 3))
        loss = WEIGHT * (surprise * weight).sum((2, 3)).mean(1) + 0.5 * away
        optimiser.zero_grad()
        loss.sum().backward()
        optimiser.step()
    return taps(logs).detach()


def _weight(side: int) -> Tensor:
    """Of the frequencies, without those that hold the mean; sums to 1."""
    columns = torch.full((side // 2 + 1,), 2.0)
    # rfft2 leaves out the mirrored half of all columns but these.
    columns[0] = columns[-1] = 1
    weight = columns * (frequencies(side) > 1.5 / side)
    return weight / weight.sum()


def _restored(field: Field, z: Tensor, doubt: Tensor, kernels: Tensor) -> Tensor:
    """The pictures [n, p, s, s] to be expected where z is off by `doubt`."""
    transfer, spectra = field.transfer(kernels), torch.fft.rfft2(z)
    noise = field.noise[:, None, None]
    # Beyond the rims nothing was seen: there it is what z would show.
    seen = torch.where(field.inside, field.values, field.back(transfer * spectra))
    wanted = transfer.conj() * torch.fft.rfft2(seen) / noise + spectra / doubt
    return field.back(wanted / (transfer.abs().square() / noise + 1 / doubt))
