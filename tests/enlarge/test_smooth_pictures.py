"""Pictures that do not tell their kernel are not sharpened as if they did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from picture_files import stored, write_picture
from scipy.ndimage import gaussian_filter

from lenscal.enlarge import scale_kernel
from lenscal.enlarge.picture import LUMINANCE, is_grey, luminance_variance, noise_variance
from lenscal.enlarge.scale_kernel import ScaleKernel, find_kernel, gaussian
from lenscal.enlarge.sharp_spectrum import sharp_spectrum
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import NoiseModel
from lenscal.raw.pictures.kinds import Light

FACTOR, SIZE, WIDTH_PX, SIGMA = 2, 11, 1.2, 0.004


def shapes(softness_px: float) -> np.ndarray:
    """Shades of grey with edges [256, 256], made smaller by a Gaussian of 1.2 px, with noise."""
    rng = np.random.default_rng(3)
    picture = np.full((512, 512), 0.4, np.float32)
    for _ in range(300):
        y, x = rng.uniform(0, 512, 2)
        size = tuple(map(float, np.exp(rng.uniform(1, 4.5, 2))))
        box = cv2.boxPoints(((float(x), float(y)), size, float(rng.uniform(0, 180))))
        cv2.fillPoly(picture, [box.astype(np.int32)], float(rng.uniform(0.1, 0.9)), cv2.LINE_AA)
    picture = gaussian_filter(picture, np.hypot(softness_px, WIDTH_PX))[::FACTOR, ::FACTOR]
    return np.asarray(picture + rng.normal(0, SIGMA, picture.shape), np.float32)


def found(picture: np.ndarray) -> ScaleKernel:
    spectrum = sharp_spectrum(Light.STORED)
    *_, last = find_kernel(picture, SIGMA**2, spectrum, FACTOR, SIZE)
    assert last is not None
    return last


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale_kernel, "_GAUSSIAN_STEPS", 50)
    monkeypatch.setattr(scale_kernel, "_TAP_STEPS", 5)


def test_a_smooth_picture_is_drawn_to_the_usual_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    smooth = shapes(4.0)
    careful = found(smooth)
    monkeypatch.setattr(scale_kernel, "ENOUGH", 1e-9)
    believed = found(smooth)
    # What is smooth in the scene was taken for the kernel's doing.
    assert min(believed.axes_px) > 1.3 * WIDTH_PX and not believed.notes
    assert max(careful.axes_px) < 1.15 * WIDTH_PX
    assert "too little detail to tell its kernel" in str(careful.notes[0])
    assert careful.kernel.sum() == pytest.approx(1, abs=1e-4)


def test_a_detailed_picture_is_believed() -> None:
    careful = found(shapes(0.0))
    assert not careful.notes
    assert careful.axes_px == pytest.approx((WIDTH_PX, WIDTH_PX), rel=0.35)


def test_the_noise_of_grey_pictures_does_not_average_out(tmp_path: Path) -> None:
    noise = NoiseModel((0.0,) * 3, (1e-4,) * 3, "known")
    picture = np.clip(shapes(0.0) + np.random.default_rng(0).normal(0, 0.05, (256, 256)), 0, 1)
    grey, colour = (
        replace(decode_photo(write_picture(tmp_path / name, stored(p, np.uint8))), noise=noise)
        for name, p in (
            ("grey.png", picture.astype(np.float32)),
            ("colour.png", np.repeat(picture[..., None], 3, 2).astype(np.float32)),
        )
    )
    assert is_grey(grey) and not is_grey(colour)
    for frame, share in ((grey, 1.0), (colour, float((LUMINANCE**2).sum()))):
        rgb = frame.rgb_tile(slice(0, 256), slice(0, 256))
        variance = noise_variance(frame, rgb)
        assert luminance_variance(frame, rgb) == pytest.approx(share * variance)


def test_the_usual_kernel_is_a_gaussian_of_its_width() -> None:
    numbers = scale_kernel._starts(FACTOR)[:1]
    drawn = scale_kernel._drawn(numbers[0], 0.0, FACTOR, SIZE)
    usual = scale_kernel.USUAL_WIDTH * FACTOR
    assert drawn.axes_px == pytest.approx((usual, usual))
    wanted = numbers.clone()
    wanted[:, :2] = np.log(usual)
    np.testing.assert_allclose(drawn.kernel, gaussian(wanted, SIZE)[0], atol=1e-6)
