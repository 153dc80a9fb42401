"""Lateral colour of the sharp photos, which the same-position reference of paired photos cannot
see.

Scenes have no preferred direction in which red is displaced against green, so the phase of the
cross-spectra of the channels, averaged over many patches, is the lens's (docs/method.md,
section 2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lenscal.calibration.field.geometry import cell_positions
from lenscal.calibration.field.polynomials import field_polynomials, polynomials
from lenscal.calibration.packing import clips
from lenscal.raw.frame import Frame, Sampling
from lenscal.system.threads import in_order

COLOUR_PATCH_PX = 64
"""Smaller ones blur the lowest frequencies, larger ones mix places of the field."""
COLOUR_GRID = (9, 9)
"""Nodes on which a calibration keeps lateral colour; odd, so that one is the middle."""
HIGHEST_COLOUR_FREQUENCY = 0.22
"""cycles/px; red and blue sites are two pixels apart and show nothing beyond 0.25."""
HIGHEST_AMONG_ZEROS = 0.12
"""cycles/px; X-Trans sites are read among zeros, and what its pattern folds stands above 1/6. With
demosaiced photos instead, lateral colour was off by 0.18 px, so by 0.14
(docs/experiments/sensors.md)."""
HIGHEST_DEMOSAICED = 0.08
"""cycles/px; above, demosaicing copies green's detail into red and blue, and with it green's
place."""
MOST_AT_ONCE = 8
"""Photos whose spectra wait side by side: up to 100 MB each on the finest grid."""
COLOUR_FIELD_DEGREE = 3
"""Of the polynomial over the field: lateral colour of a centred lens is odd, linear and cubic."""
LOWEST_CYCLES = 1.5
"""A patch; slower waves are the window's, and those of the mean that was taken out."""
INCOHERENCE_FLOOR = 0.02
"""Of a frequency's weight: a single, nearly coherent frequency must not decide a cell."""
LARGEST_OUTLIER = 4
"""Times the median misfit, beyond which a cell is left out of the polynomial."""
LEAST_AMPLITUDE = 1e-3
"""Mean amplitude of green below which there is no light to compare."""


