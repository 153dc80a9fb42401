from __future__ import annotations

from pathlib import Path

import pytest

from lenscal.raw.frame import PhotoInfo
from lenscal.raw.grouping import split_by_aperture


def infos(*apertures):
    return [PhotoInfo(Path(f"{n}.dng"), aperture=f) for n, f in enumerate(apertures)]


@pytest.mark.parametrize(
    ("apertures", "split"),
    [
        ((1.8, 5.6, 1.8, 5.6), (5.6, 1.8)),
        ((2.8, 4.0, 5.6, 8.0, 16.0), (5.6, 2.8)),
        ((1.4, 1.4, 2.0, 11.0), (11.0, 1.4)),
        ((1.4, 2.0), (2.0, 1.4)),
        ((5.6, 6.3), (6.3, 5.6)),
        ((None, 2.0, 8.0), (8.0, 2.0)),
        ((8.0, 8.0), None),
        ((None, 8.0), None),
        ((), None),
    ],
)
def test_a_mixed_folder_is_split(apertures, split):
    assert split_by_aperture(infos(*apertures)) == split
