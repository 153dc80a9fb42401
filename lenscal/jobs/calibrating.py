"""Import photos, learn the PSF grid from them, and make the profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.files.profile import Profile, ProfilePhoto, ProfileStage
from lenscal.stepping import Job

if TYPE_CHECKING:
    from lenscal.calibrate.settings import Calibration, CalibrationSettings
    from lenscal.files.checkpoint import CheckpointFile
    from lenscal.raw.folder import Inputs
    from lenscal.raw.grouping import Overrides

WORSE_THAN_NOTHING = 1.05
"""From this ratio of re-blur distances on, kernels are said to be worse than none; an identity run comes near 1."""


def import_photos(
    sharp: Sequence[Path],
    degraded: Sequence[Path],
    *,
    sharp_overrides: Overrides | None = None,
    degraded_overrides: Overrides | None = None,
    cache: Path | None = None,
    keep_all: bool = False,
) -> Job[Inputs]:
    """Read both folders (or lists of RAW files) and leave out what is not worth learning from, or `keep_all`.

    With `cache`, decoded photos live there instead of in memory.
    """
    from lenscal.raw.folder import import_pair

    return (
        yield from import_pair(
            sharp,
            degraded,
            sharp_overrides=sharp_overrides,
            degraded_overrides=degraded_overrides,
            cache=cache,
            keep_all=keep_all,
        )
    )


def look_at_photos(
    sharp: Sequence[Path],
    degraded: Sequence[Path],
    *,
    sharp_overrides: Overrides | None = None,
    degraded_overrides: Overrides | None = None,
    cache: Path | None = None,
    keep_all: bool = False,
) -> Job[Inputs]:
    """`import_photos` for looking only: folders that nothing can be learnt from come back too."""
    from lenscal.raw.folder import look_at_pair

    return (
        yield from look_at_pair(
            sharp,
            degraded,
            sharp_overrides=sharp_overrides,
            degraded_overrides=degraded_overrides,
            cache=cache,
            keep_all=keep_all,
        )
    )


def calibrate(
    inputs: Inputs, settings: CalibrationSettings, *, checkpoint: CheckpointFile | None = None
) -> Job[Calibration]:
    """Learn the PSF grid from imported photos. "stop" keeps what was reached.

    The checkpoint is written from time to time; where it says so, the calibration goes on from what it holds. It stays
    when the job ends: whoever has written the profile removes it.
    """
    from lenscal.calibrate import engine

    frames = inputs.sharp.frames, inputs.degraded.frames
    calibration = yield from engine.calibrate(*frames, settings, keeper=checkpoint)
    return replace(calibration, warnings=(*calibration.warnings, *_doubts(calibration)))


def _doubts(calibration: Calibration) -> Iterator[str]:
    """Why a calibration that came to an end should not be trusted, in words."""
    if not calibration.stages:
        yield "no stage came to its end: these kernels are a first guess; calibrate again and give it more time"
    if not calibration.reblur:
        yield (
            "too few photos to keep any out for a check: nothing tells how good these kernels are; use at least four "
            "in each folder, of the same scenes if you can"
        )
    estimate, delta = (calibration.reblur.get(name, float("nan")) for name in ("estimate", "delta"))
    if estimate > WORSE_THAN_NOTHING * delta:
        advice = (
            "do not use them; photograph subjects with more texture"
            if calibration.same_scenes
            else "that may be the scenes, which differ: look at a corrected photo, or shoot the same scenes twice"
        )
        yield (
            "re-blurred with these kernels, the sharp photos look less like the kept-out degraded ones than without "
            f"(distance {estimate:.3g} instead of {delta:.3g}): {advice}"
        )


def build_profile(inputs: Inputs, calibration: Calibration, settings: CalibrationSettings) -> Profile:
    """Everything about a calibration, ready to be written as LENS.lenscal. Reads the photos once for their hashes."""
    sharp, degraded = inputs.sharp.frames[0].info, inputs.degraded.frames[0].info
    described = {**asdict(settings), "grid": list(settings.grid)}
    frames = [*inputs.sharp.frames, *inputs.degraded.frames]
    return Profile(
        psf=calibration.psf,
        noise=calibration.noise,
        camera=degraded.camera,
        camera_serial=degraded.camera_serial,
        lens=degraded.lens,
        lens_serial=degraded.lens_serial,
        focal_mm=degraded.focal_mm,
        aperture_sharp=sharp.aperture,
        aperture_degraded=degraded.aperture,
        settings={key: str(value) if hasattr(value, "value") else value for key, value in described.items()},
        seed=settings.seed,
        versions=_versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        photos=_photos(inputs),
        stages=tuple(ProfileStage(s.name, s.seconds, s.reblur) for s in calibration.stages),
        reblur=dict(calibration.reblur),
        same_scenes=calibration.same_scenes,
        vignetting=tuple(sorted({frame.gain_source for frame in frames if frame.gain_source})),
        warnings=tuple(dict.fromkeys((*inputs.warnings, *calibration.warnings))),
        finished=calibration.finished,
        device=calibration.device,
        seconds=calibration.seconds,
        patches_flow=calibration.patches_flow,
        patches_matching=calibration.patches_matching,
        curves=calibration.curves,
        weights=calibration.weights,
    )


def _versions() -> dict[str, str]:
    from importlib import metadata

    from lenscal import __version__

    return {"lenscal": __version__, **{name: metadata.version(name) for name in ("torch", "numpy", "rawpy")}}


def _photos(inputs: Inputs) -> tuple[ProfilePhoto, ...]:
    photos = []
    for role, folder in (("sharp", inputs.sharp), ("degraded", inputs.degraded)):
        photos += [ProfilePhoto(f.info.path.name, role, _sha256(f.info.path)) for f in folder.frames]
        photos += [ProfilePhoto(r.path.name, role, _sha256(r.path), False, r.reason) for r in folder.rejected]
    return tuple(photos)


def _sha256(path: Path) -> str:
    import hashlib

    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
