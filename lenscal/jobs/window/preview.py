"""The visible part of a photo, corrected by the code of the export before anything is written. No
Qt."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lenscal.files.photos.screen import pyramid, to_screen
from lenscal.reports import Report
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.stepping import Job
from lenscal.system.preload import preload

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile
    from lenscal.raw.frame import Frame

BLOCK_PX = 256
"""What was corrected is noted in blocks of this side."""
PIECE_PX = 1024
"""A larger visible part is corrected in pieces of this side, from the middle outwards."""
PIECE_PX_SLOW = 256
"""Of slow methods: one takes about two seconds."""
SLOW = (Method.DPIR, Method.DIFFPIR)
"""These take most of a minute a megapixel: the Wiener filter's correction is shown until theirs is
there."""
MOST_PX, MOST_PX_SLOW = 9e6, 2.1e6
"""Larger parts are not corrected by themselves: it would take long."""
Rect = tuple[int, int, int, int]
"""left, top, right, bottom, px of the upright photo."""


@dataclass(frozen=True, slots=True, eq=False)
class Developed:
    """A photo as it was, for the screen.

    before, after : pyramids of uint8 [h, w, 3] sRGB, upright; `after` begins as `before` and is
    painted over.
    mask : uint8 [h, w] of the first level, how much correction each pixel gets; 0 where it is not
    known.
    """

    photo: Path
    frame: Frame
    before: tuple[np.ndarray, ...]
    after: tuple[np.ndarray, ...]
    mask: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) px, upright."""
        return self.before[0].shape[0], self.before[0].shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A corrected part: pixels uint8 [h, w, 3] and mask uint8 [h, w] at `rect`."""

    rect: Rect
    pixels: np.ndarray
    mask: np.ndarray


def open_photo(photo: Path, cache: Path) -> Job[Developed]:
    """Decode a photo (into memory maps in `cache`) and develop it for the screen."""
    from lenscal.raw.decode import decode_photo

    yield Report("open", f"Reading {photo.name}")
    cache.mkdir(parents=True, exist_ok=True)
    frame = decode_photo(photo, cache=cache)
    yield Report("open", "Preparing the view")
    whole = np.empty((*frame.size, 3), np.uint8)
    for y in range(0, frame.size[0], PIECE_PX):
        rows = slice(y, min(y + PIECE_PX, frame.size[0]))
        whole[rows] = to_screen(frame.rgb_tile(rows, slice(None)), frame, turned=False)
        yield Report("open", "Preparing the view", rows.stop / frame.size[0])
    from lenscal.files.photos.photo_files import upright

    before = pyramid(upright(whole, frame.info.orientation))
    del whole
    yield Report("open", "Preparing the view", 1.0)
    after = tuple(level.copy() for level in before)
    return Developed(photo, frame, before, after, np.zeros(before[0].shape[:2], np.uint8))


def correct_part(
    profile: Profile, developed: Developed, settings: RestoreSettings, rect: Rect
) -> Job[Piece]:
    """Correct a part of a photo."""
    yield from preload()
    from lenscal.files.photos.photo_files import upright
    from lenscal.restore.region import restore_region

    frame = developed.frame
    rows, cols = sensor_part(rect, frame.size, frame.info.orientation)
    rgb, mask = yield from restore_region(frame, profile.psf, settings, rows, cols)
    grey = upright((mask * 255 + 0.5).astype(np.uint8), frame.info.orientation)
    return Piece(rect, to_screen(rgb, frame), grey)


def sensor_part(rect: Rect, size: tuple[int, int], orientation: int) -> tuple[range, range]:
    """Rows and columns of the sensor, (height, width) px, of a part of the upright photo (EXIF
    Orientation 1 to 8)."""
    left, top, right, bottom = rect
    height, width = size
    if orientation >= 5:
        left, top, right, bottom = top, left, bottom, right
    if orientation in (3, 4, 6, 7):
        top, bottom = height - bottom, height - top
    if orientation in (2, 3, 7, 8):
        left, right = width - right, width - left
    return range(top, bottom), range(left, right)


def paint(developed: Developed, piece: Piece) -> None:
    """Put a corrected part into `after`, at every level, and into the mask."""
    left, top, right, bottom = piece.rect
    developed.after[0][top:bottom, left:right] = piece.pixels
    developed.mask[top:bottom, left:right] = piece.mask
    _renew(developed.after, piece.rect)


def take_back(developed: Developed, rect: Rect) -> None:
    """Show a part as it was."""
    left, top, right, bottom = rect
    for level in range(len(developed.before)):
        part = (
            slice(top >> level, (bottom >> level) + 1),
            slice(left >> level, (right >> level) + 1),
        )
        developed.after[level][part] = developed.before[level][part]
    developed.mask[top:bottom, left:right] = 0


def _renew(levels: Sequence[np.ndarray], rect: Rect) -> None:
    import cv2

    left, top, right, bottom = rect
    for level in range(1, len(levels)):
        height, width = levels[level].shape[:2]
        y0, x0 = top >> level, left >> level
        y1, x1 = min((bottom >> level) + 1, height), min((right >> level) + 1, width)
        if y0 >= y1 or x0 >= x1:
            return
        part = levels[level - 1][2 * y0 : 2 * y1, 2 * x0 : 2 * x1]
        levels[level][y0:y1, x0:x1] = cv2.resize(
            part, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA
        )


def blocks_of(rect: Rect) -> Iterator[tuple[int, int]]:
    """(row, column) of the blocks that a part touches."""
    left, top, right, bottom = rect
    for row in range(top // BLOCK_PX, -(-bottom // BLOCK_PX)):
        for col in range(left // BLOCK_PX, -(-right // BLOCK_PX)):
            yield row, col


def around(blocks: Collection[tuple[int, int]], size: tuple[int, int]) -> Rect:
    """The smallest part of a photo (height, width) that holds these blocks."""
    rows, cols = [row for row, _ in blocks], [col for _, col in blocks]
    right, bottom = (
        min((max(cols) + 1) * BLOCK_PX, size[1]),
        min((max(rows) + 1) * BLOCK_PX, size[0]),
    )
    return min(cols) * BLOCK_PX, min(rows) * BLOCK_PX, right, bottom


def missing_pieces(
    visible: Rect, done: Set[tuple[int, int]], size: tuple[int, int], method: Method
) -> list[Rect] | None:
    """What of the visible part is still to be corrected, in whole blocks, the middle first; None:
    too much."""
    left, top, right, bottom = around(list(blocks_of(visible)), size)
    wanted = [block for block in blocks_of(visible) if block not in done]
    if (right - left) * (bottom - top) > (MOST_PX_SLOW if method in SLOW else MOST_PX) and wanted:
        return None
    left, top, right, bottom = around(wanted, size) if wanted else (0, 0, 0, 0)
    pieces, side = [], PIECE_PX_SLOW if method in SLOW else PIECE_PX
    for y in range(top, bottom, side):
        for x in range(left, right, side):
            # Without what is done of it already: each piece brings something new, so that there is
            # an end.
            lacking = set(
                blocks_of((x, y, min(x + side, right), min(y + side, bottom)))
            ).intersection(wanted)
            if lacking:
                pieces.append(around(lacking, size))
    middle = (visible[0] + visible[2]) / 2, (visible[1] + visible[3]) / 2

    def distance(piece: Rect) -> float:
        return float(
            np.hypot((piece[0] + piece[2]) / 2 - middle[0], (piece[1] + piece[3]) / 2 - middle[1])
        )

    return sorted(pieces, key=distance)
