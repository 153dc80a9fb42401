"""Calibration of photos that know all their colours, or their brightness, everywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lenscal.calibration import engine
from lenscal.calibration.budget import BUDGETS, Budget, PublishedBudget
from lenscal.calibration.matching.patches import PatchPool
from lenscal.calibration.matching.reblur import Reblur
from lenscal.calibration.packing import Packing, pack_planes, pack_rgb, packing_of
from lenscal.calibration.pairs.registration import find_pairs
from lenscal.calibration.settings import CalibrationSettings, Quality, Stages
from lenscal.calibration.statistics.noise_spectra import noise_shape
from lenscal.calibration.statistics.scene_spectra import likeliest_scene
from lenscal.errors import InputError
from lenscal.flow.network import NetworkSettings
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import Frame, NoiseModel, PhotoInfo
from lenscal.raw.full_colour import full_colour_frame
from lenscal.stepping import finish
from lenscal.virtual.camera import exposed, mosaic
from lenscal.virtual.dataset import VirtualSettings, write_shot
from lenscal.virtual.limits import Sensor

SIGMAS = (1.3, 0.8, 1.1)
"""px, of the blur of R, G, B."""
NOISE = NoiseModel((1e-4,) * 3, (1e-6,) * 3)
COLOUR, GREY = Packing((0, 1, 2), ((0, 0),) * 3, 1), Packing((1,), ((0, 0),), 1)


def scene(seed: int, size: tuple[int, int] = (264, 264)) -> NDArray[np.float64]:
    """Texture at all scales, most of it coarse and grey."""
    rng = np.random.default_rng(seed)
    grey = sum(gaussian_filter(rng.normal(size=size), px) * px**1.5 for px in (0.5, 1, 2, 5, 15))
    tints = [gaussian_filter(rng.normal(size=size), 3) * 3 for _ in range(3)]
    light = np.stack([grey + 0.5 * tint for tint in tints], -1)
    return np.asarray(np.clip(0.3 + 0.09 * light / light.std(), 0.02, 0.9))


def photo(
    seed: int, aperture: float, *, blurred: bool, colours: bool = True, side: int = 264
) -> Frame:
    light = scene(seed, (side, side))
    if blurred:
        light = np.stack([gaussian_filter(light[..., c], SIGMAS[c]) for c in range(3)], -1)
    rng = np.random.default_rng([seed, blurred])
    light = light + rng.normal(size=light.shape) * np.sqrt(1e-4 * light + 1e-6)
    values = np.clip(np.rint(light * 40000), 0, 65535).astype(np.uint16)
    info = PhotoInfo(Path(f"{seed}.tif"), aperture=aperture, iso=100)
    return full_colour_frame(info, values if colours else values[..., 1], 1 / 40000, NOISE)


@pytest.fixture(autouse=True)
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    network = NetworkSettings(width=16, depth=1)
    published = PublishedBudget(600, flow_steps=4, matching_steps=4, batch=16, network=network)
    budget = Budget((1e5, 3e5), 8, 4, 600, 4, 4, 16, network, published)
    monkeypatch.setitem(BUDGETS, Quality.QUICK, budget)


def kernels(stages: Stages, sharp: list[Frame], degraded: list[Frame]) -> NDArray[np.float32]:
    """[3, k, k]: the mean over the field."""
    settings = CalibrationSettings(
        Quality.QUICK, device="cpu", grid=(2, 2), kernel_size=7, stages=stages
    )
    result = finish(engine.calibrate(sharp, degraded, settings))
    return np.asarray(result.psf.kernels.mean((0, 1)))


def widths(of: NDArray[np.float32]) -> NDArray[np.floating]:
    """Standard deviations px [channels] along an axis."""
    axis = np.arange(of.shape[-1]) - of.shape[-1] // 2
    return np.asarray(np.sqrt((of * (axis[:, None] ** 2 + axis**2) / 2).sum((-1, -2))))


def pairs(*, colours: bool) -> tuple[list[Frame], list[Frame]]:
    return (
        [photo(n, 8.0, blurred=False, colours=colours, side=400) for n in range(2)],
        [photo(n, 2.0, blurred=True, colours=colours, side=400) for n in range(2)],
    )


@pytest.mark.parametrize("height", [300, 400])
def test_photos_of_any_aspect_are_paired(height: int) -> None:
    """OpenCV windows arrays in place whose size needs no padding: 320 x 240 and 320 x 320 among
    them."""
    sharp, degraded = pairs(colours=False)
    frames = [
        [replace(frame, rgb=frame.rgb[:height]) for frame in folder] for folder in (sharp, degraded)
    ]
    found = find_pairs(frames[0], frames[1])
    assert [(pair.sharp, pair.degraded) for pair in found] == [(0, 0), (1, 1)]


def test_pairs_give_each_colour_its_own_width() -> None:
    found = widths(kernels(Stages.P, *pairs(colours=True)))
    np.testing.assert_allclose(found, SIGMAS, rtol=0.12)


def test_pairs_of_a_monochrome_sensor_give_one_kernel_a_place() -> None:
    found = kernels(Stages.P, *pairs(colours=False))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(widths(found), SIGMAS[1], rtol=0.12)


@pytest.mark.parametrize("colours", [True, False])
def test_statistics_tell_how_much_is_blurred(colours: bool) -> None:
    """Of the same scenes: few small photos of others differ by more than their blur."""
    found = kernels(Stages.G, *pairs(colours=colours))
    expected = np.array(SIGMAS if colours else (SIGMAS[1],) * 3)
    # At 0.2 cycles/px: widths would be those of far tails, of which so few photos tell nothing.
    wave = np.cos(2 * np.pi * 0.2 * (np.arange(7) - 3))
    transfer = found.sum(-2) @ wave
    np.testing.assert_allclose(transfer, np.exp(-2 * (np.pi * 0.2 * expected) ** 2), atol=0.1)


@pytest.mark.parametrize("colours", [True, False])
def test_the_learnt_stages_take_planes(colours: bool) -> None:
    sharp = [photo(n, 8.0, blurred=False, colours=colours) for n in range(5)]
    degraded = [photo(10 + n, 2.0, blurred=True, colours=colours) for n in range(5)]
    found = kernels(Stages.FM, sharp, degraded)
    np.testing.assert_allclose(found.sum((-1, -2)), 1, atol=1e-5)
    assert np.isfinite(found).all()


def test_kinds_of_photos_are_not_mixed() -> None:
    sharp, _ = pairs(colours=True)
    _, degraded = pairs(colours=False)
    with pytest.raises(InputError, match="different kinds"):
        kernels(Stages.G, sharp, degraded)


def correlated(rng: np.random.Generator, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Noise [n, 3, 64, 64] of variance 1, smoothed and mixed, and its correlation [3, 3, 7, 7]."""
    taps, mix = np.array([0.25, 0.5, 0.25]), np.array([[1, 0.4, 0], [0.4, 1, 0.4], [0, 0.4, 1]])
    white = rng.normal(size=(n, 3, 64, 64))
    smooth = sum(t * np.roll(white, k - 1, 2) for k, t in enumerate(taps))
    smooth = sum(t * np.roll(smooth, k - 1, 3) for k, t in enumerate(taps))
    noise = np.einsum("cd,ndyx->ncyx", mix, smooth)
    lags = np.zeros(7)
    lags[1:6] = np.convolve(taps, taps)
    table = np.einsum("cd,i,j->cdij", mix @ mix.T, lags, lags)
    deviation = np.sqrt(np.diagonal(table[:, :, 3, 3]))
    table = table / (deviation[:, None] * deviation)[..., None, None]
    return noise / deviation[:, None, None], table


