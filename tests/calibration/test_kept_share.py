"""How much of what stage M changed is taken."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from lenscal.calibration.stages.learnt.matching_stage import share_to_take

START, MATCHED = torch.zeros(4, 3, 9), torch.ones(4, 3, 9)


@dataclass(frozen=True)
class Check:
    """Photos that kernels explain better by `gain` for each step from the start to M's kernels.

    The least that kernels can leave is 1 with pairs (the noise) and the floor without them.
    """

    paired: bool
    unexplained: float
    gain: float

    def residual(self, kernels: Tensor) -> float:
        assert self.paired, "the other measure decides"
        return 1.0 + self._unexplained(kernels)

    def distance(self, kernels: Tensor) -> float:
        assert not self.paired, "the other measure decides"
        return self.floor() + self._unexplained(kernels)

    def floor(self) -> float:
        return 0.4

    def _unexplained(self, kernels: Tensor) -> float:
        return self.unexplained * (1 - self.gain * float(kernels.mean()))


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize(
    ("unexplained", "gain", "share"),
    [(0.5, -0.1, 0.0), (0.5, 0.003, 0.0), (0.5, 0.05, 0.5), (-0.01, -0.2, 0.0)],
)
def test_matching_is_taken_where_it_explains_clearly_more(
    paired: bool, unexplained: float, gain: float, share: float
) -> None:
    check = Check(paired, unexplained, gain)
    assert share_to_take(START, MATCHED, check, paired=paired) == share
