"""Second- and third-order statistics: sums over patches, the field of kernels, and what they find
without pairs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from lens_cases import SmallLens, photographed
from test_engine import SMALL, run

from lenscal.calibration.budget import BUDGETS
from lenscal.calibration.field.geometry import cell_positions, node_positions
from lenscal.calibration.packing import Packing
from lenscal.calibration.result import StageResult
from lenscal.calibration.settings import Quality, Stages
from lenscal.calibration.stages import ray_stage, statistics_stage
from lenscal.calibration.statistics.bispectra import TRIAD_WINDOW_PX, Bispectra, triads
from lenscal.calibration.statistics.kernel_field import expecting, kernel_field
from lenscal.calibration.statistics.likelihood_terms import second_order_terms, third_order_terms
from lenscal.calibration.statistics.spectra import SPECTRUM_WINDOW_PX, MosaicSpectra
from lenscal.calibration.statistics.spectral_fit import lbfgs, likeliest_mixture, optimise
from lenscal.calibration.statistics.windowed import corners, data_cells, hann, spans
from lenscal.measure.kernel_scores import score


def test_triads_are_closed_and_each_stands_once() -> None:
    triad = triads()
    assert np.array_equal(triad[:, 0] + triad[:, 1], triad[:, 2])
    triangles = {frozenset([tuple(a), tuple(b), tuple(-c)]) for a, b, c in triad}
    assert len(triangles) == len(triad)
    assert np.hypot(*triad.reshape(-1, 2).T).max() <= 0.25 * TRIAD_WINDOW_PX


def test_patches_stay_inside_and_start_on_periods() -> None:
    for height, width, size, most in ((150, 224, 64, 36), (64, 64, 64, 36), (500, 750, 32, 110)):
        places = corners(height, width, size, most)
        assert 0 < len(places) <= most * 1.3
        assert all(
            t % 2 == 0 == left % 2 and t + size <= height and left + size <= width
            for t, left in places
        )
    assert corners(63, 100, 64, 36) == []
    assert data_cells((4000, 6000)) == (8, 8) and data_cells((480, 720)) == (3, 5)
    cells = spans((480, 722), (3, 5))
    assert cells[0][0].start == 0 and cells[-1][1].stop == 722 and len(cells) == 15


def test_window_of_the_four_planes_is_one_window_on_the_sensor() -> None:
    w = hann(64)
    assert np.allclose(w, w.T) and w[0, 0] > 0
    assert np.unravel_index(int(w.argmax()), w.shape) in [(31, 31), (31, 32), (32, 31), (32, 32)]


def test_fields_sum_to_one_and_are_polynomials() -> None:
    field = kernel_field(9, torch.device("cpu"))
    theta = torch.randn(field.terms, 3, 81, generator=torch.Generator().manual_seed(0))
    at_nodes = field.kernels(theta, field.basis(node_positions((7, 6))))
    assert at_nodes.shape == (42, 3, 81)
    assert torch.allclose(at_nodes.sum(-1), torch.ones(42, 3), atol=1e-5)
    somewhere = field.basis(np.array([[0.3, 0.4]]))
    fifth = np.diff(at_nodes.view(7, 6, 3, 81).numpy().astype(float), n=5, axis=0)
    assert np.abs(fifth).max() < 1e-5
    assert torch.allclose(field.kernels(0 * theta, somewhere), field.expected(somewhere))


@pytest.mark.parametrize(
    ("core", "halo", "share"), [(0.3, 1.0, 0.0), (1.2, 1.0, 0.0), (0.4, 2.2, 0.3)]
)
def test_the_expected_kernel_is_as_wide_as_the_blur(core: float, halo: float, share: float) -> None:
    """Spectra of a scene with 1/f^2, blurred by a core and a halo: the mixture has their light by
    distance."""
    f = np.fft.fftfreq(SPECTRUM_WINDOW_PX)
    power = 1 / np.maximum(f[:, None] ** 2 + f**2, SPECTRUM_WINDOW_PX**-2.0)
    correlated = 0.9 + 0.1 * np.eye(3)
    reference = (correlated[:, :, None, None] * power)[None].astype(complex)
    field, cells = kernel_field(13, torch.device("cpu")), cell_positions((2, 2))
    radius = field.taps.norm(dim=1)
    parts = [torch.exp(-(radius**2) / 2 / sigma**2) for sigma in (core, halo)]
    blur = (1 - share) * parts[0] / parts[0].sum() + share * parts[1] / parts[1].sum()
    m = SPECTRUM_WINDOW_PX // 2
    nothing = MosaicSpectra(
        np.ones((4, 4, 4, m, m), complex), np.full((4, 4), 1e-3), np.full(4, 1000.0)
    )
    terms = second_order_terms(nothing, reference, Packing((0, 1, 1, 2)), 13, torch.device("cpu"))
    measured = terms.noise
    for scene, phase in zip(terms.scenes, terms.phases, strict=True):
        otf = blur.to(phase.dtype) @ phase
        measured = measured + (otf.abs() ** 2)[:, None, None] * scene
    found = likeliest_mixture(
        field, cells, replace(terms, measured=measured.expand(4, -1, 4, 4).contiguous())
    )
    expected = expecting(field, found)
    distance = expected.expected(expected.basis(cells)) @ radius
    assert torch.allclose(distance, (blur @ radius).expand_as(distance), atol=0.12)
    assert expected.chol.diagonal().argmax() == len(radius) // 2


def test_third_order_tells_a_kernel_from_its_mirror_image() -> None:
    """Bispectra of a skewed scene, blurred with a leaning kernel: the right lean fits, the mirrored
    one does not."""
    rng = np.random.default_rng(0)
    triad, n = triads(), TRIAD_WINDOW_PX
    kernel = np.zeros((3, 5, 5))
    kernel[:, 2, 2:5] = 0.6, 0.3, 0.1
    taps = np.arange(5) - 2
    f = np.fft.fftfreq(n)
    waves = np.exp(-2j * np.pi * np.outer(f, taps))
    otf = waves @ kernel[1] @ waves.T
    scene = rng.exponential(size=(4000, n, n)) - 1
    x = np.fft.fft2(scene) / n
    y = x * otf

    def sums(values: np.ndarray) -> Bispectra:
        a, b, c = (values[:, triad[:, k, 0] % n, triad[:, k, 1] % n] for k in range(3))
        power = (np.abs(values) ** 2).sum(0)
        return Bispectra(
            (a * b * c.conj()).sum(0)[None], power[None], np.array([float(len(values))])
        )

    terms = third_order_terms(sums(y), sums(x), triad, 5, torch.device("cpu"))
    right = torch.from_numpy(kernel.reshape(1, 3, 25)).float()
    mirrored = right.view(1, 3, 5, 5).flip(-1).reshape(1, 3, 25)
    even = (right + mirrored) / 2
    weights = terms.weights(right)
    found = [float(terms.misfit(k, weights)) for k in (right, even, mirrored)]
    assert found[0] < 0.1 * found[1] < 0.1 * found[2]


@pytest.fixture(scope="module")
def unrelated(tmp_path_factory: pytest.TempPathFactory) -> SmallLens:
    folder: Path = tmp_path_factory.mktemp("unrelated")
    return photographed(folder, same_scenes=False, n_photos=6, size=(480, 720))


def test_coma_is_learnt_from_unrelated_scenes(
    unrelated: SmallLens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Third order finds more of the odd part than second order alone, and rays more of all than
    taps."""
    few = replace(BUDGETS[Quality.QUICK], statistics_rounds=8, ray_rounds=6)
    monkeypatch.setitem(BUDGETS, Quality.QUICK, few)
    for stage in (statistics_stage, ray_stage):
        monkeypatch.setattr(stage, "HALF_ROUNDS", 1)
    truth = unrelated.truth
    height, width = truth.image_size
    at = (truth.positions * [height - 1, width - 1]).reshape(-1, 2)

    def figures(stage: StageResult) -> dict[str, float]:
        flat = [k.reshape(-1, *k.shape[2:]).astype(float) for k in (truth.kernels, stage.kernels)]
        return score(flat[0], at, flat[1], at)["estimate"]

    stages = [
        result
        for asked in (Stages.G, Stages.GT)
        for result in run(unrelated.sharp, unrelated.degraded, replace(SMALL, stages=asked)).stages
    ]
    assert [s.name for s in stages] == ["G", "GT", "R"]
    second, third, rays = (figures(result) for result in stages)
    assert third["odd_rel"] < 0.9 * second["odd_rel"]
    assert third["rel_l2_mean"] < second["rel_l2_mean"]
    assert rays["rel_l2_mean"] < 0.9 * third["rel_l2_mean"]


def test_a_step_too_long_for_numbers_is_taken_back() -> None:
    """The loss is no number, or cannot be computed, beyond 1; its least is at 0.5."""
    place = torch.tensor([-40.0], requires_grad=True)
    optimiser = lbfgs([place], 30)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        if place.item() > 4:
            torch.linalg.cholesky(-torch.eye(2))
        value = (place - 0.5).square().sum() - torch.log(1 - place).sum() * 1e-3
        value.backward()
        return value.detach()

    optimise(optimiser, loss)
    assert abs(place.item() - 0.5) < 0.01
