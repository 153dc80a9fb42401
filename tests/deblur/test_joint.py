"""Kernel and picture drawn side by side: what they come to where their priors are known exactly."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from known_kernels import GaussianKernels, KnownKernels
from small_rig import SIZE, small_rig
from torch.nn import functional

from lenscal.calibration.uniform.tiles import LUMINANCE, GreyTiles
from lenscal.deblur import blind, joint
from lenscal.deblur.reference import sharp_pieces
from lenscal.deblur.settings import DeblurMethod, DeblurSettings
from lenscal.measure.one_kernel import kernel_figures
from lenscal.raw.pictures.kinds import Light
from lenscal.resource_files import resource
from lenscal.stepping import finish
from lenscal.virtual.shakes import ShakeFamily, drawn_kernels

NOISE, SIDE, MARGIN = 0.02, 64, 48


@cache
def sharp() -> Any:
    """Four pieces [4, s, s] of a photo in shades of grey, with what lies around them."""
    picture = cv2.imread(str(resource("scenes") / "city.jpg"))
    assert picture is not None
    picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    grey = picture[..., ::-1].astype(np.float32) / 255 @ LUMINANCE
    wide = SIDE + 2 * MARGIN
    return np.stack([grey[y : y + wide, x : x + wide] for y in (0, 128) for x in (0, 128)])


def inner(pictures: Any) -> Any:
    return pictures[:, MARGIN:-MARGIN, MARGIN:-MARGIN]


@cache
def kernels() -> Any:
    return drawn_kernels(40, SIZE, 7, ShakeFamily.MOTION)


def material(kernel: Any) -> blind.Material:
    flipped = np.ascontiguousarray(kernel[::-1, ::-1])
    blurred = inner(np.stack([cv2.filter2D(picture, -1, flipped) for picture in sharp()]))
    noise = np.random.default_rng(0).standard_normal(blurred.shape)
    values = torch.from_numpy((blurred + NOISE * noise).astype(np.float32))
    variance = torch.full((len(values),), NOISE**2)
    pieces = GreyTiles(values, variance, np.zeros(len(values), int))
    return blind.split(pieces, sharp_pieces(Light.STORED), 0.05)


def oracle(seen: blind.Material) -> Any:
    """A prior of pictures that knows just the true ones, for the photo's pieces."""
    field = joint.field_of(seen.learnt, SIZE)
    around = (field.side - SIDE) // 2
    values = seen.learnt.values[field.chosen]
    gain = joint.USUAL_CONTRAST / values.std((1, 2), keepdim=True)
    wide = torch.from_numpy(sharp())[field.chosen]
    room = MARGIN - around
    true = (wide[:, room:-room, room:-room] - values.mean((1, 2), keepdim=True)) * gain + 0.5

    def known(x: torch.Tensor, sigma: Any) -> torch.Tensor:
        return true.repeat(len(x) // len(true), 1, 1)[:, None].expand_as(x)

    return known


def blurred_more(x: torch.Tensor, sigma: Any) -> torch.Tensor:
    """Of a denoiser, no more than that it smooths."""
    return functional.avg_pool2d(x, 3, 1, 1)


@pytest.fixture
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"N_LEVELS": 5, "N_STEPS": 2, "N_PIECES": 2}.items():
        monkeypatch.setattr(joint, name, value)


def test_chains_that_are_told_the_true_picture_end_at_the_true_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = {"N_LEVELS": 12, "N_STEPS": 16, "N_PIECES": 1, "MOST_SIGMA": np.inf}
    for name, value in many.items():
        monkeypatch.setattr(joint, name, value)
    true = kernels()[20]
    seen = material(true)
    # The true kernel is none of those that the prior was made of.
    prior: Any = GaussianKernels(drawn_kernels(600, SIZE, 8, ShakeFamily.MOTION))
    found = finish(blind.find_jointly(seen, prior, oracle(seen), n=2, seed=2))
    assert found.kernels.shape == (2, 1, SIZE, SIZE)
    assert kernel_figures(found.kernel[0], true).ncc > 0.95
    assert min(kernel_figures(kernel[0], true).ncc for kernel in found.kernels) > 0.85
    assert found.agreement > 0.9 and found.doubt is None


@pytest.mark.usefixtures("fewer")
def test_equal_seeds_give_equal_kernels_and_others_do_not() -> None:
    seen = material(kernels()[20])
    prior: Any = KnownKernels(kernels())

    def drawn(seed: int) -> Any:
        return finish(blind.find_jointly(seen, prior, blurred_more, n=4, seed=seed)).kernels

    first = drawn(1)
    assert np.array_equal(first, drawn(1))
    assert not np.array_equal(first, drawn(2))
    assert not np.array_equal(first[0], first[1])


@pytest.mark.usefixtures("fewer")
def test_a_search_can_be_ended_at_each_level() -> None:
    asked: list[float] = []

    def counted(x: torch.Tensor, sigma: Any) -> torch.Tensor:
        asked.append(float(sigma))
        return x

    prior: Any = KnownKernels(kernels())
    work = blind.find_jointly(material(kernels()[20]), prior, counted, n=4, seed=0)
    fractions = [next(work).fraction or 0.0 for _ in range(4)]
    assert fractions == sorted(fractions) and fractions[-1] > 0
    before = len(asked)
    work.close()
    assert before and len(asked) == before
    with pytest.raises(StopIteration):
        next(work)


@pytest.mark.usefixtures("fewer")
def test_a_job_that_is_asked_for_it_draws_both(monkeypatch: pytest.MonkeyPatch) -> None:
    from lenscal.jobs.populations import deblurring

    seen = material(kernels()[20])
    monkeypatch.setattr(blind, "material_of", lambda _frame: seen)
    source = deblurring.FoundBlur(
        small_rig(), DeblurSettings(DeblurMethod.JOINT, n_kernels=4, device="cpu", roll=False)
    )
    prior: Any = KnownKernels(kernels())
    source._prior = prior
    frame: Any = None
    reports: list[str] = []
    found = finish(source.kernels_of(frame), lambda report: reports.append(str(report.message)))
    assert found.kernels.shape == (4, 1, SIZE, SIZE)
    assert np.allclose(found.kernels.sum((-1, -2)), 1, atol=1e-4)
    assert any("side by side" in words for words in reports)


def test_what_is_left_open_of_a_picture_is_told_from_its_noise() -> None:
    """White noise of a known strength, behind a field's window, has the power that is expected."""
    field = joint.field_of(material(kernels()[20]).learnt, SIZE)
    noise = torch.randn(64, field.side, field.side, generator=torch.Generator().manual_seed(0))
    power = torch.fft.rfft2(field.window * noise).abs().square()
    assert float((power.mean(0) * joint._weight(field.side)).sum()) == pytest.approx(1, rel=0.03)
    assert not field.window[~field.inside].any()


def test_a_kernel_is_where_its_middle_is() -> None:
    field = joint.field_of(material(kernels()[20]).learnt, SIZE)
    none = torch.zeros(1, 1, SIZE, SIZE)
    none[..., SIZE // 2, SIZE // 2] = 1
    assert torch.allclose(field.transfer(none), torch.ones(1, dtype=torch.complex64), atol=1e-4)
    moved = none.roll(3, -1)
    pictures = field.back(field.transfer(moved)[0] * torch.fft.rfft2(field.values))
    assert torch.allclose(pictures, field.values.roll(3, -1), atol=1e-4)
