"""Where torch computes, and what to do when there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lenscal.errors import InputError

if TYPE_CHECKING:
    import torch

AUTO = "auto"
"""The fastest device that is there."""
DEVICES = (AUTO, "cpu", "cuda", "mps")
"""What a user may ask for, everywhere: options, pages, settings, preferences."""


def pick_device(name: str) -> torch.device:
    """The device asked for; "auto" takes CUDA, then Apple's, then the CPU.

    Raises
    ------
    InputError
        It is not there.
    """
    import torch

    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == AUTO:
        return torch.device(next(d for d in ("cuda", "mps", "cpu") if available[d]))
    if not available.get(name, False):
        raise InputError(f"--device {name}: not available on this machine; use --device auto")
    return torch.device(name)


def out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out; Apple's devices and the processor say so in words
    only."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    words = str(error).lower()
    return "out of memory" in words or "can't allocate memory" in words


def free_memory() -> None:
    """Give back what torch keeps of a GPU's memory for later (not in an except clause: it holds
    what filled it)."""
    import torch

    torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
