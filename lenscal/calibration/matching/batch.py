"""What a step of stages F and M is worked out from: patches and random numbers, and pieces of
them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lenscal.calibration.matching.reblur import Patches, send
from lenscal.flow.network import REAL, REBLURRED


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Patches of a step, or a piece of them, with what is drawn at random for each.

    Attributes
    ----------
    patches : Patches
    noise_real, noise_fake, x_0 : Tensor [n, 4, m, m], standard normal
    place : Tensor [n, 2], the positions that the network is told
    t : Tensor [n]
    share : of the step's patches that are in the piece
    """

    patches: Patches
    noise_real: Tensor
    noise_fake: Tensor
    place: Tensor
    x_0: Tensor
    t: Tensor
    share: float

    def part(self, numbers: slice) -> Batch:
        """The piece of these patches."""
        t = self.t[numbers]
        # Shares add up to one, so that pieces' losses add up to the step's mean.
        return Batch(
            Patches(*(array[numbers] for array in self.patches)),
            self.noise_real[numbers],
            self.noise_fake[numbers],
            self.place[numbers],
            self.x_0[numbers],
            t,
            self.share * len(t) / len(self.t),
        )

    @property
    def domain(self) -> Tensor:
        """[2 n]: of the real patches, then of the re-blurred ones."""
        n = len(self.t)
        # Both domains go through the network together: one pass is faster than two.
        domain = torch.cat([torch.full((n,), REAL), torch.full((n,), REBLURRED)])
        return send(domain, self.t.device)
