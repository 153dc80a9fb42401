"""Import photos, learn the PSF grid from them, and make the profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.calibration.settings import KernelModel
from lenscal.files.psf.profile import Profile, ProfilePhoto, ProfileStage
from lenscal.intake.grouping import shared
from lenscal.jobs.doubts import calibration_doubts
from lenscal.lens.coverage import FOCUS_TOLERANCE_DPT, dioptres
from lenscal.stepping import Job
from lenscal.system.json_values import to_json

if TYPE_CHECKING:
    from lenscal.calibration.result import Calibration
    from lenscal.calibration.settings import CalibrationSettings
    from lenscal.files.checkpoint import CheckpointFile
    from lenscal.intake.grouping import Overrides
    from lenscal.intake.inputs import Inputs


def import_photos(
    sharp: Sequence[Path],
    degraded: Sequence[Path],
    *,
    sharp_overrides: Overrides | None = None,
    degraded_overrides: Overrides | None = None,
    cache: Path | None = None,
    keep_all: bool = False,
    only_look: bool = False,
) -> Job[Inputs]:
    """Read both folders (or lists of RAW files) and leave out what is not worth learning from, or
    `keep_all`.

    With `cache`, decoded photos live there instead of in memory. To `only_look`, folders that
    nothing can be learnt from come back too.
    """
    from lenscal.intake.folder import import_pair

    return (
        yield from import_pair(
            sharp,
            degraded,
            sharp_overrides=sharp_overrides,
            degraded_overrides=degraded_overrides,
            cache=cache,
            keep_all=keep_all,
            only_look=only_look,
        )
    )


def calibrate(
    inputs: Inputs, settings: CalibrationSettings, *, checkpoint: CheckpointFile | None = None
) -> Job[Calibration]:
    """Learn the PSF grid from imported photos. `STOP` keeps what was reached.

    The checkpoint is written from time to time; where it says so, the calibration goes on from what
    it holds. It stays when the job ends: whoever has written the profile removes it.
    """
    from lenscal.calibration import engine
    from lenscal.calibration.uniform.job import calibrate_uniform

    # torch is loaded here, in the thread that works, and not when jobs are imported.
    frames = inputs.sharp.frames, inputs.degraded.frames
    if settings.kernel is KernelModel.UNIFORM:
        # Without checkpoints: minutes, but for matching at full quality.
        work = calibrate_uniform(*frames, settings)
    else:
        work = engine.calibrate(*frames, settings, keeper=checkpoint)
    # Doubts are added here, as judging a result is no part of reaching it.
    calibration = yield from work
    return replace(calibration, warnings=(*calibration.warnings, *calibration_doubts(calibration)))


def build_profile(
    inputs: Inputs, calibration: Calibration, settings: CalibrationSettings
) -> Profile:
    """Everything about a calibration, ready to be written as LENS.lenscal. Reads the photos once
    for their hashes."""
    # A profile is for photos like the degraded ones: it has their camera, lens and focal length.
    infos = [frame.info for frame in inputs.degraded.frames]
    sharp, degraded = inputs.sharp.frames[0].info, infos[0]
    if settings.kernel is KernelModel.UNIFORM:
        # Pictures may come from anywhere: a profile is for what all of them have.
        sharp, degraded = shared([f.info for f in inputs.sharp.frames]), shared(infos)
    frames = [*inputs.sharp.frames, *inputs.degraded.frames]
    return Profile(
        psf=calibration.psf,
        noise=calibration.noise,
        camera=degraded.camera,
        camera_serial=degraded.camera_serial,
        lens=degraded.lens,
        lens_serial=degraded.lens_serial,
        focal_mm=degraded.focal_mm,
        lenses_in_files=tuple(sorted({i.lens_in_file for i in infos if i.lens_in_file})),
        focal_mm_in_files=tuple(sorted({i.focal_mm_in_file for i in infos if i.focal_mm_in_file})),
        sensor_area=degraded.area,
        pixel_pitch_um=degraded.pixel_pitch_um,
        crop_factor=degraded.crop_factor,
        focus_distance_m=_one_distance([info.focus_distance_m for info in infos]),
        aperture_sharp=sharp.aperture,
        aperture_degraded=degraded.aperture,
        settings=to_json(settings),
        seed=settings.seed,
        versions=_versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        photos=_photos(inputs),
        stages=tuple(ProfileStage(s.name, s.seconds, s.reblur) for s in calibration.stages),
        reblur=dict(calibration.reblur),
        same_scenes=calibration.same_scenes,
        vignetting=tuple(sorted({frame.gain_source for frame in frames if frame.gain_source})),
        warnings=tuple(dict.fromkeys((*inputs.warnings, *calibration.warnings))),
        light=degraded.light,
        finished=calibration.finished,
        device=calibration.device,
        seconds=calibration.seconds,
        patches_flow=calibration.patches_flow,
        patches_matching=calibration.patches_matching,
        curves=calibration.curves,
        weights=calibration.weights,
    )


def _one_distance(metres: Sequence[float | None]) -> float | None:
    """Where all photos were focused; None where they do not say, or not the same."""
    near = sorted(dioptres(distance) or 0.0 for distance in metres)
    if not near or not all(metres) or near[-1] - near[0] > FOCUS_TOLERANCE_DPT:
        return None
    return 1 / near[len(near) // 2]


def _versions() -> dict[str, str]:
    """Of lenscal and the libraries that kernels depend on."""
    from importlib import metadata

    from lenscal import __version__

    # Of what numbers go through: a Qt version changes no kernel.
    return {
        "lenscal": __version__,
        **{name: metadata.version(name) for name in ("torch", "numpy", "rawpy")},
    }


def _photos(inputs: Inputs) -> tuple[ProfilePhoto, ...]:
    """Those that were used, and those that were left out with the reason."""
    # Hashes, since names of photos come again: a profile can be checked against its photos.
    photos = []
    for role, folder in (("sharp", inputs.sharp), ("degraded", inputs.degraded)):
        photos += [
            ProfilePhoto(f.info.path.name, role, _sha256(f.info.path)) for f in folder.frames
        ]
        photos += [
            ProfilePhoto(r.path.name, role, _sha256(r.path), False, r.reason)
            for r in folder.rejected
        ]
    return tuple(photos)


def _sha256(path: Path) -> str:
    """A file's digest; empty where it can no longer be read."""
    import hashlib

    try:
        # In pieces: RAW files are larger than what should be held at once.
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
