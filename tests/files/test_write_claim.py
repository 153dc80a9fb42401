"""Two programs that would write the same file: the second is told, and a dead one counts for
nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lenscal.errors import InputError
from lenscal.files.write_claim import claimed, is_claimed, only_writer

SOURCE = Path(__file__).parents[2]
HOLDER = """
import sys
from pathlib import Path
from lenscal.files.write_claim import claimed
claim = claimed(Path(sys.argv[1]))
print(claim is not None, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def holders() -> Iterator[list[subprocess.Popen[str]]]:
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        process.kill()
        process.communicate()


def hold(path: Path, holders: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    """A program that has a claim on a file."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    holders.append(process)
    assert process.stdout is not None and process.stdout.readline() == "True\n"
    return process


def test_another_program_is_noticed_until_it_ends(
    tmp_path: Path, holders: list[subprocess.Popen[str]]
) -> None:
    path = tmp_path / "lens.lenscal"
    process = hold(path, holders)
    assert claimed(path) is None and is_claimed(path)
    with (
        pytest.raises(InputError, match=r"lens\.lenscal: another lenscal that is running"),
        only_writer(path),
    ):
        raise AssertionError
    # Another file, also of the same folder, is free.
    assert not is_claimed(tmp_path / "other.lenscal")
    process.communicate("")
    assert not is_claimed(path)
    assert not path.exists()


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_what_a_killed_program_held_is_free(
    tmp_path: Path, holders: list[subprocess.Popen[str]]
) -> None:
    path = tmp_path / "lens.lenscal"
    process = hold(path, holders)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with only_writer(path):
        assert is_claimed(path)
    assert not is_claimed(path)


def test_links_lead_to_the_same_file(tmp_path: Path, holders: list[subprocess.Popen[str]]) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    hold(tmp_path / "real" / "lens.lenscal", holders)
    assert is_claimed(tmp_path / "link" / "lens.lenscal")
    assert is_claimed(tmp_path / "real" / ".." / "link" / "lens.lenscal")


def test_where_no_lock_can_be_made_the_work_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("in the way")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "cache"))
    with only_writer(tmp_path / "lens.lenscal"):
        # Nothing is known of others.
        assert not is_claimed(tmp_path / "lens.lenscal")


def test_a_read_only_cache_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("in the way")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "temporary"))
    with only_writer(tmp_path / "lens.lenscal"):
        assert is_claimed(tmp_path / "lens.lenscal")


def test_files_of_former_claims_go(tmp_path: Path) -> None:
    with only_writer(tmp_path / "a"):
        pass
    (old,) = (tmp_path / "cache" / "lenscal" / "locks").iterdir()
    assert old.stat().st_size == 0
    with only_writer(tmp_path / "b"):
        assert old.exists()
    long_ago = time.time() - 100 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    with only_writer(tmp_path / "c"):
        assert not old.exists()
