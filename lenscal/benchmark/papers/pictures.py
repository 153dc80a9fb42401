"""The photos of the papers' protocols: free ones that the user names, else those that ship."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.resource_files import resource
from lenscal.translation import translatable

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
WHITE = 65535

Picture = NDArray[np.float32]
"""Stored values 0..1, [h, w, 3] in RGB."""


def photos_in(folder: Path | None) -> list[Path]:
    """The pictures of a folder, or the scenes that ship.

    Raises
    ------
    InputError
        There is no such folder, or no picture in it.
    """
    where = resource("scenes") if folder is None else folder
    if not where.is_dir():
        raise InputError(translatable("--photos {path}: there is no such folder", path=where))
    found = sorted(path for path in where.iterdir() if path.suffix.lower() in SUFFIXES)
    if not found:
        raise InputError(
            translatable("--photos {path}: no PNG, JPEG or TIFF pictures in it", path=where)
        )
    return found


def shuffled(photos: Sequence[Path], seed: int) -> list[Path]:
    """By chance: lists are sorted by source, and a split by their order would compare sources."""
    order = np.random.default_rng(seed).permutation(len(photos))
    return [photos[i] for i in order]


def read_pictures(
    photos: Sequence[Path], least_px: int, *, halved: bool, crop_px: int | None = None
) -> Iterator[Picture]:
    """Those that are large enough; halved: at half their size, which is sharp; crop_px: the middle
    of them."""
    for path in photos:
        stored = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if stored is None:
            continue
        if halved:
            stored = cv2.resize(stored, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        if min(stored.shape[:2]) < least_px:
            continue
        if crop_px is not None:
            y, x = ((max(n - crop_px, 0)) // 2 for n in stored.shape[:2])
            stored = stored[y : y + crop_px, x : x + crop_px]
        yield np.ascontiguousarray(stored[..., ::-1], np.float32) / np.float32(255)


def blurred(picture: Picture, kernel: NDArray[np.floating]) -> Picture:
    """Convolved, mirrored at its border."""
    flipped = np.ascontiguousarray(kernel[::-1, ::-1], np.float32)
    return np.asarray(cv2.filter2D(picture, -1, flipped, borderType=cv2.BORDER_REFLECT), np.float32)


def write_picture(path: Path, picture: Picture) -> None:
    """As a PNG of 16 bits, which clips what noise leads beyond black and white."""
    values = np.rint(np.clip(picture, 0, 1) * WHITE).astype(np.uint16)
    cv2.imwrite(str(path), values[..., ::-1])


def psnr(picture: Picture, truth: Picture, weights: NDArray[np.floating], border: int) -> float:
    """dB, of the weighted sum of the colours, without the border."""
    inner = (slice(border, -border),) * 2
    difference = (picture[inner] - truth[inner]).astype(np.float64) @ weights
    return float(-10 * np.log10(max(float(np.square(difference).mean()), 1e-12)))
