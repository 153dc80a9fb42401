from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lenscal.raw.frame import PhotoInfo
from lenscal.raw.vignetting import vignetting_gain

KNOWN = PhotoInfo(
    Path("x"),
    make="Panasonic",
    model="DC-GX9",
    lens="LEICA DG SUMMILUX 25/F1.4",
    aperture=1.4,
    focal_mm=25,
)
SIZE = (3888, 5184)


def test_a_known_lens_is_brightened_towards_the_corners() -> None:
    gain, source = vignetting_gain(KNOWN, SIZE)
    assert gain.shape == (33, 49, 3) and gain.dtype == np.float32
    assert source == "lensfun: Leica DG Summilux 25mm f/1.4 Asph."
    np.testing.assert_allclose(gain[[0, 0, -1, -1], [0, -1, 0, -1]], 2.54, atol=0.02)
    np.testing.assert_allclose(gain[16, 24], 1, atol=1e-3)
    np.testing.assert_allclose(gain, gain[::-1, ::-1], rtol=1e-3)
    assert (np.diff(gain[16, 24:, 1]) >= 0).all()
    stopped_down, _ = vignetting_gain(replace(KNOWN, aperture=5.6), SIZE)
    np.testing.assert_allclose(stopped_down[0, 0], 1.15, atol=0.02)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"lens": "Muster 50mm f/1.8"}, "Muster 50mm f/1.8"),
        ({"lens": "LEICA DG SUMMILUX 26/F1.3"}, "LEICA DG SUMMILUX 26/F1.3"),
        ({"lens": ""}, "an unnamed lens"),
        ({"make": "Musterwerk", "model": "Mark I"}, "Musterwerk Mark I"),
        ({"make": "", "model": ""}, "unnamed"),
        ({"focal_mm": 200.0}, "at 200 mm"),
        ({"aperture": None}, "SUMMILUX"),
    ],
)
def test_an_unknown_lens_is_left_alone_and_named(
    changes: dict[str, str | float | None], named: str
) -> None:
    gain, source = vignetting_gain(replace(KNOWN, **changes), SIZE)  # type: ignore[arg-type]
    assert (gain == 1).all()
    assert (
        named in source
        and source.startswith("no vignetting profile")
        and source.endswith("not removed")
    )


def test_a_converters_name_of_a_camera_is_known() -> None:
    as_camera = replace(
        KNOWN, make="NIKON CORPORATION", model="NIKON D750", lens="AF-S Nikkor 50mm f/1.8G",
        aperture=1.8, focal_mm=50.0,
    )  # fmt: skip
    by_converter = replace(as_camera, make="Nikon", model="D750")
    gain, source = vignetting_gain(as_camera, SIZE)
    again, same = vignetting_gain(by_converter, SIZE)
    assert source == same and source.startswith("lensfun")
    np.testing.assert_array_equal(gain, again)
