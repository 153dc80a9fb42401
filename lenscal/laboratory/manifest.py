"""Manifests: which lenses a batch calibrates, as TOML or CSV (docs/manifest.md)."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from lenscal.errors import InputError
from lenscal.laboratory.entries import Entry
from lenscal.laboratory.manifest_keys import (
    OF_PHOTOS,
    OF_SETTINGS,
    KeyProblem,
    checked,
    entry_from,
)
from lenscal.system.file_content import read_plain_file
from lenscal.translation import Translatable, message_of, translatable

MOST_BYTES = 4 * 2**20
MOST_ENTRIES = 10_000
_OF_LENS = {**OF_PHOTOS, **OF_SETTINGS}
_FOLDER_KEYS = ("folder", "aperture")
"""Of a table among `degraded`."""


def read_manifest(path: Path) -> tuple[Entry, ...]:
    """The calibrations that a manifest asks for, in its order.

    Raises
    ------
    InputError
        It is no manifest; the message names the line and the key.
    """
    try:
        content = read_plain_file(path, MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(
            translatable("{path}: not UTF-8 text; save it as UTF-8", path=path)
        ) from None
    is_csv = path.suffix.lower() == ".csv"
    entries = tuple(_csv_entries(path, content) if is_csv else _toml_entries(path, content))
    if not entries:
        raise InputError(
            translatable("{path}: it names no lens; docs/manifest.md has an example", path=path)
        )
    if len(entries) > MOST_ENTRIES:
        raise InputError(
            translatable("{path}: more than {most} calibrations", path=path, most=MOST_ENTRIES)
        )
    _refuse_twins(path, entries)
    return entries


def _refuse_twins(path: Path, entries: tuple[Entry, ...]) -> None:
    """Two calibrations of one name would take each other's place."""
    seen: dict[str, Entry] = {}
    for entry in entries:
        # Capitals alone tell no files apart on many systems.
        other = seen.setdefault(entry.folder_name.lower(), entry)
        if other is not entry:
            raise InputError(
                translatable(
                    "{path}, {where} and {other}: both results would be called {name}; give the "
                    "copies of a lens a copy each (copy = ...), or other names",
                    path=path,
                    where=other.where,
                    other=entry.where,
                    name=entry.folder_name,
                )
            )


def _problem(path: Path, where: str, problem: KeyProblem) -> InputError:
    return InputError(
        translatable(
            "{path}, {where}, key {key}: {problem}",
            path=path,
            where=where,
            key=problem.key,
            problem=problem.message,
        )
    )


def _csv_entries(path: Path, content: str) -> Iterator[Entry]:
    # Spreadsheets write semicolons where a comma parts decimals.
    first = content.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    lines = csv.reader(StringIO(content), delimiter=delimiter, strict=True)
    try:
        heads = [head.strip().lower() for head in next(lines, [])]
        for cells in lines:
            if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
                continue
            yield _csv_entry(path, heads, cells, lines.line_num)
    except csv.Error as error:
        raise InputError(
            translatable(
                "{path}, line {line}: {problem}",
                path=path,
                line=lines.line_num,
                problem=message_of(error),
            )
        ) from None


def _csv_entry(path: Path, heads: list[str], cells: list[str], line: int) -> Entry:
    where = translatable("line {line}", line=line)
    try:
        if len(cells) > len(heads) and any(cell.strip() for cell in cells[len(heads) :]):
            raise KeyProblem(
                cells[len(heads)], translatable("more cells than there are columns in line 1")
            )
        values: dict[str, Any] = {}
        for key, cell in zip(heads, cells, strict=False):
            # An empty cell says nothing, but for a column that there is no meaning for.
            if cell.strip() or key not in _OF_LENS:
                values[key] = checked(key, cell, _OF_LENS)
        return entry_from(values, path.parent, where)
    except KeyProblem as problem:
        raise _problem(path, where, problem) from None


def _toml_entries(path: Path, content: str) -> Iterator[Entry]:
    try:
        tables = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            translatable("{path}: {problem}", path=path, problem=message_of(error))
        ) from None
    lines = _Lines(content)
    where: Translatable = translatable("the whole file")
    try:
        for key in tables:
            where = lines.of(key)
            if key not in ("settings", "lens"):
                raise KeyProblem(
                    key, translatable("there is no such key; there are settings and lens")
                )
        where = lines.of("settings")
        common = {
            key: checked(key, value, OF_SETTINGS)
            for key, value in _table("settings", tables.get("settings", {})).items()
        }
        lenses = tables.get("lens", [])
        if not isinstance(lenses, list):
            where = lines.of("lens")
            raise KeyProblem("lens", translatable("want [[lens]], in two brackets"))
        for number, lens in enumerate(lenses):
            where = lines.of_lens(number)
            yield from _lens_entries(_table("lens", lens), common, path.parent, where)
    except KeyProblem as problem:
        raise _problem(path, lines.nearer(where, problem.key), problem) from None


def _table(key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise KeyProblem(key, translatable("want a table of keys and values"))
    return value


def _lens_entries(
    lens: dict[str, Any], common: dict[str, Any], base: Path, where: Translatable
) -> Iterator[Entry]:
    """One for each folder at an aperture to correct."""
    folders = lens.get("degraded")
    listed = folders if isinstance(folders, list) else [folders]
    own = {key: checked(key, value, _OF_LENS) for key, value in lens.items() if key != "degraded"}
    for folder in listed if folders is not None else []:
        values = {**common, **own}
        if isinstance(folder, dict):
            for key in folder:
                if key not in _FOLDER_KEYS:
                    raise KeyProblem(
                        key, translatable("of a folder there are the keys folder and aperture")
                    )
            if "aperture" in folder:
                values["aperture_degraded"] = checked(
                    "aperture_degraded", folder["aperture"], OF_PHOTOS
                )
            folder = folder.get("folder")
        values["degraded"] = checked("degraded", folder, OF_PHOTOS)
        yield entry_from(values, base, where)
    if not listed or folders is None:
        raise KeyProblem("degraded", translatable("it is missing"))


class _Lines:
    """Where things stand in a TOML file, whose reader tells it only of faults in its grammar."""

    def __init__(self, content: str) -> None:
        self._lines = content.splitlines()
        self._lenses = [
            n for n, line in enumerate(self._lines, 1) if re.match(r"\s*\[\[\s*lens\s*\]\]", line)
        ]

    def of(self, key: str) -> Translatable:
        """Of a key or table at the top."""
        name = re.escape(key)
        pattern = rf"\s*(\[+\s*{name}\s*\]+|{name}\s*=|\[+\s*{name}\s*\.)"
        found = (n for n, line in enumerate(self._lines, 1) if re.match(pattern, line))
        return translatable("line {line}", line=next(found, 1))

    def of_lens(self, number: int) -> Translatable:
        """Of a lens."""
        if number < len(self._lenses):
            return translatable("line {line}", line=self._lenses[number])
        return translatable("lens number {number}", number=number + 1)

    def nearer(self, where: Translatable, key: str) -> Translatable:
        """Of a key in the table that begins there; that table's own line where it is not found."""
        start = where.values.get("line")
        if start is None:
            return where
        for number, line in enumerate(self._lines[start:], start + 1):
            if re.match(r"\s*\[", line):
                break
            if re.match(rf"\s*{re.escape(key)}\s*=", line):
                return translatable("line {line}", line=number)
        return where
