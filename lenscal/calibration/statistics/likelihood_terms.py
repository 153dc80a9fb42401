"""What second- and third-order statistics say of kernels: misfits, and the terms that they are made
of (docs/method.md, equations 3 to 5)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.packing import Packing
from lenscal.calibration.statistics.bispectra import TRIAD_WINDOW_PX, Bispectra
from lenscal.calibration.statistics.noise_spectra import noise_matrices
from lenscal.calibration.statistics.spectra import LEAST_COUNT, SPECTRUM_WINDOW_PX, MosaicSpectra

RIDGE = 3e-6
"""Of the modelled matrices, relative: the two greens are all but equal at low frequencies, and
numbers have 24 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class SecondOrder:
    """Measured matrices [cells, f, p, p] of p planes and what the model needs: per alias, the
    scene's matrices [cells or 1, f, p, p] at the sites and the taps' phases [n, f]; noise [cells,
    f or 1, p, p]; patches [cells]."""

    measured: Tensor
    scenes: tuple[Tensor, ...]
    phases: tuple[Tensor, ...]
    noise: Tensor
    patches: Tensor
    channels: tuple[int, ...]

    def part(self, cells: slice) -> SecondOrder:
        """Of these cells."""
        scenes = tuple(scene if len(scene) == 1 else scene[cells] for scene in self.scenes)
        return replace(
            self,
            measured=self.measured[cells],
            scenes=scenes,
            noise=self.noise[cells],
            patches=self.patches[cells],
        )

    def first_gains(self) -> Tensor:
        """Log gains [cells, 3] to begin with: as strong as the photos are."""
        power = self.measured.diagonal(dim1=-2, dim2=-1).real.mean((1, 2))
        return power.sqrt().log()[:, None].repeat(1, 3)

    def misfit(self, kernels: Tensor, gains: Tensor) -> Tensor:
        """Negative log-likelihood, summed; kernels [cells, 3, n], log gains [cells, 3]."""
        scaled = (kernels * gains.exp()[..., None]).to(torch.complex64)
        model = self.noise
        # A mosaic folds four frequencies into one: their spectra add up (docs/method.md, 3).
        for scene, phase in zip(self.scenes, self.phases, strict=True):
            d = (scaled @ phase).transpose(1, 2)[..., list(self.channels)]
            model = model + d[..., :, None] * scene * d[..., None, :].conj()
        # Detached: the ridge is there for the numbers' sake and must not be fitted.
        level = model.diagonal(dim1=-2, dim2=-1).real.mean(-1)[..., None, None].detach()
        factor = torch.linalg.cholesky(
            model + (1e-6 + RIDGE * level) * torch.eye(len(self.channels), device=model.device)
        )
        # tr(M^-1 S) and log det M from one factor: M itself is never inverted.
        half = torch.linalg.solve_triangular(factor, self.measured, upper=False)
        whitened = torch.linalg.solve_triangular(factor, half.mH, upper=False)
        trace = whitened.diagonal(dim1=-2, dim2=-1).real.sum(-1)
        logdet = 2 * factor.diagonal(dim1=-2, dim2=-1).real.log().sum(-1)
        misfit: Tensor = ((trace + logdet).sum(1) * self.patches).sum()
        return misfit


@dataclass(frozen=True, slots=True, eq=False)
class ThirdOrder:
    """Mean bispectra of degraded [cells, t] and sharp patches [cells or 1, t], their variances, and
    for each of the three frequencies of a triad the taps' (cosine, sine) [n, t]."""

    degraded: Tensor
    sharp: Tensor
    variance: Tensor
    sharp_variance: Tensor
    phases: tuple[tuple[Tensor, Tensor], ...]

    def part(self, cells: slice) -> ThirdOrder:
        """Of these cells."""
        one = len(self.sharp) == 1
        return replace(
            self,
            degraded=self.degraded[cells],
            variance=self.variance[cells],
            sharp=self.sharp if one else self.sharp[cells],
            sharp_variance=self.sharp_variance if one else self.sharp_variance[cells],
        )

    def _kernels(self, kernels: Tensor) -> Tensor:
        a, b, c = (torch.complex(kernels[:, 1] @ re, kernels[:, 1] @ im) for re, im in self.phases)
        return a * b * c.conj()

    @torch.no_grad()
    def weights(self, kernels: Tensor) -> Tensor:
        """[cells, t]: how much each phase tells, for kernels near these."""
        product = self._kernels(kernels)
        size = (product * self.sharp).abs()
        # Both sides are sums over finitely many patches.
        certainty = 1 / (self.variance + product.abs().square() * self.sharp_variance)
        # Contrasts differ between the folders: the best factor a cell, by least squares.
        gain = (certainty * self.degraded.abs() * size).sum(1, keepdim=True)
        gain = gain / (certainty * size.square()).sum(1, keepdim=True).clamp(min=1e-20)
        return 2 * certainty * gain * size * self.degraded.abs()

    def misfit(self, kernels: Tensor, weights: Tensor) -> Tensor:
        product = self._kernels(kernels)
        phase = product / (product.abs() + 1e-9)
        # Over the sharp photos' own: only the kernel's phase is left.
        measured = self.degraded * self.sharp.conj()
        measured = measured / (measured.abs() + 1e-20)
        return (weights * (1 - (measured * phase.conj()).real)).sum()


