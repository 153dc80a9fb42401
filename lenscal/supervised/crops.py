"""Crops of sharp photos: what a restored photo is to look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError, PhotoError
from lenscal.raw.pictures.kinds import Light, kind_by_name
from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.translation import Translatable, message_of, translatable

if TYPE_CHECKING:
    from lenscal.raw.frame import Frame

MOST_CROPS = 240
"""That are kept in memory: 300 MB of 448 px."""
MOST_RAW_PHOTOS, MOST_PICTURES = 48, 120
"""That are read: a RAW photo takes seconds, and has room for several crops."""
MOST_IN_PHOTO = 8
FULL_SIZE_SHARE = 0.25
"""Part of the crops of pictures that are cut at full size; the others at half, where JPEG's blocks
and a camera's sharpening are gone. Of RAW photos all are cut at half, which demosaicing and noise
do not reach."""
_CANDIDATES = 3
"""Places of which the one with the most detail is taken: sky and blurred background teach
little."""
_BRIGHTEST = 4.0
"""Light beyond is lamps."""


@dataclass(frozen=True, slots=True, eq=False)
class SharpPhoto:
    """Crops of one photo, float16 [h, w, 3], linear light."""

    path: Path
    crops: tuple[NDArray[np.float16], ...]


@dataclass(frozen=True, slots=True)
class SharpPhotos:
    """Photos to train on, and what was left out of them, in words."""

    photos: tuple[SharpPhoto, ...]
    notes: tuple[Translatable, ...]


def read_crops(paths: Sequence[Path], crop_px: int, light: Light, seed: int) -> Job[SharpPhotos]:
    """Cut crops of crop_px x crop_px out of photos, all over the folder.

    Raises
    ------
    InputError
        Fewer than two photos can be used: one is for training, another for judging it.
    """
    from lenscal.raw.decode import decode_photo

    rng = np.random.default_rng([seed, 1])
    pictures = all(kind_by_name(path) is not None for path in paths)
    most = MOST_PICTURES if pictures else MOST_RAW_PHOTOS
    chosen = [paths[i] for i in np.sort(rng.permutation(len(paths))[:most])]
    each = int(np.clip(MOST_CROPS // max(len(chosen), 1), 1, MOST_IN_PHOTO))
    photos: list[SharpPhoto] = []
    notes: list[Translatable] = []
    for number, path in enumerate(chosen):
        message = translatable("Reading sharp photos: {name}", name=path.name)
        yield Report("read", message, number / len(chosen), number)
        # One bad file shall not end a training.
        try:
            frame = decode_photo(path, light=light)
            crops = tuple(_cut(frame, crop_px, rng, pictures=pictures) for _ in range(each))
        except PhotoError as error:
            notes.append(message_of(error))
            continue
        if crops[0].size:
            photos.append(SharpPhoto(path, crops))
        else:
            notes.append(
                translatable("{name}: smaller than {px} px, left out", name=path.name, px=crop_px)
            )
    if len(photos) < 2:
        raise InputError(
            translatable(
                "--photos: {n} photos can be used, a training needs at least 2 sharp ones of "
                "{px} x {px} px or more: choose another folder",
                n=len(photos),
                px=crop_px,
            )
        )
    return SharpPhotos(tuple(photos), tuple(notes))


def _cut(
    frame: Frame, crop_px: int, rng: np.random.Generator, *, pictures: bool
) -> NDArray[np.float16]:
    """A crop with detail; an empty one where the photo is too small."""
    full_size = bool(pictures and rng.random() < FULL_SIZE_SHARE)
    factor = 1 if full_size or min(frame.size) < 2 * crop_px else 2
    side = factor * crop_px
    if min(frame.size) < side:
        return np.empty((0, 0, 3), np.float16)
    best, most = np.empty((0, 0, 3), np.float32), -1.0
    for _ in range(_CANDIDATES):
        y, x = (int(rng.integers(0, length - side + 1)) for length in frame.size)
        tile = frame.rgb_tile(slice(y, y + side), slice(x, x + side))
        if factor > 1:
            tile = np.asarray(cv2.resize(tile, (crop_px, crop_px), interpolation=cv2.INTER_AREA))
        detail = _detail(tile)
        if detail > most:
            best, most = tile, detail
    return np.clip(best, 0, _BRIGHTEST).astype(np.float16)


def _detail(tile: NDArray[np.float32]) -> float:
    """Mean difference of neighbours, as it is looked at."""
    u = np.sqrt(np.maximum(tile[..., 1], 0))
    return float(np.abs(np.diff(u, axis=0)).mean() + np.abs(np.diff(u, axis=1)).mean())
