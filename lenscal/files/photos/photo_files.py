"""Corrected photos as picture files that other programs develop further: TIFF, linear DNG, PNG,
JPEG."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from lenscal.errors import LenscalError
from lenscal.files.photos.colour import SPACES, develop, usable
from lenscal.files.photos.encoders import Picture, encode_jpeg, encode_png, encode_tiff
from lenscal.files.photos.export_settings import ExportSettings, OnConflict, PhotoFormat, Space
from lenscal.files.photos.icc import icc_profile
from lenscal.files.photos.linear_dng import ReadTile, write_linear_dng
from lenscal.raw.frame import Frame, PhotoHeader
from lenscal.system.atomic import written_whole


class Pixels(Protocol):
    """An array [H, W, 3] of which only parts are read, or what gives such parts: rows on the disk,
    say."""

    def __getitem__(self, part: tuple[slice, slice], /) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class AsTaken:
    """A photo that is written as it is: its tiles are made when they are asked for."""

    frame: Frame

    def __getitem__(self, part: tuple[slice, slice]) -> np.ndarray:
        return self.frame.rgb_tile(*part)


def write_photo(
    path: Path, rgb: Pixels, frame: Frame | PhotoHeader, export: ExportSettings, settings: str
) -> tuple[str, ...]:
    """Write a corrected photo with ICC profile and the original's metadata, whole or not at all.

    Parameters
    ----------
    path : Path
    rgb : Pixels, float32 [H, W, 3]
        Linear white-balanced camera RGB in sensor orientation; 1.0 = white level of green.
    frame : Frame or PhotoHeader
        The decoded original: its colour matrix, orientation and file.
    export : ExportSettings
        A DNG holds camera RGB, see `write_linear_dng`, and EXIF says how to turn it. Otherwise,
        space camera-linear writes `rgb` as it is: 32-bit float in sensor orientation, with EXIF
        Orientation 1 so that no reader turns it. The other spaces clip highlights at 1.0, apply the
        colour matrix and the space's transfer function, round to `export.depth` bits, and turn the
        photo upright.
    settings : str
        How it was corrected, for the XMP.

    Returns
    -------
    tuple of str
        What the user should know, in words.

    Raises
    ------
    LenscalError
        The path is the original's, or the file cannot be written.
    """
    from lenscal.files.photos.photo_metadata import Written, copy_metadata

    source, info = frame.info.path, frame.info
    if path.exists() and source.exists() and path.samefile(source):
        raise LenscalError(f"{path} is the original, which lenscal never overwrites")
    space = (
        None
        if export.space is Space.CAMERA_LINEAR or export.format is PhotoFormat.DNG
        else SPACES[export.space]
    )
    warnings: tuple[str, ...] = ()
    if (space is not None or export.format is PhotoFormat.DNG) and not usable(frame.colour_matrix):
        warnings = (
            f"no colour matrix is known for {info.camera or 'this camera'}: its colours are plain",
        )
    words = f"{settings}, space {'camera-linear' if space is None else export.space}"
    if space is None:
        words += f", not turned (the original's Orientation is {info.orientation})"
    height, width = frame.size
    facts = Written(width, height, space is SPACES[Space.SRGB], words, info.make, info.model)
    read = _reader(rgb)
    with written_whole(path, fresh=export.on_conflict is not OnConflict.OVERWRITE) as temporary:
        if export.format is PhotoFormat.DNG:
            write_linear_dng(temporary, read, frame)
            facts = replace(facts, orientation=info.orientation, colour_space_known=False)
        elif space is None:
            picture = Picture(
                (height, width, 3), np.dtype(np.float32), lambda rows: read(rows, slice(0, width))
            )
            encode_tiff(temporary, picture, None)
        else:
            eight = export.format is PhotoFormat.JPEG or export.depth == 8
            depth = np.dtype(np.uint8 if eight else np.uint16)
            picture = _turned(
                read, frame, lambda tile: develop(tile, frame.colour_matrix, space, depth), depth
            )
            facts = replace(facts, width=picture.shape[1], height=picture.shape[0])
            icc = icc_profile(space)
            if export.format is PhotoFormat.JPEG:
                facts = replace(
                    facts, icc=icc, thumbnail=encode_jpeg(temporary, picture, export.jpeg_quality)
                )
            else:
                (encode_png if export.format is PhotoFormat.PNG else encode_tiff)(
                    temporary, picture, icc
                )
        return (*warnings, *copy_metadata(source, temporary, facts))


def write_mask(path: Path, mask: np.ndarray, orientation: int, *, fresh: bool = False) -> None:
    """Write a grey 8-bit PNG, uint8 [H, W] in sensor orientation, turned as its photo is (EXIF
    Orientation).

    fresh : as in `written_whole`
    """
    grey = upright(mask, orientation)
    with written_whole(path, fresh=fresh) as temporary:
        encode_png(temporary, Picture(grey.shape, grey.dtype, lambda rows: grey[rows]), None)


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn [H, W, ...] from sensor orientation as EXIF Orientation (1 to 8) says the viewer
    should."""
    turned = {
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: p.swapaxes(0, 1)[:, ::-1],
        7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
        8: lambda p: p.swapaxes(0, 1)[::-1],
    }.get(orientation, lambda p: p)(pixels)
    return np.ascontiguousarray(turned)


def _reader(rgb: Pixels) -> ReadTile:
    return lambda rows, cols: np.asarray(rgb[rows, cols], np.float32)


def _turned(
    read: ReadTile,
    frame: Frame | PhotoHeader,
    develop_tile: Callable[[np.ndarray], np.ndarray],
    depth: np.dtype,
) -> Picture:
    """The developed photo, upright: each of its rows is a row or a column of the sensor."""
    height, width = frame.size
    orientation = frame.info.orientation
    on_its_side, backwards = orientation >= 5, orientation in (3, 4, 7, 8)
    length = width if on_its_side else height

    def rows(strip: slice) -> np.ndarray:
        lines = slice(length - strip.stop, length - strip.start) if backwards else strip
        tile = read(slice(0, height), lines) if on_its_side else read(lines, slice(0, width))
        return upright(develop_tile(tile), orientation)

    return Picture((width, height, 3) if on_its_side else (height, width, 3), depth, rows)
