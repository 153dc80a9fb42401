"""A real window on tiny real RAW files, and a calibration double that can be stopped, cancelled and
made to fail."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from desktop import drop, shown
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QThread, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from lenscal.calibration.result import Calibration, StageResult
from lenscal.calibration.settings import KERNEL_PX, CalibrationSettings
from lenscal.errors import LenscalError
from lenscal.files.photos.dng import DngInfo, write_raw_dng
from lenscal.files.psf.profile import Profile
from lenscal.gui.controller import Controller, Folders
from lenscal.gui.main_window import MainWindow
from lenscal.gui.tasks import Tasks
from lenscal.intake.inputs import Inputs
from lenscal.jobs.window.calibration import SavedCalibration
from lenscal.optics.psf_grid import delta_grid
from lenscal.raw.frame import NoiseModel
from lenscal.reports import Report
from lenscal.session import Step, with_psf
from lenscal.stepping import STOP, Job

SIZE = (96, 144)


@pytest.fixture(autouse=True, scope="session")
def quick_collections() -> None:
    """What has been imported lives to the end: looking at it after every test costs 0.3 s each."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def patience() -> Iterator[None]:
    """Limits of waiting are for what never comes: on a busy machine everything takes longer."""
    least_ms, plain = 60_000, QtBot.waitUntil

    def wait_until(self: QtBot, callback: Callable[[], object], *, timeout: int = 0) -> None:
        plain(self, callback, timeout=max(timeout, least_ms))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QtBot, "waitUntil", wait_until)
        yield


@pytest.fixture(autouse=True)
def no_leaks(qapp: QApplication) -> Iterator[None]:
    """No window, no running thread and no running timer outlives a test."""
    before = set(map(id, qapp.topLevelWidgets()))
    yield
    qapp.sendPostedEvents()
    qapp.processEvents()
    _delete_closed_windows()
    windows = [w for w in qapp.topLevelWidgets() if w.isVisible() and id(w) not in before]
    timers = [
        o for o in gc.get_objects() if issubclass(type(o), QTimer) and isValid(o) and o.isActive()
    ]
    threads = [
        o for o in gc.get_objects() if issubclass(type(o), QThread) and isValid(o) and o.isRunning()
    ]
    assert not windows, f"left open: {windows}"
    assert not threads, f"still running: {threads}"
    assert not timers, f"still ticking: {timers}"


def _delete_closed_windows() -> None:
    """Here and now: what is left to Python's collector of circles is deleted in whatever thread
    that happens to run, also in the worker of a later test, beside Qt's own list of widgets.
    """
    # Outside an event loop, deleteLater waits until it is asked for by name.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


def write_photo(path: Path, *, aperture: float, seed: int, lens: str = "Tiny 35mm f/1.8") -> Path:
    """A small DNG of coloured noise with some structure."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0.05, 0.7, (SIZE[0] // 8, SIZE[1] // 8))
    scene = np.kron(coarse, np.ones((8, 8))) * rng.uniform(0.8, 1.2, SIZE)
    raw = np.clip(512 + scene * (16383 - 512), 0, 16383).astype(np.uint16)
    write_raw_dng(
        path,
        raw,
        info=DngInfo(
            cfa="RGGB",
            black=512,
            white=16383,
            make="Tiny",
            model="Tiny One",
            lens=lens,
            f_number=aperture,
            focal_mm=35,
            iso=200,
            exposure_s=0.01,
            date_time="2026:01:01 12:00:00",
            noise_profile=[(1.5e-4, 1e-6)],
            colour_matrix=np.array([[0.7, -0.2, -0.05], [-0.4, 1.2, 0.2], [-0.1, 0.2, 0.6]]),
            as_shot_neutral=(0.5, 1.0, 0.625),
        ),
    )
    return path


@pytest.fixture(scope="session")
def photo_folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(sharp, degraded), three photos each; the degraded one also holds a broken file."""
    base = tmp_path_factory.mktemp("photos")
    sharp, degraded = base / "sharp f5.6", base / "weit offen ü"
    sharp.mkdir()
    degraded.mkdir()
    for n in range(3):
        write_photo(sharp / f"s{n}.dng", aperture=5.6, seed=n)
        write_photo(degraded / f"d{n}.dng", aperture=1.8, seed=10 + n)
    (degraded / "broken.dng").write_bytes(b"II*\0 not a photo at all" * 20)
    return sharp, degraded


