"""Which metadata a photo keeps that shall not say where, and with which device, it was taken.

A list of what stays, not of what goes: makers and programs invent new places for a serial number or
a position every year.
"""

from __future__ import annotations

_EXPOSURE = frozenset(
    (
        "ExposureTime",
        "FNumber",
        "ExposureProgram",
        "ISOSpeedRatings",
        "PhotographicSensitivity",
        "SensitivityType",
        "StandardOutputSensitivity",
        "RecommendedExposureIndex",
        "ISOSpeed",
        "ShutterSpeedValue",
        "ApertureValue",
        "BrightnessValue",
        "ExposureBiasValue",
        "MaxApertureValue",
        "SubjectDistance",
        "SubjectDistanceRange",
        "MeteringMode",
        "LightSource",
        "Flash",
        "FlashEnergy",
        "FocalLength",
        "FocalLengthIn35mmFilm",
        "ExposureIndex",
        "ExposureMode",
        "WhiteBalance",
        "DigitalZoomRatio",
        "SceneCaptureType",
        "GainControl",
        "Contrast",
        "Saturation",
        "Sharpness",
        "SensingMethod",
        "FileSource",
        "SceneType",
        "CustomRendered",
        "LensSpecification",
        "LensMake",
        "LensModel",
    )
)
_TIME = frozenset(
    (
        "DateTimeOriginal",
        "DateTimeDigitized",
        "SubSecTime",
        "SubSecTimeOriginal",
        "SubSecTimeDigitized",
    )
)
"""Not OffsetTime: a time zone is a place, if a large one."""
_NOT_OF_THE_IMAGE = frozenset(("DocumentName", "HostComputer", "CameraSerialNumber"))
"""A file's name, and whose computer it was."""
_XMP = frozenset(
    (
        "dc.title",
        "dc.description",
        "dc.creator",
        "dc.rights",
        "dc.subject",
        "xmp.CreateDate",
        "xmp.ModifyDate",
        "xmp.MetadataDate",
        "xmp.Rating",
        "xmp.Label",
        "photoshop.DateCreated",
        "photoshop.Headline",
        "photoshop.Credit",
        "photoshop.CaptionWriter",
        "photoshop.AuthorsPosition",
        "photoshop.Instructions",
        "lr.hierarchicalSubject",
        "Iptc4xmpCore.CreatorContactInfo",
        "aux.Lens",
        "aux.LensInfo",
    )
)
"""What the photographer has written on purpose."""
_XMP_PREFIXES = frozenset(("xmpRights", "cc", "plus"))
"""Of licences."""
_IPTC = frozenset(
    (
        # Or the texts would be read in another encoding.
        "Envelope.CharacterSet",
        "Application2.ObjectName",
        "Application2.Caption",
        "Application2.Keywords",
        "Application2.Byline",
        "Application2.BylineTitle",
        "Application2.Headline",
        "Application2.Credit",
        "Application2.Copyright",
        "Application2.DateCreated",
        "Application2.DigitizationDate",
    )
)


def is_harmless_exif(key: str) -> bool:
    """Whether an EXIF entry says neither which device took the photo nor where. Maker notes are
    not: nobody knows all that is in them."""
    _, group, tag = key.split(".", 2)
    if group == "Image":
        return tag not in _NOT_OF_THE_IMAGE
    # How a picture is stored, which is decided elsewhere.
    return group == "Iop" or (
        group == "Photo" and tag in _EXPOSURE | _TIME | {"ExifVersion", "ColorSpace", "Gamma"}
    )


def is_harmless_xmp(property_key: str) -> bool:
    """The same of an XMP property, without parts of it: Xmp.dc.title."""
    _, prefix, name = property_key.split(".", 2)
    if prefix in ("exif", "exifEX"):
        return name in _EXPOSURE | _TIME
    return prefix in _XMP_PREFIXES or f"{prefix}.{name}" in _XMP


def is_harmless_iptc(key: str) -> bool:
    """The same of an IPTC entry."""
    return key.removeprefix("Iptc.") in _IPTC
