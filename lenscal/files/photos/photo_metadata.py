"""EXIF, XMP and IPTC of the original and of its sidecars, copied into a written photo by exiv2."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import exiv2

from lenscal import __version__
from lenscal.errors import LenscalError
from lenscal.files.photos.private_metadata import (
    is_harmless_exif,
    is_harmless_iptc,
    is_harmless_xmp,
)
from lenscal.files.photos.sidecars import (
    DEVELOPING,
    Metadata,
    property_of,
    read_metadata,
    with_sidecars,
)
from lenscal.raw.exif import EXIV2_LOCK, changed_metadata
from lenscal.system.isolation.calls import isolated
from lenscal.system.streams.native_stderr import without_library_noise
from lenscal.translation import Translatable, translatable

SOFTWARE = f"lenscal {__version__}"
XMP_NAMESPACE = "urn:lenscal:xmp:1.0/"
XMP_PREFIX = "lenscal"

_REGIONS = frozenset(("Xmp.mwg-rs.Regions", "Xmp.MP.RegionInfo"))
"""Where faces are: places in the picture as it was stored, not as it is turned."""
_HISTORY = frozenset(
    ("Xmp.xmpMM.History", "Xmp.xmpMM.Ingredients", "Xmp.photoshop.DocumentAncestors")
)
"""What programs did to a file, step by step: more than anything else it makes XMP large."""

# Of the first IFD only what is about the photo; the rest describes how the RAW file's pixels are
# stored.
_IMAGE_TAGS = frozenset(
    (
        "Make",
        "Model",
        "DocumentName",
        "ImageDescription",
        "Artist",
        "Copyright",
        "DateTime",
        "HostComputer",
        "Rating",
        "RatingPercent",
        "XPTitle",
        "XPComment",
        "XPAuthor",
        "XPKeywords",
        "XPSubject",
        "CameraSerialNumber",
    )
)

# How a DNG is to be developed: what another DNG of the same photo has to say as well.
_DEVELOPING_TAGS = frozenset(
    (
        "ColorMatrix1",
        "ColorMatrix2",
        "CalibrationIlluminant1",
        "CalibrationIlluminant2",
        "CameraCalibration1",
        "CameraCalibration2",
        "CameraCalibrationSignature",
        "AnalogBalance",
        "BaselineExposure",
        "BaselineExposureOffset",
        "DefaultBlackRender",
        "ShadowScale",
        "LocalizedCameraModel",
        "AsShotProfileName",
        "ProfileName",
        "ProfileCopyright",
        "ProfileEmbedPolicy",
        "ProfileCalibrationSignature",
        "ProfileToneCurve",
        "ProfileHueSatMapDims",
        "ProfileHueSatMapData1",
        "ProfileHueSatMapData2",
        "ProfileHueSatMapEncoding",
        "ProfileLookTableDims",
        "ProfileLookTableData",
        "ProfileLookTableEncoding",
        "ForwardMatrix1",
        "ForwardMatrix2",
    )
)

# RAW files may hold these in the first IFD; in a picture they belong to the Exif IFD.
_SHOT_TAGS = frozenset(
    (
        "DateTimeOriginal",
        "ExposureTime",
        "FNumber",
        "ExposureProgram",
        "ISOSpeedRatings",
        "ShutterSpeedValue",
        "ApertureValue",
        "BrightnessValue",
        "ExposureBiasValue",
        "MaxApertureValue",
        "SubjectDistance",
        "MeteringMode",
        "LightSource",
        "Flash",
        "FocalLength",
    )
)

_PHOTO_SKIPPED = frozenset(
    (
        "PixelXDimension",
        "PixelYDimension",
        "ComponentsConfiguration",
        "CompressedBitsPerPixel",
        "InteroperabilityTag",
        "ColorSpace",
        "SpatialFrequencyResponse",
        "CFAPattern",
        "Gamma",
    )
)
_PICTURE_TAGS = frozenset(("ColorSpace", "Gamma", "XResolution", "YResolution", "ResolutionUnit"))
"""What of a picture is still true of one that is stored alike. exiv2 leaves the last three alone in
a TIFF, whose encoder has written them."""
_STRUCTURAL_GROUPS = frozenset(
    ("Image", "Image2", "Image3", "Thumbnail", "Iop", "MakerNote", "MpfInfo")
)
_XMP_SKIPPED = frozenset(
    (
        "tiff",
        *DEVELOPING,
        "dc.format",
        "xmp.Thumbnails",
        "photoshop.SidecarForExtension",
        "exif.PixelXDimension",
        "exif.PixelYDimension",
        "exif.ColorSpace",
    )
)


@dataclass(frozen=True, slots=True)
class Written:
    """What is true of the written picture, whatever the original says."""

    width: int
    height: int
    is_srgb: bool
    settings: str
    make: str
    model: str
    icc: bytes | None = None
    """Embedded by exiv2 where the encoder has not done it."""
    thumbnail: bytes | None = None
    """A JPEG for EXIF, in files where no other program takes it for a second picture."""
    orientation: int = 1
    is_dng: bool = False
    """True: EXIF says nothing of a colour space, and the original's tags for developing hold."""
    is_turned: bool = False
    """Whether the original is stored otherwise than upright, and this one is upright."""
    is_picture: bool = False
    """True: a picture that is stored as it was, whose colour space and resolution hold."""
    pixels_per_m: tuple[float, float] | None = None
    """(x, y) of a picture whose EXIF may not say it."""
    is_private: bool = False
    """True: nothing is copied that says where, or with which device, the photo was taken."""


