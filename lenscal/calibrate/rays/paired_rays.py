"""After stage P: rays fitted to the pairs' normal equations, and their mean with what P found."""

from __future__ import annotations

import time

import torch
from torch import Tensor

from lenscal.calibrate.field.geometry import cell_positions, node_positions
from lenscal.calibrate.pairs.normal_equations import NormalEquations
from lenscal.calibrate.rays.ray_fit import fit_rays_to_pairs, rays_like
from lenscal.calibrate.stages.run import Run, Steps
from lenscal.calibrate.stages.statistics_stage import photos_ray_field
from lenscal.translation import translatable

RAY_SHARE = 0.5
"""Of the rays' kernels in the mean with P's: those are too weak or too strong at high frequencies,
rays lack what their few numbers cannot do (docs/experiments/)."""
ROUNDS = 10


def rays_from_pairs(
    run: Run, sums: NormalEquations, weights: Tensor, centroids: Tensor, low: float, high: float
) -> Steps:
    """Stage R of pairs, between the fractions low and high of the whole job. Kernels become the
    mean of both.

    sums : of the last pass of stage P, whose kernels the run holds
    weights : [cells, nodes], bilinear
    centroids : [nodes, 3, 2] px, (y, x), where the channels' light shall be centred
    """
    began = time.monotonic()
    taps = run.kernels
    assert taps is not None
    field = photos_ray_field(run, run.size)
    cells = cell_positions(run.cells)
    # Polynomials run away beyond the middles of the outermost cells: there they are not followed.
    nodes = node_positions(run.shape).clip(cells.min(0), cells.max(0))
    start = torch.zeros(0)
    for step, found in enumerate(rays_like(field, nodes, taps)):
        start = found
        run.check(
            (yield run.say("R", translatable("Looking for rays that make such kernels"), low, step))
        )
    at_cells = torch.einsum("cm,mau->cau", weights, taps)
    fit = fit_rays_to_pairs(
        field,
        (cells, nodes),
        sums.gram.sum(0),
        sums.cross.sum(0),
        at_cells,
        centroids,
        rounds=ROUNDS,
        start=start,
    )
    for number, found in enumerate(fit):
        start = found
        message = translatable(
            "Solving for the kernels, pass {number} of {passes}", number=number + 1, passes=ROUNDS
        )
        run.check((yield run.say("R", message, low + (high - low) * number / ROUNDS, number)))
    rays = field.kernels(start, field.basis(nodes))
    run.kernels = RAY_SHARE * rays + (1 - RAY_SHARE) * taps
    run.keep_stage("R", began)
