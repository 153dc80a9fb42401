"""lenscal calibrate."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenscal.commands.option_groups import pair
from lenscal.commands.progress import CANCELLED, Speaker, run_job
from lenscal.errors import LenscalError
from lenscal.system.device import check_device, device_notes
from lenscal.system.isolation.calls import warm_up
from lenscal.translation import message_of, translatable

if TYPE_CHECKING:
    from lenscal.calibration.result import Calibration
    from lenscal.calibration.settings import CalibrationSettings
    from lenscal.files.checkpoint import CheckpointFile
    from lenscal.files.psf.profile import Profile
    from lenscal.intake.inputs import Inputs
    from lenscal.stepping import Job


def calibration_settings(args: argparse.Namespace) -> CalibrationSettings:
    """The options that `demo` and `calibrate` share, checked."""
    from lenscal.calibration.settings import (
        CalibrationSettings,
        Family,
        KernelModel,
        Method,
        Quality,
        Stages,
        family_of,
        stages_of,
    )

    stages = stages_of(Method(args.method), Stages(args.stages))
    # A virtual lens's photos are for a grid.
    kernel = KernelModel(getattr(args, "kernel", KernelModel.GRID))
    settings = CalibrationSettings(
        quality=Quality(args.quality),
        device=args.device,
        grid=pair(args.grid, "--grid"),
        kernel_size=args.kernel_size,
        seed=args.seed,
        max_minutes=args.max_minutes,
        stages=stages,
        kernel=kernel,
        family=family_of(Family(args.family), stages, kernel),
    )
    # The last check: it loads torch, which takes seconds.
    check_device(args.device)
    return settings


def reading(
    args: argparse.Namespace, cache: Path | None, *, only_look: bool = False
) -> Job[Inputs]:
    """Import the two folders as the options that `check` and `calibrate` share say."""
    from lenscal import jobs
    from lenscal.calibration.settings import KernelModel
    from lenscal.intake.grouping import Overrides
    from lenscal.raw.pictures.kinds import Light

    sharp, degraded = (
        Overrides(
            aperture=aperture,
            lens=args.lens,
            focal_mm=args.focal,
            light=Light(args.light),
            any_source=args.kernel == KernelModel.UNIFORM,
        )
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
    """Calibrate and write the profile; a checkpoint stays where it could go on."""
    from lenscal.files.output_paths import check_profile_path
    from lenscal.files.write_claim import only_writer

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    # All that can be wrong with the options is found before photos are read, which takes minutes.
    settings = calibration_settings(args)
    check_profile_path(args.out)
    # With its checkpoint: two calibrations would go on from each other's.
    with only_writer(args.out):
        return _calibrate(args, settings, speaker)


def _calibrate(args: argparse.Namespace, settings: CalibrationSettings, speaker: Speaker) -> int:
    from lenscal import jobs
    from lenscal.files.checkpoint import CheckpointFile, checkpoint_path
    from lenscal.files.psf.sharing import without_identity
    from lenscal.jobs.summary import calibration_values

    start = time.monotonic()
    checkpoint = CheckpointFile(checkpoint_path(args.out), args.resume)
    # A checkpoint of another calibration that lies there is none of this one.
    before = None if args.resume else checkpoint.written_at
    _announce(checkpoint, speaker, resume=args.resume)
    warm_up()
    with jobs.photo_cache() as cache:
        inputs = run_job(reading(args, cache), speaker)
        _note_all(inputs.warnings, speaker)
        try:
            work = jobs.calibrate(inputs, settings, checkpoint=checkpoint)
            calibration = run_job(work, speaker, keeps=True)
        except KeyboardInterrupt:
            # Thrown away by the second Ctrl+C, but for the last checkpoint of this run.
            if checkpoint.written_at not in (None, before):
                speaker.note(
                    "No profile was written; the same command with --resume goes on where it was."
                )
            raise
        _note_all((*device_notes(args.device), *calibration.warnings), speaker)
        profile = jobs.build_profile(inputs, calibration, settings)
    write_or_rescue(args.out, without_identity(profile) if args.private else profile)
    # Only now: until the profile is on the disk, the checkpoint is all there is.
    if calibration.finished == "done":
        checkpoint.remove()
    summary = {
        "profile": str(args.out),
        "checkpoint": str(checkpoint.path) if checkpoint.written_at not in (None, before) else None,
        **calibration_values(inputs, calibration),
        # Of the whole command: a calibration's own seconds leave out reading the photos.
        "seconds": time.monotonic() - start,
    }
    speaker.result(_in_words(summary, calibration), summary)
    return CANCELLED if calibration.finished == "stopped" else 0


def _announce(checkpoint: CheckpointFile, speaker: Speaker, *, resume: bool) -> None:
    """Say what becomes of a checkpoint, where that is not what the user may expect."""
    # Neither is an error: both are what a user may do on purpose.
    there = checkpoint.path.exists()
    if resume and not there:
        speaker.note(
            f"note: there is no checkpoint {checkpoint.path}: "
            "the calibration starts at its beginning"
        )
    elif there and not resume:
        speaker.note(
            f"note: {checkpoint.path} of an interrupted calibration is overwritten "
            "(--resume goes on)"
        )


def _note_all(warnings: Iterable[str], speaker: Speaker) -> None:
    for warning in warnings:
        speaker.note(f"note: {warning}")


def write_or_rescue(path: Path, profile: Profile) -> None:
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
        # Hours of work must not be lost to a full disk or a folder that went away.
        rescued = Path(tempfile.mkdtemp(prefix="lenscal-")) / path.name
        try:
            write_profile(rescued, profile)
        except LenscalError:
            # There is no room anywhere: the first error is the one to mend.
            rescued.parent.rmdir()
            raise error from None
        raise LenscalError(
            translatable(
                "{problem}; it was kept as {rescued}: make room and copy it from there",
                problem=message_of(error),
                rescued=rescued,
            )
        ) from error


def _in_words(summary: dict[str, Any], calibration: Calibration) -> str:
    from lenscal.files.psf.quality_words import confidence_in_words, distances_in_words

    lines = [
        f"{summary['profile']} written after {summary['seconds']:.0f} s on {summary['device']}."
    ]
    if calibration.finished != "done":
        why = "you stopped it" if calibration.finished == "stopped" else "the time was up"
        lines.append(f"The calibration ended early, as {why}: what was reached is kept.")
        if summary["checkpoint"] is not None:
            lines.append("The same command with --resume goes on from here.")
    frames = summary["frames"]
    lines.append(f"{frames['used']} photos used, {frames['rejected']} left out.")
    quality = (
        *confidence_in_words(calibration.psf, calibration.same_scenes),
        *distances_in_words(calibration.reblur),
    )
    lines += [f"{words}." for words in quality]
    return "\n".join(lines)
