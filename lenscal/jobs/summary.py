"""A calibration as plain values, for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lenscal.optics.expected_error import expected_error, expected_mtf50_error
from lenscal.system.json_values import without_nan
from lenscal.system.memory import peak_memory_mb

if TYPE_CHECKING:
    from lenscal.calibration.result import Calibration, StageResult
    from lenscal.intake.inputs import Inputs
    from lenscal.optics.psf_grid import PsfGrid

REBLUR = ("estimate", "floor", "delta", "average")
"""Re-blur distances that are always told; null where one is not known."""


def calibration_values(inputs: Inputs, calibration: Calibration) -> dict[str, Any]:
    """What `calibrate --json` says at least, but for the profile's path."""
    # Keys are always there, with null for what is not known: scripts need not ask.
    confidence = calibration.psf.confidence
    noise = calibration.noise
    rejected = [*inputs.sharp.rejected, *inputs.degraded.rejected]
    values = {
        **learning_values(calibration),
        "seconds": calibration.seconds,
        "same_scenes": calibration.same_scenes,
        "reblur": {name: calibration.reblur.get(name) for name in REBLUR},
        "confidence": {
            "mean": None if confidence is None else float(confidence.mean()),
            "worst": None if confidence is None else float(confidence.min()),
        },
        "expected_error": expected_error_values(calibration.psf, calibration.same_scenes),
        "noise": {"a": list(noise.a), "b": list(noise.b), "source": noise.source},
        "frames": {
            "used": len(inputs.sharp.frames) + len(inputs.degraded.frames),
            "rejected": len(rejected),
        },
        "rejected": [{"name": r.path.name, "reason": r.reason} for r in rejected],
        "warnings": [*inputs.warnings, *calibration.warnings],
        "coverage": inputs.coverage(calibration.psf.shape).cells.tolist(),
        "peak_memory_mb": peak_memory_mb(),
    }
    # JSON knows no NaN, which stands for a distance that could not be measured.
    plain: dict[str, Any] = without_nan(values)
    return plain


def expected_error_values(psf: PsfGrid, same_scenes: bool | None) -> dict[str, float | None]:
    """Relative errors that kernels and MTF50 are expected to have; null where nothing tells."""
    if psf.confidence is None:
        return dict.fromkeys(("mean", "worst", "mtf50"))
    error = expected_error(psf.confidence)
    mean = float(error.mean())
    mtf50 = expected_mtf50_error(mean, same_scenes=same_scenes)
    return {"mean": mean, "worst": float(error.max()), "mtf50": mtf50}


def learning_values(calibration: Calibration) -> dict[str, Any]:
    """How a calibration went, as `calibrate --json` and `demo --json` say it."""
    return {
        "finished": calibration.finished,
        "device": calibration.device,
        "patches_flow": calibration.patches_flow,
        "patches_matching": calibration.patches_matching,
        "stages": [_stage_values(stage) for stage in calibration.stages],
    }


def _stage_values(stage: StageResult) -> dict[str, Any]:
    return {"name": stage.name, "seconds": stage.seconds, "reblur": stage.reblur}
