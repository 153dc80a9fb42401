"""Which of the files that are there lenscal has written: only these are replaced, whatever name the
user gives for a new one."""

from __future__ import annotations

import stat
from pathlib import Path

from lenscal.errors import InputError
from lenscal.system.file_content import first_bytes
from lenscal.system.isolation.calls import isolated
from lenscal.translation import Translatable, translatable

OWN_NAME = "lenscal"
"""What the software is called that wrote a file."""
_COLOUR_FILTER_ARRAY = 32803
"""PhotometricInterpretation of a sensor's own values: TIFF/EP, and DNG specification, chapter 2."""
_DIRECTORIES = ("Image", "SubImage1", "SubImage2", "SubImage3", "SubImage4")
_HEADER_BYTES = 64 * 2**10
_PNG_NOTE = b"tEXtSoftware\0lenscal"
_MOST_PDF_BYTES = 64 * 2**20


def _unknown(_path: Path, _reason: Translatable) -> bool:
    return False


@isolated(_unknown)
def is_own_photo(path: Path) -> bool:
    """Whether a picture, or a mask, is one that lenscal wrote, and no RAW photo; by its content."""
    from lenscal.raw.exif import read_exif

    beginning = first_bytes(path, _HEADER_BYTES)
    if beginning.startswith(b"\x89PNG") and _PNG_NOTE in beginning:
        return True
    # exiv2 opens files itself: pipes and devices are nothing for it.
    exif = read_exif(path) if beginning else None
    if exif is None or not exif.text("Exif.Image.Software").startswith(OWN_NAME):
        return False
    # Photos of the virtual camera are originals too.
    return not any(
        exif.floats(f"Exif.{name}.PhotometricInterpretation") == [_COLOUR_FILTER_ARRAY]
        for name in _DIRECTORIES
    )


def _untold(_path: Path, _reason: Translatable) -> str:
    return ""


@isolated(_untold)
def correction_of(path: Path) -> str:
    """How lenscal has corrected a photo, in words; empty where it has not."""
    from lenscal.raw.exif import read_xmp_text

    # exiv2 opens files itself: pipes and devices are nothing for it.
    said = read_xmp_text(path, "Xmp.lenscal.Settings") if first_bytes(path, 1) else ""
    # Written by lenscal, and not corrected.
    return "" if "method none" in said or "amount 0," in said else said


@isolated(_unknown)
def is_virtual_photo(path: Path) -> bool:
    """Whether a photo is the virtual camera's, whose maker is lenscal, too."""
    from lenscal.raw.exif import read_exif

    exif = read_exif(path) if first_bytes(path, 1) else None
    return exif is not None and exif.text("Exif.Image.Make").lower() == OWN_NAME


def is_own_report(path: Path) -> bool:
    """Whether a file is a report of lenscal's, as HTML or PDF."""
    beginning = first_bytes(path, _HEADER_BYTES)
    if beginning.startswith(b"%PDF-"):
        # Its title, two bytes a character, stands where the writer likes.
        title = "Lens report: ".encode("utf-16-be")
        return title in first_bytes(path, _MOST_PDF_BYTES)
    return b"<title>Lens report: " in beginning


def is_own_psf_file(path: Path) -> bool:
    """Whether a file is one that `export-psf` writes."""
    from lenscal.files.psf.opening import PsfKind, psf_kind
    from lenscal.files.psf.psf_formats import CSV_COLUMNS

    match path.suffix.lower():
        case ".fits":
            return b"'lenscal " in first_bytes(path, _HEADER_BYTES * 8)
        case ".npz":
            return holds_kernels(path) and psf_kind(path) is PsfKind.NPZ
        case ".csv":
            return first_bytes(path, _HEADER_BYTES).startswith(",".join(CSV_COLUMNS).encode())
        case _:
            return is_own_photo(path)


def is_own_profile(path: Path) -> bool:
    """Whether a file is a profile."""
    from lenscal.files.psf.opening import PsfKind, psf_kind

    return holds_kernels(path) and psf_kind(path) is PsfKind.PROFILE


def holds_kernels(path: Path) -> bool:
    """Whether a file is one of the two zips that hold kernels; their suffix alone would do for
    `psf_kind`."""
    from lenscal.files.psf.opening import names_in_zip

    return bool(names_in_zip(path) & {"profile.json", "kernels.npy"})


def check_replaceable(path: Path, own: bool) -> None:
    """Refuse to replace what another program, or a camera, has written, and what is protected.

    own : whether lenscal wrote it; nothing is there, or an empty file: nothing is lost

    Raises
    ------
    InputError
        It must stay.
    """
    try:
        status = path.stat()
    except OSError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise InputError(
            translatable("{path} is no plain file: choose another name or folder", path=path)
        )
    if not status.st_mode & 0o222:
        raise InputError(
            translatable(
                "{path} is protected against writing: choose another name or folder", path=path
            )
        )
    if status.st_size and not own:
        raise InputError(
            translatable(
                "{path} is there and not lenscal's own, so it is never overwritten: "
                "choose another name or folder",
                path=path,
            )
        )
