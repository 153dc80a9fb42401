"""The visible part of a photo, corrected by the code of the export before anything is written."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenscal.files.photos.screen import pyramid, to_screen
from lenscal.raw.pictures.kinds import Light
from lenscal.reports import Report
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.stepping import Job
from lenscal.system.preload import preload
from lenscal.translation import Translatable, translatable

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile
    from lenscal.raw.frame import Frame

BLOCK_PX = 256
"""What was corrected is noted in blocks of this side."""
PIECE_PX = 1024
"""A larger visible part is corrected in pieces of this side, from the middle outwards."""
SLOW_PIECE_PX = 256
"""Of slow methods: one takes about two seconds."""
SLOW = (Method.DPIR, Method.DIFFPIR, Method.NETWORK)
"""These take seconds to most of a minute a megapixel: the Wiener filter's correction is shown until
theirs is there."""
VIRTUAL_DEGRADED, VIRTUAL_TRUTH = "degraded", "reference"
"""Names of the virtual camera's photos of a scene that is kept out."""
MOST_PX, SLOW_MOST_PX = 9e6, 2.1e6
"""Larger parts are not corrected by themselves: it would take long."""
Block = tuple[int, int]
"""(row, column)."""
Rect = tuple[int, int, int, int]
"""left, top, right, bottom, px of the upright photo."""


@dataclass(frozen=True, slots=True, eq=False)
class Developed:
    """A photo as it was, for the screen.

    before, after : pyramids of uint8 [h, w, 3] sRGB, upright; `after` begins as `before` and is
        painted over.
    mask : uint8 [h, w] of the first level, how much correction each pixel gets; 0 where it is not
        known.
    truth : pyramid of what a perfect correction would give, where the virtual camera took it;
        empty of any other photo.
    """

    photo: Path
    frame: Frame
    before: tuple[NDArray[np.uint8], ...]
    after: tuple[NDArray[np.uint8], ...]
    mask: NDArray[np.uint8]
    truth: tuple[NDArray[np.uint8], ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) px, upright."""
        return self.before[0].shape[0], self.before[0].shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A corrected part: pixels uint8 [h, w, 3] and mask uint8 [h, w] at `rect`."""

    rect: Rect
    pixels: NDArray[np.uint8]
    mask: NDArray[np.uint8]


def open_photo(photo: Path, cache: Path, light: Light = Light.LINEAR) -> Job[Developed]:
    """Decode a photo (into memory maps in `cache`) and develop it for the screen.

    light : how a picture's values are taken
    """
    from lenscal.raw.decode import decode_photo

    yield Report("open", translatable("Reading {photo}", photo=photo.name))
    cache.mkdir(parents=True, exist_ok=True)
    frame = decode_photo(photo, cache=cache, light=light)
    yield Report("open", translatable("Preparing the preview"))
    pixels = np.empty((*frame.size, 3), np.uint8)
    # In strips, as the linear photo takes four times the memory; turned at the end, as a whole.
    for y in range(0, frame.size[0], PIECE_PX):
        rows = slice(y, min(y + PIECE_PX, frame.size[0]))
        pixels[rows] = to_screen(
            frame.rgb_tile(rows, slice(None)), frame, turned=False, origin=(y, 0)
        )
        yield Report("open", translatable("Preparing the preview"), rows.stop / frame.size[0])
    from lenscal.files.photos.photo_files import upright

    before = pyramid(upright(pixels, frame.info.orientation))
    del pixels
    yield Report("open", translatable("Preparing the preview"), 1.0)
    # A copy of every level: `before` is shown beside it, unchanged.
    after = tuple(level.copy() for level in before)
    mask = np.zeros(before[0].shape[:2], np.uint8)
    return Developed(photo, frame, before, after, mask, _truth_of(photo, before[0].shape))


def _truth_of(photo: Path, shape: tuple[int, ...]) -> tuple[NDArray[np.uint8], ...]:
    """The virtual camera's photo of the same scene without blur and noise, which lies beside its
    degraded one."""
    from lenscal.errors import LenscalError
    from lenscal.files.own_files import is_virtual_photo
    from lenscal.raw.decode import decode_photo

    path = photo.with_name(f"{VIRTUAL_TRUTH}{photo.suffix}")
    if photo.stem != VIRTUAL_DEGRADED or not path.is_file():
        return ()
    if not (is_virtual_photo(photo) and is_virtual_photo(path)):
        return ()
    try:
        frame = decode_photo(path)
    except LenscalError:
        # The photo itself can be read: that its truth is gone is no reason to show nothing.
        return ()
    pixels = to_screen(frame.rgb_tile(slice(None), slice(None)), frame)
    return pyramid(pixels) if pixels.shape == shape else ()


def doubts_of(profile: Profile, frame: Frame) -> Job[tuple[Translatable, ...]]:
    """Why a photo does not suit a profile, in words; nothing where it does."""
    from lenscal.jobs.kernel_choice import matched
    from lenscal.jobs.window.apertures import lens_of

    yield Report("open", translatable("Comparing the photo with the profile"))
    match = yield from matched(lens_of(profile), frame)
    return match.differences


