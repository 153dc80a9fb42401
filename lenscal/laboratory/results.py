"""The folder of one calibration's results: put in place in one step, and known again by what it
was made from.

Two workers may do the same calibration, where a cluster takes one for lost that is not: the first
one's results stay.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lenscal.errors import InputError, LenscalError
from lenscal.files.own_files import is_own_report
from lenscal.files.psf.profile import Profile
from lenscal.laboratory.entries import Entry
from lenscal.laboratory.figures import Figures, figures_of
from lenscal.stepping import Job
from lenscal.system.file_content import read_plain_file
from lenscal.system.json_values import MOST_JSON_BYTES, bounded_json, to_json
from lenscal.translation import translatable

RECORD_NAME = "record.json"
FORMAT = "lenscal batch record"
SCHEMA = 1
WORK_FOLDER = ".lenscal-batch"
"""In the batch's folder: checkpoints, and what is not in place yet."""
FORMER = ".former"
"""Ends the name of results that new ones are about to replace."""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What is known of results that are in place.

    Attributes
    ----------
    key : of what they were made from, `content_key`
    files : names in the folder, with their SHA-256
    figures : `figures_of` the profile
    """

    key: str
    files: dict[str, str]
    figures: Figures


def content_key(entry: Entry) -> Job[str]:
    """A name for all that decides about a calibration's results: its settings, and what the photos
    of both folders hold."""
    from lenscal.intake.photo_files import find_photos
    from lenscal.reports import Report

    # Where it is, and where it is computed, changes nothing; nor does what a cluster has to know.
    said = to_json(replace(entry, sharp=Path(), degraded=Path(), where="", memory_bytes=None))
    digest = hashlib.sha256(json.dumps([SCHEMA, said], sort_keys=True).encode())
    for role, folder in (("sharp", entry.sharp), ("degraded", entry.degraded)):
        files = find_photos([folder]).files
        for number, path in enumerate(files):
            message = translatable("Looking whether {name} has changed", name=path.name)
            yield Report("import", message, number / len(files))
            digest.update(f"{role} {path.name!a} {_sha256(path)}".encode())
    return digest.hexdigest()


def kept(out: Path, entry: Entry, key: str | None = None) -> Record | None:
    """The results that lie in the batch's folder, whole and, where a key is given, of that; else
    None."""
    folder = out / entry.folder_name
    record = _read_record(folder / RECORD_NAME)
    if record is None or (key is not None and record.key != key):
        return None
    try:
        intact = all(_sha256(folder / name) == sha for name, sha in record.files.items())
    except OSError:
        return None
    return record if intact else None


def pdf_path(out: Path, entry: Entry) -> Path:
    """Where the report goes as PDF; the record does not list it."""
    return out / entry.folder_name / f"{entry.folder_name}.pdf"


def check_place(out: Path, entry: Entry) -> None:
    """Refuse a folder of somebody else's where the results would go.

    Raises
    ------
    InputError
    """
    folder = out / entry.folder_name
    if not folder.exists() or _read_record(folder / RECORD_NAME) is not None:
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise InputError(
            translatable(
                "{folder} is there and no result of lenscal batch: not replaced; choose another "
                "--out, or another name for the lens",
                folder=folder,
            )
        )


def keep(out: Path, entry: Entry, key: str, profile: Profile) -> Record:
    """Write profile, report, PSF files and record, and put them in place together.

    Raises
    ------
    LenscalError
        They cannot be written.
    """
    try:
        with _unfinished(out, entry, key) as folder:
            record = _written(folder, entry, key, profile)
            return _put_in_place(folder, out, entry, record)
    except OSError as error:
        raise LenscalError(
            translatable(
                "{folder} could not be written: {why}",
                folder=out / entry.folder_name,
                why=error.strerror or error,
            )
        ) from error


@contextmanager
def _unfinished(out: Path, entry: Entry, key: str) -> Iterator[Path]:
    # By the key, too: whoever looks into it sees what belongs to what.
    folder = out / WORK_FOLDER / f"{entry.folder_name}.{key[:12]}.{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _written(folder: Path, entry: Entry, key: str, profile: Profile) -> Record:
    from lenscal.files.psf.profile import write_profile
    from lenscal.files.psf.psf_export import export_psf
    from lenscal.files.report.content import lens_report, write_report

    name = entry.folder_name
    write_profile(folder / f"{name}.lenscal", profile)
    write_report(lens_report(profile, f"{name}.lenscal"), folder / f"{name}.html")
    for form in entry.formats:
        export_psf(profile.psf, folder, form, profile.provenance)
    files = {path.name: _sha256(path) for path in sorted(folder.iterdir())}
    record = Record(key, files, figures_of(profile))
    values = {"format": FORMAT, "schema": SCHEMA, "key": key, "files": files}
    described = json.dumps({**values, "figures": record.figures}, indent=2)
    (folder / RECORD_NAME).write_text(described, encoding="utf-8", errors="backslashreplace")
    return record


def _put_in_place(folder: Path, out: Path, entry: Entry, record: Record) -> Record:
    target = out / entry.folder_name
    with suppress(OSError):
        # One step of the system's; it fails where a folder with something in it has that name.
        folder.rename(target)
        return record
    first = kept(out, entry, record.key)
    if first is not None:
        return first
    check_place(out, entry)
    former = _read_record(target / RECORD_NAME)
    aside = folder.with_name(f"{folder.name}{FORMER}")
    target.rename(aside)
    folder.rename(target)
    own = {RECORD_NAME, *(former.files if former else ())}
    # A report of the former results, which says nothing of these.
    if is_own_report(pdf := aside / pdf_path(out, entry).name):
        own.add(pdf.name)
    # What the user has put beside the results stays beside them.
    for path in aside.iterdir():
        if path.name not in own and not (target / path.name).exists():
            path.rename(target / path.name)
    shutil.rmtree(aside, ignore_errors=True)
    return record


def _read_record(path: Path) -> Record | None:
    try:
        values: Any = bounded_json(read_plain_file(path, MOST_JSON_BYTES).decode())
        if values["format"] != FORMAT or values["schema"] != SCHEMA:
            return None
        files = {str(name): str(sha) for name, sha in values["files"].items()}
        # Names alone: a record from elsewhere must lead nowhere.
        if any(Path(name).name != name for name in files):
            return None
        return Record(str(values["key"]), files, dict(values["figures"]))
    # Whatever a stranger's file leads to: there is no record.
    except Exception:
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
