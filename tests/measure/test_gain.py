"""Baselines are what they are called, shares add up, and kernels differ in nothing else."""

import numpy as np

from lenscal.measure.gain import Gain, average_grid, measure_gain, without_common_odd_part
from lenscal.optics.psf_grid import PsfGrid, delta_grid
from lenscal.raw.decode import decode_photo
from lenscal.reports import Report
from lenscal.restore.settings import RestoreSettings
from lenscal.stepping import finish


def comatic_grid(size=15) -> PsfGrid:
    """Lopsided kernels that lean differently at every node, and in R and B are shifted against
    G."""
    axis = np.arange(size) - size // 2
    y, x = np.meshgrid(axis, axis, indexing="ij")
    kernels = np.empty((2, 3, 3, size, size))
    for r in range(2):
        for c in range(3):
            for channel, (dy, dx) in enumerate([(0.4, 0.3), (0, 0), (-0.4, -0.3)]):
                core = np.exp(-((y - dy) ** 2 + (x - dx) ** 2) / 2)
                tail = np.exp(-((y - dy - 1.5 * r) ** 2 + (x - dx - c) ** 2) / 5)
                kernels[r, c, channel] = core + 0.4 * tail
    kernels /= kernels.sum(axis=(-1, -2), keepdims=True)
    return PsfGrid(kernels.astype(np.float32), (120, 150))


def test_average_grid_is_the_same_everywhere():
    grid = comatic_grid()
    average = average_grid(grid)
    np.testing.assert_allclose(average.kernels[0, 0], average.kernels[1, 2])
    np.testing.assert_allclose(average.kernels[0, 0], grid.kernels.mean(axis=(0, 1)), atol=1e-7)


def test_without_odd_part_keeps_the_rest():
    grid = comatic_grid()
    even = without_common_odd_part(grid)
    before, after = (
        np.fft.fft2(
            np.fft.ifftshift(np.pad(g.kernels, ((0, 0),) * 3 + ((9, 8),) * 2), axes=(-2, -1))
        )
        for g in (grid, even)
    )
    assert np.abs(before.mean(axis=2).imag).max() > 0.3
    assert np.abs(after.mean(axis=2).imag).max() < 0.01
    np.testing.assert_allclose(np.abs(after), np.abs(before), atol=0.01)
    relative_before, relative_after = (
        before[:, :, 0] * before[:, :, 1].conj(),
        after[:, :, 0] * after[:, :, 1].conj(),
    )
    np.testing.assert_allclose(relative_after, relative_before, atol=0.01)
    np.testing.assert_allclose(without_common_odd_part(even).kernels, even.kernels, atol=1e-3)


def test_shares():
    gain = Gain(30.0, 32.0, {"half": 31.0, "worse": 29.0, "true": 32.0})
    assert gain.share == {"half": 0.5, "worse": -0.5, "true": 1.0}


def test_gain_is_measured_through_the_real_correction(tmp_path, make_dng):
    """Nothing to correct: the delta gains nothing and loses nothing, a wrong grid loses."""
    frame = decode_photo(make_dng(tmp_path / "a.dng"))
    delta = delta_grid((2, 3), 15, frame.size)
    wide = average_grid(PsfGrid(comatic_grid().kernels, frame.size))
    work = measure_gain(frame, frame, delta, {"wide": wide}, RestoreSettings(device="cpu"))
    reports: list[Report] = []
    gain = finish(work, reports.append)
    assert gain.psnr_degraded > 100
    assert gain.psnr["wide"] < gain.psnr_true
    assert {r.stage for r in reports} == {"compare", "correct"}


def test_all_kernels_are_compared_with_one_mask_at_highlights(tmp_path, make_dng, monkeypatch):
    from lenscal.restore import photo

    frame = decode_photo(make_dng(tmp_path / "a.dng"))
    wide = average_grid(PsfGrid(comatic_grid().kernels, frame.size))
    delta = delta_grid((2, 3), 15, frame.size)
    used = []
    masked = photo.mask_rows
    monkeypatch.setattr(
        photo, "mask_rows", lambda a, b, reach, *c: (used.append(reach), masked(a, b, reach, *c))[1]
    )
    for _ in measure_gain(frame, frame, wide, {"delta": delta}, RestoreSettings(device="cpu")):
        pass
    assert set(used) == {photo.reach_px(wide)}
    assert photo.reach_px(wide) >= photo.reach_px(delta)
