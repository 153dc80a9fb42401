"""Plug-and-play restoration: blocks, windows, the step that knows the photo, and denoisers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from lopsided import lopsided_grid
from numpy.typing import NDArray
from restore_cases import NOISE, dead_leaves, photograph, psnr, restore_array

from lenscal.errors import InputError
from lenscal.prior.denoiser import (
    PlainFfdnet,
    UnshuffleDenoiser,
    load_denoiser,
    save_denoiser,
)
from lenscal.resource_files import resource
from lenscal.restore import dpir, plug_and_play
from lenscal.restore.data_step import DataStep, Windows, offset
from lenscal.restore.diffpir import DIFFPIR
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.restore.tiles import ArrayPhoto, tiling_for
from lenscal.virtual.camera import VirtualCamera

SIZE = (96, 121)


@pytest.mark.parametrize("length", [1, 200, 1024, 1600, 6000])
def test_blocks_cover_the_photo_once(length: int) -> None:
    total = np.zeros(length)
    for first, weight in plug_and_play.blocks(length):
        total[first : first + len(weight)] += weight
    np.testing.assert_allclose(total, 1)


def test_windows_take_apart_and_put_together() -> None:
    windows = Windows(tiling_for(9), *SIZE, torch.device("cpu"))
    image = torch.rand(3, *SIZE, generator=torch.Generator().manual_seed(0))
    padded, sums = windows.padded(image), windows.sums()
    for number, row in enumerate(windows.rows()):
        strip = torch.zeros_like(sums[:, : windows.tiling.field_px])
        for i in row:
            windows.add(strip, windows.in_field(windows.cut(padded, i)), i)
        windows.add_row(sums, strip, number)
    torch.testing.assert_close(windows.inside(sums), image)


def test_schedule_falls_to_the_photos_noise() -> None:
    levels = dpir.schedule(0.01)
    assert len(levels) == dpir.N_ITERATIONS
    np.testing.assert_allclose(np.diff(np.log(levels)), np.log(0.01 / dpir.SIGMA_FIRST) / 7)


def test_data_step_alone_fits_the_photo() -> None:
    """With a denoiser that does nothing, the iteration walks to the least-squares solution: K x =
    y."""
    psf, scene = lopsided_grid(SIZE), dead_leaves(*SIZE)
    quiet = type(NOISE)((1e-7,) * 3, (1e-9,) * 3)
    photo = ArrayPhoto(photograph(scene, psf, quiet), quiet, np.ones(3, np.float32))
    rows, cols = range(SIZE[0]), range(SIZE[1])
    step = DataStep(photo, psf, rows, cols, 1.0, torch.device("cpu"), tiling_for(9))
    *_, last = dpir.dpir(step, lambda x, sigma: x, rows, cols, RestoreSettings())
    assert psnr(last.permute(1, 2, 0).numpy(), scene) > psnr(photo.rgb, scene) + 3


@pytest.mark.parametrize("method", [dpir.DPIR, DIFFPIR], ids=["dpir", "diffpir"])
def test_seam_between_blocks_is_invisible(method: plug_and_play.PriorMethod) -> None:
    psf, scene = lopsided_grid(SIZE, nodes=(1, 1)), dead_leaves(*SIZE)
    photo = ArrayPhoto(photograph(scene, psf, NOISE), NOISE, np.ones(3, np.float32))

    def run(block_px: int) -> NDArray[np.float32]:
        settings, cpu = RestoreSettings(device="cpu"), torch.device("cpu")
        steps = plug_and_play.plug_and_play(
            photo, psf, settings, cpu, method, denoiser=smooth, block_px=block_px
        )
        out, done = np.zeros((*SIZE, 3), np.float32), 0
        for band in steps:
            if not isinstance(band, float):
                assert band.rows.start == done
                done = band.rows.stop
                out[band.rows.start : band.rows.stop] = band.rgb
        assert done == SIZE[0]
        return out

    whole, parts = run(1024), run(64)
    assert len(plug_and_play.blocks(SIZE[1], 64)) == 2
    assert np.abs(parts - whole).mean() < 0.01 * np.abs(whole - photo.rgb).mean() + 2e-3


def smooth(x: torch.Tensor, sigma: float | torch.Tensor) -> torch.Tensor:
    return x + 0.3 * float(sigma) * (
        torch.nn.functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False) - x
    )


def test_improves_a_photo_with_the_prior_that_ships() -> None:
    size = (150, 220)
    psf, scene = lopsided_grid(size), dead_leaves(*size)
    degraded = photograph(scene, psf, NOISE)
    restored = restore_array(
        degraded, psf, NOISE, RestoreSettings(method=Method.DPIR, device="cpu")
    )
    assert psnr(restored, scene) > psnr(degraded, scene) + 3
    wiener = restore_array(degraded, psf, NOISE, RestoreSettings(device="cpu"))
    assert psnr(restored, scene) > psnr(wiener, scene)


def test_prior_that_ships_takes_noise_off_and_is_small() -> None:
    assert resource("prior", "prior.safetensors").stat().st_size < 8e6
    net = load_denoiser()
    clean = torch.from_numpy(np.sqrt(dead_leaves(*SIZE))).permute(2, 0, 1)[None]
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    for sigma in (0.02, 0.06, 0.15):
        noisy = clean + sigma * noise
        assert (net(noisy, sigma) - clean).square().mean() < 0.5 * sigma**2
    torch.testing.assert_close(net(clean, 0.0), clean)


def test_sigma_may_be_a_map_and_sizes_odd(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = UnshuffleDenoiser(8, 2)
    save_denoiser(net, tmp_path / "net.safetensors")
    loaded = load_denoiser(tmp_path / "net.safetensors")
    x = torch.rand(2, 3, 17, 23)
    torch.testing.assert_close(loaded(x, 0.1), loaded(x, torch.full((1, 1, 17, 23), 0.1)))
    torch.testing.assert_close(loaded(x, 0.1), net(x, 0.1))


def test_reads_ffdnets_layout_and_refuses_others(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    sizes = [(13, 6), (6, 6), (6, 12)]
    weights = {f"model.{2 * i}.weight": torch.zeros(o, c, 3, 3) for i, (c, o) in enumerate(sizes)}
    weights |= {f"model.{2 * i}.bias": torch.full((o,), 0.5) for i, (_, o) in enumerate(sizes)}
    save_file(weights, tmp_path / "ffdnet.safetensors")
    net = load_denoiser(tmp_path / "ffdnet.safetensors")
    assert isinstance(net, PlainFfdnet)
    torch.testing.assert_close(net(torch.rand(1, 3, 9, 9), 0.1), torch.full((1, 3, 9, 9), 0.5))
    save_file({"other": torch.zeros(3)}, tmp_path / "other.safetensors")
    (tmp_path / "text.safetensors").write_text("no weights")
    for name in ("other", "text", "missing"):
        with pytest.raises(InputError, match=name):
            load_denoiser(tmp_path / f"{name}.safetensors")


@pytest.mark.parametrize("a", [(1e-4, 1e-4, 0.0), (0.0, 0.0, 0.0), (1e-6, 1e-6, 1e-6)])
@pytest.mark.parametrize(("method", "least_db"), [(Method.DPIR, 0.0), (Method.DIFFPIR, -3.0)])
def test_photon_noise_that_was_not_found_ruins_nothing(
    a: tuple[float, float, float], method: Method, least_db: float
) -> None:
    """DiffPIR draws detail of its own, which costs some dB in photos that are hardly noisy."""
    psf, scene = lopsided_grid(SIZE), 0.05 * dead_leaves(*SIZE)
    noise = type(NOISE)(a, (1e-7,) * 3)
    degraded = photograph(scene, psf, noise)
    restored = restore_array(degraded, psf, noise, RestoreSettings(method))
    assert psnr(restored, scene) > psnr(degraded, scene) + least_db


@pytest.mark.parametrize("iso", [100, 3200, 25600])
def test_the_virtual_cameras_read_noise_is_taken_as_it_is(iso: int) -> None:
    camera = VirtualCamera()
    (a, b), balance = camera.noise(iso), np.array(camera.white_balance, np.float32)
    photo = ArrayPhoto(np.zeros((8, 8, 3), np.float32), type(NOISE)((a,) * 3, (b,) * 3), balance)
    assert offset(photo) == pytest.approx(float((balance * b / a).mean()), rel=1e-5)
