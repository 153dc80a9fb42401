"""Maps and verdicts of grids whose faults were put in by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lenscal.optics.field import field_figures, lopsidedness, lopsidedness_in_words, mtf_curves
from lenscal.optics.psf_grid import PsfGrid, axis_positions, delta_grid
from lenscal.optics.units import line_pairs_per_mm, micrometres

SIZE = (800, 1200)
SHAPE = (6, 8)
K = 21


def gaussian(sigma: float, at: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    axis = np.arange(K) - K // 2
    kernel = np.exp(-((axis[:, None] - at[0]) ** 2 + (axis - at[1]) ** 2) / 2 / sigma**2)
    return kernel / kernel.sum()


def grid_of(sigma, shift=lambda y, x, channel: (0.0, 0.0)) -> PsfGrid:
    """sigma(y, x) and shift(y, x, channel) of positions in half diagonals from the middle."""
    half = np.hypot(1, 1.5)
    kernels = np.empty((*SHAPE, 3, K, K), np.float32)
    for r, py in enumerate(axis_positions(SHAPE[0])):
        for c, px in enumerate(axis_positions(SHAPE[1])):
            y, x = (py - 0.5) * 2 / half, (px - 0.5) * 3 / half
            for channel in range(3):
                kernels[r, c, channel] = gaussian(sigma(y, x), shift(y, x, channel))
    return PsfGrid(kernels, SIZE)


def words(psf: PsfGrid) -> tuple[str, ...]:
    return lopsidedness_in_words(lopsidedness(psf, field_figures(psf)))


def test_figures_are_those_of_the_kernels():
    psf = grid_of(lambda y, x: 1.5, lambda y, x, channel: (0.1 * channel, -0.2 * channel))
    figures = field_figures(psf)
    assert figures.mtf50 == pytest.approx(
        np.full((*SHAPE, 3), np.sqrt(np.log(2) / 2) / np.pi / 1.5), rel=2e-3
    )
    assert figures.fwhm_px == pytest.approx(np.full((*SHAPE, 3), 2.3548 * 1.5), rel=0.02)
    assert figures.lateral_colour_px[2, 3] == pytest.approx(
        np.array([[-0.1, 0.2], [0.1, -0.2]]), abs=1e-3
    )


def test_curves_pass_through_mtf50_and_tell_the_directions():
    axis = np.arange(K) - K // 2
    wide_in_x = np.exp(-(axis[:, None] ** 2) / 2 / 1.0 - axis**2 / 2 / 4.0)
    kernels = np.broadcast_to(wide_in_x / wide_in_x.sum(), (3, 3, 3, K, K)).astype(np.float32)
    sagittal, tangential = mtf_curves(PsfGrid(kernels, SIZE), 1, 2, np.array([0.0, 0.187390]))
    assert sagittal[:, 0] == pytest.approx(np.ones(3)) and tangential[:, 0] == pytest.approx(
        np.ones(3)
    )
    assert sagittal[0, 1] == pytest.approx(0.5, abs=0.01)
    assert tangential[0, 1] == pytest.approx(0.5**4, abs=0.01)


def test_an_even_lens_is_called_even():
    said = words(grid_of(lambda y, x: 1 + 0.8 * (y * y + x * x)))
    assert len(said) == 1 and said[0].startswith("no visible tilt or decentring")


@pytest.mark.parametrize(
    ("sigma", "start"),
    [
        (lambda y, x: 1.5 + 0.4 * (y * y + x * x) - 0.35 * x, "left side much softer than right"),
        (lambda y, x: 1.5 + 0.4 * (y * y + x * x) + 0.35 * x, "right side much softer than left"),
        (
            lambda y, x: 1.5 + 0.4 * (y * y + x * x) - 0.15 * y,
            "top side a little softer than bottom",
        ),
        (
            lambda y, x: 1.5 + 0.4 * (y * y + x * x) + 0.15 * y,
            "bottom side a little softer than top",
        ),
    ],
)
def test_a_tilt_is_told_with_its_side(sigma, start):
    said = words(grid_of(sigma))
    assert len(said) == 1 and said[0].startswith(start)


def test_decentred_colour_fringes_are_told():
    def fringes(y, x, channel):
        scale = (0.8, 0.0, -0.5)[channel]
        return scale * (y + 0.1), scale * (x - 0.2)

    psf = grid_of(lambda y, x: 1.5, fringes)
    found = lopsidedness(psf, field_figures(psf))
    assert found.colour_centre == pytest.approx((-0.1, 0.2), abs=0.01)
    assert words(psf) == (
        "colour fringes have their centre 20% to the right and 10% above "
        "(of half the diagonal): decentred",
    )


def test_scatter_of_an_even_lens_is_not_called_a_tilt():
    rng = np.random.default_rng(4)
    for _ in range(10):
        found = words(grid_of(lambda y, x: 1.6 * np.exp(rng.normal(0, 0.25))))
        assert found[0].startswith("no visible tilt or decentring")


def test_a_guess_weighs_less_than_a_sure_kernel():
    psf = grid_of(lambda y, x: 3.0 if x > 0.6 else 1.5)
    doubt = np.ones((*SHAPE, 3), np.float32)
    doubt[:, 6:] = 0
    sure = lopsidedness(psf, field_figures(psf))
    doubted = lopsidedness(replace(psf, confidence=doubt), field_figures(psf))
    assert abs(doubted.right_over_left) < 0.6 * abs(sure.right_over_left)


def test_small_grids_cannot_be_compared():
    psf = delta_grid((1, 1), 5, SIZE)
    assert words(psf) == ("too few kernels to compare the sides",)


def test_units():
    assert micrometres(2.0, 4.3) == pytest.approx(8.6)
    assert line_pairs_per_mm(0.25, 5.0) == pytest.approx(50)
