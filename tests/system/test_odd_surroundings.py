"""Standard streams full or closed, a current folder that is gone, a user without a home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lenscal.cli import main
from lenscal.jobs.cache import photo_cache
from lenscal.jobs.window.folders import user_folders
from lenscal.preferences import user_preferences
from lenscal.system.user_folders import cache_folder

HOME = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX streams and users")


def lenscal(*arguments: str | Path, shell: str = "") -> subprocess.CompletedProcess[str]:
    """A program of its own: `shell` is run before it, or wraps "$0" "$@"."""
    script = shell or '"$0" "$@"'
    command = ["sh", "-c", script, sys.executable, "-m", "lenscal", *map(str, arguments)]
    source = Path(__file__).parents[2]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(source)},
        check=False,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_standard_output_is_one_plain_line(tmp_path: Path) -> None:
    for arguments in (("info", tmp_path / "none.dng"), ("info", tmp_path / "none.dng", "--json")):
        done = lenscal(*arguments, shell='"$0" "$@" > /dev/full')
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
    done = lenscal("benchmark", "--list", shell='"$0" "$@" > /dev/full')
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "lenscal: standard output cannot be written: No space left on device"
    ]


@pytest.mark.parametrize("streams", ["2>&-", ">&-", ">&- 2>&-"])
def test_closed_streams_do_not_end_the_work(tmp_path: Path, streams: str) -> None:
    done = lenscal("benchmark", "--list", shell=f'"$0" "$@" {streams}')
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_no_file_takes_the_place_of_a_closed_stream() -> None:
    script = (
        "import os, sys, tempfile\n"
        "from lenscal.system.streams.standard_streams import prepare_streams\n"
        "prepare_streams()\n"
        "with tempfile.TemporaryFile() as file: raise SystemExit(file.fileno())"
    )
    done = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" <&- >&- 2>&-', sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert done.returncode > 2


def test_an_ended_reader_leaves_no_traceback() -> None:
    done = lenscal("benchmark", "--list", shell='"$0" "$@" | true')
    assert done.stderr == ""


def in_missing_folder(tmp_path: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    gone = tmp_path / "gone"
    gone.mkdir()
    shell = f'cd "{gone}" && rmdir "{gone}" && exec "$0" "$@"'
    # Not as a module: Python would look for it in the current folder.
    script = tmp_path / "run.py"
    script.write_text("from lenscal.cli import main\nraise SystemExit(main())\n")
    return subprocess.run(
        ["sh", "-c", shell, sys.executable, str(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )


def test_a_current_folder_that_is_gone_is_left(tmp_path: Path) -> None:
    """Numerical libraries that are loaded from there end the program."""
    done = in_missing_folder(tmp_path, "check", tmp_path / "a", tmp_path / "b")
    assert done.returncode == 2
    assert f"{tmp_path / 'a'}" in done.stderr
    assert "FATAL" not in done.stderr
    done = in_missing_folder(tmp_path, "check", "a", tmp_path / "b")
    assert done.returncode == 2
    assert "the current folder no longer exists" in done.stderr


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's numeric user."""
    import pwd

    def unknown(uid: int) -> None:
        raise KeyError(uid)

    for name in HOME:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.mark.usefixtures("no_home")
def test_a_user_without_a_home_has_folders_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert tmp_path in cache_folder().parents
    with photo_cache() as cache:
        assert tmp_path in cache.parents
    folders = user_folders()
    assert tmp_path in folders.cache.parents
    assert tmp_path in folders.kept.parents
    # Settings live as long as the window does.
    preferences = user_preferences()
    preferences.change(threads=1)
    assert preferences.values.threads == 1
    assert preferences.path is None
    assert main(["benchmark", "--list"]) == 0
