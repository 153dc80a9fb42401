"""Pools of photos that virtual scenes are painted from, so that the scenes of two folders have no
photo in common: of one kind, or of other kinds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.resource_files import resource
from lenscal.translation import translatable

LEAST_IN_POOL = 6
"""Photos: of fewer each would rule its folder's statistics."""
PHOTO_ENDINGS = (".jpg", ".jpeg", ".png")
_PART_OF_A_PHOTO = re.compile(r"(.*\d)_\d+")
"""Names of parts that were cut from one photo: its number, and theirs."""
_DEAL_SEED = 20261130
_LOOK_PX = 512
"""Side of the middle of a photo that its kind is told from."""
_NEAR_AXIS = 0.15
"""Radians: gradients that run so near to upright or level are those of what people build."""


class Subjects(StrEnum):
    """What the photos of two pools show."""

    ONE_KIND = "one kind"
    """Photos dealt out by chance."""
    OTHER_KINDS = "other kinds"
    """What people build, with its upright and level edges, against what grows."""


class Part(StrEnum):
    """Photos that lenses are tried with while methods are made, or those that are kept out: the
    two have no photo in common either."""

    ALL = "all"
    TUNING = "tuning"
    KEPT_OUT = "kept out"


@dataclass(frozen=True, slots=True)
class PhotoPool:
    """Photos that scenes are painted from; digest: of what they hold, which rendered scenes depend
    on."""

    files: tuple[Path, ...] = field(repr=False)
    digest: str


@dataclass(frozen=True, slots=True)
class FolderPools:
    """The pools of the two folders of a data set."""

    sharp: PhotoPool
    degraded: PhotoPool


@lru_cache(maxsize=8)
def folder_pools(
    folder: Path | None, subjects: Subjects, part: Part, *, swapped: bool = False
) -> FolderPools:
    """Disjoint pools from the photos of a folder (JPEG, PNG), or from the shipped ones.

    Parts of one photo (named alike but for a last number) come into one pool.

    Parameters
    ----------
    folder : Path or None
    part : which of the photos to deal out
    swapped : whether the folders take each other's pools

    Raises
    ------
    InputError
        Too few photos.
    """
    photos = _part_of(_photos_in(folder), part)
    if subjects is Subjects.OTHER_KINDS:
        # What is between the two kinds would make them one.
        photos = sorted(photos, key=_built_share)
        halves = photos[: len(photos) // 2], photos[(len(photos) + 1) // 2 :]
    else:
        halves = photos[::2], photos[1::2]
    pools = [_pool(half) for half in halves]
    if min(len(pool.files) for pool in pools) < LEAST_IN_POOL:
        raise InputError(
            translatable(
                "{folder}: two folders need at least {least} photos each to be painted from; give "
                "a folder of 100 photos or more (JPEG or PNG)",
                folder=folder or "resources",
                least=LEAST_IN_POOL,
            )
        )
    first, second = reversed(pools) if swapped else pools
    return FolderPools(first, second)


def _photos_in(folder: Path | None) -> list[tuple[Path, ...]]:
    """Photos, each with the parts that were cut from it, in an order that names alone decide."""
    folders = (
        [resource("scenes"), resource("more_scenes")] if folder is None else [folder.absolute()]
    )
    if folder is not None and not folder.is_dir():
        raise InputError(translatable("{folder}: there is no such folder", folder=folder))
    photos: dict[str, list[Path]] = {}
    for path in sorted(path for place in folders for path in place.iterdir()):
        if path.suffix.lower() in PHOTO_ENDINGS:
            part = _PART_OF_A_PHOTO.fullmatch(path.stem)
            photos.setdefault(part[1] if part else path.stem, []).append(path)
    # By chance, lest what was taken together comes together.
    order = np.random.default_rng(_DEAL_SEED).permutation(len(photos))
    names = sorted(photos)
    return [tuple(photos[names[i]]) for i in order]


def _part_of(photos: list[tuple[Path, ...]], part: Part) -> list[tuple[Path, ...]]:
    if part is Part.ALL:
        return photos
    return photos[: len(photos) // 2] if part is Part.TUNING else photos[len(photos) // 2 :]


def _pool(photos: Sequence[tuple[Path, ...]]) -> PhotoPool:
    files = tuple(sorted(path for photo in photos for path in photo))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return PhotoPool(files, digest.hexdigest()[:16])


def _built_share(photo: tuple[Path, ...]) -> float:
    """How much of a photo's contrast lies across upright and level edges (Torralba & Oliva 2003,
    doi:10.1088/0954-898X/14/3/302: what people build has its energy there, nature has it all
    round)."""
    return float(np.mean([_axis_share(path) for path in photo]))


def _axis_share(path: Path) -> float:
    grey = read_pixels(path, cv2.IMREAD_GRAYSCALE).astype(np.float32)
    top, left = (max(0, (n - _LOOK_PX) // 2) for n in grey.shape)
    grey = grey[top : top + _LOOK_PX, left : left + _LOOK_PX]
    gy, gx = cv2.Scharr(grey, cv2.CV_32F, 0, 1), cv2.Scharr(grey, cv2.CV_32F, 1, 0)
    angle = np.arctan2(np.minimum(abs(gy), abs(gx)), np.maximum(abs(gy), abs(gx)))
    strength = np.hypot(gy, gx)
    return float(strength[angle < _NEAR_AXIS].sum() / max(strength.sum(), 1e-9))


def read_pixels(path: Path, mode: int) -> NDArray[np.uint8]:
    """A picture's pixels, as OpenCV gives them.

    Raises
    ------
    InputError
        It is none.
    """
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), mode)
    if pixels is None:
        raise InputError(translatable("{photo}: not a picture that can be read", photo=path))
    return np.asarray(pixels, np.uint8)
