"""Linear demosaicing: exact where the mosaic tells everything, unbiased as a regressor where it
does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lens_cases import SmallLens

from lenscal.calibration.packing import Packing, pack_mosaic
from lenscal.calibration.pairs.linear_demosaic import (
    MARGIN_PX,
    REACH,
    SIDE,
    demosaiced,
    demosaicing_filters,
    linear_tile,
    scene_spectrum,
    texture_strength,
)

RGGB, BGGR = Packing((0, 1, 1, 2)), Packing((2, 1, 1, 0))
ON_AXIS = np.zeros((3, 2))


def spectrum(n: int, *, alike: float = 0.9) -> np.ndarray:
    """Spectral matrices [3, 3, n, n] that fall with the square of the frequency."""
    f = np.fft.fftfreq(n)
    power = 0.01 / (f[:, None] ** 2 + f**2 + 0.03**2)
    return (alike + (1 - alike) * np.eye(3))[:, :, None, None] * power


def drawn(matrices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A periodic image [3, n, n] with these spectral matrices."""
    n = matrices.shape[-1]
    root = np.linalg.cholesky(matrices.transpose(2, 3, 0, 1))
    white = np.fft.fft2(rng.standard_normal((3, n, n)))
    return np.fft.ifft2(np.einsum("yxab,byx->ayx", root, white)).real


def mosaic_of(image: np.ndarray, packing: Packing) -> np.ndarray:
    out = np.empty(image.shape[1:])
    for c, (oy, ox) in zip(packing.channels, packing.offsets, strict=True):
        out[oy::2, ox::2] = image[c, oy::2, ox::2]
    return out


@pytest.mark.parametrize("packing", [RGGB, BGGR])
def test_measured_sites_and_smooth_light_come_out_as_they_are(packing: Packing) -> None:
    filters = demosaicing_filters(scene_spectrum(spectrum(64)), np.full(4, 1e-9), packing, ON_AXIS)
    assert np.allclose(filters.sum((1, 2, 3)), 1, atol=0.01)
    y, x = np.mgrid[:80, :80]
    wave = np.stack([level + 0.3 * np.sin(2 * np.pi * 0.04 * (y + x)) for level in (0.8, 1.0, 1.2)])
    planes = torch.from_numpy(pack_mosaic(mosaic_of(wave, packing))).float()
    inner = (slice(2 * REACH, -2 * REACH),) * 2
    assert np.abs(demosaiced(planes, filters).numpy() - wave[:, *inner]).max() < 0.03
    noise = np.random.default_rng(0).standard_normal((80, 80))
    found = demosaiced(torch.from_numpy(pack_mosaic(noise)).float(), filters).numpy()
    assert np.abs(mosaic_of(found, packing) - noise[inner]).max() < 0.01


@pytest.mark.parametrize("variance", [1e-6, 0.03])
def test_what_the_estimate_lacks_is_not_in_it(variance: float) -> None:
    """Regressing the true image on the estimate gives 1 at every frequency, with noise and
    without."""
    rng = np.random.default_rng(1)
    n, packing = 256, RGGB
    filters = demosaicing_filters(
        scene_spectrum(spectrum(64, alike=0.8)), np.full(4, variance), packing, ON_AXIS
    )
    cross, own, lost = np.zeros((3, 5)), np.zeros((3, 5)), np.zeros(3)
    f = np.fft.fftfreq(n)
    ring = np.minimum(np.hypot(f[:, None], f) / 0.1, 4).astype(int)
    for _ in range(12):
        image = drawn(spectrum(n, alike=0.8), rng)
        mosaic = mosaic_of(image, packing) + variance**0.5 * rng.standard_normal((n, n))
        planes = np.pad(pack_mosaic(mosaic), ((0, 0), (REACH, REACH), (REACH, REACH)), mode="wrap")
        estimate = demosaiced(torch.from_numpy(planes).float(), filters).numpy()
        lost += ((image - estimate) ** 2).mean((1, 2))
        a, b = np.fft.fft2(estimate), np.fft.fft2(image)
        for c in range(3):
            cross[c] += np.bincount(ring.ravel(), (a[c].conj() * b[c]).real.ravel())
            own[c] += np.bincount(ring.ravel(), (np.abs(a[c]) ** 2).ravel())
    assert np.abs(cross / own - 1).max() < 0.05
    assert (lost > 0.001).all()


