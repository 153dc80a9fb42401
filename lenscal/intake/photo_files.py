"""Which files are photos, and in which order they come: RAW files, else pictures; never what lies
beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from natsort import natsort_keygen, ns

from lenscal.errors import InputError
from lenscal.raw.pictures.kinds import PICTURE_EXTENSIONS, kind_by_name
from lenscal.translation import Translatable, translatable

_EXTENSIONS = (
    ".3fr .ari .arw .bay .cr2 .cr3 .crw .dcr .dng .erf .fff .gpr .iiq .k25 .kdc .mef .mos .mrw "
    ".nef .nrw .orf .ori .pef .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f"
)
RAW_EXTENSIONS = frozenset(_EXTENSIONS.split())
PHOTO_EXTENSIONS = RAW_EXTENSIONS | PICTURE_EXTENSIONS
_OTHERS = (
    ".aae .acr .arp .avi .cos .dop .dr4 .exposurex7 .gpx .heic .insv .json .lrcat .lrv .m4v .mov "
    ".mp3 .mp4 .mts .nksc .on1 .pp3 .thm .txt .vrd .wav .webp .xml .xmp"
)
_BESIDE = frozenset(_OTHERS.split())
"""What cameras and programs put beside photos: never opened to see whether it is a photo."""
_MOST_NAMES = 3
"""That a message lists."""

_natural = natsort_keygen(alg=ns.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FoundPhotos:
    """Photos among files and folders.

    Attributes
    ----------
    files : each once, in natural order; all RAW, or all pictures
    notes : what was left out that somebody may have meant, in words
    """

    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def natural_order(path: Path) -> tuple[Any, ...]:
    """Sort key: by name, numbers in it as numbers (IMG_9 before IMG_10); then by folder."""
    return _natural(path.name), str(path)


def find_photos(paths: Sequence[Path]) -> FoundPhotos:
    """The photos among files and directly in folders.

    RAW files, and pictures (PNG, JPEG, TIFF) where there is no RAW file: cameras put JPEGs beside
    their RAW files. What is no photo in a folder is passed over; so it is among files, with a note.

    Raises
    ------
    InputError
        A path does not exist, or there are no photos.
    """
    # By what links lead to, so that no photo counts twice; shown under the name that was given.
    raw_files: dict[Path, Path] = {}
    pictures: dict[Path, Path] = {}
    no_photos: list[Path] = []
    n_others = 0
    for path in paths:
        if path.is_dir():
            for file, target in _files_in(path):
                suffix = file.suffix.lower()
                if suffix in RAW_EXTENSIONS:
                    raw_files.setdefault(target, file)
                elif suffix in PICTURE_EXTENSIONS:
                    pictures.setdefault(target, file)
                else:
                    n_others += 1
        elif not path.exists():
            raise InputError(translatable("{path}: there is no such file or folder", path=path))
        elif _is_raw(path):
            raw_files.setdefault(path.resolve(), path)
        elif kind_by_name(path) is not None:
            pictures.setdefault(path.resolve(), path)
        else:
            no_photos.append(path)
    found = raw_files or pictures
    if not found:
        raise _nothing(paths, n_others + len(no_photos))
    notes = [*_beside_in_words(list(pictures.values()) if raw_files else [])]
    notes += _no_photos_in_words(no_photos)
    return FoundPhotos(tuple(sorted(found.values(), key=natural_order)), tuple(notes))


def check_is_photo(path: Path) -> None:
    """Notice what was meant to be one photo and can be none: a folder, another kind of file.

    Raises
    ------
    InputError
    """
    if path.is_dir():
        raise InputError(
            translatable("{path} is a folder: name one RAW photo or picture in it", path=path)
        )
    if not path.exists():
        raise InputError(
            translatable("{path}: there is no such file: name a RAW photo or a picture", path=path)
        )
    if kind_by_name(path) is None and not _is_raw(path):
        raise InputError(
            translatable(
                "{path} is no photo: name a RAW photo (.CR3, .NEF, .ARW, .DNG, ...) or a picture "
                "(.png, .jpg, .tif)",
                path=path,
            )
        )


def _is_raw(path: Path) -> bool:
    """Of a file that was named itself: by its name, else by whether LibRaw takes it."""
    suffix = path.suffix.lower()
    if suffix in PHOTO_EXTENSIONS or suffix in _BESIDE:
        return suffix in RAW_EXTENSIONS
    from lenscal.raw.libraw import is_raw_file

    return is_raw_file(path)


def _files_in(folder: Path) -> Iterator[tuple[Path, Path]]:
    """The files directly in a folder, without hidden ones, and what they are links to."""
    try:
        real = folder.resolve()
        with os.scandir(folder) as entries:
            for entry in entries:
                # macOS puts hidden "._" files beside photos on cards, with the same suffix.
                if entry.name.startswith(".") or not entry.is_file():
                    continue
                file = folder / entry.name
                # Resolving each of ten thousand files would take longer than all else here.
                yield file, file.resolve() if entry.is_symlink() else real / entry.name
    except OSError as error:
        raise InputError(
            translatable(
                "the folder {path} cannot be read ({strerror}): check its rights",
                path=folder,
                strerror=error.strerror,
            )
        ) from error


def _beside_in_words(pictures: Sequence[Path]) -> Iterator[Translatable]:
    if len(pictures) == 1:
        yield translatable(
            "{name} beside the RAW photos is left out: RAW photos come first",
            name=pictures[0].name,
        )
    elif pictures:
        yield translatable(
            "{n} pictures beside the RAW photos, like {name}, are left out: RAW photos come first",
            n=len(pictures),
            name=min(pictures, key=natural_order).name,
        )


def _no_photos_in_words(files: Sequence[Path]) -> Iterator[Translatable]:
    names = ", ".join(path.name for path in files[:_MOST_NAMES])
    if len(files) > _MOST_NAMES:
        yield translatable(
            "{names} and {n} more are no photos: left out",
            names=names,
            n=len(files) - _MOST_NAMES,
        )
    elif len(files) > 1:
        yield translatable("{names} are no photos: left out", names=names)
    elif files:
        yield translatable("{names} is no photo: left out", names=names)


def _nothing(paths: Sequence[Path], n_others: int) -> InputError:
    return InputError(
        translatable(
            "{where}: {state}; choose a folder of RAW photos (.CR3, .NEF, .ARW, .DNG, ...) or "
            "pictures (.png, .jpg, .tif)",
            where=", ".join(str(p) for p in paths) or translatable("no folder given"),
            state=_why_empty(paths, n_others),
        )
    )


def _why_empty(paths: Sequence[Path], n_others: int) -> str:
    """What there is instead of photos."""
    children = (c for p in paths if p.is_dir() for c in p.iterdir())
    # Cards hold photos in folders inside DCIM: the most common mistake.
    inner = sorted(c.name for c in children if c.is_dir() and not c.name.startswith("."))
    if inner:
        return translatable(
            "no RAW files (photos in folders inside it, like {inner}, are not read)",
            inner=inner[0],
        )
    if paths and not any(p.is_dir() for p in paths):
        return translatable("no photo")
    if n_others > 1:
        return translatable("no RAW files, only {others} other files", others=n_others)
    if n_others:
        return translatable("no RAW files, only 1 other file")
    return translatable("empty")
