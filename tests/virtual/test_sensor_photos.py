"""What the virtual camera's sensors see and write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import Sampling
from lenscal.virtual.camera import mosaic, quantised
from lenscal.virtual.dataset import VirtualSettings, true_grid, write_shot
from lenscal.virtual.limits import Sensor
from lenscal.virtual.sensor import suffix_of

SIZE = (516, 528)
"""LibRaw demosaics no X-Trans photo that has a side below 512 px."""
SAMPLINGS = {
    Sensor.BAYER: Sampling.BAYER,
    Sensor.X_TRANS: Sampling.FULL_COLOUR,
    Sensor.THREE_LAYER: Sampling.FULL_COLOUR,
    Sensor.DEMOSAICED: Sampling.FULL_COLOUR,
    Sensor.MONOCHROME: Sampling.MONOCHROME,
    Sensor.PNG: Sampling.FULL_COLOUR,
}


def smooth_light() -> np.ndarray:
    """Coloured, without detail that a mosaic would miss."""
    rng = np.random.default_rng(4)
    light = gaussian_filter(rng.normal(size=(*SIZE, 3)), (6, 6, 0)) * 6
    return np.clip(0.3 + 0.15 * light / light.std(), 0.05, 0.9).astype(np.float32)


@pytest.mark.parametrize("sensor", Sensor)
def test_what_is_read_is_what_was_photographed(tmp_path: Path, sensor: Sensor) -> None:
    settings = VirtualSettings(size=SIZE, sensor=sensor)
    camera, light = settings.camera, smooth_light()
    path = tmp_path / f"a{suffix_of(sensor)}"
    raw = quantised(mosaic(light, camera), camera.black, camera.white)
    write_shot(path, raw, settings, camera, settings.degraded_aperture, 1)
    frame = decode_photo(path)
    assert frame.sampling is SAMPLINGS[sensor]
    assert frame.info.aperture == pytest.approx(settings.degraded_aperture)
    assert frame.info.lens == settings.lens.name and frame.info.camera == "Lenscal Virtual One"
    inside = (slice(8, -8), slice(8, -8))
    seen = frame.rgb_tile(*inside)
    # Monochrome sensors see green, whose multiplier is 1.
    expected = light[8:-8, 8:-8, 1:2] if sensor is Sensor.MONOCHROME else light[8:-8, 8:-8]
    assert np.abs(seen - expected).mean() < 0.004


def test_the_truth_of_a_monochrome_sensor_is_greens() -> None:
    colours, grey = (
        true_grid(VirtualSettings(size=(128, 192), sensor=sensor), (2, 2), 9).kernels
        for sensor in (Sensor.BAYER, Sensor.MONOCHROME)
    )
    for channel in range(3):
        np.testing.assert_array_equal(grey[:, :, channel], colours[:, :, 1])
