"""lenscal library: the profiles of this computer."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenscal.commands.progress import Speaker, run_job
from lenscal.errors import InputError, LenscalError
from lenscal.raw.lens_setting import f_number
from lenscal.system.isolation.calls import warm_up
from lenscal.system.user_folders import library_folder
from lenscal.translation import enumeration, join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.library.folder import Entry, Library
    from lenscal.library.search import LibrarySource
    from lenscal.raw.frame import PhotoInfo

Result = tuple[list[str], dict[str, Any], int]
"""Lines, values for JSON, exit code."""
FOUND_ALL, FOUND_SOME, FOUND_NONE = 0, 1, 2


def run_library(args: argparse.Namespace) -> int:
    """Do what is asked for."""
    from lenscal.library.folder import read_library

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    folder: Path = args.library or library_folder()
    if args.action == "export" and args.out is None:
        raise InputError(translatable("library export needs --out DIR: say where to copy to"))
    if args.action in ("add", "remove", "find") and not args.items:
        raise InputError(
            translatable("library {action}: say which, see --help", action=args.action)
        )
    if args.action == "add":
        lines, values, code = _add(folder, args)
    else:
        library = read_library(folder)
        for problem in library.problems:
            speaker.note(f"note: {problem}")
        lines, values, code = (
            _find(library, args, speaker)
            if args.action == "find"
            else _DO[args.action](library, args)
        )
    speaker.result("\n".join(lines), {"library": str(folder), **values})
    return code


def _add(folder: Path, args: argparse.Namespace) -> Result:
    from lenscal.library.folder import add

    paths = [Path(item) for item in args.items]
    # The usual place may be made with all above it; a mistyped one must not grow folders.
    if args.library and not folder.absolute().parent.is_dir():
        raise InputError(
            translatable(
                "--library {folder}: there is no folder {parent}; create it first",
                folder=folder,
                parent=folder.absolute().parent,
            )
        )
    kept = add(folder, paths)
    lines = [
        f"{path}: added" if new else f"{source}: there already, as {path}"
        for source, (path, new) in zip(paths, kept, strict=True)
    ]
    return lines, {"added": [str(path) for path, new in kept if new]}, 0


def _list(library: Library, _: argparse.Namespace) -> Result:
    lines = [line for entry in library.entries for line in _in_words(entry)]
    if not lines:
        lines = [f"The library {library.folder} is empty: lenscal library add LENS.lenscal"]
    values = [_values(entry) for entry in library.entries]
    problems = [str(problem) for problem in library.problems]
    return lines, {"profiles": values, "problems": problems}, 0


def _remove(library: Library, args: argparse.Namespace) -> Result:
    from lenscal.library.folder import remove

    # All are found before the first goes.
    removed = list(dict.fromkeys(library.file_named(name) for name in args.items))
    remove(removed)
    return [f"{path}: removed" for path in removed], {"removed": [str(p) for p in removed]}, 0


def _find(library: Library, args: argparse.Namespace, speaker: Speaker) -> Result:
    from lenscal.intake.photo_files import find_photos
    from lenscal.library.search import LibrarySource
    from lenscal.raw.metadata import read_info

    warm_up()
    source = LibrarySource(library)
    lines, values, n_missing = [], [], 0
    for path in find_photos([Path(item) for item in args.items]).files:
        try:
            words, value = _found(source, read_info(path), speaker)
        except LenscalError as error:
            words, value = str(error), {"profile": None, "profiles": [], "reason": str(error)}
            n_missing += 1
        lines.append(f"{path.name}: {words}")
        values.append({"photo": str(path), **value})
    all_missing = n_missing == len(values)
    code = FOUND_ALL if n_missing == 0 else FOUND_NONE if all_missing else FOUND_SOME
    return lines, {"photos": values}, code


def _found(source: LibrarySource, photo: PhotoInfo, speaker: Speaker) -> tuple[str, dict[str, Any]]:
    """What `correct` would do with a photo."""
    from lenscal.jobs.kernel_choice import matched_by_metadata
    from lenscal.lens.coverage import mean_error
    from lenscal.lens.place import Undecoded

    match = run_job(matched_by_metadata(source, Undecoded(photo)), speaker)
    if match.differences:
        raise InputError(join_translatable("; ", match.differences))
    chosen = match.chosen
    for note in match.notes:
        speaker.note(f"note: {photo.path.name}: {note}")
    predicted = chosen.prediction
    how = "photographed" if predicted is None else "predicted"
    error = mean_error(chosen.profile) if predicted is None else predicted.expected_error
    paths = [str(path) for path in chosen.paths]
    aperture = f_number(photo.aperture)
    words = f"{enumeration(paths)} ({aperture}: {how}, expected error {error:.0%})"
    return words, {
        "profile": paths[0],
        "profiles": paths,
        "kernels": how,
        "expected_error": error,
        "notes": [str(note) for note in match.notes],
        "reason": "",
    }


def _export(library: Library, args: argparse.Namespace) -> Result:
    from lenscal.library.folder import export

    entries: Sequence[Entry] = library.entries
    if args.items:
        entries = [library.named(name) for name in args.items]
    paths = export(entries, args.out, private=args.private)
    return [str(path) for path in paths], {"written": [str(path) for path in paths]}, 0


_DO: dict[str, Callable[[Library, argparse.Namespace], Result]] = {
    "list": _list,
    "remove": _remove,
    "export": _export,
}


def _in_words(entry: Entry) -> list[str]:
    from lenscal.lens.words import coverage_in_words

    profile = entry.profile
    focal = f", {profile.focal_mm:g} mm" if profile.focal_mm and not profile.members else ""
    lens = profile.lens or "an unnamed lens"
    lines = [f"{entry.name}: {lens}{focal} on {profile.camera}"]
    return [*lines, *(f"  {words}" for words in coverage_in_words(profile))]


def _values(entry: Entry) -> dict[str, Any]:
    from lenscal.lens.words import coverage_values

    profile = entry.profile
    return {
        "name": entry.name,
        "path": str(entry.path),
        "camera": profile.camera,
        "lens": profile.lens,
        "created": profile.created,
        "coverage": coverage_values(profile),
    }
