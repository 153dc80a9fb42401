"""Deblurring from the window: one photo for the screen, then as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenscal.deblur.settings import DeblurSettings
from lenscal.errors import LenscalError
from lenscal.raw.pictures.kinds import Light
from lenscal.reports import Report
from lenscal.session import Comparison
from lenscal.stepping import Job, follow
from lenscal.system.preload import preload
from lenscal.translation import Translatable, translatable

if TYPE_CHECKING:
    from lenscal.jobs import PhotoResult
    from lenscal.jobs.populations.deblurring import FoundBlur

_SEARCHED = 0.6
"""Part of the bar for finding the kernel."""


@dataclass(frozen=True, slots=True, eq=False)
class Deblurred:
    """A photo, restored for the screen.

    Attributes
    ----------
    kernels : float32 ndarray [1, n + 1, 3, k, k]
        The kernel that was used, then those that were drawn, the best one first.
    agreement : 0..1
    doubt : why it had better be left as it is, or None
    source : FoundBlur
        What was found: saving the photo does not look for it again.
    """

    comparison: Comparison
    kernels: NDArray[np.float32]
    agreement: float
    doubt: Translatable | None
    notes: Sequence[Translatable]
    source: FoundBlur


def deblur_for_screen(rig: Path, photo: Path, settings: DeblurSettings) -> Job[Deblurred]:
    """Find a photo's kernel and restore it, also where that is doubtful: the screen shows what it
    comes to.

    Raises
    ------
    InputError
        The rig's file is none, or the photo tells nothing.
    """
    from lenscal.deblur.sheet import sheet_grid
    from lenscal.files.photos.photo_files import upright
    from lenscal.files.photos.screen import pyramid, to_screen
    from lenscal.files.population.population_file import read_population
    from lenscal.jobs.on_screen import corrected_for_screen
    from lenscal.jobs.populations.deblurring import FoundBlur
    from lenscal.raw.decode import decode_photo

    yield Report("deblur", translatable("Starting the numerical engine"))
    yield from preload()
    population = read_population(rig)
    yield Report("deblur", translatable("Reading {photo}", photo=photo.name), 0.0)
    frame = decode_photo(photo, light=population.light or Light.LINEAR).without_mosaic()
    source = FoundBlur(population, settings, force=True)
    chosen, _ = yield from follow(source.for_frame(frame), 0.05, _SEARCHED)
    found = source.found[frame.info.path]
    work = corrected_for_screen(frame, chosen.profile.psf, settings.restore, None)
    (pixels, mask, strength), _ = yield from follow(work, _SEARCHED, 0.95)
    yield Report("deblur", translatable("Preparing the preview"), 0.95)
    before = pyramid(to_screen(frame.rgb_tile(slice(None), slice(None)), frame))
    comparison = Comparison(
        photo,
        settings.restore,
        before,
        pyramid(pixels),
        upright(mask, frame.info.orientation),
    )
    rings = () if strength is None else (strength.in_words(),)
    doubt = found.doubt
    notes = tuple(note for note in chosen.notes[1:] if note != doubt)
    return Deblurred(
        comparison,
        sheet_grid(found).kernels,
        found.agreement,
        doubt,
        (*notes, *rings),
        source,
    )


def save_deblurred(deblurred: Deblurred, folder: Path) -> Job[Path]:
    """Write the photo into a folder, as `lenscal deblur` does.

    Raises
    ------
    LenscalError
        It could not be written.
    """
    from lenscal.files.photos.export_settings import ExportSettings
    from lenscal.jobs.populations.deblurring import deblur

    results: list[PhotoResult] = []
    photo = deblurred.comparison.photo
    yield from deblur(deblurred.source, [photo], ExportSettings(folder), results_so_far=results)
    output = results[0].output if results else None
    if output is None:
        problem = results[0].problem if results else ""
        raise LenscalError(
            translatable("{name} was not written: {problem}", name=photo.name, problem=problem)
        )
    return output
