"""A batch on a cluster of real processes: a scheduler and two workers on this computer."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import lenscal
from lenscal.cli import main

pytest.importorskip("distributed")

LENSES = 2
PATIENCE_S = 240.0
NAMES = [f"Lens-{n}_degraded" for n in range(LENSES)]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory, make_dng: Callable[..., Path]) -> Path:
    """Lenses small enough for seconds."""
    import numpy as np
    from scipy.ndimage import gaussian_filter

    folder = tmp_path_factory.mktemp("lenses")
    point = np.zeros((9, 9))
    point[4, 4] = 1
    lines = ["[settings]", 'quality = "quick"', 'grid = "2x2"', 'stages = "P"', 'device = "cpu"']
    for n in range(LENSES):
        blur = gaussian_filter(point, 0.8 + 0.3 * n)
        for scene in range(2):
            shot = {"size": (256, 288), "seed": 10 * n + scene}
            make_dng(folder / f"sharp{n}" / f"{scene}.dng", f_number=5.6, **shot)
            make_dng(folder / str(n) / "degraded" / f"{scene}.dng", kernel=blur, **shot)
        lines += ["[[lens]]", f'name = "Lens {n}"', f'sharp = "sharp{n}"']
        lines += ["kernel_size = 9", f'degraded = "{n}/degraded"']
    path = folder / "lenses.toml"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def alone(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one computer without a cluster makes of it."""
    out = tmp_path_factory.mktemp("alone") / "out"
    assert main(["batch", str(manifest), "--out", str(out), "--quiet"]) == 0
    return out


class Cluster:
    """A scheduler and workers, as commands start them."""

    def __init__(self, folder: Path, workers: int) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address, self.folder = f"tcp://127.0.0.1:{port}", folder
        self.scheduler = self.start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"
        )
        self.workers = [self.worker(f"worker{n}") for n in range(workers)]

    def worker(self, name: str) -> subprocess.Popen[bytes]:
        place = str(self.folder / name)
        options = ("--no-nanny", "--no-dashboard", "--nthreads", "1", "--local-directory", place)
        return self.start("dask_worker", self.address, *options, "--memory-limit", "3GiB")

    def start(self, module: str, *options: str) -> subprocess.Popen[bytes]:
        return begin("-m", f"distributed.cli.{module}", *options)

    def end(self) -> None:
        for process in (self.scheduler, *self.workers):
            process.kill()
            process.wait()


def begin(*arguments: str) -> subprocess.Popen[bytes]:
    root = Path(lenscal.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-P", *arguments],
        stdout=subprocess.PIPE if "lenscal" in arguments else subprocess.DEVNULL,
        stderr=subprocess.PIPE if "lenscal" in arguments else subprocess.DEVNULL,
        env=environment,
    )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path, 2)
    try:
        yield cluster
    finally:
        cluster.end()


def batch(manifest: Path, out: Path, *where: str) -> subprocess.Popen[bytes]:
    return begin("-m", "lenscal", "batch", str(manifest), "--out", str(out), "--json", *where)


def wait_for(condition: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    patience = time.monotonic() + PATIENCE_S
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < patience
        time.sleep(0.02)


def begun(out: Path) -> list[Path]:
    return list((out / ".lenscal-batch").glob("*.checkpoint"))


def fingerprints(out: Path) -> list[str]:
    records = [json.loads((out / name / "record.json").read_text()) for name in NAMES]
    return [record["figures"]["fingerprint"] for record in records]


def test_a_killed_worker_loses_nothing_and_bits_are_those_of_one(
    cluster: Cluster, manifest: Path, alone: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    running = batch(manifest, out, "--scheduler", cluster.address)
    # In the middle: a calibration has begun, and kept what it has reached.
    wait_for(lambda: begun(out), running)
    cluster.workers[0].kill()
    said, err = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0, err.decode()
    rows = json.loads(said)["calibrations"]
    assert [row["status"] for row in rows] == ["done"] * LENSES
    assert len(set(fingerprints(alone))) == LENSES
    assert fingerprints(out) == fingerprints(alone)
    assert not begun(out)
    # Two workers of this computer's own agree that there is nothing left to do.
    again = batch(manifest, out, "--workers", "2")
    said, err = again.communicate(timeout=PATIENCE_S)
    assert again.returncode == 0, err.decode()
    assert {row["status"] for row in json.loads(said)["calibrations"]} == {"unchanged"}


def test_a_lost_scheduler_is_told_and_the_next_run_goes_on(
    cluster: Cluster,
    manifest: Path,
    alone: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # One after the other: the first shall be done, and the second not.
    cluster.workers[1].kill()
    cluster.workers[1].wait()
    out = tmp_path / "out"
    running = batch(manifest, out, "--scheduler", cluster.address)
    wait_for(lambda: [name for name in NAMES if (out / name).exists()], running)
    cluster.end()
    _, err = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 1
    assert "scheduler is lost" in err.decode()
    done = {
        name: (out / name / "record.json").read_bytes() for name in NAMES if (out / name).exists()
    }
    assert 0 < len(done) < LENSES
    assert main(["batch", str(manifest), "--out", str(out), "--json", "--quiet"]) == 0
    said = capsys.readouterr().out
    statuses = [row["status"] for row in json.loads(said)["calibrations"]]
    assert statuses == ["unchanged" if name in done else "done" for name in NAMES]
    assert all((out / name / "record.json").read_bytes() == was for name, was in done.items())
    assert fingerprints(out) == fingerprints(alone)


def test_no_scheduler_is_wrong_input(manifest: Path, tmp_path: Path) -> None:
    code = main(
        ["batch", str(manifest), "--out", str(tmp_path / "out"), "--scheduler", "nowhere:::1"]
    )
    assert code == 2
