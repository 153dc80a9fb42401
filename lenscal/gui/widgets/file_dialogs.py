"""The desktop's dialogs for files, which begin where the user was last."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from lenscal.files.psf.opening import PSF_SUFFIXES
from lenscal.gui.last_folder import last_folder, remember
from lenscal.intake.photo_files import PHOTO_EXTENSIONS, RAW_EXTENSIONS
from lenscal.project import SUFFIX
from lenscal.raw.pictures.kinds import PICTURE_EXTENSIONS

translate = QCoreApplication.translate


def photos_filter() -> str:
    """Every kind of photo that can be read, RAW files and pictures by themselves, and all files."""
    kinds = translate(
        "FileDialogs", "Photos ({all});;RAW photos ({raw});;Pictures ({pictures});;All files (*)"
    )
    return kinds.format(
        all=_patterns(PHOTO_EXTENSIONS),
        raw=_patterns(RAW_EXTENSIONS),
        pictures=_patterns(PICTURE_EXTENSIONS),
    )


def _patterns(extensions: Iterable[str]) -> str:
    patterns = [f"*{extension}" for extension in sorted(extensions)]
    # Cameras write capitals, which are other names on most file systems but Windows'.
    return " ".join([*patterns, *(pattern.upper() for pattern in patterns)])


def psf_filter() -> str:
    """Every kind of file that holds a whole PSF."""
    # From where they are opened, so that the dialog hides nothing that could be.
    suffixes = " ".join(f"*{suffix}" for suffix in PSF_SUFFIXES)
    return translate("FileDialogs", "Profiles ({suffixes})").format(suffixes=suffixes)


def profiles_filter() -> str:
    """lenscal's own files."""
    return translate("FileDialogs", "lenscal profiles (*.lenscal)")


def everything_filter() -> str:
    """All that can be opened: projects, whatever holds a PSF, photos."""
    own = [f"*{suffix}" for suffix in (SUFFIX, *PSF_SUFFIXES)]
    kinds = translate(
        "FileDialogs",
        "Projects, profiles and photos ({all});;Projects and profiles ({own});;Photos ({photos});;"
        "All files (*)",
    )
    photos = _patterns(PHOTO_EXTENSIONS)
    return kinds.format(all=" ".join([*own, photos]), own=" ".join(own), photos=photos)


def ask_for_anything(parent: QWidget, title: str) -> Path | None:
    """A project, a profile or a photo; None where the user cancels."""
    return _ask_for_file(parent, title, last_folder(), everything_filter())


def ask_for_profiles(parent: QWidget, title: str) -> tuple[Path, ...]:
    """Any number of lenscal's profiles; none where the user cancels."""
    names, _ = QFileDialog.getOpenFileNames(parent, title, last_folder(), profiles_filter())
    if names:
        remember(names[0])
    return tuple(Path(name) for name in names)


def ask_for_photos(parent: QWidget, title: str) -> tuple[Path, ...]:
    """Any number of photos; none where the user cancels."""
    names, _ = QFileDialog.getOpenFileNames(parent, title, last_folder(), photos_filter())
    if names:
        remember(names[0])
    return tuple(Path(name) for name in names)


def ask_for_photo(parent: QWidget, title: str, beside: Path | None) -> Path | None:
    """One photo; the dialog begins in the folder of `beside`."""
    folder = last_folder() if beside is None else str(beside.parent)
    return _ask_for_file(parent, title, folder, photos_filter())


def ask_for_profile(parent: QWidget, title: str) -> Path | None:
    """A profile, or another file with a PSF; None where the user cancels."""
    return _ask_for_file(parent, title, last_folder(), psf_filter())


def ask_for_population(parent: QWidget, title: str) -> Path | None:
    """What `lenscal population` has written; None where the user cancels."""
    kinds = translate("FileDialogs", "Populations of blurs (*.lenspop)")
    return _ask_for_file(parent, title, last_folder(), kinds)


def ask_for_folder(parent: QWidget, title: str, *, to_write: bool = False) -> Path | None:
    """A folder; None where the user cancels. Where something is written to is no place to look for
    photos: the next dialog does not begin there."""
    name = QFileDialog.getExistingDirectory(parent, title, last_folder())
    if not name:
        return None
    if not to_write:
        remember(name)
    return Path(name)


def _ask_for_file(parent: QWidget, title: str, folder: str, kinds: str) -> Path | None:
    name, _ = QFileDialog.getOpenFileName(parent, title, folder, kinds)
    if not name:
        return None
    remember(name)
    return Path(name)
