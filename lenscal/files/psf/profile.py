"""LENS.lenscal: one zip that holds everything about a calibration and that other programs can
open."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, make_dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.files.network_weights import (
    MAX_NETWORK_BYTES,
    NETWORK_ENTRY,
    NetworkDescription,
    check_network,
    check_weights,
    tensor_bytes,
    tensors_of,
)
from lenscal.files.psf.limits import MAX_FILE_BYTES
from lenscal.files.psf.provenance import Provenance
from lenscal.files.psf.psf_npz import npz_bytes, psf_from_npz
from lenscal.files.schema import check_schema
from lenscal.optics.psf_grid import PsfGrid
from lenscal.plots.kernel_png import preview_png
from lenscal.raw.frame import NoiseModel
from lenscal.raw.identity.place import SensorArea
from lenscal.raw.pictures.kinds import Light
from lenscal.raw.sensor import pitch_from_crop_factor, pixel_pitch_um
from lenscal.system.atomic import written_whole
from lenscal.system.file_content import read_plain_file
from lenscal.system.json_values import MOST_JSON_BYTES, bounded_json, convert_json, to_json
from lenscal.system.zip_content import entry_of, zip_of
from lenscal.translation import translatable

FORMAT = "lenscal profile"
SCHEMA = 1
JSON_ENTRY = "profile.json"
NPZ_ENTRY = "psf.npz"
CURVES_ENTRY = "training/curves.csv"
WEIGHTS_ENTRY = "training/checkpoint.safetensors"
PREVIEW_ENTRY = "preview.png"
# The first that a zip can hold.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)

MAX_ENTRIES = 64
# More than the largest grid and network take.
MAX_UNPACKED_BYTES = 2**30
MAX_CURVES_BYTES = 4 * 2**20
MAX_WEIGHTS_BYTES = 256 * 2**20
# Profiles shrink at most tenfold; deflate can do 1000, which is what zip bombs live on.
MAX_RATIO = 400
# Below, headers weigh more than content, and the ratio says nothing.
SMALL_BYTES = 4096

# Numbers that JSON's NaN and Infinity cannot stand for; a re-blur distance may be NaN.
FINITE = ("focal_mm", "pixel_pitch_um", "aperture_sharp", "aperture_degraded", "seconds")
ORIENTATION = (
    "sensor orientation: row 0 is the top of the RAW file's visible area, no EXIF rotation applied"
)


@dataclass(frozen=True, slots=True)
class ProfilePhoto:
    """A photo that was imported for the calibration."""

    name: str
    role: str
    """"sharp" or "degraded"."""
    sha256: str
    used: bool = True
    verdict: str = ""
    """Why it was rejected, or what is odd about it."""


@dataclass(frozen=True, slots=True)
class ProfileStage:
    """A stage of the calibration, and the re-blur distance after it where it was measured."""

    name: str
    seconds: float
    reblur: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """What LENS.lenscal holds. Unknown numbers are None, unknown words empty."""

    psf: PsfGrid
    noise: NoiseModel | None = None
    camera: str = ""
    camera_serial: str = ""
    lens: str = ""
    lens_serial: str = ""
    focal_mm: float | None = None
    lenses_in_files: tuple[str, ...] = ()
    """What the degraded photos themselves say, where the user typed in `lens`; so with the focal
    length."""
    focal_mm_in_files: tuple[float, ...] = ()
    sensor_area: SensorArea | None = None
    """Where the photos' visible area lies on the sensor: crops of it are found by this."""
    pixel_pitch_um: float | None = None
    """Distance of their pixels, where they say it."""
    crop_factor: float | None = None
    """As in `PhotoInfo`."""
    aperture_sharp: float | None = None
    aperture_degraded: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    """ISO 8601, UTC."""
    photos: tuple[ProfilePhoto, ...] = ()
    stages: tuple[ProfileStage, ...] = ()
    reblur: Mapping[str, float] = field(default_factory=dict)
    same_scenes: bool | None = None
    vignetting: tuple[str, ...] = ()
    """Where vignetting gains came from, in words."""
    warnings: tuple[str, ...] = ()
    light: Light | None = None
    """How the values of the pictures were taken that it was learnt from; None for RAW photos."""
    finished: str = "done"
    device: str = ""
    seconds: float = 0.0
    patches_flow: int = 0
    patches_matching: int = 0
    curves: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    weights: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    network: NetworkDescription | None = None
    """The restoration network that was trained for the lens; None: there is none."""
    network_weights: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)

    @property
    def is_bare(self) -> bool:
        """Whether nothing is known but the kernels, as of PSF files from elsewhere."""
        return not (self.created or self.photos or self.stages or self.camera or self.lens)

    @property
    def pitch_um(self) -> float | None:
        """Distance of the sensor's pixels, um: as lensfun knows the camera, or as its photos told,
        which is not always true; None where neither does."""
        known = pixel_pitch_um(self.camera, self.psf.image_size)
        if known is None and self.pixel_pitch_um is None and self.crop_factor:
            return pitch_from_crop_factor(self.crop_factor, self.psf.image_size)
        return known or self.pixel_pitch_um

    @property
    def provenance(self) -> Provenance:
        """What the headers of PSF files say of it."""
        return Provenance(
            self.camera, self.lens, self.aperture_degraded, self.aperture_sharp, self.focal_mm
        )


