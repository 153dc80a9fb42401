"""Photos of sensors that have no Bayer mosaic, taken through the commands."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile

from lenscal.files.psf.profile import Profile, write_profile
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.decode import decode_photo
from lenscal.virtual.limits import Sensor

NOT_BAYER = [Sensor.X_TRANS, Sensor.THREE_LAYER, Sensor.MONOCHROME]


def size_for(sensor: Sensor) -> tuple[int, int]:
    """LibRaw demosaics no X-Trans photo that has a side below 512 px."""
    return (516, 528) if sensor is Sensor.X_TRANS else (192, 252)


def gaussian(size: int, sigma: float) -> np.ndarray:
    axis = np.arange(size) - size // 2
    kernel = np.exp(-(axis[:, None] ** 2 + axis**2) / (2 * sigma**2))
    return np.asarray(kernel / kernel.sum(), np.float32)


@pytest.mark.parametrize("sensor", NOT_BAYER)
def test_a_correction_brings_a_photo_nearer_to_the_sharp_one(run, tmp_path, make_dng, sensor):
    kernel, size = gaussian(7, 1.2), size_for(sensor)
    wanted = {"seed": 5, "size": size, "sensor": sensor, "contrast": 0.12}
    sharp = decode_photo(make_dng(tmp_path / "sharp.dng", f_number=5.6, **wanted))
    photo = make_dng(tmp_path / "soft.dng", kernel=kernel, **wanted)
    grid = PsfGrid(np.broadcast_to(kernel, (2, 2, 3, 7, 7)).copy(), size)
    profile = Profile(
        grid,
        camera="Lenscal Test",
        lens="Test 35mm",
        focal_mm=35.0,
        aperture_degraded=1.8,
        aperture_sharp=5.6,
    )
    lens = write_profile(tmp_path / "lens.lenscal", profile)
    code, out, err = run(
        "correct",
        lens,
        photo,
        "--out",
        tmp_path / "out",
        "--space",
        "camera-linear",
        "--json",
        "--device",
        "cpu",
    )
    assert code == 0, err
    (written,) = json.loads(out)["written"]
    inside = (slice(16, -16), slice(16, -16))
    truth = sharp.rgb_tile(*inside)
    before = np.abs(decode_photo(photo).rgb_tile(*inside) - truth).mean()
    corrected = tifffile.imread(written)[16:-16, 16:-16]
    after = np.abs(corrected - truth).mean()
    assert after < 0.75 * before
    if sensor is Sensor.MONOCHROME:
        # Grey stays grey.
        np.testing.assert_allclose(corrected[..., 0], corrected[..., 1], atol=1e-6)


@pytest.mark.parametrize("sensor", NOT_BAYER)
def test_check_takes_such_photos(run, tmp_path, make_dng, sensor):
    for n in range(2):
        where = {"size": size_for(sensor), "sensor": sensor}
        make_dng(tmp_path / "sharp" / f"s{n}.dng", seed=n, f_number=5.6, **where)
        make_dng(tmp_path / "soft" / f"d{n}.dng", seed=10 + n, **where)
    code, out, err = run("check", tmp_path / "sharp", tmp_path / "soft", "--json")
    assert code == 0, err
    photos = json.loads(out)["photos"] if "photos" in json.loads(out) else json.loads(out)
    assert photos
