"""Photos that are corrected to be looked at: in the window, and in a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError, PhotoError
from lenscal.files.photos.screen import to_screen
from lenscal.raw.lens_setting import f_number
from lenscal.raw.pictures.kinds import Light
from lenscal.reports import Report
from lenscal.restore.settings import Method
from lenscal.stepping import Job, follow
from lenscal.translation import Translatable, join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.files.photos.export_settings import Look
    from lenscal.files.psf.profile import Profile
    from lenscal.files.report.crops import Crops
    from lenscal.lens.prediction import Chosen, Lens
    from lenscal.optics.psf_grid import PsfGrid
    from lenscal.raw.frame import Frame
    from lenscal.restore.network.bands import LensNetwork
    from lenscal.restore.ringing.strength import Strength
    from lenscal.restore.settings import RestoreSettings


@dataclass(frozen=True, slots=True, eq=False)
class OnScreen:
    """A photo that was corrected to be looked at.

    Attributes
    ----------
    pixels : uint8 ndarray [h, w, 3]
        Upright, sRGB.
    mask : uint8 ndarray [H, W]
        How much of the correction each pixel got, as the sensor lay.
    how : how it was corrected, in words for a report
    notes : what does not fit the profile, what is assumed, and what was taken back
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    how: str
    notes: tuple[Translatable, ...]


def corrected_for_screen(
    frame: Frame, grid: PsfGrid, settings: RestoreSettings, network: LensNetwork | None
) -> Job[tuple[NDArray[np.uint8], NDArray[np.uint8], Strength | None]]:
    """A corrected photo for the screen, its mask, and what was taken back of the correction."""
    from lenscal.jobs.photo_work import RowsInMemory
    from lenscal.restore.photo import restore_rows
    from lenscal.restore.ringing.strength import without_rings

    # 12 bytes a pixel: gone before the photo is developed a second time.
    mask, store = np.zeros(frame.size, np.uint8), RowsInMemory(frame.size)

    def keep(rows: range, rgb: NDArray[np.float32], weight: NDArray[np.float32]) -> None:
        mask[rows.start : rows.stop] = weight * 255 + 0.5
        store.append(rows, rgb)

    work = restore_rows(frame, grid, settings, keep, network=network)
    yield from follow(work, 0, 0.95)
    strength, _ = yield from follow(without_rings(frame, store, mask), 0.95, 1)
    return to_screen(store[:, :], frame), mask, strength


def correct_for_screen(
    lens: Lens, frame: Frame, settings: RestoreSettings, *, anyway: bool
) -> Job[OnScreen]:
    """Correct a photo with what a lens's file has for it.

    anyway : whether it is shown what the correction of a photo of another lens or aperture comes
        to; one of another size is refused all the same

    Raises
    ------
    InputError
        The photo is none of this lens.
    """
    from lenscal.jobs.kernel_choice import matched
    from lenscal.jobs.network import network_for
    from lenscal.jobs.profile_match import grid_for
    from lenscal.lens.place import fits_field

    calibrations = (lens.profile, *lens.profile.members)
    # Before a lens model is fitted.
    misplaced = not any(fits_field(each, frame) for each in calibrations)
    work = matched(lens, frame, anyway=anyway and not misplaced, for_network=settings.needs_network)
    match, _ = yield from follow(work, 0, 0.15)
    chosen = match.chosen
    if match.differences and not (anyway and fits_field(chosen.profile, frame)):
        raise _refused(frame, match.differences)
    grid = grid_for(chosen.profile, frame)
    network = network_for(chosen.profile, frame, settings)
    correcting = corrected_for_screen(frame, grid, settings, network)
    (pixels, mask, strength), _ = yield from follow(correcting, 0.15, 1)
    rings = [] if strength is None else [strength.in_words()]
    predicted = [] if chosen.prediction is None else [chosen.prediction.in_words]
    notes = (*match.differences, *predicted, *match.notes, *rings)
    return OnScreen(pixels, mask, _how(frame, settings, chosen, rings), notes)


def report_crops(
    profile: Profile, photo: Path, settings: RestoreSettings, look: Look
) -> Job[tuple[Crops, tuple[Translatable, ...]]]:
    """Parts of a photo before and after its correction, at 100 %, and what is to be said of it.

    Raises
    ------
    InputError
        The photo cannot be read, or the profile is not for such photos.
    """
    from lenscal.files.report.crops import crops_of
    from lenscal.intake.photo_files import check_is_photo
    from lenscal.jobs.network import require_network
    from lenscal.lens.prediction import Lens
    from lenscal.raw.decode import decode_photo

    check_is_photo(photo)
    if settings.method is Method.NETWORK:
        require_network(profile)
    yield Report("correct", translatable("Reading {photo}", photo=photo.name), 0.0)
    try:
        frame = decode_photo(photo, light=profile.light or Light.LINEAR)
    except PhotoError as error:
        raise InputError(
            translatable(
                "{photo}: {reason}: choose another photo", photo=photo, reason=error.reason
            )
        ) from error
    work = correct_for_screen(Lens(profile, keeps_models=True), frame, settings, anyway=False)
    shown, _ = yield from follow(work, 0.05, 0.95)
    before = to_screen(frame.rgb_tile(slice(None), slice(None)), frame)
    return crops_of(before, shown.pixels, look, shown.how), shown.notes


def _refused(frame: Frame, differences: Sequence[Translatable]) -> InputError:
    return InputError(
        translatable(
            "{photo}: {differences}: choose an uncorrected photo of this lens",
            photo=frame.info.path,
            differences=join_translatable("; ", differences),
        )
    )


def _how(
    frame: Frame, settings: RestoreSettings, chosen: Chosen, rings: Sequence[Translatable]
) -> str:
    """What a report says below the pictures; names of photos and devices have no place in it."""
    from lenscal.jobs.kernel_choice import correction_in_words

    if settings.method is Method.NONE or settings.amount == 0:
        return "Developed only: nothing is corrected."
    own, kernels = frame.info.aperture, chosen.profile.aperture_degraded
    taken = f", of a photo at {f_number(own)}" if own else ""
    words = f"Corrected{taken}: {correction_in_words(settings, chosen)}"
    if chosen.prediction is None and kernels:
        words = f"{words}, kernels photographed at {f_number(kernels)}"
    return " ".join(f"{text[:1].upper()}{text[1:]}." for text in (words, *map(str, rings)))
