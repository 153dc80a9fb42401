"""Opening the window."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.system.display import require_window
from lenscal.system.isolation.calls import WORKER_FLAG, in_workers
from lenscal.system.memory import keep_freed_memory
from lenscal.system.threads import prepare_libraries, usable_cores, use_threads

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from lenscal.gui.main_window import MainWindow

# Shorter turns of the other threads keep the window answering while a training step runs Python.
SWITCH_INTERVAL_S = 0.001
DEFAULT_SIZE = (1280, 800)
FRAME_PX = 40
"""Of the screen's room, for what the desktop draws around a window."""


def run(
    project: str | None = None,
    *,
    grab: Path | None = None,
    theme: str | None = None,
    size: tuple[int, int] = DEFAULT_SIZE,
    demo: bool = False,
) -> int:
    """Open the window and return the exit code when it is closed.

    Parameters
    ----------
    project : path of a project, a profile (LENS.lenscal), a folder of PSF files or of photos to
        open
    grab : folder; walk through every step on a small virtual lens, save one PNG a step there, and
        close
    theme : "light" or "dark"; None: what the preferences say
    size : (width, height) of the window, px
    demo : begin with the virtual lens

    Raises
    ------
    InputError
        Unknown theme; no window can open here.
    """
    require_window()
    from lenscal.preferences import PreferencesFile, numerical_threads, user_preferences

    preferences = user_preferences() if grab is None else PreferencesFile()
    # Before torch is loaded, whose libraries read their settings only then.
    keep_fluid(numerical_threads(preferences.values))
    if grab is not None:
        return _grab(grab, project, theme, size)
    from PySide6.QtCore import QTimer

    from lenscal.gui.background.ending import closed_by_signals
    from lenscal.gui.controller import Controller
    from lenscal.gui.main_window import MainWindow
    from lenscal.gui.tasks import Tasks
    from lenscal.jobs.window.folders import user_folders

    app = application(theme or preferences.values.theme)
    folders = user_folders(preferences.values.cache)
    window = MainWindow(Controller(Tasks(), folders), preferences)
    place(window, preferences.values.geometry, size)
    window.show()
    # Once the event loop turns, so that a message about it is shown in a window that can be seen.
    if project is not None:
        QTimer.singleShot(0, lambda: open_given(window, project))
    elif demo:
        QTimer.singleShot(0, window.controller.demo)
    else:
        window.commands.tell_of_unfinished()
    with closed_by_signals(window.leave):
        code = app.exec()
    # Before Python ends: a running QThread would take the process down.
    window.controller.close()
    return code


def _grab(folder: Path, psf: str | None, theme: str | None, size: tuple[int, int]) -> int:
    """Walk through every step with folders of its own, so that the user's stay as they are."""
    from PySide6.QtCore import QTimer

    from lenscal.gui.controller import Controller
    from lenscal.gui.main_window import MainWindow
    from lenscal.gui.tasks import Tasks
    from lenscal.gui.tour import Tour
    from lenscal.jobs.window.folders import Folders

    app = application(theme or "light")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lenscal-tour-") as scratch:
        folders = Folders(Path(scratch) / "cache", Path(scratch) / "kept")
        window = MainWindow(Controller(Tasks(), folders))
        window.resize(*size)
        window.show()
        tour = Tour(window, folder, psf=Path(psf) if psf else None)
        QTimer.singleShot(0, tour.start)
        code = app.exec()
        window.controller.close()
        window.close()
        return code


def place(window: MainWindow, geometry: str, size: tuple[int, int]) -> None:
    """Put the window where it was the last time; the first time, and where another size is asked
    for, give it that size as far as the screen has it.

    geometry : as the preferences keep it; empty where there is none
    size : (width, height), px
    """
    from PySide6.QtCore import QByteArray

    kept = QByteArray.fromBase64(geometry.encode())
    # Qt moves a window back whose screen is gone.
    if size == DEFAULT_SIZE and kept and window.restoreGeometry(kept):
        return
    available = window.screen().availableGeometry()
    # Its title bar and borders, which are not known before it is shown.
    width, height = available.width() - FRAME_PX, available.height() - FRAME_PX
    window.resize(min(size[0], width), min(size[1], height))


def open_given(window: MainWindow, name: str) -> None:
    """Open what was named on the command line."""
    window.commands.open_file(Path(name).absolute())


def application(theme: str) -> QApplication:
    """The QApplication with its looks."""
    from PySide6.QtWidgets import QApplication

    from lenscal.gui import theme as looks

    # Tests have one already; none of our own options is for Qt.
    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        raise RuntimeError("a QCoreApplication without windows exists already")
    app.setApplicationName("lenscal")
    app.setApplicationDisplayName("lenscal")
    # The name of packaging/linux/lenscal.desktop, by which desktops find icon and task.
    app.setDesktopFileName("lenscal")
    looks.apply(app, theme)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """The gui-script: `lenscal-window [PROFILE]`."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words == [WORKER_FLAG]:
        from lenscal.system.isolation.worker import main as serve

        serve()
    with in_workers():
        return run(words[0] if words else None)


def keep_fluid(threads: int | None = None) -> None:
    """What the window's thread needs to answer while a job computes. Call it before torch is
    loaded."""
    prepare_libraries()
    keep_freed_memory()
    if "OMP_NUM_THREADS" not in os.environ:
        # All cores but one.
        use_threads(threads or max(usable_cores() - 1, 1))
    sys.setswitchinterval(SWITCH_INTERVAL_S)
