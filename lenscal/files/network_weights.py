"""The restoration network that a profile may hold: what is said of it, and its weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.translation import translatable

NETWORK_ENTRY = "network/weights.safetensors"
MAX_NETWORK_BYTES = 256 * 2**20
"""Four times the largest that lenscal trains."""
_MOST_TENSORS = 4096
_KINDS = (np.dtype(np.float32), np.dtype(np.float16))


@dataclass(frozen=True, slots=True)
class NetworkDescription:
    """What profile.json says of the network. Weights are in an entry of their own."""

    layout: str
    """Which network the weights are of."""
    share: float
    """How much of its change to the Wiener estimate is kept, 0..1."""
    mosaic: bool = True
    """Whether it is for photos of Bayer's pattern; else for those that know all colours."""
    steps: int = 0
    seconds: float = 0.0
    photos: int = 0
    """That it was trained on."""
    held_out: int = 0
    """That it was judged with."""
    wiener_db: Mapping[str, float] = field(default_factory=dict)
    """Mean PSNR of the Wiener estimate on held-out photos, by ISO over that of the profile's."""
    network_db: Mapping[str, float] = field(default_factory=dict)
    """The same of the network's."""
    created: str = ""
    """ISO 8601, UTC."""

    @property
    def gain_db(self) -> float | None:
        """Mean over the noise levels; None where it was not judged."""
        gains = [
            self.network_db[gain] - db
            for gain, db in self.wiener_db.items()
            if gain in self.network_db
        ]
        return sum(gains) / len(gains) if gains else None


def tensors_of(content: bytes, name: Any, entry: str) -> dict[str, NDArray[np.generic]]:
    """The arrays of a safetensors entry.

    Raises
    ------
    InputError
        It is none.
    """
    from safetensors.numpy import load

    try:
        return dict(load(content))
    # It raises errors of many kinds for what is none.
    except Exception as error:
        raise InputError(
            translatable(
                "{path} is damaged: {entry}: {reason}",
                path=name,
                entry=entry,
                reason=str(error) or type(error).__name__,
            )
        ) from error


def tensor_bytes(weights: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Arrays as safetensors."""
    from safetensors.numpy import save

    # safetensors writes the memory as it lies, also of views.
    return bytes(save({name: np.ascontiguousarray(value) for name, value in weights.items()}))


def check_network(description: NetworkDescription) -> None:
    """Raises ValueError where what is said of a network cannot be."""
    numbers = (
        description.seconds,
        *description.wiener_db.values(),
        *description.network_db.values(),
    )
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError("a figure of its network is no number")
    # Not a number compares false.
    if not 0 <= description.share <= 1:
        raise ValueError(f"the share of its network is {description.share}, want 0 to 1")


def check_weights(weights: Mapping[str, NDArray[np.generic]]) -> None:
    """Raises ValueError where arrays are no weights that can be computed with."""
    if len(weights) > _MOST_TENSORS:
        raise ValueError("its network has too many tensors")
    for value in weights.values():
        if value.dtype not in _KINDS or not value.size:
            raise ValueError(f"its network holds {value.dtype} {value.shape}")
        if not np.isfinite(value).all():
            raise ValueError("its network holds values that are no numbers")
