"""Results are put in place once, together, and are known again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lenscal.errors import InputError
from lenscal.files.psf.profile import Profile, read_profile
from lenscal.laboratory.entries import Entry
from lenscal.laboratory.results import FORMER, RECORD_NAME, WORK_FOLDER, content_key, keep, kept
from lenscal.laboratory.table import spread_rows
from lenscal.laboratory.work import Ending, Outcome, remove_leftovers
from lenscal.optics.psf_grid import delta_grid
from lenscal.stepping import finish


def entry(tmp_path: Path, copy: str = "") -> Entry:
    return Entry("Lens", tmp_path / "sharp", tmp_path / "degraded", copy)


def profile(lens: str = "Test 35mm") -> Profile:
    return Profile(delta_grid((4, 4), 5, (128, 192)), lens=lens)


def test_the_first_of_two_workers_stays(tmp_path: Path) -> None:
    one = entry(tmp_path)
    keep(tmp_path, one, "key", profile("first"))
    second = keep(tmp_path, one, "key", profile("second"))
    (path,) = (tmp_path / one.folder_name).glob("*.lenscal")
    assert read_profile(path).lens == "first" == second.figures["lens"]
    # Of other photos, it is replaced.
    keep(tmp_path, one, "another key", profile("third"))
    assert read_profile(path).lens == "third"
    assert kept(tmp_path, one, "key") is None
    assert not list((tmp_path / WORK_FOLDER).iterdir())


def test_only_whole_results_count(tmp_path: Path) -> None:
    one = entry(tmp_path)
    keep(tmp_path, one, "key", profile())
    folder = tmp_path / one.folder_name
    assert kept(tmp_path, one, "key") is not None
    for damage in (b"", b'{"format": "lenscal batch record"}', b"[" * 10**5):
        content = (folder / RECORD_NAME).read_bytes()
        (folder / RECORD_NAME).write_bytes(damage)
        assert kept(tmp_path, one) is None
        (folder / RECORD_NAME).write_bytes(content)
    # A record leads to no file outside its folder.
    outside = content.replace(b"psf_G.fits", b"../psf_G.fits")
    (folder / RECORD_NAME).write_bytes(outside)
    assert kept(tmp_path, one) is None
    (folder / RECORD_NAME).write_bytes(content)
    (folder / "psf_R.fits").unlink()
    assert kept(tmp_path, one) is None


def test_a_folder_that_is_not_ours_is_never_replaced(tmp_path: Path) -> None:
    one = entry(tmp_path)
    (tmp_path / one.folder_name).mkdir()
    (tmp_path / one.folder_name / "thesis.tex").write_text("mine")
    with pytest.raises(InputError):
        keep(tmp_path, one, "key", profile())
    assert (tmp_path / one.folder_name / "thesis.tex").read_text() == "mine"


def test_what_a_killed_batch_left_is_put_right(tmp_path: Path) -> None:
    one = entry(tmp_path)
    work = tmp_path / WORK_FOLDER
    for name in ("Lens_degraded.k.1", f"Lens_degraded.k.2{FORMER}", "Other.lens_x.k.3"):
        (work / name).mkdir(parents=True)
        (work / name / "file").write_text(name)
    for name in ("Lens_degraded.k.checkpoint", "Gone_degraded.k.checkpoint"):
        (work / name).write_text("")
    remove_leftovers(tmp_path, [one])
    assert (tmp_path / "Lens_degraded" / "file").read_text().endswith(FORMER)
    assert [path.name for path in work.iterdir()] == ["Lens_degraded.k.checkpoint"]


def test_the_key_is_of_contents_and_settings(tmp_path: Path) -> None:
    for role in ("sharp", "degraded"):
        (tmp_path / role).mkdir()
        (tmp_path / role / "a.dng").write_bytes(role.encode())
    one = entry(tmp_path)
    key = finish(content_key(one))
    moved = tmp_path / "moved"
    (tmp_path / "sharp").rename(moved)
    same = replace(one, sharp=moved, where="line 7", memory_bytes=2**30)
    assert finish(content_key(same)) == key
    others = [replace(same, keep_all=True), replace(same, settings=replace(one.settings, seed=1))]
    assert len({key, *(finish(content_key(other)) for other in others)}) == 3
    (moved / "a.dng").write_bytes(b"Sharp")
    assert finish(content_key(same)) != key


def test_copies_scatter_only_where_there_are_two_of_one_kind(tmp_path: Path) -> None:
    def outcome(copy: str, aperture: float, centre: float | None) -> Outcome:
        figures = {"aperture": aperture, "focal_mm": 35.0, "mtf50_centre": centre}
        return Outcome(entry(tmp_path, copy), Ending.DONE, figures)

    measured = [outcome("A", 1.8, 0.2), outcome("B", 1.81, 0.3), outcome("A", 2.8, 0.4)]
    rows = spread_rows([*measured, Outcome(entry(tmp_path, "C"), Ending.FAILED, problem="no")])
    assert [row["row"] for row in rows] == ["mean of copies", "standard deviation of copies"]
    assert rows[0]["mtf50_centre"] == pytest.approx(0.25) and rows[0]["copy"] == "2 copies"
    assert rows[1]["mtf50_centre"] == pytest.approx(0.1 / 2**0.5)
    assert spread_rows([outcome("A", 2, 0.2), outcome("B", 2, None)])[0]["mtf50_centre"] is None
