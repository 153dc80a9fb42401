"""A part of a photo corrected alone is what it is within the whole."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from lenscal.errors import InputError
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import NoiseModel
from lenscal.restore import plug_and_play, region
from lenscal.restore.photo import restore
from lenscal.restore.plug_and_play import blocks
from lenscal.restore.region import Part, part_of_grid, restore_region
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.restore.tiles import ArrayPhoto
from lenscal.stepping import finish

SIZE = (1100, 1400)


@pytest.fixture(scope="module")
def grid() -> PsfGrid:
    """Gaussians that widen and shift over the field, surer in the middle."""
    u = np.arange(-5, 6)
    kernels = np.zeros((4, 6, 3, 11, 11), np.float32)
    for r, c, channel in np.ndindex(4, 6, 3):
        sigma, shift = 0.8 + 0.2 * r + 0.05 * channel, 0.2 * (c - 2.5)
        k = np.outer(np.exp(-(u**2) / 2 / sigma**2), np.exp(-((u - shift) ** 2) / 2 / sigma**2))
        kernels[r, c, channel] = k / k.sum()
    confidence = np.linspace(0.5, 1, 72, dtype=np.float32).reshape(4, 6, 3)
    return PsfGrid(kernels, SIZE, confidence=confidence)


@pytest.fixture(scope="module")
def photo() -> ArrayPhoto:
    rng = np.random.default_rng(3)
    rgb = np.kron(rng.uniform(0.02, 1.1, (SIZE[0] // 10, SIZE[1] // 10, 3)), np.ones((10, 10, 1)))
    rgb += rng.normal(0, 0.01, rgb.shape)
    return ArrayPhoto(
        rgb.astype(np.float32), NoiseModel((1e-4,) * 3, (1e-6,) * 3), np.ones(3, np.float32)
    )


@pytest.mark.parametrize(
    "place", [(range(400, 700), range(500, 900)), (range(0, 130), range(1290, 1400))]
)
def test_a_part_is_corrected_as_within_the_whole(
    photo: ArrayPhoto, grid: PsfGrid, place: tuple[range, range]
) -> None:
    settings = RestoreSettings(amount=0.8)
    weight = np.empty(SIZE, np.float32)
    whole = finish(restore(photo, grid, settings, mask=weight))
    part, mask = finish(restore_region(photo, grid, settings, *place))
    here = np.ix_(*place)
    assert np.abs(whole[here] - photo.rgb[here]).max() > 0.1
    assert np.abs(part - whole[here]).max() < 2e-3
    assert np.abs(mask - weight[here]).max() < 2e-3


@pytest.mark.parametrize("method", [Method.DPIR, Method.DIFFPIR])
def test_a_part_gets_of_a_photo_prior_what_it_gets_within_the_whole(
    photo: ArrayPhoto, grid: PsfGrid, method: Method
) -> None:
    size = (380, 440)
    photo, grid = (
        replace(photo, rgb=photo.rgb[: size[0], : size[1]]),
        replace(grid, image_size=size),
    )
    settings, place = RestoreSettings(method, amount=0.8), (range(130, 226), range(200, 313))
    weight = np.empty(size, np.float32)
    whole = finish(restore(photo, grid, settings, mask=weight))
    part, mask = finish(restore_region(photo, grid, settings, *place))
    here = np.ix_(*place)
    error, change = part - whole[here], whole[here] - photo.rgb[here]
    assert np.abs(change).max() > 0.1
    assert np.sqrt((error**2).mean()) < 0.05 * np.sqrt((change**2).mean())
    assert np.quantile(np.abs(error), 0.999) < 2e-2
    assert np.abs(mask - weight[here]).max() < 1e-5


def test_a_part_over_a_seam_of_blocks_is_that_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, photo: ArrayPhoto, grid: PsfGrid
) -> None:
    small = partial(blocks, block_px=160)
    monkeypatch.setattr(region, "blocks", small)
    monkeypatch.setattr(plug_and_play, "blocks", lambda length, _px: small(length))
    size = (180, 330)
    photo, grid = (
        replace(photo, rgb=photo.rgb[: size[0], : size[1]]),
        replace(grid, image_size=size),
    )
    settings, place = RestoreSettings(Method.DPIR), (range(40, 100), range(130, 200))
    assert len(small(size[1])) == 2
    whole = finish(restore(photo, grid, settings))
    part, _ = finish(restore_region(photo, grid, settings, *place))
    assert np.abs(part - whole[np.ix_(*place)]).max() < 2e-2


def test_a_part_without_correction_is_the_photo(photo: ArrayPhoto, grid: PsfGrid) -> None:
    part, mask = finish(
        restore_region(photo, grid, RestoreSettings(Method.NONE), range(10, 50), range(20, 90))
    )
    assert np.array_equal(part, photo.rgb[10:50, 20:90])
    assert not mask.any()


def test_kernels_of_a_part_are_those_of_the_whole(grid: PsfGrid) -> None:
    rows, cols = range(256, 700), range(100, 900)
    part = part_of_grid(grid, rows, cols)
    for y, x in ((256, 100), (699, 899), (320, 355), (511, 612)):
        there = grid.at(np.array([y / (SIZE[0] - 1), x / (SIZE[1] - 1)]))
        here = part.at(
            np.array([(y - rows.start) / (len(rows) - 1), (x - cols.start) / (len(cols) - 1)])
        )
        assert np.abs(here - there).max() < 1e-3
    assert 0.5 <= part.confidence.min() <= part.confidence.max() <= 1


def test_a_part_reads_only_itself(photo: ArrayPhoto) -> None:
    part = Part(photo, range(100, 200), range(300, 500))
    assert part.size == (100, 200)
    assert np.array_equal(part.rgb_tile(slice(5, 9), slice(0, 7)), photo.rgb[105:109, 300:307])
    assert part.gain_tile(slice(0, 100), slice(0, 200)).shape == (100, 200, 3)


def test_a_photo_of_another_size_is_refused(photo: ArrayPhoto, grid: PsfGrid) -> None:
    with pytest.raises(InputError, match="its own profile"):
        finish(
            restore_region(
                photo, replace(grid, image_size=(10, 10)), RestoreSettings(), range(5), range(5)
            )
        )
