"""Photos that a profile fits though they say otherwise, and those that it does not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lenscal import jobs
from lenscal.files.psf.profile import Profile, read_profile, write_profile
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import DecodingMetadata, Frame
from lenscal.raw.identity.place import SensorArea

FIELD = (240, 360)


def field_kernels(n: int = 7, k: int = 9) -> np.ndarray:
    """A shift to the right that grows from the left border to the right one."""
    kernels = np.zeros((n, n, 3, k, k), np.float32)
    for c in range(n):
        share = c / (n - 1)
        kernels[:, c, :, k // 2, k // 2] = 1 - share
        kernels[:, c, :, k // 2, k // 2 + 2] = share
    return kernels


@pytest.fixture
def profile() -> Profile:
    return Profile(
        PsfGrid(field_kernels(), FIELD),
        camera="Lenscal Test",
        lens="Test 35mm",
        focal_mm=35.0,
        aperture_degraded=1.8,
    )


@pytest.fixture
def photo(tmp_path, make_dng):
    def make(size: tuple[int, int] = FIELD, **told: object) -> Frame:
        return decode_photo(make_dng(tmp_path / "a.dng", size=size, **told))

    return make


def with_pitch(frame: Frame, um: float) -> Frame:
    decoding = frame.info.decoding or DecodingMetadata()
    return replace(frame, info=replace(frame.info, decoding=replace(decoding, pixel_pitch_um=um)))


def shares(grid: PsfGrid) -> np.ndarray:
    """How far to the right in the field the nodes of the middle row lie, 0..1."""
    k = grid.kernel_size
    return grid.kernels[grid.shape[0] // 2, :, 1, k // 2, k // 2 + 2]


@pytest.mark.parametrize("size", [(238, 358), (240, 354), (244, 364), (236, 350)])
def test_a_few_pixels_are_no_other_sensor(profile, photo, size) -> None:
    frame = photo(size)
    assert jobs.mismatches(profile, frame) == []
    (note,) = jobs.match_notes(profile, frame)
    assert "other margins" in note
    grid = jobs.grid_for(profile, frame)
    assert grid.image_size == size
    np.testing.assert_allclose(shares(grid), np.linspace(0, 1, 7), atol=0.02)


def test_a_crop_takes_the_middle(profile, photo) -> None:
    frame = photo((160, 240))
    assert jobs.mismatches(profile, frame) == []
    (note,) = jobs.match_notes(profile, frame)
    assert note.startswith("a crop of 240 x 160 px")
    at = (np.linspace(0, 239, 7) + 60) / 359
    np.testing.assert_allclose(shares(jobs.grid_for(profile, frame)), at, atol=1e-5)


def test_an_aspect_ratio_takes_its_rows(profile, photo) -> None:
    frame = photo((200, 360))
    assert jobs.mismatches(profile, frame) == []
    np.testing.assert_allclose(
        shares(jobs.grid_for(profile, frame)), np.linspace(0, 1, 7), atol=1e-5
    )


def test_a_crop_whose_place_is_known(profile, photo) -> None:
    frame = photo((160, 240))
    area = SensorArea(250, 380, top=20, left=110)
    frame = replace(frame, info=replace(frame.info, area=area))
    own = replace(profile, sensor_area=SensorArea(250, 380, top=4, left=10))
    at = (np.linspace(0, 239, 7) + 100) / 359
    np.testing.assert_allclose(shares(jobs.grid_for(own, frame)), at, atol=1e-5)


def test_half_the_size_is_a_crop_or_a_sum_by_its_pixels(profile, photo) -> None:
    frame = photo((120, 180))
    (refused,) = jobs.mismatches(profile, frame)
    assert "nothing tells whether it is a crop" in refused
    known = replace(profile, pixel_pitch_um=4.0)
    crop, sums = with_pitch(frame, 4.02), with_pitch(frame, 7.9)
    assert jobs.mismatches(known, crop) == jobs.mismatches(known, sums) == []
    grid = jobs.grid_for(known, crop)
    assert shares(grid)[0] == pytest.approx(90 / 359, abs=2e-3)
    summed = jobs.grid_for(known, sums)
    # All of the field; two pixels are one now.
    assert summed.kernel_size == 5
    np.testing.assert_allclose(summed.kernels[0, -1, 1, 2, 3], 1, atol=0.02)
    np.testing.assert_allclose(summed.kernels[0, 0, 1, 2, 2], 1, atol=0.02)


def test_the_focal_length_for_35_mm_film_tells_a_crop(profile, photo) -> None:
    frame = photo((160, 240))
    known = replace(profile, crop_factor=1.0)
    for factor, fits in ((1.5, True), (1.0, False), (None, True)):
        told = replace(frame, info=replace(frame.info, crop_factor=factor))
        assert (jobs.mismatches(known, told) == []) == fits
    half = photo((120, 180))
    half = replace(half, info=replace(half.info, crop_factor=2.0))
    assert jobs.mismatches(known, half) == []


def test_what_reaches_beyond_the_field_is_refused(profile, photo) -> None:
    (refused,) = jobs.mismatches(profile, photo((360, 540)))
    assert "it shows more than the PSF was learnt from" in refused
    # Of another camera, no crop mode is known.
    frame = photo((160, 240), model="Other")
    assert len(jobs.mismatches(profile, frame)) == 2
    assert jobs.grid_for(profile, frame).kernels is profile.psf.kernels


def test_one_camera_and_lens_under_other_names(profile, photo) -> None:
    told = {"make": "LENSCAL CORPORATION", "model": "LENSCAL TEST", "lens": "Lenscal TEST 35 mm"}
    assert jobs.mismatches(profile, photo(**told)) == []
    refused = jobs.mismatches(profile, photo(model="Lenscal Test E", lens="Test 35mm II"))
    assert [text.split(" is ")[0] for text in refused] == ["the photo's camera", "the photo's lens"]


def test_what_a_photo_does_not_say_is_noted(profile, photo) -> None:
    frame = photo(lens="----", f_number=0, focal_mm=0)
    assert jobs.mismatches(profile, frame) == []
    assert jobs.match_notes(profile, frame) == [
        "the photo does not say its lens, aperture and focal length: taken for the profile's "
        "(Test 35mm, f/1.8, 35 mm)"
    ]
    assert jobs.match_notes(Profile(profile.psf), frame) == []


def test_where_the_photos_lie_is_kept_in_the_profile(profile, tmp_path: Path) -> None:
    area = SensorArea(250, 380, 4, 10)
    path = tmp_path / "a.lenscal"
    write_profile(path, replace(profile, sensor_area=area, pixel_pitch_um=4.3))
    back = read_profile(path)
    assert (back.sensor_area, back.pixel_pitch_um) == (area, 4.3)


def test_the_window_corrects_a_crop_too(profile, tmp_path: Path, make_dng) -> None:
    from lenscal.jobs.window.correction import compare
    from lenscal.restore.settings import RestoreSettings
    from lenscal.stepping import finish

    path = make_dng(tmp_path / "a.dng", size=(160, 240))
    comparison, doubts = finish(compare(profile, path, RestoreSettings(device="cpu")))
    assert comparison.after[0].shape == (160, 240, 3)
    assert any("a crop of 240 x 160 px" in doubt for doubt in doubts)


def test_the_windows_report_says_how_it_was_corrected(profile, tmp_path: Path, make_dng) -> None:
    from lenscal.files.photos.export_settings import Look
    from lenscal.jobs.window.correction import compare
    from lenscal.jobs.window.psf import lens_report
    from lenscal.restore.settings import RestoreSettings
    from lenscal.stepping import finish

    path = make_dng(tmp_path / "a.dng", size=FIELD)
    settings = RestoreSettings(device="cpu", amount=0.75)
    comparison, _ = finish(compare(profile, path, settings))
    text = lens_report(profile, "lens", comparison, None, Look(2.0)).text
    assert "amount 0.75" in text and "photographed at f/1.8. Both are shown with exposure" in text


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"lens": "Other 85mm"}, "the photo's lens is Other 85mm"),
        ({"focal_mm": 50.0}, "the photo was taken at 50 mm"),
        ({"size": (360, 540)}, "the photo has 540 x 360 px"),
    ],
)
def test_a_photo_of_another_lens_waits_for_no_lens_model(
    profile, tmp_path: Path, make_dng, monkeypatch, told, said
) -> None:
    from lenscal.api.correcting import correct as correct_array
    from lenscal.errors import InputError
    from lenscal.files.photos.export_settings import PLAIN, ExportSettings
    from lenscal.jobs.on_screen import report_crops
    from lenscal.jobs.window.preview import doubts_of
    from lenscal.lens import prediction
    from lenscal.restore.settings import RestoreSettings
    from lenscal.stepping import finish

    def fitted(_):
        raise InterruptedError("fitted")
        yield

    monkeypatch.setattr(prediction, "fitted_model", fitted)
    monkeypatch.setattr(prediction, "kept_model", lambda _: None)
    lens, settings = replace(profile, aperture_sharp=5.6), RestoreSettings(device="cpu")
    own = make_dng(tmp_path / "own.dng", size=FIELD, f_number=2.8)
    foreign = make_dng(tmp_path / "foreign.dng", f_number=2.8, **{"size": FIELD, **told})
    with pytest.raises(InterruptedError):
        finish(doubts_of(lens, decode_photo(own)))
    assert said in finish(doubts_of(lens, decode_photo(foreign)))[0]
    (result,) = finish(jobs.correct(lens, [foreign], settings, ExportSettings(tmp_path / "out")))
    assert said in result.problem
    for refusing in (
        lambda: finish(report_crops(lens, foreign, settings, PLAIN)),
        lambda: correct_array(foreign, lens),
    ):
        with pytest.raises(InputError, match=said):
            refusing()
