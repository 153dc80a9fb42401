"""How the lens behaves over the field: maps of sharpness and lateral colour, and what is lopsided
about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.mtf import (
    centroid_px,
    ee80_radius_px,
    fwhm_px,
    mtf50_sagittal_tangential,
    mtf_cy_per_px,
    radial_directions,
)
from lenscal.optics.psf_grid import PsfGrid
from lenscal.translation import join_translatable, translatable

Floats = NDArray[np.float64]

R, G, B = 0, 1, 2
_LEAST_SIDES = 4
"""Rows or columns below which sides cannot be compared."""
_SIGMAS = 3.0
_MILD, _MARKED = 0.06, 0.18
"""Relative differences of MTF50 between opposite sides that are mentioned, and called marked."""
_OFF_CENTRE = 0.08
"""Distance, in half diagonals, of the centre of the colour fringes from the middle that is
mentioned."""
_LEAST_FRINGE_PX = 0.15
"""At the field's edge: smaller fringes have no centre that could be measured."""
_LEAST_CONFIDENCE = 0.05
"""As a weight: a grid of nothing but guesses is still compared."""


@dataclass(frozen=True, slots=True, eq=False)
class FieldFigures:
    """Figures at every node of a grid.

    Attributes
    ----------
    fwhm_px, ee80_px, sagittal, tangential : float64 ndarray [rows, cols, 3]
        Full width at half maximum and radius of 80 % of the energy, px; MTF50 across and along the
        image's radius, cycles/px (0.5: never falls to a half).
    centroid_px : float64 ndarray [rows, cols, 3, 2]
        (y, x) from the kernel's middle.
    """

    fwhm_px: Floats
    ee80_px: Floats
    sagittal: Floats
    tangential: Floats
    centroid_px: Floats

    @property
    def mtf50(self) -> Floats:
        """[rows, cols, 3]: geometric mean of both directions, cycles/px."""
        return np.asarray(np.sqrt(self.sagittal * self.tangential))

    @property
    def lateral_colour_px(self) -> Floats:
        """[rows, cols, 2, 2]: where red, and blue, lie from green, (y, x) px."""
        return self.centroid_px[:, :, [R, B]] - self.centroid_px[:, :, [G]]


@dataclass(frozen=True, slots=True)
class Lopsidedness:
    """How much the two sides differ.

    Attributes
    ----------
    right_over_left, bottom_over_top : float
        log of the ratio of the green MTF50 at opposite edges, of a fit of a bowl and a plane; 0:
        even.
    sigma_x, sigma_y : float
        Standard errors of the two.
    colour_centre : (y, x) or None
        Where colours do not part, from the photo's middle in half diagonals; None where fringes are
        too small to tell.
    """

    right_over_left: float
    bottom_over_top: float
    sigma_x: float
    sigma_y: float
    colour_centre: tuple[float, float] | None


def field_figures(psf: PsfGrid) -> FieldFigures:
    """Figures of every kernel of a grid."""
    rows, cols = psf.shape
    height, width = psf.image_size
    flat = psf.kernels.reshape(rows * cols, *psf.kernels.shape[2:])
    sagittal, tangential = mtf50_sagittal_tangential(
        flat, psf.positions.reshape(-1, 2), width / height
    )
    shape = (rows, cols, 3)
    return FieldFigures(
        fwhm_px(psf.kernels),
        ee80_radius_px(psf.kernels),
        sagittal.reshape(shape),
        tangential.reshape(shape),
        centroid_px(psf.kernels.astype(np.float64)),
    )


def mtf_curves(psf: PsfGrid, row: int, col: int, frequencies: Floats) -> tuple[Floats, Floats]:
    """Sagittal and tangential modulation transfer [3, f] of one node at frequencies [f] in
    cycles/px."""
    height, width = psf.image_size
    sagittal, tangential = radial_directions(psf.positions[row, col][None], width / height)
    kernels = psf.kernels[row, col]
    across = mtf_cy_per_px(kernels, sagittal, frequencies)
    along = mtf_cy_per_px(kernels, tangential, frequencies)
    return across, along


def lopsidedness(psf: PsfGrid, figures: FieldFigures) -> Lopsidedness:
    """Compare opposite sides. Grids with fewer than 4 rows or columns tell nothing of that
    direction."""
    height, width = psf.image_size
    # In half diagonals from the photo's middle, so that a corner has the distance 1.
    half_diagonal = np.hypot(1.0, width / height)
    at = ((psf.positions - 0.5) * 2 * np.array([1.0, width / height])).reshape(-1, 2)
    y, x = (at / half_diagonal).T
    weight = np.ones(len(at))
    if psf.confidence is not None:
        weight = np.maximum(psf.confidence[..., G].ravel(), _LEAST_CONFIDENCE)
    # The logarithm: sides are compared by ratios.
    sharpness = np.log(np.maximum(figures.mtf50[..., G].ravel(), 1e-3))
    slope_y, slope_x, error_y, error_x = _plane(sharpness, y, x, weight)
    rows, cols = psf.shape
    across, down = np.ptp(x), np.ptp(y)
    enough = min(rows, cols) >= _LEAST_SIDES
    centre = _colour_centre(figures.lateral_colour_px, y, x, weight) if enough else None
    return Lopsidedness(
        right_over_left=float(slope_x * across) if cols >= _LEAST_SIDES else 0.0,
        bottom_over_top=float(slope_y * down) if rows >= _LEAST_SIDES else 0.0,
        sigma_x=float(error_x * across) if cols >= _LEAST_SIDES else np.inf,
        sigma_y=float(error_y * down) if rows >= _LEAST_SIDES else np.inf,
        colour_centre=centre,
    )


