"""What photographers' programs keep beside a photo: XMP sidecars, which are read, and settings that
only their own program can read, which are named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenscal.raw.exif import open_image
from lenscal.raw.identity.sidecars import files_beside, xmp_sidecars
from lenscal.translation import Translatable, translatable

DEVELOPING = {
    "crs": "Adobe Camera Raw",
    "crss": "Adobe Camera Raw",
    "crd": "Adobe Camera Raw",
    "darktable": "darktable",
}
"""Prefixes of XMP that says how programs developed the RAW file, and their names."""
MOST_XMP_BYTES = 32 * 2**20
"""Long histories of strokes take a few; more is damage."""
_PROGRAMS = {
    ".pp3": "RawTherapee",
    ".arp": "ART",
    ".dop": "DxO PhotoLab",
    ".cos": "Capture One",
    ".nksc": "NX Studio",
    ".on1": "ON1 Photo RAW",
    ".vrd": "Digital Photo Professional",
    ".dr4": "Digital Photo Professional",
    ".acr": "Adobe Camera Raw",
    ".aae": "Apple Photos",
    ".exposurex7": "Exposure",
    ".ufraw": "UFRaw",
}
_FOLDERS = {
    ".cos": "CaptureOne/Settings*",
    ".nksc": "NKSC_PARAM",
    ".exposurex7": "Exposure Software/Exposure*",
}
"""In which some programs put them."""
_DESCRIBING = frozenset(
    (
        "Image.ImageDescription",
        "Image.Artist",
        "Image.Copyright",
        "Image.Rating",
        "Image.RatingPercent",
        "Photo.UserComment",
        "Photo.DateTimeOriginal",
        "Photo.DateTimeDigitized",
        "Photo.OffsetTimeOriginal",
        "Photo.SubSecTimeOriginal",
    )
)
"""EXIF that people change; all else in a sidecar is a copy of what the photo says itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Metadata:
    """Data of exiv2 by key, of one file or of several.

    images : what the data live in, no longer than these
    """

    exif: tuple[Any, ...] = ()
    xmp: tuple[Any, ...] = ()
    iptc: tuple[Any, ...] = ()
    images: tuple[Any, ...] = ()

    def under(self, sidecar: Metadata) -> Metadata:
        """The same with what a sidecar says instead, where both say something."""
        described = tuple(datum for datum in sidecar.exif if _describes(datum.key()))
        return Metadata(
            (*_without(self.exif, described), *described),
            (*_without(self.xmp, sidecar.xmp), *sidecar.xmp),
            (*_without(self.iptc, sidecar.iptc), *sidecar.iptc),
            (*self.images, *sidecar.images),
        )


def read_metadata(path: Path) -> Metadata:
    """All there is in one file. Call it with `EXIV2_LOCK` held.

    Raises
    ------
    exiv2.Exiv2Error, OSError
        It cannot be read.
    """
    image = open_image(path)
    image.readMetadata()
    # Of an XMP sidecar exiv2 makes EXIF and IPTC as well, which other programs look into first.
    return Metadata(
        tuple(image.exifData()), tuple(image.xmpData()), tuple(image.iptcData()), (image,)
    )


def with_sidecars(photo: Path, of_photo: Metadata) -> tuple[Metadata, list[Translatable]]:
    """A photo's own metadata under those of its sidecars, and what could not be read, in words."""
    import exiv2

    metadata, warnings = of_photo, list[Translatable]()
    programs = dict[str, None]()
    for sidecar in xmp_sidecars(photo):
        try:
            if sidecar.stat().st_size > MOST_XMP_BYTES:
                raise OSError(translatable("too large to be true"))
            said = read_metadata(sidecar)
            programs |= _developed_in(said)
            metadata = metadata.under(said)
        except (exiv2.Exiv2Error, OSError) as error:
            warnings.append(
                translatable(
                    "{sidecar} could not be read ({reason}): not copied",
                    sidecar=sidecar.name,
                    reason=error,
                )
            )
    if programs:
        warnings.append(
            translatable(
                "how it was developed in {programs} stays with the original",
                programs=", ".join(programs),
            )
        )
    if names := [f"{path.name} ({program})" for path, program in settings_files(photo)]:
        warnings.append(
            translatable(
                "stays with the original, as only its program can read it: {names}",
                names=", ".join(names),
            )
        )
    return metadata, warnings


def _developed_in(sidecar: Metadata) -> dict[str, None]:
    """Programs that keep their settings in a sidecar."""
    prefixes = {datum.key().split(".", 2)[1] for datum in sidecar.xmp}
    return dict.fromkeys(name for prefix, name in DEVELOPING.items() if prefix in prefixes)


def settings_files(photo: Path) -> Iterator[tuple[Path, str]]:
    """Files beside a photo with how a program developed it, and the program's name."""
    for suffix, program in _PROGRAMS.items():
        places = [photo]
        if folder := _FOLDERS.get(suffix):
            places += [inner / photo.name for inner in photo.parent.glob(folder)]
        for place in places:
            for whole_name in (True, False):
                for path in files_beside(place, suffix, whole_name=whole_name):
                    yield path, program


def _describes(key: str) -> bool:
    _, group, tag = key.split(".", 2)
    return group == "GPSInfo" or f"{group}.{tag}" in _DESCRIBING


def _without(data: Iterable[Any], others: Iterable[Any]) -> Iterator[Any]:
    """Data of properties that others say nothing of."""
    said = {property_of(datum.key()) for datum in others}
    return (datum for datum in data if property_of(datum.key()) not in said)


def property_of(key: str) -> str:
    """Of Xmp.xmpMM.History[1]/stEvt:when the whole: Xmp.xmpMM.History."""
    return key.split("[", 1)[0].split("/", 1)[0]
