"""One RAW file to one Frame, through LibRaw. What cannot be trusted is refused with a reason."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rawpy

from lenscal.errors import LenscalError
from lenscal.raw.content import refuse_implausible_content
from lenscal.raw.frame import Frame, NoiseModel, PhotoInfo
from lenscal.raw.metadata import (
    fill_from_libraw,
    missing_data,
    open_raw,
    read_colour_matrix,
    read_info,
)
from lenscal.raw.noise import estimate_noise, noise_from_profile
from lenscal.raw.vignetting import vignetting_gain
from lenscal.translation import translatable

_MIN_SIDE_PX = 32
_MIN_BYTES_PER_SITE = 0.06
"""Lossless codes need at least a bit a site, some cameras' lossy ones a little less."""
_WHITE_BALANCE_RANGE = (0.1, 10.0)


class CacheError(LenscalError):
    """Decoded photos cannot be kept on the disk: no fault of the photo."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """How RAW values become linear light: see Frame for cfa, black, white and white_balance."""

    cfa: np.ndarray
    black: np.ndarray
    white: float
    white_balance: np.ndarray
    rgb_scale: float


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
    LenscalError
        The file is missing, cut off, damaged, of an unknown kind, or its sensor has no mosaic of
        red, green and blue.
    CacheError
        The cache cannot be written.
    """
    _refuse_unreadable(path)
    info = info or read_info(path, ask_libraw=False)
    _refuse_missing_data(path)
    try:
        with open_raw(path) as raw:
            mosaic, levels, info = _read_mosaic(raw, info)
            colour_matrix = _colour_matrix(raw, path)
            rgb = _demosaic(raw, levels)
    except (rawpy.LibRawError, rawpy.NotSupportedError) as error:
        raise LenscalError(
            translatable("{name}: {error}", name=path.name, error=_reason(error))
        ) from error
    except (OSError, UnicodeError, MemoryError) as error:
        raise LenscalError(
            translatable("{name}: cannot be read ({error})", name=path.name, error=str(error))
        ) from error
    if rgb.shape[:2] != mosaic.shape:
        raise LenscalError(
            translatable(
                "{name}: the sensor's grid is not upright and square ({camera}): not supported",
                name=path.name,
                camera=info.camera,
            )
        )
    if cache is not None:
        stem = _cache_stem(path)
        mosaic, rgb = (
            _to_cache(mosaic, cache / f"{stem}-mosaic.npy"),
            _to_cache(rgb, cache / f"{stem}-rgb.npy"),
        )
    gain, gain_source = vignetting_gain(info, mosaic.shape)
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


def probe(path: Path) -> str:
    """Why LibRaw cannot unpack this file; empty where it can. Much faster than decoding."""
    try:
        _refuse_unreadable(path)
        _refuse_missing_data(path)
        with open_raw(path) as raw:
            _read_mosaic(raw, PhotoInfo(path))
    except LenscalError as error:
        return str(error).removeprefix(f"{path.name}: ")
    except (rawpy.LibRawError, rawpy.NotSupportedError) as error:
        return _reason(error)
    except (OSError, UnicodeError, MemoryError) as error:
        return f"cannot be read ({error})"
    return ""


def _refuse_unreadable(path: Path) -> None:
    if not path.is_file():
        raise LenscalError(translatable("{name}: there is no such file", name=path.name))
    if not os.access(path, os.R_OK):
        raise LenscalError(translatable("{name}: you are not allowed to read it", name=path.name))
    if path.stat().st_size == 0:
        raise LenscalError(translatable("{name}: the file is empty", name=path.name))


def _refuse_missing_data(path: Path) -> None:
    if path.suffix.lower() == ".dng" and (lack := missing_data(path)):
        raise LenscalError(
            translatable(
                "{name}: the file is cut off or damaged ({lack})", name=path.name, lack=lack
            )
        )


