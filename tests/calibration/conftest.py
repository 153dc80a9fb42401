"""One small virtual lens, photographed once for all tests of this folder."""

from __future__ import annotations

import pytest
from lens_cases import SmallLens, photographed

from lenscal.calibration.rays import ray_fit
from lenscal.calibration.stages import paired_ray_stage, paired_stage, ray_stage, statistics_stage
from lenscal.calibration.statistics import scene_spectra, spectral_fit

_FEW = {
    ray_fit: {
        "RAYS_STEPS_A_ROUND": 3,
        "START_STEPS": 6,
        "START_ROUNDS": 2,
        "SCALE_STEPS": 4,
        "SCALE_ROUNDS": 2,
    },
    spectral_fit: {"TAPS_STEPS_A_ROUND": 3, "GAIN_STEPS": 4, "MIXTURE_STEPS": 6},
    scene_spectra: {"STEPS": 4},
    statistics_stage: {"HALF_ROUNDS": 1},
    ray_stage: {"HALF_ROUNDS": 1},
    paired_stage: {"SOLVER_STEPS": 10, "HALF_STEPS": 5},
    paired_ray_stage: {"ROUNDS": 3},
}


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits that end early, for what does not ask how good kernels are."""
    for module, constants in _FEW.items():
        for name, value in constants.items():
            assert hasattr(module, name)
            monkeypatch.setattr(module, name, value)


@pytest.fixture(scope="session")
def small_lens(tmp_path_factory: pytest.TempPathFactory) -> SmallLens:
    return photographed(tmp_path_factory.mktemp("lens"))


@pytest.fixture(scope="session")
def same_aperture(tmp_path_factory: pytest.TempPathFactory) -> SmallLens:
    """Both folders at f/5.6: the same scenes from a shaken tripod, other noise."""
    return photographed(tmp_path_factory.mktemp("identity"), degraded_aperture=5.6)
