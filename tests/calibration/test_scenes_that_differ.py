"""What scenes may not bend: few photos that rule the spectra, subjects that look like many."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
import torch
from charts import write_chart
from test_proof import Liking

from lenscal.calibration.matching.reblur_check import (
    detail,
    statistics_distance,
    zone_statistics,
)
from lenscal.calibration.proof.trial import Misfit, Trial
from lenscal.calibration.stages.estimate import first_estimate
from lenscal.calibration.stages.layout import lay_out
from lenscal.calibration.stages.statistics_sums import half_of
from lenscal.calibration.statistics.bispectra import TRIAD_WINDOW_PX, Bispectra, scatter, triads
from lenscal.calibration.statistics.spectra import (
    MosaicSpectra,
    PhotoTextures,
    mosaic_spectra,
    photo_textures,
    scaled,
)
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import Frame
from lenscal.virtual.scenes import pink_noise

SIZE = (512, 512)
CELLS = (2, 2)


def texture(seed: int, exponent: float) -> np.ndarray:
    return pink_noise(SIZE[0], np.random.default_rng(seed), exponent=exponent)


def photographed(path: Path, light: np.ndarray) -> Frame:
    write_chart(path, np.asarray(light, np.float32).clip(0.01, 0.9))
    return decode_photo(path)


def summed(frames: list[Frame], *, alike: bool) -> MosaicSpectra:
    textures = None
    if alike:
        *_, textures = photo_textures(frames, CELLS)
    *_, sums = mosaic_spectra(frames, CELLS, textures)
    return sums


def falls(sums: MosaicSpectra) -> float:
    """Power at fine detail over that of coarse texture, logarithm."""
    power = sums.matrices[:, [0, 1, 2, 3], [0, 1, 2, 3]].real.mean((0, 1)) - sums.noise.mean()
    f = np.fft.fftfreq(power.shape[-1]) / 2
    radius = np.hypot(f[:, None], f)
    fine, coarse = (radius > 0.1) & (radius < 0.25), (radius > 0.02) & (radius < 0.09)
    return float(np.log(power[fine].mean() / power[coarse].mean()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    """Three photos of coarse texture, one of fine, and the fine one again with more contrast."""
    home = tmp_path_factory.mktemp("textures")
    lights = [0.3 + 0.03 * texture(n, 1.5) for n in range(3)]
    fine = texture(3, 0.7)
    lights += [0.3 + 0.02 * fine, 0.3 + 0.1 * fine]
    return [photographed(home / f"{n}.dng", light) for n, light in enumerate(lights)]


def test_one_photo_does_not_rule_the_others(folder: list[Frame]) -> None:
    """How much contrast one photo has changes nothing; over brightness alone it decides."""
    weak, strong = folder[:4], [*folder[:3], folder[4]]
    before = [falls(summed(photos, alike=False)) for photos in (weak, strong)]
    alike = [falls(summed(photos, alike=True)) for photos in (weak, strong)]
    assert before[1] - before[0] > 0.5
    assert abs(alike[1] - alike[0]) < 0.1
    # Each photo counts once: the mean of their logarithms.
    each = [falls(summed([photo], alike=False)) for photo in weak]
    assert alike[0] == pytest.approx(np.mean(each), abs=0.15)


def test_noise_is_as_strong_as_before_the_photos_were_made_alike(folder: list[Frame]) -> None:
    *_, textures = photo_textures(folder[2:4], CELLS)
    *_, one = mosaic_spectra(folder[2:3], CELLS)
    factor = textures.factor(0)
    alike = scaled(one, factor)
    plane = range(4)
    signal = one.matrices[:, plane, plane].real - one.noise[..., None, None]
    made = alike.matrices[:, plane, plane].real - alike.noise[..., None, None]
    assert np.allclose(made, signal * factor, atol=1e-9 * np.abs(signal).max())
    assert factor.max() > 1.5


def test_halves_are_as_fine_as_their_own_photos(folder: list[Frame]) -> None:
    """What halves disagree on is what scenes may do: making them alike must not hide that."""
    first, second = folder[:2], folder[3:5]
    *_, textures = photo_textures([*first, *second], CELLS)
    whole = list(mosaic_spectra([*first, *second], CELLS, textures))[-1]
    half = _copies([*first, *second], textures)[1]
    own = scaled(half, textures.of_half(half_of(4)[0]))
    alone = falls(summed(first, alike=True))
    assert falls(own) == pytest.approx(alone, abs=0.1)
    assert falls(half) == pytest.approx(falls(whole), abs=0.2)
    assert falls(half) - alone > 0.5


def _copies(frames: list[Frame], textures: PhotoTextures) -> list[MosaicSpectra]:
    return [deepcopy(sums) for sums in mosaic_spectra(frames, CELLS, textures)]


def test_one_subject_is_not_many() -> None:
    rng, triad, cells, n = np.random.default_rng(0), triads(), 16, TRIAD_WINDOW_PX
    count = np.full(cells, 40.0)
    power = np.ones((cells, n, n)) * count[:, None, None]
    noise = rng.standard_normal((cells, len(triad), 2)) @ [1, 1j] * np.sqrt(count / 2)[:, None]
    values = 40 * (0.3 + 0j) + noise
    independent = Bispectra(values, power, count)
    assert scatter(independent, triad) == pytest.approx(1, abs=0.1)
    own = rng.standard_normal((cells, len(triad), 2)) @ [1, 1j] * 12
    assert scatter(replace(independent, values=values + own), triad) > 4
    assert scatter(replace(independent, count=np.eye(1, cells)[0] * 40), triad) == 1


def patches(seed: int, exponent: float, sigma: float) -> torch.Tensor:
    light = 0.3 + 0.05 * texture(seed, exponent).astype(np.float32)
    if sigma:
        light = cv2.GaussianBlur(light, (0, 0), sigma)
    light = light + 0.002 * np.random.default_rng(seed + 9).standard_normal(SIZE)
    tiles = light.reshape(16, 32, 16, 32).transpose(0, 2, 1, 3).reshape(-1, 16, 2, 16, 2)
    return torch.from_numpy(tiles.transpose(0, 2, 4, 1, 3).reshape(-1, 4, 16, 16)).float()


def test_contrast_of_scenes_is_no_distance_and_blur_is() -> None:
    zones = torch.arange(256) % 9
    whole = torch.ones(256, dtype=torch.bool)

    def statistics(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return zone_statistics(detail(values, 2), zones, whole)

    sharp, other, soft = patches(0, 1.2, 0), patches(1, 1.2, 0), patches(2, 1.2, 1.2)
    between_scenes = statistics_distance(statistics(sharp), statistics(other))
    contrast = torch.exp(torch.randn(256, 1, 1, 1, generator=torch.Generator().manual_seed(0)))
    assert statistics_distance(statistics(sharp), statistics(sharp * contrast)) < 1e-3
    assert statistics_distance(statistics(sharp), statistics(soft)) > 3 * between_scenes


def test_a_difference_within_its_error_is_none() -> None:
    steady = Misfit(0.50, by_part=tuple(0.50 + 0.01 * np.sin(np.arange(16))))
    shaky = Misfit(0.51, by_part=tuple(0.51 + 0.01 * np.cos(np.arange(16))))
    surely = replace(steady, distance=0.51, by_part=tuple(v + 0.01 for v in steady.by_part))
    assert shaky.error_against(steady) > 0.01
    assert not shaky.is_worse_than(steady)
    assert surely.error_against(steady) < 1e-6
    assert surely.is_worse_than(steady)


@pytest.mark.parametrize(("liked", "share"), [(1.0, 1.0), (0.5, 0.5), (0.0, 0.0)])
def test_as_much_of_a_stage_is_taken_as_photos_like(liked: float, share: float) -> None:
    layout = lay_out((2, 2), 5, torch.device("cpu"))
    old, new = torch.rand(2, 4, 3, 25, generator=torch.Generator().manual_seed(0))

    class Tried(Liking, Trial):
        pass

    trial = object.__new__(Tried)
    object.__setattr__(trial, "liked", liked * new + (1 - liked) * old)
    object.__setattr__(trial, "by_edges", True)
    estimate = first_estimate(layout, 8)
    assert cast(Trial, trial).share(estimate, old, new) == share
