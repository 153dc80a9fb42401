"""Which files are RAW photos, in which order they come, and which of them are copies."""

from __future__ import annotations

import filecmp
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from natsort import natsort_keygen, ns

from lenscal.errors import InputError
from lenscal.translation import translatable

_EXTENSIONS = (
    ".3fr .ari .arw .bay .cr2 .cr3 .crw .dcr .dng .erf .fff .gpr .iiq .k25 .kdc .mef .mos .mrw "
    ".nef .nrw .orf .ori .pef .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f"
)
RAW_EXTENSIONS = frozenset(_EXTENSIONS.split())
LEAST_PHOTO_BYTES = 65536
"""Smaller files are no RAW photos; what is wrong with them is said one by one."""

_natural = natsort_keygen(alg=ns.IGNORECASE)


def natural_order(path: Path) -> tuple[Any, ...]:
    """Sort key: by name, numbers in it as numbers (IMG_9 before IMG_10); then by folder."""
    return _natural(path.name), str(path)


def find_raw_files(paths: Sequence[Path]) -> list[Path]:
    """RAW files among files and directly in folders, each once, in natural order.

    Raises
    ------
    InputError
        A path does not exist, or there are no RAW files.
    """
    # By what links lead to, so that no photo counts twice; shown under the name that was given.
    raw_files: dict[Path, Path] = {}
    n_others = 0
    for path in paths:
        for file in _files_at(path):
            if file.suffix.lower() in RAW_EXTENSIONS:
                raw_files.setdefault(file.resolve(), file)
            else:
                n_others += 1
    if not raw_files:
        raise InputError(
            translatable(
                "{where}: {state}; choose a folder of RAW photos (.CR3, .NEF, .ARW, .DNG, ...)",
                where=", ".join(str(p) for p in paths) or translatable("no folder given"),
                state=_why_empty(paths, n_others),
            )
        )
    return sorted(raw_files.values(), key=natural_order)


def _files_at(path: Path) -> list[Path]:
    """The files directly in a folder, without hidden ones; or the file itself."""
    if path.is_dir():
        try:
            # macOS puts hidden "._" files beside photos on cards, with the same suffix.
            return [c for c in path.iterdir() if not c.name.startswith(".") and c.is_file()]
        except OSError as error:
            raise InputError(
                translatable(
                    "the folder {path} cannot be read ({strerror}): check its rights",
                    path=path,
                    strerror=error.strerror,
                )
            ) from error
    if path.exists():
        return [path]
    raise InputError(translatable("{path}: there is no such file or folder", path=path))


def _why_empty(paths: Sequence[Path], n_others: int) -> str:
    """What there is instead of RAW files."""
    children = (c for p in paths if p.is_dir() for c in p.iterdir())
    # Cards hold photos in folders inside DCIM: the most common mistake.
    inner = sorted(c.name for c in children if c.is_dir() and not c.name.startswith("."))
    if inner:
        return translatable(
            "no RAW files (photos in folders inside it, like {inner}, are not read)",
            inner=inner[0],
        )
    if n_others > 1:
        return translatable("no RAW files, only {others} other files", others=n_others)
    if n_others:
        return translatable("no RAW files, only 1 other file")
    return translatable("empty")


def find_copies(paths: Sequence[Path]) -> dict[Path, Path]:
    """For each file of the same bytes as one before it, whatever their names, that first one."""
    originals: list[Path] = []
    copies: dict[Path, Path] = {}
    for path in paths:
        # Against originals alone, so that three equal files are two copies of the first.
        original = next((first for first in originals if _same_bytes(first, path)), None)
        if original is None:
            originals.append(path)
        else:
            copies[path] = original
    return copies


def _same_bytes(a: Path, b: Path) -> bool:
    """Whether two files hold the same; what cannot be read, or is too small for a photo, is left to
    the decoder."""
    try:
        size = a.stat().st_size
        if size < LEAST_PHOTO_BYTES or size != b.stat().st_size:
            return False
        # By contents: shallow would take equal times and sizes for equal files.
        return filecmp.cmp(a, b, shallow=False)
    except OSError:
        return False
