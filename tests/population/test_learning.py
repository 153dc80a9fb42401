"""Learning a population: what photos are made of, what D is shown, steps and checkpoints."""

import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.signal import convolve2d

from lenscal.errors import InputError, LenscalError
from lenscal.files.population.description import GeneratorDescription
from lenscal.population import by_flow, learning
from lenscal.population.adversarial import AdversarialTraining, off_centre
from lenscal.population.augment import MOST, Augmentation, augmented, choices
from lenscal.population.discriminator import seen
from lenscal.population.learning import LearntPopulation, learn_population
from lenscal.population.photographed import Exposures, photographed
from lenscal.population.pieces import Pieces, Sampler, noise_shape
from lenscal.population.settings import PopulationMethod, PopulationSettings
from lenscal.raw.demosaic_noise import ahd_noise_correlation
from lenscal.reports import Report
from lenscal.stepping import STOP, Paused, Reply, finish

SIDE = 48


def pieces(
    n: int,
    side: int,
    seed: int,
    *,
    stroke: int = 0,
    photon: float = 0.0,
    read: float = 0.0,
    shape: torch.Tensor | None = None,
) -> Pieces:
    """Pieces of n photos, two each, of white noise around 0.5; blurred by an upright stroke."""
    rng = np.random.default_rng(seed)
    values = 0.5 + 0.1 * rng.standard_normal((2 * n, side, side))
    if stroke:
        kernel = np.full((stroke, 1), 1 / stroke)
        values = np.stack([convolve2d(v, kernel, "same", "symm") for v in values])
    return Pieces(
        torch.tensor(values[:, None], dtype=torch.float32),
        torch.arange(n).repeat_interleave(2),
        torch.full((n,), 0.5),
        torch.full((n, 1), photon),
        torch.full((n, 1), read),
        shape,
    )


def exposures(sharp: Pieces, blurred: Pieces) -> Exposures:
    return Exposures(sharp, blurred, kernel_size=15, crop_px=32, latent=24)


def kernels(n: int, seed: int = 0) -> torch.Tensor:
    k = torch.rand(n, 1, 15, 15, generator=torch.Generator().manual_seed(seed))
    return k / k.sum((-1, -2), keepdim=True)


def test_each_photo_is_convolved_with_its_own_kernel() -> None:
    made = exposures(pieces(9, SIDE, 0), pieces(9, 32, 1))
    drawn = made.drawn(3, 2, torch.Generator().manual_seed(0))
    k = kernels(3)
    photo = photographed(drawn, k)
    for n in range(3):
        for crop in range(2):
            expected = convolve2d(drawn.crops[n, crop, 0], k[n, 0], "valid")
            # The root's slope needs a little noise.
            np.testing.assert_allclose(photo[n, crop, 0], expected, atol=2e-5)


@pytest.mark.parametrize("shape", [None, noise_shape(ahd_noise_correlation()[1:2])])
def test_photos_get_the_noise_that_they_lack(shape: torch.Tensor | None) -> None:
    """All noise of a photo: what is left of the sharp one's own, and what is added."""
    sharp = pieces(9, SIDE, 0, read=4e-4)
    blurred = pieces(9, 32, 1, photon=2e-3, read=1e-4, shape=shape)
    made = exposures(sharp, blurred)
    drawn = made.drawn(64, 2, torch.Generator().manual_seed(0))
    k = kernels(64)
    silent = exposures(sharp, pieces(9, 32, 1)).drawn(64, 2, torch.Generator().manual_seed(0))
    added = photographed(drawn, k) - photographed(silent, k)
    wanted = 2e-3 * 0.5 + 1e-4
    own = 4e-4 * float(k.square().sum((-1, -2)).mean())
    assert float(added.var()) == pytest.approx(wanted - own, rel=0.05)
    beside = (added[..., 1:] * added[..., :-1]).mean() / added.var()
    expected = 0.0 if shape is None else ahd_noise_correlation()[1, 3, 4] / 1.22
    assert float(beside) == pytest.approx(expected, abs=0.03)


def test_crops_of_a_photo_come_from_that_photo() -> None:
    marked = pieces(5, SIDE, 0)
    marked.values[:] = marked.photo[:, None, None, None].float()
    crops, photo = Sampler(marked).draw(40, 3, 32, torch.Generator().manual_seed(1))
    assert crops.shape == (40, 3, 1, 32, 32)
    assert (crops == photo[:, None, None, None, None]).all()
    assert len(set(photo.tolist())) == 5


def test_what_is_shown_does_not_tell_brightness_or_contrast() -> None:
    crops = torch.rand(4, 2, 1, 32, 32, dtype=torch.float64)
    one, other = seen(crops), seen(3 + 7 * crops)
    torch.testing.assert_close(one.crops, other.crops)
    torch.testing.assert_close(one.spectra, other.spectra)


def test_augmentation_moves_pixels_and_changes_none() -> None:
    """Anything else, a blur, noise or scaling, would be taken for the photos' own."""
    crops = torch.randn(200, 2, 1, 8, 8)
    chosen = choices(200, MOST, torch.Generator().manual_seed(0))
    changed = augmented(crops, chosen)
    assert not torch.equal(changed, crops)
    for before, after in zip(crops.abs(), changed.abs(), strict=True):
        for one, other in zip(before, after, strict=True):
            torch.testing.assert_close(one.flatten().sort()[0], other.flatten().sort()[0])
    assert torch.equal(augmented(crops, choices(200, 0.0, torch.Generator())), crops)
    share = chosen.float().mean(0)
    torch.testing.assert_close(share, torch.full((4,), MOST / 2), atol=0.1, rtol=0)


