"""Restoration networks for one lens: pairs, training, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from restore_cases import dead_leaves
from torch import Tensor, nn

from lenscal.errors import InputError, LenscalError
from lenscal.optics.psf_grid import PsfGrid, delta_grid
from lenscal.raw.frame import NoiseModel
from lenscal.raw.pictures.kinds import Light
from lenscal.restore.network.small import SmallNetwork
from lenscal.restore.network.weights import Network, arrays_of
from lenscal.stepping import STOP, finish
from lenscal.supervised import held_out, learner, training
from lenscal.supervised.adversarial import PatchDiscriminator
from lenscal.supervised.crops import read_crops
from lenscal.supervised.exposures import Camera, Conditions, Exposure
from lenscal.supervised.held_out import judged
from lenscal.supervised.learner import Plan, Pool, absolute_error, start
from lenscal.supervised.settings import NetworkSettings, NetworkSize
from lenscal.supervised.training import Operator, train_network

NOISE = NoiseModel((1e-3,) * 3, (1e-5,) * 3)
CPU = torch.device("cpu")


def gaussian_grid(size: tuple[int, int] = (128, 160), width_px: float = 1.2) -> PsfGrid:
    at = np.arange(-4, 5)
    line = np.exp(-(at**2) / (2 * width_px**2))
    kernel = np.outer(line, line) / line.sum() ** 2
    return PsfGrid(np.broadcast_to(kernel, (2, 2, 3, 9, 9)).astype(np.float32), size)


def small_network(seed: int = 0) -> SmallNetwork:
    """Leaves the Wiener estimate as it is."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = SmallNetwork(16, 1)
    nn.init.zeros_(net.tail.weight)
    nn.init.zeros_(net.tail.bias)
    return net


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("sharp")
    for seed in range(4):
        image = (255 * dead_leaves(140, 170, seed) ** (1 / 2.2)).astype(np.uint8)
        cv2.imwrite(str(folder / f"{seed}.png"), image[..., ::-1])
    return sorted(folder.iterdir())


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training as it is, with less of everything."""
    plan = Plan(48, 2, 1e-3)
    monkeypatch.setattr(learner, "PLANS", dict.fromkeys(NetworkSize, plan))
    monkeypatch.setattr(training, "POOL", 8)
    monkeypatch.setattr(training, "CHECKS", 2)
    monkeypatch.setattr(held_out, "EACH", 2)


def exposures_of(camera: Camera, n: int, gain: float | None = None) -> Iterator[Exposure]:
    crop = dead_leaves(128, 128, 9).astype(np.float16)
    for number in range(n):
        yield camera.expose(crop, np.random.default_rng([1, number]), Conditions(gain))


def test_a_training_gains_on_photos_that_it_has_not_seen(photos: list[Path]) -> None:
    settings = NetworkSettings(steps=48, device="cpu")
    operator = Operator(gaussian_grid(), NOISE)
    reports = []
    trained = finish(train_network(operator, photos, settings), reports.append)
    assert trained.finished == "done" and trained.steps == 48
    assert trained.photos == (3, 1)
    assert len(trained.losses) == 48
    # Held-out photos decide, so that no noise level is worse than the Wiener filter.
    judgement = trained.held_out
    assert judgement.share > 0 and judgement.gain_db > 0.05
    assert all(judgement.network_db[gain] >= db for gain, db in judgement.wiener_db.items())
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions) and fractions[-1] <= 1
    assert {"loss", "gain_db"} <= {name for report in reports for name in report.curves}


def test_equal_seeds_give_equal_networks(photos: list[Path]) -> None:
    def trained(seed: int) -> Network:
        settings = NetworkSettings(steps=3, device="cpu", seed=seed)
        job = train_network(
            Operator(gaussian_grid(), NOISE), photos, settings, begun=small_network()
        )
        return finish(job).net

    one, same, other = (arrays_of(trained(seed)) for seed in (0, 0, 1))
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert any(not np.array_equal(one[name], other[name]) for name in one)


def test_stop_keeps_what_was_reached(photos: list[Path]) -> None:
    settings = NetworkSettings(minutes=60, device="cpu")
    job = train_network(Operator(gaussian_grid(), NOISE), photos, settings, begun=small_network())
    trained = finish(
        job, lambda report: STOP if report.step >= 4 and report.stage == "train" else None
    )
    assert trained.finished == "stopped" and trained.steps == 4


def test_stopped_before_the_first_step_there_is_nothing(photos: list[Path]) -> None:
    job = train_network(Operator(gaussian_grid(), NOISE), photos, NetworkSettings(device="cpu"))
    with pytest.raises(LenscalError, match="first step"):
        finish(job, lambda report: STOP)


@pytest.mark.parametrize("sensor", [True, False])
def test_an_exposure_is_what_its_planes_say(sensor: bool) -> None:
    """Of an even surface: the light, its noise, and a place inside the field."""
    camera = Camera(delta_grid((2, 2), 9, (300, 400)), NOISE, mosaic=sensor)
    crop = np.full((160, 160, 3), 0.3, np.float16)
    exposure = camera.expose(crop, np.random.default_rng(0), Conditions(4.0))
    assert exposure.planes.shape[1] % 2 == exposure.planes.shape[2] % 2 == 0
    wiener, photo, level, place = exposure.planes.split([3, 3, 3, 2])
    assert torch.allclose(photo.mean((1, 2)), exposure.sharp.mean((1, 2)), atol=2e-3)
    assert wiener.std() < photo.std()
    assert place.min() >= -1 and place.max() <= 1 and (place[0].diff(dim=0) > 0).all()
    # Demosaicing averages: what it leaves is less than a site's.
    measured = float(photo[1].std() / level[1].mean())
    assert 0.4 < measured < 1.1 if sensor else measured == pytest.approx(1, rel=0.05)


def test_pairs_are_blurred_by_the_lens() -> None:
    blurred = next(exposures_of(Camera(gaussian_grid(), None, mosaic=False), 1, 0.25))
    plain = next(
        exposures_of(Camera(delta_grid((2, 2), 9, (128, 160)), None, mosaic=False), 1, 0.25)
    )
    for exposure, least, most in ((blurred, 3.0, 1e9), (plain, 0.0, 1.5)):
        error = (exposure.planes[3:6] - exposure.sharp).std() / exposure.planes[6:9].mean()
        assert least < float(error) < most
    # Same crop, same place, same light: what the filter gives back lies between.
    restored, seen = (
        float((blurred.planes[part] - blurred.sharp).square().mean())
        for part in (slice(0, 3), slice(3, 6))
    )
    assert restored < 0.5 * seen


class Halfway(nn.Module):
    """Changes the Wiener estimate by `factor` times what it lacks."""

    def __init__(self, exposures: dict[float, list[Exposure]], factor: float) -> None:
        super().__init__()
        self.known = [exposure for of_gain in exposures.values() for exposure in of_gain]
        self.factor = factor

    def forward(self, planes: Tensor) -> Tensor:
        exposure = next(e for e in self.known if torch.equal(e.planes, planes[0]))
        wiener, sharp = exposure.planes[:3].square(), exposure.sharp.square()
        return (wiener + self.factor * (sharp - wiener)).clamp(min=0).sqrt()[None]


@pytest.mark.parametrize(("factor", "share"), [(1.0, 1.0), (2.0, 0.5), (-1.0, 0.0), (0.0, 0.0)])
def test_the_share_that_is_kept_is_the_best(factor: float, share: float) -> None:
    camera = Camera(gaussian_grid(), NOISE, mosaic=False)
    exposures = {gain: list(exposures_of(camera, 2, gain)) for gain in (1.0, 4.0)}
    judgement = judged(Halfway(exposures, factor), exposures, CPU)
    assert judgement.share == pytest.approx(share, abs=0.06)
    assert judgement.gain_db >= 0


def test_one_noise_level_that_gets_worse_forbids_it() -> None:
    camera = Camera(gaussian_grid(), NOISE, mosaic=False)
    exposures = {gain: list(exposures_of(camera, 1, gain)) for gain in (1.0, 16.0)}
    good, bad = Halfway(exposures, 1.0), Halfway(exposures, -1.0)

    class Mixed(nn.Module):
        def forward(self, planes: Tensor) -> Tensor:
            net = bad if torch.equal(planes[0], exposures[16.0][0].planes) else good
            return net(planes)

    assert judged(Mixed(), exposures, CPU).share == 0


def test_a_full_network_learns_with_a_judge() -> None:
    """A few real steps at a tiny width: first by the error alone, then against a discriminator."""
    settings = NetworkSettings(NetworkSize.FULL, device="cpu", channels=8, blocks=1)
    state = start(settings, CPU, None)
    assert state.discriminator is not None
    pool = Pool(2)
    for exposure in exposures_of(Camera(gaussian_grid(), NOISE, mosaic=False), 2):
        pool.put(exposure)
    judge, _ = state.discriminator
    before = [parameter.detach().clone() for parameter in judge.parameters()]
    planes, sharp = pool.draw(state.plan, np.random.default_rng(0))
    losses = [state.step(planes, sharp, 1e-2, 0.0) for _ in range(60)]
    assert all(map(torch.equal, before, judge.parameters()))
    assert losses[-1] < 0.95 * losses[0]
    for number in range(3):
        planes, sharp = pool.draw(state.plan, np.random.default_rng(number))
        assert np.isfinite(state.step(planes, sharp, 1e-4, 0.9))
    assert not any(map(torch.equal, before, judge.parameters()))


def test_a_full_network_on_a_processor_is_advised_against(photos: list[Path]) -> None:
    settings = NetworkSettings(NetworkSize.FULL, steps=1, device="cpu", channels=4, blocks=1)
    trained = finish(train_network(Operator(gaussian_grid(), NOISE), photos, settings))
    assert "graphics cards" in trained.notes[-1]
    # Nothing was learnt in one step, so that the photo stays the filter's.
    assert all(trained.held_out.network_db[g] >= db for g, db in trained.held_out.wiener_db.items())


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_full_network_learns_on_a_graphics_card(photos: list[Path]) -> None:
    settings = NetworkSettings(NetworkSize.FULL, steps=12, device="cuda", channels=16, blocks=2)
    trained = finish(train_network(Operator(gaussian_grid(), NOISE), photos, settings))
    assert trained.device == "cuda" and np.isfinite([loss for _, loss in trained.losses]).all()


def test_the_judge_looks_at_patches() -> None:
    torch.manual_seed(0)
    judge = PatchDiscriminator(4).eval()
    picture = torch.rand(1, 3, 96, 96)
    changed = picture.clone()
    changed[..., :8, :8] = 0
    scores, features = judge(picture)
    other, _ = judge(changed)
    assert scores.shape[-1] > 10 and len(features) == 3
    assert not torch.equal(scores, other)
    # Far from the change nothing has changed.
    assert torch.allclose(scores[..., 15:, 15:], other[..., 15:, 15:], atol=1e-6)


def test_the_error_counts_as_seen_and_as_light() -> None:
    dark, bright = torch.full((1, 3, 4, 4), 0.1), torch.full((1, 3, 4, 4), 0.9)
    errors = [float(absolute_error(u + 0.01, u)) for u in (dark, bright)]
    assert errors[0] == pytest.approx(0.01 + 0.0021, rel=1e-3)
    assert errors[1] == pytest.approx(0.01 + 0.0181, rel=1e-3)


def test_photos_that_cannot_be_used_are_told(photos: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    sharp = finish(read_crops([*photos, bad], 128, Light.LINEAR, 0))
    assert len(sharp.photos) == len(photos) and "bad.png" in sharp.notes[0]
    assert all(crop.shape == (128, 128, 3) for photo in sharp.photos for crop in photo.crops)
    with pytest.raises(InputError, match="2 sharp ones"):
        finish(read_crops(photos, 512, Light.LINEAR, 0))
    with pytest.raises(InputError, match="2 sharp ones"):
        finish(read_crops(photos[:1], 128, Light.LINEAR, 0))


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"minutes": 0.0}, "--minutes"),
        ({"minutes": float("nan")}, "--minutes"),
        ({"seed": -1}, "--seed"),
        ({"device": "abacus"}, "--device"),
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, float], word: str) -> None:
    with pytest.raises(InputError, match=word):
        NetworkSettings(**wrong)  # type: ignore[arg-type]
