"""A project file: what the user chose and decided, and where the photos and the profile lie. JSON,
no Qt, no torch.

Paths are kept relative to the file where they can be, so that a project that is moved together with
its photos, or to another computer, still finds them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from lenscal.calibration.settings import CalibrationSettings
from lenscal.errors import InputError
from lenscal.files.schema import check_schema
from lenscal.restore.settings import RestoreSettings
from lenscal.session import Session, Source
from lenscal.system.atomic import written_whole
from lenscal.system.file_content import read_plain_file
from lenscal.system.json_values import MOST_JSON_BYTES, from_json, parse_json, to_json
from lenscal.translation import translatable

SCHEMA = 1
SUFFIX = ".lensproject"
FORMAT = "lenscal project"


@dataclass(frozen=True, slots=True)
class Decision:
    """That the user wants a photo, or has left it out."""

    photo: Path
    keep: bool


@dataclass(frozen=True, slots=True)
class Project:
    """What of a session outlives the window."""

    sharp: Source = field(default_factory=Source)
    degraded: Source = field(default_factory=Source)
    decisions: tuple[Decision, ...] = ()
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
        """Whether there is nothing worth keeping."""
        return not self.paths


def project_of(session: Session) -> Project:
    """What of a session is worth keeping."""
    return Project(
        session.sharp,
        session.degraded,
        tuple(Decision(photo, keep) for photo, keep in session.decisions.items()),
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
        decisions={d.photo: d.keep for d in project.decisions},
        settings=project.settings,
        photo=project.photo,
        restore=project.restore,
        psf_path=project.profile,
    )


def missing(project: Project) -> tuple[Path, ...]:
    """What is no longer where it was."""
    # Each once: a photo may be in a folder's list and be the one to try the correction on.
    return tuple(dict.fromkeys(path for path in project.paths if not path.exists()))


def relinked(project: Project, old: Path, new: Path) -> Project:
    """The same where `old` (a folder or a file) is now `new`; all that lay in it moves along."""

    def new_place(path: Path) -> Path:
        if path == old:
            return new
        return new / path.relative_to(old) if path.is_relative_to(old) else path

    return _with_paths(project, new_place)


def _with_paths(project: Project, change: Callable[[Path], Path]) -> Project:
    """The same with each of its paths changed."""

    def source(photos: Source) -> Source:
        return replace(photos, paths=tuple(change(path) for path in photos.paths))

    return replace(
        project,
        sharp=source(project.sharp),
        degraded=source(project.degraded),
        decisions=tuple(replace(d, photo=change(d.photo)) for d in project.decisions),
        profile=None if project.profile is None else change(project.profile),
        photo=None if project.photo is None else change(project.photo),
    )


def write_project(path: Path, project: Project, versions: Mapping[str, str]) -> Path:
    """Write the project whole or not at all.

    Raises
    ------
    LenscalError
        The disk does not take it.
    """
    # Relative to the file, so that a folder that moves as a whole still fits.
    folder = path.absolute().parent
    values = {
        "format": FORMAT,
        "schema": SCHEMA,
        "saved": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": dict(versions),
        **to_json(_with_paths(project, lambda place: _relative(place, folder))),
    }
    with written_whole(path) as temporary:
        text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
        # A path that is no text keeps its odd bytes as escapes, which JSON reads back.
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


def read_project(path: Path) -> Project:
    """Read a project; photos and profile need not be there (`missing`).

    Raises
    ------
    InputError
        No project, of another schema version, or damaged.
    """
    # A user may choose a film by mistake.
    text = read_plain_file(path, MOST_JSON_BYTES)
    values = parse_json(text, path, translatable("choose another file"))
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise InputError(
            translatable(
                "{path} is no project of lenscal's: choose a {suffix} file",
                path=path,
                suffix=SUFFIX,
            )
        )
    advice = translatable("choose the two folders again")
    check_schema(path, values, SCHEMA, advice)
    # A project has defaults for all, but a file that lacks a part was damaged.
    lost = [part.name for part in fields(Project) if part.name not in values]
    if lost:
        raise InputError(
            translatable(
                "{path} is damaged (it has no {part}): {advice}",
                path=path,
                part=lost[0],
                advice=advice,
            )
        )
    project = from_json(Project, values, path, advice)
    folder = path.absolute().parent
    # Not resolved: links lead where the user meant them to lead, today.
    return _with_paths(project, lambda place: Path(os.path.normpath(folder / place)))


def fingerprint_of(path: Path) -> str:
    """Of what a project's file holds: another one where another program has changed it. Empty where
    it cannot be read."""
    try:
        return hashlib.sha256(read_plain_file(path, MOST_JSON_BYTES)).hexdigest()
    except InputError:
        return ""


def _relative(path: Path, folder: Path) -> Path:
    try:
        return Path(os.path.relpath(path.absolute(), folder))
    except ValueError:
        # Another drive.
        return path.absolute()


def common_folder(paths: Iterable[Path]) -> str:
    """A title for photos: the name of the folder that holds them all."""
    folders = [str(path if path.is_dir() else path.parent) for path in paths]
    # Paths on several drives have nothing in common.
    try:
        return Path(os.path.commonpath(folders)).name if folders else ""
    except ValueError:
        return ""
