"""The space-varying blur as a linear operator: what the lens does to a photo."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lenscal.errors import InputError
from lenscal.optics.psf_grid import PsfGrid, axis_positions


def A(x: Tensor, psf: PsfGrid, *, origin: tuple[int, int] = (0, 0)) -> Tensor:
    """Blur an image: every output pixel uses the kernel that is interpolated at its own position.

    y(p) = sum_n w_n(p) (K_n * x)(p) = sum_q K_p(q) x(p - q), with K_p = sum_n w_n(p) K_n

    (first convolve with each node's kernel, then interpolate between the results): the photo's light at p was
    gathered with p's kernel. An impulse at q is seen at p as K_p(p - q): the kernels of the pixels around q.

    Parameters
    ----------
    x : Tensor [3, H, W] or [B, 3, H, W], floating
        A tile of the photo, linear camera RGB.
    psf : PsfGrid
    origin : (y, x)
        Position in px of the tile's first pixel on the sensor (`psf.image_size`).

    Returns
    -------
    Tensor like x. Outside the tile x is taken as mirrored (half-sample symmetric: ... 1 0 | 0 1 2 ...).

    Raises
    ------
    InputError
        The tile does not lie inside the sensor.
    """
    return _apply(x, psf, origin, adjoint=False)


def A_adjoint(y: Tensor, psf: PsfGrid, *, origin: tuple[int, int] = (0, 0)) -> Tensor:
    """The adjoint of `A`: <A x, y> = <x, A_adjoint y>, mirrored border included. Shapes and errors as in `A`."""
    return _apply(y, psf, origin, adjoint=True)


def _apply(x: Tensor, psf: PsfGrid, origin: tuple[int, int], *, adjoint: bool) -> Tensor:
    if x.ndim not in (3, 4) or x.shape[-3] != 3:
        raise InputError(f"the operator takes [3, H, W] or [B, 3, H, W], got {tuple(x.shape)}")
    height, width = x.shape[-2:]
    if min(origin) < 0 or origin[0] + height > psf.image_size[0] or origin[1] + width > psf.image_size[1]:
        raise InputError(f"tile {height}x{width} at {origin} does not lie inside the sensor {psf.image_size}")
    batch = x if x.ndim == 4 else x[None]
    radius = psf.kernel_size // 2
    rows = axis_weights(height, origin[0], psf.image_size[0], psf.shape[0])
    cols = axis_weights(width, origin[1], psf.image_size[1], psf.shape[1])
    kernels = torch.as_tensor(psf.kernels, dtype=x.dtype, device=x.device)
    index_y, index_x = (_mirrored(n, radius, x.device) for n in (height, width))
    if adjoint:
        spread = batch.new_zeros(batch.shape[0], 3, height + 2 * radius, width + 2 * radius)
    else:
        padded = batch.index_select(-2, index_y).index_select(-1, index_x)
        out = torch.zeros_like(batch)
    for r, (y_from, y_to, weight_y) in rows.items():
        for c, (x_from, x_to, weight_x) in cols.items():
            weight = torch.as_tensor(np.outer(weight_y, weight_x), dtype=x.dtype, device=x.device)
            kernel = kernels[r, c].flip(-1, -2)[:, None]
            inner = (..., slice(y_from, y_to), slice(x_from, x_to))
            outer = (..., slice(y_from, y_to + 2 * radius), slice(x_from, x_to + 2 * radius))
            if adjoint:
                spread[outer] += functional.conv_transpose2d(batch[inner] * weight, kernel, groups=3)
            else:
                out[inner] += weight * functional.conv2d(padded[outer], kernel, groups=3)
    if adjoint:
        folded = batch.new_zeros(batch.shape[0], 3, height, spread.shape[-1]).index_add_(-2, index_y, spread)
        out = torch.zeros_like(batch).index_add_(-1, index_x, folded)
    return out if x.ndim == 4 else out[0]


def axis_weights(length: int, origin: int, full: int, nodes: int) -> dict[int, tuple[int, int, np.ndarray]]:
    """For each node of one axis that touches the tile: the pixels it touches (from, to) and its weights there.

    The weights are the hat functions of linear interpolation: over all nodes they sum to 1 at every pixel.
    """
    if nodes == 1:
        return {0: (0, length, np.ones(length))}
    position = (origin + np.arange(length)) / max(full - 1, 1)
    out = {}
    for node, centre in enumerate(axis_positions(nodes)):
        weight = np.maximum(0.0, 1.0 - np.abs(position - centre) * (nodes - 1))
        touched = np.flatnonzero(weight)
        if touched.size:
            first, last = int(touched[0]), int(touched[-1]) + 1
            out[node] = (first, last, weight[first:last])
    return out


def _mirrored(length: int, radius: int, device: torch.device) -> Tensor:
    """Where each pixel of the padded axis takes its value from."""
    index = torch.arange(-radius, length + radius, device=device) % (2 * length)
    return torch.where(index < length, index, 2 * length - 1 - index)
