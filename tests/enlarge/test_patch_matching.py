"""The kernel of one picture by distribution matching: its patches, and the way to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lenscal.calibration.matching.loop import MatchingState
from lenscal.calibration.matching.reblur import Reblur
from lenscal.enlarge.fold_step import made_smaller
from lenscal.enlarge.patch_matching import (
    ONE_PICTURE,
    PATCH_PX,
    least_px,
    match_kernel,
    one_picture_pool,
)
from lenscal.enlarge.scale_kernel import ScaleKernel, axes_of
from lenscal.errors import InputError

CPU = torch.device("cpu")


def picture(side: int) -> np.ndarray:
    values = np.random.default_rng(0).random((side, side), np.float32)
    return np.asarray(values)


@pytest.mark.parametrize("factor", [2, 3])
def test_patches_are_made_smaller_as_pictures_are(factor: int) -> None:
    """A lopsided kernel: a patch of what the loop blurs is one of what `enlarge` undoes."""
    size = 5
    # So small that there is one patch only.
    grey = picture(factor * PATCH_PX + size - 1)
    pool, packing = one_picture_pool(grey, 1e-4, factor, size, 1, seed=0)
    kernel = torch.rand(size, size, generator=torch.Generator().manual_seed(1))
    reblur = Reblur(pool, packing, (1, 1), torch.eye(size**2)[None], CPU)
    patches = reblur.take(torch.zeros(1, dtype=torch.long), torch.zeros(1, dtype=torch.long))
    planes, _ = reblur.blur(kernel.reshape(1, 1, -1), patches)
    found = torch.pixel_shuffle(planes, 2)[0, 0]
    # Moved so that what is kept of it begins at the first pixel whose surroundings are there; the
    # first row and column see what came in on the other side.
    moved = torch.from_numpy(np.roll(grey, (-(size // 2),) * 2, (0, 1)))
    wanted = made_smaller(moved[None], kernel, factor)[0, :PATCH_PX, :PATCH_PX]
    # Patches are held in half precision.
    assert torch.allclose(found[1:, 1:], wanted[1:, 1:], atol=2e-2)
    assert found.shape == (PATCH_PX, PATCH_PX)


def test_it_ends_with_a_kernel_that_keeps_brightness() -> None:
    budget = replace(ONE_PICTURE, patches=64, flow_steps=2, matching_steps=2, batch=4)
    steps = list(match_kernel(picture(96), 1e-4, 2, seed=3, device=CPU, budget=budget))
    assert [s.stage for s in steps if isinstance(s, MatchingState)] == ["F", "F", "M", "M"]
    last = steps[-1]
    assert isinstance(last, ScaleKernel)
    # 7-5-5-1 is 15 px, as published.
    assert last.kernel.shape == (15, 15)
    assert last.kernel.sum() == pytest.approx(1, abs=1e-5)
    # It has hardly left the Gaussian it began with.
    assert last.axes_px == pytest.approx((1.2, 1.2), rel=0.15)


def test_too_small_pictures_are_told() -> None:
    with pytest.raises(InputError, match=f"smaller than {least_px(2)} px"):
        next(match_kernel(picture(least_px(2) - 1), 1e-4, 2, seed=0, device=CPU))


def test_axes_are_those_of_a_gaussian() -> None:
    y, x = np.mgrid[-15:16, -15:16]
    u, v = (x + y) / 2**0.5, (y - x) / 2**0.5
    kernel = np.exp(-(u**2 / 9 + v**2 / 2.25) / 2)
    assert axes_of(kernel / kernel.sum()) == pytest.approx((3, 1.5), rel=0.01)