# Fields of a profile that other entries of the zip hold.
NOT_IN_JSON = frozenset({"psf", "curves", "weights", "network_weights"})


@dataclass(frozen=True, slots=True)
class SensorSize:
    """Size in px of the sensor's visible area."""

    height: int
    width: int


def write_profile(path: Path, profile: Profile, *, fresh: bool = False) -> Path:
    """Write the profile whole or not at all; `fresh` as in `written_whole`."""
    entries = {
        JSON_ENTRY: json.dumps(described(profile), indent=2, ensure_ascii=False).encode(
            # Names of files need not be text.
            errors="backslashreplace"
        ),
        NPZ_ENTRY: npz_bytes(profile.psf),
        CURVES_ENTRY: _curves_csv(profile.curves).encode(),
        PREVIEW_ENTRY: preview_png(profile.psf),
    }
    if profile.weights:
        entries[WEIGHTS_ENTRY] = tensor_bytes(profile.weights)
    if profile.network is not None:
        entries[NETWORK_ENTRY] = tensor_bytes(profile.network_weights)
    with (
        written_whole(path, fresh=fresh) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, content in entries.items():
            # Compressed already, or, as trained weights, without anything to compress.
            stored = name in (NPZ_ENTRY, PREVIEW_ENTRY, NETWORK_ENTRY)
            method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            # Always the same time: equal profiles are equal files.
            archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), content, method)
    return path


def described(profile: Profile) -> dict[str, Any]:
    """What profile.json holds."""
    (rows, cols), (height, width) = profile.psf.shape, profile.psf.image_size
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        **{field.name: to_json(getattr(profile, field.name)) for field in _json_fields()},
        "sensor_size_px": {"height": height, "width": width},
        "orientation": ORIENTATION,
        "grid": {"rows": rows, "cols": cols, "kernel_size": profile.psf.kernel_size},
        "reference": profile.psf.reference.value,
    }


def _json_fields() -> list[Field[Any]]:
    return [field for field in fields(Profile) if field.name not in NOT_IN_JSON]


