"""The document of the window: what was chosen, what was calibrated, what was corrected. No Qt, no
torch.

A `Session` is immutable: every decision of the user and every result of a job makes a new one, and
what has become wrong by the change (a calibration of other photos, say) is dropped in the same
breath.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.calibration.result import Calibration
from lenscal.calibration.settings import CalibrationSettings
from lenscal.files.photos.export_settings import PLAIN, Look
from lenscal.files.psf.profile import Profile
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.pictures.kinds import Light
from lenscal.restore.settings import RestoreSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lenscal.intake.inputs import Inputs


class Step(StrEnum):
    """The six steps of the job, in order."""

    IMPORT = "import"
    CHECK = "check"
    CALIBRATE = "calibrate"
    INSPECT = "inspect"
    CORRECT = "correct"
    EXPORT = "export"


class Lack(StrEnum):
    """What a step still needs, as a short sentence for the user."""

    NO_SHARP = "Choose sharp photos"
    NO_DEGRADED = "Choose photos to correct"
    NOT_READ = "Read the photos first"
    ALL_LEFT_OUT = "Keep a photo of each set"
    NO_PSF = "Calibrate or open a profile"
    NO_PHOTO = "Choose a photo"


@dataclass(frozen=True, slots=True)
class Source:
    """One of the two photo sets, and what the user typed in because EXIF does not know it."""

    paths: tuple[Path, ...] = ()
    aperture: float | None = None
    lens: str | None = None
    focal_mm: float | None = None
    light: Light = Light.LINEAR
    """How the values of pictures are taken."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A photo before and after its correction, developed for the screen, upright.

    Attributes
    ----------
    before, after : tuple of uint8 ndarray [h, w, 3]
        sRGB; the whole photo first, then halved again and again (a pyramid).
    mask : uint8 ndarray [h, w] or None
        How much of the correction each pixel got, 0..255.
    how : str
        How it was corrected, in words for a report.
    """

    photo: Path
    settings: RestoreSettings
    before: tuple[NDArray[np.uint8], ...]
    after: tuple[NDArray[np.uint8], ...]
    mask: NDArray[np.uint8] | None = None
    how: str = ""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A calibration of the present photos that was interrupted and can go on."""

    settings: CalibrationSettings
    stages: tuple[str, ...]
    """That are over."""
    seconds: float
    """Spent on it so far."""


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """All that the window shows, in its present state."""

    sharp: Source = Source()
    degraded: Source = Source()
    inputs: Inputs | None = None
    pitch_um: float | None = None
    """Distance of the sensor's pixels, where the photos' metadata tell."""
    thumbnails: Mapping[Path, NDArray[np.uint8]] = field(default_factory=dict)
    """Photo -> uint8 [h, w, 3] sRGB, small."""
    decisions: Mapping[Path, bool] = field(default_factory=dict)
    """Photo -> whether the user wants it (True) or has left it out (False); holds when the photos
    are read again."""
    settings: CalibrationSettings = field(default_factory=CalibrationSettings)
    unfinished: Unfinished | None = None
    calibration: Calibration | None = None
    profile: Profile | None = None
    psf: PsfGrid | None = None
    psf_name: str = ""
    """Where the PSF comes from, for titles."""
    psf_path: Path | None = None
    """The profile, or the folder of PSF files, that holds it."""
    psf_saved: bool = True
    truth: PsfGrid | None = None
    """What a calibration of the present photos should find, where it is known: the virtual lens."""
    other: PsfGrid | None = None
    """Another lens, or the same at another aperture, to look at beside it."""
    other_name: str = ""
    photo: Path | None = None
    restore: RestoreSettings = field(default_factory=RestoreSettings)
    look: Look = PLAIN
    """How photos are brightened to be looked at; no correction depends on it."""
    comparison: Comparison | None = None


