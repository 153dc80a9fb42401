"""lenscal correct."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lenscal.commands.photo_batch import (
    batch_exit_code,
    check_prior,
    failed,
    run_batch,
    tell_notes,
)
from lenscal.commands.progress import Speaker
from lenscal.files.photos.export_settings import (
    ExportSettings,
    Look,
    OnConflict,
    PhotoFormat,
    Space,
    Tone,
    written_before,
)
from lenscal.raw.pictures.kinds import Light
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.system.device import check_device
from lenscal.system.isolation.calls import warm_up
from lenscal.system.user_folders import library_folder
from lenscal.translation import enumeration, translatable

if TYPE_CHECKING:
    from pathlib import Path

    from lenscal.intake.photo_files import FoundPhotos
    from lenscal.jobs import PhotoResult
    from lenscal.library.search import LibrarySource


def run_correct(args: argparse.Namespace) -> int:
    """Correct the photos; what went wrong with one does not stop the others."""
    from lenscal import jobs
    from lenscal.files.output_paths import check_output_folder
    from lenscal.files.psf.opening import open_psf
    from lenscal.files.psf.profile import Profile
    from lenscal.intake.photo_files import find_photos

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    restore = correction_settings(args)
    export = export_settings(args)
    check_prior(args.prior)
    psf, paths = _psf_and_photos(args)
    # All that can be wrong with the options is found before the first photo is read.
    found = _without_written(find_photos(paths), export, restore)
    photos = found.files
    check_output_folder(args.out)
    warm_up()
    # After the cheap checks: a profile holds megabytes, and the device loads torch.
    source = _library_source(args, restore, speaker) if psf is None else open_psf(psf)
    if isinstance(source, Profile) and restore.method is Method.NETWORK:
        jobs.require_network(source)
    check_device(args.device)
    results: list[PhotoResult] = []
    work = jobs.correct(
        source,
        photos,
        restore,
        export,
        force=args.force,
        save_mask=args.save_mask,
        results_so_far=results,
        light=Light(args.light) if args.light else None,
    )
    ending = run_batch(work, speaker)
    tell_notes(speaker, args.device, found.notes, results)
    speaker.result(_in_words(results, len(photos)), _summary(results, found))
    return batch_exit_code(results, len(photos), ending)


def _psf_and_photos(args: argparse.Namespace) -> tuple[Path | None, list[Path]]:
    """The profile or PSF files, and the photos; None: photos alone were given."""
    from lenscal.files.psf.opening import is_psf
    from lenscal.intake.photo_files import PHOTO_EXTENSIONS

    first: Path | None = args.psf
    if first is None or is_psf(first):
        return first, args.photos
    # What is named like no photo and lies nowhere was meant to be a profile: opening it says so.
    if not first.exists() and first.suffix.lower() not in PHOTO_EXTENSIONS:
        return first, args.photos
    return None, [first, *args.photos]


def _library_source(
    args: argparse.Namespace, restore: RestoreSettings, speaker: Speaker
) -> LibrarySource:
    """The library, for each photo to find its profile.

    Raises
    ------
    InputError
        It holds nothing.
    """
    from lenscal.library.candidates import require_entries
    from lenscal.library.folder import read_library
    from lenscal.library.search import LibrarySource

    library = read_library(args.library or library_folder())
    for problem in library.problems:
        speaker.note(f"note: {problem}")
    require_entries(library)
    return LibrarySource(library, with_networks=restore.needs_network)


def _without_written(
    found: FoundPhotos, export: ExportSettings, restore: RestoreSettings
) -> FoundPhotos:
    """Pictures without those that lenscal made of them the last time, in the same folder."""
    written = set(written_before(found.files, export, method=restore.method.value))
    if not written:
        return found
    note = translatable("{n} corrected photos and masks are left out", n=len(written))
    if len(written) == 1:
        name = next(iter(written)).name
        note = translatable("{name} is a corrected photo, or a mask: left out", name=name)
    files = tuple(path for path in found.files if path not in written)
    return replace(found, files=files, notes=(*found.notes, note))


def _summary(results: Sequence[PhotoResult], found: FoundPhotos) -> dict[str, Any]:
    """What `correct --json` says."""
    reached = {result.source for result in results}
    # Every photo is in one of the first four lists: scripts need not work it out.
    return {
        "written": [str(r.output) for r in results if r.output is not None],
        "skipped": [str(r.source) for r in results if r.skipped],
        "failed": [{"photo": str(r.source), "reason": r.problem} for r in results if failed(r)],
        "not_reached": [str(path) for path in found.files if path not in reached],
        "notes": list(found.notes),
        "photos": [_values(result) for result in results],
    }


def correction_settings(args: argparse.Namespace) -> RestoreSettings:
    """How photos are corrected, checked."""
    return RestoreSettings(Method(args.method), args.amount, args.denoise, args.device, args.prior)


def export_settings(args: argparse.Namespace) -> ExportSettings:
    """How photos are written, checked."""
    chosen = {
        "format": PhotoFormat(args.format) if args.format else None,
        "space": Space(args.space) if args.space else None,
        "depth": args.depth,
    }
    # Who says how photos are written means pictures, too.
    given = {name: value for name, value in chosen.items() if value is not None}
    return ExportSettings(
        args.out,
        template=args.template,
        on_conflict=OnConflict(args.on_conflict),
        keep_pictures=not given,
        private=args.private,
        look=Look(args.exposure, Tone(args.tone)),
        **given,
    )


def _values(result: PhotoResult) -> dict[str, Any]:
    return {
        "photo": str(result.source),
        "output": None if result.output is None else str(result.output),
        "mask": None if result.mask is None else str(result.mask),
        "problem": result.problem,
        "skipped": result.skipped,
        "strength": result.strength,
        "profile": str(result.profiles[0]) if result.profiles else None,
        "profiles": [str(path) for path in result.profiles],
        "predicted": None if result.prediction is None else result.prediction.values,
        "warnings": list(result.warnings),
        "seconds": result.seconds,
    }


def _with(result: PhotoResult) -> str:
    """Which kernels a photo got, where that goes without saying of no other."""
    names = [path.name for path in result.profiles]
    words = [f"with {enumeration(names)}"] if names else []
    if result.prediction is not None:
        words.append(str(result.prediction.in_words))
    return "".join(f", {part}" for part in words)


def _in_words(results: Sequence[PhotoResult], n_photos: int) -> str:
    lines = []
    for result in results:
        name = result.source.name
        if result.output is not None:
            lines.append(f"{name} -> {result.output} ({result.seconds:.1f} s){_with(result)}")
        elif result.skipped:
            lines.append(f"{name}: {result.reason}")
        else:
            lines.append(f"{name}: not corrected: {result.reason}")
    n_written = sum(result.output is not None for result in results)
    lines.append(f"{n_written} of {n_photos} photos written.")
    return "\n".join(lines)
