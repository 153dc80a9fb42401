"""How much kernels of strangers' files may be: more is refused before it is unpacked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lenscal.errors import InputError
from lenscal.translation import translatable

MAX_NODES = 64 * 64
MAX_KERNEL_SIZE = 255
MAX_KERNEL_VALUES = 2**25
"""134 MB as float32; the largest grid that can be calibrated has 2/3 of it."""
MAX_FILE_BYTES = 320 * 2**20
"""Of one file: that many values of 8 bytes, and some more."""
MAX_PHOTO_SIDE_PX = 10**6


def check_kernel_amount(name: Any, nodes: int, channels: int, side: int) -> None:
    """Refuse kernels that are more, or larger, than lenscal handles.

    Raises
    ------
    InputError
        They are.
    """
    too_many = nodes > MAX_NODES or side > MAX_KERNEL_SIZE
    if too_many or nodes * channels * side**2 > MAX_KERNEL_VALUES:
        raise InputError(
            translatable(
                "{path}: {count} kernels of {side} px are more than lenscal handles",
                path=name,
                count=nodes,
                side=side,
            )
        )


def check_photo_size(name: Any, height: float, width: float) -> None:
    """Refuse what no photo's size can be.

    Raises
    ------
    InputError
        A side is no whole number of pixels, or beyond any camera's.
    """
    sides = (height, width)
    if not all(math.isfinite(n) and n == int(n) and 1 <= n <= MAX_PHOTO_SIDE_PX for n in sides):
        raise InputError(
            translatable(
                "{name}: its photo is said to have {width} x {height} px",
                name=name,
                width=width,
                height=height,
            )
        )


def nodes_of(shape: Sequence[int]) -> tuple[int, int]:
    """How many kernels, and their side, arrays of [rows, cols, 3, k, k] hold."""
    return math.prod(shape[:2]), max(shape[3:], default=0)
