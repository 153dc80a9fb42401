"""The Wiener filter: what it undoes, what it leaves alone, and how its parts are worked out."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from lopsided import lopsided_grid
from numpy.typing import NDArray
from restore_cases import NO_NOISE, NOISE, dead_leaves, photograph, psnr, restore_array

from lenscal.errors import InputError
from lenscal.optics.psf_grid import PsfGrid, delta_grid
from lenscal.raw.frame import NoiseModel
from lenscal.restore import wiener
from lenscal.restore.demosaic import demosaic_spectra
from lenscal.restore.photo import restore
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.restore.tiles import ArrayPhoto, Tiling, tiling_for
from lenscal.restore.wiener_photo import wiener_bands
from lenscal.stepping import finish

SIZE = (150, 220)
SETTINGS = RestoreSettings(device="cpu")
SCENE = dead_leaves(*SIZE)


@pytest.mark.parametrize("size", [(300, 290), (33, 500), (128, 1)])
@pytest.mark.parametrize("kernel_size", [5, 13, 41])
def test_windows_sum_to_one(size: tuple[int, int], kernel_size: int) -> None:
    tiling = tiling_for(kernel_size)
    assert tiling.ramp >= kernel_size and tiling.reach > kernel_size // 2
    line = tiling.window()[tiling.window_px // 2]
    for length in size:
        total = np.zeros(length + 4 * tiling.field_px)
        for start in tiling.starts(length):
            total[start + 2 * tiling.field_px :][: tiling.window_px] += line
        around = slice(
            2 * tiling.field_px - tiling.reach, 2 * tiling.field_px + length + tiling.reach
        )
        np.testing.assert_allclose(total[around], 1, atol=1e-6)


def test_delta_without_noise_is_the_identity() -> None:
    for amount in (0.3, 1.0):
        settings = RestoreSettings(device="cpu", amount=amount)
        out = restore_array(SCENE, delta_grid((3, 4), 9, SIZE), NO_NOISE, settings)
        np.testing.assert_allclose(out, SCENE, atol=2e-5)


@pytest.mark.parametrize("denoise", [0.3, 0.5, 0.7])
def test_undoes_a_known_blur(denoise: float) -> None:
    psf = lopsided_grid(SIZE)
    degraded = photograph(SCENE, psf, NOISE)
    restored = restore_array(degraded, psf, NOISE, RestoreSettings(device="cpu", denoise=denoise))
    assert restored.dtype == np.float32
    assert psnr(restored, SCENE) > psnr(degraded, SCENE) + 1.8


def test_the_true_kernels_beat_mirrored_ones() -> None:
    psf = lopsided_grid(SIZE)
    degraded = photograph(SCENE, psf, NOISE)
    mirrored = PsfGrid(psf.kernels[..., ::-1, ::-1].copy(), SIZE)
    gain = [psnr(restore_array(degraded, grid, NOISE, SETTINGS), SCENE) for grid in (psf, mirrored)]
    assert gain[0] > gain[1] + 1.5


def test_amount_blends() -> None:
    psf = lopsided_grid(SIZE)
    degraded = photograph(SCENE, psf, NOISE)
    full, half = (
        restore_array(degraded, psf, NOISE, RestoreSettings(device="cpu", amount=a))
        for a in (1.0, 0.5)
    )
    np.testing.assert_allclose(half, (full + degraded) / 2, atol=1e-6)
    untouched = restore_array(degraded, psf, NOISE, RestoreSettings(device="cpu", amount=0.0))
    np.testing.assert_array_equal(untouched, degraded)


def test_more_denoise_leaves_less_noise() -> None:
    flat = np.full((*SIZE, 3), 0.3, np.float32)
    psf = lopsided_grid(SIZE)
    degraded = photograph(flat, psf, NOISE)
    spread = [
        restore_array(degraded, psf, NOISE, RestoreSettings(device="cpu", denoise=d)).std()
        for d in (0.0, 0.5, 1.0)
    ]
    assert spread[0] > spread[1] > spread[2]
    assert spread[1] < degraded.std()


def unmasked(photo: ArrayPhoto, psf: PsfGrid, tiling: Tiling) -> NDArray[np.float32]:
    bands = wiener_bands(photo, psf, SETTINGS, torch.device("cpu"), tiling=tiling)
    return np.concatenate([band.rgb for band in bands])


def test_tiles_add_up_to_the_filtered_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one filter everywhere, small tiles and a single large one come to the same."""
    psf = lopsided_grid(SIZE, nodes=(1, 1))
    degraded = ArrayPhoto(photograph(SCENE, psf, NOISE), NOISE, np.ones(3, np.float32))
    theta, together = torch.tensor([-9.0, -2.2, 0.0]), torch.full((3, 3), 0.8) + 0.2 * torch.eye(3)

    def fixed_signal(spectrum, otf, noise, doubt, rings):
        return wiener.Signal(
            theta.expand(len(spectrum), 3, 3), torch.zeros(len(spectrum), 3, len(rings.f)), rings
        )

    monkeypatch.setattr(wiener, "fitted_signal", fixed_signal)
    monkeypatch.setattr(
        wiener, "channel_correlation", lambda spectrum, *_: together.expand(len(spectrum), 21, 3, 3)
    )
    monkeypatch.setattr("lenscal.restore.wiener_photo.LEAST_COLOURED", 1e9)
    monkeypatch.setattr(
        "lenscal.restore.wiener_photo.noise_variance", lambda _, m, *__: torch.full_like(m, 1e-4)
    )
    tiled, whole = (unmasked(degraded, psf, Tiling(stride, 32, 32)) for stride in (64, 512))
    np.testing.assert_allclose(tiled, whole, atol=3e-3)
    assert np.abs(tiled - whole).mean() < 4e-4


