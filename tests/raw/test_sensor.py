from __future__ import annotations

import pytest

from lenscal.raw.sensor import pitch_from_crop_factor, pixel_pitch_um


@pytest.mark.parametrize(
    ("camera", "size", "pitch"),
    [
        ("Canon EOS 5D Mark IV", (4480, 6720), 5.36),
        ("NIKON CORPORATION NIKON D850", (5504, 8256), 4.35),
        ("Canon EOS D30", (1448, 2176), 10.4),
    ],
)
def test_known_cameras(camera, size, pitch):
    assert pixel_pitch_um(camera, size) == pytest.approx(pitch, rel=0.03)


@pytest.mark.parametrize("camera", ["", "Lenscal Virtual One", "no such camera"])
def test_unknown_cameras_have_no_pitch(camera):
    assert pixel_pitch_um(camera, (1000, 1500)) is None


def test_full_frame():
    assert pitch_from_crop_factor(1.0, (4000, 6000)) == pytest.approx(6.0, rel=0.01)
