"""DNG files of sensors' values: what the virtual camera writes, readable by LibRaw, exiv2 and other
RAW programs."""

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
from lenscal.files.photos.dng_tags import D65, LOSSLESS_JPEG, ExtraTag, Tag, tile_px
from lenscal.raw.exif import EXIV2_LOCK, changed_metadata
from lenscal.system.atomic import written_whole
from lenscal.translation import translatable

# DNG's colour numbers, the same as `Frame.cfa`'s.
CFA_COLOURS = {"R": 0, "G": 1, "B": 2}
LARGE_PATTERN = 36
"""Sites of a pattern of 6 x 6."""
LINEAR_RAW = 34892
"""DNG's photometric interpretation of values that are no mosaic."""

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
        Colours of the top left 2 x 2 or 6 x 6 sites in reading order, e.g. "RGGB"; empty where all
        sites see all colours, or brightness alone.
    black, white : float, int
        RAW values of no light and of clipping, the same for all sites.
    date_time : str
        'YYYY:MM:DD HH:MM:SS'.
    noise_profile : sequence of (a, b)
        One pair for all planes, or one each for R, G, B: variance = a * signal + b on RAW values
        scaled to 0..1. None: the file has no profile.
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
        if self.cfa:
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
    """The pattern as colour numbers, e.g. "RGGB" -> [[0, 1], [1, 2]]; 36 letters make 6 x 6.

    Raises
    ------
    InputError
        If the pattern is not four letters with one R, two G and one B, nor 36 of the three.
    """
    period = 6 if len(cfa) == LARGE_PATTERN and set(cfa) == set(CFA_COLOURS) else 2
    if period == 2 and sorted(cfa) != ["B", "G", "G", "R"]:
        raise InputError(
            translatable(
                "CFA pattern '{cfa}': give four letters with one R, two G and one B, e.g. RGGB",
                cfa=cfa,
            )
        )
    return np.array([CFA_COLOURS[c] for c in cfa], np.uint8).reshape(period, period)


