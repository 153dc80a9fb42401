"""Kernels of free taps: one for all of a picture, or one at each node of a grid."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from lenscal.calibration.families.family import BlurFamily, Regularisers

LEAST_TAP = 1e-5
"""Of a start's taps that softmax can still move."""
FIELD_REACH = 1.0
"""Half waves over the field, beyond which modes move less: neighbouring nodes share what they
learn. The fewer patches there are, the shorter it has to be (docs/experiments/matching.md)."""
COLOUR_REACH = 0.5
"""How far differences of colours move for a step of their mean."""
TAP_REACH = 0.15
"""Cycles/px beyond which modes of a kernel move less: noise is white, kernels are not."""


class FreeTaps(BlurFamily):
    """Every tap of every kernel is free.

    Parameters are the amplitudes of cosines over the nodes, the colours and the taps: as many as
    there are taps, so that every kernel can be reached, but with one step coarse ones move further
    than fine ones. That is a preconditioner: it changes the way, not where it ends.

    Parameters
    ----------
    start : [nodes, channels, n], each summing to 1, n odd squared
    shape : (rows, cols) of the nodes; (1, 1): one kernel for all of a picture
    signed : taps may be negative: kernels are the start plus what is learnt, over their sum.
        Otherwise they are softmax of the start's logarithm plus it.
    smooth : whether coarse modes move further than fine ones
    field_reach : half waves over the field, beyond which modes move less
    """

    def __init__(
        self,
        start: Tensor,
        shape: tuple[int, int],
        *,
        signed: bool = False,
        smooth: bool = True,
        field_reach: float = FIELD_REACH,
        regularisers: Regularisers | None = None,
    ) -> None:
        super().__init__()
        nodes, channels, n = start.shape
        if nodes != shape[0] * shape[1]:
            raise ValueError(f"{nodes} kernels for {shape[0]} x {shape[1]} nodes")
        self.size, self.signed = round(n**0.5), signed
        self.regularisers = regularisers or Regularisers()
        self.begin: Tensor
        self.over_field: Tensor
        self.over_colours: Tensor
        self.over_taps: Tensor
        begin = start / start.amax() if signed else start.clamp(min=LEAST_TAP).log()
        rows, cols = (_cosines(side) for side in shape)
        field = torch.einsum("yi,xj->yxij", rows, cols).reshape(nodes, nodes)
        taps = _cosines(self.size)
        taps = torch.einsum("yi,xj->ijyx", taps, taps).reshape(n, n)
        if smooth:
            # In half waves over the field, and cycles a pixel over the taps.
            field = field * _falling(*shape, unit=1.0, reach=field_reach)
            unit = 1 / (2 * self.size)
            taps = taps * _falling(self.size, self.size, unit=unit, reach=TAP_REACH)[:, None]
        for name, value in (
            ("begin", begin),
            ("over_field", field),
            ("over_colours", _colours(channels, smooth=smooth)),
            ("over_taps", taps),
        ):
            self.register_buffer(name, value.to(start), persistent=False)
        self.amplitudes = nn.Parameter(torch.zeros_like(start))

    def forward(self, latent: Tensor | None = None) -> Tensor:
        """[nodes, channels, n], each summing to 1."""
        amplitudes = torch.tensordot(self.over_field, self.amplitudes, dims=1)
        amplitudes = torch.einsum("dc,mcn->mdn", self.over_colours, amplitudes)
        taps = self.begin + amplitudes @ self.over_taps
        if not self.signed:
            return taps.softmax(-1)
        return taps / taps.sum(-1, keepdim=True)

    def penalty(self, kernels: Tensor) -> Tensor:
        """The paper's."""
        return self.regularisers.penalty(kernels)


def _cosines(n: int) -> Tensor:
    """[n, n]: cosines of 0, 1, ... half waves at n points, all of them together a basis."""
    place = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    return torch.cos(math.pi * place[:, None] * torch.arange(n))


def _falling(rows: int, cols: int, *, unit: float, reach: float) -> Tensor:
    """[rows * cols]: how far each mode moves, from 1 for the coarsest on."""
    y, x = (torch.arange(n, dtype=torch.float64) * unit / reach for n in (rows, cols))
    return (1 / (1 + y[:, None].square() + x.square())).reshape(-1)


def _colours(channels: int, *, smooth: bool) -> Tensor:
    """[channels, channels]: their mean, and what each differs from it by."""
    if channels == 1:
        return torch.ones(1, 1, dtype=torch.float64)
    # The mean, then the others against the ones before: a basis for any number.
    modes = torch.zeros(channels, channels, dtype=torch.float64)
    modes[:, 0] = 1
    for i in range(1, channels):
        modes[:i, i], modes[i, i] = -1 / i, 1
    modes[:, 1:] *= COLOUR_REACH if smooth else 1
    return modes
