"""Enlarging from the window: one photo into a file, and what came of it for the screen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenscal.enlarge.settings import EnlargeSettings
from lenscal.errors import LenscalError
from lenscal.files.photos.export_settings import ExportSettings
from lenscal.reports import Report
from lenscal.stepping import Job, follow
from lenscal.translation import message_of, translatable

if TYPE_CHECKING:
    from lenscal.jobs.enlarging import EnlargedPhoto
    from lenscal.raw.frame import Frame

MOST_SHOWN_PX = 1600
"""Side of the middle of the enlarged photo that is shown: the whole of a large one would not fit
the memory twice."""
_ENLARGED = 0.9
"""Part of the bar for enlarging and writing."""


@dataclass(frozen=True, slots=True, eq=False)
class Enlarged:
    """A photo that was enlarged.

    Attributes
    ----------
    output : its file
    before, after : uint8 sRGB pyramids
        The middle of the photo, made as large by a cubic spline, and of the enlarged one.
    kernel : float32 ndarray [1, 1, 3, k, k]
        Which the photo had gone through, px of the enlarged one.
    axes_px : (longer, shorter) standard deviation of the kernel; None where it was given
    """

    output: Path
    before: tuple[NDArray[np.uint8], ...]
    after: tuple[NDArray[np.uint8], ...]
    kernel: NDArray[np.float32]
    axes_px: tuple[float, float] | None
    warnings: tuple[str, ...] = ()


def enlarge_for_screen(photo: Path, settings: EnlargeSettings, folder: Path) -> Job[Enlarged]:
    """Enlarge a photo into a folder, as `lenscal enlarge` does, and show its middle.

    Raises
    ------
    LenscalError
        It could not be read, enlarged or written; says why.
    """
    from lenscal.jobs.enlarging import enlarge
    from lenscal.system.preload import preload

    yield Report("enlarge", translatable("Starting the numerical engine"))
    yield from preload()
    results: list[EnlargedPhoto] = []
    export = ExportSettings(folder, template=f"{{name}}_x{settings.factor}", keep_pictures=True)
    work = enlarge([photo], settings, export, results_so_far=results)
    yield from follow(work, 0.0, _ENLARGED)
    result = results[0] if results else None
    if result is None or result.output is None:
        problem = "" if result is None else result.problem
        raise LenscalError(
            translatable("{name} was not enlarged: {problem}", name=photo.name, problem=problem)
        )
    yield Report("enlarge", translatable("Preparing the preview"), _ENLARGED)
    return _shown(result, settings)


def _shown(result: EnlargedPhoto, settings: EnlargeSettings) -> Enlarged:
    import cv2

    from lenscal.files.kernel_file import read_kernel
    from lenscal.files.photos.screen import pyramid

    assert result.output is not None
    kernel = np.ones((1, 1), np.float32)
    if result.kernel_file is not None:
        kernel = read_kernel(result.kernel_file)
    warnings = list(result.warnings)
    before = after = np.zeros((1, 1, 3), np.uint8)
    try:
        small = _middle(result.source, MOST_SHOWN_PX // settings.factor, 1)
        after = _middle(result.output, settings.factor * len(small), settings.factor)
        plain = cv2.resize(small, after.shape[1::-1], interpolation=cv2.INTER_CUBIC)
        before = plain.astype(np.uint8, copy=False)
    except LenscalError as error:
        # The file is there; only its picture is missing.
        warnings.append(message_of(error))
    grid = np.broadcast_to(kernel, (1, 1, 3, *kernel.shape)).astype(np.float32)
    return Enlarged(
        result.output, pyramid(before), pyramid(after), grid, result.axes_px, tuple(warnings)
    )


def _middle(path: Path, side: int, factor: int) -> NDArray[np.uint8]:
    """A square of the middle of a photo in sRGB, upright; what stands there in a photo that was
    enlarged by a factor is what stood there before."""
    from lenscal.files.photos.screen import to_screen
    from lenscal.raw.decode import decode_photo
    from lenscal.raw.pictures.kinds import Light

    frame: Frame = decode_photo(path, light=Light.STORED)
    # A square stays one however the photo is turned.
    side = min(side, *frame.size) // factor * factor
    top, left = (factor * ((n - side) // factor // 2) for n in frame.size)
    part = slice(top, top + side), slice(left, left + side)
    return to_screen(frame.rgb_tile(*part), frame, origin=(top, left))
