"""Spectra of scenes from mosaics: what is known to be there must come back."""

import numpy as np
import pytest

from lenscal.calibration.packing import Packing
from lenscal.calibration.statistics import scene_spectra
from lenscal.calibration.statistics.scene_spectra import likeliest_scene

M = 16
F = np.fft.fftfreq(2 * M)
RADIUS = np.hypot(F[:, None], F[None]).clip(0.5 / M)
NOISE = np.array([[1e-3, 2e-3, 2e-3, 1e-3]])
RGGB = Packing((0, 1, 1, 2), ((0, 0), (0, 1), (1, 0), (1, 1)))
GBRG = Packing((1, 2, 0, 1), ((0, 0), (0, 1), (1, 0), (1, 1)))


def scene() -> np.ndarray:
    """[3, 3, 2M, 2M]: colours alike at fine detail, less so at coarse; finer than the start
    thinks."""
    luma, chroma = RADIUS**-2.1, 0.3 * RADIUS**-2.6
    mix = np.array([[0.5, -0.5, 0.0], [-0.5, 1.0, -0.5], [0.0, -0.5, 0.5]])
    tone = np.array([0.9, 1.0, 0.7])
    return np.asarray(
        np.outer(tone, tone)[..., None, None] * luma
        + (mix + 0.1 * np.eye(3))[..., None, None] * chroma
    )


def mosaics(spectra: np.ndarray, packing: Packing, lateral: np.ndarray) -> np.ndarray:
    """[1, 4, 4, M, M]: the matrices that planes sampled from such scenes have, summed alias by
    alias."""
    ramp = np.exp(
        -2j * np.pi * (lateral[:, 0, None, None] * F[:, None] + lateral[:, 1, None, None] * F)
    )
    shown = spectra * ramp[:, None] * ramp[None].conj()
    total = np.zeros((4, 4, M, M), complex)
    for p, (py, px) in enumerate(packing.offsets):
        for q, (qy, qx) in enumerate(packing.offsets):
            wave = np.exp(2j * np.pi * (F[:, None] * (py - qy) + F[None] * (px - qx)))
            cross = shown[packing.channels[p], packing.channels[q]] * wave / 4
            total[p, q] = cross[:M, :M] + cross[M:, :M] + cross[:M, M:] + cross[M:, M:]
    total[range(4), range(4)] += NOISE[0][:, None, None]
    return total[None]


def unexplained(
    found: np.ndarray, told: np.ndarray, packing: Packing, lateral: np.ndarray
) -> np.ndarray:
    level = np.sqrt(told[0, range(4), range(4)].real)
    error = np.abs(mosaics(found, packing, lateral) - told)[0] / (level[:, None] * level[None])
    error[:, :, 0, 0] = 0  # means are taken out of patches
    return np.asarray(error)


@pytest.mark.parametrize("packing", [RGGB, GBRG])
@pytest.mark.parametrize("shift", [0.0, 0.8])
def test_the_scene_that_is_found_explains_the_mosaics(
    packing: Packing, shift: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    lateral = np.array([[shift, -shift], [0.0, 0.0], [-0.5 * shift, shift]])
    truth = scene()
    told = mosaics(truth, packing, lateral)
    given = None if shift == 0 else lateral[None]
    found = likeliest_scene(told, NOISE, packing, given)[0]
    assert np.percentile(unexplained(found, told, packing, lateral), 90) < 0.05
    coarse = (RADIUS > 0.06) & (RADIUS < 0.15)
    assert np.abs(found / truth - 1)[:, :, coarse].mean() < 0.05
    monkeypatch.setattr(scene_spectra, "STEPS", 400)
    limit = likeliest_scene(told, NOISE, packing, given)[0]
    assert unexplained(limit, told, packing, lateral).max() < 0.005


def test_a_wrong_lateral_colour_is_told_apart() -> None:
    """Without the shift that the photos have, colours come out less alike than they are."""
    lateral = np.array([[0.9, 0.0], [0.0, 0.0], [-0.9, 0.0]])
    told = mosaics(scene(), RGGB, lateral)
    band = (RADIUS > 0.15) & (RADIUS < 0.25)
    alike = [
        float((s[0, 2].real / np.sqrt(s[0, 0].real * s[2, 2].real))[band].mean())
        for s in (likeliest_scene(told, NOISE, RGGB, given)[0] for given in (None, lateral[None]))
    ]
    assert alike[0] < alike[1] - 0.1
