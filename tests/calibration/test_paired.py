from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from lens_cases import SmallLens, relative_l2

from lenscal.calibration.field.geometry import cell_positions, interpolation_matrix
from lenscal.calibration.field.polynomials import second_differences
from lenscal.calibration.pairs.field_solver import (
    KernelPrior,
    expected_kernels,
    prior_precision,
    solve_field,
)
from lenscal.calibration.pairs.normal_equations import (
    PassInput,
    ShiftEquations,
    accumulate,
    correlation_matrix,
    refine_pairs,
)
from lenscal.calibration.pairs.registration import Pair, find_pairs
from lenscal.calibration.pairs.sinc_shift import sinc_shift
from lenscal.calibration.statistics.kernel_field import kernel_field
from lenscal.raw.frame import Frame


def test_sinc_shift_moves_a_wave_exactly() -> None:
    x = torch.arange(64, dtype=torch.float64)
    wave = torch.sin(2 * np.pi * 0.15 * x)[None, None].expand(1, 64, 64)
    shifted = sinc_shift(wave, torch.tensor([[0.0, 0.3]]))
    expected = torch.sin(2 * np.pi * 0.15 * (x + 0.3))[8:-8]
    assert torch.allclose(shifted[0, 10], expected, atol=2e-3)


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
        *_, kernels = solve_field(
            *(torch.from_numpy(v).float() for v in (gram, cross, weights)),
            KernelPrior(
                1e-4 * torch.eye(25).expand(3, 25, 25),
                torch.zeros(0, 4),
                0.0,
                field.pixel_response,
                field.taps,
                wanted,
            ),
            iterations=100,
        )
        return kernels

    kernels = solved(centroids)
    assert torch.allclose(kernels.sum(-1), torch.ones(4, 3), atol=1e-5)
    assert relative_l2(kernels.numpy().reshape(-1, 5, 5), truth.reshape(-1, 5, 5)) < 0.01
    drift = solved(centroids + torch.tensor([0.5, 0.0])) @ field.taps - centroids
    assert (drift[..., 0] > 0.05).all() and drift[..., 1].abs().max() < 0.05


def test_weak_data_do_not_make_kernels_wide() -> None:
    """Noisy photos tell little of fine detail. Around nothing a prior then spreads the light;
    around the mixture of Gaussians that explains all cells best it does not."""
    field, n = kernel_field(9, torch.device("cpu")), 81
    sigma, shift = 1.1, torch.tensor([0.0, 0.2])
    middle = torch.zeros(4, 3, 2)
    middle[:, 0] = shift
    offsets = field.taps - middle[:, :, None]
    truth = (-offsets.square().sum(-1) / 2 / sigma**2).softmax(-1)
    distance = torch.cdist(field.taps, field.taps)
    texture = 100 * torch.exp(-distance.square() / 2 / 1.5**2)
    gram = texture.expand(16, 3, n, n)
    weights = torch.from_numpy(interpolation_matrix(cell_positions((4, 4)), (2, 2))).float()
    at_cells = torch.einsum("cm,mau->cau", weights, truth)
    cross = torch.einsum("ij,caj->cai", texture, at_cells)
    precision = torch.from_numpy(prior_precision(np.full((3, 9, 9), 0.02))).float()
    bare = KernelPrior(precision, torch.zeros(0, 4), 0.0, field.pixel_response, field.taps, middle)
    mean = expected_kernels(gram, cross, field.taps, middle)
    assert torch.allclose(mean.sum(-1), torch.ones(4, 3), atol=1e-5)
    assert torch.allclose((mean @ field.taps)[:, 0], shift.expand(4, 2), atol=0.02)
    wide = []
    for prior in (bare, replace(bare, mean=mean)):
        *_, kernels = solve_field(gram, cross, weights, prior, iterations=60)
        wide.append(float((1 / kernels.square().sum(-1)).mean().sqrt()))
    right = float((1 / truth.square().sum(-1)).mean().sqrt())
    assert wide[1] == pytest.approx(right, rel=0.04)
    assert wide[0] > 1.08 * right


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
def test_displacement_is_where_the_sharp_photo_shows_the_same(
    small_lens: SmallLens, shift: tuple[int, int]
) -> None:
    sharp = small_lens.sharp[0]
    shifted = replace(
        sharp, mosaic=np.roll(sharp.mosaic, shift, (0, 1)), rgb=np.roll(sharp.rgb, shift, (0, 1))
    )
    (pair,) = find_pairs([shifted], [sharp])
    assert np.allclose(pair.displacement(np.array([0.5, 0.5])), shift, atol=0.05)


