"""Bayer DNG files: what the virtual camera writes, readable by LibRaw, exiv2 and other RAW
programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lenscal import __version__
from lenscal.errors import InputError
from lenscal.files.photos import dng_tags
from lenscal.files.photos.dng_tags import D65, LOSSLESS_JPEG, TILE_PX, ExtraTag, Tag
from lenscal.raw.exif import EXIV2_LOCK
from lenscal.system.atomic import written_whole
from lenscal.translation import translatable

# DNG's colour numbers, the same as `Frame.cfa`'s.
CFA_COLOURS = {"R": 0, "G": 1, "B": 2}

# Sensitivities from here on do not fit into ISOSpeedRatings: EXIF 2.3 has a longer tag.
FULL_16_BITS = 65535
RECOMMENDED_EXPOSURE_INDEX = 2

# EXIF's unit of the focal plane's resolution.
CENTIMETRES = 3


@dataclass(frozen=True, slots=True, eq=False)
class DngInfo:
    """What a DNG says of its photo.

    Attributes
    ----------
    cfa : str
        Colours of the top left 2 x 2 sites in reading order, e.g. "RGGB".
    black, white : float, int
        RAW values of no light and of clipping, the same for all sites.
    date_time : str
        'YYYY:MM:DD HH:MM:SS'.
    noise_profile : sequence of (a, b)
        One pair for all planes, or one each for R, G, B: variance = a * signal + b on RAW values
        scaled to 0..1.
    colour_matrix : array-like [3, 3]
        XYZ (D65) to camera RGB before white balance (DNG's ColorMatrix1).
    as_shot_neutral : sequence of 3
        Camera RGB of a neutral surface, green 1.
    pixel_pitch_um : float or None
        Written as EXIF's focal plane resolution.

    Raises
    ------
    InputError
        The pattern or the levels do not make a Bayer photo.
    """

    cfa: str
    black: float
    white: int
    make: str
    model: str
    lens: str
    f_number: float
    focal_mm: float
    iso: int
    exposure_s: float
    date_time: str
    noise_profile: Sequence[tuple[float, float]]
    colour_matrix: ArrayLike
    as_shot_neutral: Sequence[float]
    orientation: int = 1
    camera_serial: str = ""
    pixel_pitch_um: float | None = None

    def __post_init__(self) -> None:
        cfa_array(self.cfa)
        if not 0 <= self.black < self.white <= 65535:
            raise InputError(
                translatable(
                    "levels black {black:g}, white {white}: need 0 <= black < white <= 65535",
                    black=self.black,
                    white=self.white,
                )
            )

    @property
    def camera(self) -> str:
        """Make and model, the make once."""
        # As cameras name themselves: "NIKON D750" of the make "NIKON".
        repeats_make = self.model.lower().startswith(self.make.lower())
        return self.model if repeats_make else f"{self.make} {self.model}"


def cfa_array(cfa: str) -> NDArray[np.uint8]:
    """The 2 x 2 pattern as colour numbers, e.g. "RGGB" -> [[0, 1], [1, 2]].

    Raises
    ------
    InputError
        If the pattern is not four letters with one R, two G and one B.
    """
    if sorted(cfa) != ["B", "G", "G", "R"]:
        raise InputError(
            translatable(
                "CFA pattern '{cfa}': give four letters with one R, two G and one B, e.g. RGGB",
                cfa=cfa,
            )
        )
    return np.array([CFA_COLOURS[c] for c in cfa], np.uint8).reshape(2, 2)


def write_bayer_dng(
    path: Path, mosaic: NDArray[np.uint16], info: DngInfo, *, compress: bool = False
) -> None:
    """Write one mosaic as a DNG 1.4 file with complete EXIF, whole or not at all.

    Parameters
    ----------
    mosaic : uint16 ndarray [height, width]
        RAW values.
    compress : bool
        Lossless JPEG tiles instead of plain rows.

    Raises
    ------
    InputError
        If the array does not make a Bayer photo.
    """
    if mosaic.ndim != 2 or mosaic.dtype != np.uint16:
        raise InputError(
            translatable(
                "a mosaic must be uint16 [height, width], got {dtype} {shape}",
                dtype=mosaic.dtype,
                shape=mosaic.shape,
            )
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary:
        _write_pixels(temporary, mosaic, info, compress=compress)
        # After the pixels: exiv2 adds to a file that is there.
        _write_exif(temporary, info)


def _write_pixels(path: Path, mosaic: NDArray[np.uint16], info: DngInfo, *, compress: bool) -> None:
    import tifffile

    height, width = mosaic.shape
    options: dict[str, Any] = {
        "photometric": tifffile.PHOTOMETRIC.CFA,
        # The photo itself, not a reduced copy of it.
        "subfiletype": 0,
        "metadata": None,
        "software": f"lenscal {__version__}",
        "datetime": info.date_time,
        "extratags": [*_camera_tags(info), *_value_tags(info, height, width)],
    }
    # Little-endian, as most cameras write and all computers read without swapping.
    with tifffile.TiffWriter(path, byteorder="<") as tiff:
        if compress:
            tiff.write(
                _tiles(mosaic),
                shape=mosaic.shape,
                dtype=mosaic.dtype,
                compression=LOSSLESS_JPEG,
                bitspersample=16,
                tile=(TILE_PX, TILE_PX),
                **options,
            )
        else:
            # One strip: readers take all of it at once.
            tiff.write(mosaic, rowsperstrip=height, **options)


def _camera_tags(info: DngInfo) -> list[ExtraTag]:
    return [
        dng_tags.text(Tag.MAKE, info.make),
        dng_tags.text(Tag.MODEL, info.model),
        dng_tags.shorts(Tag.ORIENTATION, info.orientation),
        dng_tags.byte_values(Tag.DNG_VERSION, 1, 4, 0, 0),
        # Nothing in it is newer than the first readers of DNG.
        dng_tags.byte_values(Tag.DNG_BACKWARD_VERSION, 1, 1, 0, 0),
        dng_tags.text(Tag.UNIQUE_CAMERA_MODEL, info.camera),
        dng_tags.signed_rationals(Tag.COLOR_MATRIX_1, np.ravel(info.colour_matrix)),
        dng_tags.rationals(Tag.AS_SHOT_NEUTRAL, info.as_shot_neutral),
        dng_tags.shorts(Tag.CALIBRATION_ILLUMINANT_1, D65),
    ]


def _value_tags(info: DngInfo, height: int, width: int) -> list[ExtraTag]:
    return [
        dng_tags.shorts(Tag.CFA_REPEAT_PATTERN_DIM, 2, 2),
        dng_tags.byte_values(Tag.CFA_PATTERN, *cfa_array(info.cfa).ravel().tolist()),
        dng_tags.byte_values(Tag.CFA_PLANE_COLOR, 0, 1, 2),
        # Rectangular, not turned by 45 degrees.
        dng_tags.shorts(Tag.CFA_LAYOUT, 1),
        dng_tags.shorts(Tag.BLACK_LEVEL_REPEAT_DIM, 1, 1),
        dng_tags.rationals(Tag.BLACK_LEVEL, [info.black]),
        dng_tags.longs(Tag.WHITE_LEVEL, info.white),
        dng_tags.rationals(Tag.DEFAULT_SCALE, (1, 1)),
        dng_tags.rationals(Tag.DEFAULT_CROP_ORIGIN, (0, 0)),
        # The whole frame, or programs would cut off a border of their own choice.
        dng_tags.rationals(Tag.DEFAULT_CROP_SIZE, (width, height)),
        dng_tags.doubles(Tag.NOISE_PROFILE, np.ravel(info.noise_profile)),
    ]


def _write_exif(path: Path, info: DngInfo) -> None:
    """What belongs to the Exif directory, which tifffile cannot write."""
    import exiv2

    # exiv2 is not safe in several threads.
    with EXIV2_LOCK:
        image = exiv2.ImageFactory.open(str(path))
        image.readMetadata()
        exif = image.exifData()
        exif["Exif.Photo.ExposureTime"] = _rational([info.exposure_s])
        exif["Exif.Photo.FNumber"] = _rational([info.f_number])
        exif["Exif.Photo.ISOSpeedRatings"] = exiv2.UShortValue(min(info.iso, FULL_16_BITS))
        if info.iso >= FULL_16_BITS:
            exif["Exif.Photo.SensitivityType"] = exiv2.UShortValue(RECOMMENDED_EXPOSURE_INDEX)
            exif["Exif.Photo.RecommendedExposureIndex"] = exiv2.ULongValue(info.iso)
        exif["Exif.Photo.ExifVersion"] = "48 50 51 49"  # "0231"
        exif["Exif.Photo.DateTimeOriginal"] = info.date_time
        exif["Exif.Photo.DateTimeDigitized"] = info.date_time
        exif["Exif.Photo.FocalLength"] = _rational([info.focal_mm])
        exif["Exif.Photo.LensSpecification"] = _rational([info.focal_mm, info.focal_mm, 0, 0])
        exif["Exif.Photo.LensModel"] = info.lens
        if info.pixel_pitch_um is not None:
            pixels_per_cm = _rational([1e4 / info.pixel_pitch_um])
            exif["Exif.Photo.FocalPlaneXResolution"] = pixels_per_cm
            exif["Exif.Photo.FocalPlaneYResolution"] = pixels_per_cm
            exif["Exif.Photo.FocalPlaneResolutionUnit"] = exiv2.UShortValue(CENTIMETRES)
        if info.camera_serial:
            exif["Exif.Photo.BodySerialNumber"] = info.camera_serial
        image.writeMetadata()


def _rational(values: Iterable[float]) -> Any:
    import exiv2

    return exiv2.URationalValue(list(dng_tags.ratios(values)))


def _tiles(mosaic: NDArray[np.uint16]) -> Iterator[bytes]:
    """Lossless JPEG tiles, columns in turns as two components, each pixel predicted from its own
    colour to the left.

    That is how cameras and Adobe's converter write mosaics; not all RAW programs know other
    predictors.
    """
    from imagecodecs import jpeg8_encode

    height, width = mosaic.shape
    # The edge repeated costs least: differences to the left are zero there.
    padding = ((0, -height % TILE_PX), (0, -width % TILE_PX))
    padded = np.pad(mosaic, padding, mode="edge")
    for y in range(0, height, TILE_PX):
        for x in range(0, width, TILE_PX):
            tile = np.ascontiguousarray(padded[y : y + TILE_PX, x : x + TILE_PX])
            pairs = tile.reshape(TILE_PX, TILE_PX // 2, 2)
            yield bytes(
                jpeg8_encode(pairs, lossless=True, bitspersample=16, predictor=1, optimize=True)
            )
