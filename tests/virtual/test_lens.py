"""Laws of the virtual lens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lenscal.errors import InputError
from lenscal.virtual.lens import (
    VirtualLens,
    demo_lens,
    mirrored,
    node_positions,
    relative_psf,
    small_aperture_lens,
    swapped_colours,
)
from lenscal.virtual.waves import centroids

CORNERS = node_positions((2, 2))
PERFECT = VirtualLens(name="perfect")


@pytest.mark.parametrize("f_number", [1.8, 5.6, 16.0])
def test_sums_to_one_centred_and_positive(f_number: float) -> None:
    psf = demo_lens().psf(node_positions((3, 3)), f_number)
    assert psf.shape == (9, 3, 51, 51)
    assert psf.dtype == np.float32
    assert psf.min() >= 0
    assert psf.sum((-1, -2)) == pytest.approx(np.ones((9, 3)), abs=1e-5)
    assert centroids(psf).mean(axis=1) == pytest.approx(np.zeros((9, 2)), abs=0.02)


@pytest.mark.parametrize("f_number", [2.8, 5.6, 11.0])
def test_diffraction_at_the_stated_aperture(f_number: float) -> None:
    """The MTF of a perfect round pupil, 2/pi (acos v - v sqrt(1 - v^2)), times the pixel's sinc."""
    lens = replace(PERFECT, bands_nm=((551.0,), (550.0,), (549.0,)), band_weights=(1.0,))
    line = lens.psf(np.array([[0.5, 0.5]]), f_number, size=179, oversampling=6)[0, 1].sum(axis=0)
    for v in (0.15, 0.3, 0.45):
        f = v / (0.55 * f_number) * lens.pixel_pitch_um
        mtf = abs((line * np.exp(-2j * np.pi * f * (np.arange(179) - 89) / 6)).sum())
        assert mtf == pytest.approx(
            2 / np.pi * (np.arccos(v) - v * np.sqrt(1 - v**2)) * abs(np.sinc(f)), abs=0.03
        )


def test_perfect_lens_is_the_same_everywhere_and_in_the_mirror() -> None:
    psf = PERFECT.psf(CORNERS, 2.8)
    assert psf == pytest.approx(np.broadcast_to(psf[:1], psf.shape), abs=1e-6)
    assert psf == pytest.approx(psf[..., ::-1, :], abs=1e-6)


def test_mirrored_lens_has_the_mirrored_field() -> None:
    lens, at = demo_lens(3), node_positions((3, 3))
    there = lens.psf(at, 1.8).reshape(3, 3, 3, 51, 51)
    here = mirrored(lens).psf(at, 1.8).reshape(3, 3, 3, 51, 51)
    assert here == pytest.approx(there[:, ::-1, ..., ::-1], abs=2e-5)
    assert np.abs(here - there).max() > 0.01


def test_swapped_colours_swap_red_and_blue() -> None:
    lens = demo_lens(3)
    assert swapped_colours(lens).psf(CORNERS, 1.8) == pytest.approx(
        lens.psf(CORNERS, 1.8)[:, ::-1], abs=2e-5
    )


def test_field_is_continuous() -> None:
    at = np.array([[0.21, 0.77], [0.211, 0.771], [0.31, 0.9]])
    near, nearby, far = demo_lens().psf(at, 1.8)
    assert np.abs(near - nearby).max() < 0.03 * near.max()
    assert np.abs(near - far).max() > 0.1 * near.max()


def test_truth_is_a_delta_at_the_sharp_aperture_on_the_axis() -> None:
    lens = demo_lens()
    kernels = relative_psf(lens, lens.f_sharp, np.array([[0.5, 0.5]]), size=9)
    expected = np.zeros((1, 3, 9, 9))
    expected[..., 4, 4] = 1
    assert kernels == pytest.approx(expected, abs=1e-3)


def test_truth_turns_the_sharp_psf_into_the_degraded_one() -> None:
    lens = demo_lens()
    at = np.array([[0.1, 0.9]])
    kernel = relative_psf(lens, 1.8, at, size=29)[0].astype(float)
    sharp = lens.psf(np.array([[0.5, 0.5]]), lens.f_sharp, size=59)[0]
    wide = lens.psf(at, 1.8, size=59)[0]
    f = np.exp(-2j * np.pi * np.fft.fftfreq(16)[:5, None] * (np.arange(29) - 14))
    f2 = np.exp(-2j * np.pi * np.fft.fftfreq(16)[:5, None] * (np.arange(59) - 29) / 2)
    otf = np.einsum("fy,cyx,gx->cfg", f, kernel, f)
    assert otf * np.einsum("fy,cyx,gx->cfg", f2, sharp, f2) == pytest.approx(
        np.einsum("fy,cyx,gx->cfg", f2, wide, f2), abs=0.01
    )


def test_demo_lens_is_comatic_coloured_and_compact() -> None:
    kernels = relative_psf(demo_lens(), 1.8, node_positions((8, 8))).astype(float)
    assert kernels[..., 6:-6, 6:-6].sum((-1, -2)).min() > 0.97
    at = centroids(kernels)
    assert at.mean(axis=1) == pytest.approx(np.zeros((64, 2)), abs=0.1)
    lateral = np.linalg.norm(at[:, 0] - at[:, 2], axis=-1)
    assert 0.5 < lateral.max() < 2
    turned = kernels[..., ::-1, ::-1]
    assert np.linalg.norm(kernels - turned) > 0.3 * np.linalg.norm(kernels)


def test_stopped_down_preset_is_diffraction_everywhere() -> None:
    kernels = relative_psf(small_aperture_lens(), 16.0, CORNERS, size=25)
    green = kernels[:, 1]
    assert np.abs(green - green.mean(axis=0)).max() < 0.1 * green.max()
    assert green.max() < 0.5


def test_refuses_what_the_lens_cannot_do() -> None:
    with pytest.raises(InputError, match=r"f/1\.4 is wider"):
        demo_lens().psf(CORNERS, 1.4)
    with pytest.raises(InputError, match="odd"):
        demo_lens().psf(CORNERS, 1.8, size=50)
