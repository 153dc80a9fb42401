"""Progress reports: what long work yields. Numpy only, so that the window never sees a tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lenscal.translation import Translatable


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """One step of long work.

    Attributes
    ----------
    stage : str
        Short name of what is running: "import", "render", "G", "P", "F", "M", "correct", "export",
        ...
    message : Translatable
        One plain sentence for the user.
    fraction : float or None
        Part of the whole job that is done, 0..1; None where it cannot be known.
    step : int
        Counter inside the stage (training step, photo number).
    curves : mapping of str to float
        New points of live curves at `step`, e.g. {"flow loss": 0.31}.
    kernels : ndarray [rows, cols, 3, k, k] float32 or None
        A copy of the present kernel grid, where it changed.
    seconds_left : float or None
    stages : tuple of str
        Names of the stages to come, once they are known; empty in all other reports.
    samples : ndarray [2, n, h, w, 3] float32 or None
        n patches of photos, and n that a network generates, in 0..1.
    """

    stage: str
    message: Translatable
    fraction: float | None = None
    step: int = 0
    curves: Mapping[str, float] = field(default_factory=dict)
    kernels: NDArray[np.float32] | None = None
    seconds_left: float | None = None
    stages: tuple[str, ...] = ()
    samples: NDArray[np.float32] | None = None
