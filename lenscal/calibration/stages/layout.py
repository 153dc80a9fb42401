"""How a calibration divides the field, and what follows from the size of its kernels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.field.polynomials import second_differences
from lenscal.calibration.pairs.field_solver import prior_precision
from lenscal.calibration.pairs.normal_equations import correlation_matrix
from lenscal.errors import InputError
from lenscal.raw.demosaic_noise import ahd_noise_correlation
from lenscal.translation import translatable

MOST_CELLS_A_SIDE = 24
MOST_EQUATION_BYTES = 2e9
"""Of the paired normal equations, with one cell a node; a quarter of it with two a node and axis,
which is finer than the kernels need."""
PAIRED_DEVIATION, PAIRED_REACH_PX, PAIRED_TAIL = 0.1, 2.0, 0.001
"""How far stage P expects taps to be from zero: so much in the middle, less and less outwards."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Of the field and of kernels.

    Attributes
    ----------
    grid : (rows, cols) of the nodes that kernels stand at
    cells : (rows, cols) that photos are summed over
    kernel_size : int, px
    device : torch.device
        Where all tensors are, and where is computed.
    precision : Tensor [3, n, n], n = kernel_size^2
        Of the prior of stage P, by channel.
    correlation : Tensor [3, n, n]
        Covariance of the sharp photos' noise between taps.
    differences : Tensor [m, nodes]
        Second differences over the grid.
    autocorrelation : ndarray [3, m, m]
        Of the sharp photos' noise, where `rgb` is read, over the variance of a RAW value.
    """

    grid: tuple[int, int]
    cells: tuple[int, int]
    kernel_size: int
    device: torch.device
    precision: Tensor
    correlation: Tensor
    differences: Tensor
    autocorrelation: NDArray[np.float64]

    @property
    def n_cells(self) -> int:
        return self.cells[0] * self.cells[1]

    @property
    def n_nodes(self) -> int:
        return self.grid[0] * self.grid[1]

    def on(self, device: torch.device) -> Layout:
        """The same on another device."""
        return replace(
            self,
            device=device,
            precision=self.precision.to(device),
            correlation=self.correlation.to(device),
            differences=self.differences.to(device),
        )

    def with_kernel_size(self, kernel_size: int) -> Layout:
        """The same nodes and cells, for kernels of another size."""
        # The very same object: held-out patches that were drawn for it stay valid.
        if kernel_size == self.kernel_size:
            return self
        precision, correlation = _by_size(kernel_size, self.autocorrelation, self.device)
        return replace(self, kernel_size=kernel_size, precision=precision, correlation=correlation)

    def on_grid(self, kernels: Tensor) -> NDArray[np.float32]:
        """Kernels [nodes, 3, n] as a copy [rows, cols, 3, k, k] in memory."""
        squares = (*self.grid, 3, self.kernel_size, self.kernel_size)
        return kernels.detach().cpu().numpy().reshape(squares).astype(np.float32)


def lay_out(
    grid: tuple[int, int],
    kernel_size: int,
    device: torch.device,
    autocorrelation: NDArray[np.float64] | None = None,
) -> Layout:
    """autocorrelation : of the sharp photos' noise (`Layout`); None: that of AHD's demosaicing.

    Raises
    ------
    InputError
        So many kernels of that size would not fit the memory.
    """
    noise = ahd_noise_correlation() if autocorrelation is None else autocorrelation
    precision, correlation = _by_size(kernel_size, noise, device)
    differences = torch.from_numpy(second_differences(grid)).float().to(device)
    cells = _cells(grid, kernel_size)
    return Layout(grid, cells, kernel_size, device, precision, correlation, differences, noise)


def bytes_per_cell(kernel_size: int) -> int:
    """Of the paired normal equations: two halves, three channels, n x n numbers of 4 bytes."""
    return 2 * 3 * kernel_size**4 * 4


def _by_size(
    kernel_size: int, autocorrelation: NDArray[np.float64], device: torch.device
) -> tuple[Tensor, Tensor]:
    """The prior's precision and the covariance of the sharp photos' noise, [3, n, n] each."""
    axis = np.arange(kernel_size) - kernel_size // 2
    radius = np.hypot(*np.meshgrid(axis, axis))
    # Blur falls off: far taps that are large are noise, or the scene's.
    deviation = PAIRED_DEVIATION * np.exp(-radius / PAIRED_REACH_PX) + PAIRED_TAIL
    shape = (3, kernel_size, kernel_size)
    precision = prior_precision(np.broadcast_to(deviation, shape))
    # Where they were demosaiced noise is not white, and not the same in green.
    by_channel = [correlation_matrix(c, kernel_size) for c in autocorrelation]
    correlation = np.stack(by_channel)
    return (
        torch.from_numpy(precision).float().to(device),
        torch.from_numpy(correlation).float().to(device),
    )


def _cells(grid: tuple[int, int], kernel_size: int) -> tuple[int, int]:
    """Cells of the field: two a node and axis where their normal equations stay small, else one."""
    for factor in (2, 1):
        rows, cols = (min(factor * n, MOST_CELLS_A_SIDE) for n in grid)
        if rows * cols * bytes_per_cell(kernel_size) < MOST_EQUATION_BYTES / factor**2:
            return rows, cols
    raise InputError(
        translatable(
            "--grid {rows}x{columns} with --kernel-size {size} needs more than 2 GB: "
            "choose a coarser grid or smaller kernels",
            rows=grid[0],
            columns=grid[1],
            size=kernel_size,
        )
    )
