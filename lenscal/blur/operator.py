"""The space-varying blur as a linear operator, A: what the lens does to a photo; the one that
everything shares.

    y(p) = sum_n w_n(p) (K_n * x)(p) = sum_q K_p(q) x(p - q), with K_p = sum_n w_n(p) K_n

*Order*: first convolve with each node's kernel, then interpolate between the results, bilinearly
(w_n), at the place p of the pixel that is looked at: the photo's light at p was gathered with p's
kernel. An impulse at q is seen at p as K_p(p - q): the kernels of the pixels around q.

*Orientation*: convolution, not correlation. A kernel's light right of and below its central pixel
moves the image to the right and down. Rows run down in sensor orientation, as in `PsfGrid`.

*Border*: outside the image x is taken as mirrored (half-sample symmetric: ... 1 0 | 0 1 2 ...), in
the adjoint too.

Between four nodes the weights are u_i(y) v_j(x). The image is cut into tiles that lie between the
same four: one Fourier transform of each, products with the four nodes' transfer functions, back
along y, interpolated along y, back along x, interpolated along x. That is exact; it differs from
sums over pixels by rounding only.

Patches so small that a lens does not change within them are blurred with one kernel each
(`blur_patches`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lenscal.errors import InputError
from lenscal.optics.psf_grid import PsfGrid

FIELD_PX = 256
"""Sides of the tiles' Fourier transforms where kernels are small beside them; larger ones leave the
cache."""


def A(x: Tensor, psf: PsfGrid, *, origin: tuple[int, int] = (0, 0)) -> Tensor:
    """Blur an image. Memory: the result and some tiles.

    Parameters
    ----------
    x : Tensor [3, H, W] or [B, 3, H, W], floating
        A photo or a part of one, linear camera RGB.
    psf : PsfGrid
    origin : (y, x)
        Position in px of the part's first pixel on the sensor (`psf.image_size`).

    Returns
    -------
    Tensor like x

    Raises
    ------
    InputError
        The part does not lie inside the sensor.
    """
    batch, lines = _prepared(x, psf, origin)
    out = torch.empty_like(batch)
    for tile in _tiles(lines, psf, batch):
        field = batch.index_select(-2, tile.y_from).index_select(-1, tile.x_from)
        several = torch.fft.rfft2(field, s=tile.size) * tile.transfer
        along_y = _weighted(
            torch.fft.ifft(several, dim=-2)[..., tile.y_valid, :],
            tile.u[:, None, None, None, :, None],
        )
        both = _weighted(
            torch.fft.irfft(along_y, n=tile.size[1])[..., tile.x_valid], tile.v[:, None, None, None]
        )
        out[..., tile.rows, tile.cols] = both
    return out if x.ndim == 4 else out[0]


def A_adjoint(y: Tensor, psf: PsfGrid, *, origin: tuple[int, int] = (0, 0)) -> Tensor:
    """The adjoint of `A`: <A x, y> = <x, A_adjoint y>, mirrored border included. Shapes and errors
    as in `A`."""
    batch, lines = _prepared(y, psf, origin)
    out = torch.zeros_like(batch)
    for tile in _tiles(lines, psf, batch):
        part = batch[..., tile.rows, tile.cols]
        across = batch.new_zeros(len(tile.v), *part.shape[:-1], tile.size[1])
        across[..., tile.x_valid] = part * tile.v[:, None, None, None]
        spectra = torch.fft.rfft(across)
        both = spectra.new_zeros(len(tile.u), *spectra.shape[:-2], tile.size[0], spectra.shape[-1])
        both[..., tile.y_valid, :] = spectra * tile.u[:, None, None, None, :, None]
        gathered = (torch.fft.fft(both, dim=-2) * tile.transfer.conj()).sum((0, 1))
        field = torch.fft.irfft2(gathered, s=tile.size)[..., : len(tile.y_from), : len(tile.x_from)]
        (y0, y1), field = _folded(field, tile.y_from, -2)
        (x0, x1), field = _folded(field, tile.x_from, -1)
        out[..., y0:y1, x0:x1] += field
    return out if y.ndim == 4 else out[0]


def blur_patches(x: Tensor, kernels: Tensor) -> Tensor:
    """Convolve each patch with a kernel of its own: `A` where the kernels do not change, without a
    border.

    x : [n, 3, h + k - 1, w + k - 1]; kernels : [n, 3, k, k]. Returns [n, 3, h, w]. Differentiable
    in both.
    """
    n, size = len(x), kernels.shape[-1]
    taps = kernels.flip(-1, -2).reshape(n * 3, 1, size, size)
    y = functional.conv2d(x.reshape(1, n * 3, *x.shape[-2:]), taps, groups=n * 3)
    return y.view(n, 3, *y.shape[-2:])


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Pixels of one axis that lie between the same nodes (one, or two), numbered from the part's
    first pixel."""

    start: int
    stop: int
    node: int
    weights: np.ndarray
    """[1 or 2, stop - start]: of the node and of the next one."""


