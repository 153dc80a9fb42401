"""Where torch computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lenscal.errors import InputError

if TYPE_CHECKING:
    import torch


def pick_device(name: str) -> torch.device:
    """The device asked for; "auto" takes CUDA, then Apple's, then the CPU.

    Raises
    ------
    InputError
        It is not there.
    """
    import torch

    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(d for d in ("cuda", "mps", "cpu") if available[d]))
    if not available.get(name, False):
        raise InputError(f"--device {name}: not available on this machine; use --device auto")
    return torch.device(name)
