"""The two folders of RAW photos and the truth beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import exiv2
import numpy as np
import pytest
import rawpy
from job_steps import stepped
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.files.psf.psf_fits import read_fits
from lenscal.optics.mtf import centroid_px
from lenscal.reports import Report
from lenscal.stepping import finish
from lenscal.virtual.dataset import VirtualDataset, VirtualSettings, true_grid, write_dataset
from lenscal.virtual.lens import demo_lens, mirrored

SMALL = VirtualSettings(size=(128, 192), n_photos=2, seed=4)


def values(path: Path) -> NDArray[np.float64]:
    with rawpy.imread(str(path)) as photo:
        black = photo.black_level_per_channel[0]
        return (photo.raw_image_visible.astype(float) - black) / (photo.white_level - black)


def agreement(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Correlation of the photos' logarithms in blocks of 8 px."""
    small = [
        np.log(np.maximum(v.reshape(16, 8, 24, 8).mean(axis=(1, 3)), 1e-4)).ravel() for v in (a, b)
    ]
    return float(np.corrcoef(small)[0, 1])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[VirtualDataset, list[Report]]:
    return stepped(write_dataset(tmp_path_factory.mktemp("virtual"), SMALL))


def test_every_file_is_there_and_progress_only_grows(
    written: tuple[VirtualDataset, list[Report]],
) -> None:
    data, reports = written
    for path in (*data.sharp, *data.degraded, data.degraded_photo, data.reference_photo):
        assert values(path).shape == SMALL.size
    assert sorted(data.sharp_folder.iterdir()) == list(data.sharp)
    assert sorted(data.degraded_folder.iterdir()) == list(data.degraded)
    fractions = [r.fraction for r in reports if r.fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def test_exif_names_aperture_and_lens(written: tuple[VirtualDataset, list[Report]]) -> None:
    data, _ = written
    for path, f_number in ((data.sharp[0], "28/5"), (data.degraded[1], "9/5")):
        image = exiv2.ImageFactory.open(str(path))
        image.readMetadata()
        exif = image.exifData()
        assert exif["Exif.Photo.FNumber"].toString() == f_number
        assert exif["Exif.Photo.LensModel"].toString() == SMALL.lens.name


def test_truth_file_is_the_truth(written: tuple[VirtualDataset, list[Report]]) -> None:
    data, _ = written
    grid = read_fits(data.truth_folder)
    assert grid.kernels == pytest.approx(data.truth.kernels, abs=1e-6)
    assert grid.image_size == SMALL.size
    assert grid.shape == (8, 8)


def test_same_scenes_in_both_folders_and_another_kept_out(
    written: tuple[VirtualDataset, list[Report]],
) -> None:
    data, _ = written
    sharp, degraded = [values(p) for p in data.sharp], [values(p) for p in data.degraded]
    assert agreement(sharp[0], degraded[0]) > 0.65
    assert agreement(sharp[0], degraded[1]) < 0.5
    assert agreement(sharp[0], values(data.degraded_photo)) < 0.5
    assert not np.array_equal(sharp[0], degraded[0])


def test_reference_shows_the_held_out_scene_sharper_and_without_noise(
    written: tuple[VirtualDataset, list[Report]],
) -> None:
    data, _ = written
    degraded, reference = values(data.degraded_photo), values(data.reference_photo)
    assert agreement(degraded, reference) > 0.95
    detail = [np.abs(np.diff(v[::2, ::2], axis=1)).mean() for v in (degraded, reference)]
    assert detail[1] > 1.03 * detail[0]
    assert (reference >= 1).mean() < 0.03


def test_seeded_runs_repeat(written: tuple[VirtualDataset, list[Report]], tmp_path: Path) -> None:
    data, _ = written
    again, _ = stepped(write_dataset(tmp_path / "again", SMALL))
    for a, b in zip(
        (*data.degraded, data.reference_photo),
        (*again.degraded, again.reference_photo),
        strict=True,
    ):
        assert (values(a) == values(b)).all()
    other, _ = stepped(write_dataset(tmp_path / "other", replace(SMALL, seed=5)))
    assert agreement(values(other.sharp[0]), values(data.sharp[0])) < 0.5


def test_unrelated_scenes(tmp_path: Path) -> None:
    settings = replace(SMALL, same_scenes=False, n_photos=1, cfa="GRBG", compress=True)
    data = finish(write_dataset(tmp_path, settings))
    assert agreement(values(data.sharp[0]), values(data.degraded[0])) < 0.5


def test_mirrored_lens_has_the_mirrored_truth() -> None:
    there = true_grid(SMALL, shape=(3, 4)).kernels
    here = true_grid(replace(SMALL, lens=mirrored(SMALL.lens)), shape=(3, 4)).kernels
    assert here == pytest.approx(there[:, ::-1, ..., ::-1], abs=1e-3)
    assert np.abs(here - there).max() > 0.02


def test_identity_truth_is_near_a_delta_and_the_other_centred() -> None:
    no_lateral_colour = replace(SMALL.lens, lateral_px=(0.0, 0.0, 0.0))
    kernels = true_grid(
        replace(SMALL, lens=no_lateral_colour, degraded_aperture=5.6), shape=(2, 2), size=9
    ).kernels
    assert kernels[..., 4, 4].min() > 0.6
    assert centroid_px(true_grid(SMALL, shape=(3, 3)).kernels).mean(axis=2) == pytest.approx(
        np.zeros((3, 3, 2)), abs=0.1
    )


def test_cancelled_between_photos_leaves_whole_files(tmp_path: Path) -> None:
    job = write_dataset(tmp_path, replace(SMALL, n_photos=4))
    for report in job:
        if "scene 1" in report.message:
            break
    job.close()
    left = sorted((tmp_path / "degraded").iterdir())
    assert 1 <= len(left) <= 4
    assert all(values(path).shape == SMALL.size for path in left)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": (127, 192)}, "127 x 192"),
        ({"n_photos": 0}, "photos 0"),
        ({"degraded_aperture": 1.2}, r"f/1\.8"),
    ],
)
def test_refuses_settings_that_do_not_fit(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        VirtualSettings(lens=demo_lens(), **change)  # type: ignore[arg-type]
