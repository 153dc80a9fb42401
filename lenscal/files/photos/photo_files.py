"""Corrected photos as picture files that other programs develop further: TIFF, linear DNG, PNG,
JPEG."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import LenscalError
from lenscal.files.own_files import check_replaceable, is_own_photo
from lenscal.files.photos.colour import SPACES, develop, look_curve, usable
from lenscal.files.photos.encoders import Picture, encode_jpeg, encode_png, encode_tiff
from lenscal.files.photos.export_settings import ExportSettings, OnConflict, PhotoFormat, Space
from lenscal.files.photos.highlights import with_neutral_highlights
from lenscal.files.photos.icc import icc_profile
from lenscal.files.photos.linear_dng import ReadTile, write_linear_dng
from lenscal.files.photos.photo_metadata import Written, copy_metadata
from lenscal.raw.frame import Frame, PhotoHeader
from lenscal.raw.pictures.coding import PictureCoding
from lenscal.raw.pictures.kinds import PictureKind
from lenscal.system.atomic import written_together
from lenscal.translation import Translatable, translatable

Pixel = TypeVar("Pixel", bound=np.generic)

_LEAST_EXPOSURE_EV = 0.2
"""Of BaselineExposure: smaller ones are not seen."""


class Pixels(Protocol):
    """An array [H, W, 3] of which only parts are read, or what gives such parts: rows on the disk,
    say."""

    def __getitem__(self, part: tuple[slice, slice], /) -> NDArray[np.floating]: ...


@dataclass(frozen=True, slots=True)
class AsTaken:
    """A photo that is written as it is: its tiles are made when they are asked for."""

    frame: Frame

    def __getitem__(self, part: tuple[slice, slice]) -> NDArray[np.floating]:
        return self.frame.rgb_tile(*part)


@dataclass(frozen=True, slots=True, eq=False)
class MaskFile:
    """Where a photo's mask goes, and its weights, uint8 [H, W] in sensor orientation."""

    path: Path
    weights: NDArray[np.uint8]


