"""What lenscal is made of, and under which licences: the libraries that it needs, and the data that
ship with it."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from lenscal.resource_files import resource

OWN_LICENCE = "GPL-3.0-or-later"
STATED_IN = "LICENCES.md"
"""The file of each folder of resources that says it of the others."""
UNKNOWN = ""
_LONGEST = 60
"""Characters: some packages have the whole text where a name should be."""
_TEXT = re.compile(r"(^|/)(licen[cs]es?|copying|notice|authors)([^/]*$|/)", re.IGNORECASE)
_ROW = re.compile(r"^\| *([^|]+?) *\| *([^|]+?) *\| *([^|]+?) *\|$")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Dependency:
    """A Python package that lenscal needs, or that one of these needs."""

    name: str
    version: str
    """Empty where it is not installed."""
    licence: str
    """As the package says it; empty where it says nothing."""
    texts: tuple[Path, ...] = ()
    """Files with the licence, and with those of libraries that the package holds."""


@dataclass(frozen=True, slots=True)
class ShippedFile:
    """A file of resources/."""

    name: str
    """From resources/ on."""
    source: str
    licence: str
    """Empty where nothing says it."""


def versions() -> dict[str, str]:
    """What a bug report begins with: the system, Python and the libraries that matter most, by
    name. Nothing is loaded for it."""
    libraries = {
        name: dependency(package).version or "–"
        for name, package in (
            ("Qt", "PySide6-Essentials"),
            ("torch", "torch"),
            ("numpy", "numpy"),
            ("rawpy", "rawpy"),
        )
    }
    return {"system": platform.platform(), "Python": platform.python_version(), **libraries}


def dependencies(root: str = "lenscal") -> list[Dependency]:
    """All that is needed at run time, in alphabetical order."""
    found: dict[str, Dependency] = {}
    ahead = list(_needed_by(root))
    while ahead:
        name = _plain(ahead.pop())
        if name not in found:
            found[name] = dependency(name)
            ahead += _needed_by(name)
    return [found[name] for name in sorted(found)]


def dependency(name: str) -> Dependency:
    """One package, as its metadata describe it."""
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return Dependency(name, "", UNKNOWN)
    texts = tuple(
        Path(str(file.locate())) for file in package.files or () if _TEXT.search(file.as_posix())
    )
    return Dependency(name, package.version, _licence_of(package), texts)


def _needed_by(name: str) -> Iterator[str]:
    try:
        requirements = metadata.distribution(name).requires or []
    except metadata.PackageNotFoundError:
        return
    for requirement in requirements:
        wanted = _NAME.match(requirement)
        # Those of an extra are for developers.
        if wanted and "extra ==" not in requirement and _is_here(wanted.group(), requirement):
            yield wanted.group()


def _is_here(name: str, requirement: str) -> bool:
    """Whether a requirement is one on this system: others, for Windows say, are not installed."""
    if ";" not in requirement:
        return True
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _licence_of(package: metadata.Distribution) -> str:
    said = package.metadata
    expression, line = (
        str((said.get_all(name) or [""])[0]).strip() for name in ("License-Expression", "License")
    )
    if expression:
        return expression
    if line and "\n" not in line and len(line) <= _LONGEST:
        return line
    # "License :: OSI Approved :: BSD License".
    classifiers = (c for c in said.get_all("Classifier") or [] if c.startswith("License ::"))
    return " / ".join(c.rpartition(" :: ")[2] for c in classifiers)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def shipped_files() -> list[ShippedFile]:
    """All files of resources/, and what the folder of each says of it."""
    root = resource()
    found = []
    for folder in sorted(path for path in root.rglob("*") if path.is_dir()):
        said = _stated_in(folder / STATED_IN)
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.suffix not in (".md", ".py", ".pyc"):
                source, licence = said.get(path.name, ("", UNKNOWN))
                name = path.relative_to(root).as_posix()
                found.append(ShippedFile(name, source, licence))
    return found


def _stated_in(file: Path) -> dict[str, tuple[str, str]]:
    """Source and licence by a file's name, from the table of a `STATED_IN`."""
    if not file.is_file():
        return {}
    rows = (_ROW.match(line) for line in file.read_text(encoding="utf-8").splitlines())
    return {row[1]: (row[2], row[3]) for row in rows if row is not None}


def licences_in_words(*, with_texts: bool = False) -> list[str]:
    """The list, a line each; `with_texts`: and where the texts of the packages' licences are."""
    from lenscal import __version__

    lines = [f"lenscal {__version__}: {OWN_LICENCE}", "", "Libraries:"]
    packages = dependencies()
    width = max((len(f"{p.name} {p.version}") for p in packages), default=0)
    for package in packages:
        name = f"{package.name} {package.version or '(not installed)'}"
        lines.append(f"  {name:<{width}}  {package.licence or 'unknown'}")
        if with_texts:
            lines += [f"    {path}" for path in package.texts]
    lines += ["", "Data that ship with lenscal:"]
    for licence, files in _by_licence(shipped_files()).items():
        names = ", ".join(file.name for file in files)
        lines.append(f"  {licence or 'unknown'}: {names}")
    return lines


def _by_licence(files: list[ShippedFile]) -> dict[str, list[ShippedFile]]:
    found: dict[str, list[ShippedFile]] = {}
    for file in files:
        found.setdefault(file.licence, []).append(file)
    return found
