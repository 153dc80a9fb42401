"""LENS.lenscal: one zip that holds everything about a calibration and that other programs can
open."""

from __future__ import annotations

import csv
import io
import json
import lzma
import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from lenscal.errors import InputError
from lenscal.files.atomic import written_whole
from lenscal.files.psf.provenance import Provenance
from lenscal.files.psf.psf_npz import npz_bytes, psf_from_npz
from lenscal.files.schema import check_schema
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import NoiseModel

SCHEMA = 1
MAX_ENTRIES = 64
MAX_UNPACKED_BYTES = 2**30
MAX_RATIO = 400
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
    finished: str = "done"
    device: str = ""
    seconds: float = 0.0
    patches_flow: int = 0
    patches_matching: int = 0
    curves: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def is_bare(self) -> bool:
        """Whether nothing is known but the kernels, as of PSF files from elsewhere."""
        return not (self.created or self.photos or self.stages or self.camera or self.lens)

    @property
    def provenance(self) -> Provenance:
        return Provenance(
            self.camera, self.lens, self.aperture_degraded, self.aperture_sharp, self.focal_mm
        )


_PLAIN = (
    "camera",
    "camera_serial",
    "lens",
    "lens_serial",
    "focal_mm",
    "aperture_sharp",
    "aperture_degraded",
    "seed",
    "created",
    "same_scenes",
    "finished",
    "device",
    "seconds",
    "patches_flow",
    "patches_matching",
)


