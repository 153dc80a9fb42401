"""Where no window can open, the program says what is missing, instead of being aborted by Qt."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lenscal.errors import InputError
from lenscal.files.psf.profile import Profile, write_profile
from lenscal.optics.psf_grid import delta_grid
from lenscal.system import display
from lenscal.system.display import DEBIAN_PACKAGES, missing_libraries, require_window

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Qt needs none elsewhere")


def lenscal(*words: object, **told: str) -> subprocess.CompletedProcess[str]:
    """A command as somebody without a desktop calls it."""
    without = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    environment = {k: v for k, v in os.environ.items() if k not in without} | told
    command = [sys.executable, "-m", "lenscal", *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


@LINUX
def test_without_a_display_the_program_says_so() -> None:
    done = lenscal("gui")
    assert done.returncode == 2, done.stderr
    assert "There is no display" in done.stderr and "ssh -X" in done.stderr


@LINUX
def test_a_display_that_nobody_runs_is_named() -> None:
    done = lenscal("gui", DISPLAY=":987")
    assert done.returncode == 2, done.stderr
    # A machine that never had a desktop lacks the libraries, too.
    assert ":987" in done.stderr or "apt-get install" in done.stderr


@LINUX
def test_a_report_needs_no_display(tmp_path: Path) -> None:
    """DISPLAY may name one that is long gone: Qt would end the process."""
    lens = write_profile(tmp_path / "lens.lenscal", Profile(delta_grid((2, 2), 5, (128, 192))))
    done = lenscal("report", lens, "--out", tmp_path / "lens.pdf", DISPLAY=":987")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "lens.pdf").read_bytes().startswith(b"%PDF")


@LINUX
def test_missing_libraries_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {"libxcb-cursor.so.0", "libEGL.so.1", "libxkbcommon-x11.so.0"}

    def load(name: str) -> object:
        if name in gone:
            raise OSError(f"{name}: cannot open shared object file")
        return None

    assert set(missing_libraries(x11=True, load=load)) == gone
    assert missing_libraries(x11=False, load=load) == ("libEGL.so.1",)

    monkeypatch.setattr(display, "missing_libraries", lambda **_: tuple(sorted(gone)))
    with pytest.raises(InputError) as error:
        require_window({"DISPLAY": ":0"})
    for name in gone:
        assert name in str(error.value) and DEBIAN_PACKAGES[name] in str(error.value)


@LINUX
def test_offscreen_needs_no_display() -> None:
    require_window({"QT_QPA_PLATFORM": "offscreen"})
    require_window({"QT_QPA_PLATFORM": "offscreen:size=800x600"})
