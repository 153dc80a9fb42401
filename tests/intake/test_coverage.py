"""Texture by the cells of a grid, of photos whose plain part is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from raw_photos import add_noise, write_photo
from scipy.ndimage import gaussian_filter

from lenscal.intake.coverage import common_coverage, coverage
from lenscal.intake.survey import N_DIRECTIONS, Survey, TileKind, survey
from lenscal.raw.decode import decode_photo


def photo(path: Path, sky: np.ndarray) -> Survey:
    """A photo of fine texture [n, n] with a smooth sky where `sky` is true, written and read
    back."""
    rng = np.random.default_rng(5)
    texture = 0.15 * (1 + 0.8 * gaussian_filter(rng.normal(size=sky.shape), 1.5) * 5)
    slope = np.linspace(0.5, 0.7, sky.shape[0])[:, None] * np.ones(sky.shape)
    values = np.where(sky, slope, np.clip(texture, 0.02, 0.6))
    write_photo(path, raw=add_noise(values, 1e-4, 1e-6, rng))
    return survey(decode_photo(path))


def test_a_sky_is_found_where_it_is(tmp_path: Path) -> None:
    y, x = np.mgrid[:600, :900]
    one = photo(tmp_path / "sky.dng", (y < 200) & (x < 300))
    seen = coverage([one], (6, 9))
    assert seen.cells.shape == (6, 9) and seen.cells.dtype == np.float32
    assert seen.cells[0, 0] == 0 and seen.cells[:2, :3].mean() < 0.3
    assert seen.cells[3:].min() == seen.cells[:, 4:].min() == 1
    np.testing.assert_allclose(seen.cells + seen.causes.sum(axis=-1), 1, atol=1e-6)
    assert seen.describe() == (
        "top left: sky or other plain areas in the photo; this corner relies on its neighbours",
    )
    assert seen.as_text()[0].startswith("  ") and seen.as_text()[-1] == 18 * "#"
    # Another photo without a sky there: every second photo has texture, and nothing needs to be
    # said.
    two = coverage([one, photo(tmp_path / "wall.dng", y < 0)], (6, 9))
    assert two.cells[0, 0] == 0.5 and two.describe() == ()


def survey_of(kinds: np.ndarray) -> Survey:
    return Survey(
        np.full(kinds.shape, 0.2, np.float32), kinds.astype(np.uint8), np.zeros(N_DIRECTIONS)
    )


def test_regions_are_named_with_their_cause() -> None:
    kinds = np.full((12, 18), TileKind.USABLE)
    kinds[:4], kinds[-4:, -6:], kinds[4:8, :6] = TileKind.PLAIN, TileKind.CLIPPED, TileKind.DARK
    told = coverage([survey_of(kinds)] * 3, (8, 8)).describe()
    assert told == (
        "top left, top and top right: sky or other plain areas in most photos; "
        "these parts rely on their neighbours",
        "left: nearly black areas in most photos; this part relies on its neighbours",
        "bottom right: blown-out areas in most photos; this corner relies on its neighbours",
    )
    nearly = coverage([survey_of(np.full((12, 18), TileKind.PLAIN))], (8, 8)).describe()
    assert len(nearly) == 1 and "little texture nearly everywhere" in nearly[0]


def test_grids_finer_and_coarser_than_the_tiles() -> None:
    kinds = np.full((5, 7), TileKind.USABLE)
    kinds[:, 0] = TileKind.PLAIN
    fine = coverage([survey_of(kinds)], (16, 21)).cells
    assert fine.shape == (16, 21)
    assert (fine[:, :3] == 0).all() and (fine[:, 3:] == 1).all()
    np.testing.assert_allclose(coverage([survey_of(kinds)], (1, 1)).cells, 6 / 7)


def test_the_weaker_folder_counts_and_no_photos_are_no_texture() -> None:
    kinds = np.full((4, 4), TileKind.USABLE)
    left, right = kinds.copy(), kinds.copy()
    left[:, 0], right[:, 3] = TileKind.PLAIN, TileKind.DARK
    both = common_coverage(
        coverage([survey_of(left)], (4, 4)), coverage([survey_of(right)], (4, 4))
    )
    np.testing.assert_array_equal(both.cells[0], [0, 1, 1, 0])
    assert both.causes[0, 0, 0] == both.causes[0, 3, 1] == 1
    nothing = coverage([], (4, 4))
    assert nothing.cells.max() == 0 and nothing.describe() == ()
