"""Photos that are corrected to be looked at: in the window, and in a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.files.photos.screen import to_screen
from lenscal.raw.pictures.kinds import Light
from lenscal.reports import Report
from lenscal.stepping import Job, follow
from lenscal.translation import Translatable, join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.files.photos.export_settings import Look
    from lenscal.files.psf.profile import Profile
    from lenscal.files.report.crops import Crop
    from lenscal.optics.psf_grid import PsfGrid
    from lenscal.raw.frame import Frame
    from lenscal.restore.network.bands import LensNetwork
    from lenscal.restore.ringing.strength import Strength
    from lenscal.restore.settings import RestoreSettings


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


def report_crops(
    profile: Profile, photo: Path, settings: RestoreSettings, look: Look
) -> Job[tuple[list[Crop], tuple[Translatable, ...]]]:
    """Parts of a photo before and after its correction, at 100 %, and what is to be said of it.

    Raises
    ------
    InputError
        The profile is not for such photos.
    """
    from lenscal.files.photos.colour import SPACES, look_curve
    from lenscal.files.photos.export_settings import Space
    from lenscal.files.report.crops import crops_of
    from lenscal.jobs.network import network_for
    from lenscal.jobs.profile_match import grid_for, match_notes, mismatches
    from lenscal.lens.prediction import Lens
    from lenscal.raw.decode import decode_photo

    yield Report("correct", translatable("Reading {photo}", photo=photo.name), 0.0)
    frame = decode_photo(photo, light=profile.light or Light.LINEAR)
    choosing = Lens(profile, keeps_models=True).for_photo(frame.info)
    chosen, _ = yield from follow(choosing, 0.05, 0.2)
    differences = [*mismatches(chosen.profile, frame), *chosen.refusals]
    if differences:
        raise InputError(
            translatable(
                "{photo}: {differences}: choose a photo of this lens",
                photo=photo,
                differences=join_translatable("; ", differences),
            )
        )
    grid = grid_for(chosen.profile, frame)
    network = network_for(chosen.profile, frame, settings)
    work = corrected_for_screen(frame, grid, settings, network)
    (after, _, strength), _ = yield from follow(work, 0.2, 0.95)
    before = to_screen(frame.rgb_tile(slice(None), slice(None)), frame)
    curve = look_curve(look, SPACES[Space.SRGB], np.dtype(np.uint8))
    predicted = [] if chosen.prediction is None else [chosen.prediction.in_words]
    rings = [] if strength is None else [strength.in_words()]
    notes = (*predicted, *chosen.notes, *match_notes(chosen.profile, frame), *rings)
    return crops_of(before, after, curve), notes