def shaded(frame: Frame, corner: float) -> Frame:
    """The photo darker towards the corners, where `corner` of its light is left."""
    y, x = (
        np.linspace(-1, 1, n)[shape]
        for n, shape in zip(frame.size, (np.s_[:, None], np.s_[None]), strict=True)
    )
    light = 1 - (1 - corner) * (y**2 + x**2) / 2
    black = np.tile(frame.black, (frame.size[0] // 2, frame.size[1] // 2))
    mosaic = np.rint(black + (frame.mosaic - black) * light).astype(np.uint16)
    return replace(frame, mosaic=mosaic, rgb=(frame.rgb * light[..., None]).astype(np.uint16))


def test_vignetting_that_was_not_undone_is_no_blur(small_lens: SmallLens) -> None:
    """Kernels sum to 1: a darker tile must not get a pedestal, nor a brighter one rings."""
    fields = []
    for corner in (1.0, 0.4):
        shots = [
            (s, shaded(d, corner))
            for s, d in zip(small_lens.sharp, small_lens.degraded, strict=True)
        ]
        pairs = find_pairs(*([pair[i] for pair in shots] for i in range(2)))
        scene = np.broadcast_to(np.eye(3)[:, :, None, None] * 0.1, (3, 3, 32, 32)).astype(complex)
        kernels = None
        weights = torch.from_numpy(interpolation_matrix(cell_positions((4, 4)), (3, 3))).float()
        field, precision = (
            kernel_field(9, torch.device("cpu")),
            prior_precision(np.full((3, 9, 9), 0.02)),
        )
        for _ in range(2):
            work = accumulate(
                shots,
                pairs,
                PassInput(
                    common=np.zeros((16, 2)),
                    lateral=np.zeros((16, 3, 2)),
                    scene=scene,
                    cells=(4, 4),
                    kernel_size=9,
                    kernels=kernels,
                    budget_sites=4e5,
                    device=torch.device("cpu"),
                ),
            )
            *_, (sums, _) = work
            *_, solved = solve_field(
                sums.gram.sum(0),
                sums.cross.sum(0),
                weights,
                KernelPrior(
                    torch.from_numpy(precision).float(),
                    torch.from_numpy(second_differences((3, 3))).float(),
                    100.0,
                    field.pixel_response,
                    field.taps,
                    torch.zeros(9, 3, 2),
                ),
                iterations=25,
            )
            kernels = torch.einsum("cm,mau->cau", weights, solved)
        fields.append(solved.numpy().reshape(9, 3, 9, 9))
    assert relative_l2(fields[1], fields[0]) < 0.1


def test_pairs_that_tell_nothing_stay_where_they_are() -> None:
    pairs = [Pair(i, i, np.full((3, 2), float(i))) for i in range(3)]
    informative = ShiftEquations(
        np.random.default_rng(0).random((8, 2)), np.tile(np.eye(2), (8, 1, 1)), np.full((8, 2), 0.2)
    )
    silent = ShiftEquations(informative.positions, np.zeros((8, 2, 2)), np.zeros((8, 2)))
    refined = refine_pairs(pairs, [informative, None, silent])
    # The one that says something may move, the others not.
    for pair, result in list(zip(pairs, refined, strict=True))[1:]:
        assert np.array_equal(pair.motion, result.motion)
    assert refine_pairs(pairs, [None] * 3) == pairs
