"""The space-varying blur against its definition, and its adjoint."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lopsided import lopsided_grid
from torch.nn import functional

from lenscal.blur import operator
from lenscal.blur.border import mirrored_index
from lenscal.blur.operator import A, A_adjoint
from lenscal.blur.patches import blur_patches
from lenscal.errors import InputError
from lenscal.optics.psf_grid import PsfGrid, bilinear_nodes, delta_grid

SIZE = (41, 50)


def direct(x: torch.Tensor, psf: PsfGrid, origin: tuple[int, int] = (0, 0)) -> torch.Tensor:
    """The definition, node by node: convolve the mirrored image [3, h, w], weight, add."""
    height, width = x.shape[-2:]
    radius = psf.kernel_size // 2
    padded = torch.from_numpy(
        np.pad(x.numpy(), ((0, 0), (radius, radius), (radius, radius)), mode="symmetric")
    )
    y, x_px = (o + np.arange(n) for o, n in zip(origin, (height, width), strict=True))
    at = np.meshgrid(y / (psf.image_size[0] - 1), x_px / (psf.image_size[1] - 1), indexing="ij")
    index, weight = bilinear_nodes(np.stack(at, -1), psf.shape)
    out = torch.zeros_like(x)
    for node, kernel in enumerate(torch.from_numpy(psf.kernels).flatten(0, 1).to(x.dtype)):
        w = torch.from_numpy((weight * (index == node)).sum(-1)).to(x.dtype)
        out += w * functional.conv2d(padded[None], kernel.flip(-1, -2)[:, None], groups=3)[0]
    return out


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=[24, 256])
def field_px(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells cut into several tiles, and not."""
    monkeypatch.setattr(operator, "FIELD_PX", request.param)


@pytest.mark.usefixtures("field_px")
@pytest.mark.parametrize("nodes", [(3, 4), (1, 1), (1, 5), (2, 1)])
@pytest.mark.parametrize(
    "origin, shape", [((0, 0), SIZE), ((7, 11), (30, 21)), ((20, 0), (3, 50)), ((40, 3), (1, 2))]
)
def test_equals_the_definition(
    origin: tuple[int, int], shape: tuple[int, int], nodes: tuple[int, int]
) -> None:
    """Also for images smaller than the kernels."""
    psf, x = lopsided_grid(SIZE, nodes=nodes), random(3, *shape)
    torch.testing.assert_close(A(x, psf, origin=origin), direct(x, psf, origin), rtol=0, atol=1e-12)
    single = A(x.float(), psf, origin=origin)
    torch.testing.assert_close(single, direct(x, psf, origin).float(), rtol=0, atol=1e-5)


