"""Exposure and tone curve of developed photos: light follows the numbers, and nothing else is
touched."""

import imagecodecs
import numpy as np
import pytest

from lenscal.errors import InputError
from lenscal.files.photos.colour import CONTRAST, SHOULDER, SPACES, look_curve
from lenscal.files.photos.export_settings import (
    PLAIN,
    ExportSettings,
    Look,
    PhotoFormat,
    Space,
    Tone,
)
from lenscal.files.photos.photo_files import write_photo
from lenscal.raw.decode import decode_photo

SRGB = SPACES[Space.SRGB]
DEEP, SHALLOW = np.dtype(np.uint16), np.dtype(np.uint8)


def test_nothing_is_done_where_nothing_is_asked_for() -> None:
    assert look_curve(PLAIN, SRGB, DEEP) is None
    assert PLAIN.is_plain and not Look(0.5).is_plain and not Look(tone=Tone.FILM).is_plain


@pytest.mark.parametrize("space", SPACES)
def test_transfer_functions_are_inverse(space) -> None:
    values = np.linspace(0, 1, 1001)
    np.testing.assert_allclose(
        SPACES[space].decode(SPACES[space].encode(values)), values, atol=1e-6
    )


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("ev", [-2.0, 1.0, 3.0])
def test_an_ev_doubles_the_light(space, ev) -> None:
    curve = look_curve(Look(ev), SPACES[space], DEEP)
    codes = np.arange(65536)
    light, shown = (SPACES[space].decode(v / 65535) for v in (codes, curve))
    np.testing.assert_allclose(shown, np.minimum(light * 2**ev, 1), atol=1e-4)


@pytest.mark.parametrize("ev", [0.0, 1.5, 6.0])
def test_the_film_curve_keeps_white_and_clips_nothing_below_it(ev) -> None:
    curve = look_curve(Look(ev, Tone.FILM), SRGB, DEEP).astype(int)
    assert (np.diff(curve) >= 0).all() and curve[0] == 0 and curve[-1] == 65535
    light = SRGB.decode(np.arange(65536) / 65535)
    bright = light * 2**ev > SHOULDER
    # Linear exposure would make one value of most of these.
    assert len(np.unique(curve[bright])) > 0.2 * min(bright.sum(), 15_000)
    if ev == 0:
        middle = round(65535 * 0.25)
        v = middle / 65535
        expected = v + CONTRAST * (3 * v**2 - 2 * v**3 - v)
        assert curve[middle] / 65535 == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("wrong", [7.0, -5.0, float("nan")])
def test_wild_exposures_are_refused(wrong) -> None:
    with pytest.raises(InputError, match="--exposure"):
        Look(wrong)


@pytest.mark.parametrize(
    ("form", "space"),
    [(PhotoFormat.DNG, Space.SRGB), (PhotoFormat.TIFF, Space.CAMERA_LINEAR)],
)
def test_linear_files_have_no_look(tmp_path, form, space) -> None:
    with pytest.raises(InputError, match="--exposure and --tone"):
        ExportSettings(tmp_path, form, space, look=Look(1.0))


def test_written_photos_are_as_bright_as_asked_for(tmp_path, make_dng) -> None:
    frame = decode_photo(make_dng(tmp_path / "raw" / "a.dng"))
    pixels, look = {}, Look(2.0, Tone.FILM)
    rng = np.random.default_rng(1)
    rgb = rng.uniform(0, 0.3, (128, 192, 3)).astype(np.float32)
    for name, wanted in (("plain", PLAIN), ("look", look)):
        path = tmp_path / f"{name}.png"
        write_photo(path, rgb, frame, ExportSettings(tmp_path, PhotoFormat.PNG, look=wanted), "s")
        pixels[name] = imagecodecs.png_decode(path.read_bytes())
    np.testing.assert_array_equal(pixels["look"], look_curve(look, SRGB, DEEP)[pixels["plain"]])
    assert b"exposure +2 EV, tone film" in (tmp_path / "look.png").read_bytes()
    # What the window shows is the same in 8 bits, but for rounding twice.
    shown = look_curve(look, SRGB, SHALLOW)[(pixels["plain"] / 257 + 0.5).astype(np.uint8)]
    assert np.abs(shown - pixels["look"] / 257).mean() < 1.5
