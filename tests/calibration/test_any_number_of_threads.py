"""What a calibration computes has the same bits for every number of threads, and leaves none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from test_resume import patches, signed_start
from torch import Tensor

from lenscal.calibration.field.geometry import cell_positions
from lenscal.calibration.matching.matcher import Matcher, MatchingSettings
from lenscal.calibration.packing import Packing
from lenscal.calibration.rays.ray_field import ray_field
from lenscal.calibration.rays.ray_fit import fit_rays, fit_rays_to_pairs, rays_like
from lenscal.calibration.statistics.bispectra import TRIAD_WINDOW_PX, Bispectra, triads
from lenscal.calibration.statistics.kernel_field import kernel_field
from lenscal.calibration.statistics.likelihood_terms import (
    SecondOrder,
    ThirdOrder,
    second_order_terms,
    third_order_terms,
)
from lenscal.calibration.statistics.spectra import MosaicSpectra
from lenscal.calibration.statistics.spectral_fit import fit_statistics, likeliest_mixture
from lenscal.flow.network import NetworkSettings
from lenscal.system.threads import use_threads

CPU, SIZE = torch.device("cpu"), 7
CELLS = cell_positions((4, 5))
LATERAL = np.zeros((20, 3, 2))


@pytest.fixture(autouse=True)
def automatic() -> Iterator[None]:
    yield
    use_threads(None)
    assert not [t for t in threading.enumerate() if t.name.startswith("numerical")]


def second_order() -> SecondOrder:
    """Of photos blurred a little more in each cell than in the one before."""
    m = 32
    frequency = np.fft.fftfreq(2 * m)
    power = 1 / (np.hypot(frequency[:, None], frequency) + 0.02) ** 2
    scenes = ((0.3 * np.eye(3) + 0.7)[..., None, None] * power)[None].astype(complex)
    ones = np.ones((20, 4, 4, m, m), complex)
    sums = MosaicSpectra(ones, np.full((20, 4), 1e-2), np.full(20, 50.0))
    terms = second_order_terms(sums, scenes, Packing((0, 1, 1, 2)), SIZE, CPU)
    field = kernel_field(SIZE, CPU)
    width = torch.linspace(-1, 1, 20)[:, None]
    kernels = field.gaussians[1] + 0.3 * width * (field.gaussians[2] - field.gaussians[1])
    measured = terms.noise
    for scene, phase in zip(terms.scenes, terms.phases, strict=True):
        otf = kernels.to(phase.dtype) @ phase
        measured = measured + (otf.abs() ** 2)[..., None, None] * scene
    return replace(terms, measured=measured.contiguous())


def third_order() -> ThirdOrder:
    rng, triad = np.random.default_rng(0), triads()

    def sums(cells: int) -> Bispectra:
        values = rng.normal(size=(cells, len(triad), 2)) @ [1, 1j] + 3
        power = np.full((cells, TRIAD_WINDOW_PX, TRIAD_WINDOW_PX), 2.0)
        return Bispectra(values * 50, power * 50, np.full(cells, 50.0))

    return third_order_terms(sums(20), sums(1), triad, SIZE, CPU)


def last(steps: Iterator[Tensor]) -> Tensor:
    *_, result = steps
    return result


def of_taps() -> Tensor:
    field = kernel_field(SIZE, CPU)
    return last(fit_statistics(field, CELLS, second_order(), third_order(), LATERAL, rounds=2))


def of_the_mixture() -> Tensor:
    return likeliest_mixture(kernel_field(SIZE, CPU), CELLS, second_order())


def of_rays() -> Tensor:
    field = ray_field(SIZE, CPU)
    kernels = kernel_field(SIZE, CPU).gaussians[1].expand(20, 3, -1)
    start = next(iter(rays_like(field, CELLS, kernels)))
    fit = fit_rays(field, CELLS, second_order(), third_order(), LATERAL, rounds=1, start=start)
    return last(fit)


def of_rays_to_pairs() -> Tensor:
    field, n = ray_field(SIZE, CPU), SIZE**2
    near = kernel_field(SIZE, CPU).gaussians[1].expand(20, 3, -1)
    gram = (torch.eye(n) * 100 + 50).expand(20, 3, n, n)
    cross = (gram @ near[..., None])[..., 0]
    nodes, centroids = cell_positions((3, 3)), torch.zeros(9, 3, 2)
    start = torch.full((field.count,), 0.05)
    fit = fit_rays_to_pairs(
        field, (CELLS, nodes), gram, cross, near, centroids, rounds=1, start=start
    )
    return last(fit)


def of_matching() -> Tensor:
    settings = MatchingSettings(2, 2, batch=64, network=NetworkSettings(width=8, depth=1))
    matcher = Matcher(patches(), signed_start(), settings, seed=0, device=CPU)
    for _ in range(matcher.total):
        matcher.step()
    matched = matcher.matched()
    assert matched is not None
    weights = [parameter.detach().flatten() for parameter in matcher.network.parameters()]
    return torch.cat([matched.flatten(), *weights])


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("work", [of_taps, of_the_mixture, of_rays, of_rays_to_pairs, of_matching])
def test_the_same_bits_for_every_number_of_threads(work: Callable[[], Tensor]) -> None:
    results = []
    for threads in (1, 2, 3):
        use_threads(threads)
        results.append(work())
    assert results[0].isfinite().all()
    assert torch.equal(results[0], results[1]) and torch.equal(results[0], results[2])


def test_a_fit_that_is_left_leaves_no_thread() -> None:
    use_threads(2)
    field = kernel_field(SIZE, CPU)
    fit = fit_statistics(field, CELLS, second_order(), third_order(), LATERAL, rounds=5)
    next(fit)
    fit.close()  # type: ignore[attr-defined]
