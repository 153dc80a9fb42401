"""One blur by distribution matching: begun by the closed form, kept where kept-out photos agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from test_uniform_parts import blurred, grey, scenes
from torch import Tensor

from lenscal.calibration.families import linear_network
from lenscal.calibration.families.family import gaussian_kernel
from lenscal.calibration.families.linear_network import linear_network_like, sides_of
from lenscal.calibration.settings import (
    CalibrationSettings,
    Family,
    KernelModel,
    Quality,
    Stages,
)
from lenscal.calibration.uniform import flow
from lenscal.calibration.uniform.flow import PolishBudget, held_out_costs, matched
from lenscal.calibration.uniform.material import KNOWN_SPREAD, Material
from lenscal.calibration.uniform.search import subpixel_centred
from lenscal.calibration.uniform.watch import Watch
from lenscal.flow.network import NetworkSettings
from lenscal.stepping import finish

SIZE = 9
TINY = PolishBudget(
    60,
    32,
    flow_steps=2,
    matching_steps=4,
    batch=8,
    look_steps=1,
    kernel_rate=0.05,
    network=NetworkSettings(width=8, depth=1),
)
SETTINGS = CalibrationSettings(
    Quality.QUICK, "cpu", kernel_size=SIZE, stages=Stages.FM, kernel=KernelModel.UNIFORM
)


def hook() -> np.ndarray:
    """An L: lopsided, and no Gaussian."""
    kernel = np.zeros((SIZE, SIZE), np.float32)
    kernel[2:7, 3] = 1
    kernel[6, 3:7] = 2
    return kernel / kernel.sum()


@pytest.fixture(scope="module")
def what() -> Material:
    sharp = grey(scenes(24, seed=1), 0.0)
    degraded, kept_out = (grey(blurred(scenes(24, seed=s), hook(), 0.01), 1e-4) for s in (2, 3))
    return Material(sharp, degraded, kept_out, KNOWN_SPREAD)


@pytest.fixture(autouse=True)
def tiny_budget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(flow.BUDGETS, Quality.QUICK, TINY)
    yield


def test_photos_that_were_kept_out_know_the_kernel(what: Material) -> None:
    own = subpixel_centred(torch.from_numpy(hook()))
    wide = gaussian_kernel(SIZE, 2.0).view(SIZE, SIZE)
    judge = held_out_costs(what, SIZE, seed=0)
    assert judge is not None
    true, mirrored, other = judge(torch.stack([own, own.flip(0, 1), wide])).tolist()
    assert true < mirrored and true < other
    assert held_out_costs(replace(what, held_out=None), SIZE, seed=0) is None


@pytest.mark.parametrize("family", [Family.FREE, Family.LINEAR])
def test_what_comes_out_is_never_liked_less(
    what: Material, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So few steps from the true kernel lead away from it."""
    monkeypatch.setattr(linear_network, "_LIKE_STEPS", 30)
    own = subpixel_centred(torch.from_numpy(hook()))
    watch = Watch(None)
    polish = finish(matched(what, own, replace(SETTINGS, family=family), watch))
    assert polish.patches == (16, 64)
    assert polish.costs is not None
    first, last = polish.costs
    judge = held_out_costs(what, SIZE, seed=0)
    assert judge is not None
    assert last == pytest.approx(float(judge(polish.kernel[None])[0]), abs=1e-5)
    assert last <= first
    looks = [cost for _, cost in watch.curves["held-out cost"]]
    assert len(looks) == TINY.matching_steps and looks != [first] * len(looks)
    if last == first:
        assert torch.equal(polish.kernel, own)
        assert "that of the closed form is kept" in str(polish.notes[0])


def test_a_kernel_that_is_liked_better_is_taken(
    what: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = subpixel_centred(torch.from_numpy(hook()))

    def liked(what: Material, size: int, seed: int) -> flow.Costs:
        """The further from the start the better."""
        return lambda kernels: -(kernels - own).flatten(1).norm(dim=1)

    monkeypatch.setattr(flow, "held_out_costs", liked)
    polish = finish(matched(what, own, SETTINGS, Watch(None)))
    assert polish.costs is not None and polish.costs[1] < polish.costs[0]
    assert float((polish.kernel - own).norm()) == pytest.approx(-polish.costs[1])
    assert float(polish.kernel.sum()) == pytest.approx(1, abs=1e-4)


def test_without_photos_to_check_on_nothing_is_learnt(what: Material) -> None:
    own = torch.from_numpy(hook())
    polish = finish(matched(replace(what, held_out=None), own, SETTINGS, Watch(None)))
    assert torch.equal(polish.kernel, own) and polish.patches == (0, 0)
    assert "too few photos" in str(polish.notes[0])


def test_a_linear_network_begins_at_any_kernel() -> None:
    wanted: Tensor = torch.from_numpy(hook())
    kernel = linear_network_like(wanted)().detach().view(SIZE, SIZE)
    assert float((kernel - wanted).norm()) < 0.1 * float(wanted.norm())
    assert [sides_of(n) for n in (15, 21, 9)] == [(7, 5, 5, 1), (9, 7, 7, 1), (5, 3, 3, 1)]
