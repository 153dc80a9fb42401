"""The folder in which file dialogs begin: the last one that was chosen."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication

# Kept by the application object: dialogs of all pages share it, and it ends with the program.
_PROPERTY = "lenscalLastFolder"


def last_folder() -> str:
    """The last folder, or home where it is gone."""
    application = QCoreApplication.instance()
    folder = application.property(_PROPERTY) if application is not None else None
    # A folder on a stick may be gone by now.
    return folder if folder and Path(folder).is_dir() else str(Path.home())


def remember(path: Path | str) -> None:
    """Begin there next time; of a file, in its folder."""
    folder = Path(path)
    # Nothing was remembered yet, and "" would be the folder in which the program was started.
    if not folder.is_absolute():
        return
    application = QCoreApplication.instance()
    if application is not None:
        application.setProperty(_PROPERTY, str(folder if folder.is_dir() else folder.parent))
