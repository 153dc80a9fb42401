"""The space-varying blur as a linear operator, A: what the lens does to a photo.

    y(p) = sum_n w_n(p) (K_n * x)(p) = sum_q K_p(q) x(p - q), with K_p = sum_n w_n(p) K_n

This is the public statement of what a `PsfGrid` means, for whoever works with one from Python:
`A` takes a sharp photo to the degraded one, `A_adjoint` is what gradients of a photo need.
lenscal's own stages ask for less: corrections filter tiles with one kernel each
(`lenscal.restore`), the matching stage blurs patches (`lenscal.blur.patches`), and the tests of
both take their photos with `A`.

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
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.fft
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.blur.border import mirrored_index
from lenscal.errors import InputError
from lenscal.optics.psf_grid import PsfGrid, axis_nodes
from lenscal.translation import translatable

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
    batch, axes = _prepared(x, psf, origin)
    out = torch.empty_like(batch)
    for tile in _tiles(axes, psf, batch):
        # Mirrored where the field leaves the image.
        field = batch.index_select(-2, tile.y_source).index_select(-1, tile.x_source)
        by_node = torch.fft.rfft2(field, s=tile.size) * tile.transfer
        # One axis after the other: half of the nodes are gone before the second transform.
        along_y = _weighted(
            torch.fft.ifft(by_node, dim=-2)[..., tile.y_valid, :],
            tile.y_weights[:, None, None, None, :, None],
        )
        image = _weighted(
            torch.fft.irfft(along_y, n=tile.size[1])[..., tile.x_valid],
            tile.x_weights[:, None, None, None],
        )
        out[..., tile.rows, tile.cols] = image
    return out if x.ndim == 4 else out[0]


def A_adjoint(y: Tensor, psf: PsfGrid, *, origin: tuple[int, int] = (0, 0)) -> Tensor:
    """The adjoint of `A`: <A x, y> = <x, A_adjoint y>, mirrored border included.

    Shapes and errors as in `A`. Every step of `A` is undone in the opposite order: weights, zeros
    where `A` cut, transforms, conjugate transfer functions, sums where `A` read from.
    """
    batch, axes = _prepared(y, psf, origin)
    out = torch.zeros_like(batch)
    for tile in _tiles(axes, psf, batch):
        part = batch[..., tile.rows, tile.cols]
        # Zeros where A throws away: the adjoint of cutting out.
        across = batch.new_zeros(len(tile.x_weights), *part.shape[:-1], tile.size[1])
        across[..., tile.x_valid] = part * tile.x_weights[:, None, None, None]
        spectra = torch.fft.rfft(across)
        by_node = spectra.new_zeros(
            len(tile.y_weights), *spectra.shape[:-2], tile.size[0], spectra.shape[-1]
        )
        by_node[..., tile.y_valid, :] = spectra * tile.y_weights[:, None, None, None, :, None]
        gathered = (torch.fft.fft(by_node, dim=-2) * tile.transfer.conj()).sum((0, 1))
        field = torch.fft.irfft2(gathered, s=tile.size)
        field = field[..., : len(tile.y_source), : len(tile.x_source)]
        # A pixel that A read twice, itself and in the mirror, gets both back.
        (y0, y1), field = _summed_where_read(field, tile.y_source, -2)
        (x0, x1), field = _summed_where_read(field, tile.x_source, -1)
        out[..., y0:y1, x0:x1] += field
    return out if y.ndim == 4 else out[0]


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Pixels of one axis that lie between the same nodes (one, or two), numbered from the part's
    first pixel."""

    start: int
    stop: int
    node: int
    weights: NDArray[np.float64]
    """[1 or 2, stop - start]: of the node and of the next one."""


@dataclass(frozen=True, slots=True, eq=False)
class _Tile:
    """A tile between four nodes, and all that is needed to blur it.

    Attributes
    ----------
    rows, cols : slice
        The tile's pixels in the part.
    y_source, x_source : Tensor [h + k - 1], [w + k - 1]
        Rows and columns of the part that the tile's field is read from.
    y_weights, x_weights : Tensor [1 or 2, h], [1 or 2, w]
        Of the nodes above and below, left and right.
    transfer : Tensor [1 or 2, 1 or 2, 1, 3, F, F // 2 + 1]
        Of the nodes above and below, left and right.
    size : (F, F) of the Fourier transforms
    y_valid, x_valid : slice
        The tile's pixels in the convolved field.
    """

    rows: slice
    cols: slice
    y_source: Tensor
    x_source: Tensor
    y_weights: Tensor
    x_weights: Tensor
    transfer: Tensor
    size: tuple[int, int]
    y_valid: slice
    x_valid: slice


