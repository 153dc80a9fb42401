"""How wrong a kernel may be, and what a correction makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from lopsided import lopsided_grid
from numpy.typing import NDArray
from restore_cases import NOISE, dead_leaves, photograph, psnr, restore_array

from lenscal.optics.psf_grid import PsfGrid, delta_grid
from lenscal.restore import kernel_error
from lenscal.restore.kernel_error import error_power, misplacement_px, width_px
from lenscal.restore.photo import reach_px, restore
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.restore.tiles import ArrayPhoto, tile_confidence
from lenscal.stepping import finish

SIZE = (150, 220)
SCENE = dead_leaves(*SIZE)


def gaussian(sigma: float, k: int = 41) -> torch.Tensor:
    u = torch.arange(k) - k // 2
    kernel = torch.exp(-(u[:, None] ** 2 + u**2) / 2 / sigma**2)
    return kernel / kernel.sum()


def test_width_is_a_gaussians_sigma_and_a_deltas_zero() -> None:
    assert width_px(torch.from_numpy(delta_grid((1, 1), 9, SIZE).kernels)).max() == 0
    for sigma in (2.0, 4.0):
        assert width_px(gaussian(sigma)) == pytest.approx(sigma, rel=0.02)
    faint_tail = 0.97 * gaussian(2.0) + 0.03 / 41**2
    assert width_px(faint_tail) == pytest.approx(2.0, rel=0.1)


def test_error_is_that_of_displaced_light() -> None:
    """A kernel moved by s px differs by 2 pi f s where f is low."""
    field, shift = 64, 0.1
    f = torch.hypot(torch.fft.fftfreq(field)[:, None], torch.fft.rfftfreq(field))
    moved = (torch.exp(-2j * torch.pi * torch.fft.rfftfreq(field) * shift) - 1).abs().square()
    power = error_power(torch.tensor(shift), f)
    assert power[0, 0] == 0
    torch.testing.assert_close(power, (2 * torch.pi * f * shift).square())
    torch.testing.assert_close(power[0, :8], moved[:8], rtol=0.01, atol=0)


def test_white_error_of_known_size_has_its_mean_power() -> None:
    kernel = gaussian(2.0, 13)
    sure = misplacement_px(kernel, torch.tensor(1.0))
    assert sure == misplacement_px(kernel)
    relative = 0.3
    unsure = misplacement_px(kernel, torch.exp(torch.tensor(-2 * relative)))
    f2 = torch.fft.fftfreq(64)[:, None].square() + torch.fft.fftfreq(64).square()
    added = ((2 * torch.pi) ** 2 * f2 * (unsure**2 - sure**2)).mean()
    torch.testing.assert_close(added, relative**2 * kernel.square().sum(), rtol=0.01, atol=0)
    assert torch.isfinite(misplacement_px(kernel, torch.tensor(0.0)))


def test_confidence_is_interpolated_like_the_kernels() -> None:
    grid = replace(
        delta_grid((2, 2), 5, SIZE), confidence=np.array([[[1.0] * 3, [0.5] * 3]] * 2, np.float32)
    )
    confidence = tile_confidence(grid, np.array([0, 149]), np.array([0, 219]), torch.device("cpu"))
    assert confidence is not None
    torch.testing.assert_close(confidence, torch.tensor([[1.0] * 3, [0.5] * 3]))
    assert (
        tile_confidence(delta_grid((2, 2), 5, SIZE), np.zeros(1), np.zeros(1), torch.device("cpu"))
        is None
    )


@pytest.mark.parametrize("method", [Method.WIENER, Method.DPIR])
def test_wrong_kernels_do_less_harm_when_they_are_doubted(
    method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    psf = lopsided_grid(SIZE)
    degraded = photograph(SCENE, psf, NOISE)
    mirrored = PsfGrid(psf.kernels[..., ::-1, ::-1].copy(), SIZE)
    doubted = replace(mirrored, confidence=np.full((3, 4, 3), 0.1, np.float32))
    settings = RestoreSettings(method=method, device="cpu")
    usual, careful = (
        psnr(restore_array(degraded, grid, NOISE, settings), SCENE) for grid in (mirrored, doubted)
    )
    monkeypatch.setattr(kernel_error, "RELATIVE_MISPLACEMENT", 0.0)
    trusting = psnr(restore_array(degraded, mirrored, NOISE, settings), SCENE)
    assert careful > usual + 0.05 and usual > trusting + 0.1


def test_the_mask_at_clipped_highlights_can_be_shared() -> None:
    scene = SCENE.copy()
    scene[60:90, 100:140] = 3.0
    psf = lopsided_grid(SIZE)
    degraded = ArrayPhoto(
        np.minimum(photograph(scene, psf, NOISE), 1.0), NOISE, np.ones(3, np.float32)
    )

    def change(reach: int | None) -> NDArray[np.float32]:
        settings = RestoreSettings(device="cpu")
        return np.abs(finish(restore(degraded, psf, settings, reach=reach)) - degraded.rgb)

    usual, same, wide = change(None), change(reach_px(psf)), change(6)
    assert np.array_equal(usual, same)
    around = np.s_[54:96, 94:146]
    assert wide[around].mean() < 0.7 * usual[around].mean()
    # Far away the correction stays, but for what lies near other strong light.
    assert wide[:, :30].mean() > 0.9 * usual[:, :30].mean()
