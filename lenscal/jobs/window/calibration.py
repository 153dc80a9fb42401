"""Calibrating from the window: every profile is kept at once, and a calibration that was
interrupted can go on."""

from __future__ import annotations

import hashlib
import itertools
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal import __version__
from lenscal.calibration.checkpoint_schema import CHECKPOINT_SCHEMA
from lenscal.calibration.settings import CalibrationSettings
from lenscal.errors import LenscalError
from lenscal.files.write_claim import is_claimed, only_writer
from lenscal.printable import file_stem
from lenscal.reports import Report
from lenscal.session import Unfinished
from lenscal.stepping import Job
from lenscal.system.preload import preload
from lenscal.translation import join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.calibration.result import Calibration
    from lenscal.files.checkpoint import CheckpointFile
    from lenscal.files.psf.profile import Profile
    from lenscal.intake.inputs import Inputs

DEVICE = "device"
"""Stage of the report that says which device computes: its message is "cpu", "cuda" or "mps", and
in a second line what that is."""
FORGET_S = 60 * 24 * 3600
"""Age from which on an interrupted calibration is removed."""


@dataclass(frozen=True, slots=True, eq=False)
class SavedCalibration:
    """A calibration, and where its profile was kept."""

    calibration: Calibration
    profile: Profile
    path: Path | None
    """None where the disk did not take it (`problem` says why)."""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _MadeFrom:
    settings: CalibrationSettings
    schema: int = CHECKPOINT_SCHEMA
    version: str = __version__

    @property
    def can_go_on(self) -> bool:
        """Whether this version of the program would go on with it: nobody is offered what would be
        refused."""
        return (self.schema, self.version) == (CHECKPOINT_SCHEMA, __version__)


@dataclass(frozen=True, slots=True)
class _Saved:
    """What of a checkpoint's values the window shows."""

    made_from: _MadeFrom
    completed: tuple[str, ...]
    seconds: float


def calibrate(
    inputs: Inputs, settings: CalibrationSettings, keep_in: Path, *, resume: bool = False
) -> Job[SavedCalibration]:
    """Calibrate, and keep the profile in a folder at once, so that nothing learnt is lost.

    Checkpoints are kept there too: with `resume`, the calibration goes on from the last one.
    """
    from lenscal.intake.inputs import refuse_hopeless

    # The window lets photos be read that nothing can be learnt from, and says so only here.
    refuse_hopeless(inputs)
    yield Report("start", translatable("Starting the numerical engine"))
    yield from preload()
    from lenscal.system.device import device_in_words, pick_device

    # The window has names of its own for devices.
    device = pick_device(settings.device)
    yield Report(DEVICE, join_translatable("\n", [device.type, device_in_words(device)]))
    checkpoint = calibration_checkpoint(inputs, keep_in, resume=resume)
    # A folder that cannot be made costs the checkpoints only, which the calibration then says.
    with suppress(OSError):
        checkpoint.path.parent.mkdir(parents=True, exist_ok=True)
    busy = translatable(
        "another window calibrates these photos just now: wait for its end, or cancel it there"
    )
    with only_writer(checkpoint.path, busy):
        return (yield from _calibrated(inputs, settings, keep_in, checkpoint))


def _calibrated(
    inputs: Inputs, settings: CalibrationSettings, keep_in: Path, checkpoint: CheckpointFile
) -> Job[SavedCalibration]:
    from lenscal import jobs

    calibration = yield from jobs.calibrate(inputs, settings, checkpoint=checkpoint)
    # A copy: the window draws it in another thread.
    kernels = calibration.psf.kernels.copy()
    yield Report("profile", translatable("Saving the profile"), 1.0, kernels=kernels)
    profile = jobs.build_profile(inputs, calibration, settings)
    try:
        path = _keep(profile, keep_in)
    except (OSError, LenscalError) as error:
        # Hours of work must not end in an error: the window still can save it elsewhere.
        return SavedCalibration(calibration, profile, None, str(error))
    if calibration.finished == "done":
        with suppress(OSError):
            checkpoint.remove()
    return SavedCalibration(calibration, profile, path)


def calibration_checkpoint(
    inputs: Inputs, keep_in: Path, *, resume: bool = False
) -> CheckpointFile:
    """Where the calibration of these photos keeps what it needs to go on."""
    from lenscal.files.checkpoint import CheckpointFile

    photos = [
        [str(frame.info.path.absolute()) for frame in photo_set.frames]
        for photo_set in (inputs.sharp, inputs.degraded)
    ]
    # The same photos find it again, in whichever project they are.
    name = hashlib.sha256(repr(photos).encode()).hexdigest()[:16]
    return CheckpointFile(keep_in / "unfinished" / f"{name}.checkpoint", resume)


def unfinished_calibration(inputs: Inputs, keep_in: Path) -> Unfinished | None:
    """The interrupted calibration of these photos, if there is one that can go on."""
    checkpoint = calibration_checkpoint(inputs, keep_in)
    saved = _saved_in(checkpoint)
    # Not interrupted where another window is still at it.
    if saved is None or not saved.made_from.can_go_on or is_claimed(checkpoint.path):
        return None
    return Unfinished(saved.made_from.settings, saved.completed, saved.seconds)


def remove_forgotten(keep_in: Path) -> tuple[Path, ...]:
    """Remove the checkpoints of calibrations that nobody has missed for FORGET_S; the others, but
    for those of another version."""
    from lenscal.files.checkpoint import CheckpointFile

    remaining = []
    for path in (keep_in / "unfinished").glob("*.checkpoint"):
        # Another window may have finished or removed it meanwhile.
        with suppress(OSError):
            # Another window is still at it.
            if is_claimed(path):
                continue
            if path.stat().st_mtime < time.time() - FORGET_S:
                path.unlink()
                continue
            saved = _saved_in(CheckpointFile(path))
            if saved is None or saved.made_from.can_go_on:
                remaining.append(path)
    return tuple(remaining)


def _saved_in(checkpoint: CheckpointFile) -> _Saved | None:
    """What the window shows of a checkpoint; None where it is not there, or damaged."""
    from lenscal.system.json_values import from_json

    values = checkpoint.values() if checkpoint.path.exists() else None
    if values is None:
        return None
    try:
        return from_json(_Saved, values, checkpoint.path, "")
    except LenscalError:
        return None


def _keep(profile: Profile, folder: Path) -> Path:
    """Write a profile under the name of its lens and the time of day."""
    from lenscal.files.psf.profile import write_profile

    # The first calibration of this user makes the folder.
    folder.mkdir(parents=True, exist_ok=True)
    lens = profile.lens or profile.camera or "lens"
    when = datetime.now().strftime("%Y-%m-%d %H-%M-%S")
    name = f"{file_stem(lens) or 'lens'} {when}"
    # Two windows may come to their ends in the same second.
    names = itertools.chain([name], (f"{name} {number}" for number in itertools.count(2)))
    path = next(path for n in names if not (path := folder / f"{n}.lenscal").exists())
    return write_profile(path, profile, fresh=True)