def _curves_csv(curves: Mapping[str, Sequence[tuple[int, float]]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["curve", "step", "value"])
    for name, points in curves.items():
        # All digits, so that a curve comes back as it was.
        writer.writerows([name, int(step), repr(float(value))] for step, value in points)
    return text.getvalue()


def read_profile(path: Path) -> Profile:
    """Read a profile, checking all that a stranger's file could get wrong.

    Raises
    ------
    InputError
        Not a profile, another schema version, damaged, a zip bomb, or paths that climb out.
    """
    # Read at once: nothing that is checked can change before it is used.
    content = read_plain_file(path, MAX_FILE_BYTES)
    try:
        with zip_of(content, path) as archive:
            # Before anything is unpacked.
            _check_archive(path, archive)
            values = bounded_json(entry_of(archive, JSON_ENTRY, path, MOST_JSON_BYTES))
            _check_format(path, values)
            psf = psf_from_npz(entry_of(archive, NPZ_ENTRY, path, MAX_FILE_BYTES), str(path))
            # After the kernels, whose size it has to fit.
            profile = _profile_from(values, psf)
            names = archive.namelist()
            if CURVES_ENTRY in names:
                curves = entry_of(archive, CURVES_ENTRY, path, MAX_CURVES_BYTES).decode()
                profile = replace(profile, curves=_curves_from(curves))
            if WEIGHTS_ENTRY in names:
                content = entry_of(archive, WEIGHTS_ENTRY, path, MAX_WEIGHTS_BYTES)
                profile = replace(profile, weights=tensors_of(content, path, WEIGHTS_ENTRY))
            if profile.network is not None:
                check_network(profile.network)
                content = entry_of(archive, NETWORK_ENTRY, path, MAX_NETWORK_BYTES)
                weights = tensors_of(content, path, NETWORK_ENTRY)
                check_weights(weights)
                profile = replace(profile, network_weights=weights)
            return profile
    except InputError:
        raise
    except zipfile.BadZipFile as error:
        raise InputError(
            translatable(
                "{path} is not a lenscal profile, or it is damaged: {reason}",
                path=path,
                reason=error,
            )
        ) from error
    # Of JSON, CSV, text or numbers that are none; zipfile, zlib, csv and safetensors raise whatever
    # they run into.
    except Exception as error:
        raise InputError(
            translatable(
                "{path} is damaged, its contents cannot be understood: {reason}",
                path=path,
                reason=str(error) or type(error).__name__,
            )
        ) from error


def _check_archive(path: Path, archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise InputError(
            translatable(
                "{path} holds {count} files, a profile has at most {most}: not opened",
                path=path,
                count=len(entries),
                most=MAX_ENTRIES,
            )
        )
    # What the directory states; `_entry` checks that it is true.
    total = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if total > MAX_UNPACKED_BYTES or total > MAX_RATIO * max(packed, SMALL_BYTES):
        raise InputError(
            translatable(
                "{path} would unpack from {packed} to {total} bytes (a zip bomb?): not opened",
                path=path,
                packed=packed,
                total=total,
            )
        )
    for entry in entries:
        # Windows takes both slashes for separators.
        parts = PurePosixPath(entry.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in entry.filename:
            raise InputError(
                translatable(
                    ("{path} contains the path {entry!r}, which points outside it: not opened"),
                    path=path,
                    entry=entry.filename,
                )
            )
    if JSON_ENTRY not in archive.namelist():
        raise InputError(
            translatable(
                "{path} is a zip file but not a lenscal profile: it holds no profile.json",
                path=path,
            )
        )


def _check_format(path: Path, values: Any) -> None:
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise InputError(
            translatable("{path}: its profile.json is not one of lenscal's", path=path)
        )
    check_schema(path, values, SCHEMA, translatable("calibrate again to renew it"))


def _profile_from(values: Mapping[str, Any], psf: PsfGrid) -> Profile:
    """The profile that profile.json describes.

    Raises
    ------
    ValueError
        Something is of another type than `Profile` says, is not finite, or does not fit the PSF.
    """
    types = get_type_hints(Profile)
    described_fields = make_dataclass(
        "ProfileJson",
        [
            ("sensor_size_px", SensorSize),
            *((f.name, types[f.name], _same_default(f)) for f in _json_fields()),
        ],
    )
    description: Any = convert_json(described_fields, values)
    size: SensorSize = description.sensor_size_px
    if (size.height, size.width) != psf.image_size:
        raise ValueError(f"sensor size {size} disagrees with psf.npz {psf.image_size}")
    values_by_name = {f.name: getattr(description, f.name) for f in _json_fields()}
    numbers = [(name, values_by_name[name]) for name in FINITE]
    numbers += [(f"seconds of stage {s.name}", s.seconds) for s in description.stages]
    numbers += [("focal length in files", number) for number in description.focal_mm_in_files]
    if description.noise is not None:
        numbers += [("noise", n) for n in (*description.noise.a, *description.noise.b)]
        if min(*description.noise.a, *description.noise.b) < 0:
            raise ValueError("a noise variance is below 0")
    for name, number in numbers:
        if number is not None and not math.isfinite(number):
            raise ValueError(f"{name} is {number}, want a number")
    return Profile(psf, **values_by_name)


def _same_default(of: Field[Any]) -> Any:
    """A new field with the default of another one."""
    if of.default_factory is not MISSING:
        return field(default_factory=of.default_factory)
    return field(default=of.default)


def _curves_from(text: str) -> dict[str, list[tuple[int, float]]]:
    curves: dict[str, list[tuple[int, float]]] = {}
    lines = csv.reader(io.StringIO(text))
    # Their names.
    next(lines, None)
    for name, step, value in lines:
        number = float(value)
        # A loss may have had no value for a while: there is nothing to show then.
        if math.isfinite(number):
            curves.setdefault(name, []).append((int(step), number))
    return curves
