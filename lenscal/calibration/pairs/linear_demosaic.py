"""Linear demosaicing by mean spectra: what stage P takes for the sharp photo (docs/method.md,
section 6).

X(f) = S A^H (A S A^H + N)^-1 Y(f) over the four aliases of a Bayer mosaic: A samples the colours at
their sites, S is the scenes' mean spectral matrix, N the noise. (Photos that know all colours
everywhere have one alias, and what is left is a Wiener filter.) Nothing that a mosaic does not show
is invented, and as an estimate by linear least squares it differs from the truth by something
uncorrelated with itself: regressing a blurred photo on it gives kernels without bias, whatever its
quality (Berkson's error model; Carroll et al. 2006, Measurement Error in Nonlinear Models, section
1.4). With edge-directed demosaicing (AHD) kernels for blue came out up to 19 % too weak.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lenscal.calibration.packing import Packing, packed_tile, packing_of
from lenscal.calibration.statistics.noise_spectra import (
    noise_correlation,
    noise_matrices,
    noise_shape,
)
from lenscal.raw.frame import Frame, NoiseModel

SIDE = 32
"""Frequencies along an axis at which filters are worked out."""
REACH = 6
"""Sites of a plane on either side that a filter reads."""
MARGIN_PX = 2 * REACH + 2
"""How much more of the photo is read than comes out, at most."""
DC = 20.0
"""Power at frequency zero, relative to the lowest one beside it: means are kept."""
LEAST_EIGENVALUE = 1e-4
"""Relative to the largest one: colours that are all but one shall not become exactly so."""
LAG_PX = 2
"""Distance of the sites whose differences tell a tile's texture: most at 0.25 cycles/px, where
texture and noise are about alike."""
LEAST_STRENGTH = 1e-4
"""Of a tile's texture against the scenes' mean."""
LEAST_PLANE_BRIGHTNESS = 1e-3
"""That noise is worked out for at least: black levels may be a little off."""


def scene_spectrum(matrices: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Mean spectral matrices [3, 3, n, n] as `demosaicing_filters` wants them: [3, 3, SIDE, SIDE],
    positive."""
    # Filters are short, so a coarser spectrum says all they can use.
    step = matrices.shape[-1] // SIDE
    coarse = matrices[:, :, ::step, ::step].transpose(2, 3, 0, 1)
    # Sums of noisy estimates can have negative eigenvalues; a covariance cannot.
    values, vectors = np.linalg.eigh((coarse + coarse.conj().swapaxes(-1, -2)) / 2)
    values = np.maximum(values, LEAST_EIGENVALUE * values.max(-1, keepdims=True))
    positive = (vectors * values[..., None, :]) @ vectors.conj().swapaxes(-1, -2)
    positive[0, 0] = DC * np.abs(positive[0, 1])
    return np.asarray(positive.transpose(2, 3, 0, 1))


def demosaicing_filters(
    scene: NDArray[np.complex128],
    noise: NDArray[np.float64],
    packing: Packing,
    lateral: NDArray[np.float64],
    shape: NDArray[np.complex128] | None = None,
) -> Tensor:
    """Filters float32 [3 t, p, 2 REACH + 1, 2 REACH + 1] from p packed planes to the colours at
    each of the t pixels of a period.

    Parameters
    ----------
    scene : ndarray [3, 3, SIDE, SIDE]
        Spectral matrices in power per pixel (white noise of variance v has power v), without
        lateral colour.
    noise : ndarray [p]
        Variance of the sites of each plane, in the scene's units.
    lateral : ndarray [3, 2]
        (dy, dx) px of R, G, B: what stands at s on the axis is shown at s + lateral.
    shape : ndarray [p, p, m, m] or None
        How the noise is spread over the frequencies of a plane (`noise_shape`); None: evenly.
    """
    n, m, planes, steps = SIDE, SIDE // packing.period, packing.n, packing.steps
    f = np.fft.fftfreq(n)
    ramp = np.exp(
        -2j * np.pi * (lateral[:, 0, None, None] * f[:, None] + lateral[:, 1, None, None] * f)
    )
    # The scene as the lens shows it at this place: its lateral colour is put back.
    spectra = (scene * ramp[:, None] * ramp[None].conj()).transpose(2, 3, 0, 1)
    ky, kx = np.meshgrid(np.arange(m), np.arange(m), indexing="ij")
    colours = 3 * len(steps)
    sampling = np.zeros((m, m, planes, colours), complex)
    spectrum = np.zeros((m, m, colours, colours), complex)
    for alias, (ay, ax) in enumerate(steps):
        iy, ix, block = ky + m * ay, kx + m * ax, slice(3 * alias, 3 * alias + 3)
        spectrum[:, :, block, block] = spectra[iy, ix]
        for plane, (oy, ox) in enumerate(packing.offsets):
            wave = np.exp(2j * np.pi * (f[iy] * oy + f[ix] * ox))
            sampling[:, :, plane, 3 * alias + packing.channels[plane]] = wave / len(steps)
    cross_spectrum = spectrum @ sampling.conj().swapaxes(-1, -2)
    # X = S A^H (A S A^H + N)^-1 Y, at all frequencies at once.
    # Sums over n x n pixels, and over the m x m sites of a plane.
    noise_power = noise_matrices(noise[None], shape)[0].transpose(2, 3, 0, 1)
    mosaic = n * n * (sampling @ cross_spectrum) + m * m * noise_power
    gain = (
        n
        * n
        * np.linalg.solve(mosaic.conj().swapaxes(-1, -2), cross_spectrum.conj().swapaxes(-1, -2))
    )
    transfer = np.zeros((n, n, 3, planes), complex)
    for alias, (ay, ax) in enumerate(steps):
        transfer[ky + m * ay, kx + m * ax] = gain.conj().swapaxes(-1, -2)[
            :, :, 3 * alias : 3 * alias + 3
        ]
    # Filters of finite reach, one set for each site of the period.
    response = np.fft.ifft2(transfer, axes=(0, 1)).real
    # The same colour stands every period; convolution runs against the taps.
    t = packing.period * np.arange(REACH, -REACH - 1, -1)
    sites = [response[np.ix_((t + qy) % n, (t + qx) % n)] for qy, qx in steps]
    return torch.from_numpy(
        np.stack(sites).transpose(3, 0, 4, 1, 2).reshape(colours, planes, len(t), len(t))
    ).float()


