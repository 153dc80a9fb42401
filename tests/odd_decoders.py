"""Decoders that crash, hang or raise what nobody expects, in worker processes alone: these load
this from a folder on PYTHONPATH, as Python's own start-up does with sitecustomize."""

from __future__ import annotations

from pathlib import Path

import pytest

from lenscal.system.isolation import calls

SITECUSTOMIZE = """
import ctypes, importlib.util, os, sys

def act(path):
    name = os.path.basename(os.fspath(path)) if isinstance(path, (str, os.PathLike)) else ""
    if name.startswith(PREFIX + "crash"):
        ctypes.string_at(0)
    if name.startswith(PREFIX + "hang"):
        # In C, and with Python's lock held: nothing but another process can end it.
        ctypes.PyDLL(None).sleep(1000)
    if name.startswith(PREFIX + "odd"):
        raise RuntimeError("odd")
    if name.startswith(PREFIX + "greedy"):
        bytearray(2**45)

def guarded(function):
    def call(path, *rest, **more):
        act(path)
        return function(path, *rest, **more)
    return call

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name not in ("rawpy", "exiv2"):
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        sys.meta_path.insert(0, self)
        run = spec.loader.exec_module
        def exec_module(module):
            run(module)
            if name == LIBRARY == "rawpy":
                module.imread = guarded(module.imread)
            if name == LIBRARY == "exiv2":
                # A class in C, whose functions cannot be replaced.
                real = module.ImageFactory
                opening = staticmethod(guarded(real.open))
                module.ImageFactory = type("ImageFactory", (), {"open": opening})
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder())
"""


def lead_astray(
    folder: Path, monkeypatch: pytest.MonkeyPatch, library: str = "rawpy", prefix: str = ""
) -> None:
    """From now on `library` ("rawpy" or "exiv2") does in workers what a photo's name says: crash,
    hang, odd, greedy."""
    folder.mkdir(parents=True)
    head = f"LIBRARY, PREFIX = {library!r}, {prefix!r}\n"
    (folder / "sitecustomize.py").write_text(head + SITECUSTOMIZE)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")
    # Those that run already know nothing of it.
    calls.end_workers()
    monkeypatch.setattr(calls._state, "faults", {})