def spectra(planes: NDArray[np.float64]) -> NDArray[np.complex128]:
    """[1, p, p, m, m]: mean matrices, white noise of variance 1 has 1."""
    y = np.fft.fft2(planes) / planes.shape[-1]
    return np.asarray(np.einsum("npyx,nqyx->pqyx", y, y.conj())[None] / len(planes))


def test_the_noise_has_the_spectrum_of_its_correlation() -> None:
    noise, table = correlated(np.random.default_rng(0), 400)
    shape = noise_shape(table, COLOUR, 64)
    assert shape is not None
    measured = spectra(noise)[0]
    # Means of 400 powers, of at most 7: good to 5 %, the worst of 37,000 to a quarter.
    np.testing.assert_allclose(measured, shape, rtol=0.1, atol=1.2)
    assert np.abs(measured - shape).mean() < 0.05
    np.testing.assert_allclose(measured.mean((-1, -2)), shape.mean((-1, -2)), atol=0.02)
    assert noise_shape(None, COLOUR, 64) is None


def test_scenes_are_found_under_correlated_noise() -> None:
    rng = np.random.default_rng(1)
    noise, table = correlated(rng, 300)
    f = np.hypot(np.fft.fftfreq(64)[:, None], np.fft.fftfreq(64)).clip(1 / 64)
    root = 0.02 * f**-1.25
    grey = np.fft.ifft2(np.fft.fft2(rng.normal(size=(300, 1, 64, 64))) * root).real
    measured = spectra(grey + 0.1 * noise)
    shape = noise_shape(table, COLOUR, 64)
    found = likeliest_scene(measured, np.full((1, 3), 0.01), COLOUR, shape=shape)[0]
    radius = np.hypot(np.fft.fftfreq(64)[:, None], np.fft.fftfreq(64))
    band = (radius > 0.1) & (radius < 0.3)
    for c in range(3):
        ratio = found[c, c].real[band].sum() / (root**2)[band].sum()
        assert ratio == pytest.approx(1, abs=0.15)


