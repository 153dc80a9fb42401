"""All that lenscal is made of has a licence that it may be given away under."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from lenscal.cli import main
from lenscal.jobs import licences
from lenscal.jobs.licences import dependencies, dependency, licences_in_words, shipped_files

ROOT = Path(__file__).resolve().parents[1]
COMPATIBLE = {
    *("0bsd", "apache-2.0", "apache-2.0 with llvm-exception", "bsd-2-clause", "bsd-3-clause"),
    *("bsl-1.0", "cc0-1.0", "gpl-2.0-or-later", "gpl-3.0-only", "gpl-3.0-or-later", "hpnd", "isc"),
    *("lgpl-2.1-or-later", "lgpl-3.0-only", "lgpl-3.0-or-later", "mit", "mit-0", "mpl-2.0"),
    *("psf-2.0", "python-2.0", "unlicense", "zlib"),
    # Words of packages that do not use SPDX's.
    *("apache 2.0", "apache software license", "bsd", "bsd license", "bsd 3-clause license"),
    "mit license",
}
"""With GPL-3.0-or-later: https://www.gnu.org/licenses/license-list.html"""
FREE_DATA = {
    *("CC0 1.0", "public domain", "GPL-3.0-or-later", "CC-BY-4.0", "CC-BY-SA-4.0", "OFL-1.1"),
}
PROPRIETARY = re.compile(r"^(nvidia|cuda)-")
"""Libraries of graphics cards, where PyTorch was installed for one: parts of the system."""


def is_compatible(expression: str) -> bool:
    """Of an SPDX expression without nested parentheses: all of what is joined by AND, one of what
    is joined by OR."""
    parts = re.split(r"\s+and\s+", expression.lower())
    return bool(expression) and all(
        any(choice.strip(" ()") in COMPATIBLE for choice in re.split(r"\s+or\s+", part))
        for part in parts
    )


def test_expressions() -> None:
    assert is_compatible("MIT") and is_compatible("Apache-2.0 OR Proprietary")
    assert is_compatible("MIT AND (GPL-2.0-only OR LGPL-3.0-only)")
    for wrong in ("", "GPL-2.0-only", "MIT AND LicenseRef-NVIDIA", "CC-BY-NC-4.0", "SSPL-1.0"):
        assert not is_compatible(wrong), wrong


def declared() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [re.split(r"[<>=\[;! ]", wanted)[0] for wanted in project["dependencies"]]


def test_every_library_has_a_licence_that_goes_with_lenscals() -> None:
    # What is declared today, whenever the metadata of this checkout were made.
    found = {library.name: library for library in dependencies()}
    for name in declared():
        plain = re.sub(r"[-_.]+", "-", name).lower()
        for library in (dependency(plain), *dependencies(plain)):
            found[library.name] = library
    assert len(found) > len(declared()) > 10
    wrong = {
        library.name: library.licence
        for library in found.values()
        if not is_compatible(library.licence) and not PROPRIETARY.match(library.name)
    }
    assert wrong == {}
    assert all(library.version for library in found.values())


def test_texts_of_licences_are_found() -> None:
    for name in ("numpy", "rawpy", "exiv2"):
        texts = dependency(name).texts
        assert texts and all(path.is_file() for path in texts), name


def test_every_shipped_file_has_a_licence(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of this checkout, whichever is installed.
    monkeypatch.setattr(licences, "resource", lambda: ROOT / "resources")
    files = shipped_files()
    names = {file.name for file in files}
    there = {
        path.relative_to(ROOT / "resources").as_posix()
        for path in (ROOT / "resources").rglob("*")
        if path.is_file() and path.suffix not in (".md", ".py", ".pyc")
    }
    assert names == there and len(names) > 50
    unstated = [file.name for file in files if not file.licence or not file.source]
    assert unstated == [], "say it in the LICENCES.md of their folder"
    assert {file.licence for file in files} <= FREE_DATA


def test_no_folder_speaks_of_files_that_are_gone() -> None:
    for table in (ROOT / "resources").rglob(licences.STATED_IN):
        said = set(licences._stated_in(table)) - {"file", "---"}
        there = {path.name for path in table.parent.iterdir()}
        assert said <= there, table


def test_a_file_without_a_statement_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "a.ttf").write_bytes(b"")
    (tmp_path / "fonts" / "b.ttf").write_bytes(b"")
    (tmp_path / "fonts" / "LICENCES.md").write_text("| a.ttf | somebody | OFL-1.1 |\n")
    monkeypatch.setattr(licences, "resource", lambda: tmp_path)
    assert [(file.name, file.licence) for file in shipped_files()] == [
        ("fonts/a.ttf", "OFL-1.1"),
        ("fonts/b.ttf", ""),
    ]
    assert "  unknown: fonts/b.ttf" in licences_in_words()


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["licences"]) == 0
    text = capsys.readouterr().out
    assert "GPL-3.0-or-later" in text and "numpy" in text and "scenes/dog.jpg" in text
    assert main(["licences", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert {library["name"] for library in values["libraries"]} >= {"numpy", "torch", "rawpy"}
    assert values["data"][0].keys() == {"name", "source", "licence"}
    assert main(["licences", "--verbose"]) == 0
    assert "LICENSE" in capsys.readouterr().out
