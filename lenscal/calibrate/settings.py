"""What the user decides about a calibration, and what comes out of it. No torch here: the window
reads this."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from lenscal.errors import InputError
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import NoiseModel

KERNEL_PX, LARGE_KERNEL_PX = 13, 19


class Quality(StrEnum):
    QUICK = "quick"
    STANDARD = "standard"
    FULL = "full"


class Stages(StrEnum):
    """Which stages run (contract: --stages)."""

    AUTO = "auto"
    G = "G"
    GT = "GT"
    P = "P"
    FM = "FM"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class CalibrationSettings:
    quality: Quality = Quality.STANDARD
    device: str = "auto"
    grid: tuple[int, int] = (8, 8)
    kernel_size: int | None = None
    """px; None: `KERNEL_PX`, and `LARGE_KERNEL_PX` where pairs or rays put light at the border."""
    seed: int = 0
    max_minutes: float | None = None
    stages: Stages = Stages.AUTO

    def __post_init__(self) -> None:
        if min(self.grid) < 2 or max(self.grid) > 64:
            raise InputError(
                f"--grid {self.grid[0]}x{self.grid[1]}: choose 2 to 64 rows and columns, e.g. 8x8"
            )
        if self.kernel_size is not None and (
            self.kernel_size % 2 == 0 or not 5 <= self.kernel_size <= 41
        ):
            raise InputError(f"--kernel-size {self.kernel_size}: choose an odd number from 5 to 41")
        if self.max_minutes is not None and not 0 < self.max_minutes < math.inf:
            raise InputError(f"--max-minutes {self.max_minutes:g}: must be above 0, and finite")
        if self.device not in ("auto", "cpu", "cuda", "mps"):
            raise InputError(f"--device {self.device}: choose auto, cpu, cuda or mps")


@dataclass(frozen=True, slots=True, eq=False)
class StageResult:
    """What one stage left behind: for measuring, and for the profile's table."""

    name: str
    seconds: float
    kernels: np.ndarray
    """[rows, cols, 3, k, k] float32 after the stage."""
    reblur: float | None = None
    """Re-blur distance on held-out photos after the stage (smaller is better)."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The result of `lenscal.calibrate.engine.calibrate`."""

    psf: PsfGrid
    noise: NoiseModel
    """Of the degraded photos."""
    stages: tuple[StageResult, ...]
    same_scenes: bool
    """Whether the two folders show the same scenes (pairs were found and used)."""
    curves: Mapping[str, Sequence[tuple[int, float]]]
    """Curve name -> (step, value), e.g. "flow loss", "matching loss", "re-blur distance"."""
    reblur: Mapping[str, float]
    """estimate, floor, delta, average (contract: calibrate --json)."""
    warnings: tuple[str, ...]
    finished: str
    """"done", "stopped" (kept early by the user) or "time" (max_minutes reached)."""
    device: str
    seconds: float
    patches_flow: int
    patches_matching: int
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Network weights (name -> float32 array) for the profile's training/checkpoint.safetensors."""
