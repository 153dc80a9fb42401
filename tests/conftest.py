"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import network_guard
import numpy as np
import pytest

from lenscal.system.threads import prepare_libraries
from lenscal.virtual.limits import Sensor

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the processor already; results are the same for every number of threads.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
prepare_libraries()
network_guard.install()


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """No test reaches for another computer, also where the code goes on without it."""
    before = len(network_guard.attempts)
    yield
    assert network_guard.attempts[before:] == []


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of test material beside the checkout; tests that need it skip where it is
    absent."""
    folder = Path(__file__).resolve().parents[1].parent / "shared"
    if not folder.is_dir():
        pytest.skip("no folder of test material beside the checkout")
    return folder


@pytest.fixture(scope="session")
def make_dng() -> Callable[..., Path]:
    """A writer of small DNG files with a soft random scene: make_dng(path, seed=1, f_number=5.6,
    ...)."""

    exif: dict[str, object] = {
        "cfa": "RGGB",
        "black": 512,
        "white": 16383,
        "make": "Lenscal",
        "model": "Lenscal Test",
        "lens": "Test 35mm",
        "f_number": 1.8,
        "focal_mm": 35.0,
        "iso": 100,
        "exposure_s": 0.01,
        "date_time": "2026:01:02 03:04:05",
        "noise_profile": [(1e-5, 1e-7)],
        "colour_matrix": np.array([[0.8, -0.2, -0.1], [-0.4, 1.2, 0.2], [-0.1, 0.2, 0.6]]),
        "as_shot_neutral": (0.5, 1.0, 0.625),
    }

    def make(
        path: Path,
        *,
        size: tuple[int, int] = (128, 192),
        seed: int = 0,
        kernel: np.ndarray | None = None,
        contrast: float = 0.08,
        sensor: Sensor = Sensor.BAYER,
        **told: object,
    ) -> Path:
        from scipy.ndimage import convolve, gaussian_filter

        from lenscal.files.photos.dng import DngInfo, write_raw_dng
        from lenscal.virtual.sensor import pattern_in_file, seen

        rng = np.random.default_rng(seed)
        scene = np.stack(
            [gaussian_filter(rng.normal(size=size), 12) * 6 for _ in range(3)], axis=-1
        )
        scene += sum(gaussian_filter(rng.normal(size=size), px) * px for px in (1, 3))[..., None]
        scene = 0.25 + contrast * scene / scene.std()
        if kernel is not None:
            scene = convolve(scene, kernel[..., None], mode="reflect")
        signal = seen(scene, (2.0, 1.0, 1.6), sensor, "RGGB").astype(float)
        told = {"cfa": pattern_in_file(sensor, "RGGB"), **told}
        noise = np.sqrt(1e-5 * np.clip(signal, 0, 1) + 1e-7)
        noisy = signal + rng.normal(size=signal.shape) * noise
        raw = np.clip(np.rint(512 + noisy * (16383 - 512)), 0, 16383).astype(np.uint16)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_raw_dng(path, raw, DngInfo(**{**exif, **told}))  # type: ignore[arg-type]
        return path

    return make
