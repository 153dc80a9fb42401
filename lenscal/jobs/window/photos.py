"""Reading both sets of photos, with small pictures of them for the window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenscal.reports import Report
from lenscal.session import Source
from lenscal.stepping import Job
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.intake.grouping import Overrides
    from lenscal.intake.inputs import Inputs


@dataclass(frozen=True, slots=True, eq=False)
class ReadPhotos:
    """Both sets as they were read."""

    inputs: Inputs
    thumbnails: Mapping[Path, NDArray[np.uint8]]
    """Photo -> [h, w, 3] sRGB."""
    pitch_um: float | None = None
    """Distance of the sensor's pixels, where the metadata of the photos to correct say it."""


def read_photos(sharp: Source, degraded: Source, cache: Path) -> Job[ReadPhotos]:
    """Import both sets and make thumbnails; whether they can be calibrated is asked when that
    begins."""
    from lenscal import jobs

    inputs = yield from jobs.import_photos(
        sharp.paths,
        degraded.paths,
        sharp_overrides=_overrides(sharp),
        degraded_overrides=_overrides(degraded),
        cache=cache,
        # What is hopeless is said when the calibration begins: the user may mend it before.
        only_look=True,
    )
    thumbnails = yield from _thumbnails(inputs)
    first = next(iter(inputs.degraded.frames), None)
    pitch_um = None if first is None else first.info.pixel_pitch_um
    return ReadPhotos(inputs, thumbnails, pitch_um)


def _overrides(source: Source) -> Overrides:
    from lenscal.intake.grouping import Overrides

    return Overrides(source.aperture, source.lens, source.focal_mm, source.light)


def _thumbnails(inputs: Inputs) -> Job[dict[Path, NDArray[np.uint8]]]:
    """Of all photos, also of rejected ones; of those that could not be decoded, the camera's own
    preview."""
    from lenscal.files.photos.photo_preview import read_preview
    from lenscal.files.photos.screen import thumbnail

    rejected = (*inputs.sharp.rejected, *inputs.degraded.rejected)
    frames = [
        *inputs.sharp.frames,
        *inputs.degraded.frames,
        *(r.photo.frame for r in rejected if r.photo),
    ]
    thumbnails: dict[Path, NDArray[np.uint8]] = {}
    for number, frame in enumerate(frames):
        message = translatable("Preparing the preview of {photo}", photo=frame.info.path.name)
        yield Report("import", message, number / len(frames), number)
        thumbnails[frame.info.path] = thumbnail(frame)
    for path in (r.path for r in rejected if r.photo is None):
        yield Report("import", translatable("Looking for the preview of {photo}", photo=path.name))
        # The decoder refused the file, but its preview may still show which photo it is.
        pixels = read_preview(path).pixels
        if pixels is not None:
            thumbnails[path] = pixels
    return thumbnails
