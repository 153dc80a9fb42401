"""Whatever fails while a file is written, and however the program ends in the middle: the old file
is there, or the new one, whole; nothing hidden stays; the user gets a sentence.

    LENSCAL_FAULTS=20 python -m pytest tests/faults       # twenty times as many faults
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import pytest
from injected import (
    DISK_ERRORS,
    REMOVING,
    Injector,
    ctrl_c,
    error,
    files_of_at_most,
    injected,
    power_cut,
)
from writers import SIZE, WRITERS, Writer

from lenscal.errors import LenscalError
from lenscal.system import unfinished

TIMES = int(os.environ.get("LENSCAL_FAULTS", "1"))
"""How many times the faults of CI."""
QUOTAS = 6
"""Sizes at which a file stops to grow, for each kind of file."""

MakeDng = Callable[..., Path]


@pytest.fixture
def place(tmp_path: Path, make_dng: MakeDng, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to write to, with an original beside it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(unfinished, "_notes", unfinished._Notes())
    make_dng(tmp_path / "original" / "photo.dng", size=SIZE)
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def contents(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


@lru_cache(maxsize=1)
def files_before(writer: Writer, place: Path) -> dict[str, bytes]:
    """What it writes first, for all cases of a test: writing takes most of their time."""
    for path in place.iterdir():
        path.unlink()
    return {path.name: path.read_bytes() for path in writer.write(place, 0)}


class Case:
    """A file that is there, and is replaced by another one while something goes wrong."""

    def __init__(self, writer: Writer, place: Path, fresh: bool) -> None:
        self.writer, self.place = writer, place
        self.original = contents(place.parent / "original")
        before = files_before(writer, place)
        for path in place.iterdir():
            path.unlink()
        self.names = set(before)
        if not fresh:
            for name, data in before.items():
                (place / name).write_bytes(data)
        self.old = contents(place)

    def check(self, *, hidden: bool = False, lacking: bool = False) -> None:
        """Nothing half-written, hidden or lost.

        hidden : whether temporary files may lie there until the next start
        lacking : whether a set may lack files, and is refused then
        """
        if hidden:
            # The end of this program, and the start of the next.
            unfinished._end()
            unfinished.remove_unfinished()
        assert contents(self.place.parent / "original") == self.original
        now = contents(self.place)
        assert not [name for name in now if name.startswith(".")]
        if now == self.old:
            return
        if lacking and self.writer.is_set and len(now) < len(self.names):
            kept = [name for name in now if now[name] == self.old.get(name)]
            assert not kept or len(kept) == len(now)
            return
        assert set(now) == self.names
        self.writer.read(self.place)


def attempt(case: Case, injector: Injector) -> None:
    with injected(injector):
        try:
            case.writer.write(case.place, 1)
        except LenscalError as problem:
            assert str(problem)
        except (KeyboardInterrupt, OSError) as end:
            # An error of the system that reaches the user as it is says what and where.
            assert isinstance(end, KeyboardInterrupt) or end.strerror


def steps_of(case: Case) -> int:
    counter = Injector(0, lambda name: None)
    with injected(counter):
        case.writer.write(case.place, 1)
    return counter.calls


@pytest.mark.parametrize("name", WRITERS)
def test_an_error_at_any_step_loses_nothing(
    place: Path, name: str, injected_faults: list[int]
) -> None:
    writer, chance = WRITERS[name], random.Random(name)
    for fresh in (True, False):
        steps = steps_of(Case(writer, place, fresh))
        assert steps >= 3
        for at in range(1, steps + 1):
            for number in chance.sample(DISK_ERRORS, min(TIMES, len(DISK_ERRORS))):
                for stays in (False, True):
                    case = Case(writer, place, fresh)
                    injector = Injector(at, error(number), stays=stays)
                    attempt(case, injector)
                    injected_faults[0] += bool(injector.hit)
                    # A file that could not be removed is removed later; where a disk suddenly
                    # takes no names at all, nothing can be put back.
                    gone = stays and injector.hit in ("replace", "rename", "link")
                    case.check(hidden=gone or injector.hit in REMOVING, lacking=gone)


@pytest.mark.parametrize("name", WRITERS)
def test_a_signal_at_any_step_loses_nothing(
    place: Path, name: str, injected_faults: list[int]
) -> None:
    for fresh in (True, False):
        steps = steps_of(Case(WRITERS[name], place, fresh))
        for at in range(1, steps + 1):
            case = Case(WRITERS[name], place, fresh)
            injector = Injector(at, ctrl_c)
            attempt(case, injector)
            injected_faults[0] += bool(injector.hit)
            case.check(hidden=injector.hit in REMOVING)


@pytest.mark.skipif(os.name != "posix", reason="limits of file sizes")
@pytest.mark.parametrize("name", WRITERS)
def test_a_disk_that_is_full_in_the_middle_loses_nothing(
    place: Path, name: str, injected_faults: list[int]
) -> None:
    """The limit is the kernel's: libraries in C run into it as well."""
    writer, chance = WRITERS[name], random.Random(TIMES)
    largest = max(path.stat().st_size for path in writer.write(place, 1))
    sizes = [0, 1, largest - 1, *(chance.randrange(largest) for _ in range(QUOTAS * TIMES))]
    for fresh in (True, False):
        for size in sizes:
            case = Case(writer, place, fresh)
            with files_of_at_most(size), suppress(LenscalError, OSError):
                writer.write(place, 1)
            injected_faults[0] += 1
            case.check()


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="needs fork")
@pytest.mark.parametrize("name", WRITERS)
def test_what_a_killed_program_leaves_is_cleared_by_the_next(
    place: Path, name: str, injected_faults: list[int]
) -> None:
    for fresh in (True, False):
        steps = steps_of(Case(WRITERS[name], place, fresh))
        for at in range(1, steps + 1):
            case = Case(WRITERS[name], place, fresh)
            assert in_child(lambda case=case, at=at: attempt(case, Injector(at, power_cut))) == 77
            injected_faults[0] += 1
            case.check(hidden=True, lacking=True)
    # This process still runs.
    notes = (place.parent / "cache").rglob("*.txt")
    assert not [path for path in notes if path != unfinished._notes.file]


def in_child(work: Callable[[], object]) -> int:
    """Exit code of a process that does it, or is gone in the middle."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_files_of_a_running_program_are_left_alone(place: Path) -> None:
    """The next start finds the notes of this one, and that it runs."""
    from lenscal.system.atomic import written_whole

    with written_whole(place / "a.txt") as temporary:
        temporary.write_text("half")
        assert in_child(unfinished.remove_unfinished) == 1
        assert temporary.exists()
        temporary.write_text("whole")
    assert (place / "a.txt").read_text() == "whole"


@pytest.mark.parametrize("name", ["photo.dng", "lens.lenscal", ".hidden", "a.0123abcd.tif"])
def test_nothing_else_is_removed_whatever_notes_say(place: Path, name: str) -> None:
    victim = place / name
    victim.write_text("mine")
    notes = place.parent / "cache" / "lenscal" / "unfinished" / "01234567.txt"
    notes.parent.mkdir(parents=True, exist_ok=True)
    temporary = place / ".a.01234567.89abcdef.tif"
    temporary.write_text("half")
    notes.write_bytes(b"\0".join(os.fsencode(path) for path in (victim, temporary, place)))
    unfinished.remove_unfinished()
    assert victim.read_text() == "mine"
    assert not temporary.exists()
    assert not notes.exists()
