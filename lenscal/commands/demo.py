"""lenscal demo."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lenscal.commands.calibrate import calibration_settings
from lenscal.commands.option_groups import virtual_photos
from lenscal.commands.progress import CANCELLED, Speaker, peak_memory_mb, run_job, without_nan
from lenscal.errors import InputError
from lenscal.translation import translatable
from lenscal.virtual.limits import LEAST_SIDE_PX

if TYPE_CHECKING:
    from lenscal.evaluate import Gain
    from lenscal.jobs import DemoResult

_COLUMNS = (
    ("ncc_mean", "NCC", "mean", "{:.4f}"),
    ("ncc_min", "NCC", "min", "{:.3f}"),
    ("rel_l2_mean", "rel. L2", "mean", "{:.3f}"),
    ("ca_px_mean", "lat. CA", "px", "{:.3f}"),
    ("mtf_mae_mean", "MTF", "error", "{:.4f}"),
    ("mtf50_rel_mean", "MTF50", "error", "{:.1%}"),
    ("odd_rel", "odd", "part", "{:.2f}"),
    ("width_centre", "width", "centre", "{:.2f}"),
    ("width_corner", "width", "corner", "{:.2f}"),
)
_NAME_WIDTH, _COLUMN_WIDTH = 17, 9


def run_demo(args: argparse.Namespace) -> int:
    if args.window:
        from lenscal.gui.app import run

        code: int = run(demo=True)
        return code
    from lenscal import jobs
    from lenscal.calibrate.settings import Stages
    from lenscal.files.atomic import check_output_folder

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    n_photos, size = virtual_photos(args)
    calibration = calibration_settings(args)
    if calibration.stages is Stages.AUTO:
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
    )
    check_output_folder(args.out)
    result = run_job(jobs.demo(args.out, settings), speaker, keeps=True)
    for warning in result.profile.warnings:
        speaker.note(f"note: {warning}")
    speaker.result(demo_in_words(result), _summary(result))
    failed = any(photo.output is None for photo in result.photos)
    return CANCELLED if result.calibration.finished == "stopped" else int(failed)


def _summary(result: DemoResult) -> dict[str, Any]:
    summary = {
        "folder": str(result.folder),
        "profile": str(result.profile_path),
        "psf": str(result.psf_folder),
        "corrected": [str(photo.output) for photo in result.photos if photo.output is not None],
        "seconds": result.seconds,
        "finished": result.calibration.finished,
        "device": result.calibration.device,
        "patches_flow": result.calibration.patches_flow,
        "patches_matching": result.calibration.patches_matching,
        "stages": [
            {"name": s.name, "seconds": s.seconds, "reblur": s.reblur}
            for s in result.calibration.stages
        ],
        "reblur": dict(result.calibration.reblur),
        "scores": result.comparison.scores,
        "gain": {
            "psnr_degraded": result.comparison.gain.psnr_degraded,
            "psnr_true": result.comparison.gain.psnr_true,
            "psnr": dict(result.comparison.gain.psnr),
            "share": result.comparison.gain.share,
        },
        "warnings": list(result.profile.warnings),
        "peak_memory_mb": peak_memory_mb(),
    }
    plain: dict[str, Any] = without_nan(summary)
    return plain


def demo_in_words(result: DemoResult) -> str:
    """The table of kernel figures and gains, and where everything is."""
    from lenscal.jobs.comparing import NO_ODD

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
    memory = peak_memory_mb()
    lines.append(
        f"{result.seconds:.0f} s on {result.calibration.device}"
        + (f", {memory:.0f} MB" if memory else "")
    )
    return "\n".join(lines)


def score_table(scores: Mapping[str, Mapping[str, float]], gain: Gain) -> list[str]:
    """One line a row of `scores`; the last column is the share of the possible gain."""
    heads = [*((top, below) for _, top, below, _ in _COLUMNS), ("share", "of gain")]
    lines = [
        " " * _NAME_WIDTH + "".join(f"{head[line]:>{_COLUMN_WIDTH}}" for head in heads)
        for line in (0, 1)
    ]
    shares = {"delta": 0.0, **gain.share}
    for name, row in scores.items():
        cells = [form.format(row[key]) for key, _, _, form in _COLUMNS]
        cells.append(f"{shares[name]:.0%}" if name in shares else "")
        lines.append(
            f"{name:<{_NAME_WIDTH}}" + "".join(f"{cell:>{_COLUMN_WIDTH}}" for cell in cells)
        )
    return lines