_Axes = tuple[list[_Piece], list[_Piece]]
"""Rows and columns."""


def _prepared(x: Tensor, psf: PsfGrid, origin: tuple[int, int]) -> tuple[Tensor, _Axes]:
    """The image as a batch, and its axes cut at the nodes."""
    if x.ndim not in (3, 4) or x.shape[-3] != 3:
        raise InputError(
            translatable(
                "the operator takes [3, H, W] or [B, 3, H, W], got {shape}", shape=tuple(x.shape)
            )
        )
    height, width = x.shape[-2:]
    sensor = psf.image_size
    outside = origin[0] + height > sensor[0] or origin[1] + width > sensor[1]
    if min(origin) < 0 or outside:
        raise InputError(
            translatable(
                "tile {height}x{width} at {origin} does not lie inside the sensor {sensor}",
                height=height,
                width=width,
                origin=origin,
                sensor=sensor,
            )
        )
    # Tiles so large that the kernel's margin costs little.
    longest = max(FIELD_PX, 4 * psf.kernel_size) - psf.kernel_size + 1
    axes = zip((height, width), origin, sensor, psf.shape, strict=True)
    rows, cols = (_pieces(*axis, longest) for axis in axes)
    return x if x.ndim == 4 else x[None], (rows, cols)


def _pieces(length: int, origin: int, full: int, nodes: int, longest: int) -> list[_Piece]:
    """An axis cut at the nodes and into pieces of at most `longest` px."""
    first, to_next = axis_nodes((origin + np.arange(length)) / max(full - 1, 1), nodes)
    out = []
    for node in np.unique(first):
        inside = np.flatnonzero(first == node)
        # Equal parts: no sliver that costs a whole transform.
        for part in np.array_split(inside, -(-len(inside) // longest)):
            share = to_next[part]
            weights = np.stack([1 - share, share]) if nodes > 1 else np.ones((1, len(part)))
            out.append(_Piece(int(part[0]), int(part[-1]) + 1, int(node), weights))
    return out


def _tiles(axes: _Axes, psf: PsfGrid, like: Tensor) -> Iterator[_Tile]:
    """The tiles of an image; transfer functions of two rows of nodes at a time."""
    k, (height, width) = psf.kernel_size, like.shape[-2:]
    rows, cols = axes
    size = _transform_px(rows, k), _transform_px(cols, k)

    def source(piece: _Piece, length: int) -> Tensor:
        index = np.arange(piece.start - k // 2, piece.stop + k // 2)
        return torch.as_tensor(mirrored_index(index, length), device=like.device)

    def tensor(values: NDArray[np.floating]) -> Tensor:
        return torch.as_tensor(values, dtype=like.dtype, device=like.device)

    columns = [(piece, source(piece, width), tensor(piece.weights)) for piece in cols]
    node, transfers = -1, like.new_zeros(0)
    for row in rows:
        # Many tiles lie between the same nodes: their kernels are transformed once.
        if row.node != node:
            node = row.node
            kernels = tensor(psf.kernels[node : node + len(row.weights)])
            transfers = torch.fft.rfft2(kernels, s=size)[:, :, None]
        y_source, y_weights = source(row, height), tensor(row.weights)
        for col, x_source, x_weights in columns:
            yield _Tile(
                slice(row.start, row.stop),
                slice(col.start, col.stop),
                y_source,
                x_source,
                y_weights,
                x_weights,
                transfers[:, col.node : col.node + len(col.weights)],
                size,
                slice(k - 1, k - 1 + row.stop - row.start),
                slice(k - 1, k - 1 + col.stop - col.start),
            )


def _transform_px(pieces: list[_Piece], kernel_size: int) -> int:
    """Length of the Fourier transforms along an axis: the next even one that is fast."""
    least = max(piece.stop - piece.start for piece in pieces) + kernel_size - 1
    return 2 * int(scipy.fft.next_fast_len(-(-least // 2), real=True))


def _weighted(values: Tensor, weights: Tensor) -> Tensor:
    """Sum over the first axis of values [1 or 2, ...] times weights that broadcast to them."""
    # A single node has weight 1 and no neighbour.
    out = values[0] * weights[0]
    return out if len(values) == 1 else out + values[1] * weights[1]


def _summed_where_read(field: Tensor, index: Tensor, dim: int) -> tuple[tuple[int, int], Tensor]:
    """Values of an axis of `field` added up where they were read from: the range of those places,
    and the sums."""
    first, last = int(index.min()), int(index.max())
    if last - first + 1 == len(index):
        # Nothing was mirrored: every place was read once.
        return (first, last + 1), field
    shape = list(field.shape)
    shape[dim] = last - first + 1
    return (first, last + 1), field.new_zeros(shape).index_add_(dim, index - first, field)
