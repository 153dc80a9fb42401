"""Real commands that are told to end, or are killed, at moments by chance: no traceback, nothing
half-written, no process that goes on.

    LENSCAL_FAULTS=20 python -m pytest tests/faults/test_signals.py    # twenty times as many
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import tifffile

from lenscal.files.psf.profile import Profile, write_profile
from lenscal.optics.psf_grid import delta_grid

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals, and /proc")

TIMES = int(os.environ.get("LENSCAL_FAULTS", "1"))
ENDINGS = {
    "Ctrl+C": [signal.SIGINT],
    "service stop": [signal.SIGTERM],
    "closed terminal": [signal.SIGHUP],
    "Ctrl+C twice": [signal.SIGINT, signal.SIGINT],
    "stop while it stops": [signal.SIGTERM, signal.SIGINT, signal.SIGHUP],
    "kill -9": [signal.SIGKILL],
}
PHOTOS = 8
SIZE = (256, 384)
LONGEST_S = 3.0
"""After the command has begun to say something."""

MakeDng = Callable[..., Path]


@dataclass
class Batch:
    """Photos, a profile and a place to write to."""

    base: Path
    photos: list[Path]
    psf: Path

    @property
    def out(self) -> Path:
        return self.base / "out"

    def start(self) -> subprocess.Popen[str]:
        command = ["correct", self.psf, *self.photos, "--out", self.out, "--method", "none"]
        command += ["--save-mask", "--on-conflict", "overwrite"]
        return subprocess.Popen(
            [sys.executable, "-m", "lenscal", *map(str, command)],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "XDG_CACHE_HOME": str(self.base / "cache"),
                # Where a library crashes, the message shows in which call.
                "PYTHONFAULTHANDLER": "1",
            },
            # A terminal signals all programs of the group.
            start_new_session=True,
        )

    def hashes(self) -> list[str]:
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in self.photos]

    def processes(self) -> list[int]:
        """All that run for this batch, workers too."""
        mark = f"XDG_CACHE_HOME={self.base / 'cache'}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def left(self) -> list[Path]:
        """Hidden files, and photos in the cache."""
        hidden = list(self.out.glob(".*")) if self.out.exists() else []
        cache = self.base / "cache" / "lenscal"
        return [*hidden, *cache.glob("photos-*"), *cache.glob("unfinished/*")]


@pytest.fixture
def batch(tmp_path: Path, make_dng: MakeDng) -> Batch:
    photos = [make_dng(tmp_path / "photos" / f"{n}.dng", seed=n, size=SIZE) for n in range(PHOTOS)]
    psf = write_profile(tmp_path / "l.lenscal", Profile(delta_grid((2, 2), 5, SIZE)))
    return Batch(tmp_path, photos, psf)


def moments(name: str) -> Iterator[float]:
    chance = random.Random(f"{name} {TIMES}")
    for _ in range(TIMES):
        yield chance.uniform(0, LONGEST_S)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_batch_ends_in_order_at_any_moment(
    batch: Batch, ending: str, injected_faults: list[int]
) -> None:
    originals = batch.hashes()
    for moment in moments(ending):
        numbers = ENDINGS[ending]
        with batch.start() as program:
            assert program.stderr is not None
            first = program.stderr.readline()
            time.sleep(moment)
            for number in numbers:
                try:
                    # With its workers, as a terminal does; only kill -9 is for one process.
                    if number == signal.SIGKILL:
                        program.kill()
                    else:
                        os.killpg(program.pid, number)
                    injected_faults[0] += 1
                except ProcessLookupError:
                    pass
                time.sleep(0.02)
            _, err = program.communicate(timeout=60)
        said = first + err
        assert "Traceback" not in said, said
        assert "unexpected" not in said, said
        in_order = {128 + number for number in numbers} | {0}
        assert program.returncode in (in_order if ending != "kill -9" else {-9, 0}), said
        gone_by = time.monotonic() + 20
        while batch.processes() and time.monotonic() < gone_by:
            time.sleep(0.05)
        assert not batch.processes()
        if ending == "kill -9":
            # The next start.
            with batch.start() as program:
                _, err = program.communicate(timeout=120)
            assert program.returncode == 0, err
        assert not batch.left()
        assert batch.hashes() == originals
        for written in batch.out.glob("*.tif") if batch.out.exists() else ():
            assert tifffile.imread(written).shape[:2] == SIZE
