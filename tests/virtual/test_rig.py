"""The virtual rig: photos are what their kernels make of their scenes."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from lenscal.errors import InputError
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import Sampling
from lenscal.stepping import finish
from lenscal.virtual.limits import Sensor
from lenscal.virtual.rig import KEPT_OUT, RigSettings, write_rig


def small(**changes: object) -> RigSettings:
    return RigSettings(**{"n_photos": 8, "size": (96, 128), "iso": 100, **changes})  # type: ignore[arg-type]


def test_shaken_photos_are_their_scenes_seen_through_the_true_kernels(tmp_path: Path) -> None:
    dataset = finish(write_rig(tmp_path, small(sensor=Sensor.PNG)))
    assert len(list(dataset.sharp_folder.iterdir())) == 8
    assert len(list(dataset.shaken_folder.iterdir())) == 8
    with np.load(tmp_path / "truth" / "kept-out.npz") as truth:
        kernels = truth["kernels"]
    assert len(dataset.kept_out) == len(kernels) == KEPT_OUT
    for (shaken, sharp), kernel in zip(dataset.kept_out, kernels, strict=True):
        blurred, scene = (
            decode_photo(path).rgb_tile(slice(None), slice(None)) for path in (shaken, sharp)
        )
        expected = cv2.filter2D(scene, -1, np.ascontiguousarray(kernel[::-1, ::-1]))
        inner = (slice(8, -8), slice(8, -8))
        bright = (scene.max(-1) > 0.9).astype(np.uint8)
        unclipped = cv2.dilate(bright, np.ones((15, 15)))[inner] == 0
        error = (blurred - expected)[inner][unclipped]
        before = (blurred - scene)[inner][unclipped]
        assert error.std() < 0.03
        assert error.std() < 0.6 * before.std() or before.std() < 0.02


def test_raw_photos_tell_their_noise_and_exposure(tmp_path: Path) -> None:
    dataset = finish(write_rig(tmp_path, small()))
    frame = decode_photo(next(dataset.shaken_folder.iterdir()))
    assert frame.sampling is Sampling.BAYER
    assert frame.size == (96, 128)
    assert frame.info.exposure_s == pytest.approx(1 / 30, rel=0.01)
    assert frame.noise.a[1] > 0
    with np.load(dataset.kernels_file) as truth:
        assert list(truth["names"]) == sorted(p.name for p in dataset.shaken_folder.iterdir())
        np.testing.assert_allclose(truth["kernels"].sum((1, 2)), 1, atol=1e-6)


@pytest.mark.parametrize(
    "changes", [{"n_photos": 3}, {"size": (96, 97)}, {"size": (32, 96)}, {"sensor": Sensor.X_TRANS}]
)
def test_what_cannot_be_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        small(**changes)