def lacks(session: Session) -> dict[Step, Lack | None]:
    """What every step still lacks; None where it can be worked on."""
    # One thing at a time, in the order of the work: the first lack is what to do next.
    if not session.sharp.paths:
        to_import: Lack | None = Lack.NO_SHARP
    elif not session.degraded.paths:
        to_import = Lack.NO_DEGRADED
    else:
        to_import = None
    to_check = None if session.inputs is not None else to_import or Lack.NOT_READ
    to_calibrate = to_check
    # The user may have left out all photos of a set.
    if session.inputs is not None and not (
        session.inputs.sharp.photos and session.inputs.degraded.photos
    ):
        to_calibrate = Lack.ALL_LEFT_OUT
    # A profile can be opened without any photo read: these steps do not follow from the first.
    psf = None if session.psf is not None else Lack.NO_PSF
    return {
        Step.IMPORT: to_import,
        Step.CHECK: to_check,
        Step.CALIBRATE: to_calibrate,
        Step.INSPECT: psf,
        Step.CORRECT: psf or (None if session.photo is not None else Lack.NO_PHOTO),
        Step.EXPORT: psf,
    }


def done(session: Session) -> frozenset[Step]:
    """Steps that have their result."""
    results = {
        Step.IMPORT: session.inputs is not None,
        Step.CHECK: session.inputs is not None,
        Step.CALIBRATE: session.psf is not None,
        Step.CORRECT: session.comparison is not None,
    }
    return frozenset(step for step, there in results.items() if there)


def with_sources(session: Session, sharp: Source, degraded: Source) -> Session:
    """Other photo sets: what was read from the former ones is dropped; the PSF stays until a new
    one replaces it."""
    # Fields report every edit, also one that was taken back.
    if (sharp, degraded) == (session.sharp, session.degraded):
        return session
    return replace(
        session,
        sharp=sharp,
        degraded=degraded,
        inputs=None,
        thumbnails={},
        pitch_um=None,
        truth=None,
        unfinished=None,
    )


def with_inputs(
    session: Session,
    inputs: Inputs,
    thumbnails: Mapping[Path, NDArray[np.uint8]],
    pitch_um: float | None = None,
) -> Session:
    """The photos were read; the first photo to correct becomes the one to try the correction on.

    What the user has decided about photos before holds again.
    """
    # Photos can be read again, after a folder has changed: decisions outlive that.
    for decided, keep in session.decisions.items():
        inputs = inputs.with_decision(decided, keep=keep)
    # A photo that was chosen before stays: it need not be one of the calibration's.
    frames = inputs.degraded.frames
    photo = session.photo or (frames[0].info.path if frames else None)
    return replace(
        session, inputs=inputs, thumbnails=dict(thumbnails), photo=photo, pitch_um=pitch_um
    )


def with_decision(session: Session, photo: Path, *, keep: bool) -> Session:
    """The user takes a photo that was left out, or leaves one out; what cannot be decoded stays
    left out."""
    if session.inputs is None:
        return session
    # Also noted beside the inputs, which are replaced when the photos are read again.
    decisions = {**session.decisions, photo: keep}
    return replace(
        session, inputs=session.inputs.with_decision(photo, keep=keep), decisions=decisions
    )


def with_psf(
    session: Session,
    psf: PsfGrid,
    name: str,
    *,
    path: Path | None = None,
    profile: Profile | None = None,
    calibration: Calibration | None = None,
    saved: bool = False,
) -> Session:
    """A new PSF grid; a comparison made with the former one is dropped, and the truth where it is
    no calibration. Without a profile, nothing but the grid is known of it."""
    return replace(
        session,
        psf=psf,
        psf_name=name,
        psf_path=path,
        # Corrections and exports take a profile, also of a bare grid.
        profile=profile if profile is not None else Profile(psf),
        calibration=calibration,
        psf_saved=saved,
        comparison=None,
        # A profile from elsewhere has nothing to do with the virtual lens.
        truth=session.truth if calibration is not None else None,
    )


def with_restore(session: Session, settings: RestoreSettings) -> Session:
    """Other settings of the correction: a comparison made with the former ones is dropped."""
    if settings == session.restore:
        return session
    return replace(session, restore=settings, comparison=None)


def with_photo(session: Session, photo: Path) -> Session:
    """Another photo to try the correction on: a comparison of the former one is dropped."""
    if photo == session.photo:
        return session
    return replace(session, photo=photo, comparison=None)
