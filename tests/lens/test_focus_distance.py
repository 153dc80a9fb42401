"""At which distance a calibration's photos were focused."""

import pytest

from lenscal.jobs.calibrating import _one_distance


@pytest.mark.parametrize(
    ("metres", "told"),
    [
        ((2.0, 2.1, 2.2), 2.1),
        # A distance that varies is none; so it is where one photo does not say it.
        ((1.0, 2.0, 3.0), None),
        ((2.0, None), None),
        # Far away all is one.
        ((20.0, 500.0, 1000.0), 500.0),
    ],
)
def test_one_distance_or_none(metres, told):
    assert _one_distance(metres) == pytest.approx(told)
