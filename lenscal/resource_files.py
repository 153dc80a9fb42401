"""Files that ship with lenscal: the repository's resources/, installed as lenscal.resources."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from lenscal.errors import LenscalError
from lenscal.translation import translatable


def resource(*parts: str) -> Path:
    """Path of a shipped file or folder, e.g. resource("scenes").

    Raises
    ------
    LenscalError
        It is missing: the installation is incomplete.
    """
    try:
        path = Path(str(files("lenscal.resources"))).joinpath(*parts)
    except ModuleNotFoundError:
        path = Path("lenscal", "resources", *parts)
    if not path.exists():
        name = "/".join(parts)
        raise LenscalError(
            translatable("resources/{name} is missing: install lenscal again", name=name)
        )
    return path


def documents_folder() -> Path:
    """Where the documents for users are: docs/ of a checkout, or lenscal/documents of an
    installation.

    Raises
    ------
    LenscalError
        They are missing: the installation is incomplete.
    """
    package = Path(__file__).parent
    for folder in (package / "documents", package.parent / "docs"):
        if (folder / "photographing.md").is_file():
            return folder
    raise LenscalError(translatable("the documents are missing: install lenscal again"))
