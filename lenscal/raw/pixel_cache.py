"""Decoded pixels on the disk, memory-mapped: folders of photos are larger than memory."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import LenscalError
from lenscal.raw.frame import Frame
from lenscal.translation import translatable

Pixel = TypeVar("Pixel", bound=np.generic)

_LONGEST_STEM = 40
"""Characters of a photo's name, each of up to four bytes."""


class CacheError(LenscalError):
    """Decoded photos cannot be kept on the disk: no fault of the photo."""


@dataclass(frozen=True, slots=True, eq=False)
class PackedFrame:
    """A frame on its way from one process to another: pixels that lie on the disk stay there, and
    brightness alone is one plane.

    frame : without pixels
    mosaic, rgb : the pixels, or the file that holds them
    size : (height, width) px
    """

    frame: Frame
    mosaic: NDArray[Any] | Path
    rgb: NDArray[Any] | Path
    size: tuple[int, int]


def packed(frame: Frame) -> PackedFrame:
    """The frame, to be sent."""
    rgb: NDArray[Any] = frame.rgb
    kept: NDArray[Any] | Path = _file_of(rgb) or (rgb[..., :1] if rgb.strides[-1] == 0 else rgb)
    mosaic = _file_of(frame.mosaic) or frame.mosaic
    without = replace(frame, mosaic=frame.mosaic[:0, :0], rgb=frame.rgb[:0, :0])
    return PackedFrame(without, mosaic, kept, frame.size)


def unpacked(sent: PackedFrame) -> Frame:
    """The frame that was sent."""
    mosaic, rgb = (
        _mapped(pixels) if isinstance(pixels, Path) else pixels
        for pixels in (sent.mosaic, sent.rgb)
    )
    if rgb.ndim == 2:
        rgb = rgb[..., None]
    if rgb.shape[-1] == 1:
        rgb = np.broadcast_to(rgb, (*sent.size, 3))
    return replace(sent.frame, mosaic=mosaic, rgb=rgb)


def _file_of(array: NDArray[Any]) -> Path | None:
    """The file of `to_cache` that an array shows."""
    base: Any = array
    while base is not None:
        if isinstance(base, np.memmap) and base.filename is not None:
            return Path(base.filename)
        base = getattr(base, "base", None)
    return None


def _mapped(path: Path) -> NDArray[Any]:
    # Read-only: a cached photo is shared by all that ask for it.
    mapped: NDArray[Any] = np.load(path, mmap_mode="r")
    return mapped


def cache_stem(path: Path) -> str:
    """How the files of a photo are called: another for each state of each file."""
    # A file that was changed under its name must not come back as it was.
    state = path.stat()
    key = f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}"
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    # A name may be as long as names can be already.
    return f"{path.stem[:_LONGEST_STEM]}-{digest}"


def to_cache(array: NDArray[Pixel], target: Path) -> NDArray[Pixel]:
    """Write an array as .npy and map it back; the file appears whole or not at all.

    Raises
    ------
    CacheError
        The disk is full or the folder cannot be written.
    """
    partial: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "wb", dir=target.parent, prefix=".", suffix=".part", delete=False
        ) as file:
            partial = Path(file.name)
            # The wrapped file: numpy writes a real file without a copy of the array in memory.
            np.save(file.file, array)
        partial.replace(target)
        return _mapped(target)
    except OSError as error:
        raise CacheError(
            translatable(
                "{folder}: {error}; {megabytes:.0f} MB are needed there: make room",
                folder=str(target.parent),
                error=error.strerror or str(error),
                megabytes=array.nbytes / 1e6,
            )
        ) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
