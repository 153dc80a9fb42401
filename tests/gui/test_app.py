from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lenscal.errors import InputError
from lenscal.files.psf.profile import Profile, write_profile
from lenscal.gui import app
from lenscal.gui.background.heartbeat import Heartbeat
from lenscal.gui.main_window import MainWindow
from lenscal.optics.psf_grid import delta_grid

RUN = """
import sys
from pathlib import Path
from lenscal.gui.app import run
sys.exit(run(sys.argv[1], grab=Path(sys.argv[2]), theme=sys.argv[3], size=(1100, 700)))
"""


def grab(project: Path, pictures: Path, theme: str = "light") -> subprocess.CompletedProcess[str]:
    """A program of its own: an application that has ended cannot begin again in the same
    process."""
    command = [sys.executable, "-c", RUN, str(project), str(pictures), theme]
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=100, cwd=root, check=False
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_grab_saves_a_picture_of_each_step_and_closes(tmp_path: Path, theme: str) -> None:
    write_profile(
        tmp_path / "a.lenscal", Profile(psf=delta_grid((4, 8), 7, (96, 144)), lens="Some lens")
    )
    process = grab(tmp_path / "a.lenscal", tmp_path / "pictures", theme)
    assert process.returncode == 0, process.stderr
    for name in ("4-inspect", "6-export"):
        picture = QImage(str(tmp_path / "pictures" / f"{name}.png"))
        assert (picture.width(), picture.height()) == (1100, 700)
        corner = picture.pixelColor(5, 690).lightness()
        assert corner > 200 if theme == "light" else corner < 60


def test_every_kind_of_file_can_be_given_at_the_start(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, photo_folders: tuple[Path, Path]
) -> None:
    write_profile(
        tmp_path / "a.lenscal", Profile(psf=delta_grid((4, 8), 7, (96, 144)), lens="Some lens")
    )
    for path in (photo_folders[0], tmp_path / "a.lenscal"):
        app.open_given(window, str(path))
        qtbot.waitUntil(lambda: not window.controller.busy, timeout=20_000)
    assert window.controller.session.sharp.paths == (photo_folders[0],)
    assert window.controller.session.psf_name == "Some lens"
    app.open_given(window, str(tmp_path / "missing.lenscal"))
    qtbot.waitUntil(lambda: "missing.lenscal" in window.message_bar.text.text(), timeout=5000)


def test_grab_of_a_bad_profile_ends_with_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.lenscal").write_text("no profile")
    process = grab(tmp_path / "bad.lenscal", tmp_path / "pictures")
    assert process.returncode == 1
    assert "bad.lenscal" in process.stderr


def test_an_unknown_theme_is_refused(qapp: QApplication) -> None:
    with pytest.raises(InputError, match="pink"):
        app.run(theme="pink")


def test_the_heartbeat_notices_a_blocked_main_thread(qtbot: QtBot) -> None:
    heartbeat = Heartbeat()
    heartbeat.start()
    qtbot.waitUntil(lambda: len(heartbeat.intervals_ms) > 5)
    time.sleep(0.25)
    qtbot.waitUntil(lambda: heartbeat.worst_ms >= 250)
    heartbeat.stop()
    assert heartbeat.percentile(100) == heartbeat.worst_ms
    assert heartbeat.percentile(50) < heartbeat.worst_ms
    assert not heartbeat.running
