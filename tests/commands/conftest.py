"""Two folders, a profile and a training that costs nothing: what the tests of the commands
share."""

import sys
import types
from dataclasses import replace

import numpy as np
import pytest

import lenscal.calibration
from lenscal.calibration.result import Calibration, StageResult
from lenscal.calibration.settings import KERNEL_PX
from lenscal.cli import main
from lenscal.files.psf.profile import Profile, write_profile
from lenscal.optics.psf_grid import delta_grid
from lenscal.raw.frame import NoiseModel
from lenscal.reports import Report
from lenscal.stepping import STOP


@pytest.fixture
def folders(tmp_path, make_dng):
    for n in range(2):
        make_dng(tmp_path / "sharp" / f"s{n}.dng", seed=n, f_number=5.6)
        make_dng(tmp_path / "degraded" / f"d{n}.dng", seed=10 + n)
    return tmp_path / "sharp", tmp_path / "degraded"


@pytest.fixture
def lens(tmp_path):
    profile = Profile(
        delta_grid((2, 2), 5, (128, 192)),
        camera="Lenscal Test",
        lens="Test 35mm",
        focal_mm=35.0,
        aperture_degraded=1.8,
        aperture_sharp=5.6,
    )
    return write_profile(tmp_path / "lens.lenscal", profile)


@pytest.fixture
def engine(monkeypatch):
    """Stands in for the training, which takes minutes: reports, stops and fails on demand through
    `engine.at_step`."""
    module = types.ModuleType("lenscal.calibration.engine")
    module.at_step = lambda step: None
    module.stops = None
    module.resumed_from = None
    module.result = {}

    def calibrate(sharp, degraded, settings, *, keeper=None):
        finished = "done"
        module.resumed_from = keeper.load() if keeper else None
        for step in range(5):
            if keeper:
                keeper.save({"step": step}, {"kernels": np.full(3, step)})
            module.at_step(step)
            if (yield Report("F", "training", step / 5, step, {"flow loss": 1.0})) == STOP:
                if module.stops:
                    raise module.stops
                finished = "stopped"
                break
        grid = delta_grid(settings.grid, settings.kernel_size or KERNEL_PX, degraded[0].size)
        calibration = Calibration(
            psf=grid,
            noise=NoiseModel((1e-5,) * 3, (1e-7,) * 3, "NoiseProfile"),
            stages=(StageResult("G", 1.0, grid.kernels, 0.25),),
            same_scenes=False,
            curves={"flow loss": [(0, 1.0)]},
            reblur={"estimate": 0.2, "floor": 0.1, "delta": float("nan")},
            warnings=("little texture",),
            finished=finished,
            device="cpu",
            seconds=1.5,
            patches_flow=100,
            patches_matching=50,
        )
        return replace(calibration, **module.result)

    module.calibrate = calibrate
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(lenscal.calibration, "engine", module, raising=False)
    return module


@pytest.fixture
def run(capsys):
    """Run a command: exit code, standard output, standard error."""

    def call(*arguments):
        code = main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call
