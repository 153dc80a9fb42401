"""lenscal calibrate."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenscal.commands.option_groups import pair
from lenscal.commands.progress import CANCELLED, Speaker, run_job
from lenscal.errors import LenscalError
from lenscal.system.device import check_device
from lenscal.translation import message_of, translatable

if TYPE_CHECKING:
    from lenscal.calibrate.settings import CalibrationSettings
    from lenscal.files.psf.profile import Profile
    from lenscal.intake.inputs import Inputs
    from lenscal.stepping import Job


def calibration_settings(args: argparse.Namespace) -> CalibrationSettings:
    """The options that `demo` and `calibrate` share, checked."""
    from lenscal.calibrate.settings import CalibrationSettings, Quality, Stages

    settings = CalibrationSettings(
        quality=Quality(args.quality),
        device=args.device,
        grid=pair(args.grid, "--grid"),
        kernel_size=args.kernel_size,
        seed=args.seed,
        max_minutes=args.max_minutes,
        stages=Stages(args.stages),
    )
    check_device(args.device)
    return settings


def reading(
    args: argparse.Namespace, cache: Path | None, *, only_look: bool = False
) -> Job[Inputs]:
    """Import the two folders as the options that `check` and `calibrate` share say."""
    from lenscal import jobs
    from lenscal.intake.grouping import Overrides

    sharp, degraded = (
        Overrides(aperture=aperture, lens=args.lens, focal_mm=args.focal)
        for aperture in (args.aperture_sharp, args.aperture_degraded)
    )
    return jobs.import_photos(
        [args.sharp],
        [args.degraded],
        sharp_overrides=sharp,
        degraded_overrides=degraded,
        cache=cache,
        keep_all=args.keep_all,
        only_look=only_look,
    )


def run_calibrate(args: argparse.Namespace) -> int:
    from lenscal import jobs
    from lenscal.files.checkpoint import CheckpointFile, checkpoint_path
    from lenscal.files.output_paths import check_profile_path
    from lenscal.jobs.summary import calibration_values

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    start = time.monotonic()
    settings = calibration_settings(args)
    check_profile_path(args.out)
    checkpoint = CheckpointFile(checkpoint_path(args.out), args.resume)
    before = None if args.resume else checkpoint.written_at
    if args.resume and not checkpoint.path.exists():
        speaker.note(
            f"note: there is no checkpoint {checkpoint.path}: the calibration starts at its beginning"
        )
    elif checkpoint.path.exists() and not args.resume:
        speaker.note(
            f"note: {checkpoint.path} of an interrupted calibration is overwritten (--resume goes on)"
        )
    with jobs.photo_cache() as cache:
        inputs = run_job(reading(args, cache), speaker)
        for warning in inputs.warnings:
            speaker.note(f"note: {warning}")
        try:
            calibration = run_job(
                jobs.calibrate(inputs, settings, checkpoint=checkpoint), speaker, keeps=True
            )
        except KeyboardInterrupt:
            if checkpoint.written_at not in (None, before):
                speaker.note(
                    "No profile was written; the same command with --resume goes on where it was."
                )
            raise
        for warning in calibration.warnings:
            speaker.note(f"note: {warning}")
        profile = jobs.build_profile(inputs, calibration, settings)
    _write_or_rescue(args.out, profile)
    if calibration.finished == "done":
        checkpoint.remove()
    summary = {
        "profile": str(args.out),
        "checkpoint": str(checkpoint.path) if checkpoint.written_at not in (None, before) else None,
        **calibration_values(inputs, calibration),
        "seconds": time.monotonic() - start,
    }
    speaker.result(_in_words(summary), summary)
    return CANCELLED if calibration.finished == "stopped" else 0


def _write_or_rescue(path: Path, profile: Profile) -> None:
    """Write the profile; where that fails after all the work, into a folder for temporary files.

    Raises
    ------
    LenscalError
        It could not be written to `path`; the message says where it is instead.
    """
    import tempfile

    from lenscal.files.psf.profile import write_profile

    try:
        write_profile(path, profile)
    except LenscalError as error:
        rescued = Path(tempfile.mkdtemp(prefix="lenscal-")) / path.name
        try:
            write_profile(rescued, profile)
        except LenscalError:
            rescued.parent.rmdir()
            raise error from None
        raise LenscalError(
            translatable(
                "{problem}; it was kept as {rescued}: make room and copy it from there",
                problem=message_of(error),
                rescued=rescued,
            )
        ) from error


def _in_words(summary: dict[str, Any]) -> str:
    lines = [
        f"{summary['profile']} written after {summary['seconds']:.0f} s on {summary['device']}."
    ]
    if summary["finished"] != "done":
        why = "you stopped it" if summary["finished"] == "stopped" else "the time was up"
        lines.append(f"The calibration ended early, as {why}: what was reached is kept.")
        if summary["checkpoint"] is not None:
            lines.append("The same command with --resume goes on from here.")
    frames = summary["frames"]
    lines.append(f"{frames['used']} photos used, {frames['rejected']} left out.")
    if summary["confidence"]["mean"] is not None:
        lines.append(
            "Confidence: mean {mean:.2f}, worst node {worst:.2f} (1: sure).".format(
                **summary["confidence"]
            )
        )
    reblur = {name: value for name, value in summary["reblur"].items() if value is not None}
    if reblur:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in reblur.items())
        lines.append(f"Re-blur distance on kept-out photos (smaller is better): {figures}.")
    return "\n".join(lines)
