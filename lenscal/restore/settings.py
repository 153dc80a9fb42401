"""What the user decides about a correction. No torch here: the window reads this."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lenscal.errors import InputError


class Method(StrEnum):
    WIENER = "wiener"
    DPIR = "dpir"
    DIFFPIR = "diffpir"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class RestoreSettings:
    """amount: 0 (leave the photo) to 1 (full correction); denoise: 0 (keep detail and its noise) to
    1 (smooth)."""

    method: Method = Method.WIENER
    amount: float = 1.0
    denoise: float = 0.5
    device: str = "auto"
    prior: str | None = None
    """Path of a denoiser's weights; None: the one that ships."""
    seed: int = 0
    """Of the noise that DiffPIR puts back."""

    def __post_init__(self) -> None:
        for name in ("amount", "denoise"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"--{name} {getattr(self, name):g}: choose a number from 0 to 1")
