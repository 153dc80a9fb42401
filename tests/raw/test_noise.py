from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from raw_photos import BLACK, WHITE, X_TRANS, add_noise, mosaic_of

from lenscal.raw.frame import Frame, NoiseModel, PhotoInfo
from lenscal.raw.noise import estimate_noise, noise_from_profile
from lenscal.virtual.camera import (
    VirtualCamera,
    blur_field,
    blurred,
    exposed,
    exposure,
    mosaic,
    scene_size,
)
from lenscal.virtual.lens import demo_lens
from lenscal.virtual.scenes import SceneKind, make_scene

RGGB = np.array([[0, 1], [1, 2]], np.uint8)


def frame_of(
    image: np.ndarray, a: float, b: float, rng: np.random.Generator, cfa: np.ndarray = RGGB
) -> Frame:
    mosaic = add_noise(mosaic_of(image, cfa), a, b, rng)
    return Frame(
        PhotoInfo(Path("x")),
        mosaic,
        cfa,
        np.full(cfa.shape, BLACK, np.float32),
        float(WHITE),
        np.zeros((1, 1, 3), np.uint16),
        1.0,
        np.ones(3, np.float32),
        np.ones((2, 2, 3), np.float32),
        "",
        NoiseModel((0, 0, 0), (0, 0, 0)),
    )


def leaves(rng: np.random.Generator, size: int = 512) -> np.ndarray:
    """Textured discs that hide each other: edges at all scales, few smooth places."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    image = np.full((size, size, 3), 0.2)
    for _ in range(160):
        cy, cx, r = rng.uniform(0, size), rng.uniform(0, size), rng.uniform(12, 70)
        inside = (y - cy) ** 2 + (x - cx) ** 2 < r**2
        stripes = 1 + 0.3 * rng.uniform() * np.sin(
            (x * rng.normal() + y * rng.normal()) * rng.uniform(0.05, 0.4)
        )
        image[inside] = (
            np.exp(rng.uniform(-4, -0.7)) * stripes[..., None] * rng.uniform(0.5, 1, 3)
        )[inside]
    return image


def relative_variance(model: NoiseModel, a: float, b: float) -> np.ndarray:
    signal = np.array([0.01, 0.05, 0.2])
    return np.array([(model.a[c] * signal + model.b[c]) / (a * signal + b) for c in range(3)])


@lru_cache(maxsize=2)
def virtual_scenes(kind: SceneKind) -> list[np.ndarray]:
    """Noise-free RAW values of eight scenes through the demo's lens where it is sharp: the most
    texture."""
    camera, size = VirtualCamera(), (600, 900)
    field = blur_field(demo_lens(), 5.6, size, on_axis=True)
    scenes = [make_scene(kind, scene_size(size), np.random.default_rng([3, n])) for n in range(8)]
    return [mosaic(blurred(s, field), camera) * np.float32(exposure(s, camera)) for s in scenes]


@pytest.mark.parametrize("iso", [200, 3200])
@pytest.mark.parametrize("kind", SceneKind)
def test_the_virtual_camera_within_ten_percent(kind: SceneKind, iso: int) -> None:
    camera = VirtualCamera()
    a, b = camera.noise(iso)
    rng = np.random.default_rng(iso)
    frames = [
        Frame(
            PhotoInfo(Path("x")),
            exposed(values, camera, iso, rng),
            RGGB,
            np.full((2, 2), camera.black, np.float32),
            float(camera.white),
            np.zeros((1, 1, 3), np.uint16),
            1.0,
            np.ones(3, np.float32),
            np.ones((2, 2, 3), np.float32),
            "",
            NoiseModel((0, 0, 0), (0, 0, 0)),
        )
        for values in virtual_scenes(kind)
    ]
    model = estimate_noise(frames)
    signal = np.array([0.01, 0.1, 0.4])
    deviation = np.sqrt([(model.a[c] * signal + model.b[c]) / (a * signal + b) for c in range(3)])
    np.testing.assert_allclose(deviation, 1, atol=0.1)
    np.testing.assert_allclose(
        np.array(model.a) / a, 1, atol=0.15
    )  # a quarter of the demo's pixels


@pytest.mark.parametrize(("a", "b"), [(1e-4, 1e-6), (1e-3, 2e-5)])
def test_textured_scenes(a: float, b: float) -> None:
    rng = np.random.default_rng(5)
    model = estimate_noise([frame_of(leaves(rng), a, b, rng) for _ in range(4)])
    np.testing.assert_allclose(relative_variance(model, a, b), 1, atol=0.15)
    assert model.source == "estimated from 4 photos"


def test_photos_taken_with_a_camera(shared: Path) -> None:
    import cv2

    rng, a, b = np.random.default_rng(6), 2e-4, 1e-6
    frames = []
    for path in sorted((shared / "data" / "photos" / "train").glob("CID22*.jpg"))[:6]:
        image = (cv2.imread(str(path))[..., ::-1] / 255.0) ** 2.2 * 0.8
        frames.append(frame_of(cv2.GaussianBlur(image, (0, 0), 0.6), a, b, rng))
    np.testing.assert_allclose(relative_variance(estimate_noise(frames), a, b), 1, atol=0.15)


def test_a_smooth_scene_is_unbiased_and_clipping_is_left_out() -> None:
    rng, a, b = np.random.default_rng(7), 3e-4, 4e-6
    ramp = np.geomspace(0.003, 1.4, 1024)[None, :, None] * np.ones((1024, 1, 3))
    np.testing.assert_allclose(
        relative_variance(estimate_noise([frame_of(ramp, a, b, rng)]), a, b), 1, atol=0.1
    )


def test_x_trans_pattern() -> None:
    rng, a, b = np.random.default_rng(8), 3e-4, 4e-6
    y, x = np.mgrid[:720, :720]
    waves = (0.2 + 0.15 * np.sin(x / 150) * np.cos(y / 170))[..., None] * np.ones(3)
    model = estimate_noise([frame_of(waves, a, b, rng, X_TRANS)])
    np.testing.assert_allclose(relative_variance(model, a, b)[:, 1:], 1, atol=0.15)


def test_too_little_to_measure_is_said() -> None:
    rng = np.random.default_rng(9)
    model = estimate_noise([frame_of(np.full((64, 64, 3), 2.0), 1e-4, 1e-6, rng)])
    assert "assumed" in model.source and all(v > 0 for v in model.a + model.b)


def test_noise_profile() -> None:
    one, three = (
        noise_from_profile([(1e-4, 1e-6)]),
        noise_from_profile([(1e-4, 1e-6), (2e-4, 2e-6), (3e-4, 3e-6)]),
    )
    assert one == NoiseModel((1e-4,) * 3, (1e-6,) * 3, "NoiseProfile")
    assert three == NoiseModel((1e-4, 2e-4, 3e-4), (1e-6, 2e-6, 3e-6), "NoiseProfile")
    assert noise_from_profile([]) is None and noise_from_profile([(1, 1)] * 2) is None
