"""Results do not depend on how they were computed: the same bits for every number of threads, and
nearly the same numbers in single precision as in double."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from lopsided import lopsided_grid
from restore_cases import dead_leaves, photograph, restore_array

from lenscal.calibration.field.geometry import cell_positions, interpolation_matrix
from lenscal.calibration.pairs.field_solver import KernelPrior, solve_field
from lenscal.calibration.statistics.kernel_field import kernel_field
from lenscal.intake.survey import survey
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import NoiseModel
from lenscal.restore import wiener
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.system.threads import in_order, use_threads

MakeDng = Callable[..., Path]

SIZE = (96, 128)
NOISE = NoiseModel((1e-4,) * 3, (1e-6,) * 3)


@pytest.fixture(autouse=True)
def automatic() -> Iterator[None]:
    yield
    use_threads(None)


@pytest.mark.parametrize("method", [Method.WIENER, Method.DPIR, Method.DIFFPIR])
def test_corrections_have_the_same_bits_for_every_number_of_threads(method: Method) -> None:
    psf = lopsided_grid(SIZE)
    photo = photograph(dead_leaves(*SIZE), psf, NOISE)
    settings = RestoreSettings(method, device="cpu")
    results = []
    for threads in (1, 2, 3):
        use_threads(threads)
        results.append(restore_array(photo, psf, NOISE, settings))
    assert np.isfinite(results[0]).all()
    assert not np.array_equal(results[0], photo)
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


def test_photos_have_the_same_bits_for_every_number_of_threads(
    tmp_path: Path, make_dng: MakeDng
) -> None:
    paths = [make_dng(tmp_path / f"{n}.dng", seed=n, size=(256, 384)) for n in range(3)]
    results = []
    for threads in (1, 2, 3):
        use_threads(threads)
        frames = list(in_order(decode_photo, paths))
        results.append((frames, list(in_order(survey, frames))))
    for frames, surveys in results[1:]:
        for frame, first in zip(frames, results[0][0], strict=True):
            assert np.array_equal(frame.rgb, first.rgb)
            assert frame.noise == first.noise
        assert repr(surveys) == repr(results[0][1])


@pytest.mark.parametrize("seed", range(10))
def test_the_wiener_filter_agrees_with_double_precision(seed: int) -> None:
    """Of spectra that span five orders of magnitude: to 1e-4 of its largest value."""
    rng = torch.Generator().manual_seed(seed)
    power = torch.rand(4, 3, 50, generator=rng, dtype=torch.float64)
    signal, noise = (
        10 ** (5 * torch.rand(4, 3, 50, generator=rng, dtype=torch.float64) - 5) for _ in range(2)
    )
    together = wiener.positive(torch.rand(4, 50, 3, generator=rng) * 1.8 - 0.9).movedim(1, -1)
    double = wiener.joint_filter(power, signal, noise, together.double())
    single = wiener.joint_filter(power.float(), signal.float(), noise.float(), together)
    for a, b in zip(single, double, strict=True):
        assert float((a - b).abs().max() / b.abs().max()) < 1e-4


@pytest.mark.parametrize("seed", range(3))
def test_kernels_of_pairs_agree_with_double_precision(seed: int) -> None:
    """The solver for all nodes, from the same normal equations: to 1e-4 of the largest tap."""
    rng = np.random.default_rng(seed)
    truth = rng.gamma(0.5, size=(4, 3, 25))
    truth = truth / truth.sum(-1, keepdims=True)
    weights = interpolation_matrix(cell_positions((5, 5)), (2, 2))
    design = rng.normal(size=(25, 3, 60, 25))
    gram = np.einsum("cani,canj->caij", design, design)
    cross = np.einsum("caij,caj->cai", gram, np.einsum("cm,mau->cau", weights, truth))
    field = kernel_field(5, torch.device("cpu"))

    def solved(dtype: torch.dtype) -> torch.Tensor:
        prior = KernelPrior(
            1e-4 * torch.eye(25, dtype=dtype).expand(3, 25, 25),
            torch.zeros(0, 4, dtype=dtype),
            0.0,
            field.pixel_response.to(dtype),
            field.taps.to(dtype),
            (torch.from_numpy(truth) @ field.taps.double()).to(dtype),
        )
        sums = (torch.from_numpy(v).to(dtype) for v in (gram, cross, weights))
        *_, kernels = solve_field(*sums, prior, iterations=100)
        return kernels

    single, double = solved(torch.float32), solved(torch.float64)
    assert double.dtype == torch.float64
    assert float((single - double).abs().max() / double.abs().max()) < 1e-4
