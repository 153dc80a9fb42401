"""The library's folder: its profiles are ordinary files, each under its own name."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from natsort import natsort_keygen, ns

from lenscal.errors import InputError, LenscalError
from lenscal.files.output_paths import check_output_folder
from lenscal.files.psf.opening import PROFILE_SUFFIX
from lenscal.files.psf.profile import Profile, read_profile, write_profile
from lenscal.files.psf.sharing import without_identity
from lenscal.optics.plausibility import check_possible
from lenscal.system.atomic import written_whole
from lenscal.translation import Translatable, join_translatable, message_of, translatable

_by_name = natsort_keygen(alg=ns.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A profile of the library, without curves and networks.

    path : its file
    """

    path: Path
    profile: Profile

    @property
    def name(self) -> str:
        """What lists and commands call it."""
        return self.path.stem


@dataclass(frozen=True, slots=True, eq=False)
class Damaged:
    """A file of the library that cannot be read.

    problem : why not, in words
    """

    path: Path
    problem: Translatable

    @property
    def name(self) -> str:
        """What lists and commands call it."""
        return self.path.stem


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """What a folder held when it was read.

    problems : why files and folders that look like profiles could not be read, in words
    damaged : the files among them
    """

    folder: Path
    entries: tuple[Entry, ...]
    problems: tuple[Translatable, ...] = ()
    damaged: tuple[Damaged, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them, damaged ones last."""
        return (*(e.path for e in self.entries), *(d.path for d in self.damaged))

    def named(self, name: str) -> Entry:
        """The profile of a name, with or without suffix and folder, in capitals or small letters.

        Raises
        ------
        InputError
            There is none, or there are several.
        """
        path = self._path_named(name, [entry.path for entry in self.entries])
        return next(entry for entry in self.entries if entry.path == path)

    def file_named(self, name: str) -> Path:
        """The same of the files, which may be damaged."""
        return self._path_named(name, self.files)

    def _path_named(self, name: str, paths: Sequence[Path]) -> Path:
        wanted = Path(name).name.casefold()
        found = [path for path in paths if wanted in (path.name.casefold(), path.stem.casefold())]
        if len(found) == 1:
            return found[0]
        names = join_translatable(", ", [path.stem for path in paths])
        raise InputError(
            translatable(
                "{name}: the library {folder} holds no profile of that name (it holds: {names})",
                name=name,
                folder=self.folder,
                names=names or translatable("nothing"),
            )
        )


def read_library(folder: Path) -> Library:
    """All profiles of a folder, by name; a folder that is not there is an empty library.

    Raises
    ------
    InputError
        It is a file.
    """
    _check_folder(folder)
    paths = folder.glob(f"*{PROFILE_SUFFIX}") if folder.is_dir() else ()
    entries, problems, damaged = [], [], []
    for path in sorted(paths, key=lambda p: _by_name(p.stem)):
        try:
            entries.append(Entry(path, read_profile(path, kernels_only=True)))
        # One bad file must not hide the others.
        except (LenscalError, OSError) as error:
            problem = message_of(error)
            problems.append(problem)
            # Folders are nobody's profiles.
            if not path.is_dir():
                damaged.append(Damaged(path, problem))
    return Library(folder, tuple(entries), tuple(problems), tuple(damaged))


def add(folder: Path, profiles: Sequence[Path]) -> list[tuple[Path, bool]]:
    """Copy profiles into the library, which is made where it is not there; each path there, and
    whether it is new: the same file is not kept twice.

    Raises
    ------
    InputError
        A file is no profile, or none of a lens, or the library is a file: nothing is added.
    """
    _check_folder(folder)
    for path in profiles:
        profile = read_profile(path, kernels_only=True)
        check_possible(profile.psf)
        if not profile.camera:
            raise InputError(
                translatable(
                    "{path} does not say which camera it is for: no photo would find it", path=path
                )
            )
    folder.mkdir(parents=True, exist_ok=True)
    return [_added(folder, path) for path in profiles]


def keep(folder: Path, profile: Profile, name: str) -> Path:
    """Write a profile that is in memory into the library."""
    _check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = _free(folder, f"{name}{PROFILE_SUFFIX}")
    return write_profile(path, profile)


def remove(paths: Iterable[Path]) -> None:
    """Delete profiles of the library."""
    for path in paths:
        path.unlink(missing_ok=True)


def export(entries: Sequence[Entry], out: Path, *, private: bool = False) -> list[Path]:
    """Copy profiles of the library into a folder, which is made where only it is missing;
    `private`: as `without_identity` has it.

    Raises
    ------
    InputError
        It cannot be written, or files of these names are there already: nothing is written.
    """
    check_output_folder(out)
    paths = [out / entry.path.name for entry in entries]
    for path in paths:
        if path.exists():
            raise InputError(
                translatable("{path} is there already: choose an empty folder", path=path)
            )
    out.mkdir(exist_ok=True)
    for entry, path in zip(entries, paths, strict=True):
        if private:
            write_profile(path, without_identity(read_profile(entry.path)))
        else:
            _copy(entry.path, path)
    return paths


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(
            translatable(
                "the library {folder} is a file: choose a folder with --library or LENSCAL_LIBRARY",
                folder=folder,
            )
        )


def _added(folder: Path, path: Path) -> tuple[Path, bool]:
    content = path.read_bytes()
    for there in folder.glob(f"*{PROFILE_SUFFIX}"):
        same_size = there.stat().st_size == len(content)
        if same_size and (there.samefile(path) or there.read_bytes() == content):
            return there, False
    target = _free(folder, f"{path.stem}{PROFILE_SUFFIX}")
    _copy(path, target)
    return target, True


def _copy(source: Path, target: Path) -> None:
    with written_whole(target) as temporary:
        shutil.copyfile(source, temporary)


def _free(folder: Path, name: str) -> Path:
    """A path in the folder that no file has: the name, or with a number."""
    path, number = folder / name, 2
    while path.exists():
        path = folder / f"{Path(name).stem} {number}{PROFILE_SUFFIX}"
        number += 1
    return path
