"""Pieces of photos: what is cut from RAW files and pictures, and what is known of their noise."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from lenscal.population.learning import learn_population
from lenscal.population.pieces import joined, noise_shape, pieces_of, pieces_of_each
from lenscal.population.settings import PopulationSettings
from lenscal.raw.decode import decode_photo
from lenscal.raw.demosaic_noise import ahd_noise_correlation
from lenscal.raw.frame import Frame
from lenscal.reports import Report
from lenscal.stepping import STOP, Reply, finish
from lenscal.virtual.limits import Sensor
from lenscal.virtual.rig import RigSettings, write_rig


def photo(folder: Path, sensor: Sensor) -> Frame:
    rig = write_rig(folder, RigSettings(n_photos=8, size=(96, 128), sensor=sensor))
    return decode_photo(next(finish(rig).sharp_folder.iterdir()))


def test_raw_photos_keep_their_noise_and_its_correlation(tmp_path: Path) -> None:
    frame = photo(tmp_path, Sensor.BAYER)
    pieces = pieces_of(frame, 48, 3, 8, 15)
    assert pieces.values.shape == (len(pieces), 3, 48, 48)
    assert 1 <= len(pieces) <= 4
    expected = np.array(frame.noise.a) * frame.white_balance * ahd_noise_correlation()[:, 3, 3]
    np.testing.assert_allclose(pieces.photon[0], expected, rtol=1e-5)
    assert pieces.shape is not None
    assert pieces.shape.shape == (3, 7, 7)
    green = pieces_of(frame, 48, 1, 8, 15)
    assert torch.equal(green.values[:, 0], pieces.values[:, 1])
    np.testing.assert_allclose(
        green.level, float(frame.rgb_tile(slice(None), slice(None))[..., 1].mean()), rtol=0.3
    )


def test_pictures_have_white_noise(tmp_path: Path) -> None:
    pieces = pieces_of(photo(tmp_path, Sensor.PNG), 48, 1, 8, 15)
    assert pieces.shape is None
    assert float(pieces.read) + float(pieces.photon) > 0


def test_noise_gets_the_correlation_of_demosaicing() -> None:
    """The taps' autocorrelation is what was asked for, as near as seven taps come to it."""
    wanted = ahd_noise_correlation()
    for taps, correlation in zip(noise_shape(wanted).numpy(), wanted, strict=True):
        found = correlate2d(taps, taps, "full")[3:10, 3:10]
        np.testing.assert_allclose(found, correlation / correlation[3, 3], atol=0.03)


def test_photos_without_pieces_are_no_photos(tmp_path: Path) -> None:
    frame = photo(tmp_path, Sensor.PNG)
    one, none = pieces_of(frame, 48, 1, 8, 15), pieces_of(frame, 120, 1, 8, 15)
    assert len(none) == 0
    both = joined([one, none, one])
    assert both.n_photos == 2
    assert both.photo.tolist() == [0] * len(one) + [1] * len(one)


@pytest.mark.parametrize(("n_photos", "side", "channels"), [(8, 96, 1), (500, 208, 3)])
def test_pieces_fit_into_memory(n_photos: int, side: int, channels: int) -> None:
    each = pieces_of_each(n_photos, side, channels)
    assert each >= 1
    assert each == 1 or n_photos * each * channels * side**2 * 4 <= 2**28


def test_colours_have_kernels_of_their_own(tmp_path: Path) -> None:
    frame = photo(tmp_path, Sensor.BAYER)
    sharp = joined([pieces_of(frame, 63, 3, 2, 15)] * 8)
    blurred = joined([pieces_of(frame, 48, 3, 2)] * 8)

    def on_report(report: Report) -> Reply | None:
        return STOP if report.step >= 2 else None

    settings = PopulationSettings(kernel_size=15, per_channel=True, device="cpu")
    learnt = finish(learn_population(sharp, blurred, settings), on_report)
    assert learnt.description.channels == 3
    assert learnt.weights["head.bias"].shape == (3 * 225,)
    bias = learnt.weights["head.bias"].reshape(3, 225)
    assert not np.array_equal(bias[0], bias[1])
