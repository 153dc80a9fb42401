"""LENS.lenscal: one zip that holds everything about a calibration and that other programs can
open."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, make_dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.files.lens_model import LensModel
from lenscal.files.network_weights import (
    MAX_NETWORK_BYTES,
    NETWORK_ENTRY,
    NetworkDescription,
    check_network,
    check_weights,
    tensor_bytes,
    tensors_of,
)
from lenscal.files.profile_archive import MOST_MEMBERS, PROFILE_ENTRY, check_archive
from lenscal.files.psf.limits import MAX_FILE_BYTES, MAX_KERNEL_VALUES
from lenscal.files.psf.provenance import Provenance
from lenscal.files.psf.psf_npz import npz_bytes, psf_from_npz
from lenscal.files.schema import check_schema
from lenscal.files.training_curves import curves_csv, curves_from
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
SCHEMA, JOINED_SCHEMA = 1, 2
"""Of one calibration; of several of one lens: what reads the first only would refuse photos that
the file is for."""
JSON_ENTRY = PROFILE_ENTRY
NPZ_ENTRY = "psf.npz"
CURVES_ENTRY = "training/curves.csv"
WEIGHTS_ENTRY = "training/checkpoint.safetensors"
PREVIEW_ENTRY = "preview.png"
MEMBER_FOLDER = "members/{number}/"
"""Of each further calibration, from number 2 on."""
# The first that a zip can hold.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)

MAX_CURVES_BYTES = 4 * 2**20
MAX_WEIGHTS_BYTES = 256 * 2**20
# Numbers that JSON's NaN and Infinity cannot stand for; a re-blur distance may be NaN.
FINITE = (
    "focal_mm",
    "focus_distance_m",
    "pixel_pitch_um",
    "aperture_sharp",
    "aperture_degraded",
    "seconds",
)
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
    focus_distance_m: float | None = None
    """Of the degraded photos, where they say one and the same."""
    lens_model: LensModel | None = None
    """What kernels at other apertures are predicted from; of a lens of several apertures, the one
    fitted to all that share a focal length and a focus distance."""
    members: tuple[Profile, ...] = ()
    """Further calibrations of the lens (other apertures, focal lengths, focus distances); these
    have none themselves."""

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
NOT_IN_JSON = frozenset({"psf", "curves", "weights", "network_weights", "members"})


@dataclass(frozen=True, slots=True)
class SensorSize:
    """Size in px of the sensor's visible area."""

    height: int
    width: int


def write_profile(path: Path, profile: Profile, *, fresh: bool = False) -> Path:
    """Write the profile whole or not at all; `fresh` as in `written_whole`."""
    entries = _entries(profile)
    for number, member in enumerate(profile.members, 2):
        folder = MEMBER_FOLDER.format(number=number)
        # How training went is not needed to correct photos, and would make the file large.
        kept = replace(member, curves={}, weights={}, members=())
        entries |= {f"{folder}{name}": content for name, content in _entries(kept).items()}
    with (
        written_whole(path, fresh=fresh) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, content in entries.items():
            # Compressed already, or, as trained weights, without anything to compress.
            stored = name.endswith((NPZ_ENTRY, PREVIEW_ENTRY, NETWORK_ENTRY))
            method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            # Always the same time: equal profiles are equal files.
            archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), content, method)
    return path


def _entries(profile: Profile) -> dict[str, bytes]:
    """The files of one calibration by their names."""
    entries = {
        JSON_ENTRY: json.dumps(described(profile), indent=2, ensure_ascii=False).encode(
            # Names of files need not be text.
            errors="backslashreplace"
        ),
        NPZ_ENTRY: npz_bytes(profile.psf),
        CURVES_ENTRY: curves_csv(profile.curves).encode(),
        PREVIEW_ENTRY: preview_png(profile.psf),
    }
    if profile.weights:
        entries[WEIGHTS_ENTRY] = tensor_bytes(profile.weights)
    if profile.network is not None:
        entries[NETWORK_ENTRY] = tensor_bytes(profile.network_weights)
    return entries


