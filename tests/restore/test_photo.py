"""What holds for every method: no harm at edges, in smooth parts and at highlights; rows in order;
little memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lopsided import lopsided_grid
from numpy.typing import NDArray
from restore_cases import NOISE, dead_leaves, photograph, psnr

from lenscal.errors import LenscalError
from lenscal.raw.frame import NoiseModel
from lenscal.restore import photo as module
from lenscal.restore.photo import Band, blended, hand_on, restore, restore_rows, with_less_memory
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.restore.tiles import ArrayPhoto
from lenscal.stepping import finish
from lenscal.system.memory import is_out_of_memory

SIZE = (160, 200)
ISO_3200 = NoiseModel((2.4e-3,) * 3, (1e-4,) * 3)
METHODS = [Method.WIENER, Method.DPIR, Method.DIFFPIR]
ONES = np.ones(3, np.float32)


@pytest.mark.parametrize("noise", [NOISE, ISO_3200], ids=["iso 200", "iso 3200"])
@pytest.mark.parametrize("method", METHODS)
def test_a_step_edge_overshoots_little_and_smooth_parts_get_no_noise(
    method: Method, noise: NoiseModel
) -> None:
    scene = np.full((*SIZE, 3), 0.15, np.float32)
    scene[:, 100:] = 0.6
    psf = lopsided_grid(SIZE)
    photo = ArrayPhoto(photograph(scene, psf, noise), noise, ONES, demosaiced=True)
    out = finish(restore(photo, psf, RestoreSettings(method, device="cpu")))
    profile = out[40:120].mean(axis=0)
    assert profile[100:140].max() < 0.6 + 0.08 * 0.45
    assert profile[60:100].min() > 0.15 - 0.08 * 0.45
    away = np.abs(profile - scene[0])[[*range(20, 85), *range(115, 180)]]
    assert away.max() < 0.04 * 0.45
    smooth = np.s_[40:120, 140:180]
    assert (out[smooth].std(axis=(0, 1)) < 0.8 * photo.rgb[smooth].std(axis=(0, 1))).all()
    inner = np.s_[16:-16, 16:-16]
    assert np.square(out - scene)[inner].mean() < 0.8 * np.square(photo.rgb - scene)[inner].mean()


def test_the_mask_is_what_restore_applies() -> None:
    scene = dead_leaves(*SIZE)
    scene[60:90, 100:140] = 3.0
    scene[:, :60] = 0.3
    psf = lopsided_grid(SIZE)
    photo = ArrayPhoto(np.minimum(photograph(scene, psf, NOISE), 1.0), NOISE, ONES)
    settings = RestoreSettings(device="cpu", amount=0.8)
    mask = np.full(SIZE, np.nan, np.float32)
    corrected = finish(restore(photo, psf, settings, mask=mask))
    assert mask[64:86, 104:136].max() < 1e-6
    assert mask.max() == pytest.approx(0.8, abs=1e-3)
    assert mask[20:140, 10:45].mean() < mask[100:140, 150:190].mean() - 0.1
    estimate = np.concatenate(
        [b.rgb for b in module.estimate(photo, psf, settings, module.tiling_of(psf))]
    )
    expected = photo.rgb + mask[..., None] * (estimate - photo.rgb)
    # Near strong light, ripples of the estimate are taken away: elsewhere it is all that counts.
    low, high = np.minimum(expected, photo.rgb) - 1e-5, np.maximum(expected, photo.rgb) + 1e-5
    assert ((corrected >= low) & (corrected <= high)).all()
    assert np.isclose(corrected, expected, atol=1e-5).mean() > 0.85
    np.testing.assert_allclose(corrected[:40, :60], expected[:40, :60], atol=1e-2)


def test_the_mask_of_other_methods() -> None:
    size = 48, 64
    photo, psf = ArrayPhoto(dead_leaves(*size), NOISE, ONES), lopsided_grid(size)
    for settings, weight in (
        (RestoreSettings(Method.DPIR, 0.7), 0.7),
        (RestoreSettings(Method.NONE), 0),
        (RestoreSettings(amount=0), 0),
    ):
        mask = np.full(size, np.nan, np.float32)
        finish(restore(photo, psf, settings, mask=mask))
        assert np.array_equal(mask, np.full(size, np.float32(weight)))


def test_diffpir_is_the_same_for_the_same_seed() -> None:
    psf, scene = lopsided_grid(SIZE), dead_leaves(*SIZE)
    photo = ArrayPhoto(photograph(scene, psf, ISO_3200), ISO_3200, ONES)
    first, again, other = (
        finish(restore(photo, psf, RestoreSettings(Method.DIFFPIR, device="cpu", seed=seed)))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert np.abs(first - other).max() > 0
    assert psnr(first, scene) > psnr(photo.rgb, scene) + 1.5


@pytest.mark.parametrize("method", [Method.WIENER, Method.NONE])
def test_no_seam_shows_where_tiles_meet(method: Method) -> None:
    """Cut elsewhere, the tiles give the same but for the spectra they estimate: nothing that
    follows their borders."""
    size = (400, 420)
    psf, scene = lopsided_grid(size), dead_leaves(*size)
    photo = ArrayPhoto(photograph(scene, psf, NOISE), NOISE, ONES)
    out = finish(restore(photo, psf, RestoreSettings(method, device="cpu")))
    wrong = np.abs(np.diff(out - scene, axis=1)).mean(axis=(0, 2))
    tiling = module.tiling_of(psf)
    borders = [x + offset for x in tiling.starts(size[1]) for offset in range(tiling.ramp)]
    seam = np.isin(np.arange(size[1] - 1), borders)
    inner = np.arange(size[1] - 1)[16:-16]
    assert wrong[inner][seam[inner]].mean() < 1.1 * wrong[inner][~seam[inner]].mean()
    every = wrong.reshape(-1)[16:-16]
    assert every.max() < 2.5 * np.median(every)


class Endless:
    """A photo that is made where it is looked at, and that remembers how much was asked for at a
    time."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size, self.noise, self.white_balance, self.demosaiced = size, NOISE, ONES, True
        self.most, self.clipping = 0, ONES

    def rgb_tile(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        y, x = (
            np.arange(*rows.indices(self.size[0]))[:, None],
            np.arange(*cols.indices(self.size[1])),
        )
        self.most = max(self.most, len(y))
        return np.repeat((0.3 + 0.1 * np.sin(y / 3) * np.cos(x / 4))[..., None], 3, axis=-1).astype(
            np.float32
        )

    def gain_tile(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        height, width = (
            len(range(*s.indices(n))) for s, n in zip((rows, cols), self.size, strict=True)
        )
        return np.ones((height, width, 3), np.float32)


@pytest.mark.parametrize("method", [Method.WIENER, Method.NONE])
def test_rows_come_in_order_and_few_at_a_time(method: Method) -> None:
    photo = Endless((3000, 64))
    next_row, most = 0, 0

    def sink(rows: range, rgb: NDArray[np.float32], weight: NDArray[np.float32]) -> None:
        nonlocal next_row, most
        assert weight.shape == (len(rows), 64)
        assert (
            rows.start == next_row and rgb.shape == (len(rows), 64, 3) and rgb.dtype == np.float32
        )
        next_row, most = rows.stop, max(most, len(rows))

    for _ in restore_rows(
        photo, lopsided_grid(photo.size), RestoreSettings(method, device="cpu"), sink
    ):
        pass
    assert next_row == 3000
    assert max(most, photo.most) < 400


def bands(first: int, last: int, value: float, height: int = 10):
    for y in range(first, last, height):
        yield y / last
        yield Band(
            range(y, min(y + height, last)),
            np.full((min(height, last - y), 4, 3), value, np.float32),
            None,
            1.0,
        )


def test_estimates_are_blended_in_whatever_bands_they_come() -> None:
    mean = [b for b in blended(bands(0, 95, 1.0, 30), bands(0, 95, 3.0, 7)) if isinstance(b, Band)]
    assert [b.rows.start for b in mean] == [0, 30, 60, 90]
    np.testing.assert_array_equal(np.concatenate([b.rgb for b in mean]), np.full((95, 4, 3), 2.0))


def failing(error: Exception, rows: int):
    yield from bands(0, rows, 1.0)
    raise error


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("MPS backend out of memory"),
        MemoryError(),
    ],
)
def test_out_of_memory_goes_on_with_less(error: Exception) -> None:
    assert is_out_of_memory(error)
    estimate = [
        b
        for b in with_less_memory([lambda: failing(error, 20), lambda: bands(0, 50, 2.0, 15)])
        if isinstance(b, Band)
    ]
    assert [r for b in estimate for r in b.rows] == list(range(50))
    assert estimate[0].rgb[0, 0, 0] == 1 and estimate[-1].rgb[0, 0, 0] == 2
    with pytest.raises(type(error)):
        list(with_less_memory([lambda: failing(error, 20)]))


