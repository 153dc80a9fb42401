"""Places in the field, and smooth functions over it."""

from __future__ import annotations

import numpy as np

from lenscal.calibration.field.geometry import (
    cell_positions,
    interpolation_matrix,
    node_positions,
    span_with_room,
    tile_centre,
    tiles_of,
    values_at_cells,
)
from lenscal.calibration.field.polynomials import field_polynomials, second_differences
from lenscal.optics.psf_grid import bilinear_nodes


def test_second_differences_of_a_linear_field_vanish() -> None:
    y, x = np.mgrid[:4, :5]
    assert np.allclose(second_differences((4, 5)) @ (3 + 2.0 * y - x).ravel(), 0)
    assert not np.allclose(second_differences((4, 5)) @ (y**2).ravel(), 0)


def test_interpolation_matrix_agrees_with_the_grid() -> None:
    positions = np.random.default_rng(0).uniform(0, 1, (20, 2))
    index, weight = bilinear_nodes(positions, (3, 4))
    values = np.arange(12.0) ** 2
    assert np.allclose(
        interpolation_matrix(positions, (3, 4)) @ values, (values[index] * weight).sum(-1)
    )


def test_field_polynomials_span_the_low_degrees() -> None:
    y, x = np.meshgrid(np.linspace(-1, 1, 4), np.linspace(-1, 1, 5), indexing="ij")
    basis = field_polynomials((4, 5), 2)
    wanted = (1 + y - 2 * x + x * y + y**2).ravel()
    assert np.allclose(basis @ np.linalg.lstsq(basis, wanted, rcond=None)[0], wanted)
    assert basis.shape == (20, 6)


def test_tiles_cover_every_pixel_once_on_whole_periods() -> None:
    count = np.zeros((482, 726), int)
    for _, rows, cols in tiles_of((482, 726), (5, 7)):
        assert rows.start % 2 == 0 == cols.start % 2
        count[rows, cols] += 1
    assert (count == 1).all()


def test_a_span_with_room_keeps_its_neighbourhood_inside_and_its_period() -> None:
    for shift in (-3, 0, 4):
        span = span_with_room(slice(2, 90), shift, 7, 100)
        assert span.start % 2 == 0
        assert span.start + shift >= 7 and span.stop + shift <= 93


def test_values_linear_over_the_field_reach_the_cells_unchanged() -> None:
    values = node_positions((4, 3)) @ [2.0, -1.0]
    assert np.allclose(
        values_at_cells(values, (6, 5), (4, 3)), cell_positions((6, 5)) @ [2.0, -1.0]
    )


def test_the_middle_tile_stands_in_the_middle() -> None:
    assert np.allclose(tile_centre(slice(40, 61), slice(0, 101), (101, 101)), [0.5, 0.5])