def correct_part(
    profile: Profile, developed: Developed, settings: RestoreSettings, rect: Rect
) -> Job[Piece]:
    """Correct a part of a photo. Where it rings, by the edges of the part alone: those of the whole
    photo, which the export goes by, are not known here."""
    # torch takes seconds to load: the window goes on meanwhile.
    yield from preload()
    from lenscal.files.photos.photo_files import upright
    from lenscal.jobs.network import network_for
    from lenscal.jobs.photo_work import RowsInMemory
    from lenscal.jobs.profile_match import grid_for
    from lenscal.jobs.window.apertures import chosen_for
    from lenscal.restore.region import Part, restore_region
    from lenscal.restore.ringing.strength import without_rings

    frame = developed.frame
    chosen = yield from chosen_for(profile, frame, for_network=settings.needs_network)
    rows, cols = sensor_part(rect, frame.size, frame.info.orientation)
    # A crop of the sensor has seen a part of the grid's field.
    grid = grid_for(chosen.profile, frame)
    network = network_for(chosen.profile, frame, settings)
    rgb, mask = yield from restore_region(frame, grid, settings, rows, cols, network=network)
    weight, store = (mask * 255 + 0.5).astype(np.uint8), RowsInMemory(mask.shape)
    store.append(range(len(rgb)), rgb)
    yield from without_rings(Part(frame, rows, cols), store, weight)
    grey = upright(weight, frame.info.orientation)
    return Piece(rect, to_screen(store[:, :], frame, origin=(rows.start, cols.start)), grey)


def sensor_part(rect: Rect, size: tuple[int, int], orientation: int) -> tuple[range, range]:
    """Rows and columns of the sensor, (height, width) px, of a part of the upright photo (EXIF
    Orientation 1 to 8)."""
    left, top, right, bottom = rect
    height, width = size
    # 5 to 8 are transposed; of what is then left of a turn, each axis is mirrored or not.
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
    """Show a part as it was before."""
    left, top, right, bottom = rect
    for level in range(len(developed.before)):
        # A pixel of a coarser level may lie half in the part: it goes with it.
        rows = slice(top >> level, (bottom >> level) + 1)
        cols = slice(left >> level, (right >> level) + 1)
        developed.after[level][rows, cols] = developed.before[level][rows, cols]
    developed.mask[top:bottom, left:right] = 0


def _renew(levels: Sequence[NDArray[np.uint8]], rect: Rect) -> None:
    """Halve a part of the first level for the coarser ones."""
    import cv2

    left, top, right, bottom = rect
    for level in range(1, len(levels)):
        height, width = levels[level].shape[:2]
        y0, x0 = top >> level, left >> level
        y1, x1 = min((bottom >> level) + 1, height), min((right >> level) + 1, width)
        # Levels are halved downwards: the last rows of an odd one have no pixel in the next.
        if y0 >= y1 or x0 >= x1:
            return
        part = levels[level - 1][2 * y0 : 2 * y1, 2 * x0 : 2 * x1]
        smaller = cv2.resize(part, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
        levels[level][y0:y1, x0:x1] = smaller


def blocks_of(rect: Rect) -> Iterator[Block]:
    """The blocks that a part touches."""
    left, top, right, bottom = rect
    for row in range(top // BLOCK_PX, -(-bottom // BLOCK_PX)):
        for col in range(left // BLOCK_PX, -(-right // BLOCK_PX)):
            yield row, col


def around(blocks: Collection[Block], size: tuple[int, int]) -> Rect:
    """The smallest part of a photo (height, width) that holds these blocks."""
    rows, cols = [row for row, _ in blocks], [col for _, col in blocks]
    right = min((max(cols) + 1) * BLOCK_PX, size[1])
    bottom = min((max(rows) + 1) * BLOCK_PX, size[0])
    return min(cols) * BLOCK_PX, min(rows) * BLOCK_PX, right, bottom


def missing_pieces(
    visible: Rect, corrected: Set[Block], size: tuple[int, int], method: Method
) -> list[Rect] | None:
    """What of the visible part is still to be corrected, in whole blocks, the middle first.

    None where that is too much for the method. `size` is the photo's, (height, width) px.
    """
    uncorrected = [block for block in blocks_of(visible) if block not in corrected]
    if not uncorrected:
        return []
    left, top, right, bottom = around(list(blocks_of(visible)), size)
    most, side = (SLOW_MOST_PX, SLOW_PIECE_PX) if method in SLOW else (MOST_PX, PIECE_PX)
    if (right - left) * (bottom - top) > most:
        return None
    left, top, right, bottom = around(uncorrected, size)
    pieces = []
    for y in range(top, bottom, side):
        for x in range(left, right, side):
            # Without what is done of it already: each piece brings something new, so that there is
            # an end.
            piece = x, y, min(x + side, right), min(y + side, bottom)
            lacking = set(blocks_of(piece)).intersection(uncorrected)
            if lacking:
                pieces.append(around(lacking, size))
    # Where the user looks first.
    middle = _middle(visible)
    return sorted(pieces, key=lambda piece: math.dist(_middle(piece), middle))


def _middle(rect: Rect) -> tuple[float, float]:
    return (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2