def test_planes_are_packed_as_they_were_sampled() -> None:
    rng = np.random.default_rng(2)
    rgb = rng.normal(size=(3, 8, 6))
    for packing, planes in ((COLOUR, rgb), (GREY, rgb[1:2])):
        np.testing.assert_array_equal(pack_rgb(torch.from_numpy(rgb), packing), planes)
        finer = packing.finer()
        assert finer.n == 4 * packing.n and finer.period == 2
        packed = pack_planes(planes, finer)
        np.testing.assert_array_equal(pack_rgb(torch.from_numpy(rgb), finer), packed)


def test_noise_that_is_added_goes_along_as_the_photos() -> None:
    _, table = correlated(np.random.default_rng(3), 1)
    n, finer = 300, COLOUR.finer()
    zeros = np.zeros((2, 12, 16, 16), np.float32)
    flat = np.zeros((2, 12), np.float32)
    pool = PatchPool(zeros, flat, np.zeros((2, 3, 38, 38), np.float16), flat, flat[:, :2], False)
    white = torch.eye(49).expand(3, -1, -1)
    reblur = Reblur(pool, finer, (2, 2), white, torch.device("cpu"), table)
    normal = torch.randn(n, 12, 16, 16, generator=torch.Generator().manual_seed(0))
    noise = torch.nn.functional.pixel_shuffle(reblur.coloured(normal), 2).double().numpy()
    for dy, dx, c, d in ((0, 0, 0, 0), (0, 1, 1, 1), (1, 1, 0, 1), (0, 0, 0, 2)):
        product = (np.roll(noise[:, c], (-dy, -dx), (-2, -1)) * noise[:, d]).mean()
        assert product == pytest.approx(table[c, d, 3 + dy, 3 + dx], abs=0.03)


def test_a_frame_tells_its_packing() -> None:
    assert packing_of(photo(0, 8.0, blurred=False)).channels == (0, 1, 2)
    assert packing_of(photo(0, 8.0, blurred=False, colours=False)).channels == (1,)


def test_pairs_of_x_trans_photos_are_compared_on_their_sites(tmp_path: Path) -> None:
    """Through LibRaw, which demosaics no X-Trans photo that has a side below 512 px."""
    folders: list[list[Frame]] = []
    for blurred in (False, True):
        frames = []
        for seed in range(1):
            light = scene(seed, (516, 516))
            if blurred:
                light = np.stack([gaussian_filter(light[..., c], SIGMAS[c]) for c in range(3)], -1)
            settings = VirtualSettings(size=(516, 516), sensor=Sensor.X_TRANS)
            camera, rng = settings.camera, np.random.default_rng([seed, blurred])
            balanced = (light * np.array(camera.white_balance) / 2).astype(np.float32)
            raw = exposed(mosaic(balanced, camera), camera, 200, rng)
            path = tmp_path / f"{blurred}{seed}.dng"
            aperture = settings.degraded_aperture if blurred else settings.sharp_aperture
            write_shot(path, raw, settings, camera, aperture, seed)
            frames.append(decode_photo(path))
        folders.append(frames)
    found = widths(kernels(Stages.P, *folders))
    # Green is best known; the sharp photo's demosaicing makes red and blue more alike.
    np.testing.assert_allclose(found, SIGMAS, rtol=0.2)
    assert found[0] > found[2] > found[1]
