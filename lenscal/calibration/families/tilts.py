"""Given kernels, moved, widened and skewed as polynomials over the field."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lenscal.calibration.families.family import BlurFamily
from lenscal.calibration.field.kernels import centroids, squares_of, tilts
from lenscal.calibration.field.polynomials import field_polynomials

CENTROID_WEIGHT = 100.0
"""Of the kernels' drift, px^2: a shift common to all photos is no blur."""


class Tilts(BlurFamily):
    """A start times the exponential of a few deformations: few numbers, since the gradient is
    noisy.

    Parameters
    ----------
    start : [nodes, 3, n], each summing to 1; taps keep their sign
    shape : (rows, cols) of the nodes
    degree : of the polynomials over the field: 270 numbers in all with 3. With 5,070 (free taps)
        lateral colour drifted from 0.08 to 0.30 px (docs/experiments/matching.md, 2026-11-22).
    hold_lateral_colour : keep each channel's centroid where the start has it: the sharp photos'
        demosaicing pulls colours together, and what a closed-form stage measured on the mosaic is
        better. Otherwise only the channels' mean is held.
    """

    def __init__(
        self,
        start: Tensor,
        shape: tuple[int, int],
        *,
        degree: int = 3,
        hold_lateral_colour: bool = True,
    ) -> None:
        super().__init__()
        self.size = round(start.shape[-1] ** 0.5)
        self.hold_lateral_colour = hold_lateral_colour
        self.basis: Tensor
        self.shapes: Tensor
        self.begin: Tensor
        self.begin_centroids: Tensor
        device = start.device
        basis = torch.from_numpy(field_polynomials(shape, degree)).float().to(device)
        shapes = torch.from_numpy(tilts(self.size)).float().to(device)
        for name, value in (
            ("basis", basis),
            ("shapes", shapes),
            ("begin", start),
            ("begin_centroids", centroids(squares_of(start))),
        ):
            # Made again from the start: a checkpoint need not hold them.
            self.register_buffer(name, value, persistent=False)
        self.coefficients = nn.Parameter(torch.zeros(basis.shape[1], 3, len(shapes), device=device))

    def forward(self, latent: Tensor | None = None) -> Tensor:
        """[nodes, 3, n]: the start times the exponential of the deformations, summing to 1."""
        # In the exponent taps keep their sign, and a delta stays one.
        tilted = torch.einsum("mp,pch,hu->mcu", self.basis, self.coefficients, self.shapes)
        # The largest exponent is taken out: it cancels in the sum, and would overflow.
        k = self.begin * (tilted - tilted.detach().amax(-1, keepdim=True)).exp()
        return k / k.sum(-1, keepdim=True)

    def penalty(self, kernels: Tensor) -> Tensor:
        """Of centroids that drift."""
        drift = centroids(squares_of(kernels)) - self.begin_centroids
        if not self.hold_lateral_colour:
            drift = drift.mean(1)
        # The network is told of places, not of where kernels lie: drift would go unnoticed.
        return CENTROID_WEIGHT * drift.square().sum(-1).mean()