def cross_spectra(
    frames: Sequence[Frame], cells: tuple[int, int], *, per_cell: int = 4
) -> Iterator[NDArray[np.complex128]]:
    """Sums over patches of (R, B) times conj(G) and of the channels' powers; yields the growing
    sums after each photo.

    Bayer photos are read on their mosaic: red sites against both greens. The aliases of the two
    greens have opposite signs and cancel in the cross-spectrum, but for the one at (1/2, 1/2),
    where lenses and pixels leave almost nothing.

    Yields
    ------
    complex128 ndarray [cells, 5, m, m // 2 + 1]: RG, BG, RR, GG, BB; m = COLOUR_PATCH_PX / 2 on the
    mosaic, else COLOUR_PATCH_PX. Every patch is divided by its own variance, so that no photo
    dominates.
    """
    m = COLOUR_PATCH_PX // _spacing_px(frames[0])
    sums = np.zeros((cells[0] * cells[1], 5, m, m // 2 + 1), np.complex128)
    work = in_order(lambda frame: _photo_spectra(frame, cells, per_cell), frames, most=MOST_AT_ONCE)
    with closing(work) as photos:
        for photo in photos:
            sums += photo
            yield sums


def _photo_spectra(frame: Frame, cells: tuple[int, int], per_cell: int) -> NDArray[np.complex128]:
    """The sums of one photo."""
    m = COLOUR_PATCH_PX // _spacing_px(frame)
    per_side = int(np.sqrt(per_cell))
    tops, lefts = (
        _starts(count, per_side, length) for count, length in zip(cells, frame.size, strict=True)
    )
    sums = np.zeros((*cells, 5, m, m // 2 + 1), np.complex128)
    for number, top in enumerate(tops):
        # A strip at a time: patch by patch, reading costs more than all transforms.
        columns, spectra = _strip_spectra(frame, top, lefts)
        for column, cross in zip(columns, _cross(spectra), strict=True):
            sums[number // per_side, column // per_side] += cross
    return sums.reshape(-1, *sums.shape[2:])


def _starts(n_cells: int, per_cell: int, length: int) -> list[int]:
    """Where the patches of each cell along an axis begin, even: on a period of the colour filter
    array."""
    # The middles of as many parts of a cell, drawn in a little from its edges.
    offsets = ((np.arange(per_cell) * 2 + 1) / per_cell - 1) * 0.4
    centres = (np.arange(n_cells)[:, None] + 0.5 + offsets).ravel() / n_cells
    last = length - COLOUR_PATCH_PX
    return [
        int(np.clip(centre * length - COLOUR_PATCH_PX / 2, 0, last)) // 2 * 2 for centre in centres
    ]


def _cross(spectra: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """RG, BG and the powers of R, G, B [n, 5, m, m // 2 + 1] of the colours' spectra [n, 3, m,
    m // 2 + 1], over the green's mean power."""
    r, g, b = spectra.swapaxes(0, 1)
    powers = [colour.real**2 + colour.imag**2 for colour in (r, g, b)]
    level = powers[1][:, 1:, 1:].mean((1, 2))
    cross = np.stack([r * g.conj(), b * g.conj(), *powers], axis=1)
    return np.asarray(cross / level[:, None, None, None])


def colour_band(frame: Frame, highest: float = HIGHEST_COLOUR_FREQUENCY) -> float:
    """Highest frequency, cycles/px, up to which a photo's colours show where they stand."""
    if not frame.demosaiced or _is_bayer(frame):
        return highest
    return min(highest, HIGHEST_AMONG_ZEROS if frame.mosaic.size else HIGHEST_DEMOSAICED)


def _is_bayer(frame: Frame) -> bool:
    return frame.sampling is Sampling.BAYER


def _spacing_px(frame: Frame) -> int:
    """Distance of the sites of one colour."""
    return 2 if _is_bayer(frame) else 1


def _strip_spectra(
    frame: Frame, top: int, lefts: Sequence[int]
) -> tuple[NDArray[np.intp], NDArray[np.complex128]]:
    """Which of the patches that begin at these columns of a strip can be used, [n], and their half
    plane spectra of R, G, B, [n, 3, m, m // 2 + 1]: no light clips there, and there is some."""
    rows, cols = slice(top, top + COLOUR_PATCH_PX), slice(0, frame.size[1])
    if _is_bayer(frame):
        value, channel, multiplier = frame.mosaic_tile(rows, cols)
        clipped = clips(value, multiplier * frame.clipping[channel])
        planes = [
            (value[i::2, j::2], (i, j), int(channel[i, j])) for i in range(2) for j in range(2)
        ]
    elif frame.mosaic.size:
        value, channel, multiplier = frame.mosaic_tile(rows, cols)
        clipped = clips(value, multiplier * frame.clipping[channel])
        planes = [
            (np.where(here, value - value[here].mean(), 0), (0, 0), c)
            for c, here in enumerate(channel == c for c in range(3))
        ]
    else:
        value = frame.rgb_tile(rows, cols)
        clipped = clips(value, frame.limit_tile(rows, cols))
        planes = [(value[..., c], (0, 0), c) for c in range(3)]
    usable = [not clipped[:, left : left + COLOUR_PATCH_PX].any() for left in lefts]
    columns, step = np.flatnonzero(usable), _spacing_px(frame)
    m = COLOUR_PATCH_PX // step
    window = np.outer(np.hanning(m), np.hanning(m))
    spectra = np.zeros((len(columns), 3, m, m // 2 + 1), np.complex128)
    starts = np.array(lefts)[columns] // step
    for plane, offset, c in planes:
        # [n, m, m]: every patch of the strip at once.
        patches = np.lib.stride_tricks.sliding_window_view(plane, m, axis=1)[:, starts]
        patches = patches.swapaxes(0, 1)
        patches = (patches - patches.mean((1, 2), keepdims=True)) * window
        # Each plane's phase is put back to the patch's corner, or sites would pass for a shift.
        spectra[:, c] += np.fft.rfft2(patches) * _site_phases(m, step, offset)
    bright = np.abs(spectra[:, 1, 1:, 1:]).mean((1, 2)) > LEAST_AMPLITUDE
    return columns[bright], spectra[bright]


@lru_cache(maxsize=16)
def _site_phases(m: int, step: int, offset: tuple[int, int]) -> NDArray[np.complex128]:
    """[m, m // 2 + 1]: what a plane's spectrum is multiplied by whose sites lie (y, x) px from the
    patch's corner, `step` px apart."""
    # Cycles per pixel of the sensor, whatever the planes' own sampling.
    fy, fx = np.meshgrid(np.fft.fftfreq(m) / step, np.fft.rfftfreq(m) / step, indexing="ij")
    phases: NDArray[np.complex128] = np.exp(-2j * np.pi * (fy * offset[0] + fx * offset[1]))
    # Shared by all patches.
    phases.flags.writeable = False
    return phases


def lateral_shifts(
    sums: NDArray[np.complex128],
    cells: tuple[int, int],
    shape: tuple[int, int],
    *,
    highest: float = HIGHEST_COLOUR_FREQUENCY,
) -> NDArray[np.float64]:
    """[nodes, 3, 2]: (dy, dx) px of R, G, B at the nodes, their mean over channels zero.

    highest : cycles/px that are read (`colour_band`)

    Each cell's shift is a weighted least-squares line through the phases; a polynomial over the
    field smooths them.
    """
    m = sums.shape[-2]
    step = COLOUR_PATCH_PX // m
    fy, fx = np.meshgrid(np.fft.fftfreq(m) / step, np.fft.rfftfreq(m) / step, indexing="ij")
    radius = np.hypot(fy, fx)
    in_band = (radius > LOWEST_CYCLES / COLOUR_PATCH_PX) & (radius < highest)
    f = np.stack([fy[in_band], fx[in_band]], -1)
    basis = polynomials(cell_positions(cells), COLOUR_FIELD_DEGREE)
    shifts = np.zeros((shape[0] * shape[1], 3, 2))
    nodes = field_polynomials(shape, COLOUR_FIELD_DEGREE)
    for number, channel in enumerate((0, 2)):
        cross = sums[:, number][:, in_band]
        # What part of two channels goes together decides how well their phase is known.
        coherence = np.abs(cross) ** 2 / np.maximum(
            (sums[:, 2 + channel] * sums[:, 3])[:, in_band].real, 1e-30
        )
        # The inverse variance of a phase (Bendat & Piersol 2010, Random Data, chapter 9).
        weight = coherence / np.maximum(1 - coherence, INCOHERENCE_FLOOR)
        cell_shifts, certainty = np.zeros((len(sums), 2)), np.zeros(len(sums))
        for cell in range(len(sums)):
            s = np.zeros(2)
            normal = 4 * np.pi**2 * (f.T * weight[cell]) @ f
            # Phases wrap: each round measures what the last one's shift leaves.
            for _ in range(4):
                phase = np.angle(cross[cell] * np.exp(2j * np.pi * (f @ s)))
                s = s - 2 * np.pi * np.linalg.solve(
                    normal + 1e-9 * np.eye(2), f.T @ (weight[cell] * phase)
                )
            cell_shifts[cell], certainty[cell] = s, np.linalg.det(normal) ** 0.5
        # A cell of sky or of one strong edge can be far off.
        inliers = np.ones(len(sums), bool)
        for _ in range(3):
            # Cells of much texture say more than plain ones.
            root = np.sqrt(certainty * inliers)[:, None]
            coefficients = np.linalg.lstsq(basis * root, cell_shifts * root, rcond=None)[0]
            error = np.linalg.norm(cell_shifts - basis @ coefficients, axis=-1)
            inliers = error < LARGEST_OUTLIER * np.median(error) + 1e-6
        shifts[:, channel] = nodes @ coefficients
    # Only differences between channels show: their mean is put in the middle.
    return np.asarray(shifts - shifts.mean(axis=1, keepdims=True))
