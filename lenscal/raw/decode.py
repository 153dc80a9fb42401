"""One RAW file to one Frame, through LibRaw. What cannot be trusted is refused with a reason."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import rawpy
from numpy.typing import NDArray

from lenscal.errors import PhotoError
from lenscal.raw.content import refuse_implausible_content
from lenscal.raw.frame import Frame, NoiseModel, PhotoInfo, Sampling
from lenscal.raw.full_colour import (
    has_mosaic,
    has_one_value,
    linear_planes,
    sampling_notes,
    sampling_of,
    with_noise_correlation,
)
from lenscal.raw.levels import Levels, read_levels, sound_white_balance
from lenscal.raw.libraw import fill_from_libraw, libraw_reason, open_raw
from lenscal.raw.metadata import read_info, with_decoding_metadata
from lenscal.raw.noise import estimate_noise, noise_from_profile
from lenscal.raw.pictures.decode_picture import decode_picture
from lenscal.raw.pictures.kinds import Light, kind_by_name
from lenscal.raw.pictures.reading import read_header
from lenscal.raw.pixel_cache import PackedFrame, cache_stem, packed, to_cache, unpacked
from lenscal.raw.signal.clipping import clipping_levels
from lenscal.raw.signal.damaged_sites import Sensor, damaged_sites, mend
from lenscal.raw.signal.demosaicing import demosaiced
from lenscal.raw.signal.noise_check import believed_noise
from lenscal.raw.signal.opcodes import listed_bad_sites
from lenscal.raw.vignetting import field_gain
from lenscal.system.isolation.calls import isolated
from lenscal.system.memory import NOT_ENOUGH_MEMORY
from lenscal.translation import Translatable, translatable

_MIN_SIDE_PX = 32
_MIN_BYTES_PER_SITE = 0.005
"""Old cameras' lossy codes come down to a fifth of a bit a site; far less is no photo."""
_NO_MOSAIC: NDArray[np.uint16] = np.zeros((0, 0), np.uint16)
_ONE_COLOUR: NDArray[np.uint8] = np.ones((1, 1), np.uint8)
_LEAST_DETERMINANT = 1e-6
"""Of a colour matrix: LibRaw has zeros for cameras that it does not know."""


def decode_photo(
    path: Path,
    *,
    info: PhotoInfo | None = None,
    cache: Path | None = None,
    light: Light = Light.LINEAR,
) -> Frame:
    """Decode a RAW photo in sensor orientation: its mosaic, where there is one, and its linear,
    white-balanced camera RGB; or a picture (PNG, JPEG, TIFF) as it is stored.

    Parameters
    ----------
    path : Path
    info : PhotoInfo or None
        What is known already (typed-in values, say); read from the file where None. Unknown fields
        are filled in.
    cache : Path or None
        A folder for the decoded arrays: they are memory-mapped from there instead of being kept in
        memory.
    light : Light
        How a picture's values are taken, where `info` is None.

    Raises
    ------
    PhotoError
        The file is missing, cut off, damaged, of an unknown kind, or its sensor has other colours
        than red, green and blue.
    CacheError
        The cache cannot be written.
    """
    return unpacked(_packed_photo(path, info, cache, light))


def _refused(path: Path, reason: Translatable) -> PackedFrame:
    raise PhotoError(path.name, reason)


@isolated(_refused)
def _packed_photo(
    path: Path, info: PhotoInfo | None, cache: Path | None, light: Light
) -> PackedFrame:
    return packed(_decoded_photo(path, info, cache, light))


def _decoded_photo(path: Path, info: PhotoInfo | None, cache: Path | None, light: Light) -> Frame:
    _refuse_unreadable(path)
    if kind_by_name(path) is not None:
        info = info or replace(read_info(path, ask_libraw=False), light=light)
        return decode_picture(path, info=info, cache=cache)
    info = with_decoding_metadata(info or read_info(path, ask_libraw=False))
    _refuse_missing_data(info)
    try:
        with open_raw(path) as raw:
            values, levels, info = _read_values(raw, info)
            frame = _decoded(raw, values, levels, info)
    except (rawpy.LibRawError, rawpy.NotSupportedError) as error:
        raise PhotoError(path.name, libraw_reason(error, path)) from error
    except (OSError, UnicodeError, MemoryError) as error:
        raise PhotoError(path.name, _unreadable(error)) from error
    _refuse_turned_grid(frame.rgb, values, info)
    # Nothing is cached of a photo that was refused.
    return frame if cache is None else _in_cache(frame, cache)


