"""Corrected photos as picture files that other programs develop further: TIFF, PNG, JPEG."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from lenscal.errors import LenscalError
from lenscal.files.atomic import written_whole
from lenscal.files.colour import SPACES, RgbSpace, camera_to_space, usable
from lenscal.files.export_settings import ExportSettings, PhotoFormat, Space
from lenscal.files.icc import icc_profile
from lenscal.raw.frame import Frame

_STRIP_ROWS = 256


def write_photo(path: Path, rgb: np.ndarray, frame: Frame, export: ExportSettings, settings: str) -> tuple[str, ...]:
    """Write a corrected photo with ICC profile and the original's metadata, whole or not at all.

    Parameters
    ----------
    path : Path
    rgb : float32 ndarray [H, W, 3]
        Linear white-balanced camera RGB in sensor orientation; 1.0 = white level of green.
    frame : Frame
        The decoded original: its colour matrix, orientation and file.
    export : ExportSettings
        Space camera-linear writes `rgb` as it is: 32-bit float in sensor orientation, with EXIF Orientation 1 so that
        no reader turns it. The other spaces clip highlights at 1.0, apply the colour matrix and the space's transfer
        function, and turn the photo upright.
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
    from lenscal.files.photo_metadata import Written, copy_metadata

    source = frame.info.path
    if path.exists() and source.exists() and path.samefile(source):
        raise LenscalError(f"{path} is the original, which lenscal never overwrites")
    warnings: tuple[str, ...] = ()
    if export.space is Space.CAMERA_LINEAR:
        icc, settings = None, f"{settings}, not turned (the original's Orientation is {frame.info.orientation})"
        pixels = np.ascontiguousarray(rgb, np.float32)
    else:
        space = SPACES[export.space]
        icc = icc_profile(space)
        if not usable(frame.colour_matrix):
            warnings = (f"no colour matrix is known for {frame.info.camera or 'this camera'}: its colours are plain",)
        depth = np.uint8 if export.format is PhotoFormat.JPEG else np.uint16
        pixels = upright(develop(rgb, frame.colour_matrix, space, np.dtype(depth)), frame.info.orientation)
    height, width = pixels.shape[:2]
    by_exiv2 = icc if export.format is PhotoFormat.JPEG else None
    facts = Written(width, height, export.space is Space.SRGB, f"{settings}, space {export.space}",
                    frame.info.make, frame.info.model, by_exiv2)  # fmt: skip
    with written_whole(path) as temporary:
        _encode(temporary, pixels, export, icc)
        return (*warnings, *copy_metadata(source, temporary, facts))


def develop(rgb: np.ndarray, colour_matrix: np.ndarray | None, space: RgbSpace, depth: np.dtype) -> np.ndarray:
    """Linear white-balanced camera RGB [H, W, 3] to a space's encoded integers of type `depth`.

    Highlights are clipped at 1.0 in the camera's channels (a clipped white stays neutral), then the colour matrix and
    the transfer function follow; no other tone curve.
    """
    matrix = camera_to_space(colour_matrix, space).astype(np.float32)
    peak = np.float32(np.iinfo(depth).max)
    out = np.empty(rgb.shape, depth)
    for start in range(0, len(rgb), _STRIP_ROWS):
        strip = np.clip(rgb[start : start + _STRIP_ROWS].astype(np.float32), 0, 1)
        out[start : start + _STRIP_ROWS] = space.encode(strip @ matrix.T) * peak + np.float32(0.5)
    return out


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn [H, W, ...] from sensor orientation as EXIF Orientation (1 to 8) says the viewer should."""
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


def _encode(path: Path, pixels: np.ndarray, export: ExportSettings, icc: bytes | None) -> None:
    if export.format is PhotoFormat.TIFF:
        import tifffile

        packed = pixels.dtype == np.uint16
        tifffile.imwrite(
            path,
            pixels,
            photometric="rgb",
            iccprofile=icc,
            metadata=None,
            software=False,
            rowsperstrip=64,
            maxworkers=2,
            compression="adobe_deflate" if packed else None,
            compressionargs={"level": 4} if packed else None,
            predictor=packed,
        )
        return
    import imagecodecs

    if export.format is PhotoFormat.PNG:
        data = _with_iccp(bytes(imagecodecs.png_encode(pixels, level=3)), icc)
    else:
        data = bytes(imagecodecs.jpeg8_encode(pixels, level=export.jpeg_quality, subsampling="444", optimize=True))
    path.write_bytes(data)


def _with_iccp(png: bytes, icc: bytes | None) -> bytes:
    """Put an iCCP chunk behind a PNG's header (exiv2's own has a keyword that libpng refuses)."""
    if icc is None:
        return png
    after_header = 8 + 12 + 13
    content = b"iCCP" + b"ICC profile\0\0" + zlib.compress(icc)
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return png[:after_header] + chunk + png[after_header:]