def test_clipped_highlights_are_left_alone() -> None:
    scene = SCENE.copy()
    scene[60:90, 100:140] = 3.0
    psf = lopsided_grid(SIZE)
    balance = np.array([2.0, 1.0, 1.5], np.float32)
    degraded = np.minimum(photograph(scene, psf, NOISE), balance)
    restored = restore_array(degraded, psf, NOISE, SETTINGS, white_balance=balance)
    np.testing.assert_allclose(restored[62:88, 102:138], degraded[62:88, 102:138], atol=1e-6)
    assert psnr(restored[:, :80], scene[:, :80]) > psnr(degraded[:, :80], scene[:, :80]) + 2


def test_signal_fit_finds_a_power_law_under_blur_and_noise() -> None:
    rings = wiener.rings_for(192, 160)
    truth = torch.tensor([[-9.0, -2.5, 0.0], [-7.0, -1.7, 0.1]])
    otf_power = torch.exp(-((torch.exp(rings.basis[:, 1]) * 0.1 * 5) ** 2)).expand(2, -1)
    noise = torch.full_like(otf_power, 1e-6)
    power = otf_power * torch.exp(truth @ rings.basis.T) + noise
    theta = wiener.fit_signal(power, otf_power, noise, rings)
    torch.testing.assert_close(theta, truth, atol=0.1, rtol=0)


def test_rings_hold_their_frequencies_and_interpolate() -> None:
    rings = wiener.rings_for(192, 160)
    plane = torch.hypot(torch.fft.fftfreq(192)[:, None], torch.fft.rfftfreq(192)).flatten()
    torch.testing.assert_close(plane[rings.index].view_as(rings.f), rings.f)
    torch.testing.assert_close(rings.share.sum(-1), torch.ones(21))
    centres = 0.1 * rings.log_f.exp()
    torch.testing.assert_close(
        rings.interpolation(centres[3:]).T[:, 3:], torch.eye(18), atol=1e-4, rtol=0
    )
    between = rings.log_f @ rings.interpolation(torch.tensor([0.0, 0.05, 0.3, 0.7]))
    expected = torch.tensor([rings.log_f.min(), np.log(0.5), np.log(3), rings.log_f.max()])
    torch.testing.assert_close(between, expected.float(), atol=1e-4, rtol=0)


