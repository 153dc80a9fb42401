"""Long work as generators: they yield reports, take "stop", and return a frozen result. No Qt; heavy imports are lazy.

`generator.close()` cancels a job at its next report. `generator.send("stop")` asks it to finish early and keep what it
has; jobs that have nothing to keep in the middle go on to the end of the photo they are at.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lenscal.errors import LenscalError
from lenscal.files.export_settings import ExportSettings, output_path
from lenscal.files.profile import Profile, ProfilePhoto, ProfileStage
from lenscal.reports import Report

if TYPE_CHECKING:
    from lenscal.calibrate.settings import Calibration, CalibrationSettings
    from lenscal.optics.psf_grid import PsfGrid
    from lenscal.raw.folder import Inputs, Overrides
    from lenscal.raw.frame import Frame
    from lenscal.restore.settings import RestoreSettings

T = TypeVar("T")
Job = Generator[Report, str | None, T]

APERTURE_TOLERANCE = 0.04
FOCAL_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """How the correction of one photo ended: `output` is None where it was not written, and `problem` says why."""

    source: Path
    output: Path | None
    problem: str = ""
    skipped: bool = False
    """True: not written because the file is there already and that was asked for. No failure."""
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0


def follow(work: Job[T], low: float = 0.0, high: float = 1.0, *, forward_stop: bool = True) -> Job[tuple[T, bool]]:
    """Step `work` as a part (fractions low..high) of a longer job; also return whether "stop" was asked for."""
    reply, stopped = None, False
    try:
        while True:
            try:
                report = work.send(reply)
            except StopIteration as end:
                return end.value, stopped
            fraction = None if report.fraction is None else low + (high - low) * report.fraction
            reply = yield replace(report, fraction=fraction)
            stopped |= reply == "stop"
            if not forward_stop:
                reply = None
    finally:
        work.close()


@contextmanager
def photo_cache() -> Iterator[Path]:
    """A folder for decoded photos, which are too many for memory; removed at the end."""
    import platformdirs

    base = platformdirs.user_cache_path("lenscal")
    try:
        base.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="photos-", dir=base))
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="lenscal-photos-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def import_photos(
    sharp: Sequence[Path],
    degraded: Sequence[Path],
    *,
    sharp_overrides: Overrides | None = None,
    degraded_overrides: Overrides | None = None,
    cache: Path | None = None,
) -> Job[Inputs]:
    """Read both folders (or lists of RAW files). With `cache`, decoded photos live there instead of in memory."""
    from lenscal.raw.folder import Overrides, import_pair

    return (
        yield from import_pair(
            sharp,
            degraded,
            sharp_overrides=sharp_overrides or Overrides(),
            degraded_overrides=degraded_overrides or Overrides(),
            cache=cache,
        )
    )


def calibrate(inputs: Inputs, settings: CalibrationSettings) -> Job[Calibration]:
    """Learn the PSF grid from imported photos. "stop" keeps what was reached."""
    from lenscal.calibrate import engine

    return (yield from engine.calibrate(inputs.sharp.frames, inputs.degraded.frames, settings))


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


def correct(
    psf: PsfGrid | Profile,
    photos: Sequence[Path],
    settings: RestoreSettings,
    export: ExportSettings,
    *,
    force: bool = False,
) -> Job[list[PhotoResult]]:
    """Decode, correct and write photos one after the other. One bad file does not stop the rest.

    A photo whose camera, lens, focal length, aperture or size is not the profile's is refused with the reason;
    `force` corrects it all the same and turns the reason into a warning. "stop" ends after the present photo.
    """
    results: list[PhotoResult] = []
    for number, path in enumerate(photos):
        low, high = number / len(photos), (number + 1) / len(photos)
        reply = yield Report("correct", f"Correcting {path.name} ({number + 1} of {len(photos)})", low, number)
        if reply == "stop":
            break
        work = _correct_one(psf, path, settings, export, force=force)
        result, stopped = yield from follow(work, low, high, forward_stop=False)
        results.append(result)
        if stopped:
            break
    return results


def _correct_one(
    psf: PsfGrid | Profile, path: Path, settings: RestoreSettings, export: ExportSettings, *, force: bool
) -> Job[PhotoResult]:
    from lenscal.files.photo_files import write_photo
    from lenscal.raw.decode import decode_photo
    from lenscal.restore.photo import restore

    start = time.monotonic()
    try:
        output = output_path(path, export, method=settings.method)
        if output is None:
            return PhotoResult(path, None, "a file of that name exists: skipped", skipped=True)
        frame = decode_photo(path)
        differences = mismatches(psf, frame)
        if differences and not force:
            return PhotoResult(path, None, f"{'; '.join(differences)} (--force corrects it all the same)")
        grid = psf.psf if isinstance(psf, Profile) else psf
        rgb = yield from restore(frame, replace(grid, image_size=frame.size), settings)
        yield Report("correct", f"Writing {output.name}", 1.0)
        warnings = write_photo(output, rgb, frame, export, _settings_in_words(psf, settings))
    except (LenscalError, OSError, MemoryError) as error:
        return PhotoResult(path, None, str(error) or type(error).__name__, seconds=time.monotonic() - start)
    return PhotoResult(path, output, warnings=(*differences, *warnings), seconds=time.monotonic() - start)


def mismatches(psf: PsfGrid | Profile, frame: Frame) -> list[str]:
    """In what a photo differs from those that the PSF was learnt from, in words. Unknown things do not count."""
    grid = psf.psf if isinstance(psf, Profile) else psf
    found = []
    if grid.image_size != frame.size:
        (h, w), (height, width) = frame.size, grid.image_size
        found.append(f"the photo has {w} x {h} px, the PSF is for {width} x {height} px")
    if not isinstance(psf, Profile):
        return found
    info = frame.info
    for what, mine, theirs in (("camera", info.camera, psf.camera), ("lens", info.lens, psf.lens)):
        if mine and theirs and mine.strip().lower() != theirs.strip().lower():
            found.append(f"the photo's {what} is {mine}, the profile is for {theirs}")
    if _differ(info.aperture, psf.aperture_degraded, APERTURE_TOLERANCE):
        found.append(f"the photo was taken at f/{info.aperture:g}, the profile is for f/{psf.aperture_degraded:g}")
    if _differ(info.focal_mm, psf.focal_mm, FOCAL_TOLERANCE):
        found.append(f"the photo was taken at {info.focal_mm:g} mm, the profile is for {psf.focal_mm:g} mm")
    return found


def _differ(a: float | None, b: float | None, tolerance: float) -> bool:
    return a is not None and b is not None and abs(a - b) > tolerance * abs(b)


def _settings_in_words(psf: PsfGrid | Profile, settings: RestoreSettings) -> str:
    lens = psf.lens if isinstance(psf, Profile) else ""
    words = f"method {settings.method}, amount {settings.amount:g}, denoise {settings.denoise:g}"
    return f"{words}, PSF of {lens}" if lens else words