def _decoded(raw: Any, values: NDArray[np.uint16], levels: Levels, info: PhotoInfo) -> Frame:
    """The frame of RAW values, which are mended in place."""
    sampling = sampling_of(raw, levels.cfa)
    colours = sampling is not Sampling.MONOCHROME
    cfa = levels.cfa if has_mosaic(raw) else None
    gain, gain_source = field_gain(info, cfa, (values.shape[0], values.shape[1]))
    info = replace(info, notes=(*info.notes, *sampling_notes(sampling, cfa)))
    frame = Frame(
        info,
        values if has_mosaic(raw) else _NO_MOSAIC,
        _ONE_COLOUR if cfa is None else cfa,
        levels.black,
        levels.white,
        # Until it is made: noise and damaged sites are looked for in the mosaic.
        np.broadcast_to(np.zeros((), np.uint16), (*values.shape[:2], 3)),
        1.0,
        levels.white_balance,
        gain,
        gain_source,
        NoiseModel((0, 0, 0), (0, 0, 0)),
        _colour_matrix(raw, info) if colours else None,
        sampling,
    )
    # What never was a mosaic, LibRaw has nothing to add to.
    if has_mosaic(raw):
        frame = _with_noise(frame, values, levels)
        _mend(raw, frame, values, levels)
        rgb, scale, black = demosaiced(raw, values, levels)
        frame = replace(frame, rgb=rgb, rgb_scale=scale, rgb_black=black)
        return with_noise_correlation(frame)
    frame = with_noise_correlation(_with_planes(frame, values, levels))
    frame = _with_noise(frame, values, levels)
    if colours:
        return frame
    # One value at each place: a site that differs from all around it is damaged, as in a mosaic.
    _mend(raw, frame, values, levels)
    return _with_planes(frame, values, levels)


def _with_planes(frame: Frame, values: NDArray[np.uint16], levels: Levels) -> Frame:
    """The frame with its pixels, which are its values."""
    rgb, scale, black = linear_planes(values, levels)
    rgb = np.broadcast_to(rgb, (*rgb.shape[:2], 3))
    return replace(frame, rgb=rgb, rgb_scale=scale, rgb_black=black)


def _with_noise(frame: Frame, values: NDArray[np.uint16], levels: Levels) -> Frame:
    """The frame with its noise, by the file where the photo does not speak against it, and where it
    clips."""
    profile, measured = noise_from_profile(frame.info.noise_profile), estimate_noise([frame])
    noise, notes = believed_noise(profile, measured, frame)
    clipping = clipping_levels(values, levels.cfa, levels.black, levels.full_scale, noise)
    info = replace(frame.info, notes=(*frame.info.notes, *notes))
    return replace(frame, info=info, noise=noise, clipping=clipping)


def _mend(raw: Any, frame: Frame, values: NDArray[np.uint16], levels: Levels) -> None:
    """Mend damaged sites in place: those that are seen, and those that the file lists."""
    balance, scale = levels.white_balance, levels.full_scale
    sensor = Sensor(values, levels.cfa, levels.black, scale, balance, frame.noise, frame.clipping)
    sites = damaged_sites(sensor)
    if frame.info.decoding is not None and frame.info.decoding.opcodes:
        origin = (int(raw.sizes.top_margin), int(raw.sizes.left_margin))
        listed = listed_bad_sites(frame.info.decoding.opcodes, values, origin)
        sites = np.unique(np.concatenate([sites, listed]), axis=0)
    mend(values, levels.cfa, sites)


def _in_cache(frame: Frame, cache: Path) -> Frame:
    """The frame with its pixels on the disk."""
    stem = cache_stem(frame.info.path)
    mosaic, rgb = frame.mosaic, frame.rgb
    if mosaic.size:
        mosaic = to_cache(mosaic, cache / f"{stem}-mosaic.npy")
    # Of brightness alone, one plane is enough.
    one = frame.sampling is Sampling.MONOCHROME
    kept = to_cache(rgb[..., :1] if one else rgb, cache / f"{stem}-rgb.npy")
    return replace(frame, mosaic=mosaic, rgb=np.broadcast_to(kept, rgb.shape) if one else kept)


def _reason(_path: Path, reason: Translatable) -> str:
    return reason


@isolated(_reason)
def probe(path: Path, info: PhotoInfo | None = None) -> str:
    """Why a file cannot be unpacked; empty where it can. Much faster than decoding."""
    try:
        _refuse_unreadable(path)
        if kind_by_name(path) is not None:
            read_header(path)
            return ""
        _refuse_missing_data(with_decoding_metadata(info or PhotoInfo(path)))
        # All but the demosaicing, which takes most of the time.
        with open_raw(path) as raw:
            _read_values(raw, PhotoInfo(path))
    except PhotoError as error:
        return error.reason
    except (rawpy.LibRawError, rawpy.NotSupportedError) as error:
        return libraw_reason(error, path)
    except (OSError, UnicodeError, MemoryError) as error:
        return _unreadable(error)
    return ""


def _unreadable(error: Exception) -> str:
    # Python itself has no words for it.
    if isinstance(error, MemoryError) and not str(error):
        return NOT_ENOUGH_MEMORY
    return translatable("cannot be read ({error})", error=str(error))


