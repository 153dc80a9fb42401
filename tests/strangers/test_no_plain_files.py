"""Pipes, devices, sockets, folders and links in circles where a file is wanted: a sentence, at
once."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from readers import READERS, Reader

from lenscal.errors import InputError
from lenscal.preferences import Preferences, PreferencesFile

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")


def a_socket(path: Path) -> None:
    # Names of sockets may have some hundred characters only.
    folder = os.open(path.parent, os.O_RDONLY)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"/proc/self/fd/{folder}/{path.name}")
    listener.close()
    os.close(folder)


def a_sparse_file(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(2**40)


NO_PLAIN_FILES: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "endless device": lambda path: path.symlink_to("/dev/zero"),
    "empty device": lambda path: path.symlink_to("/dev/null"),
    "socket": a_socket,
    "folder": lambda path: path.mkdir(),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to nothing": lambda path: path.symlink_to("nothing"),
    "huge": a_sparse_file,
}


@pytest.mark.parametrize("kind", NO_PLAIN_FILES)
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    reader = READERS[name]
    reader.write(tmp_path / name)
    (tmp_path / name).unlink()
    NO_PLAIN_FILES[kind](tmp_path / name)
    if name == "window.json":
        file = PreferencesFile(tmp_path / name)
        assert file.values == Preferences()
        assert file.problem
    elif name.endswith("checkpoint") and kind.startswith("link"):
        # As where there is none.
        reader.read(tmp_path / name)
    else:
        refused(reader, tmp_path / name)


def refused(reader: Reader, path: Path) -> None:
    with pytest.raises(InputError) as caught:
        reader.read(path)
    # A folder is a set of PSF files, or none.
    assert path.name in str(caught.value) or path.parent.name in str(caught.value)
