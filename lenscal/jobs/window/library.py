"""The library of lenses for the window: each job returns what it holds then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.system.user_folders import library_folder
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile
    from lenscal.library.folder import Library
    from lenscal.library.search import LibrarySource


def library_source(*, with_networks: bool) -> LibrarySource:
    """The library, for each photo to find its profile.

    Raises
    ------
    InputError
        It holds nothing.
    """
    from lenscal.library.candidates import require_entries
    from lenscal.library.folder import read_library
    from lenscal.library.search import LibrarySource

    library = read_library(library_folder())
    require_entries(library)
    return LibrarySource(library, with_networks=with_networks)


def contents() -> Job[Library]:
    """What there is."""
    from lenscal.library.folder import read_library

    yield Report("library", translatable("Reading the library"))
    return read_library(library_folder())


def add_files(paths: Sequence[Path]) -> Job[Library]:
    """Copy profiles into it."""
    from lenscal.library.folder import add

    yield Report("library", translatable("Copying profiles into the library"))
    add(library_folder(), paths)
    return (yield from contents())


def add_profile(profile: Profile, name: str) -> Job[Library]:
    """Keep the profile that is open."""
    from lenscal.library.folder import keep
    from lenscal.optics.plausibility import check_possible

    yield Report("library", translatable("Copying profiles into the library"))
    check_possible(profile.psf)
    keep(library_folder(), profile, name)
    return (yield from contents())


def remove_files(paths: Sequence[Path]) -> Job[Library]:
    """Delete profiles there, damaged ones, too."""
    from lenscal.library.folder import read_library, remove

    yield Report("library", translatable("Removing profiles from the library"))
    remove([path for path in read_library(library_folder()).files if path in paths])
    return (yield from contents())
