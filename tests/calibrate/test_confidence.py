from __future__ import annotations

import numpy as np

from lenscal.calibrate.confidence import confidence, expected_error


def test_disagreeing_and_leaning_kernels_are_less_sure() -> None:
    kernels = np.zeros((2, 2, 3, 5, 5))
    kernels[..., 2, 2] = 1
    agreed = kernels, kernels
    assert np.allclose(confidence(kernels, agreed), 1)
    other = kernels.copy()
    other[0, 1, 2, 2, 2:4] = 0.8, 0.2
    sure = confidence(kernels, (kernels, other))
    assert sure[0, 1, 2] < 0.9 and np.allclose(np.delete(sure.ravel(), 5), 1)
    lean = expected_error(other, (other, other))
    assert lean[0, 1, 2] > 2 * lean[0, 0, 2] > 0
