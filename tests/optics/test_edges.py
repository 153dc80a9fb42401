"""Edges of pictures whose blur is known."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lenscal.optics.edges import (
    edge_mtf,
    edge_mtf50,
    find_edges,
    overshoot,
    profiles_and_scatter,
)


def transfer(f: NDArray[np.float64], sigma: float, angle: float) -> NDArray[np.float64]:
    """Of a Gaussian and a square pixel, across edges of this angle."""
    pixel = np.sinc(f * np.cos(angle)) * np.sinc(f * np.sin(angle))
    return np.asarray(np.exp(-2 * (np.pi * f * sigma) ** 2) * pixel)


def squares(angle: float, sigma: float, noise: float = 0.002) -> NDArray[np.float32]:
    """Turned squares of light on grey, drawn four times as fine, blurred."""
    n, fine = 256, 4
    y, x = (np.mgrid[: n * fine, : n * fine] + 0.5) / fine - n / 2
    turned = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    on = np.ones((n * fine, n * fine), bool)
    for axis in turned:
        on &= (axis % 80) < 42
    picture = np.where(on, 0.7, 0.2).astype(np.float32)
    picture = cv2.GaussianBlur(picture, (0, 0), sigma * fine)
    picture = cv2.resize(picture, (n, n), interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(0)
    return np.asarray(picture + noise * rng.standard_normal((n, n)), np.float32)


@pytest.mark.parametrize("angle", [0.0, 0.1, 0.6, np.pi / 4])
@pytest.mark.parametrize("sigma", [0.8, 1.5, 2.5])
def test_edges_show_the_blur_whatever_their_direction(angle: float, sigma: float) -> None:
    edges, curves = find_edges(squares(angle, sigma), 60)
    assert len(edges) >= 20
    f = np.linspace(0, 0.5, 501)
    expected = transfer(f, sigma, angle)
    at_half = f[np.argmax(expected < 0.5)]
    # The widest reach beyond the piece that is looked at: they seem a little sharper.
    assert np.median(edge_mtf50(curves)) == pytest.approx(at_half, rel=0.15)
    low = np.array([0.05, 0.1, 0.15])
    measured = np.median(edge_mtf(curves, low), 0)
    assert np.abs(measured - transfer(low, sigma, angle)).max() < 0.04
    # A blur leaves no borders.
    assert np.median(overshoot(curves)) < 0.03


def test_profiles_rise_towards_the_light() -> None:
    picture = squares(0.3, 1.2)
    edges, curves = find_edges(picture, 40)
    assert (curves[:, -8:].mean(1) > curves[:, :8].mean(1) + 0.3).all()
    again, _ = profiles_and_scatter(picture, edges)
    assert np.allclose(again, curves, atol=0.01)
    # The same edges in another picture.
    darker, _ = profiles_and_scatter(picture / 2, edges)
    assert np.allclose(darker, again / 2, atol=1e-6)


def test_sharpening_that_overshoots_is_measured() -> None:
    picture = squares(0.3, 1.5, noise=0.0005)
    edges, _ = find_edges(picture, 40)
    sharpened = picture + 1.0 * (picture - cv2.GaussianBlur(picture, (0, 0), 2.5))
    after, _ = profiles_and_scatter(sharpened.astype(np.float32), edges)
    assert np.median(overshoot(after)) > 0.1


@pytest.mark.parametrize("kind", ["noise", "texture", "plain", "small"])
def test_nothing_is_found_where_no_edges_are(kind: str) -> None:
    rng = np.random.default_rng(1)
    pictures = {
        "noise": 0.3 + 0.02 * rng.standard_normal((200, 200)),
        "texture": cv2.GaussianBlur(rng.random((200, 200)), (0, 0), 1.5),
        "plain": np.full((200, 200), 0.3),
        "small": rng.random((20, 20)),
    }
    edges, curves = find_edges(pictures[kind].astype(np.float32), 40)
    assert len(edges) == len(curves) == 0
