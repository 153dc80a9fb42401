"""Photos of the virtual lens, for a first try without a camera."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.stepping import Job

if TYPE_CHECKING:
    from lenscal.optics.psf_grid import PsfGrid


@dataclass(frozen=True, slots=True)
class VirtualPhotos:
    """The virtual lens's folders, a photo to try the correction on, and what a calibration should
    find."""

    sharp: Path
    degraded: Path
    evaluation: Path
    truth: PsfGrid


def virtual_photos(
    out: Path, *, size: tuple[int, int], n_photos: int, seed: int = 0
) -> Job[VirtualPhotos]:
    """Take the virtual lens's photos: real RAW files of a lens whose aberrations are known.

    size : (height, width) of a photo, px
    """
    from lenscal.virtual.dataset import VirtualSettings, write_dataset

    settings = VirtualSettings(size=size, n_photos=n_photos, seed=seed)
    dataset = yield from write_dataset(out, settings)
    return VirtualPhotos(
        dataset.sharp_folder, dataset.degraded_folder, dataset.degraded_photo, dataset.truth
    )
