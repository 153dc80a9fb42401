"""Loading torch without a hiccup of the window.

`import torch` loads some 400 MB of libraries while it holds Python's global lock: half a second or
more in which the window would be dead. The system's own dlopen, called through ctypes, does the
same loading with the lock released; the import that follows then finds the libraries in place.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import sys
from pathlib import Path

from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.system.threads import settle_torch
from lenscal.translation import translatable

LIBRARIES = ("libc10.so", "libtorch_cpu.so", "libtorch.so", "libtorch_python.so")
RTLD_LAZY = 1


def preload() -> Job[None]:
    """Import torch in the present thread, in pieces that leave the other threads room."""
    if "torch" in sys.modules:
        return
    if sys.platform == "linux":
        yield Report("start", translatable("Loading the numerical libraries"))
        _load_libraries()
    importlib.import_module("torch")
    settle_torch()


def _load_libraries() -> None:
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.restype, dlopen.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
    for name in LIBRARIES:
        library = Path(spec.origin).parent / "lib" / name
        if library.exists():
            # A failure is left to the import, which says what is wrong.
            dlopen(str(library).encode(), RTLD_LAZY)
