"""Two calibrations into one file: the second is refused before it reads a photo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lenscal.files.psf.profile import read_profile

SOURCE = Path(__file__).parents[2]
# The command as it is, with a training that reports until it is told to stop.
PROGRAM = """
import sys, time, types
import numpy as np
import lenscal.calibration
from lenscal.calibration.result import Calibration, StageResult
from lenscal.optics.psf_grid import delta_grid
from lenscal.raw.frame import NoiseModel
from lenscal.reports import Report
from lenscal.stepping import STOP

def calibrate(sharp, degraded, settings, *, keeper=None):
    for step in range(10**6):
        keeper.save({"step": step}, {"kernels": np.full(3, step)})
        print("calibrating", flush=True)
        if QUICK or (yield Report("F", "training", 0.1)) == STOP:
            break
        time.sleep(0.05)
    grid = delta_grid(settings.grid, 13, degraded[0].size)
    return Calibration(
        grid, NoiseModel((1e-5,) * 3, (1e-7,) * 3, "NoiseProfile"),
        (StageResult("G", 1.0, grid.kernels, 0.25),), False, {}, {}, (), "done", "cpu", 1.0, 1, 1,
    )

QUICK = "--quick" in sys.argv
if QUICK:
    sys.argv.remove("--quick")
module = types.ModuleType("lenscal.calibration.engine")
module.calibrate = calibrate
sys.modules[module.__name__] = lenscal.calibration.engine = module
from lenscal.cli import main
raise SystemExit(main())
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    running = []

    def begin(*arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": str(SOURCE),
                "XDG_CACHE_HOME": str(tmp_path / "cache"),
            },
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def test_the_second_is_refused_and_the_first_loses_nothing(
    start: Callable[..., subprocess.Popen[str]], folders: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "lens.lenscal"
    first = start("calibrate", *folders, "--out", out)
    assert first.stdout is not None and first.stdout.readline() == "calibrating\n"
    checkpoint = tmp_path / "lens.lenscal.checkpoint"
    second = start("calibrate", *folders, "--out", out, "--quick")
    printed, said = second.communicate(timeout=60)
    assert second.returncode == 2 and printed == ""
    assert "another lenscal that is running writes it" in said and "Traceback" not in said
    # Refused before work.
    assert "Reading" not in said and checkpoint.exists() and not out.exists()
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    assert read_profile(out).camera == "Lenscal Test"
    third = start("calibrate", *folders, "--out", out, "--quick")
    assert third.communicate(timeout=60)[0] and third.returncode == 0


def test_a_killed_one_is_in_nobodys_way(
    start: Callable[..., subprocess.Popen[str]], folders: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "lens.lenscal"
    first = start("calibrate", *folders, "--out", out)
    assert first.stdout is not None and first.stdout.readline() == "calibrating\n"
    first.kill()
    first.wait()
    second = start("calibrate", *folders, "--out", out, "--quick")
    second.communicate(timeout=60)
    assert second.returncode == 0 and out.exists()
