"""lenscal: chart-free calibration of a lens's point spread function, and correction with it.

The names below are for notebooks and scripts; docs/python-api.md says what stays. They are loaded
when they are first used: importing lenscal takes no time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lenscal.api import (
        InputError,
        LenscalError,
        PhotoError,
        Photos,
        Profile,
        PsfGrid,
        calibrate,
        correct,
        read_photos,
        read_profile,
        read_psf,
        score,
        write_profile,
        write_psf,
    )

__version__ = "0.1.0"

__all__ = [
    "InputError",
    "LenscalError",
    "PhotoError",
    "Photos",
    "Profile",
    "PsfGrid",
    "__version__",
    "calibrate",
    "correct",
    "read_photos",
    "read_profile",
    "read_psf",
    "score",
    "write_profile",
    "write_psf",
]


def __getattr__(name: str) -> Any:
    # Not of lenscal's modules, which Python looks for after this.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module("lenscal.api"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
