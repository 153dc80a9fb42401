"""A photo's own kernel: what tells it, and when it had better be left alone."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from known_kernels import KnownKernels
from small_rig import SIZE, small_rig

from lenscal.calibration.uniform.tiles import LUMINANCE, GreyTiles
from lenscal.deblur import blind, latent_search, posterior
from lenscal.deblur.evidence import grey
from lenscal.deblur.kernel_prior import (
    PriorSettings,
    prior_of,
    train_kernel_prior,
    with_prior,
)
from lenscal.deblur.reference import sharp_pieces
from lenscal.errors import InputError
from lenscal.files.population.population_file import read_population, write_population
from lenscal.measure.one_kernel import kernel_figures
from lenscal.raw.pictures.kinds import Light
from lenscal.resource_files import resource
from lenscal.stepping import STOP, finish
from lenscal.virtual.shakes import ShakeFamily, drawn_kernels

NOISE = 0.01


@cache
def scene() -> Any:
    """Part of a photo in shades of grey, stored values."""
    picture = cv2.imread(str(resource("scenes") / "city.jpg"))
    picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return picture[:320, :448, ::-1].astype(np.float32) / 255 @ LUMINANCE


def material(kernel: Any) -> blind.Material:
    blurred = cv2.filter2D(
        scene(), -1, np.ascontiguousarray(kernel[::-1, ::-1]), borderType=cv2.BORDER_REFLECT
    )
    noisy = blurred + NOISE * np.random.default_rng(0).standard_normal(blurred.shape)
    height, width = blurred.shape
    tiles = [
        noisy[y : y + 128, x : x + 128]
        for y in range(0, height - 127, 64)
        for x in range(0, width - 127, 64)
    ]
    values = torch.from_numpy(np.stack(tiles).astype(np.float32))
    pieces = GreyTiles(values, torch.full((len(tiles),), NOISE**2), np.zeros(len(tiles), int))
    return blind.split(pieces, sharp_pieces(Light.STORED), 0.05)


def ncc(a: Any, b: Any) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def test_the_true_kernel_is_told_from_its_mirror_image_from_none_and_from_others() -> None:
    kernels = drawn_kernels(12, SIZE, 3, ShakeFamily.MOTION)
    true = kernels[4]
    none = np.zeros_like(true)
    none[SIZE // 2, SIZE // 2] = 1
    candidates = np.stack([true, true[::-1, ::-1], none, *kernels[5:9]])
    costs = material(true).evidence(SIZE).judged(torch.from_numpy(candidates.copy())[:, None])
    assert int(costs.argmin()) == 0


def test_the_fast_way_finds_a_kernel_near_the_true_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from lenscal.population.generator import generator_of

    for name, value in {"N_DRAWN": 256, "N_JUDGED": 24, "N_STARTS": 4, "STEPS": 16}.items():
        monkeypatch.setattr(latent_search, name, value)
    true = drawn_kernels(96, SIZE, 7, ShakeFamily.MOTION)[11]
    rig = small_rig()
    work = blind.find_fast(material(true), generator_of(rig), 8, SIZE, n=4, seed=0)
    found = finish(work)
    assert ncc(found.kernel[0], true) > 0.7
    assert found.gain > 0 and found.held_out
    assert found.weights.sum() == pytest.approx(1)
    assert np.allclose(found.kernels.sum((-1, -2)), 1, atol=1e-4)
    assert (found.kernels >= 0).all()


def test_sampling_finds_kernels_that_the_prior_and_the_photo_allow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    smaller = {"N_PARTICLES": 8, "REFINE_STEPS": 12}
    for name, value in smaller.items():
        monkeypatch.setattr(posterior, name, value)
    kernels = drawn_kernels(40, SIZE, 7, ShakeFamily.MOTION)
    prior: Any = KnownKernels(kernels)
    found = finish(blind.find_by_sampling(material(kernels[20]), prior, n=4, seed=1))
    assert found.kernels.shape == (4, 1, SIZE, SIZE)
    assert kernel_figures(found.kernels[0, 0], kernels[20]).ncc > 0.9
    assert found.gain > 0


def test_a_sharp_photo_is_left_alone() -> None:
    none = np.zeros((SIZE, SIZE), np.float32)
    none[SIZE // 2, SIZE // 2] = 1
    blur = drawn_kernels(5, SIZE, 3, ShakeFamily.MOTION)[4]
    candidates = torch.from_numpy(np.stack([blur] * 4))[:, None]
    found = blind.judged(material(none), candidates, torch.zeros(4))
    assert found.agreement == pytest.approx(1, abs=1e-6)
    assert found.gain < 0
    assert found.doubt is not None


def test_kernels_that_disagree_are_doubted() -> None:
    kernels = drawn_kernels(4, SIZE, 3, ShakeFamily.MOTION)
    found = blind.judged(material(kernels[0]), torch.from_numpy(kernels)[:, None], torch.zeros(4))
    assert found.agreement < blind.LEAST_AGREEMENT
    assert found.doubt is not None


def test_agreement_is_one_for_equal_kernels_and_ignores_those_without_weight() -> None:
    kernels = torch.from_numpy(drawn_kernels(3, SIZE, 3, ShakeFamily.MOTION))[:, None]
    same = kernels[:1].repeat(3, 1, 1, 1)
    assert blind.agreement_of(same, torch.ones(3) / 3) == pytest.approx(1)
    assert blind.agreement_of(kernels, torch.tensor([1.0, 0, 0])) == pytest.approx(1)
    assert blind.agreement_of(kernels, torch.ones(3) / 3) < 0.95


@pytest.mark.parametrize("size", [15, 16])
def test_the_grid_keeps_the_middle_of_a_kernel(size: int) -> None:
    kernel = np.zeros((1, size, size), np.float32)
    kernel[0, size // 2, size // 2] = 1
    found = blind.FoundKernels(kernel[None], np.ones(1), kernel, 1.0, 1.0)
    grid = found.grid((40, 50))
    middle = grid.kernel_size // 2
    assert np.all(grid.kernels[0, 0, :, middle, middle] == 1)


@pytest.mark.parametrize("shift", [(0, 0), (2, -1), (-3, 2)])
def test_where_a_kernel_lies_is_no_disagreement(shift: tuple[int, int]) -> None:
    kernel = np.zeros((SIZE, SIZE), np.float32)
    kernel[6:9, 5:10] = drawn_kernels(1, SIZE, 3, ShakeFamily.MOTION)[0][6:9, 5:10]
    kernel /= kernel.sum()
    both = np.stack([kernel, np.roll(kernel, shift, (0, 1))])
    found = blind.judged(material(kernel), torch.from_numpy(both)[:, None], torch.zeros(2))
    assert found.agreement == pytest.approx(1, abs=1e-5)


def test_colours_are_taken_together() -> None:
    kernels = torch.from_numpy(drawn_kernels(2, SIZE, 3, ShakeFamily.MOTION))
    three = kernels[:, None].repeat(1, 3, 1, 1)
    assert torch.allclose(grey(three), kernels, atol=1e-6)


def test_a_prior_outlives_its_file(tmp_path: Any) -> None:
    kernels = drawn_kernels(100, SIZE, 7, ShakeFamily.MOTION)[:, None]
    prior = finish(train_kernel_prior(kernels, PriorSettings(steps=5)))
    path = tmp_path / "rig.lenspop"
    write_population(path, with_prior(small_rig(), prior, steps=5, seconds=1.0))
    read = prior_of(read_population(path))
    assert read is not None
    noisy = torch.from_numpy(kernels[:3])
    assert torch.equal(read.posterior_mean(noisy, 0.5), prior.posterior_mean(noisy, 0.5))
    drawn = read.samples(4, 0)
    assert torch.allclose(drawn.sum((-1, -2)), torch.ones(4, 1), atol=1e-5)
    assert prior_of(small_rig()) is None


def test_a_prior_of_another_kind_is_refused() -> None:
    from dataclasses import replace

    kernels = drawn_kernels(100, SIZE, 7, ShakeFamily.MOTION)[:, None]
    prior = finish(train_kernel_prior(kernels, PriorSettings(steps=2)))
    rig = with_prior(small_rig(), prior, steps=2, seconds=1.0)
    assert rig.prior is not None
    with pytest.raises(InputError, match="another kind"):
        prior_of(replace(rig, prior=replace(rig.prior, layout="something else")))
    with pytest.raises(InputError, match="another kind"):
        prior_of(replace(rig, prior_weights={}))


def test_a_prior_learns_to_take_noise_off_kernels() -> None:
    kernels = drawn_kernels(200, SIZE, 7, ShakeFamily.MOTION)[:, None]
    prior = finish(train_kernel_prior(kernels, PriorSettings(steps=40)))
    truth = torch.from_numpy(drawn_kernels(60, SIZE, 8, ShakeFamily.MOTION)[:, None])
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    noisy = truth + prior.scale * noise
    left = (prior.posterior_mean(noisy, 1.0) - truth).square().mean()
    assert float(left) < 0.6 * float((noisy - truth).square().mean())


def test_training_stops_when_asked() -> None:
    kernels = drawn_kernels(50, SIZE, 7, ShakeFamily.MOTION)[:, None]
    steps: list[int] = []

    def stop(report: Any) -> Any:
        steps.append(report.step)
        return STOP

    prior = finish(train_kernel_prior(kernels, PriorSettings(steps=500)), stop)
    assert len(steps) == 1
    assert prior.size == SIZE


def test_a_population_gets_its_prior_and_deblurring_takes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from lenscal.deblur.settings import DeblurSettings
    from lenscal.jobs.populations import deblurring

    monkeypatch.setattr(deblurring, "PRIOR_SAMPLES", 40)
    rig = finish(deblurring.add_prior(small_rig(), 3))
    assert rig.prior is not None and rig.prior.steps == 3
    source = deblurring.FoundBlur(rig, DeblurSettings())
    monkeypatch.setattr(deblurring, "trained_prior", None)
    prior = finish(source._kernel_prior())
    assert prior.size == SIZE
    assert finish(source._kernel_prior()) is prior
