"""Images beyond their border: mirrored, as every blur and every correction takes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mirrored_index(index: NDArray[np.int_], length: int) -> NDArray[np.int_]:
    """Pixel numbers that may lie outside 0..length - 1, mirrored into it (... 1 0 | 0 1 2 ...)."""
    index = index % (2 * length)
    return np.where(index < length, index, 2 * length - 1 - index)