def described(profile: Profile) -> dict[str, Any]:
    """What profile.json holds."""
    (rows, cols), (height, width) = profile.psf.shape, profile.psf.image_size
    return {
        "format": FORMAT,
        "schema": JOINED_SCHEMA if profile.members else SCHEMA,
        **{field.name: to_json(getattr(profile, field.name)) for field in _json_fields()},
        "sensor_size_px": {"height": height, "width": width},
        "orientation": ORIENTATION,
        "grid": {"rows": rows, "cols": cols, "kernel_size": profile.psf.kernel_size},
        "reference": profile.psf.reference.value,
    }


def _json_fields() -> list[Field[Any]]:
    return [field for field in fields(Profile) if field.name not in NOT_IN_JSON]


def read_profile(path: Path, *, kernels_only: bool = False) -> Profile:
    """Read a profile, checking all that a stranger's file could get wrong.

    kernels_only : leave out curves and weights of networks, which can be large

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
            check_archive(path, archive)
            profile = _profile_in(archive, path, kernels_only=kernels_only)
            members = _members_in(archive, path, profile, kernels_only=kernels_only)
            return replace(profile, members=tuple(members))
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


def _members_in(
    archive: zipfile.ZipFile, path: Path, first: Profile, *, kernels_only: bool
) -> Iterator[Profile]:
    """The further calibrations, as far as they are numbered without a gap.

    Raises
    ------
    InputError
        There are too many, or their kernels are more than lenscal handles.
    """
    names, values = frozenset(archive.namelist()), first.psf.kernels.size
    for number in range(2, MOST_MEMBERS + 2):
        folder = MEMBER_FOLDER.format(number=number)
        if f"{folder}{JSON_ENTRY}" not in names:
            return
        member = _profile_in(archive, path, folder, kernels_only=kernels_only)
        # Each alone is checked when it is read: together they must fit the memory, too.
        values += member.psf.kernels.size
        if values > MAX_KERNEL_VALUES:
            raise InputError(
                translatable(
                    "{path}: the kernels of its {count} calibrations are more than lenscal handles",
                    path=path,
                    count=number,
                )
            )
        yield member


def _profile_in(
    archive: zipfile.ZipFile, path: Path, folder: str = "", *, kernels_only: bool
) -> Profile:
    """One calibration of an archive."""

    def content(entry: str, most_bytes: int) -> bytes:
        return entry_of(archive, f"{folder}{entry}", path, most_bytes)

    values = bounded_json(content(JSON_ENTRY, MOST_JSON_BYTES))
    _check_format(path, values)
    psf = psf_from_npz(content(NPZ_ENTRY, MAX_FILE_BYTES), str(path))
    # After the kernels, whose size it has to fit.
    profile = _profile_from(values, psf)
    if kernels_only:
        return profile
    names = archive.namelist()
    if f"{folder}{CURVES_ENTRY}" in names:
        curves = content(CURVES_ENTRY, MAX_CURVES_BYTES).decode()
        profile = replace(profile, curves=curves_from(curves))
    if f"{folder}{WEIGHTS_ENTRY}" in names:
        tensors = tensors_of(content(WEIGHTS_ENTRY, MAX_WEIGHTS_BYTES), path, WEIGHTS_ENTRY)
        profile = replace(profile, weights=tensors)
    if profile.network is not None:
        check_network(profile.network)
        tensors = tensors_of(content(NETWORK_ENTRY, MAX_NETWORK_BYTES), path, NETWORK_ENTRY)
        check_weights(tensors)
        profile = replace(profile, network_weights=tensors)
    return profile


def _check_format(path: Path, values: Any) -> None:
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise InputError(
            translatable("{path}: its profile.json is not one of lenscal's", path=path)
        )
    advice = translatable("calibrate again to renew it")
    check_schema(path, values, JOINED_SCHEMA, advice, oldest=SCHEMA)


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
