"""Spectra of scenes from mosaics of sharp photos, by maximum likelihood: the reference of stages G
and T.

A demosaiced photo is no reference: edge-directed demosaicing copies green's detail into red and
blue, and colours that are too alike bend every kernel that is fitted to them. Spectral matrices S
of which the mosaics themselves are likeliest have no such bias. Expectation maximisation (Dempster,
Laird & Rubin 1977): each step replaces S by the mean of X X^* given the mosaic, X being the colours
at the four frequencies that a period of the mosaic folds into one. What a mosaic leaves open stays
as it was at the start: colours that fade faster than brightness at fine detail.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lenscal.calibration.packing import Packing
from lenscal.calibration.statistics.noise_spectra import noise_matrices
from lenscal.system.threads import in_order

STEPS = 30
"""Of expectation maximisation: after them the true kernels explain 0.96 to 0.98 of the power
(docs/experiments/scene-statistics.md, 2026-11-23)."""
LUMA_FALL, CHROMA_FALL = 2.5, 4.0
"""Exponents of the power's fall at the start. Natural scenes: about 2 (van der Schaaf & van Hateren
1996, doi:10.1016/0042-6989(96)00002-8), what a lens shows of them falls faster; fine detail is all
but colourless. Colours that fall faster than brightness by 1.5 gave P 0.068 instead of 0.088
(docs/experiments/pairs.md, 2026-11-23)."""
LOW, HIGH = 0.03, 0.1
"""cycles/px: where the colours' power is read from the mosaics for a start; aliases are weak
there."""
UNLIKE = 0.05
"""Part of each channel's power at the start that the others know nothing of: steps cannot leave a
rank behind. 5 to 10 % are enough (docs/experiments/scene-statistics.md, 2026-11-23)."""


def likeliest_scene(
    measured: NDArray[np.complex128],
    noise: NDArray[np.float64],
    packing: Packing,
    lateral: NDArray[np.float64] | None = None,
    shape: NDArray[np.complex128] | None = None,
) -> NDArray[np.complex128]:
    """Spectral matrices complex128 [cells, 3, 3, n, n], in power per pixel; n: m times the planes'
    period.

    Parameters
    ----------
    measured : ndarray [cells, p, p, m, m]
        Mean spectral matrices of packed mosaics, noise included (`spectra.MosaicSpectra`).
    noise : ndarray [cells, p]
        Variance of the sites of each plane.
    lateral : ndarray [cells, 3, 2] or None
        (dy, dx) px of R, G, B: what stands at s on the axis is shown at s + lateral. None: no
        lateral colour.
    shape : ndarray [p, p, m, m] or None
        The noise's spectral matrices for variances of 1 (`noise_spectra`); None: white.
    """
    cells, planes, _, m, _ = measured.shape
    n, aliases = packing.period * m, packing.aliases
    f = np.fft.fftfreq(m) / packing.period
    places = [np.meshgrid(f + ay, f + ax, indexing="ij") for ay, ax in aliases]
    index = [tuple(np.round(g * n).astype(int) % n for g in place) for place in places]
    noise_power = noise_matrices(noise, shape)
    # Shift s of a channel is a phase at its sites: the scene itself stays without lateral colour.
    shift = np.zeros((1, 3, 2)) if lateral is None else lateral
    start = _start(measured, noise_power, packing)
    sampling = np.zeros((len(shift), m, m, planes, 3 * len(aliases)), complex)
    spectrum = np.zeros((cells, m, m, 3 * len(aliases), 3 * len(aliases)), complex)
    # Different frequencies of a stationary scene are independent.
    block_diagonal = np.kron(np.eye(len(aliases)), np.ones((3, 3)))
    for alias, ((gy, gx), at) in enumerate(zip(places, index, strict=True)):
        block = slice(3 * alias, 3 * alias + 3)
        spectrum[..., block, block] = start[:, :, :, *at].transpose(0, 3, 4, 1, 2)
        wy, wx = ((g + 0.5) % 1 - 0.5 for g in (gy, gx))
        for plane, (oy, ox) in enumerate(packing.offsets):
            channel = packing.channels[plane]
            cycles = wy * (oy - shift[:, channel, 0, None, None]) + wx * (
                ox - shift[:, channel, 1, None, None]
            )
            sampling[..., plane, 3 * alias + channel] = np.exp(2j * np.pi * cycles) / packing.period
    mosaics = measured.transpose(0, 3, 4, 1, 2)
    noise_power = noise_power.transpose(0, 3, 4, 1, 2)

    def likeliest(cell: int) -> NDArray[np.complex128]:
        """Expectation maximisation in one cell, which knows nothing of the others."""
        estimate, samples = spectrum[cell], sampling[cell if len(sampling) > 1 else 0]
        for _ in range(STEPS):
            # The conditional mean of X X^* given the mosaic, for the present S.
            sampled = estimate @ _adjoint(samples)
            photo = samples @ sampled + noise_power[cell]
            gain = _adjoint(np.linalg.solve(photo, _adjoint(sampled)))
            explained = gain @ mosaics[cell] @ _adjoint(gain)
            estimate = (explained + estimate - gain @ _adjoint(sampled)) * block_diagonal
        return np.asarray(estimate)

    spectrum = np.stack(list(in_order(likeliest, range(cells))))
    scene = start
    for alias, at in enumerate(index):
        block = slice(3 * alias, 3 * alias + 3)
        scene[:, :, :, *at] = spectrum[..., block, block].transpose(0, 3, 4, 1, 2)
    return scene


def _adjoint(matrices: NDArray[np.complexfloating]) -> NDArray[np.complex128]:
    return np.asarray(matrices.conj().swapaxes(-1, -2))


def _start(
    measured: NDArray[np.complex128], noise: NDArray[np.inexact], packing: Packing
) -> NDArray[np.complex128]:
    """Power laws: the colours' main direction at low frequencies, and across it; positive
    definite. noise : [cells, p, p, m, m], or one frequency for all"""
    m = measured.shape[-1]
    f = np.fft.fftfreq(m) / packing.period
    radius = np.hypot(f[:, None], f[None])
    # Where noise and aliases are weak.
    low = (radius > LOW) & (radius < HIGH)
    signal = measured - noise
    # A plane of a mosaic holds a quarter of the power; made flat by the expected fall.
    power = packing.period**2 * (signal[..., low].real * radius[low] ** LUMA_FALL).mean(-1)
    averaging = packing.averaging
    values, vectors = np.linalg.eigh(averaging @ power @ averaging.T)
    # Noise that was taken out too much leaves negative powers.
    values = np.maximum(values, 1e-3 * np.maximum(values[:, -1:], 1e-12))
    fine = np.fft.fftfreq(packing.period * m)
    ratio = np.hypot(fine[:, None], fine[None]).clip(1 / len(fine)) / np.sqrt(LOW * HIGH)
    luma, chroma = ratio**-LUMA_FALL, ratio**-CHROMA_FALL
    spectrum = np.einsum(
        "cie,ce,eyx,cje->cijyx", vectors, values, np.stack([chroma, chroma, luma]), vectors
    )
    spectrum[:, range(3), range(3)] *= 1 + UNLIKE
    return np.asarray(spectrum / np.sqrt(LOW * HIGH) ** LUMA_FALL).astype(complex)
