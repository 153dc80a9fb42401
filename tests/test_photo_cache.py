"""Decoded photos do not stay behind, and those of another program that runs are left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lenscal.jobs.cache import ScratchKind, photo_cache, remove_stale, scratch_folder
from lenscal.jobs.window.folders import user_folders

OTHER = """
import sys, time
from pathlib import Path
from lenscal.jobs.cache import ScratchKind, scratch_folder
folder = scratch_folder(ScratchKind(sys.argv[1]), Path(sys.argv[2]))
(folder.path / "photo.npy").touch()
print(folder.path, flush=True)
time.sleep(60)
"""


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    return tmp_path / "lenscal"


def other_program(kind: ScratchKind, base: Path) -> tuple[subprocess.Popen[str], Path]:
    program = subprocess.Popen(
        [sys.executable, "-c", OTHER, kind.value, str(base)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert program.stdout is not None
    return program, Path(program.stdout.readline().strip())


def test_the_cache_goes_also_after_errors(base: Path) -> None:
    with pytest.raises(ZeroDivisionError), photo_cache() as cache:
        (cache / "photo.npy").touch()
        assert cache.parent == base
        raise ZeroDivisionError
    assert list(base.iterdir()) == []


@pytest.mark.parametrize("kind", list(ScratchKind))
def test_what_a_killed_program_has_left_goes_at_the_next_start(
    base: Path, kind: ScratchKind
) -> None:
    program, folder = other_program(kind, base)
    try:
        # It runs: nothing of it is touched.
        with photo_cache():
            assert (folder / "photo.npy").exists()
    finally:
        program.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        program.wait()
        assert program.stdout is not None
        program.stdout.close()
    assert (folder / "photo.npy").exists()
    with photo_cache() as cache:
        assert {p for p in base.iterdir() if p.is_dir()} == {cache}
    assert list(base.iterdir()) == []


def test_folders_without_a_lock_go_after_a_week(tmp_path: Path) -> None:
    """An earlier version, which had no locks, may be running."""
    for name, days in (("window-a", 3), ("window-b", 9), ("settings", 9)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - days * 86400,) * 2)
    remove_stale(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"window-a", "settings"}


def test_a_window_has_a_folder_where_its_own_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "file").touch()
    # A file stands in the way, as a disk that is gone would.
    folders = user_folders(str(tmp_path / "file" / "cache"))
    assert tmp_path / "temporary" in folders.cache.parents
    folders.remove_cache()
    assert not folders.cache.exists()


def test_two_folders_of_one_program_are_two(tmp_path: Path) -> None:
    first = scratch_folder(ScratchKind.COMMAND, tmp_path)
    second = scratch_folder(ScratchKind.COMMAND, tmp_path)
    assert first.path != second.path
    assert first.path.is_dir()
    for folder in (first, second):
        folder.remove()
    assert list(tmp_path.iterdir()) == []