def write_raw_dng(
    path: Path, values: NDArray[np.uint16], info: DngInfo, *, compress: bool = False
) -> None:
    """Write a sensor's values as a DNG 1.4 file with complete EXIF, whole or not at all.

    Parameters
    ----------
    values : uint16 ndarray [height, width] or [height, width, 3]
        RAW values: a mosaic where `info` has a pattern, else brightness or all three colours.
    compress : bool
        Lossless JPEG tiles instead of plain rows.

    Raises
    ------
    InputError
        If the array does not make such a photo.
    """
    planes = values.shape[2:]
    fits = values.ndim == 2 or (planes == (3,) and not info.cfa)
    if not fits or values.dtype != np.uint16:
        raise InputError(
            translatable(
                "a mosaic must be uint16 [height, width], got {dtype} {shape}",
                dtype=values.dtype,
                shape=values.shape,
            )
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary:
        _write_pixels(temporary, values, info, compress=compress)
        # After the pixels: exiv2 adds to a file that is there.
        write_exif(temporary, info)


def write_png(path: Path, pixels: NDArray[np.uint16], info: DngInfo) -> None:
    """Write a picture [height, width, 3] as 16-bit PNG with complete EXIF, whole or not at all."""
    from imagecodecs import png_encode

    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary:
        temporary.write_bytes(png_encode(np.ascontiguousarray(pixels)))
        write_exif(temporary, info, with_camera=True)


def _write_pixels(path: Path, values: NDArray[np.uint16], info: DngInfo, *, compress: bool) -> None:
    import tifffile

    # tifffile knows LinearRaw of three colours only: monochrome photos are renamed below.
    photometric = LINEAR_RAW if values.ndim > 2 else tifffile.PHOTOMETRIC.CFA
    options: dict[str, Any] = {
        "photometric": photometric,
        # The photo itself, not a reduced copy of it.
        "subfiletype": 0,
        "metadata": None,
        "software": f"lenscal {__version__}",
        "datetime": info.date_time,
        "extratags": [*_camera_tags(info), *_value_tags(info, values.shape)],
    }
    # Little-endian, as most cameras write and all computers read without swapping.
    with tifffile.TiffWriter(path, byteorder="<") as tiff:
        if compress:
            tiff.write(
                _tiles(values),
                shape=values.shape,
                dtype=values.dtype,
                compression=LOSSLESS_JPEG,
                bitspersample=16,
                tile=(tile_px(values.shape[1]),) * 2,
                **options,
            )
        else:
            # One strip: readers take all of it at once.
            tiff.write(values, rowsperstrip=len(values), **options)
    if values.ndim == 2 and not info.cfa:
        with tifffile.TiffFile(path, mode="r+") as written:
            written.pages.first.tags["PhotometricInterpretation"].overwrite(LINEAR_RAW)


def _camera_tags(info: DngInfo) -> list[ExtraTag]:
    return [
        dng_tags.text(Tag.MAKE, info.make),
        dng_tags.text(Tag.MODEL, info.model),
        dng_tags.shorts(Tag.ORIENTATION, info.orientation),
        dng_tags.byte_values(Tag.DNG_VERSION, 1, 4, 0, 0),
        # LinearRaw came with the second version.
        dng_tags.byte_values(Tag.DNG_BACKWARD_VERSION, 1, 1 if info.cfa else 2, 0, 0),
        dng_tags.text(Tag.UNIQUE_CAMERA_MODEL, info.camera),
        dng_tags.signed_rationals(Tag.COLOR_MATRIX_1, np.ravel(info.colour_matrix)),
        dng_tags.rationals(Tag.AS_SHOT_NEUTRAL, info.as_shot_neutral),
        dng_tags.shorts(Tag.CALIBRATION_ILLUMINANT_1, D65),
    ]


def _pattern_tags(info: DngInfo) -> list[ExtraTag]:
    if not info.cfa:
        return []
    pattern = cfa_array(info.cfa)
    return [
        dng_tags.shorts(Tag.CFA_REPEAT_PATTERN_DIM, *pattern.shape),
        dng_tags.byte_values(Tag.CFA_PATTERN, *pattern.ravel().tolist()),
        dng_tags.byte_values(Tag.CFA_PLANE_COLOR, 0, 1, 2),
        # Rectangular, not turned by 45 degrees.
        dng_tags.shorts(Tag.CFA_LAYOUT, 1),
    ]


def _value_tags(info: DngInfo, shape: tuple[int, ...]) -> list[ExtraTag]:
    height, width, *planes = shape
    n = planes[0] if planes else 1
    return [
        *_pattern_tags(info),
        dng_tags.shorts(Tag.BLACK_LEVEL_REPEAT_DIM, 1, 1),
        dng_tags.rationals(Tag.BLACK_LEVEL, [info.black] * n),
        dng_tags.longs(Tag.WHITE_LEVEL, *[info.white] * n),
        dng_tags.rationals(Tag.DEFAULT_SCALE, (1, 1)),
        dng_tags.rationals(Tag.DEFAULT_CROP_ORIGIN, (0, 0)),
        # The whole frame, or programs would cut off a border of their own choice.
        dng_tags.rationals(Tag.DEFAULT_CROP_SIZE, (width, height)),
        *_noise_tags(info),
    ]


def _noise_tags(info: DngInfo) -> list[ExtraTag]:
    profile = np.ravel(info.noise_profile)
    return [dng_tags.doubles(Tag.NOISE_PROFILE, profile)] if profile.size else []


def write_exif(path: Path, info: DngInfo, *, with_camera: bool = False) -> None:
    """What belongs to the Exif directory, which tifffile cannot write; with the camera where the
    file does not say it elsewhere."""
    import exiv2

    # exiv2 is not safe in several threads.
    with EXIV2_LOCK, changed_metadata(path) as image:
        exif = image.exifData()
        if with_camera:
            exif["Exif.Image.Make"], exif["Exif.Image.Model"] = info.make, info.model
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


def _rational(values: Iterable[float]) -> Any:
    import exiv2

    return exiv2.URationalValue(list(dng_tags.ratios(values)))


def _tiles(values: NDArray[np.uint16]) -> Iterator[bytes]:
    """Lossless JPEG tiles, a mosaic's columns in turns as two components, each pixel predicted from
    its own colour to the left.

    That is how cameras and Adobe's converter write mosaics; not all RAW programs know other
    predictors.
    """
    from imagecodecs import jpeg8_encode

    height, width, *planes = values.shape
    # The edge repeated costs least: differences to the left are zero there.
    side = tile_px(width)
    padding = ((0, -height % side), (0, -width % side), *[(0, 0) for _ in planes])
    padded = np.pad(values, padding, mode="edge")
    for y in range(0, height, side):
        for x in range(0, width, side):
            tile = np.ascontiguousarray(padded[y : y + side, x : x + side])
            components = tile if planes else tile.reshape(side, side // 2, 2)
            yield bytes(
                jpeg8_encode(
                    components, lossless=True, bitspersample=16, predictor=1, optimize=True
                )
            )
