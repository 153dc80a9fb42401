from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lenscal.files.photos.photo_preview import PREVIEW_PX, read_preview

DATA = Path(__file__).parents[3] / "shared" / "data"


def test_a_photo_without_preview_is_developed(tmp_path, make_dng):
    seen = read_preview(make_dng(tmp_path / "a.dng", f_number=2.8))
    assert not seen.problem and seen.info.aperture == pytest.approx(2.8)
    assert (
        seen.pixels.dtype == np.uint8
        and seen.pixels.ndim == 3
        and 16 <= max(seen.pixels.shape[:2]) <= PREVIEW_PX
    )


@pytest.mark.parametrize("content", [b"", b"II*\0 not a photo at all" * 20, b"\xff\xd8\xff" * 50])
def test_a_broken_file_has_a_problem_and_no_picture(tmp_path, content):
    path = tmp_path / "broken.dng"
    path.write_bytes(content)
    seen = read_preview(path)
    assert seen.pixels is None and seen.problem


def test_a_missing_file_is_no_surprise(tmp_path):
    assert read_preview(tmp_path / "gone.dng").problem


@pytest.mark.skipif(not (DATA / "raw").is_dir(), reason="no RAW photos of cameras here")
def test_photos_of_cameras_have_pictures():
    for path in sorted((DATA / "raw").iterdir()):
        seen = read_preview(path)
        assert not seen.problem and max(seen.pixels.shape[:2]) == PREVIEW_PX
        assert seen.pixels.std() > 10 and seen.info.width > 1000


@pytest.mark.skipif(not (DATA / "raw_bad").is_dir(), reason="no damaged RAW photos here")
def test_damaged_photos_never_raise():
    for path in sorted((DATA / "raw_bad").iterdir()):
        seen = read_preview(path)
        assert (seen.pixels is None) == bool(seen.problem), path.name
