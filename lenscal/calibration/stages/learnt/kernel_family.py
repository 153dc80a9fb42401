"""The family of kernels that flow matching moves, begun at given ones."""

from __future__ import annotations

import torch
from torch import Tensor

from lenscal.calibration.families.family import BlurFamily
from lenscal.calibration.families.free import FreeTaps
from lenscal.calibration.families.rays import RayFamily
from lenscal.calibration.families.tilts import Tilts
from lenscal.calibration.field.geometry import node_positions
from lenscal.calibration.rays.ray_fit import rays_like
from lenscal.calibration.settings import Family
from lenscal.calibration.stages.estimate import Estimate
from lenscal.calibration.stages.journal import Journal
from lenscal.calibration.stages.photos import Photos
from lenscal.calibration.stages.ray_stage import photos_ray_field
from lenscal.calibration.stages.stage import StageName
from lenscal.stepping import Job
from lenscal.translation import translatable

FEW_NODES = 12


def grid_family(
    family: Family,
    start: Tensor,
    photos: Photos,
    estimate: Estimate,
    journal: Journal,
    *,
    fraction: float,
    field_reach: float,
) -> Job[BlurFamily]:
    """For kernels at the nodes of a grid that begin at `start` [nodes, 3, n].

    field_reach : of free taps
    """
    layout = estimate.layout
    if family is Family.TILTS:
        # Without other stages' kernels there is no lateral colour worth holding.
        return Tilts(start, layout.grid, hold_lateral_colour=estimate.kernels is not None)
    if family is not Family.RAYS:
        return FreeTaps(start, layout.grid, field_reach=field_reach)
    field = photos_ray_field(photos, layout.kernel_size, layout.device)
    nodes = node_positions(layout.grid)
    # Where one kernel is all of the start, a part of its nodes tells as much.
    same = bool((start == start[:1]).all())
    few = slice(None, None, max(1, len(nodes) // FEW_NODES) if same else 1)
    message = translatable("Looking for a lens model that explains the kernels")
    iterates = rays_like(field, nodes[few], start[few])
    coefficients: Tensor = yield from journal.tell_each(
        iterates, StageName.FLOW, message, fraction, estimate
    )
    return RayFamily(field, nodes, torch.as_tensor(coefficients))
