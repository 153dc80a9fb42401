"""A project file: what the user chose and decided, and where the photos and the profile lie. JSON,
no Qt, no torch.

Paths are kept relative to the file where they can be, so that a project that is moved together with
its photos, or to another computer, still finds them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from lenscal.calibrate.settings import CalibrationSettings, Quality, Stages
from lenscal.errors import InputError
from lenscal.files.atomic import written_whole
from lenscal.files.schema import check_schema
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.session import Session, Source

SCHEMA = 1
SUFFIX = ".lensproject"
FORMAT = "lenscal project"
LARGEST_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Project:
    """What of a session outlives the window."""

    sharp: Source = field(default_factory=Source)
    degraded: Source = field(default_factory=Source)
    decisions: tuple[tuple[Path, bool], ...] = ()
    settings: CalibrationSettings = field(default_factory=CalibrationSettings)
    profile: Path | None = None
    """The profile, or the folder of PSF files, that was calibrated or opened last."""
    photo: Path | None = None
    restore: RestoreSettings = field(default_factory=RestoreSettings)

    @property
    def paths(self) -> tuple[Path, ...]:
        """What has to be found again to go on: folders and files of photos, the profile."""
        profile = () if self.profile is None else (self.profile,)
        return (*self.sharp.paths, *self.degraded.paths, *profile)

    @property
    def empty(self) -> bool:
        return not self.paths


def project_of(session: Session) -> Project:
    return Project(
        session.sharp,
        session.degraded,
        tuple(session.decisions.items()),
        session.settings,
        session.psf_path,
        session.photo,
        session.restore,
    )


def session_of(project: Project) -> Session:
    """A session that begins with what the project holds; photos are to be read and the profile to
    be opened."""
    return Session(
        sharp=project.sharp,
        degraded=project.degraded,
        decisions=dict(project.decisions),
        settings=project.settings,
        photo=project.photo,
        restore=project.restore,
        psf_path=project.profile,
    )


def missing(project: Project) -> tuple[Path, ...]:
    """What is no longer where it was."""
    return tuple(dict.fromkeys(path for path in project.paths if not path.exists()))


def relinked(project: Project, old: Path, new: Path) -> Project:
    """The same where `old` (a folder or a file) is now `new`; all that lay in it moves along."""

    def moved(path: Path) -> Path:
        return (
            new / path.relative_to(old)
            if path.is_relative_to(old) and path != old
            else new
            if path == old
            else path
        )

    def source(given: Source) -> Source:
        return replace(given, paths=tuple(moved(path) for path in given.paths))

    return replace(
        project,
        sharp=source(project.sharp),
        degraded=source(project.degraded),
        decisions=tuple((moved(path), keep) for path, keep in project.decisions),
        profile=None if project.profile is None else moved(project.profile),
        photo=None if project.photo is None else moved(project.photo),
    )


def write_project(path: Path, project: Project, versions: Mapping[str, str]) -> Path:
    """Write the project whole or not at all.

    Raises
    ------
    LenscalError
        The disk does not take it.
    """
    folder = path.absolute().parent
    described = {
        "format": FORMAT,
        "schema": SCHEMA,
        "saved": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": dict(versions),
        "sharp": _source(project.sharp, folder),
        "degraded": _source(project.degraded, folder),
        "decisions": [
            {"photo": _relative(photo, folder), "keep": keep} for photo, keep in project.decisions
        ],
        "settings": _plain(project.settings),
        "profile": None if project.profile is None else _relative(project.profile, folder),
        "photo": None if project.photo is None else _relative(project.photo, folder),
        "restore": _plain(project.restore),
    }
    with written_whole(path) as temporary:
        text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


def read_project(path: Path) -> Project:
    """Read a project; photos and profile need not be there (`missing`).

    Raises
    ------
    InputError
        No project, of another schema version, or damaged.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(f"{path} is too large for a project of lenscal's: choose another file")
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise InputError(
            f"{path} is no project of lenscal's, or damaged ({error}): choose another file"
        ) from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise InputError(f"{path} is no project of lenscal's: choose a {SUFFIX} file")
    check_schema(path, values, SCHEMA, "choose the two folders anew")
    try:
        return _project_from(values, path.absolute().parent)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is damaged ({error!r}): choose the two folders anew") from error


def _project_from(values: Mapping[str, Any], folder: Path) -> Project:
    def place(text: Any) -> Path:
        if not isinstance(text, str) or "\0" in text:
            raise ValueError(f"{text!r} is no path")
        return Path(os.path.normpath(folder / text))

    def source(told: Mapping[str, Any]) -> Source:
        lens = told.get("lens")
        if not isinstance(lens, str | None):
            raise ValueError(f"lens {lens!r}")
        numbers = [told.get(name) for name in ("aperture", "focal_mm")]
        aperture, focal = (None if n is None else float(n) for n in numbers)
        return Source(tuple(place(p) for p in told["paths"]), aperture, lens, focal)

    settings = _known(CalibrationSettings, values["settings"])
    settings |= {"quality": Quality(settings["quality"]), "stages": Stages(settings["stages"])}
    rows, cols = (int(n) for n in settings["grid"])
    restore = _known(RestoreSettings, values["restore"])
    return Project(
        source(values["sharp"]),
        source(values["degraded"]),
        tuple((place(told["photo"]), bool(told["keep"])) for told in values["decisions"]),
        CalibrationSettings(**{**settings, "grid": (rows, cols)}),
        None if values["profile"] is None else place(values["profile"]),
        None if values["photo"] is None else place(values["photo"]),
        RestoreSettings(**{**restore, "method": Method(restore["method"])}),
    )


def _known(kind: Any, told: Mapping[str, Any]) -> dict[str, Any]:
    """Of what was kept, what this version knows."""
    return {known.name: told[known.name] for known in fields(kind) if known.name in told}


def _source(source: Source, folder: Path) -> dict[str, Any]:
    return {**asdict(source), "paths": [_relative(path, folder) for path in source.paths]}


def _plain(settings: Any) -> dict[str, Any]:
    return {
        name: value.value if isinstance(value, Enum) else value
        for name, value in asdict(settings).items()
    }


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path.absolute(), folder)).as_posix()
    except ValueError:
        # Another drive.
        return str(path.absolute())


def common_folder(paths: Iterable[Path]) -> str:
    """A title for photos: the name of the folder that holds them all."""
    folders = [str(path if path.is_dir() else path.parent) for path in paths]
    try:
        return Path(os.path.commonpath(folders)).name if folders else ""
    except ValueError:
        return ""
