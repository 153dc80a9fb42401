"""Correcting photos from the window: one for the screen, or many as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.errors import InputError
from lenscal.files.photos.screen import pyramid, to_screen
from lenscal.raw.pictures.kinds import Light
from lenscal.reports import Report
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.session import Comparison
from lenscal.stepping import Job, follow
from lenscal.system.preload import preload
from lenscal.translation import join_translatable, translatable

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
    from lenscal import jobs
    from lenscal.files.photos.photo_files import upright
    from lenscal.jobs.on_screen import corrected_for_screen
    from lenscal.jobs.window.apertures import chosen_for
    from lenscal.raw.decode import decode_photo

    yield Report("correct", translatable("Starting the numerical engine"))
    yield from preload()
    yield Report("correct", translatable("Reading {photo}", photo=photo.name), 0.0)
    frame = (
        developed.frame
        if developed is not None
        else decode_photo(photo, light=profile.light or Light.LINEAR)
    )
    chosen = yield from chosen_for(profile, frame)
    profile = chosen.profile
    # Only a size that does not fit is refused: the screen shows what the rest comes to.
    doubts = [*jobs.mismatches(profile, frame), *chosen.refusals, *chosen.notes]
    if chosen.prediction is not None:
        doubts.append(chosen.prediction.in_words)
    doubts += jobs.match_notes(profile, frame)
    if not jobs.fits_field(profile, frame):
        raise InputError(
            translatable(
                "{doubts}: choose a photo of the calibrated camera",
                doubts=join_translatable("; ", doubts),
            )
        )
    grid = jobs.grid_for(profile, frame)
    # 5 % of the bar for reading and 10 % for the view: about their share of the time of a Wiener
    # correction, the quickest.
    network = jobs.network_for(profile, frame, settings)
    corrected, _ = yield from follow(
        corrected_for_screen(frame, grid, settings, network), 0.05, 0.9
    )
    pixels, mask, strength = corrected
    if strength is not None:
        doubts = [*doubts, strength.in_words()]
    yield Report("correct", translatable("Preparing the preview"), 0.9)
    after = pyramid(pixels)
    del corrected, pixels
    yield Report("correct", translatable("Preparing the preview"), 0.95)
    if developed is not None:
        before = developed.before
    else:
        before = pyramid(to_screen(frame.rgb_tile(slice(None), slice(None)), frame))
    yield Report("correct", translatable("Preparing the mask"), 0.97)
    upright_mask = upright(mask, frame.info.orientation)
    return Comparison(photo, settings, before, after, upright_mask), tuple(doubts)


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
        source = library_source(with_networks=settings.method is Method.NETWORK)
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
