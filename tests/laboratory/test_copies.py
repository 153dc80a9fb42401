"""How copies of a lens scatter over the field, on kernels that are known."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lenscal.errors import InputError
from lenscal.files.psf import profile as profile_files
from lenscal.files.psf.profile import Profile, write_profile
from lenscal.laboratory.copies import CopyFields, field_spread
from lenscal.laboratory.entries import Entry
from lenscal.laboratory.figures import figures_of
from lenscal.laboratory.spread_table import SPREAD_COLUMNS, SPREAD_NAME, spread_values
from lenscal.laboratory.table import check_table, write_table
from lenscal.laboratory.work import Ending, Outcome
from lenscal.optics.psf_grid import PsfGrid

SHAPE, SIZE = (3, 4), (128, 192)


def grid(
    width_px: float = 1.2,
    *,
    corner_px: float | None = None,
    shift: tuple[float, float] = (0.0, 0.0),
    size_px: int = 15,
    shape: tuple[int, int] = SHAPE,
) -> PsfGrid:
    """Gaussians, wider in the top left corner."""
    widths = np.full(shape, width_px)
    widths[0, 0] = width_px if corner_px is None else corner_px
    y, x = (np.arange(size_px) - size_px // 2 - offset for offset in shift)
    squares = y[:, None] ** 2 + x**2
    kernels = np.exp(-squares / 2 / widths[..., None, None] ** 2)
    kernels /= kernels.sum((-1, -2), keepdims=True)
    each = np.repeat(kernels[:, :, None], 3, axis=2).astype(np.float32)
    return PsfGrid(each, SIZE)


def outcome(
    out: Path, copy: str, psf: PsfGrid, *, name: str = "Lens", folder: str = "f1.8", **more: Any
) -> Outcome:
    """A calibration's results, in place."""
    entry = Entry(name, Path("sharp"), Path(folder), copy)
    known: dict[str, Any] = {"lens": "Test 35mm", "aperture_degraded": 1.8, "focal_mm": 35.0}
    profile = Profile(psf, **(known | more))
    (out / entry.folder_name).mkdir(parents=True)
    write_profile(out / entry.folder_name / f"{entry.folder_name}.lenscal", profile)
    return Outcome(entry, Ending.DONE, figures_of(profile))


def read(out: Path) -> list[dict[str, str]]:
    with (out / SPREAD_NAME).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_equal_copies_have_no_spread_wherever_their_kernels_lie() -> None:
    same = field_spread([grid(), grid(), grid(shift=(0.4, -0.7)), grid(size_px=17)])
    assert same.mtf50_deviation.max() < 1e-3 * same.mtf50_mean.min()
    assert same.kernel_deviation.max() < 0.002


def test_one_place_that_differs_is_the_one_that_is_told() -> None:
    copies = [grid(corner_px=width) for width in (1.2, 1.5, 1.8)]
    spread = field_spread(copies)
    of_corner = [float(copy.mtf50()[0, 0, 1]) for copy in copies]
    assert spread.mtf50_mean[0, 0] == pytest.approx(np.mean(of_corner))
    assert spread.mtf50_deviation[0, 0] == pytest.approx(np.std(of_corner, ddof=1))
    assert spread.mtf50_relative[0, 0] == pytest.approx(
        np.std(of_corner, ddof=1) / np.mean(of_corner)
    )
    elsewhere = np.ones(SHAPE, bool)
    elsewhere[0, 0] = False
    assert spread.kernel_deviation[0, 0] > 0.05
    for values in (spread.mtf50_deviation, spread.kernel_deviation):
        assert values[elsewhere].max() == pytest.approx(0, abs=1e-7)


def test_kernels_are_compared_as_gaussians_are_by_hand() -> None:
    """Two Gaussians seen through one of 0.7 px: their products have a closed form."""
    a, b = (width**2 + 0.7**2 for width in (1.3, 1.9))

    def product(one: float, other: float) -> float:
        return 1 / (2 * np.pi * (one + other))

    apart = product(a, a) + product(b, b) - 2 * product(a, b)
    mean = (product(a, a) + product(b, b) + 2 * product(a, b)) / 4
    expected = np.sqrt(apart / 4 / mean)
    found = field_spread([grid(1.3, size_px=21), grid(1.9, size_px=21)]).kernel_deviation
    assert found == pytest.approx(np.full(SHAPE, expected), rel=0.01)