def _reason(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    if isinstance(error, rawpy.LibRawFileUnsupportedError | rawpy.NotSupportedError):
        version = ".".join(map(str, rawpy.libraw_version))
        why = f"no RAW photo, or a camera or compression that LibRaw {version} cannot read"
    elif isinstance(error, rawpy.LibRawIOError):
        why = "the file is cut off or damaged"
    elif isinstance(error, rawpy.LibRawDataError):
        why = "the picture in the file is damaged"
    elif isinstance(error, rawpy.LibRawTooBigError):
        why = "the file claims a picture too large to be true"
    else:
        why = "LibRaw gave up"
    return f"{why} ({text})" if text else why


def _read_mosaic(raw: Any, info: PhotoInfo) -> tuple[np.ndarray, Levels, PhotoInfo]:
    name = info.path.name
    info = fill_from_libraw(info, raw)
    try:
        pattern = raw.raw_pattern
    except (
        NotImplementedError
    ) as error:  # how rawpy says that the file tells of no colour filter it knows
        raise LenscalError(
            translatable(
                "{name}: its colour filter is of no known kind ({error}): damaged?",
                name=name,
                error=str(error),
            )
        ) from error
    if raw.raw_type != rawpy.RawType.Flat or pattern is None:
        raise LenscalError(
            translatable(
                "{name}: holds no mosaic (LinearRaw, three-layer or monochrome sensor): not supported",
                name=name,
            )
        )
    if raw.num_colors != 3 or raw.color_desc != b"RGBG":
        raise LenscalError(
            translatable(
                "{name}: sensor colours {colours}, need red, green, blue",
                name=name,
                colours=raw.color_desc.decode("ascii", "replace"),
            )
        )
    view = raw.raw_image_visible
    if view.ndim != 2 or view.dtype != np.uint16 or min(view.shape) < _MIN_SIDE_PX:
        raise LenscalError(
            translatable(
                "{name}: a picture of {shape} is too small or not a mosaic",
                name=name,
                shape=view.shape,
            )
        )
    size = info.path.stat().st_size
    if size < _MIN_BYTES_PER_SITE * view.size:
        raise LenscalError(
            translatable(
                "{name}: the file is cut off ({size} bytes for {megapixels:.1f} MP)",
                name=name,
                size=size,
                megapixels=view.size / 1e6,
            )
        )
    mosaic = np.array(view, order="C")
    pattern = np.array(pattern)
    levels = _levels(raw, pattern, mosaic, is_dng=info.path.suffix.lower() == ".dng")
    refuse_implausible_content(name, mosaic, levels.cfa, levels.black, levels.white)
    return mosaic, levels, info


def _levels(raw: Any, pattern: np.ndarray, mosaic: np.ndarray, *, is_dng: bool) -> Levels:
    black_per_colour = np.array(raw.black_level_per_channel, np.float64)
    black = black_per_colour[pattern].astype(np.float32)
    libraw_white = float(raw.white_level)
    white = plausible_white(
        libraw_white, raw.camera_white_level_per_channel, mosaic, float(black.mean())
    )
    balance = normalised_white_balance(raw.camera_whitebalance, raw.daylight_whitebalance)
    # LibRaw stretches the range from the smallest black level of all to its own white level over
    # 65535, with the largest multiplier brought to 1 (highlight mode 1).
    step = float(balance.max()) * (libraw_white - float(black_per_colour.min())) / 65535
    cfa = np.where(pattern == 3, 1, pattern).astype(np.uint8)
    return Levels(cfa, black, white, balance, step / (white - float(black.mean())))


def plausible_white(libraw: float, per_channel: Any, mosaic: np.ndarray, black: float) -> float:
    """The RAW value at which the sensor clips.

    The camera's own level per channel is taken where it lies in the upper half of the range and the
    photo does not go beyond it; otherwise LibRaw's.
    """
    levels = [float(v) for v in (per_channel or ())[:3]]
    if not levels or min(levels) <= black + 0.5 * (libraw - black) or min(levels) >= libraw:
        return libraw
    margin = 0.005 * (libraw - black)
    return libraw if np.mean(mosaic[::2] > min(levels) + margin) > 1e-5 else min(levels)


def normalised_white_balance(*candidates: Any) -> np.ndarray:
    """First sound balance, as multipliers for R, G, B with green 1, float32 [3]; ones where none is
    sound."""
    low, high = _WHITE_BALANCE_RANGE
    for candidate in candidates:
        rgb = np.array([float(v) for v in (candidate or ())][:3], np.float64)
        if rgb.size == 3 and np.isfinite(rgb).all() and (rgb > 0).all():
            rgb = rgb / rgb[1]
            if low <= rgb.min() and rgb.max() <= high:
                return rgb.astype(np.float32)
    return np.ones(3, np.float32)


def _demosaic(raw: Any, levels: Levels) -> np.ndarray:
    r, g, b = (float(v) for v in levels.white_balance)
    return raw.postprocess(
        demosaic_algorithm=rawpy.DemosaicAlgorithm.AHD,
        gamma=(1, 1),
        output_bps=16,
        output_color=rawpy.ColorSpace.raw,
        no_auto_bright=True,
        adjust_maximum_thr=0.0,
        user_flip=0,
        user_wb=[r, g, b, g],
        highlight_mode=rawpy.HighlightMode.Ignore,
    )


def _colour_matrix(raw: Any, path: Path) -> np.ndarray | None:
    if path.suffix.lower() == ".dng" and (matrix := read_colour_matrix(path)) is not None:
        return matrix
    matrix = np.array(raw.rgb_xyz_matrix, np.float32)[:3]
    return matrix if np.isfinite(matrix).all() and abs(np.linalg.det(matrix)) > 1e-6 else None


def _cache_stem(path: Path) -> str:
    state = path.stat()
    key = f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}"
    return f"{path.stem}-{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"


def _to_cache(array: np.ndarray, target: Path) -> np.ndarray:
    partial: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "wb", dir=target.parent, prefix=".", suffix=".part", delete=False
        ) as file:
            partial = Path(file.name)
            np.save(
                file.file, array
            )  # the wrapped file, open for writing only: numpy writes those without a copy
        partial.replace(target)
        return np.load(target, mmap_mode="r")
    except OSError as error:
        need = f"{array.nbytes / 1e6:.0f} MB are needed there"
        raise CacheError(
            f"{target.parent}: {error.strerror or error}; {need}: make room"
        ) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
