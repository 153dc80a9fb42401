"""Figures of populations: what they say of the truth, of blobs and of mirrored kernels."""

import numpy as np
import pytest

from lenscal.measure.populations import (
    best_correlations,
    energy_distance,
    population_figures,
)
from lenscal.population.shapes import direction_in_words, preferred_direction, shapes_of
from lenscal.virtual.shakes import HandShake, ShakeFamily, drawn_kernels, rasterised


def hand(n: int, seed: int, angle: float = 90.0) -> np.ndarray:
    return drawn_kernels(n, 15, seed, hand=HandShake(angle_deg=angle))


def test_the_same_population_has_no_distance_and_another_one_has() -> None:
    true = hand(200, 0)
    same = population_figures(hand(200, 1), true)
    gaussian = population_figures(drawn_kernels(200, 15, 1, ShakeFamily.GAUSSIAN), true)
    assert abs(same.energy) < 0.15
    assert gaussian.energy > 1
    assert same.recall > gaussian.recall + 0.05


def test_a_population_that_collapsed_is_seen_by_recall_and_distance() -> None:
    """One true kernel again and again is precise, and no population."""
    true = hand(200, 0)
    one = np.repeat(true[:1], 200, 0)
    figures = population_figures(one, true)
    assert figures.precision == pytest.approx(1)
    assert figures.recall < 0.8
    assert figures.energy > 1


def test_round_kernels_that_are_not_quite_round_are_near_round_ones() -> None:
    """All true ones are alike in direction: their deviation is no measure."""
    true = drawn_kernels(200, 15, 0, ShakeFamily.GAUSSIAN)
    faint = drawn_kernels(200, 15, 1, ShakeFamily.GAUSSIAN)
    faint[:, 7, 8] += 0.01 * faint[:, 7, 7]
    assert abs(energy_distance(faint, true)) < 0.3
    assert energy_distance(hand(200, 1), true) > 5


def test_directions_count() -> None:
    true = hand(200, 0)
    assert energy_distance(true.transpose(0, 2, 1), true) > 1
    assert energy_distance(hand(200, 1, angle=0.0), true) > 1


def test_correlations_look_for_the_place() -> None:
    kernels = hand(4, 0)
    moved = np.roll(kernels, (1, -2), (1, 2))
    np.testing.assert_allclose(np.diag(best_correlations(moved, kernels)), 1, atol=0.02)


def test_shapes_are_those_of_strokes() -> None:
    """A straight stroke of 8 px at 30 degrees to the right and up."""
    angle = np.radians(30)
    end = 4 * np.array([-np.sin(angle), np.cos(angle)])
    stroke = rasterised(np.stack([-end, end]), np.ones(1), 21)
    shapes = shapes_of(stroke[None])
    # Shared by neighbouring taps it is a little longer and wider.
    assert shapes.length_px[0] == pytest.approx(8, abs=0.3)
    assert shapes.width_px[0] < 2
    assert shapes.angle_deg[0] == pytest.approx(30, abs=1)
    assert shapes.elongation[0] > 0.9
    np.testing.assert_allclose(shapes.tail[0], 0, atol=1e-6)


def test_directions_in_words() -> None:
    assert direction_in_words(shapes_of(hand(100, 0))) == "mostly up and down"
    assert direction_in_words(shapes_of(hand(100, 0, 0.0))) == "mostly sideways"
    assert "upper left" in direction_in_words(shapes_of(hand(100, 0, 45.0)))
    motion = shapes_of(drawn_kernels(200, 15, 0, ShakeFamily.MOTION))
    assert direction_in_words(motion) == "in all directions"
    round_ = shapes_of(drawn_kernels(50, 15, 0, ShakeFamily.GAUSSIAN))
    assert preferred_direction(round_)[1] < 1e-6
