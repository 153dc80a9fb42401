"""Bayer DNG files: what the virtual camera writes, readable by LibRaw, exiv2 and other RAW
programs."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from lenscal import __version__
from lenscal.errors import InputError
from lenscal.files.atomic import written_whole

CFA_COLOURS = {"R": 0, "G": 1, "B": 2}
"""DNG's colour numbers, the same as `Frame.cfa`'s."""

_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED, _SRATIONAL, _DOUBLE = 1, 2, 3, 4, 5, 7, 10, 12
_SIZES = {
    _BYTE: 1,
    _ASCII: 1,
    _SHORT: 2,
    _LONG: 4,
    _RATIONAL: 8,
    _UNDEFINED: 1,
    _SRATIONAL: 8,
    _DOUBLE: 8,
}
_FORMATS = {_SHORT: "H", _LONG: "I", _DOUBLE: "d"}
_TILE = 512
_D65 = 21
_CENTIMETRES = 3


def cfa_array(cfa: str) -> np.ndarray:
    """The 2 x 2 pattern as colour numbers, e.g. "RGGB" -> [[0, 1], [1, 2]].

    Raises
    ------
    InputError
        If the pattern is not four letters with one R, two G and one B.
    """
    if sorted(cfa) != ["B", "G", "G", "R"]:
        raise InputError(
            f"CFA pattern '{cfa}': give four letters with one R, two G and one B, e.g. RGGB"
        )
    return np.array([CFA_COLOURS[c] for c in cfa], np.uint8).reshape(2, 2)


def write_bayer_dng(
    path: Path,
    raw_uint16: np.ndarray,
    *,
    cfa: str,
    black: float,
    white: int,
    make: str,
    model: str,
    lens: str,
    f_number: float,
    focal_mm: float,
    iso: int,
    exposure_s: float,
    date_time: str,
    noise_profile: Sequence[tuple[float, float]],
    colour_matrix: np.ndarray,
    as_shot_neutral: Sequence[float],
    orientation: int = 1,
    compress: bool = False,
    camera_serial: str = "",
    pixel_pitch_um: float | None = None,
) -> None:
    """Write one mosaic as a DNG 1.4 file with complete EXIF.

    Parameters
    ----------
    path : Path
        Target; replaced atomically.
    raw_uint16 : uint16 ndarray [height, width]
    cfa : str
        Colours of the top left 2 x 2 sites in reading order, e.g. "RGGB".
    black, white : float, int
        RAW values of no light and of clipping, the same for all sites.
    date_time : str
        'YYYY:MM:DD HH:MM:SS'.
    noise_profile : sequence of (a, b)
        One pair for all planes, or one each for R, G, B: variance = a * signal + b on RAW values
        scaled to 0..1.
    colour_matrix : ndarray [3, 3]
        XYZ (D65) to camera RGB before white balance (DNG's ColorMatrix1).
    as_shot_neutral : sequence of 3
        Camera RGB of a neutral surface, green 1.
    compress : bool
        Lossless JPEG tiles instead of plain rows.
    pixel_pitch_um : float or None
        Written as EXIF's focal plane resolution.

    Raises
    ------
    InputError
        If the array, the pattern or the levels do not make a Bayer photo.
    """
    if raw_uint16.ndim != 2 or raw_uint16.dtype != np.uint16:
        raise InputError(
            f"raw_uint16 must be uint16 [height, width], got {raw_uint16.dtype} {raw_uint16.shape}"
        )
    if not 0 <= black < white <= 65535:
        raise InputError(f"levels black {black:g}, white {white}: need 0 <= black < white <= 65535")
    pattern = cfa_array(cfa)
    height, width = raw_uint16.shape
    image = _tiles(raw_uint16) if compress else [raw_uint16.astype("<u2").tobytes()]
    pixels = _Directory()
    pixels.put(254, _LONG, 0)
    pixels.put(256, _LONG, width)
    pixels.put(257, _LONG, height)
    pixels.put(258, _SHORT, 16)
    pixels.put(259, _SHORT, 7 if compress else 1)
    pixels.put(262, _SHORT, 32803)
    pixels.put(271, _ASCII, make)
    pixels.put(272, _ASCII, model)
    pixels.put(274, _SHORT, orientation)
    pixels.put(277, _SHORT, 1)
    pixels.put(284, _SHORT, 1)
    pixels.put(305, _ASCII, f"lenscal {__version__}")
    pixels.put(306, _ASCII, date_time)
    pixels.put(33421, _SHORT, 2, 2)
    pixels.put(33422, _BYTE, *pattern.ravel())
    pixels.put(50706, _BYTE, 1, 4, 0, 0)
    pixels.put(50707, _BYTE, 1, 1, 0, 0)
    pixels.put(
        50708, _ASCII, model if model.lower().startswith(make.lower()) else f"{make} {model}"
    )
    pixels.put(50710, _BYTE, 0, 1, 2)
    pixels.put(50711, _SHORT, 1)
    pixels.put(50713, _SHORT, 1, 1)
    pixels.put(50714, _RATIONAL, black)
    pixels.put(50717, _LONG, white)
    pixels.put(50718, _RATIONAL, 1, 1)
    pixels.put(50719, _RATIONAL, 0, 0)
    pixels.put(50720, _RATIONAL, width, height)
    pixels.put(50721, _SRATIONAL, *np.asarray(colour_matrix, np.float64).ravel())
    pixels.put(50728, _RATIONAL, *as_shot_neutral)
    pixels.put(50778, _SHORT, _D65)
    pixels.put(51041, _DOUBLE, *np.asarray(noise_profile, np.float64).ravel())
    exif = _Directory()
    exif.put(33434, _RATIONAL, exposure_s)
    exif.put(33437, _RATIONAL, f_number)
    exif.put(34855, _SHORT, iso)
    exif.put(36864, _UNDEFINED, *b"0231")
    exif.put(36867, _ASCII, date_time)
    exif.put(36868, _ASCII, date_time)
    exif.put(37386, _RATIONAL, focal_mm)
    if pixel_pitch_um is not None:
        exif.put(41486, _RATIONAL, 1e4 / pixel_pitch_um)
        exif.put(41487, _RATIONAL, 1e4 / pixel_pitch_um)
        exif.put(41488, _SHORT, _CENTIMETRES)
    if camera_serial:
        exif.put(42033, _ASCII, camera_serial)
    exif.put(42034, _RATIONAL, focal_mm, focal_mm, 0, 0)
    exif.put(42036, _ASCII, lens)
    _write(path, pixels, exif, image, (height, width), compress)


@dataclass
class _Directory:
    """A TIFF directory in the making: tag -> (type, count, payload)."""

    entries: dict[int, tuple[int, int, bytes]] = field(default_factory=dict)

    def put(self, tag: int, kind: int, *values: float | str) -> None:
        if kind == _ASCII:
            payload = "".join(str(v) for v in values).encode() + b"\0"
        elif kind in (_BYTE, _UNDEFINED):
            payload = bytes(int(v) for v in values)
        elif kind in (_RATIONAL, _SRATIONAL):
            ratios = [Fraction(float(v)).limit_denominator(1_000_000) for v in values]
            payload = struct.pack(
                f"<{2 * len(ratios)}{'I' if kind == _RATIONAL else 'i'}",
                *(n for r in ratios for n in (r.numerator, r.denominator)),
            )
        else:
            cast = float if kind == _DOUBLE else int
            payload = struct.pack(f"<{len(values)}{_FORMATS[kind]}", *(cast(v) for v in values))
        self.entries[tag] = (kind, len(payload) // _SIZES[kind], payload)

    def size(self) -> int:
        payloads = sum(len(p) + len(p) % 2 for _, _, p in self.entries.values() if len(p) > 4)
        return 2 + 12 * len(self.entries) + 4 + payloads

    def pack(self, offset: int) -> bytes:
        """The directory and its payloads, to be written at `offset`."""
        head, tail = struct.pack("<H", len(self.entries)), b""
        start = offset + 2 + 12 * len(self.entries) + 4
        for tag in sorted(self.entries):
            kind, count, payload = self.entries[tag]
            head += struct.pack("<HHI", tag, kind, count)
            if len(payload) <= 4:
                head += payload.ljust(4, b"\0")
            else:
                head += struct.pack("<I", start + len(tail))
                tail += payload + b"\0" * (len(payload) % 2)
        return head + struct.pack("<I", 0) + tail


def _tiles(raw: np.ndarray) -> list[bytes]:
    """Lossless JPEG tiles, columns in turns as two components, each pixel predicted from its own
    colour to the left.

    That is how cameras and Adobe's converter write mosaics; not all RAW programs know other
    predictors.
    """
    from imagecodecs import jpeg8_encode

    def packed(tile: np.ndarray) -> bytes:
        pairs = np.ascontiguousarray(tile).reshape(_TILE, _TILE // 2, 2)
        return bytes(
            jpeg8_encode(pairs, lossless=True, bitspersample=16, predictor=1, optimize=True)
        )

    height, width = raw.shape
    padded = np.pad(raw, ((0, -height % _TILE), (0, -width % _TILE)), mode="edge")
    corners = [(y, x) for y in range(0, height, _TILE) for x in range(0, width, _TILE)]
    return [packed(padded[y : y + _TILE, x : x + _TILE]) for y, x in corners]


def _write(
    path: Path,
    pixels: _Directory,
    exif: _Directory,
    image: list[bytes],
    size: tuple[int, int],
    tiled: bool,
) -> None:
    if tiled:
        pixels.put(322, _SHORT, _TILE)
        pixels.put(323, _SHORT, _TILE)
        offsets, counts = 324, 325
    else:
        pixels.put(278, _LONG, size[0])
        offsets, counts = 273, 279
    lengths = [len(block) for block in image]
    pixels.put(counts, _LONG, *lengths)
    pixels.put(offsets, _LONG, *lengths)
    pixels.put(34665, _LONG, 0)
    exif_at = 8 + pixels.size()
    data_at = exif_at + exif.size()
    starts = data_at + np.concatenate([[0], np.cumsum([n + n % 2 for n in lengths])])[:-1]
    pixels.put(offsets, _LONG, *starts)
    pixels.put(34665, _LONG, exif_at)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary, temporary.open("wb") as file:
        file.write(b"II*\0" + struct.pack("<I", 8) + pixels.pack(8) + exif.pack(exif_at))
        for block in image:
            file.write(block + b"\0" * (len(block) % 2))