def test_other_errors_are_not_taken_for_lack_of_memory() -> None:
    with pytest.raises(RuntimeError, match="shape"):
        list(
            with_less_memory(
                [lambda: failing(RuntimeError("wrong shape"), 0), lambda: bands(0, 50, 2.0)]
            )
        )


def test_dpir_goes_on_in_smaller_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A denoiser that has no memory for whole blocks."""
    psf, scene = lopsided_grid(SIZE), dead_leaves(*SIZE)
    photo = ArrayPhoto(photograph(scene, psf, NOISE), NOISE, ONES)
    sizes = []

    def small(x: torch.Tensor, sigma: float) -> torch.Tensor:
        sizes.append(x.shape[-1])
        if x.shape[-1] > 190:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return x

    monkeypatch.setattr("lenscal.restore.plug_and_play.load_denoiser", lambda *_, **__: small)
    monkeypatch.setattr(module, "BLOCK_PX", 256)
    out = finish(restore(photo, psf, RestoreSettings(Method.DPIR, device="cpu")))
    assert sizes[0] == SIZE[1] and max(sizes[1:]) < 190
    assert np.isfinite(out).all() and np.abs(out - photo.rgb).max() > 0.01


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_never_reaches_a_file(value: float) -> None:
    photo = ArrayPhoto(np.full((64, 40, 3), 0.2, np.float32), NOISE, ONES, demosaiced=True)
    estimate = np.full((64, 40, 3), 0.25, np.float32)
    estimate[63, 20, 1] = value
    rows: list[range] = []
    work = hand_on(
        photo,
        iter([Band(range(64), estimate, None, 1.0)]),
        RestoreSettings(Method.WIENER),
        lambda at, rgb, weight: rows.append(at),
        reach=4,
    )
    with pytest.raises(LenscalError, match="no numbers"):
        finish(work)
    assert not rows
