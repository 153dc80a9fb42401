"""The main job on the virtual lens, whose true PSF is known: photograph, calibrate, correct,
export, compare."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lenscal.calibration.settings import CalibrationSettings, Quality
from lenscal.errors import InputError, LenscalError
from lenscal.files.own_files import is_virtual_photo
from lenscal.files.photos.export_settings import ExportSettings, OnConflict
from lenscal.files.psf.profile import Profile, write_profile
from lenscal.files.psf.psf_fits import write_fits
from lenscal.jobs.cache import photo_cache
from lenscal.jobs.calibrating import build_profile, calibrate, import_photos
from lenscal.jobs.correcting import correct
from lenscal.jobs.photo_work import PhotoResult
from lenscal.measure.comparison import Comparison, compare_with_truth
from lenscal.reports import Report
from lenscal.restore.settings import RestoreSettings
from lenscal.stepping import STOP, Job, Reply, follow, relay
from lenscal.translation import translatable
from lenscal.virtual.limits import DEFAULT_N_PHOTOS, DEFAULT_SIZE_PX, Sensor

if TYPE_CHECKING:
    from lenscal.calibration.result import Calibration

_PROFILE_NAME = "demo.lenscal"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """size: (height, width) px of the virtual photos; n_photos: in each folder."""

    calibration: CalibrationSettings = field(
        default_factory=lambda: CalibrationSettings(quality=Quality.QUICK)
    )
    restore: RestoreSettings = field(default_factory=RestoreSettings)
    size: tuple[int, int] = DEFAULT_SIZE_PX
    n_photos: int = DEFAULT_N_PHOTOS
    same_scenes: bool = True
    sensor: Sensor = Sensor.BAYER


@dataclass(frozen=True, slots=True, eq=False)
class DemoResult:
    """What came out, and how near it is to the truth."""

    folder: Path
    profile_path: Path
    psf_folder: Path
    photos: tuple[PhotoResult, ...]
    profile: Profile
    calibration: Calibration
    comparison: Comparison
    seconds: float


def demo(out: Path, settings: DemoSettings) -> Job[DemoResult]:
    """Do the main job on virtual photos written to `out` and compare the result with the truth.

    `STOP` during the calibration keeps what was reached and goes on with it; after it, the rest is
    done.

    Raises
    ------
    LenscalError
        `STOP` was asked for before the calibration: there is nothing to keep.
    InputError
        `out` is not empty and does not come from an earlier demo.
    """
    from lenscal.virtual.dataset import VirtualSettings, write_dataset
    from lenscal.virtual.photo_pools import Part, Subjects, folder_pools

    start = time.monotonic()
    virtual = VirtualSettings(
        size=settings.size,
        n_photos=settings.n_photos,
        same_scenes=settings.same_scenes,
        # One seed for all that is drawn: equal seeds give equal demos.
        seed=settings.calibration.seed,
        sensor=settings.sensor,
        # As a user's folders: no photo in common.
        pools=None if settings.same_scenes else folder_pools(None, Subjects.ONE_KIND, Part.ALL),
    )
    # Before minutes of rendering: a folder that is the user's own is refused at once.
    _clear(out)
    dataset = yield from _needed(write_dataset(out, virtual), 0.0, 0.2)
    with photo_cache() as cache:
        reading = import_photos([dataset.sharp_folder], [dataset.degraded_folder], cache=cache)
        inputs = yield from _needed(reading, 0.2, 0.25)
        # The calibration keeps what it has when it is stopped, and the demo goes on with that.
        calibration, _ = yield from follow(calibrate(inputs, settings.calibration), 0.25, 0.8)
        profile = build_profile(inputs, calibration, settings.calibration)
        # The cache that their pixels lie in goes now.
        del inputs
    profile_path = write_profile(out / _PROFILE_NAME, profile)
    psf_folder = out / "psf"
    write_fits(profile.psf, psf_folder, profile.provenance)
    # A second demo in the same folder replaces the first.
    export = ExportSettings(out / "corrected", on_conflict=OnConflict.OVERWRITE)
    correcting = correct(profile, [dataset.degraded_photo], settings.restore, export)
    photos, _ = yield from follow(correcting, 0.8, 0.85, forward_stop=False)
    comparing = compare_with_truth(
        dataset.truth,
        dataset.degraded_photo,
        dataset.reference_photo,
        calibration,
        settings.restore,
    )
    comparison, _ = yield from follow(comparing, 0.85, 1.0, forward_stop=False)
    return DemoResult(
        folder=out,
        profile_path=profile_path,
        psf_folder=psf_folder,
        photos=tuple(photos),
        profile=profile,
        calibration=calibration,
        comparison=comparison,
        seconds=time.monotonic() - start,
    )


def _needed(work: Job[T], low: float, high: float) -> Job[T]:
    """`follow` what has to be whole before anything is worth keeping: `STOP` ends the job."""

    def refused(reply: Reply | None) -> Reply | None:
        if reply == STOP:
            raise LenscalError(
                translatable("stopped before the photos were ready: there is nothing to keep")
            )
        return reply

    def unchanged(report: Report) -> Report:
        return report

    # Reports go through as they are; only the answers to them are looked at.
    result, _ = yield from relay(follow(work, low, high), unchanged, refused)
    return result


def _clear(out: Path) -> None:
    """Remove the photos of an earlier demo, which would be imported beside the new ones."""
    out.mkdir(parents=True, exist_ok=True)
    if not any(out.iterdir()):
        return
    # Only a folder that a demo has made is cleared: everything else is the user's.
    photos = [
        photo
        for role in ("sharp", "degraded")
        for photo in (out / role).glob(f"{role}_*.*")
        if photo.suffix in (".dng", ".png")
    ]
    # Also where a user keeps photos of a lens whose truth was measured.
    made_by_demo = (out / "truth" / "psf_R.fits").is_file()
    if not made_by_demo or not all(map(is_virtual_photo, photos)):
        raise InputError(
            translatable(
                "--out {out} is not empty: choose a new folder, or one of an earlier demo", out=out
            )
        )
    for photo in photos:
        photo.unlink()
