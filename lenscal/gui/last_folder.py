"""The folder in which file dialogs begin: the last one that was chosen."""

from __future__ import annotations

from pathlib import Path

_last = ""


def last_folder() -> str:
    """The last folder, or home where it is gone."""
    return _last if _last and Path(_last).is_dir() else str(Path.home())


def remember(path: Path | str) -> None:
    """Begin there next time; of a file, in its folder."""
    global _last
    folder = Path(path)
    _last = str(folder if folder.is_dir() else folder.parent)
