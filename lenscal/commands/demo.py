"""lenscal demo."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lenscal.commands.calibrate import calibration_settings
from lenscal.commands.option_groups import virtual_photos
from lenscal.commands.progress import CANCELLED, Speaker, run_job
from lenscal.errors import InputError
from lenscal.system.json_values import without_nan
from lenscal.system.memory import peak_memory_mb
from lenscal.translation import translatable
from lenscal.virtual.limits import LEAST_SIDE_PX, Sensor

if TYPE_CHECKING:
    from lenscal.jobs import DemoResult


def run_demo(args: argparse.Namespace) -> int:
    """Do the whole job on a virtual lens."""
    # The window has its own way to begin; no option of the calibration applies there.
    if args.window:
        from lenscal.gui.app import run

        code: int = run(demo=True)
        return code
    if args.rig:
        from lenscal.commands.populations.rig_demo import run_rig_demo

        return run_rig_demo(args)
    from lenscal import jobs
    from lenscal.calibration.settings import Stages
    from lenscal.files.output_paths import check_output_folder
    from lenscal.files.write_claim import only_writer

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    n_photos, size = virtual_photos(args)
    calibration = calibration_settings(args)
    if calibration.stages is Stages.AUTO:
        # A demo shows every stage, and the table has a row for each.
        calibration = replace(calibration, stages=Stages.ALL)
    if min(size) < LEAST_SIDE_PX:
        raise InputError(
            translatable(
                "--size {size}: choose at least {least}x{least}, e.g. 900x600",
                size=args.size,
                least=LEAST_SIDE_PX,
            )
        )
    settings = jobs.DemoSettings(
        calibration=calibration,
        size=size,
        n_photos=n_photos,
        same_scenes=not args.unrelated,
        sensor=Sensor(args.sensor),
    )
    check_output_folder(args.out)
    with only_writer(args.out):
        result = run_job(jobs.demo(args.out, settings), speaker, keeps=True)
    for warning in result.profile.warnings:
        speaker.note(f"note: {warning}")
    speaker.result(demo_in_words(result), _summary(result))
    # One photo is corrected; if that fails, the demo has not shown what it is for.
    failed = any(photo.output is None for photo in result.photos)
    return CANCELLED if result.calibration.finished == "stopped" else int(failed)


def _summary(result: DemoResult) -> dict[str, Any]:
    """What `demo --json` says."""
    from lenscal.jobs.summary import learning_values
    from lenscal.measure.score_table import gain_values

    summary = {
        "folder": str(result.folder),
        "profile": str(result.profile_path),
        "psf": str(result.psf_folder),
        "corrected": [str(photo.output) for photo in result.photos if photo.output is not None],
        "seconds": result.seconds,
        **learning_values(result.calibration),
        "reblur": dict(result.calibration.reblur),
        "scores": result.comparison.scores,
        "gain": gain_values(result.comparison.gain),
        "warnings": list(result.profile.warnings),
        "peak_memory_mb": peak_memory_mb(),
    }
    plain: dict[str, Any] = without_nan(summary)
    return plain


def demo_in_words(result: DemoResult) -> str:
    """The table of kernel figures and gains, and where everything is."""
    from lenscal.measure.comparison import NO_ODD
    from lenscal.measure.score_table import score_table

    lines = [*score_table(result.comparison.scores, result.comparison.gain), ""]
    gain, share = result.comparison.gain, result.comparison.gain.share
    possible = gain.psnr_true - gain.psnr_degraded
    lines += [
        f"Possible gain: the true kernels lift the kept-out photo from {gain.psnr_degraded:.2f} to "
        f"{gain.psnr_true:.2f} dB ({possible:+.2f} dB, Wiener).",
        f"How hard this lens is: the average kernel gets {share['average']:.0%} of that, "
        f"the true kernels without their common odd part {share[NO_ODD]:.0%}.",
        "",
        f"Virtual photos and truth: {result.folder}",
        f"Profile: {result.profile_path}",
        f"PSF files: {result.psf_folder}",
    ]
    for photo in result.photos:
        lines.append(
            f"Corrected photo: {photo.output or f'{photo.source.name} failed: {photo.problem}'}"
        )
    # Not every system tells.
    memory = peak_memory_mb()
    lines.append(
        f"{result.seconds:.0f} s on {result.calibration.device}"
        + (f", {memory:.0f} MB" if memory else "")
    )
    return "\n".join(lines)
