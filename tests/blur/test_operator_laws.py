"""Laws of the blur operator for photos, tiles and grids of any shape, in single precision and in
double: hypothesis looks for a case that breaks them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lenscal.blur.operator import A, A_adjoint
from lenscal.optics.psf_grid import PsfGrid, delta_grid

SINGLE = 2e-6
"""Relative to the largest value: what float32 and its transforms lose."""
DOUBLE = 1e-12

LAWS = settings(deadline=None, max_examples=25, derandomize=True)


@dataclass(frozen=True)
class Case:
    """A grid, and a tile of its photo."""

    psf: PsfGrid
    origin: tuple[int, int]
    shape: tuple[int, int]
    seed: int

    def image(self, salt: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        rng = torch.Generator().manual_seed(self.seed + salt)
        return torch.randn(3, *self.shape, dtype=torch.float64, generator=rng).to(dtype)

    def blur(self, x: torch.Tensor) -> torch.Tensor:
        return A(x, self.psf, origin=self.origin)

    def adjoint(self, x: torch.Tensor) -> torch.Tensor:
        return A_adjoint(x, self.psf, origin=self.origin)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    size = draw(st.integers(2, 60)), draw(st.integers(2, 60))
    shape = tuple(draw(st.integers(1, side)) for side in size)
    origin = tuple(draw(st.integers(0, a - b)) for a, b in zip(size, shape, strict=True))
    nodes = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    k = draw(st.sampled_from((1, 3, 5, 9, 15)))
    seed = draw(st.integers(0, 2**20))
    kernels = np.random.default_rng(seed).gamma(0.3, size=(*nodes, 3, k, k)).astype(np.float32)
    kernels += 1e-6
    kernels /= kernels.sum((-1, -2), keepdims=True)
    return Case(PsfGrid(kernels, size), (origin[0], origin[1]), (shape[0], shape[1]), seed)


def near(a: torch.Tensor, b: torch.Tensor, tolerance: float) -> bool:
    scale = float(torch.maximum(a.abs().max(), b.abs().max())) + 1e-30
    return bool((a - b).abs().max() <= tolerance * scale)


@LAWS
@given(cases())
def test_the_adjoint_is_the_adjoint(case: Case) -> None:
    x, y = case.image(1), case.image(2)
    left, right = (case.blur(x) * y).sum(), (x * case.adjoint(y)).sum()
    assert abs(left - right) <= DOUBLE * float(x.norm() * y.norm())


@LAWS
@given(cases(), st.floats(-100, 100), st.floats(-100, 100))
def test_the_blur_is_linear(case: Case, a: float, b: float) -> None:
    x, y = case.image(1), case.image(2)
    for operator in (case.blur, case.adjoint):
        expected = a * operator(x) + b * operator(y)
        scale = (abs(a) + abs(b)) * float(x.abs().max() + y.abs().max())
        assert float((operator(a * x + b * y) - expected).abs().max()) <= 1e-11 * max(scale, 1e-9)


@LAWS
@given(cases())
def test_a_delta_changes_nothing(case: Case) -> None:
    grid = delta_grid(case.psf.shape, case.psf.kernel_size, case.psf.image_size)
    x = case.image(1)
    assert near(A(x, grid, origin=case.origin), x, DOUBLE)
    assert near(A_adjoint(x, grid, origin=case.origin), x, DOUBLE)


@LAWS
@given(cases(), st.floats(0.01, 10))
def test_even_light_stays_even_and_the_adjoint_keeps_the_sum(case: Case, light: float) -> None:
    """Kernels have the sum 1 in float32, to some 1e-7."""
    even = torch.full((3, *case.shape), light, dtype=torch.float64)
    assert near(case.blur(even), even, 1e-6)
    # <1, A* y> = <A 1, y> = <1, y>.
    y = case.image(1).abs()
    assert near(case.adjoint(y).sum()[None], y.sum()[None], 1e-6)


@LAWS
@given(cases())
def test_light_stays_between_the_darkest_and_the_brightest(case: Case) -> None:
    """No kernel here is negative, and all have the sum 1."""
    x = case.image(1)
    blurred = case.blur(x)
    margin = 1e-6 * float(x.abs().max())
    assert blurred.min() >= x.min() - margin and blurred.max() <= x.max() + margin


@LAWS
@given(cases())
def test_single_precision_agrees_with_double(case: Case) -> None:
    x = case.image(1)
    for operator in (case.blur, case.adjoint):
        assert near(operator(x.float()).double(), operator(x), SINGLE)
