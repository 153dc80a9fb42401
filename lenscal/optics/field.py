"""How the lens behaves over the field: maps of sharpness and lateral colour, and what is lopsided
about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lenscal.optics.mtf import (
    centroid_px,
    ee80_radius_px,
    fwhm_px,
    mtf50_sagittal_tangential,
    mtf_cy_per_px,
    radial_directions,
)
from lenscal.optics.psf_grid import PsfGrid

R, G, B = 0, 1, 2
_LEAST_SIDES = 4
"""Rows or columns below which sides cannot be compared."""
_SIGMAS = 3.0
_MILD, _MARKED = 0.06, 0.18
"""Relative differences of MTF50 between opposite sides that are told, and called marked."""
_OFF_CENTRE = 0.08
"""Distance, in half diagonals, of the centre of the colour fringes from the middle that is told."""
_LEAST_FRINGE_PX = 0.15


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

    fwhm_px: np.ndarray
    ee80_px: np.ndarray
    sagittal: np.ndarray
    tangential: np.ndarray
    centroid_px: np.ndarray

    @property
    def mtf50(self) -> np.ndarray:
        """[rows, cols, 3]: geometric mean of both directions, cycles/px."""
        return np.sqrt(self.sagittal * self.tangential)

    @property
    def lateral_colour_px(self) -> np.ndarray:
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


def mtf_curves(
    psf: PsfGrid, row: int, col: int, frequencies: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sagittal and tangential modulation transfer [3, f] of one node at frequencies [f] in
    cycles/px."""
    height, width = psf.image_size
    sagittal, tangential = radial_directions(psf.positions[row, col][None], width / height)
    kernels = psf.kernels[row, col]
    return mtf_cy_per_px(kernels, sagittal, frequencies), mtf_cy_per_px(
        kernels, tangential, frequencies
    )


def lopsidedness(psf: PsfGrid, figures: FieldFigures) -> Lopsidedness:
    """Compare opposite sides. Grids with fewer than 4 rows or columns tell nothing of that
    direction."""
    height, width = psf.image_size
    half_diagonal = np.hypot(1.0, width / height)
    at = ((psf.positions - 0.5) * 2 * np.array([1.0, width / height])).reshape(-1, 2)
    y, x = (at / half_diagonal).T
    sure = (
        np.ones(len(at))
        if psf.confidence is None
        else np.maximum(psf.confidence[..., G].ravel(), 0.05)
    )
    slope_y, slope_x, error_y, error_x = _plane(
        np.log(np.maximum(figures.mtf50[..., G].ravel(), 1e-3)), y, x, sure
    )
    rows, cols = psf.shape
    across, down = np.ptp(x), np.ptp(y)
    enough = min(rows, cols) >= _LEAST_SIDES
    return Lopsidedness(
        right_over_left=float(slope_x * across) if cols >= _LEAST_SIDES else 0.0,
        bottom_over_top=float(slope_y * down) if rows >= _LEAST_SIDES else 0.0,
        sigma_x=float(error_x * across) if cols >= _LEAST_SIDES else np.inf,
        sigma_y=float(error_y * down) if rows >= _LEAST_SIDES else np.inf,
        colour_centre=_colour_centre(figures.lateral_colour_px, y, x, sure) if enough else None,
    )


def lopsidedness_in_words(found: Lopsidedness) -> tuple[str, ...]:
    """What the sides tell of tilt and decentring, one sentence each; never empty."""
    told, sides = [], []
    for value, sigma, low, high in (
        (found.right_over_left, found.sigma_x, "left", "right"),
        (found.bottom_over_top, found.sigma_y, "top", "bottom"),
    ):
        if not np.isfinite(sigma) or abs(value) < _MILD or abs(value) < _SIGMAS * sigma:
            continue
        softer, sharper = (low, high) if value > 0 else (high, low)
        degree = "much softer" if abs(value) >= _MARKED else "a little softer"
        sides.append(
            f"{softer} side {degree} than {sharper} (MTF50 {1 - np.exp(-abs(value)):.0%} lower at the edge)"
        )
    if sides:
        told.append(f"{', '.join(sides)}: a tilted or decentred element, or a tilted sensor")
    if found.colour_centre is not None and np.hypot(*found.colour_centre) >= _OFF_CENTRE:
        y, x = found.colour_centre
        parts = [
            f"{abs(v):.0%} {word}"
            for v, word in (
                (x, "to the right" if x > 0 else "to the left"),
                (y, "below" if y > 0 else "above"),
            )
            if abs(v) >= _OFF_CENTRE / 2
        ]
        told.append(
            f"colour fringes have their centre {' and '.join(parts)} (of half the diagonal): decentred"
        )
    if told:
        return tuple(told)
    if not (np.isfinite(found.sigma_x) and np.isfinite(found.sigma_y)):
        return ("too few kernels to compare the sides",)
    within = max(_MILD, _SIGMAS * found.sigma_x, _SIGMAS * found.sigma_y)
    return (f"no tilt or decentring to be seen: opposite sides agree within {within:.0%}",)


def _plane(
    values: np.ndarray, y: np.ndarray, x: np.ndarray, weight: np.ndarray
) -> tuple[float, float, float, float]:
    """Slopes along y and x, and their standard errors, of values [n] = even bowl (astigmatic, of
    4th order) + plane."""
    r2 = y * y + x * x
    columns = np.stack([np.ones_like(y), y * y, x * x, r2 * r2, y, x], axis=1)
    root = np.sqrt(weight)
    columns, target = columns * root[:, None], values * root
    inverse = np.linalg.pinv(columns.T @ columns)
    solution = inverse @ (columns.T @ target)
    left = target - columns @ solution
    variance = (left @ left) / max(len(values) - np.linalg.matrix_rank(columns), 1)
    errors = np.sqrt(np.maximum(variance * np.diag(inverse), 0))
    return float(solution[4]), float(solution[5]), float(errors[4]), float(errors[5])


def _colour_centre(
    shifts: np.ndarray, y: np.ndarray, x: np.ndarray, weight: np.ndarray
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


def _scale(
    shift: np.ndarray, y: np.ndarray, x: np.ndarray, weight: np.ndarray
) -> tuple[float, np.ndarray]:
    """Scale s and s * p0 of shift [n, 2] = s * (p - p0), by weighted least squares."""
    p = np.stack([y, x], axis=1)
    w = weight / weight.sum()
    mean_p, mean_s = w @ p, w @ shift
    dp, ds = p - mean_p, shift - mean_s
    scale = float((w[:, None] * dp * ds).sum() / (w[:, None] * dp * dp).sum())
    return scale, scale * mean_p - mean_s
