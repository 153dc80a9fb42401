"""Rays fitted to the normal equations of pairs."""

from __future__ import annotations

import numpy as np
import torch

from lenscal.calibration.field.geometry import cell_positions, node_positions
from lenscal.calibration.rays.ray_field import ray_field
from lenscal.calibration.rays.ray_fit import fit_rays_to_pairs


def test_rays_are_found_from_normal_equations_of_noisy_kernels() -> None:
    """What the kernels near the minimum got wrong alike, the equations put right; centroids come
    where they shall."""
    field = ray_field(9, torch.device("cpu"))
    cells, nodes = cell_positions((6, 6)), node_positions((3, 3)).clip(0.1, 0.9)
    at_cells, at_nodes = field.basis(cells), field.basis(nodes)
    draw = torch.Generator().manual_seed(0)
    theta = 0.2 * torch.randn(field.count, generator=draw)
    sizes = [int(np.prod(shape)) for shape in field.shapes.values()]
    theta[-sizes[-1] - sizes[-2] :] = 0  # no lateral colour, no softness
    truth = field.kernels(theta, at_cells)
    sites = torch.randn(81, 400, generator=draw) * 30
    gram = (sites @ sites.T).expand(36, 3, 81, 81)
    cross = (gram @ truth[..., None])[..., 0]
    near = truth + 0.01 * torch.randn(truth.shape, generator=draw)
    centroids = field.kernels(theta, at_nodes) @ field.taps
    start = torch.zeros(field.count)

    def off(found: torch.Tensor) -> float:
        return float((field.kernels(found, at_cells) - truth).norm() / truth.norm())

    found = list(
        fit_rays_to_pairs(
            field, (cells, nodes), gram, cross, near, centroids, rounds=8, start=start
        )
    )
    assert off(found[-1]) < 0.25 * off(start)
    assert off(found[-1]) < float((near - truth).norm() / truth.norm())
    moved = field.kernels(found[-1], at_nodes) @ field.taps - centroids
    assert float(moved.abs().mean()) < 0.03