def test_a_batch_with_copies_writes_where_they_scatter(tmp_path: Path) -> None:
    wide = [grid(corner_px=width) for width in (1.2, 1.6)]
    outcomes = [
        outcome(tmp_path, "=1", wide[0], pixel_pitch_um=5.0),
        outcome(tmp_path, "B", wide[1], pixel_pitch_um=5.0),
        # Of another aperture, another grid, another lens: compared with nobody.
        outcome(tmp_path, "B", grid(), folder="f2.8", aperture_degraded=2.8),
        outcome(tmp_path, "C", grid(shape=(2, 2))),
        outcome(tmp_path, "A", grid(), name="Other"),
        Outcome(Entry("Lens", Path(), Path("f4"), "D"), Ending.FAILED, problem="no light"),
    ]
    fields = CopyFields(tmp_path)
    paths = write_table(tmp_path, outcomes, fields)
    assert [path.name for path in paths] == ["summary.csv", "summary.html", SPREAD_NAME]
    rows = read(tmp_path)
    assert tuple(rows[0]) == SPREAD_COLUMNS and len(rows) == SHAPE[0] * SHAPE[1]
    assert [rows[-1][name] for name in ("name", "aperture", "copies", "row", "col")] == [
        "Lens", "1.8", "2", "2", "3",
    ]  # fmt: skip
    assert (rows[-1]["y_px"], rows[-1]["x_px"]) == ("127", "191")
    mean = np.mean([psf.mtf50()[0, 0, 1] for psf in wide])
    assert float(rows[0]["mtf50_mean"]) == pytest.approx(mean, rel=1e-5)
    assert float(rows[0]["mtf50_mean_lp_mm"]) == pytest.approx(200 * mean, rel=1e-5)
    assert float(rows[0]["mtf50_relative_deviation"]) > 0.05
    assert float(rows[1]["mtf50_deviation"]) == float(rows[1]["kernel_deviation"]) == 0
    page = (tmp_path / "summary.html").read_text()
    head = "Lens, f/1.8, 35 mm: 2 copies over the field"
    assert page.index("From copy to copy") < page.index(head)
    assert page.count("<svg") == 4 and ">lp/mm<" in page and ">%<" in page
    (values,) = (spread_values(spread) for spread in fields.spreads(outcomes))
    assert json.loads(json.dumps(values))["copies"] == ["=1", "B"]
    assert np.shape(values["kernel_deviation"]) == SHAPE


def test_each_profile_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = [outcome(tmp_path, copy, grid()) for copy in "ABC"]
    reads: list[Path] = []
    original = profile_files.read_profile

    def counted(path: Path, **more: Any) -> Profile:
        reads.append(path)
        return original(path, **more)

    monkeypatch.setattr(profile_files, "read_profile", counted)
    fields = CopyFields(tmp_path)
    for known in range(1, 4):
        waiting = [Outcome(one.entry, Ending.WAITING) for one in outcomes[known:]]
        write_table(tmp_path, [*outcomes[:known], *waiting], fields)
    write_table(tmp_path, outcomes, fields)
    assert sorted(path.stem for path in reads) == ["Lens_A_f1.8", "Lens_B_f1.8", "Lens_C_f1.8"]
    # One that is taken away or damaged is left out; the table is written all the same.
    reads[0].write_bytes(b"nothing")
    (spread,) = CopyFields(tmp_path).spreads(outcomes)
    assert len(spread.group.outcomes) == 2


def test_a_spread_of_former_copies_does_not_stay(tmp_path: Path) -> None:
    outcomes = [outcome(tmp_path, copy, grid()) for copy in "AB"]
    write_table(tmp_path, outcomes[:1], CopyFields(tmp_path))
    assert not (tmp_path / SPREAD_NAME).exists()
    write_table(tmp_path, outcomes, CopyFields(tmp_path))
    assert read(tmp_path)
    check_table(tmp_path)
    write_table(tmp_path, outcomes[:1], CopyFields(tmp_path))
    assert not read(tmp_path)
    check_table(tmp_path)


def test_a_table_of_somebody_else_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / SPREAD_NAME).write_text("risk,spread\n1,2\n")
    with pytest.raises(InputError):
        check_table(tmp_path)


def test_photos_of_other_sizes_are_not_compared(tmp_path: Path) -> None:
    other = replace(grid(), image_size=(120, 192))
    outcomes = [outcome(tmp_path, "A", grid()), outcome(tmp_path, "B", other)]
    assert CopyFields(tmp_path).spreads(outcomes) == []
