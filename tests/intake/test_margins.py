"""Photos of one sensor with other margins, in one calibration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lenscal.errors import InputError
from lenscal.intake.folder import import_pair
from lenscal.raw.decode import decode_photo
from lenscal.raw.identity.common_size import with_common_size
from lenscal.raw.identity.place import SensorArea
from lenscal.stepping import finish


def test_a_few_pixels_are_cut_off(tmp_path, make_dng) -> None:
    sizes = {"s0": (192, 256), "s1": (190, 252), "d0": (192, 256), "d1": (188, 256)}
    for n, (name, size) in enumerate(sizes.items()):
        f_number = 5.6 if name[0] == "s" else 1.8
        make_dng(tmp_path / name[0] / f"{name}.dng", size=size, seed=n, f_number=f_number)
    inputs = finish(import_pair([tmp_path / "s"], [tmp_path / "d"], keep_all=True))
    frames = (*inputs.sharp.frames, *inputs.degraded.frames)
    assert {frame.size for frame in frames} == {(188, 252)}
    assert {frame.mosaic.shape for frame in frames} == {(188, 252)}
    assert all((frame.cfa == frames[0].cfa).all() for frame in frames)
    for frame in frames:
        whole = decode_photo(frame.info.path)
        value, channel, _ = frame.mosaic_tile(slice(0, 8), slice(0, 8))
        top, left = (2 * ((a - b) // 4) for a, b in zip(whole.size, (188, 252), strict=True))
        expected, same, _ = whole.mosaic_tile(slice(top, top + 8), slice(left, left + 8))
        np.testing.assert_array_equal(channel, same)
        np.testing.assert_allclose(value, expected, rtol=1e-3)


def test_other_crops_are_refused(tmp_path, make_dng) -> None:
    make_dng(tmp_path / "s" / "a.dng", size=(192, 256), f_number=5.6)
    make_dng(tmp_path / "d" / "b.dng", size=(128, 256), seed=1)
    with pytest.raises(InputError, match="several sensor sizes"):
        finish(import_pair([tmp_path / "s"], [tmp_path / "d"], keep_all=True))


def test_known_places_are_kept(tmp_path, make_dng) -> None:
    a = decode_photo(make_dng(tmp_path / "a.dng", size=(128, 192)))
    b = decode_photo(make_dng(tmp_path / "b.dng", size=(124, 190)))
    gain = np.linspace(1, 2, 33 * 49 * 3).reshape(33, 49, 3).astype(np.float32)
    a = replace(a, gain=gain, info=replace(a.info, area=SensorArea(140, 200, 2, 4)))
    b = replace(b, info=replace(b.info, area=SensorArea(140, 200, 6, 4)))
    cut_a, cut_b = with_common_size([a, b])
    assert cut_a.size == cut_b.size == (124, 190)
    np.testing.assert_array_equal(cut_a.mosaic, a.mosaic[4:128, :190])
    np.testing.assert_array_equal(cut_b.mosaic, b.mosaic)
    assert cut_a.info.area == SensorArea(140, 200, 6, 4)
    everywhere = slice(None), slice(None)
    expected = a.gain_tile(*everywhere)[4:128, :190]
    np.testing.assert_allclose(cut_a.gain_tile(*everywhere), expected, rtol=2e-3)


def test_photos_of_one_size_are_left_alone(tmp_path, make_dng) -> None:
    frame = decode_photo(make_dng(tmp_path / "a.dng"))
    assert with_common_size([frame, frame])[0] is frame
