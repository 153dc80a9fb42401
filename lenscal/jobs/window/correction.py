"""Correcting photos from the window: one for the screen, or many as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.files.photos.screen import pyramid, to_screen
from lenscal.raw.pictures.kinds import Light
from lenscal.reports import Report
from lenscal.restore.settings import RestoreSettings
from lenscal.session import Comparison
from lenscal.stepping import Job, follow
from lenscal.system.preload import preload
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.files.photos.export_settings import ExportSettings
    from lenscal.files.psf.profile import Profile
    from lenscal.jobs import PhotoResult
    from lenscal.jobs.window.preview import Developed
    from lenscal.lens.prediction import ProfileSource


def compare(
    profile: Profile,
    photo: Path,
    settings: RestoreSettings,
    developed: Developed | None = None,
) -> Job[tuple[Comparison, tuple[str, ...]]]:
    """Correct one photo for the screen. Also what in it does not fit the profile, in words, and
    what was taken back of the correction.

    developed : the photo where it was read already

    Raises
    ------
    InputError
        The PSF is for photos of another size.
    """
    from lenscal.files.photos.photo_files import upright
    from lenscal.jobs.on_screen import correct_for_screen
    from lenscal.jobs.window.apertures import lens_of
    from lenscal.raw.decode import decode_photo

    yield Report("correct", translatable("Starting the numerical engine"))
    yield from preload()
    yield Report("correct", translatable("Reading {photo}", photo=photo.name), 0.0)
    frame = (
        developed.frame
        if developed is not None
        else decode_photo(photo, light=profile.light or Light.LINEAR)
    )
    # 5 % of the bar for reading and 10 % for the view: about their share of the time of a Wiener
    # correction, the quickest.
    work = correct_for_screen(lens_of(profile), frame, settings, anyway=True)
    shown, _ = yield from follow(work, 0.05, 0.9)
    yield Report("correct", translatable("Preparing the preview"), 0.9)
    after = pyramid(shown.pixels)
    yield Report("correct", translatable("Preparing the preview"), 0.95)
    if developed is not None:
        before = developed.before
    else:
        before = pyramid(to_screen(frame.rgb_tile(slice(None), slice(None)), frame))
    yield Report("correct", translatable("Preparing the mask"), 0.97)
    mask = upright(shown.mask, frame.info.orientation)
    return Comparison(photo, settings, before, after, mask, shown.how), shown.notes


def export_photos(
    profile: Profile,
    photos: Sequence[Path],
    settings: RestoreSettings,
    export: ExportSettings,
    *,
    save_mask: bool = False,
    force: bool = False,
    from_library: bool = False,
    results_so_far: list[PhotoResult] | None = None,
) -> Job[list[PhotoResult]]:
    """Write corrected photos.

    Photos that do not fit the profile are left out with the reason, or corrected with a warning
    (`force`); `from_library`, each photo gets its own profile instead. However it ends,
    `results_so_far` holds what became of the photos that it had come to.
    """
    from lenscal import jobs
    from lenscal.jobs.window.library import library_source

    yield Report("correct", translatable("Starting the numerical engine"))
    yield from preload()
    export.out.mkdir(parents=True, exist_ok=True)
    source: Profile | ProfileSource = profile
    if from_library:
        source = library_source(with_networks=settings.needs_network)
    results = yield from jobs.correct(
        source,
        photos,
        settings,
        export,
        force=force,
        save_mask=save_mask,
        results_so_far=results_so_far,
    )
    return results
