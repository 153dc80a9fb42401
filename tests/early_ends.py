"""Fits that end early, for what does not ask how good kernels are."""

from __future__ import annotations

import pytest

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


def end_fits_early(patch: pytest.MonkeyPatch) -> None:
    """In this process, until the patch is undone."""
    for module, constants in _FEW.items():
        for name, value in constants.items():
            assert hasattr(module, name)
            patch.setattr(module, name, value)
