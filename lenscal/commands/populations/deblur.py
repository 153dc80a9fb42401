"""lenscal deblur."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenscal.commands.correct import export_settings
from lenscal.commands.photo_batch import (
    batch_exit_code,
    check_prior,
    failed,
    run_batch,
    tell_notes,
)
from lenscal.commands.progress import Speaker
from lenscal.deblur.settings import DeblurMethod, DeblurSettings
from lenscal.system.device import check_device
from lenscal.system.isolation.calls import warm_up

if TYPE_CHECKING:
    from lenscal.deblur.blind import FoundKernels
    from lenscal.jobs import PhotoResult


def run_deblur(args: argparse.Namespace) -> int:
    """Restore the photos; what went wrong with one does not stop the others."""
    from lenscal.files.output_paths import check_output_folder
    from lenscal.files.population.population_file import read_population
    from lenscal.intake.photo_files import find_photos
    from lenscal.jobs.populations.deblurring import FoundBlur, deblur

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    settings = deblur_settings(args)
    export = export_settings(args)
    check_prior(args.prior)
    # All that can be wrong with the options is found before the first photo is read.
    found = find_photos(args.photos)
    check_output_folder(args.out)
    population = read_population(args.population)
    warm_up()
    check_device(args.device)
    results: list[PhotoResult] = []
    source = FoundBlur(population, settings, args.force)
    kernels = source.found
    sheets: list[Path] = []
    work = deblur(
        source,
        found.files,
        export,
        save_mask=args.save_mask,
        kernels_sheet=args.kernels_sheet,
        results_so_far=results,
        sheets=sheets,
    )
    ending = run_batch(work, speaker)
    tell_notes(speaker, args.device, found.notes, results)
    lines = [
        *_in_words(results, kernels),
        f"{_written(results)} of {len(found.files)} photos written.",
    ]
    reached = {result.source for result in results}
    values = {
        "written": [str(r.output) for r in results if r.output is not None],
        "skipped": [str(r.source) for r in results if r.skipped],
        "failed": [{"photo": str(r.source), "reason": r.problem} for r in results if failed(r)],
        "not_reached": [str(path) for path in found.files if path not in reached],
        "kernel_sheets": [str(path) for path in sheets],
        "method": settings.method.value,
        "notes": list(found.notes),
        "photos": [_values(result, kernels) for result in results],
    }
    speaker.result("\n".join(lines), values)
    return batch_exit_code(results, len(found.files), ending)


def deblur_settings(args: argparse.Namespace) -> DeblurSettings:
    """How photos are restored, checked."""
    return DeblurSettings(
        DeblurMethod(args.method),
        args.kernels,
        args.amount,
        args.denoise,
        args.device,
        args.prior,
        args.seed,
        not args.no_roll,
    )


def _written(results: Sequence[PhotoResult]) -> int:
    return sum(result.output is not None for result in results)


def _in_words(results: Sequence[PhotoResult], kernels: Mapping[Path, FoundKernels]) -> list[str]:
    lines = []
    for result in results:
        name = result.source.name
        if result.output is not None:
            found = kernels.get(result.source)
            sure = "" if found is None else f"; kernels agree by {found.agreement:.0%}"
            lines.append(f"{name} -> {result.output} ({result.seconds:.1f} s{sure})")
        elif result.skipped:
            lines.append(f"{name}: {result.reason}")
        else:
            lines.append(f"{name}: not restored: {result.reason}")
    return lines


def _values(result: PhotoResult, kernels: Mapping[Path, FoundKernels]) -> dict[str, Any]:
    found = kernels.get(result.source)
    return {
        "photo": str(result.source),
        "output": None if result.output is None else str(result.output),
        "mask": None if result.mask is None else str(result.mask),
        "problem": result.problem,
        "skipped": result.skipped,
        "agreement": None if found is None else found.agreement,
        "gain": None if found is None else found.gain,
        "held_out": None if found is None else found.held_out,
        "weights": None if found is None else found.weights.tolist(),
        "roll": None if found is None or found.roll is None else asdict(found.roll),
        "strength": result.strength,
        "warnings": list(result.warnings),
        "seconds": result.seconds,
    }