def test_joint_filter_solves_the_normal_equations() -> None:
    rng = torch.Generator().manual_seed(0)
    power, signal, noise = (torch.rand(2, 3, 5, generator=rng) + 0.1 for _ in range(3))
    pairs = torch.rand(2, 5, 3, generator=rng) * 1.6 - 0.8
    together = wiener.positive(pairs)
    joint, own = wiener.joint_filter(power, signal, noise, together.movedim(1, -1))
    amplitude = signal.movedim(1, -1).sqrt()
    whole = amplitude[..., :, None] * together * amplitude[..., None, :]
    k, n = power.movedim(1, -1), noise.movedim(1, -1) + wiener.LEAST_DOUBT * signal.movedim(1, -1)
    expected = whole @ torch.linalg.inv(k[..., :, None] * whole + torch.diag_embed(n))
    torch.testing.assert_close(joint.movedim(-1, 1), expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(own, signal / (power * signal + noise), rtol=1e-4, atol=0)


def test_correlations_that_cannot_be_are_mended() -> None:
    mended = wiener.positive(torch.tensor([[0.9, 0.9, -0.9], [0.5, 0.4, 0.3]]))
    assert torch.linalg.eigvalsh(mended).min() > 0.005
    torch.testing.assert_close(
        mended[1], torch.tensor([[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]])
    )
    torch.testing.assert_close(mended.diagonal(dim1=-2, dim2=-1), torch.ones(2, 3))


def test_fit_survives_flat_and_black_tiles() -> None:
    for value in (0.0, 0.4):
        flat = np.full((*SIZE, 3), value, np.float32)
        for noise in (NO_NOISE, NOISE, NoiseModel((0.0,) * 3, (1e-2,) * 3)):
            out = restore_array(flat, lopsided_grid(SIZE), noise, SETTINGS)
            np.testing.assert_allclose(out, flat, atol=2e-3)


def test_reports_and_refuses_another_size() -> None:
    photo = ArrayPhoto(SCENE, NOISE, np.ones(3, np.float32))
    fractions = [report.fraction for report in restore(photo, lopsided_grid(SIZE), SETTINGS)]
    assert len(fractions) > 1 and fractions == sorted(fractions) and fractions[-1] == 1
    with pytest.raises(InputError, match="220 x 150"):
        finish(restore(photo, lopsided_grid((100, 100)), SETTINGS))
    none = finish(restore(photo, lopsided_grid(SIZE), RestoreSettings(method=Method.NONE)))
    np.testing.assert_array_equal(none, SCENE)


def test_colours_help_each_other() -> None:
    """A channel that the lens blurs away comes back from the one it keeps sharp."""
    kernels = np.array(delta_grid((2, 2), 9, SIZE).kernels)
    y, x = np.mgrid[-4:5, -4:5]
    kernels[:, :, 0] = np.exp(-(x**2 + y**2) / 8) / np.exp(-(x**2 + y**2) / 8).sum()
    psf = PsfGrid(kernels, SIZE)
    grey = np.repeat(SCENE[..., 1:2], 3, axis=-1)
    degraded = photograph(grey, psf, NOISE)
    red_alone = np.repeat(degraded[..., :1], 3, axis=-1)
    alone = restore_array(
        red_alone, PsfGrid(np.repeat(kernels[:, :, :1], 3, axis=2), SIZE), NOISE, SETTINGS
    )
    together = restore_array(degraded, psf, NOISE, SETTINGS)
    assert psnr(together[..., 0], grey[..., 0]) > psnr(alone[..., 0], grey[..., 0]) + 1.5


def test_a_mosaic_is_trusted_less_in_fine_red_than_in_fine_green() -> None:
    noise, alias = demosaic_spectra(torch.linspace(0, 0.5, 33), demosaiced=True)
    assert (noise[0, 20] < noise[1, 20]) and (alias[0, 20] > alias[1, 20])
    assert alias[:, :3].max() == 0
    none = demosaic_spectra(torch.linspace(0, 0.5, 33), demosaiced=False)
    assert torch.equal(none[0], torch.ones(3, 33)) and none[1].max() == 0


@pytest.mark.parametrize("demosaiced", [False, True])
def test_a_dark_wall_stays_grey_beside_a_red_one(demosaiced: bool) -> None:
    y, x = np.mgrid[:320, :320]
    scene = np.full((320, 320, 3), 0.006, np.float32)
    stripes = 0.25 + 0.2 * np.sign(np.sin(2 * np.pi * (x[:110] + 0.2 * y[:110]) / 8))
    scene[:110] = stripes[..., None] * np.array([1, 0.9, 0.6])
    scene[:, 210:] = (0.5, 0.03, 0.03)
    scene = cv2.GaussianBlur(scene, (0, 0), 1)
    psf, noise = lopsided_grid((320, 320)), NoiseModel((1.5e-4,) * 3, (1e-6,) * 3)
    degraded = photograph(scene, psf, noise)
    restored = finish(
        restore(ArrayPhoto(degraded, noise, np.ones(3, np.float32), demosaiced), psf, SETTINGS)
    )
    wall = np.s_[140:310, 10:190]
    np.testing.assert_allclose(restored[wall].mean(axis=(0, 1)), 0.006, atol=2e-4)
    np.testing.assert_allclose(cv2.blur(restored, (9, 9))[wall], 0.006, atol=2.5e-3)


def test_a_delta_leaves_a_demosaiced_photo_as_it_is() -> None:
    """Its aliases are the scene's as a sharp lens shows it; what little changes is noise."""
    degraded = ArrayPhoto(
        photograph(SCENE, delta_grid((3, 4), 9, SIZE), NOISE), NOISE, np.ones(3, np.float32), True
    )
    spread = np.sqrt(np.array(NOISE.a) * SCENE + np.array(NOISE.b)).mean()
    changes = []
    for denoise in (0.0, 0.5):
        out = finish(
            restore(
                degraded,
                delta_grid((3, 4), 9, SIZE),
                RestoreSettings(device="cpu", denoise=denoise),
            )
        )
        changes.append(np.sqrt(np.mean((out - degraded.rgb) ** 2)))
    assert changes[0] < 0.3 * spread
    assert changes[0] < changes[1] < spread


def test_a_red_surface_takes_little_from_red_into_dark_green() -> None:
    """Stripes that red alone has do not appear in green where there is hardly any green."""
    scene = np.repeat(SCENE[..., 1:2], 3, axis=-1)
    x = np.arange(SIZE[1] - 120)
    stripes = 0.3 + 0.25 * np.sign(np.sin(2 * np.pi * x / 6))
    scene[:, 120:, 0], scene[:, 120:, 1:] = stripes, 0.01
    psf = lopsided_grid(SIZE)
    restored = restore_array(photograph(scene, psf, NOISE), psf, NOISE, SETTINGS)
    inner = restored[16:-16, 150:-16]
    assert inner[..., 0].std() > 0.1
    assert inner[..., 1].mean(axis=0).std() < 0.004
