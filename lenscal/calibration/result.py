"""What comes out of a calibration. No torch here: the window reads this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import NoiseModel


@dataclass(frozen=True, slots=True, eq=False)
class StageResult:
    """What one stage left behind: for measuring, and for the profile's table."""

    name: str
    seconds: float
    kernels: NDArray[np.float32]
    """[rows, cols, 3, k, k] after the stage."""
    reblur: float | None = None
    """Re-blur distance on held-out photos after the stage (smaller is better)."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The result of `lenscal.calibration.engine.calibrate`."""

    psf: PsfGrid
    noise: NoiseModel
    """Of the degraded photos."""
    stages: tuple[StageResult, ...]
    same_scenes: bool
    """Whether the two folders show the same scenes (pairs were found and used)."""
    curves: Mapping[str, Sequence[tuple[int, float]]]
    """Curve name -> (step, value), e.g. "flow loss", "matching loss", "re-blur distance"."""
    reblur: Mapping[str, float]
    """Distances of the estimate, of no blur ("delta") and of the mean kernel ("average") from
    held-out photos, and the "floor" that even true kernels leave; empty without such photos."""
    warnings: tuple[str, ...]
    finished: str
    """"done", "stopped" (kept early by the user) or "time" (max_minutes reached)."""
    device: str
    seconds: float
    patches_flow: int
    patches_matching: int
    weights: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """Network weights by name, for the profile's training/checkpoint.safetensors."""