@dataclass(frozen=True, slots=True, eq=False)
class _Tile:
    rows: slice
    cols: slice
    y_from: Tensor
    """[h + k - 1]: rows of the part that the tile's field is read from."""
    x_from: Tensor
    u: Tensor
    """[1 or 2, h]: weights of the nodes above and below."""
    v: Tensor
    transfer: Tensor
    """[1 or 2, 1 or 2, 1, 3, F, F // 2 + 1]: of the nodes above and below, left and right."""
    size: tuple[int, int]
    y_valid: slice
    x_valid: slice


def _prepared(
    x: Tensor, psf: PsfGrid, origin: tuple[int, int]
) -> tuple[Tensor, tuple[list[_Piece], list[_Piece]]]:
    if x.ndim not in (3, 4) or x.shape[-3] != 3:
        raise InputError(f"the operator takes [3, H, W] or [B, 3, H, W], got {tuple(x.shape)}")
    height, width = x.shape[-2:]
    if (
        min(origin) < 0
        or origin[0] + height > psf.image_size[0]
        or origin[1] + width > psf.image_size[1]
    ):
        raise InputError(
            f"tile {height}x{width} at {origin} does not lie inside the sensor {psf.image_size}"
        )
    most = max(FIELD_PX, 4 * psf.kernel_size) - psf.kernel_size + 1
    axes = zip((height, width), origin, psf.image_size, psf.shape, strict=True)
    rows, cols = (_pieces(*axis, most) for axis in axes)
    return x if x.ndim == 4 else x[None], (rows, cols)


def _pieces(length: int, origin: int, full: int, nodes: int, most: int) -> list[_Piece]:
    """An axis cut at the nodes and into pieces of at most `most` px."""
    at = (origin + np.arange(length)) / max(full - 1, 1) * (nodes - 1)
    first = np.minimum(at.astype(int), max(nodes - 2, 0))
    out = []
    for node in np.unique(first):
        inside = np.flatnonzero(first == node)
        for part in np.array_split(inside, -(-len(inside) // most)):
            to_next = at[part] - node
            weights = np.stack([1 - to_next, to_next]) if nodes > 1 else np.ones((1, len(part)))
            out.append(_Piece(int(part[0]), int(part[-1]) + 1, int(node), weights))
    return out


def _tiles(lines: tuple[list[_Piece], list[_Piece]], psf: PsfGrid, like: Tensor) -> Iterator[_Tile]:
    """The tiles of an image, with what is needed to blur each; transfer functions of two rows of
    nodes at a time."""
    k, (height, width) = psf.kernel_size, like.shape[-2:]
    longest = [max(piece.stop - piece.start for piece in axis) for axis in lines]
    size = _friendly(longest[0] + k - 1), _friendly(longest[1] + k - 1)

    def read_from(piece: _Piece, length: int) -> Tensor:
        index = torch.arange(piece.start - k // 2, piece.stop + k // 2, device=like.device) % (
            2 * length
        )
        return torch.where(index < length, index, 2 * length - 1 - index)

    def tensor(values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=like.dtype, device=like.device)

    cols = [(piece, read_from(piece, width), tensor(piece.weights)) for piece in lines[1]]
    known, transfers = -1, like.new_zeros(0)
    for row in lines[0]:
        if row.node != known:
            known, kernels = row.node, tensor(psf.kernels[row.node : row.node + len(row.weights)])
            transfers = torch.fft.rfft2(kernels, s=size)[:, :, None]
        y_from, u = read_from(row, height), tensor(row.weights)
        for col, x_from, v in cols:
            yield _Tile(
                slice(row.start, row.stop),
                slice(col.start, col.stop),
                y_from,
                x_from,
                u,
                v,
                transfers[:, col.node : col.node + len(col.weights)],
                size,
                slice(k - 1, k - 1 + row.stop - row.start),
                slice(k - 1, k - 1 + col.stop - col.start),
            )


def _friendly(length: int) -> int:
    """The next even number without prime factors above 5."""
    size = length + length % 2
    while True:
        left = size
        for prime in (2, 3, 5):
            while left % prime == 0:
                left //= prime
        if left == 1:
            return size
        size += 2


def _weighted(values: Tensor, weights: Tensor) -> Tensor:
    """Sum over the first axis of values [1 or 2, ...] times weights that broadcast to them."""
    out = values[0] * weights[0]
    return out if len(values) == 1 else out + values[1] * weights[1]


def _folded(field: Tensor, index: Tensor, dim: int) -> tuple[tuple[int, int], Tensor]:
    """Values of an axis of `field` added up where they were read from: the range of those places,
    and the sums."""
    first, last = int(index.min()), int(index.max())
    if last - first + 1 == len(index):
        return (first, last + 1), field
    shape = list(field.shape)
    shape[dim] = last - first + 1
    return (first, last + 1), field.new_zeros(shape).index_add_(dim, index - first, field)