def test_augmentation_follows_overfitting() -> None:
    augmentation = Augmentation()
    for _ in range(400):
        augmentation.heed(torch.ones(32))
    assert 0 < augmentation.probability <= MOST
    risen = augmentation.probability
    for _ in range(400):
        augmentation.heed(-torch.ones(32))
    assert augmentation.probability < risen


def test_the_centre_of_mass_is_held() -> None:
    k = torch.zeros(2, 1, 15, 15)
    k[:, 0, 7, 7] = 1
    assert float(off_centre(k)) == 0
    assert float(off_centre(k.roll((2, 1), (-2, -1)))) == pytest.approx(5)


def test_a_generator_learns_which_way_photos_are_blurred() -> None:
    """Strokes of 9 px up and down: kernels become higher than wide, and stay where they are."""
    made = exposures(pieces(40, SIDE, 0), pieces(40, SIDE, 1, stroke=9))
    training = AdversarialTraining(
        made, GeneratorDescription(15, 1), seed=0, total=10_000, device=torch.device("cpu")
    )
    axis = torch.arange(15.0) - 7

    def variances() -> tuple[float, float]:
        with torch.no_grad():
            k = training.generator(torch.randn(64, 24, generator=torch.Generator().manual_seed(1)))
        k = k.mean((0, 1))
        return float(k.sum(1) @ axis**2), float(k.sum(0) @ axis**2)

    before = variances()
    for _ in range(50):
        training.step()
    height, width = variances()
    assert before[0] == pytest.approx(before[1], rel=0.05)
    assert height > 1.5 * width


def test_kernels_that_come_nearer_to_each_other_cost() -> None:
    k = kernels(6)
    before = by_flow.spread_of(k)
    apart = [float((a - b).norm()) for i, a in enumerate(k) for b in k[:i]]
    assert float(before) == pytest.approx(np.mean(apart), rel=1e-3)
    assert float(by_flow.spread_lost(k, before)) == pytest.approx(0, abs=1e-6)
    assert float(by_flow.spread_lost(k[:1].expand(6, 1, 15, 15), before)) > 0.9
    half = k.mean(0) + (k - k.mean(0)) / 2
    assert float(by_flow.spread_lost(half, before)) == pytest.approx(0.25, abs=0.01)


class Memory:
    """A keeper of checkpoints in memory."""

    def __init__(self) -> None:
        self.kept: tuple[dict[str, Any], dict[str, NDArray[Any]]] | None = None

    def load(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
        return self.kept

    def save(self, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        self.kept = dict(values), dict(arrays)


def learnt(
    until: int | None,
    keeper: Memory | None = None,
    *,
    pause: Callable[[], Paused] | None = None,
    **settings: Any,
) -> LearntPopulation:
    """`until` : the step after which it is told to stop."""

    def on_report(report: Report) -> Reply | None:
        if until is not None and report.step >= until:
            return STOP
        return pause() if pause else None

    chosen = PopulationSettings(kernel_size=15, device="cpu", **settings)
    work = learn_population(pieces(9, 48, 0), pieces(9, 40, 1, stroke=5), chosen, keeper=keeper)
    return finish(work, on_report)


@pytest.mark.parametrize("method", list(PopulationMethod))
def test_resumed_trainings_come_out_the_same_to_the_bit(
    method: PopulationMethod, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both parts of the flow's training, and the change between them.
    monkeypatch.setattr(by_flow, "WARM_SHARE", 2 / PopulationSettings().steps)
    monkeypatch.setattr(by_flow, "_WIDTH", 4)
    whole, memory = learnt(10, method=method), Memory()
    assert whole.finished == "stopped"
    assert whole.steps == 10
    learnt(6, memory, method=method)
    resumed = learnt(10, memory, method=method)
    assert resumed.steps == 10
    for name, value in whole.weights.items():
        np.testing.assert_array_equal(resumed.weights[name], value)


def test_checkpoints_of_another_training_are_refused() -> None:
    memory = Memory()
    learnt(2, memory)
    with pytest.raises(InputError, match="seed"):
        learnt(3, memory, seed=5)
    assert memory.kept is not None
    memory.kept = (memory.kept[0], {})
    with pytest.raises(InputError, match="damaged"):
        learnt(3, memory)


def test_pauses_count_for_no_limit_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    paused_s = 0.0

    def pause() -> Paused:
        nonlocal paused_s
        paused_s += 3600
        return Paused(3600)

    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + paused_s)
    monkeypatch.setattr(learning, "time", clock)
    result = learnt(6, max_minutes=30, pause=pause)
    assert result.steps == 6


def test_a_limit_of_time_ends_it_with_what_there_is() -> None:
    result = learnt(None, max_minutes=0.01)
    assert result.finished == "time"
    assert 0 < result.steps < PopulationSettings().steps


def test_stopped_before_its_first_step_there_is_nothing_to_keep() -> None:
    with pytest.raises(LenscalError, match="nothing was learnt"):
        learnt(0)


def test_few_photos_are_refused() -> None:
    with pytest.raises(InputError, match="7 blurred"):
        finish(learn_population(pieces(9, 48, 0), pieces(7, 40, 1), PopulationSettings()))
