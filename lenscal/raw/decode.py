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
from lenscal.raw.frame import Frame, NoiseModel, PhotoInfo
from lenscal.raw.levels import Levels, read_levels
from lenscal.raw.libraw import fill_from_libraw, libraw_reason, open_raw
from lenscal.raw.metadata import read_info, with_decoding_metadata
from lenscal.raw.noise import estimate_noise, noise_from_profile
from lenscal.raw.pixel_cache import cache_stem, to_cache
from lenscal.raw.vignetting import field_gain
from lenscal.translation import translatable

_MIN_SIDE_PX = 32
_MIN_BYTES_PER_SITE = 0.005
"""Old cameras' lossy codes come down to a fifth of a bit a site; far less is no photo."""
_LEAST_DETERMINANT = 1e-6
"""Of a colour matrix: LibRaw has zeros for cameras that it does not know."""


def decode_photo(path: Path, *, info: PhotoInfo | None = None, cache: Path | None = None) -> Frame:
    """Decode a RAW photo in sensor orientation: its mosaic and its linear, white-balanced camera
    RGB.

    Parameters
    ----------
    path : Path
    info : PhotoInfo or None
        What is known already (typed-in values, say); read from the file where None. Unknown fields
        are filled in.
    cache : Path or None
        A folder for the decoded arrays: they are memory-mapped from there instead of being kept in
        memory.

    Raises
    ------
    PhotoError
        The file is missing, cut off, damaged, of an unknown kind, or its sensor has no mosaic of
        red, green and blue.
    CacheError
        The cache cannot be written.
    """
    _refuse_unreadable(path)
    info = with_decoding_metadata(info or read_info(path, ask_libraw=False))
    _refuse_missing_data(info)
    try:
        with open_raw(path) as raw:
            mosaic, levels, info = _read_mosaic(raw, info)
            colour_matrix = _colour_matrix(raw, info)
            rgb = _demosaic(raw, levels)
    except (rawpy.LibRawError, rawpy.NotSupportedError) as error:
        raise PhotoError(path.name, libraw_reason(error, path)) from error
    except (OSError, UnicodeError, MemoryError) as error:
        raise PhotoError(path.name, _unreadable(error)) from error
    _refuse_turned_grid(rgb, mosaic, info)
    # Nothing is cached of a photo that was refused.
    if cache is not None:
        stem = cache_stem(path)
        mosaic = to_cache(mosaic, cache / f"{stem}-mosaic.npy")
        rgb = to_cache(rgb, cache / f"{stem}-rgb.npy")
    gain, gain_source = field_gain(info, levels.cfa, (mosaic.shape[0], mosaic.shape[1]))
    noise = noise_from_profile(info.noise_profile)
    frame = Frame(
        info,
        mosaic,
        levels.cfa,
        levels.black,
        levels.white,
        rgb,
        levels.rgb_scale,
        levels.white_balance,
        gain,
        gain_source,
        noise or NoiseModel((0, 0, 0), (0, 0, 0)),
        colour_matrix,
    )
    return frame if noise else replace(frame, noise=estimate_noise([frame]))


def probe(path: Path, info: PhotoInfo | None = None) -> str:
    """Why LibRaw cannot unpack this file; empty where it can. Much faster than decoding."""
    try:
        _refuse_unreadable(path)
        _refuse_missing_data(with_decoding_metadata(info or PhotoInfo(path)))
        # All but the demosaicing, which takes most of the time.
        with open_raw(path) as raw:
            _read_mosaic(raw, PhotoInfo(path))
    except PhotoError as error:
        return error.reason
    except (rawpy.LibRawError, rawpy.NotSupportedError) as error:
        return libraw_reason(error, path)
    except (OSError, UnicodeError, MemoryError) as error:
        return _unreadable(error)
    return ""


def _unreadable(error: Exception) -> str:
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
    rgb: NDArray[np.uint16], mosaic: NDArray[np.uint16], info: PhotoInfo
) -> None:
    """LibRaw turns the diagonal grids of Fuji's Super CCD, and stretches pixels that are not
    square."""
    if rgb.shape[:2] != mosaic.shape:
        raise _turned_grid(info)