def second_order_terms(
    degraded: MosaicSpectra,
    scenes: NDArray[np.complex128],
    packing: Packing,
    kernel_size: int,
    device: torch.device,
    shape: NDArray[np.complex128] | None = None,
) -> SecondOrder:
    """scenes : [cells or 1, 3, 3, n, n], spectral matrices of what the sharp photos show
    (`likeliest_scene`); shape : [p, p, m, m], the noise's (`noise_spectra`), or None: white."""
    m = SPECTRUM_WINDOW_PX // packing.period
    filled = degraded.count >= LEAST_COUNT
    total = np.where(filled, degraded.count, 1.0)
    measured = degraded.matrices / total[:, None, None, None, None]
    noise = degraded.noise / total[:, None]
    if not filled.all():
        measured[~filled], noise[~filled] = measured[filled].mean(0), noise[filled].mean(0)
    # Real photos: the other half of the plane tells the same. Frequency zero is brightness.
    half = np.zeros((m, m), bool)
    half[:, : m // 2 + 1] = True
    half[0, 0] = False
    fy, fx = (
        v[half] / packing.period
        for v in np.meshgrid(np.fft.fftfreq(m), np.fft.fftfreq(m), indexing="ij")
    )
    # Both near one: the model is worked out in single precision.
    scale = np.abs(scenes[:, range(3), range(3)]).mean()
    diagonal = range(packing.n)
    measured_scale = np.abs(measured[:, diagonal, diagonal]).mean()
    channels = list(packing.channels)
    # Kernels are origin-centred: phases count from their middle.
    taps = np.arange(kernel_size) - kernel_size // 2
    folded, phases = [], []
    for ay, ax in packing.aliases:
        gy, gx = fy + ay, fx + ax
        iy, ix = (
            np.round(g * SPECTRUM_WINDOW_PX).astype(int) % SPECTRUM_WINDOW_PX for g in (gy, gx)
        )
        # The planes' sites lie beside each other: a phase for each.
        sites = np.exp(2j * np.pi * np.stack([gy * oy + gx * ox for oy, ox in packing.offsets], -1))
        # The two greens of a period see the same channel of the scene.
        block = (scenes / scale)[:, :, :, iy, ix].transpose(0, 3, 1, 2)
        block = block[:, :, channels][:, :, :, channels]
        folded.append(
            _complex(block * sites[None, :, :, None] * sites[None, :, None, :].conj(), device)
        )
        phase = np.exp(
            -2j * np.pi * (gy[:, None, None] * taps[:, None] + gx[:, None, None] * taps[None])
        )
        phases.append(_complex(phase.reshape(len(gy), -1).T, device))
    return SecondOrder(
        _complex(measured[..., half].transpose(0, 3, 1, 2) / measured_scale, device),
        tuple(folded),
        tuple(phases),
        _noise(noise / measured_scale, shape, half, device),
        torch.from_numpy(degraded.count).to(device, torch.float32),
        packing.channels,
    )


def _noise(
    variance: NDArray[np.float64],
    shape: NDArray[np.complex128] | None,
    half: NDArray[np.bool_],
    device: torch.device,
) -> Tensor:
    """The noise's matrices [cells, f or 1, p, p], for variances [cells, p] of the planes."""
    if shape is None:
        return torch.diag_embed(_complex(variance, device))[:, None]
    return _complex(noise_matrices(variance, shape[..., half]).transpose(0, 3, 1, 2), device)


def third_order_terms(
    degraded: Bispectra,
    sharp: Bispectra,
    triad: NDArray[np.int64],
    kernel_size: int,
    device: torch.device,
    excess: float = 1.0,
) -> ThirdOrder:
    """sharp : sums with as many cells, or one for all; excess : of the variance that independent
    patches would have (`bispectra.scatter`)."""
    n = TRIAD_WINDOW_PX

    def mean_and_variance(sums: Bispectra) -> tuple[Tensor, Tensor]:
        count = np.maximum(sums.count, 1.0)[:, None]
        power = sums.power / count[..., None]
        product = np.prod(
            [power[:, triad[:, k, 0] % n, triad[:, k, 1] % n] for k in range(3)], axis=0
        )
        # Of a product of three nearly independent numbers; empty cells shall not count.
        variance = np.where(sums.count[:, None] > 0, excess * product / count, 1e6)
        return _complex(sums.values / count, device), torch.from_numpy(variance).to(
            device, torch.float32
        )

    taps = np.arange(kernel_size) - kernel_size // 2
    phases = []
    for k in range(3):
        fy, fx = (triad[:, k].T / n)[:, :, None, None]
        angle = torch.from_numpy(-2 * np.pi * (fy * taps[:, None] + fx * taps[None])).to(
            device, torch.float32
        )
        angle = angle.reshape(len(triad), -1).T
        # Cosine and sine apart: kernels are real, and so are these products.
        phases.append((angle.cos().contiguous(), angle.sin().contiguous()))
    (degraded_mean, variance), (sharp_mean, sharp_variance) = (
        mean_and_variance(degraded),
        mean_and_variance(sharp),
    )
    return ThirdOrder(degraded_mean, sharp_mean, variance, sharp_variance, tuple(phases))


def _complex(array: NDArray[np.inexact], device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(device, torch.complex64)
