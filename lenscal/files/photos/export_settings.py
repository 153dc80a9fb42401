"""What the user decides about written photos, and the names they get."""

from __future__ import annotations

import itertools
import re
import string
import unicodedata
from collections.abc import Collection, Container, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lenscal.errors import InputError, LenscalError
from lenscal.files.output_paths import check_name
from lenscal.files.own_files import check_replaceable, is_own_photo
from lenscal.raw.pictures.kinds import kind_by_name
from lenscal.translation import translatable


class PhotoFormat(StrEnum):
    """Kinds of files that corrected photos are written as."""

    TIFF = "tiff"
    DNG = "dng"
    PNG = "png"
    JPEG = "jpeg"

    @property
    def suffix(self) -> str:
        """Of such files, with the dot."""
        return {"tiff": ".tif", "dng": ".dng", "png": ".png", "jpeg": ".jpg"}[self.value]


class Space(StrEnum):
    """Colour spaces that photos can be written in."""

    SRGB = "srgb"
    DISPLAY_P3 = "display-p3"
    PROPHOTO = "prophoto"
    CAMERA_LINEAR = "camera-linear"


class Tone(StrEnum):
    """Curves from light to what is shown."""

    LINEAR = "linear"
    FILM = "film"
    """More contrast in the middle; brightened highlights are compressed, not clipped."""


EXPOSURE_LIMITS_EV = (-4.0, 6.0)
"""Beyond, nothing is to be seen but black, white or noise."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a developed photo is brightened; the correction itself is done in unchanged light.

    Raises
    ------
    InputError
        The exposure is outside `EXPOSURE_LIMITS_EV`.
    """

    exposure_ev: float = 0.0
    tone: Tone = Tone.LINEAR

    def __post_init__(self) -> None:
        low, high = EXPOSURE_LIMITS_EV
        # Not a number compares false with both.
        if not low <= self.exposure_ev <= high:
            raise InputError(
                translatable(
                    "--exposure {ev:g}: choose {low:g} to {high:g} EV",
                    ev=self.exposure_ev,
                    low=low,
                    high=high,
                )
            )

    @property
    def is_plain(self) -> bool:
        """Whether nothing is changed."""
        return self.exposure_ev == 0 and self.tone is Tone.LINEAR

    @property
    def in_words(self) -> str:
        """For a photo's metadata, and a report."""
        return f"exposure {self.exposure_ev:+g} EV, tone {self.tone.value}"


PLAIN = Look()


class OnConflict(StrEnum):
    """What happens where a file of that name is there already."""

    UNIQUE = "unique"
    OVERWRITE = "overwrite"
    SKIP = "skip"
    ERROR = "error"


_WITHOUT_NUMBER = re.compile(r"(-\d+)?(_mask(-\d+)?)?$")
"""What is added to names that are taken, and to those of masks."""
TEMPLATE_FIELDS = ("name", "method")
# Bits a channel of PNG and TIFF.
DEPTHS = (8, 16)
JPEG_QUALITIES = range(1, 101)


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """How and where corrected photos are written.

    Attributes
    ----------
    out : folder
    space : says nothing about a DNG, which always holds camera RGB
    template : file name without suffix; {name} is the original's, {method} how it was corrected
    jpeg_quality : 1 to 100
    depth : bits a channel of PNG and TIFF; JPEG always has 8, a DNG 16, a TIFF in space
        camera-linear 32 (floating point)
    keep_pictures : pictures (PNG, JPEG, TIFF) are written as they were: format, depth, colour
        space and profile; format, space and depth then say what becomes of RAW photos
    look : of developed photos; pictures that keep their format stay as they are
    private : metadata say neither where nor with which camera and lens, by their serial numbers, a
        photo was taken, nor what the original is called

    Raises
    ------
    InputError
        They contradict each other, or the template does not name photos.
    """

    out: Path
    format: PhotoFormat = PhotoFormat.TIFF
    space: Space = Space.SRGB
    template: str = "{name}_lenscal"
    on_conflict: OnConflict = OnConflict.UNIQUE
    jpeg_quality: int = 95
    depth: int = 16
    keep_pictures: bool = True
    private: bool = False
    look: Look = PLAIN

    def keeps(self, source: Path) -> bool:
        """Whether a photo is a picture that is written as it was."""
        return self.keep_pictures and kind_by_name(source) is not None

    def __post_init__(self) -> None:
        linear_formats = (PhotoFormat.TIFF, PhotoFormat.DNG)
        if self.space is Space.CAMERA_LINEAR and self.format not in linear_formats:
            raise InputError(
                translatable(
                    "--space camera-linear needs --format tiff (32-bit float) or dng, not {format}",
                    format=self.format.value,
                )
            )
        undeveloped = self.format is PhotoFormat.DNG or self.space is Space.CAMERA_LINEAR
        if undeveloped and not self.look.is_plain:
            raise InputError(
                translatable(
                    "--exposure and --tone need --format tiff, png or jpeg in a colour space for "
                    "screens: linear photos are written as the sensor saw them"
                )
            )
        if self.jpeg_quality not in JPEG_QUALITIES:
            raise InputError(
                translatable("JPEG quality {quality}: choose 1 to 100", quality=self.jpeg_quality)
            )
        if self.depth not in DEPTHS:
            raise InputError(translatable("--depth {depth}: choose 8 or 16", depth=self.depth))
        _check_template(self.template)


