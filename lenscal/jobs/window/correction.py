"""Correcting photos from the window: one for the screen, or many as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lenscal.errors import InputError
from lenscal.files.photos.screen import pyramid, to_screen
from lenscal.raw.pictures.kinds import Light
from lenscal.reports import Report
from lenscal.restore.settings import RestoreSettings
from lenscal.session import Comparison
from lenscal.stepping import Job, follow
from lenscal.system.preload import preload
from lenscal.translation import join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.files.photos.export_settings import ExportSettings
    from lenscal.files.psf.profile import Profile
    from lenscal.jobs import PhotoResult
    from lenscal.jobs.window.preview import Developed


def compare(
    profile: Profile,
    photo: Path,
    settings: RestoreSettings,
    developed: Developed | None = None,
) -> Job[tuple[Comparison, tuple[str, ...]]]:
    """Correct one photo for the screen. Also what in it does not fit the profile, in words.

    developed : the photo where it was read already

    Raises
    ------
    InputError
        The PSF is for photos of another size.
    """
    from lenscal import jobs
    from lenscal.files.photos.photo_files import upright
    from lenscal.raw.decode import decode_photo

    yield Report("correct", translatable("Starting the numerical engine"))
    yield from preload()
    from lenscal.restore.photo import restore

    yield Report("correct", translatable("Reading {photo}", photo=photo.name), 0.0)
    frame = (
        developed.frame
        if developed is not None
        else decode_photo(photo, light=profile.light or Light.LINEAR)
    )
    # Only a size that does not fit is refused: the screen shows what the rest comes to.
    doubts = [*jobs.mismatches(profile, frame), *jobs.match_notes(profile, frame)]
    if not jobs.fits_field(profile, frame):
        raise InputError(
            translatable(
                "{doubts}: choose a photo of the calibrated camera",
                doubts=join_translatable("; ", doubts),
            )
        )
    grid = jobs.grid_for(profile, frame)
    weight = np.empty(frame.size, np.float32)
    # 5 % of the bar for reading and 10 % for the view: about their share of the time of a Wiener
    # correction, the quickest.
    rgb, _ = yield from follow(restore(frame, grid, settings, mask=weight), 0.05, 0.9)
    yield Report("correct", translatable("Preparing the view"), 0.9)
    after = pyramid(to_screen(rgb, frame))
    # 12 bytes a pixel: gone before the photo is developed a second time.
    del rgb
    yield Report("correct", translatable("Preparing the view"), 0.95)
    if developed is not None:
        before = developed.before
    else:
        before = pyramid(to_screen(frame.rgb_tile(slice(None), slice(None)), frame))
    yield Report("correct", translatable("Preparing the mask"), 0.97)
    grey = (weight * 255 + 0.5).astype(np.uint8)
    mask = upright(grey, frame.info.orientation)
    return Comparison(photo, settings, before, after, mask), tuple(doubts)


def export_photos(
    profile: Profile,
    photos: Sequence[Path],
    settings: RestoreSettings,
    export: ExportSettings,
    *,
    save_mask: bool = False,
    force: bool = False,
    results_so_far: list[PhotoResult] | None = None,
) -> Job[list[PhotoResult]]:
    """Write corrected photos.

    Photos that do not fit the profile are left out with the reason, or corrected with a warning
    (`force`). However it ends, `results_so_far` holds what became of the photos that it had come
    to.
    """
    from lenscal import jobs

    yield Report("correct", translatable("Starting the numerical engine"))
    yield from preload()
    export.out.mkdir(parents=True, exist_ok=True)
    results = yield from jobs.correct(
        profile,
        photos,
        settings,
        export,
        force=force,
        save_mask=save_mask,
        results_so_far=results_so_far,
    )
    return results
