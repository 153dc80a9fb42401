"""Where torch computes, and what to do when there is no room."""

from __future__ import annotations

import ctypes.util
import os
import platform
import sys
from contextlib import suppress
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.errors import InputError
from lenscal.translation import Translatable, translatable

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


def likely_devices() -> tuple[str, ...]:
    """Those of `DEVICES` that this computer may have: told without torch, which takes seconds to
    load, by the system, the driver and the kind of torch that is installed."""
    found = [AUTO, "cpu"]
    if sys.platform == "darwin":
        return (*found, "mps")
    driver = "nvcuda" if sys.platform == "win32" else "cuda"
    if "+cpu" not in _torch_version() and ctypes.util.find_library(driver) is not None:
        found.append("cuda")
    return tuple(found)


def _torch_version() -> str:
    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        # A frozen bundle may lack the metadata of its packages.
        return ""


def pick_device(name: str) -> torch.device:
    """The device asked for; "auto" takes CUDA, then Apple's, then the CPU.

    Raises
    ------
    InputError
        It is not there, or does not work.
    """
    import torch

    from lenscal.system.threads import settle_torch

    settle_torch()
    if name == AUTO:
        # A card that is there may still not compute: an old driver, another program that has it.
        return torch.device(next(d for d in _present() if not _failure(d)))
    if name not in _present():
        raise InputError(
            translatable(
                "--device {name}: not available on this machine; use --device auto", name=name
            )
        )
    if failure := _failure(name):
        raise InputError(
            translatable(
                "--device {name} does not work ({failure}); use --device auto",
                name=name,
                failure=failure,
            )
        )
    return torch.device(name)


def device_notes(name: str) -> tuple[Translatable, ...]:
    """What to say of the choice: which devices are there and were left out by "auto", and why."""
    if name != AUTO:
        return ()
    return tuple(
        translatable(
            "{device} is there but does not work ({failure}): another device computes",
            device=device,
            failure=_failure(device),
        )
        for device in _present()
        if _failure(device)
    )


def _present() -> list[str]:
    import torch

    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    return [device for device in FASTEST_FIRST if available[device]]


@lru_cache(maxsize=len(FASTEST_FIRST))
def _failure(name: str) -> str:
    """Why a device that is there cannot be used; empty where it computes."""
    if name == "cpu":
        return ""
    import torch

    try:
        # A transform: it needs more of the driver's libraries than a sum does.
        torch.fft.rfft2(torch.ones(8, 8, device=name)).abs().sum().item()
    except Exception as error:  # drivers raise what they like
        return str(error).strip().split("\n")[0] or type(error).__name__
    return ""


def device_in_words(device: torch.device) -> str:
    """The name of what computes and its memory; empty where the system does not say."""
    import torch

    if device.type == "cuda":
        card = torch.cuda.get_device_properties(device)
        return f"{card.name}, {card.total_memory / 2**30:.0f} GiB"
    cores = os.cpu_count() or 1
    parts = [_processor(), f"{cores} cores" if device.type == "cpu" else ""]
    # Windows does not say it this way.
    with suppress(AttributeError, ValueError, OSError):
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        parts.append(f"{total / 2**30:.0f} GiB")
    return ", ".join(part for part in parts if part)


def _processor() -> str:
    """Its name, as the system has it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


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


def free_memory() -> None:
    """Give back what torch keeps of a GPU's memory for later (not in an except clause: it holds
    what filled it)."""
    import torch

    torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