def _check_template(template: str) -> None:
    """Raises InputError where a template would not give every photo a name of its own."""
    try:
        # str.format would also reach attributes: templates come from files, too.
        parts = [part for part in string.Formatter().parse(template) if part[1] is not None]
    except ValueError as error:
        raise InputError(
            translatable("--template {template!r}: {reason}", template=template, reason=error)
        ) from error
    for _, name, form, conversion in parts:
        if name not in TEMPLATE_FIELDS or form or conversion:
            suffix = f"!{conversion}" if conversion else ""
            suffix += f":{form}" if form else ""
            raise InputError(
                translatable(
                    "--template {template!r}: {{{field}}} is not known, use {{name}} or {{method}}",
                    template=template,
                    field=f"{name}{suffix}",
                )
            )
    if "name" not in [name for _, name, _, _ in parts]:
        raise InputError(
            translatable(
                "--template {template!r} must hold {{name}}, or photos would get the same name",
                template=template,
            )
        )
    # A backslash is a separator on Windows, where a batch may go on.
    if "/" in template or "\\" in template:
        raise InputError(
            translatable(
                "--template {template!r} is a file name: give the folder with --out",
                template=template,
            )
        )


def output_path(
    source: Path,
    export: ExportSettings,
    *,
    method: str,
    originals: Collection[Path] = (),
    batch_paths: Container[Path] = (),
) -> Path:
    """Where a photo goes. With `on_conflict` "skip" that may be a file that is there: it stays as
    it is.

    Parameters
    ----------
    originals : collection of Path, resolved
        Files that are never overwritten, beside `source`.
    batch_paths : container of Path
        Names that other photos of the same batch have: a number is added, whatever `on_conflict`
        says, but "error". The same photos in the same order have the same names the next time, so
        "overwrite" and "skip" find them again.

    Raises
    ------
    LenscalError
        The name is taken and `on_conflict` is "error", or it is an original's own.
    """
    stem = export.template.format(name=source.stem, method=method)
    # As it is written there, .tiff or .TIF.
    suffix = source.suffix if export.keeps(source) else export.format.suffix
    path = _that_fits(export.out / f"{stem}{suffix}")
    if export.on_conflict is OnConflict.ERROR and path in batch_paths:
        raise LenscalError(
            translatable(
                "{path} is another photo of this batch: "
                "choose --on-conflict unique, overwrite or skip",
                path=path,
            )
        )
    if export.on_conflict is OnConflict.UNIQUE:
        free = path not in batch_paths and not path.exists()
        return path if free else free_path(path, batch_paths)
    # IMG_1.CR3 of two folders: numbers in the order of the batch, which does not change.
    if path in batch_paths:
        path = next(new for new in _numbered(path) if new not in batch_paths)
    if path.exists() and export.on_conflict is not OnConflict.SKIP:
        # By the file, not its name: links and capitals lead to the same one.
        if path.samefile(source) or path.resolve() in originals:
            raise LenscalError(
                translatable(
                    "{path} is the original, which lenscal never overwrites: "
                    "choose another --template",
                    path=path,
                )
            )
        if export.on_conflict is OnConflict.ERROR:
            raise LenscalError(
                translatable(
                    "{path} exists: choose --on-conflict unique, overwrite or skip", path=path
                )
            )
        # Another folder of the card, another program's work: what is not our own stays.
        check_replaceable(path, own=is_own_photo(path))
    return path


def written_before(
    photos: Sequence[Path], export: ExportSettings, *, method: str
) -> tuple[Path, ...]:
    """Those of the photos that are, by name and place, what was made of others of them, and masks:
    of pictures that are corrected where they lie, a second time."""
    folder = export.out.resolve()
    # A template that adds nothing says nothing.
    stems = {
        name
        for photo in photos
        if (name := export.template.format(name=photo.stem, method=method)) != photo.stem
    }
    return tuple(
        photo
        for photo in photos
        if _WITHOUT_NUMBER.sub("", photo.stem) in stems and photo.parent.resolve() == folder
    )


def mask_path(
    photo: Path,
    export: ExportSettings,
    *,
    originals: Collection[Path] = (),
    batch_paths: Container[Path] = (),
) -> Path:
    """Where the mask of a written photo goes: beside it. Only "overwrite" replaces a file, never
    those of the batch.

    originals, batch_paths : as in `output_path`
    """
    # PNG whatever the photo's format: a mask is grey, and must not be compressed with loss.
    path = _that_fits(photo.with_name(f"{photo.stem}_mask.png"))
    if path in batch_paths or path.resolve() in originals:
        return free_path(path, batch_paths)
    replaced = export.on_conflict is OnConflict.OVERWRITE and is_own_photo(path)
    return path if replaced or not path.exists() else free_path(path, batch_paths)


def free_path(path: Path, batch_paths: Container[Path]) -> Path:
    """The path with the first number, from 2 on, that makes it a new one."""
    return next(
        numbered
        for numbered in _numbered(path)
        if not numbered.exists() and numbered not in batch_paths
    )


class TakenPaths:
    """Names that photos of a batch have. Those that differ in capitals only are one: they are on
    many disks, and on the one that the photos are copied to."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def add(self, path: Path) -> None:
        """No other photo gets it."""
        self._names.add(_plain(path))

    def __contains__(self, path: object) -> bool:
        return isinstance(path, Path) and _plain(path) in self._names


def _plain(path: Path) -> str:
    # macOS takes both ways to write an accent for the same.
    return unicodedata.normalize("NFC", str(path)).casefold()


def _that_fits(path: Path) -> Path:
    """The path; raises InputError where it is too long."""
    advice = translatable("rename the photo, or choose a shorter --template")
    check_name(path, advice)
    return path


def _numbered(path: Path) -> Iterator[Path]:
    """The path with the numbers 2, 3, ..."""
    return (
        _that_fits(path.with_name(f"{path.stem}-{number}{path.suffix}"))
        for number in itertools.count(2)
    )
