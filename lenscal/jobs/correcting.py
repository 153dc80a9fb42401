"""Correct photos with a PSF grid and write them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.errors import LenscalError
from lenscal.files.export_settings import ExportSettings, output_path
from lenscal.files.profile import Profile
from lenscal.raw.grouping import APERTURE_TOLERANCE, FOCAL_TOLERANCE, same
from lenscal.reports import Report
from lenscal.stepping import Job, follow

if TYPE_CHECKING:
    from lenscal.optics.psf_grid import PsfGrid
    from lenscal.raw.frame import Frame
    from lenscal.restore.settings import RestoreSettings


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """How the correction of one photo ended: `output` is None where it was not written, and `problem` says why."""

    source: Path
    output: Path | None
    problem: str = ""
    skipped: bool = False
    """True: not written because the file is there already and that was asked for. No failure."""
    wrong_input: bool = False
    """True: refused before any work, for what the photo or its name is."""
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0


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
        result, stopped = yield from follow(work, low, high, forward_stop=False, prefix=f"{path.name}: ")
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
    except (LenscalError, OSError) as error:
        return PhotoResult(path, None, str(error), wrong_input=True)
    differences = mismatches(psf, frame)
    if differences and not force:
        problem = f"{'; '.join(differences)} (--force corrects it all the same)"
        return PhotoResult(path, None, problem, wrong_input=True)
    grid = psf.psf if isinstance(psf, Profile) else psf
    try:
        rgb = yield from restore(frame, replace(grid, image_size=frame.size), settings)
        yield Report("correct", f"writing {output.name}", 1.0)
        export.out.mkdir(exist_ok=True)
        warnings = write_photo(output, rgb, frame, export, _settings_in_words(psf, settings))
    except (LenscalError, OSError, MemoryError) as error:
        return PhotoResult(path, None, str(error) or "not enough memory", seconds=time.monotonic() - start)
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
        found.append(f"the photo was taken at {_f(info.aperture)}, the profile is for {_f(psf.aperture_degraded)}")
    if _differ(info.focal_mm, psf.focal_mm, FOCAL_TOLERANCE):
        found.append(f"the photo was taken at {info.focal_mm:g} mm, the profile is for {psf.focal_mm:g} mm")
    return found


def _differ(a: float | None, b: float | None, tolerance: float) -> bool:
    return a is not None and b is not None and not same(a, b, tolerance)


def _f(aperture: float | None) -> str:
    return f"f/{round(aperture, 1):g}" if aperture else "an unknown aperture"


def _settings_in_words(psf: PsfGrid | Profile, settings: RestoreSettings) -> str:
    lens = psf.lens if isinstance(psf, Profile) else ""
    words = f"method {settings.method}, amount {settings.amount:g}, denoise {settings.denoise:g}"
    return f"{words}, PSF of {lens}" if lens else words
