"""What tells kernels of one power spectrum apart: deconvolved with the right one, photos look like
photos.

Gradients of photos are sparse: few and large at edges, small elsewhere. A kernel of the wrong phase
leaves ghosts of every edge. How sparse gradients are depends on |K| and on the scenes, too, so that
the sharp photos go the same way: blurred with the candidate, given noise, and deconvolved.

After Krishnan, Tay, Fergus 2011, DOI 10.1109/CVPR.2011.5995521 (a measure of sparsity that is
blind to contrast).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lenscal.blur.power_spectra import frequencies
from lenscal.calibration.uniform.spectrum_fit import SpectrumProblem
from lenscal.calibration.uniform.tiles import GreyTiles

CUT_PX = 128
"""Side of what is deconvolved, at most."""
EXPONENT = 0.5
"""Of a gradient: 2 would be blind to sparsity, 0 counts noise like edges."""
_LEAST = 1e-4
"""Of a squared gradient in units of their mean: keeps the smallest from counting."""
_RAMP_PX, _BORDER_PX = 16, 8
"""Over which pieces fade out, and how much more is left out of the figures, as it rings."""
_RINGS = 40


class Deconvolution:
    """Pieces of photos, ready to be deconvolved with many kernels.

    spectra : Tensor [n, s, s // 2 + 1]
    """

    def __init__(self, problem: SpectrumProblem, tiles: Tensor, seed: int) -> None:
        side = min(CUT_PX, tiles.shape[-1])
        pieces = _cut(tiles, side, np.random.default_rng(seed))
        ramp = torch.sin(0.5 * torch.pi * (torch.arange(_RAMP_PX) + 0.5) / _RAMP_PX).square()
        line = torch.ones(side)
        line[:_RAMP_PX], line[-_RAMP_PX:] = ramp, ramp.flip(0)
        self.side, self._inner = side, slice(_RAMP_PX + _BORDER_PX, -_RAMP_PX - _BORDER_PX)
        pieces = (pieces - pieces.mean((1, 2), keepdim=True)) * (line[:, None] * line)
        self.spectra = torch.fft.rfft2(pieces)
        # Noise over signal, by radius: a Wiener filter of all scenes.
        self._noise_over_signal = problem.noise / by_radius(problem.sharp, side)
        fy, fx = torch.fft.fftfreq(side)[:, None], torch.fft.rfftfreq(side)[None]
        shape = self.spectra.shape[1:]
        differences = [torch.exp(2j * torch.pi * f) - 1 for f in (fy, fx)]
        self._differences = torch.stack([d.expand(shape) for d in differences])
        self._one_px = torch.exp(2j * torch.pi * (fy + fx))

    def transfer(self, kernels: Tensor) -> Tensor:
        """[b, s, s // 2 + 1]: kernels' origin is their middle."""
        spectrum = torch.fft.rfft2(kernels, s=(self.side, self.side))
        moved: Tensor = spectrum * self._one_px ** (kernels.shape[-1] // 2)
        return moved

    def sparsity(self, transfer: Tensor, spectra: Tensor | None = None) -> Tensor:
        """Log mean root of gradients in units of their rms, after deconvolution by one transfer
        function [s, s // 2 + 1]; the lower, the sparser."""
        spectra = self.spectra if spectra is None else spectra
        wiener = transfer.conj() / (transfer.abs().square() + self._noise_over_signal)
        gradients = torch.fft.irfft2(
            self._differences[:, None] * (wiener * spectra), s=(self.side, self.side)
        )
        squares = gradients[..., self._inner, self._inner].square()
        # Over all pieces alike: each by itself would let those without an edge count as much.
        relative = squares / squares.mean((1, 2, 3), keepdim=True)
        means = (relative + _LEAST).pow(EXPONENT / 2).mean((1, 2, 3))
        sparsity: Tensor = means.log().mean()
        return sparsity


class Plausibility:
    """How much less sparse deconvolved photos are than sharp ones that went the same way."""

    def __init__(
        self,
        problem: SpectrumProblem,
        sharp: GreyTiles,
        degraded: GreyTiles,
        *,
        n: int,
        seed: int,
    ) -> None:
        rng = np.random.default_rng(seed)
        sharp_tiles, degraded_tiles = (
            tiles.values[torch.from_numpy(rng.permutation(len(tiles))[:n])]
            for tiles in (sharp, degraded)
        )
        self._degraded = Deconvolution(problem, degraded_tiles, seed)
        self._sharp = Deconvolution(problem, sharp_tiles, seed)
        side = self._sharp.side
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(len(sharp_tiles), side, side, generator=generator)
        self._noise = torch.fft.rfft2(problem.noise**0.5 * noise)

    def excess(self, kernels: Tensor) -> Tensor:
        """[b]: about 0 for the right kernel, above it for others."""
        values = []
        with torch.no_grad():
            for transfer in self._degraded.transfer(kernels):
                blurred = transfer * self._sharp.spectra + self._noise
                expected = self._sharp.sparsity(transfer, blurred)
                values.append(self._degraded.sparsity(transfer) - expected)
        return torch.stack(values)


def _cut(tiles: Tensor, side: int, rng: np.random.Generator) -> Tensor:
    """A piece [n, side, side] of each tile, somewhere in it."""
    room = tiles.shape[-1] - side
    places = rng.integers(0, room + 1, (len(tiles), 2))
    pieces = [tile[y : y + side, x : x + side] for tile, (y, x) in zip(tiles, places, strict=True)]
    return torch.stack(pieces)


def by_radius(power: Tensor, side: int) -> Tensor:
    """A mean power as a function of |f| alone, on the grid of a larger transform."""
    radius = frequencies(power.shape[0]).flatten().numpy()
    ring = np.minimum(radius / radius.max() * _RINGS, _RINGS - 1).astype(int)
    count = np.maximum(np.bincount(ring, minlength=_RINGS), 1)
    logs = np.bincount(ring, power.log().flatten().numpy(), _RINGS) / count
    middles = np.bincount(ring, radius, _RINGS) / count
    filled = np.bincount(ring, minlength=_RINGS) > 0
    wanted = frequencies(side).numpy()
    return torch.from_numpy(np.exp(np.interp(wanted, middles[filled], logs[filled]))).float()
