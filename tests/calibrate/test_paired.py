from __future__ import annotations

import numpy as np
import pytest
import torch
from lens_cases import SmallLens, relative_l2

from lenscal.calibrate.field_solver import prior_precision, solve_field
from lenscal.calibrate.kernel_field import kernel_field
from lenscal.calibrate.kernels import interpolation_matrix, second_differences
from lenscal.calibrate.paired import cell_positions, correlation_matrix, sinc_shift, tiles_of
from lenscal.calibrate.registration import find_pairs


def test_tiles_cover_every_pixel_once_on_whole_periods() -> None:
    seen = np.zeros((482, 726), int)
    for _, rows, cols in tiles_of((482, 726), (5, 7)):
        assert rows.start % 2 == 0 == cols.start % 2
        seen[rows, cols] += 1
    assert (seen == 1).all()


def test_sinc_shift_moves_a_wave_exactly() -> None:
    x = torch.arange(64, dtype=torch.float64)
    wave = torch.sin(2 * np.pi * 0.15 * x)[None, None].expand(1, 64, 64)
    moved = sinc_shift(wave, torch.tensor([[0.0, 0.3]]))
    expected = torch.sin(2 * np.pi * 0.15 * (x + 0.3))[8:-8]
    assert torch.allclose(moved[0, 10], expected, atol=2e-3)


def test_solver_finds_the_kernels_that_made_the_equations() -> None:
    rng = np.random.default_rng(0)
    truth = rng.gamma(0.5, size=(4, 3, 25))
    truth = truth / truth.sum(-1, keepdims=True)
    weights = interpolation_matrix(cell_positions((5, 5)), (2, 2))
    design = rng.normal(size=(25, 3, 60, 25))
    at_cells = np.einsum("cm,mau->cau", weights, truth)
    gram = np.einsum("cani,canj->caij", design, design)
    cross = np.einsum("caij,caj->cai", gram, at_cells)
    field = kernel_field(5, torch.device("cpu"))
    centroids = torch.from_numpy(truth).float() @ field.taps

    def solved(wanted: torch.Tensor) -> torch.Tensor:
        *_, found = solve_field(
            *(torch.from_numpy(v).float() for v in (gram, cross, weights)),
            1e-4 * torch.eye(25).expand(3, 25, 25), torch.zeros(0, 4), 0.0,
            seen=field.seen, taps=field.taps, centroids=wanted, iterations=100,
        )
        return found

    found = solved(centroids)
    assert torch.allclose(found.sum(-1), torch.ones(4, 3), atol=1e-5)
    assert relative_l2(found.numpy().reshape(-1, 5, 5), truth.reshape(-1, 5, 5)) < 0.01
    moved = solved(centroids + torch.tensor([0.5, 0.0])) @ field.taps - centroids
    assert (moved[..., 0] > 0.05).all() and moved[..., 1].abs().max() < 0.05


def test_correlation_matrix_depends_on_the_lag_only() -> None:
    table = np.zeros((3, 3))
    table[1, 1], table[1, 2] = 1.0, 0.5
    matrix = correlation_matrix(table, 5)
    assert matrix[7, 7] == 1.0
    assert matrix[7, 6] == 0.5
    assert matrix[7, 5] == 0.0


def test_second_differences_prior_precision_is_positive() -> None:
    precision = prior_precision(np.ones((3, 5, 5)))
    assert np.linalg.eigvalsh(precision).min() > 0
    assert second_differences((3, 3)).shape == (6, 9)


def test_pairs_are_found_whatever_the_order(small_lens: SmallLens) -> None:
    pairs = find_pairs(small_lens.sharp, small_lens.degraded[::-1])
    assert sorted((p.sharp, p.degraded) for p in pairs) == [(0, 2), (1, 1), (2, 0)]


@pytest.mark.parametrize("shift", [(0, 0), (4, -6)])
def test_displacement_is_where_the_sharp_photo_shows_the_same(small_lens: SmallLens, shift: tuple[int, int]) -> None:
    from dataclasses import replace

    sharp = small_lens.sharp[0]
    moved = replace(sharp, mosaic=np.roll(sharp.mosaic, shift, (0, 1)), rgb=np.roll(sharp.rgb, shift, (0, 1)))
    (pair,) = find_pairs([moved], [sharp])
    assert np.allclose(pair.displacement(np.array([0.5, 0.5])), shift, atol=0.05)
