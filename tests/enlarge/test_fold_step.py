"""The step that knows the picture: its answer is the least of what it minimises."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from lenscal.enlarge.fold_step import FoldStep, interpolated, made_smaller, transfer


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_the_answer_is_the_least(factor: int) -> None:
    generator = torch.Generator().manual_seed(factor)
    picture = torch.rand(3, 8, 10, generator=generator, dtype=torch.float64)
    guess = torch.rand(3, 8 * factor, 10 * factor, generator=generator, dtype=torch.float64)
    kernel = torch.rand(7, 7, generator=generator, dtype=torch.float64)
    kernel /= kernel.sum()
    weight = 0.05

    def cost(x: Tensor) -> Tensor:
        spectrum = torch.fft.fft2(x) * transfer(kernel, guess.shape[-2:])
        seen = torch.fft.ifft2(spectrum).real[..., ::factor, ::factor]
        return (seen - picture).square().sum() + weight * (x - guess).square().sum()

    x = FoldStep(picture, kernel, factor)(guess, weight).requires_grad_()
    (slope,) = torch.autograd.grad(cost(x), x)
    assert float(slope.abs().max()) < 1e-9


def test_what_is_interpolated_lies_on_the_pictures_pixels() -> None:
    picture = torch.rand(3, 9, 11, generator=torch.Generator().manual_seed(0))
    for factor in (2, 3):
        torch.testing.assert_close(
            interpolated(picture, factor)[:, ::factor, ::factor], picture, atol=1e-4, rtol=0
        )


def test_a_kernels_middle_lies_on_the_pictures_pixels() -> None:
    image = torch.zeros(1, 20, 20)
    image[0, 8, 10] = 1
    kernel = torch.zeros(5, 5)
    kernel[2, 2] = 1
    small = made_smaller(image, kernel, 2)[0].numpy()
    assert small[4, 5] == 1 and np.count_nonzero(small) == 1
