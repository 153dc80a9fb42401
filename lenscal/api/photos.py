"""Photos for a calibration: two folders, or arrays that are in memory already."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenscal.api.progress import Progress, run
from lenscal.errors import InputError
from lenscal.stepping import Job
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.intake.grouping import Overrides
    from lenscal.intake.inputs import ImportedFolder, Inputs
    from lenscal.raw.frame import Frame, NoiseModel

PathLikeText: TypeAlias = "str | PathLike[str]"
PhotoSet: TypeAlias = "PathLikeText | Sequence[PathLikeText] | Sequence[NDArray[np.generic]]"
"""A folder, a list of files and folders, or a list of arrays [H, W, 3]."""
_WIDE = 65535


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Photos:
    """What `calibrate` learns from: the photos of both sets that are worth it.

    Attributes
    ----------
    inputs : lenscal.intake.inputs.Inputs
        Frames, surveys and verdicts; not part of what stays (docs/python-api.md).
    """

    inputs: Inputs

    @property
    def sharp(self) -> tuple[Path, ...]:
        """The photos at the good aperture that are used."""
        return tuple(photo.path for photo in self.inputs.sharp.photos)

    @property
    def degraded(self) -> tuple[Path, ...]:
        """The photos at the aperture to correct that are used."""
        return tuple(photo.path for photo in self.inputs.degraded.photos)

    @property
    def rejected(self) -> dict[Path, str]:
        """Photos that are left out, and why."""
        both = (*self.inputs.sharp.rejected, *self.inputs.degraded.rejected)
        return {out.path: str(out.reason) for out in both}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know of them."""
        return tuple(str(warning) for warning in self.inputs.warnings)

    @property
    def image_size(self) -> tuple[int, int]:
        """(height, width) px of all of them."""
        return self.inputs.degraded.frames[0].size

    def pixels(self, which: str, number: int) -> NDArray[np.float32]:
        """Linear, white-balanced camera RGB [H, W, 3] of one photo; 1.0 is RAW white.

        which : "sharp" or "degraded"
        number : of the photo in that property
        """
        frame = {"sharp": self.inputs.sharp, "degraded": self.inputs.degraded}[which].frames[number]
        return frame.rgb_tile(slice(None), slice(None))


def read_photos(
    sharp: PhotoSet,
    degraded: PhotoSet,
    *,
    aperture_sharp: float | None = None,
    aperture_degraded: float | None = None,
    lens: str | None = None,
    focal_mm: float | None = None,
    keep_all: bool = False,
    progress: Progress = None,
) -> Photos:
    """Read the photos of a calibration and leave out what is not worth learning from.

    Decoded photos live in lenscal's cache folder until what is returned is forgotten.

    Parameters
    ----------
    sharp, degraded : path, list of paths, or list of arrays
        Photos at the good aperture, and at the one to correct: folders, RAW files or pictures; or
        arrays [H, W, 3] of linear light, floating (1.0 is white) or whole numbers (their largest
        is white).
    aperture_sharp, aperture_degraded : float or None
        f-numbers that files do not tell; where a folder holds several apertures, which to take.
    lens, focal_mm : str, float or None
        What files do not tell.
    keep_all : bool
        Also photos that look flat, clipped, shaken.

    Raises
    ------
    InputError
        There is nothing to learn from, or the photos do not belong together.
    """
    from lenscal.intake.grouping import Overrides

    of_sharp, of_degraded = (
        Overrides(aperture, lens, focal_mm) for aperture in (aperture_sharp, aperture_degraded)
    )
    first, second = _listed(sharp, "sharp"), _listed(degraded, "degraded")
    if isinstance(first, _Arrays) and isinstance(second, _Arrays):
        return Photos(
            run(_from_arrays(first, second, of_sharp, of_degraded, keep_all=keep_all), progress)
        )
    if isinstance(first, _Arrays) or isinstance(second, _Arrays):
        raise InputError(translatable("one set is of arrays, the other of files: give one kind"))
    return _from_files(first, second, of_sharp, of_degraded, keep_all=keep_all, progress=progress)


