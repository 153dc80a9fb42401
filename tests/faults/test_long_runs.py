"""Long work needs no more memory, threads or open files at its end than soon after its start.

LENSCAL_LONG=1 python -m pytest tests/faults/test_long_runs.py    # 500 photos, 50 calibrations,
                                                                  # 1000 previews
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from early_ends import end_fits_early

from lenscal import jobs
from lenscal.calibration.settings import CalibrationSettings, Quality, Stages
from lenscal.files.photos.export_settings import ExportSettings
from lenscal.files.photos.photo_preview import read_preview
from lenscal.files.psf.profile import Profile
from lenscal.jobs.photo_work import PhotoResult
from lenscal.jobs.window.preview import correct_part, open_photo
from lenscal.optics.psf_grid import delta_grid
from lenscal.restore.settings import RestoreSettings
from lenscal.stepping import finish
from lenscal.system.isolation import calls
from lenscal.system.isolation.calls import end_workers, in_workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc")

LONG = "LENSCAL_LONG" in os.environ
PHOTOS, CALIBRATIONS, PREVIEWS = (500, 50, 1000) if LONG else (24, 3, 40)
SIZE = (128, 192)
ALLOWED_MB, ALLOWED_SHARE = 12.0, 0.05
"""Of growth: what the allocator keeps differs by some MB from one moment to the next."""

MakeDng = Callable[..., Path]


class Meter:
    """What a process and its workers hold, from time to time."""

    def __init__(self) -> None:
        self.memory_mb: list[float] = []
        self.worker_mb: list[float] = []
        self.threads: list[int] = []
        self.handles: list[int] = []

    def read(self) -> None:
        gc.collect()
        # What the allocator keeps of freed memory differs by 80 MB from run to run.
        ctypes.CDLL(None).malloc_trim(0)
        self.memory_mb.append(_memory_mb(Path("/proc/self")))
        pids = [worker._process.pid for worker in calls._state.idle]
        self.worker_mb.append(
            max((_memory_mb(Path("/proc") / str(pid)) for pid in pids), default=0)
        )
        self.count()

    def count(self) -> None:
        """Threads and handles alone: quick."""
        own = Path("/proc/self")
        self.threads.append(len(list((own / "task").iterdir())))
        self.handles.append(len(list((own / "fd").iterdir())))

    def check(self, what: str) -> None:
        """Flat from the first third on; the figures go into the test's output.

        Of threads and handles, those that are always there: work has more of them for a moment,
        and which moments are met is chance. What is lost with each photo raises the fewest, too.
        """
        for name in ("memory_mb", "worker_mb", "threads", "handles"):
            values = getattr(self, name)
            third = max(len(values) // 3, 1)
            usual = np.median if name.endswith("_mb") else np.min
            early, late = usual(values[third : 2 * third]), usual(values[-third:])
            sys.stderr.write(f"{what}: {name} {early:.0f} -> {late:.0f}, most {max(values):.0f}\n")
            if name.endswith("_mb"):
                assert late - early < max(ALLOWED_MB, ALLOWED_SHARE * early), name
            else:
                assert late <= early, name


def _memory_mb(process: Path) -> float:
    try:
        pages = int((process / "statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.fixture(autouse=True)
def apart() -> Iterator[None]:
    # What other tests have left is no growth, and takes 0.3 s to look at each time.
    gc.collect()
    gc.freeze()
    with in_workers():
        yield
    end_workers()


def test_a_long_batch(tmp_path: Path, make_dng: MakeDng) -> None:
    first = make_dng(tmp_path / "a" / "0000.dng", size=SIZE)
    photos = [first]
    for n in range(1, PHOTOS):
        photos.append(first.with_name(f"{n:04}.dng"))
        photos[-1].hardlink_to(first)
    results: list[PhotoResult] = []
    meter = Meter()

    reports = 0

    def watch(_: object) -> None:
        nonlocal reports
        reports += 1
        # Some come of each photo: never at the same moment of its work.
        if reports % 7 == 0:
            meter.read()
        else:
            meter.count()

    work = jobs.correct(
        Profile(delta_grid((2, 2), 5, SIZE)),
        photos,
        RestoreSettings(device="cpu"),
        ExportSettings(tmp_path / "out"),
        save_mask=True,
        results_so_far=results,
    )
    finish(work, watch)
    assert len(results) == PHOTOS
    assert all(result.output is not None for result in results)
    meter.check(f"{PHOTOS} photos in one batch")


def test_many_calibrations(
    tmp_path: Path, make_dng: MakeDng, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_fits_early(monkeypatch)
    kernel = np.full((3, 3), 1 / 9)
    sharp, degraded = tmp_path / "sharp", tmp_path / "degraded"
    for n in range(2):
        size = (256, 384)
        make_dng(sharp / f"s{n}.dng", seed=n, f_number=5.6, size=size)
        make_dng(degraded / f"d{n}.dng", seed=n, kernel=kernel, size=size)
    settings = CalibrationSettings(Quality.QUICK, "cpu", (3, 3), stages=Stages.P)
    meter = Meter()
    for n in range(CALIBRATIONS + 1):
        with jobs.photo_cache() as cache:
            inputs = finish(jobs.import_photos([sharp], [degraded], cache=cache))
            calibration = finish(jobs.calibrate(inputs, settings))
            assert np.isfinite(calibration.psf.kernels).all()
            del inputs, calibration
        if n:
            meter.read()  # The first one loads what the others share.
    meter.check(f"{CALIBRATIONS} calibrations")


def test_many_previews(tmp_path: Path, make_dng: MakeDng) -> None:
    photos = [make_dng(tmp_path / f"{n}.dng", seed=n, size=(256, 384)) for n in range(4)]
    profile = Profile(delta_grid((2, 2), 5, (256, 384)))
    settings, meter = RestoreSettings(device="cpu"), Meter()
    for n in range(PREVIEWS):
        photo = photos[n % len(photos)]
        assert read_preview(photo).pixels is not None
        developed = finish(open_photo(photo, tmp_path / "cache"))
        finish(correct_part(profile, developed, settings, (64, 64, 256, 192)))
        del developed
        meter.read()
    meter.check(f"{PREVIEWS} previews")
