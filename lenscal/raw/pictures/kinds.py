"""Which files are pictures, and how their values are taken."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from lenscal.system.file_content import first_bytes


class PictureKind(StrEnum):
    """Formats that pictures are read and written as."""

    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"


class Light(StrEnum):
    """What a picture's values mean."""

    LINEAR = "linear"
    """They are decoded to linear light, by the curve of their ICC profile, else by sRGB's."""
    STORED = "stored"
    """They are taken as they are stored: linear already, or as a paper's own tests have them."""


_KINDS = {
    ".png": PictureKind.PNG,
    ".jpg": PictureKind.JPEG,
    ".jpeg": PictureKind.JPEG,
    ".jpe": PictureKind.JPEG,
    ".tif": PictureKind.TIFF,
    ".tiff": PictureKind.TIFF,
}
PICTURE_EXTENSIONS = frozenset(_KINDS)
_MAGIC = {
    b"\x89PNG\r\n\x1a\n": PictureKind.PNG,
    b"\xff\xd8\xff": PictureKind.JPEG,
    b"II*\0": PictureKind.TIFF,
    b"MM\0*": PictureKind.TIFF,
    b"II+\0": PictureKind.TIFF,
    b"MM\0+": PictureKind.TIFF,
}
"""First bytes; the last two are BigTIFF's."""


def kind_by_name(path: Path) -> PictureKind | None:
    """What a picture's name says it is; None for other files."""
    return _KINDS.get(path.suffix.lower())


def kind_by_content(path: Path) -> PictureKind | None:
    """What a file is by its first bytes; None where it is no picture, or cannot be read."""
    start = first_bytes(path, 8)
    return next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)