def demosaiced(planes: Tensor, filters: Tensor) -> Tensor:
    """[3, t h, t w] of packed planes [p, h + 2 REACH, w + 2 REACH], t: their period."""
    colours = F.conv2d(planes[None], filters)[0]
    n, h, w = colours.shape
    t = round((n // 3) ** 0.5)
    return colours.view(3, t, t, h, w).permute(0, 3, 1, 4, 2).reshape(3, t * h, t * w)


def texture_strength(
    planes: NDArray[np.floating],
    variance: NDArray[np.float64],
    scene: NDArray[np.complex128],
    packing: Packing,
) -> float:
    """How many times as strong as the scenes' mean the fine texture of packed planes [p, h, w] of
    one tile is, with white noise of `variance` [p], in the scene's units.

    An estimate that took the mean of all scenes for a plain tile would keep its noise, and what is
    regressed on noise comes out too weak: at high frequencies, so kernels would be too wide.
    """
    sites = LAG_PX // packing.period
    f = np.fft.fftfreq(SIDE)
    # Of the squared difference of sites so far apart, which white noise makes twice its variance.
    seen = sum(2 - 2 * np.cos(2 * np.pi * LAG_PX * v) for v in (f[:, None], f[None, :])) / 2
    channels = list(packing.channels)
    expected = (scene[channels, channels].real * seen).mean((1, 2)).sum()
    steps = (
        planes[:, :, sites:] - planes[:, :, :-sites],
        planes[:, sites:] - planes[:, :-sites],
    )
    squares = sum(float((step.astype(np.float64) ** 2).mean((1, 2)).sum()) for step in steps) / 2
    noise = 2 * variance.sum()
    # No less than what noise alone might seem to be.
    error = noise * np.sqrt(2 / planes.size)
    return float(max(squares - noise, error, LEAST_STRENGTH * expected) / expected)


def linear_tile(
    frame: Frame,
    noise: NoiseModel,
    window: tuple[slice, slice],
    scene: NDArray[np.complex128],
    lateral: NDArray[np.float64],
    device: torch.device,
) -> Tensor:
    """Linear camera RGB [3, h, w] of a window that lies at least `MARGIN_PX` inside a photo.

    Parameters
    ----------
    scene : ndarray [3, 3, SIDE, SIDE]
        Of photos divided by their mean brightness (`scene_spectrum`).
    lateral : ndarray [3, 2]
        Lateral colour px there.
    """
    packing = packing_of(frame)
    t = packing.period
    outer = [
        slice(s.start - t * REACH - s.start % t, s.stop + t * REACH + s.stop % t) for s in window
    ]
    inner = [slice(s.start % t, s.start % t + s.stop - s.start) for s in window]
    planes, multiplier = packed_tile(frame, outer[0], outer[1])
    gain = multiplier.mean((1, 2))
    level = np.maximum(planes.mean((1, 2)), LEAST_PLANE_BRIGHTNESS)
    channels = np.array(packing.channels)
    # Spectra are those of photos over their mean brightness, and so is the noise.
    variance = noise.variance(level, gain, channels) / level.mean() ** 2
    shape = noise_shape(noise_correlation([frame]), packing, SIDE // t)
    if shape is None:
        # Of a scene so many times as strong: the same as of so many times less noise.
        variance = variance / texture_strength(planes / level.mean(), variance, scene, packing)
    filters = demosaicing_filters(scene, variance, packing, lateral, shape).to(device)
    return demosaiced(torch.from_numpy(planes).to(device), filters)[:, inner[0], inner[1]]
