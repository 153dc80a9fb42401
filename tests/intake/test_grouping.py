from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lenscal.intake.folder import import_pair
from lenscal.intake.grouping import Overrides, split_by_aperture
from lenscal.raw.frame import PhotoInfo
from lenscal.stepping import finish


def infos(*apertures: float | None) -> list[PhotoInfo]:
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
def test_a_mixed_folder_is_split(
    apertures: tuple[float | None, ...], split: tuple[float, float] | None
) -> None:
    assert split_by_aperture(infos(*apertures)) == split


def test_what_tells_no_aperture_is_not_lost_silently(
    tmp_path: Path, make_dng: Callable[..., Path]
) -> None:
    for n, f in enumerate((5.6, 1.8)):
        make_dng(tmp_path / f"{n}.dng", seed=n, f_number=f)
    (tmp_path / "broken.dng").write_bytes(b"II*\0 not a photo at all" * 20)
    inputs = finish(
        import_pair(
            [tmp_path],
            [tmp_path],
            sharp_overrides=Overrides(aperture=5.6),
            degraded_overrides=Overrides(aperture=1.8),
        )
    )
    for folder, used in ((inputs.sharp, "0.dng"), (inputs.degraded, "1.dng")):
        assert [p.path.name for p in folder.photos] == [used]
        assert [r.path.name for r in folder.rejected] == ["broken.dng"] and folder.rejected[
            0
        ].reason
