"""Files that ship with lenscal: installed as lenscal/resources, in a checkout beside the
package."""

from __future__ import annotations

from pathlib import Path

from lenscal.errors import LenscalError


def resource(*parts: str) -> Path:
    """Path of a shipped file or folder, e.g. resource("scenes").

    Raises
    ------
    LenscalError
        It is missing: the installation is incomplete.
    """
    package = Path(__file__).parent
    for root in (package / "resources", package.parent / "resources"):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise LenscalError(f"resources/{'/'.join(parts)} is missing: install lenscal again")