@dataclass
class FakeCalibration:
    """Stands for jobs.calibrate: quick steps that can be told to fail, and that say how they
    ended."""

    steps: int = 400
    fail_at: int | None = None
    error: Exception = field(
        default_factory=lambda: LenscalError("The graphics card ran out of memory: choose CPU")
    )
    closed: bool = False
    stopped_at: int | None = None
    resumed: bool = False

    def __call__(
        self,
        inputs: Inputs,
        settings: CalibrationSettings,
        keep_in: Path,
        resume: bool = False,
    ) -> Job[SavedCalibration]:
        self.resumed = resume
        psf = replace(delta_grid(settings.grid, settings.kernel_size or KERNEL_PX, SIZE))
        try:
            for step in range(self.steps):
                if step == self.fail_at:
                    raise self.error
                time.sleep(0.01)
                kernels = psf.kernels.copy() if step % 10 == 0 else None
                answer = yield Report(
                    "F",
                    f"Step {step}",
                    step / self.steps,
                    step,
                    {"flow loss": 1 / (step + 1)},
                    kernels,
                    5.0,
                )
                if answer == STOP:
                    self.stopped_at = step
                    break
        except GeneratorExit:
            self.closed = True
            raise
        ended = "done" if self.stopped_at is None else "stopped"
        noise = NoiseModel((1e-4,) * 3, (1e-6,) * 3, "test")
        stage = StageResult("F", 1.0, psf.kernels)
        curves = {"flow loss": [(0, 1.0)]}
        calibration = Calibration(
            psf,
            noise,
            (stage,),
            True,
            curves,
            {"estimate": 0.1, "floor": 0.05},
            (),
            ended,
            "cpu",
            1.0,
            10,
            0,
        )
        keep_in.mkdir(parents=True, exist_ok=True)
        path = keep_in / "kept.lenscal"
        path.write_bytes(b"kept")
        return SavedCalibration(
            calibration, Profile(psf=psf, noise=noise, lens="Tiny 35mm f/1.8"), path
        )


@pytest.fixture
def fake() -> FakeCalibration:
    return FakeCalibration()


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, fake: FakeCalibration) -> Iterator[MainWindow]:
    """The real window with the real jobs, but for the calibration."""
    controller = Controller(
        replace(Tasks(), calibrate=fake), Folders(tmp_path / "cache", tmp_path / "kept")
    )
    with shown(qtbot, controller) as win:
        yield win


@pytest.fixture
def read_photos(
    qtbot: QtBot, window: MainWindow, photo_folders: tuple[Path, Path]
) -> Callable[[], None]:
    """Drop both folders on the window and read them."""

    def read() -> None:
        drop(window.import_page.sharp.drop, [photo_folders[0]])
        drop(window.import_page.degraded.drop, [photo_folders[1]])
        qtbot.mouseClick(window.import_page.read_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: not window.controller.busy, timeout=30_000)

    return read


@pytest.fixture
def exporting(window: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path) -> MainWindow:
    """The window in the sixth step, with a grid and a photo."""
    c = window.controller
    session = with_psf(c.session, delta_grid((3, 4), 5, (96, 144)), "grid")
    c.change(replace(session, photo=photo_folders[1] / "d0.dng"))
    window.go_to(Step.EXPORT)
    window.export_page.folder.setText(str(tmp_path / "out"))
    return window
