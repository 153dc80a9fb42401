"""Where torch computes, and what to do when there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lenscal.errors import InputError
from lenscal.translation import translatable

if TYPE_CHECKING:
    import torch

AUTO = "auto"
"""The fastest device that is there."""
DEVICES = (AUTO, "cpu", "cuda", "mps")
"""What a user may ask for, everywhere: options, pages, settings, preferences."""
FASTEST_FIRST = ("cuda", "mps", "cpu")


def check_device_name(name: str) -> None:
    """Refuse what is no device's name; whether it is there, only `pick_device` knows.

    Raises
    ------
    InputError
        It is none of `DEVICES`.
    """
    if name not in DEVICES:
        raise InputError(translatable("--device {name}: choose auto, cpu, cuda or mps", name=name))


def pick_device(name: str) -> torch.device:
    """The device asked for; "auto" takes CUDA, then Apple's, then the CPU.

    Raises
    ------
    InputError
        It is not there.
    """
    import torch

    from lenscal.system.threads import settle_torch

    settle_torch()
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == AUTO:
        return torch.device(next(d for d in FASTEST_FIRST if available[d]))
    if not available.get(name, False):
        raise InputError(
            translatable(
                "--device {name}: not available on this machine; use --device auto", name=name
            )
        )
    return torch.device(name)


def check_device(name: str) -> None:
    """Refuse a device that is not there before any work starts.

    Raises
    ------
    InputError
        It is not there.
    """
    # torch takes seconds to import and is not needed to know that there is a processor.
    if name not in (AUTO, "cpu"):
        pick_device(name)


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
