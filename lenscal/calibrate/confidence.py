"""How sure each kernel is: what two halves of the photos disagree on, and what every fit of this kind gets wrong."""

from __future__ import annotations

import numpy as np

LEAN_SHARE = 0.16
CHANGE_SHARE = 0.1
"""Errors that both halves share: the prior draws kernels towards symmetry and towards the field's mean, by about these
shares. Found on the benchmark's lenses (not the kept-out ones), see docs/experiments.md."""


def expected_error(kernels: np.ndarray, halves: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Expected relative L2 error [rows, cols, 3] of kernels [rows, cols, 3, k, k].

    halves : two fits on disjoint halves of the photos, of the same shape
    """

    def size(k: np.ndarray) -> np.ndarray:
        return np.asarray(np.linalg.norm(k, axis=(-2, -1)))

    norm = np.maximum(size(kernels), 1e-9)
    disagreement = size(halves[0] - halves[1]) / 2
    lean = size(kernels - kernels[..., ::-1, ::-1])
    change = size(kernels - kernels.mean(axis=(0, 1)))
    return np.sqrt(disagreement**2 + (LEAN_SHARE * lean) ** 2 + (CHANGE_SHARE * change) ** 2) / norm


def confidence(kernels: np.ndarray, halves: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """[rows, cols, 3] float32 in 0..1; 1: no error expected."""
    return np.exp(-2 * expected_error(kernels, halves)).astype(np.float32)
