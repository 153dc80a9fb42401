"""lenscal enlarge."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenscal.commands.photo_batch import (
    batch_exit_code,
    check_prior,
    failed,
    run_batch,
    tell_notes,
)
from lenscal.commands.progress import Speaker
from lenscal.enlarge.settings import EnlargeMethod, EnlargeSettings, KernelSource
from lenscal.errors import InputError
from lenscal.files.photos.export_settings import ExportSettings, OnConflict, PhotoFormat
from lenscal.raw.pictures.kinds import Light
from lenscal.system.device import check_device
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.jobs.enlarging import EnlargedPhoto


def run_enlarge(args: argparse.Namespace) -> int:
    """Enlarge the photos; what went wrong with one does not stop the others."""
    from lenscal.files.kernel_file import read_kernel
    from lenscal.files.output_paths import check_output_folder
    from lenscal.intake.photo_files import find_photos
    from lenscal.jobs import enlarging

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    settings = _settings(args)
    export = _export(args)
    # All that can be wrong with the options is found before the first photo is read.
    kernel = None if args.kernel in list(KernelSource) else read_kernel(Path(args.kernel))
    found = find_photos(args.photos)
    check_output_folder(args.out)
    check_device(args.device)
    results: list[EnlargedPhoto] = []
    work = enlarging.enlarge(found.files, settings, export, kernel=kernel, results_so_far=results)
    ending = run_batch(work, speaker)
    tell_notes(speaker, args.device, found.notes, results)
    lines = [str(enlarging.in_words(result)) for result in results]
    n_written = sum(result.output is not None for result in results)
    lines.append(f"{n_written} of {len(found.files)} photos written.")
    speaker.result("\n".join(lines), _summary(results, settings, found.notes))
    return batch_exit_code(results, len(found.files), ending)


def _settings(args: argparse.Namespace) -> EnlargeSettings:
    check_prior(args.prior)
    if args.seed < 0:
        raise InputError(translatable("--seed {seed}: choose 0 or more", seed=args.seed))
    return EnlargeSettings(
        args.factor,
        EnlargeMethod(args.method),
        Light(args.light),
        args.device,
        args.prior,
        args.seed,
        KernelSource.FLOW if args.kernel == KernelSource.FLOW else KernelSource.AUTO,
    )


def _export(args: argparse.Namespace) -> ExportSettings:
    chosen = {"format": PhotoFormat(args.format) if args.format else None, "depth": args.depth}
    # Who says how photos are written means pictures, too.
    given = {name: value for name, value in chosen.items() if value is not None}
    return ExportSettings(
        args.out,
        template=args.template or f"{{name}}_x{args.factor}",
        on_conflict=OnConflict(args.on_conflict),
        keep_pictures=not given,
        private=args.private,
        **given,
    )


def _summary(
    results: Sequence[EnlargedPhoto], settings: EnlargeSettings, notes: Sequence[str]
) -> dict[str, Any]:
    """What `enlarge --json` says."""
    kernels = [str(r.kernel_file) for r in results if r.kernel_file is not None]
    return {
        "kernel_file": kernels[0] if kernels else None,
        "kernel_files": kernels,
        "written": [str(r.output) for r in results if r.output is not None],
        "skipped": [str(r.source) for r in results if r.skipped],
        "failed": [{"photo": str(r.source), "reason": r.problem} for r in results if failed(r)],
        "factor": settings.factor,
        "method": settings.method.value,
        "notes": list(notes),
        "photos": [
            {
                "photo": str(r.source),
                "output": None if r.output is None else str(r.output),
                "kernel_file": None if r.kernel_file is None else str(r.kernel_file),
                "axes_px": None if r.axes_px is None else list(r.axes_px),
                "problem": r.problem,
                "warnings": list(r.warnings),
                "seconds": r.seconds,
            }
            for r in results
        ],
    }
