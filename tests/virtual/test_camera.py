"""The camera: blur in the right place, mosaic, noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import fftconvolve

from lenscal.virtual.camera import (
    MARGIN,
    VirtualCamera,
    blur_field,
    blurred,
    exposed,
    exposure,
    mosaic,
    scene_size,
    shaken,
)
from lenscal.virtual.lens import VirtualLens, demo_lens

SIZE = (96, 128)


def test_uniform_field_is_a_plain_convolution() -> None:
    scene = np.random.default_rng(0).random((*scene_size(SIZE), 3), np.float32)
    field = blur_field(demo_lens(), 1.8, SIZE, on_axis=True)
    plain = np.stack(
        [fftconvolve(scene[..., c], field.psf[0, 0, c], mode="same") for c in range(3)], axis=-1
    )
    assert blurred(scene, field) == pytest.approx(
        plain[MARGIN:-MARGIN:2, MARGIN:-MARGIN:2], abs=1e-5
    )


def test_point_of_light_shows_the_psf_of_its_own_place() -> None:
    lens = demo_lens()
    scene = np.zeros((*scene_size(SIZE), 3), np.float32)
    field = blur_field(lens, 1.8, SIZE)
    row, col = 3, 4
    y, x = row * field.step, col * field.step
    scene[y, x] = 1
    photo = blurred(scene, field)
    y, x = (y - MARGIN) // 2, (x - MARGIN) // 2
    at = np.array([[y / (SIZE[0] - 1), x / (SIZE[1] - 1)]])
    expected = lens.psf(at, 1.8)[0].transpose(1, 2, 0)[1::2, 1::2]
    assert photo[y - 12 : y + 13, x - 12 : x + 13] == pytest.approx(expected, abs=1e-5)


def test_light_is_kept_between_nodes() -> None:
    scene = np.ones((*scene_size(SIZE), 3), np.float32)
    photo = blurred(scene, blur_field(demo_lens(), 1.8, SIZE))
    assert photo == pytest.approx(np.ones_like(photo), abs=0.02)


def test_perfect_pixels_keep_position() -> None:
    """A bright edge stays where it is: the sensor's pixel (y, x) sits on scene sample MARGIN + 2
    (y, x)."""
    scene = np.zeros((*scene_size(SIZE), 3), np.float32)
    scene[:, MARGIN + 2 * 60 :] = 1
    lens = VirtualLens(name="perfect", bands_nm=((610.0,), (540.0,), (460.0,)), band_weights=(1.0,))
    profile = blurred(scene, blur_field(lens, 2.8, SIZE))[48, :, 1]
    edge = 64 - 0.5 - profile[56:64].sum()
    assert edge == pytest.approx(59.75, abs=0.02)


def test_moved_by_whole_pixels() -> None:
    scene = np.random.default_rng(1).random((80, 90, 3), np.float32)
    there = shaken(scene, (3.0, -2.0), 0.0)
    assert there[20:60, 20:60] == pytest.approx(scene[14:54, 24:64], abs=1e-4)


@pytest.mark.parametrize("cfa", ["RGGB", "GRBG", "BGGR", "GBRG"])
def test_mosaic_takes_the_colour_of_the_site(cfa: str) -> None:
    rgb = np.broadcast_to(np.float32([2.0, 1.0, 1.6]) * [0.1, 0.2, 0.3], (4, 6, 3))
    raw = mosaic(rgb, VirtualCamera(cfa=cfa))
    value = {"R": 0.1, "G": 0.2, "B": 0.3}
    assert raw[:2, :2].ravel() == pytest.approx([value[c] for c in cfa])
    assert (raw == np.tile(raw[:2, :2], (2, 3))).all()


@pytest.mark.parametrize("iso", [200, 3200])
@pytest.mark.parametrize("signal", [0.02, 0.5])
def test_noise_is_what_the_profile_says(iso: int, signal: float) -> None:
    camera = VirtualCamera()
    a, b = camera.noise(iso)
    raw = exposed(np.full((400, 500), signal, np.float32), camera, iso, np.random.default_rng(2))
    value = (raw.astype(float) - camera.black) / (camera.white - camera.black)
    assert value.mean() == pytest.approx(signal, rel=2e-3)
    assert value.var() == pytest.approx(a * signal + b + 1 / 12 / 15871**2, rel=0.02)


def test_exposure_clips_the_stated_share() -> None:
    camera = VirtualCamera()
    scene = np.exp(
        np.random.default_rng(3).normal(0, 0.7, (200, 300, 1)).repeat(3, axis=-1)
    ).astype(np.float32)
    scene = scene.repeat(8, axis=0)[:800, :].repeat(8, axis=1)[:, :1200]
    values = mosaic(scene, camera) * exposure(scene, camera, clipped=0.01)
    assert (values >= 1).mean() == pytest.approx(0.01, abs=0.004)