def test_lateral_colour_is_known_to_the_filters() -> None:
    """Channels that are shifted copies of each other are told apart only by filters that know the
    shift."""
    n, shift = 128, np.array([[1.0, -1.0], [0.0, 0.0], [-1.0, 1.0]])
    grey = drawn(spectrum(n, alike=0.999), np.random.default_rng(2))[1]
    image = np.stack([np.roll(grey, tuple(s.astype(int)), (0, 1)) for s in shift])
    planes = torch.from_numpy(
        np.pad(
            pack_mosaic(mosaic_of(image, RGGB)),
            ((0, 0), (REACH, REACH), (REACH, REACH)),
            mode="wrap",
        )
    ).float()

    def error(lateral: np.ndarray) -> float:
        filters = demosaicing_filters(
            scene_spectrum(spectrum(64, alike=0.999)), np.full(4, 1e-6), RGGB, lateral
        )
        return float(((demosaiced(planes, filters).numpy() - image) ** 2).mean())

    assert error(shift) < 0.3 * error(ON_AXIS) < 0.3 * error(-shift)


@pytest.mark.parametrize("start", [(20, 20), (21, 30), (33, 47)])
def test_tiles_lie_where_the_photo_has_them(small_lens: SmallLens, start: tuple[int, int]) -> None:
    frame = small_lens.sharp[0]
    window = slice(start[0], start[0] + 61), slice(start[1], start[1] + 44)
    assert min(start) >= MARGIN_PX
    scene = scene_spectrum(spectrum(SIDE))
    tile = linear_tile(frame, frame.noise, window, scene, ON_AXIS, torch.device("cpu")).numpy()
    other = frame.rgb_tile(*window).transpose(2, 0, 1)
    assert tile.shape == other.shape
    for c in range(3):
        assert np.corrcoef(tile[c].ravel(), other[c].ravel())[0, 1] > 0.97
    value, channel, _ = frame.mosaic_tile(*window)
    measured = np.take_along_axis(tile.transpose(1, 2, 0), channel[..., None].astype(int), -1)[
        ..., 0
    ]
    assert np.corrcoef(measured.ravel(), value.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("strength", [0.1, 1.0, 5.0])
def test_an_estimate_of_plain_and_rich_tiles_lacks_no_less(strength: float) -> None:
    """Tiles with less or more texture than the scenes' mean, with noise: regressing the true image
    on the estimate gives 1 all the same, as it would not with the mean scene's filters."""
    rng, n, variance = np.random.default_rng(3), 256, np.full(4, 0.1)
    scene, found = scene_spectrum(spectrum(64, alike=0.8)), []
    slopes: dict[bool, list[np.ndarray]] = {True: [], False: []}
    f = np.fft.fftfreq(n)
    fine = (np.hypot(f[:, None], f) > 0.12) & (np.hypot(f[:, None], f) < 0.3)
    for _ in range(4):
        image = strength**0.5 * drawn(spectrum(n, alike=0.8), rng)
        mosaic = mosaic_of(image, RGGB) + 0.1**0.5 * rng.standard_normal((n, n))
        packed = pack_mosaic(mosaic)
        found.append(texture_strength(packed, variance, scene, RGGB))
        planes = np.pad(packed, ((0, 0), (REACH, REACH), (REACH, REACH)), mode="wrap")
        for own in (True, False):
            noise = variance / (found[-1] if own else 1)
            filters = demosaicing_filters(scene, noise, RGGB, ON_AXIS)
            estimate = demosaiced(torch.from_numpy(planes).float(), filters).numpy()
            a, b = np.fft.fft2(estimate)[1][fine], np.fft.fft2(image)[1][fine]
            slopes[own].append((a.conj() * b).real.sum() / (np.abs(a) ** 2).sum())
    assert np.mean(found) == pytest.approx(strength, rel=0.15)
    assert np.mean(slopes[True]) == pytest.approx(1, abs=0.08)
    if strength != 1:
        assert abs(np.mean(slopes[False]) - 1) > 2 * abs(np.mean(slopes[True]) - 1)