def array_frame(
    array: NDArray[np.generic], name: str, overrides: Overrides | None, noise: NoiseModel | None
) -> Frame:
    """An array [H, W, 3] of linear light as a photo; noise that is not known is measured.

    Raises
    ------
    InputError
        It has another shape, or holds what is no number.
    """
    from lenscal.raw.frame import PhotoInfo
    from lenscal.raw.full_colour import full_colour_frame
    from lenscal.raw.pictures.kinds import Light

    values = np.asarray(array)
    if values.ndim != 3 or values.shape[2] != 3 or values.dtype.kind not in "uif":
        raise InputError(
            translatable(
                "{name}: an array must be numbers [height, width, 3], got {kind} {shape}",
                name=name,
                kind=str(values.dtype),
                shape=values.shape,
            )
        )
    if not np.isfinite(values).all():
        raise InputError(translatable("{name} holds values that are no numbers", name=name))
    full = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    # In the units of 16 bits, as pictures: what is assumed of noise that cannot be measured is in
    # steps of them.
    pixels: Any = values
    if values.dtype != np.uint16:
        pixels = values.astype(np.float32) * np.float32(_WIDE / full)
    height, width = values.shape[:2]
    info = PhotoInfo(
        Path(name),
        aperture=overrides.aperture if overrides else None,
        lens=(overrides.lens if overrides else None) or "",
        focal_mm=overrides.focal_mm if overrides else None,
        width=width,
        height=height,
        light=Light.STORED,
    )
    return full_colour_frame(info, pixels, 1 / _WIDE, noise)


class _Arrays(list[NDArray[np.generic]]):
    """Photos that are in memory."""


def _listed(photos: PhotoSet, role: str) -> _Arrays | list[Path]:
    if isinstance(photos, str | PathLike):
        return [Path(photos)]
    items = list(photos)
    arrays = _Arrays(item for item in items if isinstance(item, np.ndarray))
    if not arrays:
        return [Path(item) for item in items if not isinstance(item, np.ndarray)]
    if len(arrays) != len(items):
        raise InputError(
            translatable("the {role} photos are arrays and files: give one kind", role=role)
        )
    return arrays


def _from_files(
    sharp: list[Path],
    degraded: list[Path],
    of_sharp: Overrides,
    of_degraded: Overrides,
    *,
    keep_all: bool,
    progress: Progress,
) -> Photos:
    from lenscal.jobs.cache import ScratchKind, scratch_folder
    from lenscal.jobs.calibrating import import_photos

    folder = scratch_folder(ScratchKind.COMMAND)
    try:
        work = import_photos(
            sharp,
            degraded,
            sharp_overrides=of_sharp,
            degraded_overrides=of_degraded,
            cache=folder.path,
            keep_all=keep_all,
        )
        photos = Photos(run(work, progress))
    except BaseException:
        folder.remove()
        raise
    # Gigabytes, which are wanted as long as the photos are.
    weakref.finalize(photos, folder.remove)
    return photos


def _from_arrays(
    sharp: _Arrays,
    degraded: _Arrays,
    of_sharp: Overrides,
    of_degraded: Overrides,
    *,
    keep_all: bool,
) -> Job[Inputs]:
    from lenscal.intake.grouping import check_same_setup
    from lenscal.intake.inputs import judge_folders, refuse_hopeless

    folders = []
    for role, arrays, overrides in (
        ("sharp", sharp, of_sharp),
        ("degraded", degraded, of_degraded),
    ):
        folders.append((yield from _surveyed(role, arrays, overrides)))
    infos = [frame.info for folder in folders for frame in folder.frames]
    check_same_setup(infos, "sharp and degraded")
    inputs = judge_folders(*folders, keep_all=keep_all)
    refuse_hopeless(inputs)
    return inputs


def _surveyed(role: str, arrays: _Arrays, overrides: Overrides) -> Job[ImportedFolder]:
    from lenscal.intake.inputs import ImportedFolder, JudgedPhoto
    from lenscal.intake.survey import survey
    from lenscal.reports import Report

    photos = []
    for n, array in enumerate(arrays):
        name = f"{role} {n + 1}"
        message = translatable("Looking at the texture of {name}", name=name)
        yield Report("import", message, n / len(arrays), n)
        frame = array_frame(array, name, overrides, None)
        photos.append(JudgedPhoto(frame, survey(frame)))
    return ImportedFolder(tuple(photos), ())
