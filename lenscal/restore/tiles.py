"""Cutting a photo into overlapping windows that add up to it again."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.blur.border import mirrored_index
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import NoiseModel
from lenscal.system.threads import in_order

T = TypeVar("T")


class LinearPhoto(Protocol):
    """What a correction needs of a photo. `Frame` is one; `ArrayPhoto` makes one from an array."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in px."""

    @property
    def noise(self) -> NoiseModel:
        """Of RAW values, before white balance and gain."""

    @property
    def white_balance(self) -> NDArray[np.float32]:
        """[3]: what the channels were multiplied by."""

    @property
    def clipping(self) -> NDArray[np.float32]:
        """[3]: RAW value 0..1 at which each channel clips, before white balance and gain."""

    @property
    def demosaiced(self) -> bool:
        """Whether two thirds of the values come from neighbouring sites."""

    def rgb_tile(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        """Linear camera RGB [h, w, 3]."""

    def gain_tile(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        """What vignetting's correction multiplied the values by, [h, w, 3]."""


@dataclass(frozen=True, slots=True, eq=False)
class ArrayPhoto:
    """An array as a photo: linear camera RGB [H, W, 3] float32, with its noise.

    Noise of channel c at value v: m a[c] v + m^2 b[c], where m = white_balance[c]; white, unless
    `demosaiced`.
    """

    rgb: NDArray[np.float32]
    noise: NoiseModel
    white_balance: NDArray[np.float32]
    demosaiced: bool = False

    @property
    def clipping(self) -> NDArray[np.float32]:
        """Ones [3]."""
        return np.ones(3, np.float32)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in px."""
        return self.rgb.shape[0], self.rgb.shape[1]

    def rgb_tile(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        """The array's values [h, w, 3]."""
        return np.asarray(self.rgb[rows, cols], np.float32)

    def gain_tile(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        """Ones [h, w, 3]: an array has no vignetting."""
        height, width = (
            len(range(*s.indices(n))) for s, n in zip((rows, cols), self.size, strict=True)
        )
        return np.ones((height, width, 3), np.float32)


@dataclass(frozen=True, slots=True)
class Tiling:
    """Windows of stride + ramp px that overlap by `ramp` px, each filtered in a field with `reach`
    px of zeros around.

    The windows (raised cosines with a flat top) sum to 1 at every pixel of the photo, so that
    filtering each windowed tile with one and the same filter and adding the results is the same as
    filtering the photo.
    """

    stride: int
    ramp: int
    reach: int

    @property
    def window_px(self) -> int:
        """Side of a window."""
        return self.stride + self.ramp

    @property
    def field_px(self) -> int:
        """Side of the field in which a window is filtered."""
        return self.stride + self.ramp + 2 * self.reach

    def starts(self, length: int, phase: int = 0) -> range:
        """First pixel of each window along an axis; the outer ones begin before the photo, on its
        mirror image.

        phase : how many pixels earlier they begin, 0 to stride - 1
        """
        # So early that the photo's first pixel lies under a whole window and its field.
        first = -self.ramp - self.reach - phase
        count = -(-(length + self.reach - first) // self.stride)
        return range(first, first + count * self.stride, self.stride)

    def line(self) -> NDArray[np.float32]:
        """The window along one axis, [window_px]."""
        ramp = raised_cosine(self.ramp)
        flat = np.ones(self.stride - self.ramp)
        return np.concatenate([ramp, flat, ramp[::-1]]).astype(np.float32)

    def window(self) -> NDArray[np.float32]:
        """[window_px, window_px]."""
        return np.outer(self.line(), self.line())


def raised_cosine(length: int) -> NDArray[np.float64]:
    """A ramp [length] from 0 to 1 that sums to 1 with its mirror image."""
    return np.sin(0.5 * np.pi * (np.arange(length) + 0.5) / length) ** 2


def tiling_for(kernel_size: int, stride: int = 128) -> Tiling:
    """A tiling whose overlap is at least the kernel's size; field sizes stay friendly to the FFT
    (multiples of 32)."""
    # A filter reaches about as far as its kernel: what it spreads beyond a window must find room
    # in the zeros around.
    overlap = max(32, 32 * -(-kernel_size // 32))
    return Tiling(max(stride, overlap), overlap, overlap // 2)


LARGE_PHOTO_PX = 2400
"""From this height or width (the lesser) on, tiles are twice as wide: a lens changes less from
pixel to pixel there (at 800 px they cost 0.2 dB, falling with the square of the size)."""


def tiling_of(psf: PsfGrid) -> Tiling:
    """The tiling for photos of the grid's size."""
    return tiling_for(psf.kernel_size, 256 if min(psf.image_size) >= LARGE_PHOTO_PX else 128)


def read_mirrored(photo: LinearPhoto, rows: range, cols: range) -> NDArray[np.float32]:
    """The photo's pixels [h, w, 3] of contiguous ranges that may leave the photo, which is
    mirrored there."""
    height, width = photo.size
    y0, y1 = max(rows.start, 0), min(rows.stop, height)
    x0, x1 = max(cols.start, 0), min(cols.stop, width)
    # OpenCV's order: above, below, left, right.
    beyond = (y0 - rows.start, rows.stop - y1, x0 - cols.start, cols.stop - x1)
    if y0 < y1 and x0 < x1 and max(beyond[:2]) <= y1 - y0 and max(beyond[2:]) <= x1 - x0:
        tile = photo.rgb_tile(slice(y0, y1), slice(x0, x1))
        if not max(beyond):
            return tile
        return np.asarray(cv2.copyMakeBorder(tile, *beyond, cv2.BORDER_REFLECT), np.float32)
    # OpenCV mirrors once; photos smaller than a window are mirrored again and again.
    index = [
        mirrored_index(np.arange(r.start, r.stop), n)
        for r, n in zip((rows, cols), photo.size, strict=True)
    ]
    (y0, y1), (x0, x1) = ((int(i.min()), int(i.max()) + 1) for i in index)
    tile = photo.rgb_tile(slice(y0, y1), slice(x0, x1))
    return tile[np.ix_(index[0] - y0, index[1] - x0)]


def noise_variance(
    photo: LinearPhoto, mean: Tensor, rows: NDArray[np.int_], cols: NDArray[np.int_]
) -> Tensor:
    """Noise variance [n, 3] of tiles with mean values [n, 3] whose centres are the pixels (rows,
    cols), clamped."""
    height, width = photo.size
    # Windows' centres may lie beyond the photo.
    y, x = np.clip(rows, 0, height - 1), np.clip(cols, 0, width - 1)
    gain = np.stack(
        [photo.gain_tile(slice(r, r + 1), slice(c, c + 1))[0, 0] for r, c in zip(y, x, strict=True)]
    )
    # One gain for a tile: vignetting changes little over it.
    multiplier = (gain * photo.white_balance).astype(np.float32)
    variance = photo.noise.variance(mean.cpu().numpy(), multiplier, dtype=np.float32)
    return torch.as_tensor(variance, device=mean.device)


def tile_kernels(
    psf: PsfGrid, rows: NDArray[np.int_], cols: NDArray[np.int_], device: torch.device
) -> Tensor:
    """Interpolated kernels [n, 3, k, k] at pixels (rows, cols)."""
    return torch.as_tensor(psf.at(_positions(psf, rows, cols)), dtype=torch.float32, device=device)


def tile_confidence(
    psf: PsfGrid, rows: NDArray[np.int_], cols: NDArray[np.int_], device: torch.device
) -> Tensor | None:
    """Interpolated confidence [n, 3] at pixels (rows, cols); None where the grid has none."""
    confidence = psf.confidence_at(_positions(psf, rows, cols))
    if confidence is None:
        return None
    return torch.as_tensor(confidence, dtype=torch.float32, device=device)


def _positions(psf: PsfGrid, rows: NDArray[np.int_], cols: NDArray[np.int_]) -> NDArray[np.float64]:
    """Field positions [n, 2] of pixels."""
    height, width = psf.image_size
    return np.stack([rows / max(height - 1, 1), cols / max(width - 1, 1)], axis=-1)


def in_parallel(
    work: Callable[[int], T], n: int, device: torch.device, *, most: int | None = None
) -> Generator[T, None, None]:
    """work(0) ... work(n - 1), on a processor side by side: small pieces of one after the other
    would wait a lot.

    Yields what they return in their order (`in_order`). At most `most` run at a time.
    """
    # On a GPU every piece is a queue of kernels, which threads would only shuffle.
    return in_order(work, range(n), most=most if device.type == "cpu" else 1)
