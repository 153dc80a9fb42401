"""How much of what stage M changed is kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from lenscal.calibrate.settings import Stages
from lenscal.calibrate.stages import matching_stage as learnt


@pytest.mark.parametrize("pairs", [True, False])
@pytest.mark.parametrize(
    ("unexplained", "gain", "kept"),
    [(0.5, -0.1, 0.0), (0.5, 0.003, 0.0), (0.5, 0.05, 0.5), (-0.01, -0.2, 0.0)],
)
def test_matching_is_kept_where_it_explains_clearly_more(
    monkeypatch: pytest.MonkeyPatch, pairs: bool, unexplained: float, gain: float, kept: float
) -> None:
    """The least that kernels can leave is 1 with pairs (the noise) and the floor without them."""
    least = 1.0 if pairs else 0.4

    def left(kernels: torch.Tensor) -> float:
        return least + unexplained * (1 - gain * float(kernels.mean()))

    def never(_: torch.Tensor) -> float:
        raise AssertionError("the other measure decides")

    check = SimpleNamespace(
        residual=left if pairs else never, distance=never if pairs else left, floor=lambda: 0.4
    )
    monkeypatch.setattr(learnt, "held_out_check", lambda _: check)
    run: Any = SimpleNamespace(
        pairs=[object()] * pairs,
        completed=["L"],
        warnings=[],
        settings=SimpleNamespace(stages=Stages.ALL),
    )
    found = learnt._kept_share(run, torch.zeros(4, 3, 9), torch.ones(4, 3, 9))
    assert torch.equal(found, torch.full((4, 3, 9), kept))
    assert len(run.warnings) == (kept == 0)


def test_what_cannot_be_checked_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learnt, "held_out_check", lambda _: None)
    settings = SimpleNamespace(stages=Stages.AUTO)
    run: Any = SimpleNamespace(pairs=[], completed=["L", "GT"], warnings=[], settings=settings)
    assert torch.equal(
        learnt._kept_share(run, torch.zeros(4, 3, 9), torch.ones(4, 3, 9)), torch.zeros(4, 3, 9)
    )
    assert "too few photos" in run.warnings[0]
    settings.stages = Stages.FM
    assert torch.equal(
        learnt._kept_share(run, torch.zeros(4, 3, 9), torch.ones(4, 3, 9)), torch.ones(4, 3, 9)
    )