def _refuse_unreadable(path: Path) -> None:
    if not path.is_file():
        raise PhotoError(path.name, translatable("there is no such file"))
    if not os.access(path, os.R_OK):
        raise PhotoError(path.name, translatable("you are not allowed to read it"))
    if path.stat().st_size == 0:
        # LibRaw would call it a file of unknown kind.
        raise PhotoError(path.name, translatable("the file is empty"))


def _refuse_missing_data(info: PhotoInfo) -> None:
    if info.decoding is not None and (lack := info.decoding.missing_data):
        reason = translatable("the file is cut off or damaged ({lack})", lack=lack)
        raise PhotoError(info.path.name, reason)


def _refuse_turned_grid(
    rgb: NDArray[np.uint16], values: NDArray[np.uint16], info: PhotoInfo
) -> None:
    """LibRaw turns the diagonal grids of Fuji's Super CCD, and stretches pixels that are not
    square."""
    if rgb.shape[:2] != values.shape[:2]:
        raise _turned_grid(info)


def _turned_grid(info: PhotoInfo) -> PhotoError:
    reason = translatable(
        "the sensor's grid is not upright and square ({camera}): not supported",
        camera=info.camera,
    )
    return PhotoError(info.path.name, reason)


def _read_values(raw: Any, info: PhotoInfo) -> tuple[NDArray[np.uint16], Levels, PhotoInfo]:
    """RAW values [h, w] of a mosaic or a monochrome sensor, or [h, w, 3]."""
    name = info.path.name
    info = fill_from_libraw(info, raw)
    pattern = _colour_filter(raw, name)
    view = raw.raw_image_visible
    if view.dtype != np.uint16 or min(view.shape[:2]) < _MIN_SIDE_PX:
        reason = translatable("a picture of {shape} is too small", shape=view.shape)
        raise PhotoError(name, reason)
    # LibRaw would stretch them: noticed before anything is demosaiced.
    if raw.sizes.pixel_aspect != 1:
        raise _turned_grid(info)
    size, n_pixels = info.path.stat().st_size, view.shape[0] * view.shape[1]
    if size < _MIN_BYTES_PER_SITE * n_pixels:
        reason = translatable(
            "the file is cut off ({size} bytes for {megapixels:.1f} MP)",
            size=size,
            megapixels=n_pixels / 1e6,
        )
        raise PhotoError(name, reason)
    # LibRaw's own memory goes with the file: keep a copy. A fourth colour is empty there.
    values = np.array(view[..., :3] if view.ndim == 3 else view, order="C")
    tags = info.decoding.black if info.decoding is not None else None
    values, levels = read_levels(raw, pattern, values, tags)
    # LibRaw brings a white of any colour temperature to one matrix's camera; we to both matrices'.
    white = sound_white_balance(1 / v for v in info.dng.neutral or ())
    if white is not None and raw.num_colors == 3:
        levels = replace(levels, white_balance=white)
    if values.ndim == 3:
        # What is blank or random is so in every colour.
        refuse_implausible_content(
            name, values[..., 1], _ONE_COLOUR, levels.black[:, 1:2], levels.white
        )
        return values, levels, info
    refuse_implausible_content(name, values, levels.cfa, levels.black, levels.white)
    return values, levels, info


def _colour_filter(raw: Any, name: str) -> NDArray[np.uint8]:
    """LibRaw's colours of the sites [p, q], 0..3, or of planes [1, 3]; sensors of other colours
    than red, green and blue are refused."""
    try:
        pattern = raw.raw_pattern
    except NotImplementedError as error:
        # How rawpy says that the file tells of no colour filter it knows.
        reason = translatable(
            "its colour filter is of no known kind ({error}): damaged?", error=str(error)
        )
        raise PhotoError(name, reason) from error
    if raw.num_colors == 1 and has_one_value(raw):
        return _ONE_COLOUR - 1
    if raw.num_colors != 3 or raw.color_desc != b"RGBG":
        reason = translatable(
            "sensor colours {colours}, need red, green, blue",
            colours=raw.color_desc.decode("ascii", "replace"),
        )
        raise PhotoError(name, reason)
    if not has_mosaic(raw):
        return np.array([[0, 1, 2]], np.uint8)
    return np.array(pattern)


def _colour_matrix(raw: Any, info: PhotoInfo) -> NDArray[np.float32] | None:
    """A DNG's own matrix, else LibRaw's of this camera."""
    # A DNG brings the matrix of its own camera; LibRaw has one for each model that it knows.
    is_dng = info.path.suffix.lower() == ".dng"
    if is_dng and info.decoding is not None and info.decoding.colour_matrix is not None:
        return np.array(info.decoding.colour_matrix, np.float32).reshape(3, 3)
    matrix = np.array(raw.rgb_xyz_matrix, np.float32)[:3]
    sound = np.isfinite(matrix).all() and abs(np.linalg.det(matrix)) > _LEAST_DETERMINANT
    return matrix if sound else None