def _turned_grid(info: PhotoInfo) -> PhotoError:
    reason = translatable(
        "the sensor's grid is not upright and square ({camera}): not supported",
        camera=info.camera,
    )
    return PhotoError(info.path.name, reason)


def _read_mosaic(raw: Any, info: PhotoInfo) -> tuple[NDArray[np.uint16], Levels, PhotoInfo]:
    name = info.path.name
    info = fill_from_libraw(info, raw)
    pattern = _colour_filter(raw, name)
    view = raw.raw_image_visible
    if view.ndim != 2 or view.dtype != np.uint16 or min(view.shape) < _MIN_SIDE_PX:
        reason = translatable("a picture of {shape} is too small or not a mosaic", shape=view.shape)
        raise PhotoError(name, reason)
    # LibRaw would stretch them: noticed before anything is demosaiced.
    if raw.sizes.pixel_aspect != 1:
        raise _turned_grid(info)
    size = info.path.stat().st_size
    if size < _MIN_BYTES_PER_SITE * view.size:
        reason = translatable(
            "the file is cut off ({size} bytes for {megapixels:.1f} MP)",
            size=size,
            megapixels=view.size / 1e6,
        )
        raise PhotoError(name, reason)
    # LibRaw's own memory goes with the file: keep a copy.
    mosaic = np.array(view, order="C")
    levels = read_levels(raw, pattern, mosaic)
    refuse_implausible_content(name, mosaic, levels.cfa, levels.black, levels.white)
    return mosaic, levels, info


def _colour_filter(raw: Any, name: str) -> NDArray[np.uint8]:
    """LibRaw's colours of the sites [p, q], 0..3; sensors without a mosaic of red, green and blue
    are refused."""
    try:
        pattern = raw.raw_pattern
    except NotImplementedError as error:
        # How rawpy says that the file tells of no colour filter it knows.
        reason = translatable(
            "its colour filter is of no known kind ({error}): damaged?", error=str(error)
        )
        raise PhotoError(name, reason) from error
    if raw.raw_type != rawpy.RawType.Flat or pattern is None:
        reason = translatable(
            "holds no mosaic (LinearRaw, three-layer or monochrome sensor): not supported"
        )
        raise PhotoError(name, reason)
    if raw.num_colors != 3 or raw.color_desc != b"RGBG":
        reason = translatable(
            "sensor colours {colours}, need red, green, blue",
            colours=raw.color_desc.decode("ascii", "replace"),
        )
        raise PhotoError(name, reason)
    return np.array(pattern)


def _demosaic(raw: Any, levels: Levels) -> NDArray[np.uint16]:
    # LibRaw has two greens; both are the same colour here.
    r, g, b = (float(v) for v in levels.white_balance)
    rgb: NDArray[np.uint16] = raw.postprocess(
        demosaic_algorithm=rawpy.DemosaicAlgorithm.AHD,
        gamma=(1, 1),
        output_bps=16,
        output_color=rawpy.ColorSpace.raw,
        # Nothing may depend on the picture: the scale has to be known, see `read_levels`.
        no_auto_bright=True,
        adjust_maximum_thr=0.0,
        user_flip=0,
        user_wb=[r, g, b, g],
        highlight_mode=rawpy.HighlightMode.Ignore,
    )
    return rgb


def _colour_matrix(raw: Any, info: PhotoInfo) -> NDArray[np.float32] | None:
    """A DNG's own matrix, else LibRaw's of this camera."""
    # A DNG brings the matrix of its own camera; LibRaw has one for each model that it knows.
    is_dng = info.path.suffix.lower() == ".dng"
    if is_dng and info.decoding is not None and info.decoding.colour_matrix is not None:
        return np.array(info.decoding.colour_matrix, np.float32).reshape(3, 3)
    matrix = np.array(raw.rgb_xyz_matrix, np.float32)[:3]
    sound = np.isfinite(matrix).all() and abs(np.linalg.det(matrix)) > _LEAST_DETERMINANT
    return matrix if sound else None
