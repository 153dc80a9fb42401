"""Faults of the system, put into a running program at the n-th call that touches a disk."""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CREATING = ("open", "replace", "rename", "link", "mkdir", "fsync")
REMOVING = ("unlink", "remove", "rmdir")
DISK_ERRORS = (
    errno.ENOSPC,
    errno.EIO,
    errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.EIO,
    errno.EROFS,
    errno.EACCES,
    errno.EMFILE,
    errno.ESTALE if hasattr(errno, "ESTALE") else errno.EIO,
)


class Injector:
    """Counts calls; at the one that was chosen (and at all later ones, where it `stays`) something
    else happens."""

    def __init__(self, at: int, act: Callable[[str], None], *, stays: bool = False) -> None:
        self.calls, self.hit = 0, ""
        self._at, self._act, self._stays = at, act, stays

    def step(self, name: str) -> None:
        self.calls += 1
        if self.calls == self._at or (self._stays and self._at <= self.calls):
            # A full disk does not keep files from being removed.
            if self._stays and name in REMOVING:
                return
            self.hit = self.hit or name
            self._act(name)


@contextmanager
def injected(injector: Injector) -> Iterator[None]:
    """Within, calls that create, replace, write out or remove files go through the injector."""

    def guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            injector.step(name)
            return function(*args, **more)

        return call

    plain_open = io.open

    def opened(file: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
        if set(mode) & set("wax+"):
            injector.step("open")
        return plain_open(file, mode, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        for name in (*CREATING[1:], *REMOVING):
            patch.setattr(os, name, guarded(name, getattr(os, name)))
        patch.setattr(io, "open", opened)
        patch.setattr(builtins, "open", opened)
        yield


def error(number: int) -> Callable[[str], None]:
    """Lets calls fail with an error of the system."""

    def act(name: str) -> None:
        raise OSError(number, os.strerror(number), f"{name} of a test")

    return act


def ctrl_c(_: str) -> None:
    """A signal that is heard just before the call."""
    raise KeyboardInterrupt


def power_cut(_: str) -> None:
    """The process is gone, and puts nothing in order."""
    os._exit(77)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Within, no file grows beyond so many bytes, whoever writes it: a quota."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