def _not_copied(source: Path, reason: Translatable) -> tuple[str, ...]:
    # What there is of the picture may be half of it.
    raise LenscalError(
        translatable(
            "the metadata of {photo} could not be copied: {reason}",
            photo=source.name,
            reason=reason,
        )
    )


@isolated(_not_copied)
def copy_metadata(source: Path, target: Path, written: Written) -> tuple[str, ...]:
    """Copy all metadata that is still true from `source` into the picture `target`; return warnings
    in words.

    Raises
    ------
    LenscalError
        Not even the facts about the picture itself can be written.
    """
    with EXIV2_LOCK, without_library_noise():
        return _copy(source, target, written)


def _copy(source: Path, target: Path, written: Written) -> tuple[str, ...]:
    warnings: list[Translatable] = []
    metadata = Metadata()
    try:
        metadata = read_metadata(source)
    except (exiv2.Exiv2Error, OSError) as error:
        warnings.append(
            translatable(
                "the metadata of {photo} could not be read ({reason}): not copied",
                photo=source.name,
                reason=error,
            )
        )
    is_turned = written.is_turned
    metadata, of_sidecars = with_sidecars(source, metadata)
    warnings += of_sidecars
    if is_turned and any(property_of(datum.key()) in _REGIONS for datum in metadata.xmp):
        warnings.append(
            translatable("where faces are is not copied, as the photo is turned upright")
        )
    xmp = [datum for datum in metadata.xmp if _wanted_xmp(datum.key(), is_turned=is_turned)]
    exif = [datum for datum in metadata.exif if _wanted_exif(datum.key(), written)]
    wanted = Metadata(tuple(exif), tuple(xmp), metadata.iptc)
    if written.is_private:
        wanted = _harmless(wanted)
    if omitted := _write_what_fits(target, wanted, written):
        part, problem = omitted
        warnings.append(
            translatable(
                "{part} of {photo} could not be copied ({problem})",
                part=part,
                photo=source.name,
                problem=problem,
            )
        )
    return tuple(warnings)


def _harmless(metadata: Metadata) -> Metadata:
    return Metadata(
        tuple(datum for datum in metadata.exif if is_harmless_exif(datum.key())),
        tuple(datum for datum in metadata.xmp if is_harmless_xmp(property_of(datum.key()))),
        tuple(datum for datum in metadata.iptc if is_harmless_iptc(datum.key())),
    )


def _write_what_fits(target: Path, metadata: Metadata, written: Written) -> tuple[str, str] | None:
    """Write as much as the format can hold; what had to be left out, and why.

    Raises
    ------
    LenscalError
        Not even the facts about the picture itself can be written.
    """
    exif, xmp, iptc = metadata.exif, metadata.xmp, metadata.iptc
    # Without maker notes, which may be larger than a JPEG can hold.
    plain = [datum for datum in exif if _is_standard(datum.key())]
    short = [datum for datum in xmp if property_of(datum.key()) not in _HISTORY]
    problem = ""
    # A JPEG holds 64 KB of each, which long editing histories exceed.
    for omitted, *copied in (
        ("", exif, xmp, iptc),
        (translatable("the editing history"), exif, short, iptc),
        (translatable("the camera maker's own notes"), plain, xmp, iptc),
        (translatable("the XMP"), exif, (), iptc),
        (translatable("the XMP and the camera maker's own notes"), plain, (), iptc),
        (translatable("all metadata"), (), (), ()),
    ):
        try:
            _write(target, *copied, written=written)
        except exiv2.Exiv2Error as error:
            problem = problem or str(error)
            continue
        except OSError as error:
            problem = error.strerror or str(error)
            break
        return (omitted, problem) if omitted else None
    raise LenscalError(
        translatable(
            "{folder}: a photo's metadata could not be written there ({problem})",
            folder=target.parent,
            problem=problem,
        )
    )