def write_profile(path: Path, profile: Profile) -> Path:
    """Write the profile whole or not at all."""
    entries = {
        "profile.json": json.dumps(described(profile), indent=2, ensure_ascii=False).encode(
            errors="backslashreplace"
        ),
        "psf.npz": npz_bytes(profile.psf),
        "training/curves.csv": _curves_csv(profile.curves).encode(),
        "preview.png": preview_png(profile.psf),
    }
    if profile.weights:
        from safetensors.numpy import save

        weights = {name: np.ascontiguousarray(value) for name, value in profile.weights.items()}
        entries["training/checkpoint.safetensors"] = save(weights)
    with (
        written_whole(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, content in entries.items():
            packed = zipfile.ZIP_STORED if name.endswith((".npz", ".png")) else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, packed)
    return path


def described(profile: Profile) -> dict[str, Any]:
    """What profile.json holds."""
    noise = profile.noise
    return {
        "format": "lenscal profile",
        "schema": SCHEMA,
        **{name: getattr(profile, name) for name in _PLAIN},
        "sensor_size_px": {"height": profile.psf.image_size[0], "width": profile.psf.image_size[1]},
        "orientation": ORIENTATION,
        "grid": {
            "rows": profile.psf.shape[0],
            "cols": profile.psf.shape[1],
            "kernel_size": profile.psf.kernel_size,
        },
        "reference": profile.psf.reference.value,
        "noise": {"a": list(noise.a), "b": list(noise.b), "source": noise.source}
        if noise
        else None,
        "lenses_in_files": list(profile.lenses_in_files),
        "focal_mm_in_files": list(profile.focal_mm_in_files),
        "settings": dict(profile.settings),
        "versions": dict(profile.versions),
        "photos": [asdict(photo) for photo in profile.photos],
        "stages": [asdict(stage) for stage in profile.stages],
        "reblur": dict(profile.reblur),
        "vignetting": list(profile.vignetting),
        "warnings": list(profile.warnings),
    }


def _curves_csv(curves: Mapping[str, Sequence[tuple[int, float]]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["curve", "step", "value"])
    for name, points in curves.items():
        writer.writerows([name, int(step), repr(float(value))] for step, value in points)
    return text.getvalue()


def preview_png(psf: PsfGrid, *, gamma: float = 2.2) -> bytes:
    """The kernels as one RGB picture, each scaled to its own peak, with a line between cells."""
    import cv2

    peak = psf.kernels.max(axis=(2, 3, 4), keepdims=True)
    cells = (np.clip(psf.kernels / np.maximum(peak, 1e-12), 0, 1) ** (1 / gamma)).transpose(
        0, 1, 3, 4, 2
    )
    cells = np.pad(cells, ((0, 0), (0, 0), (0, 1), (0, 1), (0, 0)), constant_values=0.25)
    rows, cols, side = cells.shape[:3]
    mosaic = cells.transpose(0, 2, 1, 3, 4).reshape(rows * side, cols * side, 3)
    zoom = max(1, 1024 // max(mosaic.shape[:2]))
    mosaic = mosaic.repeat(zoom, axis=0).repeat(zoom, axis=1)
    done, data = cv2.imencode(".png", (mosaic[..., ::-1] * 255 + 0.5).astype(np.uint8))
    if not done:
        raise RuntimeError("OpenCV could not encode the preview")
    return data.tobytes()


def read_profile(path: Path) -> Profile:
    """Read a profile, checking all that a stranger's file could get wrong.

    Raises
    ------
    InputError
        Not a profile, another schema version, damaged, a zip bomb, or paths that climb out.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_archive(path, archive)
            values = json.loads(_entry(path, archive, "profile.json"))
            _check_format(path, values)
            psf = psf_from_npz(_entry(path, archive, "psf.npz"), str(path))
            names = set(archive.namelist())
            curves = (
                _entry(path, archive, "training/curves.csv").decode()
                if "training/curves.csv" in names
                else ""
            )
            checkpoint = "training/checkpoint.safetensors"
            weights = (
                _weights(path, _entry(path, archive, checkpoint)) if checkpoint in names else {}
            )
            return replace(_profile_from(values, psf), curves=_curves_from(curves), weights=weights)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    # zipfile raises RuntimeError for encrypted entries, and a kind of it for compression that it
    # does not know.
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError) as error:
        raise InputError(f"{path} is not a lenscal profile, or it is damaged: {error}") from error
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} is damaged, its contents cannot be understood: {error!r}"
        ) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def _check_archive(path: Path, archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise InputError(
            f"{path} holds {len(entries)} files, a profile has at most {MAX_ENTRIES}: not opened"
        )
    total = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if total > MAX_UNPACKED_BYTES or total > MAX_RATIO * max(packed, 4096):
        raise InputError(
            f"{path} would unpack from {packed} to {total} bytes (a zip bomb?): not opened"
        )
    for entry in entries:
        parts = PurePosixPath(entry.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in entry.filename:
            raise InputError(
                f"{path} holds the path {entry.filename!r}, which climbs out of it: not opened"
            )
    if "profile.json" not in archive.namelist():
        raise InputError(
            f"{path} is a zip file but not a lenscal profile: it holds no profile.json"
        )


def _entry(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """The content of an entry, never more than its directory entry promised."""
    if name not in archive.namelist():
        raise InputError(f"{path} is damaged: it holds no {name}")
    promised = archive.getinfo(name).file_size
    with archive.open(name) as stream:
        content = stream.read(promised + 1)
    if len(content) != promised:
        raise InputError(f"{path} is damaged: {name} has another size than stated")
    return content


def _check_format(path: Path, values: Any) -> None:
    if not isinstance(values, dict) or values.get("format") != "lenscal profile":
        raise InputError(f"{path}: its profile.json is not one of lenscal's")
    check_schema(path, values, SCHEMA, "calibrate again to renew it")


def _profile_from(values: Mapping[str, Any], psf: PsfGrid) -> Profile:
    for name in ("camera", "camera_serial", "lens", "lens_serial", "created", "finished", "device"):
        if not isinstance(values.get(name, ""), str):
            raise ValueError(f"{name} is {values[name]!r}, want text")
    for name in ("focal_mm", "aperture_sharp", "aperture_degraded"):
        if not _is_number(values.get(name, 0.0)) and values[name] is not None:
            raise ValueError(f"{name} is {values[name]!r}, want a number")
    for name in ("seconds", "seed", "patches_flow", "patches_matching"):
        if not _is_number(values.get(name, 0.0)):
            raise ValueError(f"{name} is {values[name]!r}, want a number")
    if not isinstance(values.get("same_scenes"), bool | None):
        raise ValueError(f"same_scenes is {values['same_scenes']!r}, want true or false")
    size = values["sensor_size_px"]
    if (size["height"], size["width"]) != psf.image_size:
        raise ValueError(f"sensor size {size} disagrees with psf.npz {psf.image_size}")
    noise = values.get("noise")
    return Profile(
        psf=psf,
        noise=NoiseModel(_three(noise["a"]), _three(noise["b"]), str(noise.get("source", "")))
        if noise
        else None,
        lenses_in_files=tuple(str(lens) for lens in values.get("lenses_in_files", ())),
        focal_mm_in_files=tuple(float(focal) for focal in values.get("focal_mm_in_files", ())),
        settings=dict(values.get("settings", {})),
        versions=dict(values.get("versions", {})),
        photos=tuple(_photo(photo) for photo in values.get("photos", ())),
        stages=tuple(_stage(stage) for stage in values.get("stages", ())),
        reblur={str(name): float(value) for name, value in values.get("reblur", {}).items()},
        vignetting=tuple(str(source) for source in values.get("vignetting", ())),
        warnings=tuple(str(warning) for warning in values.get("warnings", ())),
        **{name: values[name] for name in _PLAIN if name in values},
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _photo(values: Mapping[str, Any]) -> ProfilePhoto:
    photo = ProfilePhoto(**values)
    if not all(
        isinstance(text, str) for text in (photo.name, photo.role, photo.sha256, photo.verdict)
    ):
        raise ValueError(f"a photo is {values!r}, want texts")
    return photo


def _stage(values: Mapping[str, Any]) -> ProfileStage:
    stage = ProfileStage(**values)
    if not isinstance(stage.name, str) or not _is_number(stage.seconds):
        raise ValueError(f"a stage is {values!r}, want a name and seconds")
    return stage


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    r, g, b = (float(v) for v in values)
    return r, g, b


def _curves_from(text: str) -> dict[str, list[tuple[int, float]]]:
    curves: dict[str, list[tuple[int, float]]] = {}
    for name, step, value in list(csv.reader(io.StringIO(text)))[1:]:
        curves.setdefault(name, []).append((int(step), float(value)))
    return curves


def _weights(path: Path, content: bytes) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(content))
    except SafetensorError as error:
        raise InputError(f"{path} is damaged: training/checkpoint.safetensors: {error}") from error
