"""Where second order alone explains what was kept out better than third order does, rays are tried
all the same, and kept as far as they are better than it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from lenscal.calibration.proof.trial import Misfit, Trial
from lenscal.calibration.stages.estimate import Estimate, first_estimate
from lenscal.calibration.stages.journal import Journal, Stopped
from lenscal.calibration.stages.layout import lay_out
from lenscal.calibration.stages.photos import Photos
from lenscal.calibration.stages.ray_stage import RayStage
from lenscal.calibration.stages.stage import Span
from lenscal.calibration.stages.statistics_stage import StatisticsFit, TapsFit
from lenscal.stepping import Job, finish

RAY_NOTE = "rays were believed by 50% only"


class Liking:
    """Kernels are the better the nearer they are to those that are liked."""

    def __init__(self, liked: Tensor) -> None:
        self.liked = liked

    def misfit(self, estimate: Estimate, kernels: Tensor) -> Misfit:
        return Misfit(0.0, edges=float((kernels - self.liked).abs().sum()))

    share = Trial.share


class Found(RayStage):
    """A stage whose rays are given; `stopped`: before it is over."""

    rays: Tensor
    stopped: bool

    def _rays(self, photos: Photos, handed: StatisticsFit, journal: Journal) -> Job[Estimate]:
        journal.warnings.append(RAY_NOTE)
        yield from ()
        estimate = replace(handed.estimate, kernels=self.rays)
        if self.stopped:
            raise Stopped(estimate)
        return estimate


def kernels(seed: int) -> Tensor:
    taps = torch.rand(4, 3, 25, generator=torch.Generator().manual_seed(seed))
    return taps / taps.sum(-1, keepdim=True)


@pytest.mark.parametrize("liked", ["rays", "second order", "both"])
@pytest.mark.parametrize("stopped", [False, True])
def test_rays_have_to_be_better_than_second_order(liked: str, stopped: bool) -> None:
    third, second, rays = (kernels(seed) for seed in range(3))
    estimate = first_estimate(lay_out((2, 2), 5, torch.device("cpu")), 8)
    plain = TapsFit(cast(Any, None), second, second, 1.0, replace(estimate, kernels=second))
    parts = cast(Any, None)
    handed = StatisticsFit(
        replace(estimate, kernels=third), third, parts, parts, parts, False, second_order=plain
    )
    wanted = {"rays": rays, "second order": second, "both": (rays + second) / 2}[liked]
    trial = cast(Trial, Liking(wanted))
    stage = Found(Span(0, 1), 1, None, trial)
    object.__setattr__(stage, "rays", rays)
    object.__setattr__(stage, "stopped", stopped)
    journal = Journal()
    journal.warnings.append("told before")
    work = stage.take(cast(Photos, None), handed, journal)
    if stopped:
        with pytest.raises(Stopped) as stop:
            finish(work)
        result = stop.value.estimate
    else:
        result = finish(work)
    assert result.kernels is not None
    assert float((result.kernels - wanted).abs().mean()) < 1e-6
    if stopped:
        return
    said = " ".join(journal.warnings)
    assert ("only second order was used" in said) is (liked == "second order")
    # What was said of rays that are not used is of no interest.
    assert (RAY_NOTE in said) is (liked != "second order")
    assert "told before" in said