def write_photo(
    path: Path,
    rgb: Pixels,
    frame: Frame | PhotoHeader,
    export: ExportSettings,
    settings: str,
    mask: MaskFile | None = None,
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
        colour matrix and the space's transfer function, round to `export.depth` bits, turn the
        photo upright, and show that part of it that a DNG says is to be shown.
    settings : str
        How it was corrected, for the XMP.
    mask : MaskFile or None
        Written with the photo: both, or none.

    Returns
    -------
    tuple of str
        What the user should know, in words.

    Raises
    ------
    LenscalError
        The path is the original's, or the file cannot be written.
    """
    original = frame.info.path
    # By the file, not its name: links and capitals lead to the same one.
    if path.exists() and original.exists() and path.samefile(original):
        raise LenscalError(
            translatable("{path} is the original, which lenscal never overwrites", path=path)
        )
    if export.on_conflict is OnConflict.OVERWRITE:
        # Once more: it may have come up since the name was chosen.
        check_replaceable(path, own=is_own_photo(path))
    read_tile = with_neutral_highlights(_reader(rgb), frame, export)
    fresh = export.on_conflict is not OnConflict.OVERWRITE
    coding = frame.coding if export.keep_pictures else None
    paths = [path] if mask is None else [path, mask.path]
    with written_together(paths, fresh=fresh) as (temporary, *temporary_masks):
        facts = _facts(frame, export, settings)
        if coding is not None:
            facts = _write_as_it_was(temporary, read_tile, frame, coding, export, facts)
        elif export.format is PhotoFormat.DNG:
            write_linear_dng(temporary, read_tile, frame, is_private=export.private)
        elif export.space is Space.CAMERA_LINEAR:
            encode_tiff(temporary, _camera_linear(read_tile, frame), None)
        else:
            facts = _write_developed(temporary, read_tile, frame, export, facts)
        facts = replace(facts, is_private=export.private)
        metadata_warnings = copy_metadata(original, temporary, facts)
        if mask is not None:
            write_mask(temporary_masks[0], mask.weights, frame, export)
    return (
        *frame.info.notes,
        *_white_warnings(frame),
        *_colour_warnings(frame, export),
        *_exposure_warnings(frame, export),
        *_look_warnings(frame, export),
        *metadata_warnings,
    )


def _is_developed(export: ExportSettings) -> bool:
    """Whether pixels go through the colour matrix into a space for screens and printers."""
    return export.format is not PhotoFormat.DNG and export.space is not Space.CAMERA_LINEAR


def _facts(frame: Frame | PhotoHeader, export: ExportSettings, settings: str) -> Written:
    """What metadata say of the picture, before it is turned."""
    info, (height, width) = frame.info, frame.size
    if frame.coding is not None and export.keep_pictures:
        words = f"{settings}, in the colour space of the original ({info.light} light)"
        # Without a profile, pictures are taken for sRGB.
        is_srgb = not frame.coding.icc
        facts = Written(width, height, is_srgb, words, info.make, info.model, is_picture=True)
        return replace(
            facts, is_turned=info.orientation > 1, pixels_per_m=frame.coding.pixels_per_m
        )
    has_colours = _is_developed(export)
    words = f"{settings}, space {export.space.value if has_colours else 'camera-linear'}"
    if not export.look.is_plain:
        words += f", {export.look.in_words}"
    if not has_colours:
        words += f", not turned (the original's Orientation is {info.orientation})"
    is_srgb = has_colours and export.space is Space.SRGB
    facts = Written(width, height, is_srgb, words, info.make, info.model)
    facts = replace(facts, is_turned=has_colours and info.orientation > 1)
    if export.format is PhotoFormat.DNG:
        return replace(facts, orientation=info.orientation, is_dng=True)
    return facts


def _write_developed(
    path: Path, read: ReadTile, frame: Frame | PhotoHeader, export: ExportSettings, facts: Written
) -> Written:
    """Write the photo in a colour space, upright; returns the facts as they are then."""
    space = SPACES[export.space]
    # JPEG knows nothing else.
    eight = export.format is PhotoFormat.JPEG or export.depth == 8
    depth: np.dtype[Any] = np.dtype(np.uint8 if eight else np.uint16)

    curve = look_curve(export.look, space, depth)

    def develop_tile(tile: NDArray[np.float32]) -> NDArray[Any]:
        developed = develop(tile, frame.colour_matrix, space, depth)
        return developed if curve is None else curve[developed]

    read, size = shown_part(read, frame)
    picture = _turned(read, size, frame.info.orientation, develop_tile, depth, (3,))
    # Turned upright, width and height may have changed places.
    facts = replace(facts, width=picture.shape[1], height=picture.shape[0])
    icc = icc_profile(space)
    if export.format is PhotoFormat.JPEG:
        # imagecodecs embeds no profile in a JPEG: exiv2 does it with the metadata.
        thumbnail = encode_jpeg(path, picture, export.jpeg_quality)
        return replace(facts, icc=icc, thumbnail=thumbnail)
    encode = encode_png if export.format is PhotoFormat.PNG else encode_tiff
    encode(path, picture, icc)
    return facts


def _write_as_it_was(
    path: Path,
    read: ReadTile,
    frame: Frame | PhotoHeader,
    coding: PictureCoding,
    export: ExportSettings,
    facts: Written,
) -> Written:
    """Write a picture as the original was stored, but upright; returns the facts as they are
    then."""
    planes = () if coding.is_grey else (3,)
    orientation = frame.info.orientation
    picture = _turned(read, frame.size, orientation, coding.encode, coding.dtype, planes)
    facts = replace(facts, width=picture.shape[1], height=picture.shape[0])
    icc = coding.icc or None
    match coding.kind:
        case PictureKind.JPEG:
            thumbnail = encode_jpeg(path, picture, export.jpeg_quality)
            return replace(facts, icc=icc, thumbnail=thumbnail)
        case PictureKind.PNG:
            encode_png(path, picture, icc, gamma=coding.gamma, pixels_per_m=coding.pixels_per_m)
        case PictureKind.TIFF:
            encode_tiff(path, picture, icc, pixels_per_m=coding.pixels_per_m)
    return facts


def _camera_linear(read: ReadTile, frame: Frame | PhotoHeader) -> Picture:
    height, width = frame.size
    columns = slice(0, width)
    shape = (height, width, 3)
    return Picture(shape, np.dtype(np.float32), lambda rows: read(rows, columns))


def _colour_warnings(
    frame: Frame | PhotoHeader, export: ExportSettings
) -> tuple[Translatable, ...]:
    needs_matrix = _is_developed(export) or export.format is PhotoFormat.DNG
    if not needs_matrix or usable(frame.colour_matrix):
        return ()
    camera = frame.info.camera or translatable("this camera")
    return (
        translatable(
            "no colour matrix is known for {camera}: its colours are plain", camera=camera
        ),
    )


def _white_warnings(frame: Frame | PhotoHeader) -> tuple[Translatable, ...]:
    if frame.info.says_white_balance:
        return ()
    return (translatable("the photo says no white balance: daylight's is taken"),)


def _exposure_warnings(
    frame: Frame | PhotoHeader, export: ExportSettings
) -> tuple[Translatable, ...]:
    """What a developed picture lacks of what programs make of the DNG."""
    ev = frame.info.dng.baseline_exposure_ev
    if not _is_developed(export) or ev is None or abs(ev) < _LEAST_EXPOSURE_EV:
        return ()
    return (
        translatable(
            "programs that develop the original brighten it by {ev:+.2g} EV (its "
            "BaselineExposure); this picture is as the sensor saw it",
            ev=ev,
        ),
    )


def _look_warnings(frame: Frame | PhotoHeader, export: ExportSettings) -> tuple[Translatable, ...]:
    if frame.coding is None or not export.keep_pictures or export.look.is_plain:
        return ()
    return (
        translatable(
            "the picture keeps its format, and with it its brightness: exposure and tone are left "
            "as they were"
        ),
    )


def shown_part(read: ReadTile, frame: Frame | PhotoHeader) -> tuple[ReadTile, tuple[int, int]]:
    """What of a photo is shown, and its (height, width): all, or what a DNG says (DefaultCrop and
    DefaultUserCrop)."""
    crop = frame.info.dng.crop(frame.size)
    if crop is None:
        return read, frame.size

    def read_part(rows: slice, cols: slice) -> NDArray[np.float32]:
        (y0, y1, _), (x0, x1, _) = rows.indices(crop.height), cols.indices(crop.width)
        top, left = crop.top, crop.left
        return read(slice(top + y0, top + y1), slice(left + x0, left + x1))

    return read_part, (crop.height, crop.width)


def write_mask(
    path: Path, mask: NDArray[np.uint8], header: Frame | PhotoHeader, export: ExportSettings
) -> None:
    """Write a grey 8-bit PNG, uint8 [H, W] in sensor orientation, turned and cut as its photo
    is."""
    grey = mask
    if _is_developed(export) or (export.keep_pictures and header.coding is not None):
        if (crop := header.info.dng.crop(header.size)) is not None:
            rows = slice(crop.top, crop.top + crop.height)
            grey = mask[rows, crop.left : crop.left + crop.width]
        grey = upright(grey, header.info.orientation)
    encode_png(path, Picture(grey.shape, grey.dtype, lambda rows: grey[rows]), None)


def upright(pixels: NDArray[Pixel], orientation: int) -> NDArray[Pixel]:
    """Turn [H, W, ...] from sensor orientation as EXIF Orientation (1 to 8) says the viewer
    should."""
    turns: dict[int, Callable[[NDArray[Pixel]], NDArray[Pixel]]] = {
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: p.swapaxes(0, 1)[:, ::-1],
        7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
        8: lambda p: p.swapaxes(0, 1)[::-1],
    }
    turn = turns.get(orientation)
    return np.ascontiguousarray(pixels if turn is None else turn(pixels))


def _reader(rgb: Pixels) -> ReadTile:
    return lambda rows, cols: np.asarray(rgb[rows, cols], np.float32)


def _turned(
    read: ReadTile,
    size: tuple[int, int],
    orientation: int,
    develop_tile: Callable[[NDArray[np.float32]], NDArray[Any]],
    depth: np.dtype[Any],
    planes: tuple[int, ...],
) -> Picture:
    """The developed photo, upright: each of its rows is a row or a column of the sensor.

    planes : (3,), or () for a grey picture
    """
    height, width = size
    on_its_side, backwards = orientation >= 5, orientation in (3, 4, 7, 8)
    # Rows of the upright picture are rows or columns of the sensor.
    length = width if on_its_side else height

    def rows(strip: slice) -> NDArray[Any]:
        # Read from the other end: the sensor lay upside down.
        lines = slice(length - strip.stop, length - strip.start) if backwards else strip
        tile = read(slice(0, height), lines) if on_its_side else read(lines, slice(0, width))
        return upright(develop_tile(tile), orientation)

    turned_size = (width, height) if on_its_side else (height, width)
    return Picture((*turned_size, *planes), depth, rows)