def _write(
    target: Path, exif: Iterable[Any], xmp: Iterable[Any], iptc: Iterable[Any], *, written: Written
) -> None:
    with changed_metadata(target) as image:
        data = image.exifData()
        for datum in exif:
            _, group, tag = datum.key().split(".", 2)
            # Of a RAW file's first directory what viewers look for in Exif's.
            misplaced = group == "Image" and tag in _SHOT_TAGS
            key = f"Exif.Photo.{tag}" if misplaced else datum.key()
            # What stands in the right place counts more.
            if not misplaced or key not in data:
                data[key] = datum.value()
        _set_facts(data, written)
        packet = image.xmpData()
        for datum in xmp:
            packet[datum.key()] = datum.value()
        packet["Xmp.xmp.CreatorTool"] = SOFTWARE
        # Each time: exiv2 forgets it, and a second time does no harm.
        exiv2.XmpProperties.registerNs(XMP_NAMESPACE, XMP_PREFIX)
        packet[f"Xmp.{XMP_PREFIX}.Settings"] = written.settings
        notes = image.iptcData()
        for datum in iptc:
            notes.add(datum)
        # Other formats have had it embedded by their encoder.
        if written.icc is not None:
            image.setIccProfile(exiv2.DataBuf(written.icc))


def _set_facts(data: Any, written: Written) -> None:
    for name, text in (("Make", written.make), ("Model", written.model)):
        if text and f"Exif.Image.{name}" not in data:
            data[f"Exif.Image.{name}"] = text
    data["Exif.Image.Orientation"] = exiv2.UShortValue(written.orientation)
    data["Exif.Image.Software"] = SOFTWARE
    data["Exif.Photo.PixelXDimension"] = exiv2.ULongValue(written.width)
    data["Exif.Photo.PixelYDimension"] = exiv2.ULongValue(written.height)
    said = written.is_picture and "Exif.Photo.ColorSpace" in data
    if not written.is_dng and not said:
        data["Exif.Photo.ColorSpace"] = exiv2.UShortValue(1 if written.is_srgb else 0xFFFF)
    if written.pixels_per_m is not None and "Exif.Image.XResolution" not in data:
        for axis, per_m in zip("XY", written.pixels_per_m, strict=True):
            # EXIF's unit 3: centimetres.
            data[f"Exif.Image.{axis}Resolution"] = exiv2.URationalValue([(round(per_m), 100)])
        data["Exif.Image.ResolutionUnit"] = exiv2.UShortValue(3)
    if written.thumbnail is not None:
        exiv2.ExifThumb(data).setJpegThumbnail(written.thumbnail)


def _wanted_exif(key: str, written: Written) -> bool:
    _, group, tag = key.split(".", 2)
    if written.is_picture and (group == "Iop" or tag in _PICTURE_TAGS):
        return True
    if group == "Image":
        if written.is_dng and tag in _DEVELOPING_TAGS:
            return True
        return tag in _IMAGE_TAGS or tag in _SHOT_TAGS
    if group == "Photo":
        return tag not in _PHOTO_SKIPPED
    return group not in _STRUCTURAL_GROUPS and not group.startswith(("SubImage", "SubThumb"))


def _is_standard(key: str) -> bool:
    _, group, tag = key.split(".", 2)
    return group in ("Image", "GPSInfo") or (group == "Photo" and tag != "MakerNote")


def _wanted_xmp(key: str, *, is_turned: bool) -> bool:
    whole = property_of(key)
    _, prefix, name = whole.split(".", 2)
    if prefix in _XMP_SKIPPED or f"{prefix}.{name}" in _XMP_SKIPPED:
        return False
    return not (is_turned and whole in _REGIONS)
