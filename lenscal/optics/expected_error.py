"""What a confidence means: the error that kernels are expected to have, as shares.

A confidence is exp(-2 e), where e is the expected relative L2 error of a kernel
(`lenscal.calibration.confidence`; docs/experiments/confidence.md). This is the way back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

LEAST_CONFIDENCE = 1e-3
"""Less is taken as this: a node without any confidence would have an endless error."""
MTF50_SHARE_PAIRS, MTF50_SHARE_STATISTICS = 0.35, 0.5
"""Error of the MTF50 over that of the kernel: pairs leave noise, which is wide and narrow in turns;
scenes that differ leave all kernels too wide, or too narrow (docs/experiments/confidence.md)."""


def confidence_of(error: Floats) -> NDArray[np.float32]:
    """Confidence 0..1 of kernels with an expected relative error."""
    return np.asarray(np.exp(-2 * error), np.float32)


def expected_error(confidence: Floats) -> Floats:
    """Expected relative L2 error of kernels of a confidence."""
    # Not minus the logarithm: a sure kernel's error is 0, not -0.
    return np.asarray(np.log(1 / np.clip(confidence, LEAST_CONFIDENCE, 1)) / 2)


def expected_mtf50_error(error: float, *, same_scenes: bool | None) -> float:
    """Expected relative error of the frequency at which contrast falls to a half, for kernels of a
    mean expected error; same_scenes: None where it is not known."""
    share = MTF50_SHARE_PAIRS if same_scenes else MTF50_SHARE_STATISTICS
    return share * error


def field_variation(kernels: Floats) -> float:
    """Mean relative L2 distance of kernels [rows, cols, 3, k, k] from their mean over the field:
    what one average kernel everywhere is off, if they are right."""
    change = np.linalg.norm(kernels - kernels.mean((0, 1)), axis=(-2, -1))
    size = np.linalg.norm(kernels, axis=(-2, -1))
    return float((change / np.maximum(size, 1e-9)).mean())