@pytest.mark.usefixtures("field_px")
@pytest.mark.parametrize("origin, shape", [((0, 0), SIZE), ((7, 11), (30, 21)), ((20, 0), (3, 50))])
def test_adjoint_identity(origin: tuple[int, int], shape: tuple[int, int]) -> None:
    psf = lopsided_grid(SIZE)
    x, y = random(2, 3, *shape), random(2, 3, *shape, seed=1)
    left = (A(x, psf, origin=origin) * y).sum()
    right = (x * A_adjoint(y, psf, origin=origin)).sum()
    torch.testing.assert_close(left, right, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("at", [(4, 4), (20, 25), (20, 44), (36, 7), (13, 31), (36, 45)])
def test_impulse_shows_each_pixels_own_kernel(at: tuple[int, int]) -> None:
    psf = lopsided_grid(SIZE)
    radius = psf.kernel_size // 2
    x = torch.zeros(3, *SIZE, dtype=torch.float64)
    x[:, at[0], at[1]] = 1
    blurred = A(x, psf).numpy()
    expected = np.zeros((3, *SIZE))
    for y in range(max(at[0] - radius, 0), min(at[0] + radius + 1, SIZE[0])):
        for x_px in range(max(at[1] - radius, 0), min(at[1] + radius + 1, SIZE[1])):
            kernel = psf.at(np.array([y / (SIZE[0] - 1), x_px / (SIZE[1] - 1)]))
            expected[:, y, x_px] = kernel[:, radius + y - at[0], radius + x_px - at[1]]
    np.testing.assert_allclose(blurred, expected, atol=1e-7)


def test_impulses_all_over_the_field_show_the_kernels_around_them() -> None:
    """Spread on 20 places so that their kernels just do not meet; corners too, where nothing is
    mirrored yet."""
    psf, spacing = lopsided_grid(SIZE), 9
    radius = psf.kernel_size // 2
    x = torch.zeros(3, *SIZE, dtype=torch.float64)
    x[:, radius : SIZE[0] - radius : spacing, radius : SIZE[1] - radius : spacing] = 1
    blurred = A(x, psf).numpy()
    rows, cols = (np.arange(4 * spacing), np.arange(5 * spacing))
    at = np.stack(np.meshgrid(rows / (SIZE[0] - 1), cols / (SIZE[1] - 1), indexing="ij"), axis=-1)
    kernels = psf.at(at)
    expected = np.empty((3, len(rows), len(cols)))
    for y in rows:
        for x_px in cols:
            expected[:, y, x_px] = kernels[y, x_px, :, y % spacing, x_px % spacing]
    np.testing.assert_allclose(blurred[:, : len(rows), : len(cols)], expected, atol=1e-7)


def test_leans_the_way_the_kernel_does() -> None:
    kernels = np.zeros((1, 1, 3, 5, 5), np.float32)
    kernels[..., 3, 4] = 1
    x = torch.zeros(3, 11, 11)
    x[:, 5, 5] = 1
    blurred = A(x, PsfGrid(kernels, (11, 11)))
    assert blurred[1].argmax() == 6 * 11 + 7


def test_delta_is_the_identity_and_flat_stays_flat() -> None:
    x = random(3, *SIZE)
    torch.testing.assert_close(A(x, delta_grid((3, 4), 9, SIZE)), x)
    flat = torch.full((3, *SIZE), 0.7, dtype=torch.float64)
    torch.testing.assert_close(A(flat, lopsided_grid(SIZE)), flat, rtol=0, atol=1e-6)


def test_tile_sees_the_kernels_of_its_place() -> None:
    psf, x = lopsided_grid(SIZE), random(3, *SIZE)
    whole = A(x, psf)[:, 14:24, 19:29]
    tile = A(x[:, 10:28, 15:33], psf, origin=(10, 15))[:, 4:14, 4:14]
    torch.testing.assert_close(tile, whole)


def test_refuses_a_tile_outside_the_sensor() -> None:
    with pytest.raises(InputError, match="sensor"):
        A(random(3, 10, 10), lopsided_grid(SIZE), origin=(35, 0))
    with pytest.raises(InputError, match=r"\[3, H, W\]"):
        A(random(1, 10, 10), lopsided_grid(SIZE))


def test_patches_are_blurred_as_an_image_with_that_kernel() -> None:
    x, grid = random(5, 3, 20, 24), lopsided_grid(SIZE, nodes=(1, 5))
    kernels = torch.from_numpy(grid.kernels[0]).double()
    blurred = blur_patches(x, kernels)
    assert blurred.shape == (5, 3, 12, 16)
    for patch, kernel, one in zip(x, kernels, blurred, strict=True):
        whole = A(patch, PsfGrid(kernel.float().numpy()[None, None], (20, 24)))
        torch.testing.assert_close(one, whole[:, 4:-4, 4:-4], rtol=0, atol=1e-12)


@pytest.mark.parametrize("length", [1, 2, 7])
def test_the_border_is_numpys_symmetric_one(length: int) -> None:
    """Also where the reach is larger than the image."""
    index = np.arange(-9, length + 9)
    expected = np.pad(np.arange(length), 9, mode="symmetric")
    assert np.array_equal(mirrored_index(index, length), expected)
