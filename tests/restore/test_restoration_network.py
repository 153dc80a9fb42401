"""Photos restored by a network that was trained for their lens."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from restore_cases import photograph

from lenscal.errors import InputError
from lenscal.optics.psf_grid import PsfGrid
from lenscal.prior.denoiser import UnshuffleDenoiser
from lenscal.raw.frame import NoiseModel
from lenscal.restore.network.bands import LensNetwork, network_bands
from lenscal.restore.network.planes import Place, network_planes
from lenscal.restore.network.rrdb import RrdbNetwork, fresh
from lenscal.restore.network.small import LEAST_SCALE, SmallNetwork, begun_from
from lenscal.restore.network.weights import Network, arrays_of, layout_of, network_of
from lenscal.restore.photo import restore
from lenscal.restore.region import restore_region
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.restore.tiles import ArrayPhoto
from lenscal.restore.wiener_photo import Band, wiener_bands
from lenscal.stepping import finish

NOISE = NoiseModel((1e-3,) * 3, (1e-5,) * 3)
CPU = torch.device("cpu")
SETTINGS = RestoreSettings(Method.NETWORK, device="cpu")


def grid(size: tuple[int, int]) -> PsfGrid:
    at = np.arange(-4, 5)
    kernels = np.empty((2, 3, 3, 9, 9), np.float32)
    for row in range(2):
        for col in range(3):
            line = np.exp(-(at**2) / (2 * (0.8 + 0.3 * row + 0.2 * col) ** 2))
            kernels[row, col] = np.outer(line, line) / line.sum() ** 2
    return PsfGrid(kernels, size)


def photo_of(size: tuple[int, int]) -> tuple[ArrayPhoto, PsfGrid]:
    psf = grid(size)
    return ArrayPhoto(photograph(clouds(size), psf, NOISE), NOISE, np.ones(3, np.float32)), psf


def clouds(size: tuple[int, int]) -> NDArray[np.float32]:
    """Detail of all sizes, about 0.05 to 0.6."""
    rng, out = np.random.default_rng(3), np.zeros((*size, 3), np.float32)
    for sigma in (1, 3, 9):
        detail = cv2.GaussianBlur(rng.standard_normal((*size, 3)).astype(np.float32), (0, 0), sigma)
        out += detail / detail.std()
    return np.clip(0.3 + 0.07 * out, 0.02, None)


def random_network(kind: type[SmallNetwork] | type[RrdbNetwork] = SmallNetwork) -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return kind(8, 1).eval()


def lens_network(size: tuple[int, int], net: Network | None = None) -> LensNetwork:
    return LensNetwork(net or random_network(), 1.0, Place((0, 0), size))


def estimate(
    photo: ArrayPhoto, psf: PsfGrid, network: LensNetwork, block_px: int
) -> NDArray[np.float32]:
    bands = network_bands(photo, psf, SETTINGS, CPU, network, block_px=block_px)
    return np.concatenate([band.rgb for band in bands if isinstance(band, Band)])


def test_without_a_change_it_is_the_wiener_estimate() -> None:
    photo, psf = photo_of((150, 170))
    bands = wiener_bands(photo, psf, SETTINGS, CPU)
    wiener = np.concatenate([band.rgb for band in bands])
    unchanging = lens_network(photo.size, fresh(8, 1, 0).eval())
    np.testing.assert_array_equal(estimate(photo, psf, unchanging, 64), wiener)
    network = lens_network(photo.size)
    kept = replace(network, share=0.0)
    np.testing.assert_array_equal(estimate(photo, psf, kept, 64), wiener)
    assert np.abs(estimate(photo, psf, network, 64) - wiener).max() > 1e-3


@pytest.mark.parametrize("size", [(150, 170), (131, 165)])
def test_blocks_leave_no_seams(size: tuple[int, int]) -> None:
    photo, psf = photo_of(size)
    network = lens_network(size)
    np.testing.assert_allclose(
        estimate(photo, psf, network, 48), estimate(photo, psf, network, 512), atol=2e-5
    )


def test_a_part_is_that_of_the_whole_photo() -> None:
    photo, psf = photo_of((420, 460))
    network = lens_network(photo.size)
    whole = finish(restore(photo, psf, SETTINGS, network=network))
    rows, cols = range(341, 402), range(300, 345)
    part, _ = finish(restore_region(photo, psf, SETTINGS, rows, cols, network=network))
    np.testing.assert_allclose(part, whole[341:402, 300:345], atol=2e-4)


def test_begun_from_a_denoiser_it_is_that_denoiser() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        denoiser = UnshuffleDenoiser(8, 2)
    generator = torch.Generator().manual_seed(0)
    wiener, photo = torch.rand(2, 1, 3, 32, 32, generator=generator)
    level, place = torch.full((1, 3, 32, 32), 0.05), torch.rand(1, 2, 32, 32, generator=generator)
    net = begun_from(denoiser)
    with torch.no_grad():
        own = wiener - net(torch.cat([wiener, photo, level, place], dim=1))
        noise = wiener - denoiser(wiener, 0.05)
    torch.testing.assert_close(own / (0.05 + LEAST_SCALE), noise / 0.05, atol=1e-5, rtol=1e-4)


def test_planes_say_light_noise_and_place() -> None:
    light = np.full((6, 8, 3), 0.2, np.float32)
    balance = np.array([2.0, 1.0, 1.5], np.float32)
    planes = network_planes(light, light / 2, balance, NOISE, 0.01, Place((10, 20), (101, 201)))
    assert planes.shape == (1, 11, 6, 8)
    np.testing.assert_allclose(planes[0, :3], np.sqrt(0.11), rtol=1e-6)
    np.testing.assert_allclose(planes[0, 3:6], np.sqrt(0.21), rtol=1e-6)
    level = np.sqrt(balance * 1e-3 * 0.2 + balance**2 * 1e-5) / (2 * np.sqrt(0.21))
    np.testing.assert_allclose(planes[0, 6:9, 3, 3], level, rtol=1e-5)
    # -1 and 1 are the field's borders.
    np.testing.assert_allclose(planes[0, 9, :, 0], 2 * (10 + np.arange(6)) / 100 - 1, atol=1e-6)
    np.testing.assert_allclose(planes[0, 10, 0], 2 * (20 + np.arange(8)) / 200 - 1, atol=1e-6)


def test_more_noise_handling_is_smoother() -> None:
    """Begun from the denoiser that ships, before any training."""
    from lenscal.prior.denoiser import load_denoiser

    denoiser = load_denoiser()
    assert isinstance(denoiser, UnshuffleDenoiser)
    photo, psf = photo_of((128, 128))
    network = lens_network(photo.size, begun_from(denoiser).eval())
    detail = [
        np.abs(np.diff(finish(restore(photo, psf, settings, network=network)), axis=1)).mean()
        for settings in (replace(SETTINGS, denoise=amount) for amount in (0.0, 0.5, 1.0))
    ]
    assert detail[0] > detail[1] > detail[2]


def test_the_published_size() -> None:
    with torch.device("meta"):
        net = RrdbNetwork()
    assert sum(p.numel() for p in net.parameters()) == pytest.approx(16.7e6, rel=0.01)
    small = random_network(RrdbNetwork)
    with torch.no_grad():
        assert small(torch.rand(2, 11, 16, 24)).shape == (2, 3, 16, 24)


@pytest.mark.parametrize("kind", [SmallNetwork, RrdbNetwork])
def test_weights_come_back(kind: type[SmallNetwork] | type[RrdbNetwork]) -> None:
    net, planes = random_network(kind), torch.rand(1, 11, 16, 16)
    back = network_of(layout_of(net), arrays_of(net)).eval()
    with torch.no_grad():
        assert torch.equal(back(planes), net(planes))


def test_other_weights_are_refused() -> None:
    net = random_network()
    weights = arrays_of(net)
    with pytest.raises(InputError, match="no kind that this lenscal knows"):
        network_of("another network 7", weights)
    for spoilt in (
        {},
        {"head.weight": weights["head.weight"]},
        {**weights, "head.weight": weights["head.weight"][:, :5]},
        {**weights, "blocks.1000000000.first.weight": weights["tail.bias"]},
        {**weights, "more": weights["tail.bias"]},
    ):
        with pytest.raises(InputError, match="do not fit"):
            network_of(layout_of(net), spoilt)


def test_no_network_is_told() -> None:
    photo, psf = photo_of((64, 64))
    with pytest.raises(InputError, match="train one first"):
        finish(restore(photo, psf, SETTINGS))
