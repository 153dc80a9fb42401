"""Kernels that rays make: the aberrations, the apertures' diffraction, and what fits find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from lens_cases import SmallLens, relative_l2
from test_engine import SMALL, run
from torch import Tensor

from lenscal.calibration import engine
from lenscal.calibration.budget import BUDGETS
from lenscal.calibration.field import kernels
from lenscal.calibration.field.geometry import node_positions
from lenscal.calibration.field.kernels import centroids
from lenscal.calibration.packing import Packing
from lenscal.calibration.rays.ray_field import (
    FAMILIES,
    RayField,
    _slopes,
    diffraction_mtf,
    ray_field,
)
from lenscal.calibration.rays.ray_fit import HeldOut, cross_validate, rays_like
from lenscal.calibration.settings import Quality, Stages
from lenscal.calibration.stages import ray_stage
from lenscal.calibration.stages.ray_stage import Rays
from lenscal.calibration.stages.statistics_sums import Places
from lenscal.calibration.statistics.likelihood_terms import SecondOrder, ThirdOrder
from lenscal.stepping import STOP
from lenscal.virtual.lens import demo_lens, relative_psf

CPU = torch.device("cpu")
SOFT = torch.tensor([[0.0] * 3, [4.0] * 3])
"""A Gaussian blur: without one, kernels ring to the edge of their frame."""
NODES = node_positions((4, 4))


def theta_of(field: RayField, **parts: Tensor) -> Tensor:
    return torch.cat(
        [parts.get(name, torch.zeros(shape)).flatten() for name, shape in field.shapes.items()]
    )


def drawn(field: RayField, seed: int, size: float) -> Tensor:
    return torch.randn(field.count, generator=torch.Generator().manual_seed(seed)) * size


@pytest.mark.parametrize("name", [name for _, members in FAMILIES.values() for name in members])
def test_slopes_are_those_of_the_wavefront(name: str) -> None:
    """Against differences of the polynomial, written out from its name."""
    rng = np.random.default_rng(0)
    y, x = rng.uniform(-0.7, 0.7, (2, 40))

    def wavefront(y: np.ndarray, x: np.ndarray) -> np.ndarray:
        radius, angle = np.hypot(y, x), np.arctan2(y, x)
        value = np.ones_like(y)
        for word in name.split():
            number = int(word[1:])
            turn = {"c": np.cos(number * angle), "s": np.sin(number * angle)}
            value = value * radius**number * turn.get(word[0], 1.0)
        return value

    step = 1e-5
    expected = np.stack(
        [
            (wavefront(y + step, x) - wavefront(y - step, x)) / 2 / step,
            (wavefront(y, x + step) - wavefront(y, x - step)) / 2 / step,
        ],
        -1,
    )
    expected -= expected.mean(0)
    found = _slopes(name, y, x)
    assert np.sqrt((found**2).sum(-1).mean()) == pytest.approx(1)
    assert np.allclose(found, expected / np.sqrt((expected**2).sum(-1).mean()), atol=1e-6)


def test_without_aberrations_a_kernel_is_a_point() -> None:
    field = ray_field(9, CPU)
    kernels = field.kernels(torch.zeros(field.count), field.basis(NODES)).view(16, 3, 9, 9)
    assert torch.allclose(kernels[..., 4, 4], torch.ones(16, 3), atol=1e-5)


def test_lateral_colour_moves_kernels_and_nothing_else_does() -> None:
    field = ray_field(21, CPU)
    basis = field.basis(NODES)
    lateral = torch.zeros(field.shapes["lateral"])
    lateral[0, 0] = torch.tensor([0.6, -0.4])
    theta = drawn(field, 0, 0.15)
    theta = torch.cat([theta[: -lateral.numel() - 6], lateral.flatten(), SOFT.flatten()])
    kernels = field.kernels(theta, basis).view(16, 3, 21, 21)
    assert torch.allclose(kernels.sum((-1, -2)), torch.ones(16, 3), atol=1e-5)
    found = centroids(kernels)
    assert torch.allclose(found[:, 0], torch.tensor([0.3, -0.2]).expand(16, 2), atol=0.04)
    assert found[:, 1:].abs().max() < 0.02


def test_defocus_spreads_a_point_evenly_and_coma_leans() -> None:
    field = ray_field(21, CPU)
    basis = field.basis(NODES)
    shared = torch.zeros(field.shapes["shared"])
    names = [name for _, members in FAMILIES.values() for name in members]
    y, x = torch.meshgrid(torch.arange(21.0) - 10, torch.arange(21.0) - 10, indexing="ij")

    def kernel(name: str) -> Tensor:
        chosen = shared.clone()
        chosen[0, names.index(name)] = 2.0
        return field.kernels(theta_of(field, shared=chosen, softness=SOFT), basis).view(
            16, 3, 21, 21
        )[0, 1]

    blurred = kernel("r2")
    point = field.kernels(theta_of(field, softness=SOFT), basis).view(16, 3, 21, 21)[0, 1]
    grown = ((blurred - point) * (y * y + x * x)).sum()
    assert float(grown) == pytest.approx((0.8 * 2.0) ** 2, rel=0.1)
    assert torch.allclose(blurred, blurred.flip(0, 1), atol=1e-5)
    leaning = kernel("s1 r2")
    assert float((leaning * y**3).sum()) > 1.0 > 10 * abs(float((leaning * x**3).sum()))


def test_diffraction_is_that_of_a_round_aperture() -> None:
    """Against the autocorrelation of a disc, counted on a grid."""
    n = 512
    axis = (np.arange(n) - n / 2 + 0.5) / (n / 4)
    disc = (np.hypot(axis[:, None], axis) <= 1).astype(float)
    for part in (0.0, 0.2, 0.5, 0.9):
        shift = round(part * n / 2)
        overlap = (disc[:, shift:] * disc[:, : n - shift]).sum() / disc.sum()
        assert diffraction_mtf(np.array(part)) == pytest.approx(overlap, abs=0.01)
    assert diffraction_mtf(np.array(1.5)) == 0


def test_a_smaller_aperture_blurs_by_diffraction_where_it_is_known() -> None:
    basis = ray_field(13, CPU).basis(NODES)

    def peak(**told: object) -> Tensor:
        field = ray_field(13, CPU, **told)  # type: ignore[arg-type]
        return field.kernels(torch.zeros(field.count), basis)[0].max(-1).values

    small = peak(f_numbers=(16.0, 5.6), pitch_um=4.3)
    assert small[0] < small[1] < small[2] < 0.6
    assert torch.allclose(peak(f_numbers=(16.0, 5.6)), torch.ones(3), atol=1e-5)
    assert torch.allclose(peak(f_numbers=(None, 5.6), pitch_um=4.3), torch.ones(3), atol=1e-5)
    assert torch.isfinite(peak(f_numbers=(2.8, 22.0), pitch_um=1.0)).all()


def test_rays_find_the_aberrations_of_a_lens() -> None:
    """The kernels of wave optics are nearly those of rays; the start finds them, without a hint of
    the signs."""
    truth = relative_psf(demo_lens(1), 1.8, NODES, size=17).reshape(16, 3, 289)
    field = ray_field(17, CPU, f_numbers=(1.8, 5.6), pitch_um=4.3)
    *_, theta = rays_like(field, NODES, torch.from_numpy(truth).float())
    found = field.kernels(theta, field.basis(NODES)).view(16, 3, 17, 17).numpy()
    assert relative_l2(found, truth.reshape(16, 3, 17, 17)) < 0.15


def expected_statistics(field: RayField, kernels: Tensor) -> tuple[SecondOrder, ThirdOrder]:
    """What photos of endless scenes would show through kernels [cells, 3, n]: greens only, no
    aliases."""
    rng = np.random.default_rng(0)
    f = torch.from_numpy(rng.uniform(-0.25, 0.25, (3, 80, 2))).float()
    f[2] = f[0] + f[1]
    angles = [-2 * torch.pi * field.taps @ part.T for part in f]
    scene = (0.05 / (0.01 + f[0].square().sum(-1)))[None, :, None, None] * torch.eye(4).to(
        torch.complex64
    )
    phases = torch.polar(torch.ones_like(angles[0]), angles[0])
    otf = (kernels[:, 1].to(torch.complex64) @ phases).abs().square()[..., None, None]
    noise = 0.01 * torch.eye(4).to(torch.complex64)[None, None].expand(len(kernels), 1, 4, 4)
    patches = torch.full((len(kernels),), 1e4)
    second = SecondOrder(otf * scene + noise, (scene,), (phases,), noise, patches, (1, 1, 1, 1))
    sharp = torch.polar(torch.ones(1, 80), torch.from_numpy(rng.uniform(0, 6, (1, 80))).float())
    a, b, c = (
        kernels[:, 1].to(torch.complex64) @ torch.polar(torch.ones_like(x), x) for x in angles
    )
    variance = torch.full((len(kernels), 80), 1e-4)
    third = ThirdOrder(
        a * b * c.conj() * sharp,
        sharp,
        variance,
        variance[:1],
        tuple((x.cos(), x.sin()) for x in angles),
    )
    return second, third


def test_what_one_half_of_the_photos_does_not_tell_of_the_other_is_not_believed() -> None:
    """Numbers found a quarter too large are made smaller; those of scenes, other ones in each half,
    nearly vanish."""
    field = ray_field(13, CPU)
    group, _ = field.groups()
    basis = field.basis(NODES)
    names = list(FAMILIES)
    real, scenes = group == names.index("defocus"), group == names.index("trefoil")
    truth = torch.zeros(field.count)
    truth[: len(group)][real] = 1.2
    shown = expected_statistics(field, field.kernels(truth, basis))
    found = [truth / 0.8, truth / 0.8]
    for sign, half in zip((1, -1), found, strict=True):
        half[: len(group)][scenes] = sign * 3.0
    *_, tested = cross_validate(field, NODES, (shown, shown), (found[0], found[1]), truth)
    assert tested.scales.shape == (field.count,)
    assert torch.all((tested.scales[: len(group)][real] - 0.8).abs() < 0.03)
    assert torch.all(tested.scales[: len(group)][scenes].abs() < 0.1)
    assert tested.gain > 1


def rays_around(taps: Tensor, field: RayField) -> Rays:
    lateral = np.zeros((len(NODES), 3, 2))
    places = Places((4, 4), NODES, NODES, lateral, None, None, Packing((0, 1, 1, 2)))
    return Rays(field, places, taps)


def point_taps() -> Tensor:
    taps = torch.zeros(len(NODES), 3, 169)
    taps[..., 84] = 1
    return taps


def test_taps_have_their_share_where_rays_tell_something() -> None:
    rays = rays_around(point_taps(), ray_field(13, CPU))
    gains = (-5.0, 0.0, 1.0, 2.0, 50.0)
    shares = [rays.weighed(HeldOut(torch.ones(1), gain))[0].share for gain in gains]
    assert shares == pytest.approx([1.0, 1.0, 0.85, 0.7, 0.7])


def test_rays_that_tell_what_scenes_could_have_told_shrink_to_a_point() -> None:
    field = ray_field(13, CPU)
    rays = rays_around(point_taps(), field)
    theta = theta_of(field, symmetric=0.3 * torch.ones(field.shapes["symmetric"]))
    light, beliefs = [], []
    for gain in (0.0, 0.08, 0.5, 60.0):
        weighed, scales = rays.weighed(HeldOut(torch.ones(field.count), gain))
        kernels = weighed.at_nodes(theta * scales).view(-1, 3, 13, 13)
        beliefs.append(weighed.belief)
        light.append(float(kernels[..., 5:8, 5:8].sum((-1, -2)).min()))
    assert beliefs == pytest.approx([0, 0.16, 1, 1])
    assert light[0] == pytest.approx(1, abs=1e-4)
    assert light[1] > 0.97 > 0.9 > light[2]
    assert light[3] < 0.97


def test_what_belongs_together_shrinks_together() -> None:
    field = ray_field(9, CPU)
    group, members = field.groups()
    assert len(group) == field.count - 6
    coma = list(FAMILIES).index("coma")
    sizes = [int(np.prod(shape)) for shape in field.shapes.values()]
    number = dict(
        zip(field.shapes, torch.cat([group, group.new_full((6,), -1)]).split(sizes), strict=True)
    )
    shared = number["shared"].view(field.shapes["shared"])
    # Constant over the field: both directions of coma; the two linear terms: four numbers.
    assert int((shared[0] == coma).sum()) == 2 == int(members[coma])
    assert int((shared == shared[1][shared[0] == coma][0]).sum()) == 4
    assert len(set(number["lateral"].tolist())) == 1
    assert not set(number["lateral"].tolist()) & set(number["shading"].tolist())


def test_a_centred_lens_does_the_same_all_around() -> None:
    """Turned by 90 degrees about the middle of a square photo, its kernels are turned as well."""
    field = ray_field(21, CPU, aspect=1.0)
    symmetric = torch.randn(field.shapes["symmetric"], generator=torch.Generator().manual_seed(3))
    theta = theta_of(field, symmetric=0.7 * symmetric, softness=SOFT)
    somewhere = np.array([[0.2, 0.35], [0.35, 0.8]])
    here, there = field.kernels(theta, field.basis(somewhere))[:, 1].view(2, 21, 21)
    # (y, x) = (-0.3, -0.15) from the middle becomes (-0.15, 0.3): right to left, rows become
    # columns.
    turned = here.flip(0).T
    assert torch.allclose(turned, there, atol=2e-3)
    assert not torch.allclose(here, there, atol=1e-2)


@pytest.fixture
def one_round(few_steps: None, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = replace(BUDGETS[Quality.QUICK], statistics_rounds=1, ray_rounds=1)
    monkeypatch.setitem(BUDGETS, Quality.QUICK, budget)


@pytest.mark.usefixtures("one_round")
def test_wide_kernels_are_kept_whole(
    small_lens: SmallLens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "MOST_AT_BORDER", -1.0)
    calibration = run(small_lens.sharp, small_lens.degraded, replace(SMALL, stages=Stages.GT))
    assert [s.kernels.shape[-1] for s in calibration.stages] == [13, 19]
    assert calibration.psf.kernel_size == 19
    assert any("made 19 px wide" in w for w in calibration.warnings)
    assert calibration.psf.confidence is not None


@pytest.mark.usefixtures("one_round")
@pytest.mark.parametrize("enough", [1e-9, 1e9])
def test_a_drawn_point_is_told_of(
    small_lens: SmallLens, monkeypatch: pytest.MonkeyPatch, enough: float
) -> None:
    monkeypatch.setattr(ray_stage, "FAINT_GAIN", enough)
    calibration = run(small_lens.sharp, small_lens.degraded, replace(SMALL, stages=Stages.GT))
    assert any("pulled towards a point" in w for w in calibration.warnings) == (enough > 1)


@pytest.mark.usefixtures("one_round")
@pytest.mark.parametrize("where", ["round 1", "Comparing two halves"])
def test_stop_keeps_the_rays_that_were_reached(small_lens: SmallLens, where: str) -> None:
    work = engine.calibrate(small_lens.sharp, small_lens.degraded, replace(SMALL, stages=Stages.GT))
    report = next(work)
    while not (report.stage == "R" and where in report.message):
        report = next(work)
    with pytest.raises(StopIteration) as done:
        work.send(STOP)
    calibration = done.value.value
    assert calibration.finished == "stopped"
    assert [s.name for s in calibration.stages] == ["GT", "R"]
    assert np.allclose(calibration.psf.kernels.sum((-1, -2)), 1, atol=1e-4)
    assert not np.array_equal(calibration.stages[0].kernels, calibration.psf.kernels)
