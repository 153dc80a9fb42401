"""Kernels that a lens can make: what is moved are coefficients of aberrations over the field."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lenscal.calibration.families.family import BlurFamily, Regularisers
from lenscal.calibration.rays.ray_field import RayField

PRIOR_WEIGHT = 1e-3
"""Of the coefficients' mean square, each over what a lens is expected to have: against noise in
the gradient, not against what photos tell."""


class RayFamily(BlurFamily):
    """Bundles of rays through a pupil (`RayField`, stage R's model), at the nodes of a grid.

    Few hundred numbers that lenses can have, instead of taps that can be anything: noise in the
    gradient makes no kernel that no lens makes. Coefficients are in units of what is expected of
    each, so that one step moves all of them alike.

    Parameters
    ----------
    field : RayField
        Its device is the family's.
    positions : [nodes, 2], (y, x) in 0..1
    start : Tensor [field.count]
        Coefficients to begin with (`rays_like` finds those of given kernels).
    prior_weight : of the coefficients' mean square
    """

    def __init__(
        self,
        field: RayField,
        positions: NDArray[np.float64],
        start: Tensor,
        *,
        prior_weight: float = PRIOR_WEIGHT,
        regularisers: Regularisers | None = None,
    ) -> None:
        super().__init__()
        self.size, self.prior_weight = field.kernel_size, prior_weight
        self.field, self.basis = field, field.basis(positions)
        self.regularisers = regularisers or Regularisers()
        self.coefficients = nn.Parameter(start.detach().clone())

    def forward(self, latent: Tensor | None = None) -> Tensor:
        """[nodes, 3, n], each summing to 1."""
        return self.field.kernels(self.coefficients, self.basis)

    def penalty(self, kernels: Tensor) -> Tensor:
        """The paper's, and a pull on coefficients towards none."""
        prior = self.prior_weight * self.coefficients.square().mean()
        return self.regularisers.penalty(kernels) + prior