def lopsidedness_in_words(sides: Lopsidedness) -> tuple[str, ...]:
    """What the sides tell of tilt and decentring, one sentence each; never empty."""
    sentences = (_tilt_in_words(sides), _colour_centre_in_words(sides.colour_centre))
    if any(sentences):
        return tuple(sentence for sentence in sentences if sentence)
    if not (np.isfinite(sides.sigma_x) and np.isfinite(sides.sigma_y)):
        return (translatable("too few kernels to compare the sides"),)
    within = max(_MILD, _SIGMAS * sides.sigma_x, _SIGMAS * sides.sigma_y)
    return (
        translatable(
            "no visible tilt or decentring: opposite sides agree within {within:.0%}",
            within=within,
        ),
    )


def _tilt_in_words(sides: Lopsidedness) -> str:
    """Which sides are softer than the opposite ones; empty where none is."""
    left, right = translatable("left"), translatable("right")
    top, bottom = translatable("top"), translatable("bottom")
    parts = []
    for value, sigma, first, second in (
        (sides.right_over_left, sides.sigma_x, left, right),
        (sides.bottom_over_top, sides.sigma_y, top, bottom),
    ):
        if not np.isfinite(sigma) or abs(value) < _MILD or abs(value) < _SIGMAS * sigma:
            continue
        softer, sharper = (first, second) if value > 0 else (second, first)
        lower = 1 - np.exp(-abs(value))
        if abs(value) >= _MARKED:
            part = translatable(
                "{softer} side much softer than {sharper} (MTF50 {lower:.0%} lower at the edge)",
                softer=softer,
                sharper=sharper,
                lower=lower,
            )
        else:
            part = translatable(
                "{softer} side a little softer than {sharper} "
                "(MTF50 {lower:.0%} lower at the edge)",
                softer=softer,
                sharper=sharper,
                lower=lower,
            )
        parts.append(part)
    if not parts:
        return ""
    return translatable(
        "{sides}: a tilted or decentred element, or a tilted sensor",
        sides=join_translatable(", ", parts),
    )


def _colour_centre_in_words(centre: tuple[float, float] | None) -> str:
    """Where the centre of the colour fringes lies; empty where it is near the middle."""
    if centre is None or np.hypot(*centre) < _OFF_CENTRE:
        return ""
    y, x = centre
    right = translatable("{share:.0%} to the right", share=abs(x))
    left = translatable("{share:.0%} to the left", share=abs(x))
    below = translatable("{share:.0%} below", share=abs(y))
    above = translatable("{share:.0%} above", share=abs(y))
    directions = ((x, right if x > 0 else left), (y, below if y > 0 else above))
    parts = [words for value, words in directions if abs(value) >= _OFF_CENTRE / 2]
    where = parts[0]
    if len(parts) > 1:
        where = translatable("{first} and {last}", first=parts[0], last=parts[1])
    return translatable(
        "colour fringes have their centre {where} (of half the diagonal): decentred", where=where
    )


def _plane(
    values: Floats, y: Floats, x: Floats, weight: Floats
) -> tuple[float, float, float, float]:
    """Slopes along y and x, and their standard errors, of values [n] = even bowl (astigmatic, of
    4th order) + plane."""
    r2 = y * y + x * x
    columns = np.stack([np.ones_like(y), y * y, x * x, r2 * r2, y, x], axis=1)
    root = np.sqrt(weight)
    columns, target = columns * root[:, None], values * root
    inverse = np.linalg.pinv(columns.T @ columns)
    solution = inverse @ (columns.T @ target)
    residual = target - columns @ solution
    n_free = max(len(values) - np.linalg.matrix_rank(columns), 1)
    variance = (residual @ residual) / n_free
    errors = np.sqrt(np.maximum(variance * np.diag(inverse), 0))
    return float(solution[4]), float(solution[5]), float(errors[4]), float(errors[5])


def _colour_centre(
    shifts: Floats, y: Floats, x: Floats, weight: Floats
) -> tuple[float, float] | None:
    """Where a linear fit of the lateral colour [rows, cols, 2, 2] vanishes: the one centre of red's
    and blue's."""
    flat = shifts.reshape(-1, 2, 2)
    total, middle = 0.0, np.zeros(2)
    for channel in range(2):
        # shift = scale * (p - p0), the same scale along y and x.
        scale, moment = _scale(flat[:, channel], y, x, weight)
        total += scale * scale
        middle += scale * moment
    if np.sqrt(total) < _LEAST_FRINGE_PX:
        return None
    at = middle / total
    return float(at[0]), float(at[1])


def _scale(shift: Floats, y: Floats, x: Floats, weight: Floats) -> tuple[float, Floats]:
    """Scale s and s * p0 of shift [n, 2] = s * (p - p0), by weighted least squares."""
    p = np.stack([y, x], axis=1)
    w = weight / weight.sum()
    mean_p, mean_s = w @ p, w @ shift
    dp, ds = p - mean_p, shift - mean_s
    scale = float((w[:, None] * dp * ds).sum() / (w[:, None] * dp * dp).sum())
    return scale, scale * mean_p - mean_s
