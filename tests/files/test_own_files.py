"""What lenscal has not written is never replaced, however one gets there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtWidgets import QApplication

from lenscal.cli import main
from lenscal.errors import InputError, LenscalError
from lenscal.files.own_files import is_own_photo, is_own_profile, is_own_psf_file, is_own_report
from lenscal.files.psf.profile import Profile, write_profile
from lenscal.files.psf.psf_export import export_psf
from lenscal.files.psf.psf_fits import read_fits
from lenscal.optics.psf_grid import PsfGrid, delta_grid
from lenscal.system.atomic import written_together, written_whole

MakeDng = Callable[..., Path]


@pytest.fixture
def lens(tmp_path: Path) -> Path:
    return write_profile(tmp_path / "lens.lenscal", Profile(delta_grid((2, 2), 5, (128, 192))))


def correct(lens: Path, photo: Path, out: Path, *options: str) -> int:
    return main(
        [
            *("correct", str(lens), str(photo), "--out", str(out), "--on-conflict", "overwrite"),
            *("--template", "{name}", "--method", "none", *options),
        ]
    )


def by_itself(card: Path, out: Path) -> Path:
    return card


def by_link(card: Path, out: Path) -> Path:
    """A folder of links to what must stay."""
    out.mkdir()
    for photo in card.iterdir():
        (out / photo.name).symlink_to(photo)
    return out


def by_hard_link(card: Path, out: Path) -> Path:
    out.mkdir()
    for photo in card.iterdir():
        os.link(photo, out / photo.name)
    return out


def by_folder_link(card: Path, out: Path) -> Path:
    out.symlink_to(card)
    return out


@pytest.mark.parametrize("way", [by_itself, by_link, by_hard_link, by_folder_link])
def test_a_photo_of_another_folder_stays(
    tmp_path: Path, lens: Path, make_dng: MakeDng, way: Callable[[Path, Path], Path]
) -> None:
    """Photos of two cards have the same names. The virtual camera's software is lenscal, too."""
    photo = make_dng(tmp_path / "card1" / "IMG_1.dng")
    other = make_dng(tmp_path / "card2" / "IMG_1.dng", seed=2)
    before = other.read_bytes()
    out = way(other.parent, tmp_path / "out")
    assert correct(lens, photo, out, "--format", "dng") == 2
    assert other.read_bytes() == before
    assert (out / "IMG_1.dng").read_bytes() == before
    assert [path.name for path in out.iterdir()] == ["IMG_1.dng"]


@pytest.mark.parametrize("form", ["tiff", "dng", "png", "jpeg"])
def test_own_photos_are_replaced(tmp_path: Path, lens: Path, make_dng: MakeDng, form: str) -> None:
    photo, out = make_dng(tmp_path / "card" / "a.dng"), tmp_path / "out"
    for _ in range(2):
        assert correct(lens, photo, out, "--format", form, "--save-mask") == 0
    assert len(list(out.iterdir())) == 2
    assert all(is_own_photo(path) for path in out.iterdir())
    assert not is_own_photo(photo)


def test_the_work_of_another_program_stays(tmp_path: Path, lens: Path, make_dng: MakeDng) -> None:
    photo, out = make_dng(tmp_path / "card" / "a.dng"), tmp_path / "out"
    out.mkdir()
    pixels = np.zeros((8, 8, 3), np.uint16)
    tifffile.imwrite(out / "a.tif", pixels, photometric="rgb", software="Darkroom 3")
    mask = out / "a_mask.png"
    mask.write_bytes(b"\x89PNG\r\n\x1a\nof another program")
    before = (out / "a.tif").read_bytes(), mask.read_bytes()
    assert correct(lens, photo, out, "--save-mask") == 2
    assert ((out / "a.tif").read_bytes(), mask.read_bytes()) == before
    (out / "a.tif").unlink()
    assert correct(lens, photo, out, "--save-mask") == 0
    assert mask.read_bytes() == before[1]
    assert is_own_photo(out / "a_mask-2.png")


def test_what_is_protected_stays(tmp_path: Path, lens: Path, make_dng: MakeDng) -> None:
    """Also from an administrator, whom the system lets do everything."""
    photo, out = make_dng(tmp_path / "card" / "a.dng"), tmp_path / "out"
    assert correct(lens, photo, out) == 0
    (out / "a.tif").chmod(0o444)
    before = (out / "a.tif").read_bytes()
    assert correct(lens, photo, out) == 2
    assert (out / "a.tif").read_bytes() == before
    with pytest.raises(LenscalError, match="protected"), written_whole(out / "a.tif") as temporary:
        temporary.write_bytes(b"new")
    assert (out / "a.tif").read_bytes() == before
    assert [path.name for path in out.iterdir()] == ["a.tif"]


def test_profiles_replace_profiles_only(
    tmp_path: Path, lens: Path, make_dng: MakeDng, capsys: pytest.CaptureFixture[str]
) -> None:
    make_dng(tmp_path / "a" / "a.dng")
    disguised = make_dng(tmp_path / "photo.lenscal")
    before = disguised.read_bytes()
    folders = [str(tmp_path / "a")] * 2
    assert main(["calibrate", *folders, "--out", str(disguised), "--quality", "quick"]) == 2
    assert "is no lenscal profile" in capsys.readouterr().err
    assert disguised.read_bytes() == before
    assert is_own_profile(lens)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
@pytest.mark.parametrize("name", ["x.lenscal", "x"])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, make_dng: MakeDng, name: str) -> None:
    """An administrator could replace /dev/null."""
    make_dng(tmp_path / "a" / "a.dng")
    os.mkfifo(tmp_path / name)
    folders = [str(tmp_path / "a")] * 2
    assert main(["calibrate", *folders, "--out", str(tmp_path / name)]) == 2
    with (
        pytest.raises(LenscalError, match="no plain file"),
        written_whole(tmp_path / name) as temporary,
    ):
        temporary.write_bytes(b"new")
    assert (tmp_path / name).is_fifo()


@pytest.mark.parametrize("name", ["r.html", "r.pdf"])
def test_reports_replace_reports_only(
    tmp_path: Path, lens: Path, name: str, qapp: QApplication
) -> None:
    out = tmp_path / name
    out.write_bytes(b"%PDF-1.4 a letter" if name.endswith("pdf") else b"<html>a page</html>")
    before = out.read_bytes()
    assert main(["report", str(lens), "--out", str(out)]) == 2
    assert out.read_bytes() == before
    out.unlink()
    for _ in range(2):
        assert main(["report", str(lens), "--out", str(out)]) == 0
    assert is_own_report(out)


PSF_FILES = ("psf_R.fits", "psf_G.fits", "psf_B.fits", "psf.npz", "psf.tif", "psf.csv")


@pytest.mark.parametrize("name", PSF_FILES)
def test_psf_files_replace_psf_files_only(tmp_path: Path, lens: Path, name: str) -> None:
    out = tmp_path / "psf"
    command = ["export-psf", str(lens), "--out", str(out), "--format", "all"]
    for _ in range(2):
        assert main(command) == 0
    assert all(is_own_psf_file(out / own) for own in PSF_FILES)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    before[name] = b"not ours"
    (out / name).write_bytes(before[name])
    assert main(command) == 2
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def two_grids() -> tuple[PsfGrid, PsfGrid]:
    wide = np.full((2, 2, 3, 5, 5), 1 / 25, np.float32)
    return delta_grid((2, 2), 5, (128, 192)), PsfGrid(wide, (128, 192))


class Crash(BaseException):
    """The end of the process, at some moment."""


@pytest.mark.parametrize("moment", range(7))
def test_a_folder_never_holds_parts_of_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Whenever the process ends: the old PSF, the new one, or a set that lacks a file."""
    old, new = two_grids()
    export_psf(old, tmp_path, "fits")
    left = moment

    def counted(step: Callable[..., object]) -> Callable[..., object]:
        def last_of(*arguments: object, **more: object) -> object:
            nonlocal left
            left -= 1
            if left < 0:
                raise Crash
            return step(*arguments, **more)

        return last_of

    monkeypatch.setattr(Path, "replace", counted(Path.replace))
    monkeypatch.setattr(Path, "unlink", counted(Path.unlink))
    with suppress(Crash):
        export_psf(new, tmp_path, "fits")
    monkeypatch.undo()
    try:
        found = read_fits(tmp_path)
    except InputError as error:
        assert "psf_" in str(error)
        return
    assert any(np.allclose(found.kernels, grid.kernels) for grid in (old, new))


def test_files_of_two_exports_are_told_apart(tmp_path: Path) -> None:
    old, new = two_grids()
    export_psf(old, tmp_path / "old", "fits")
    export_psf(new, tmp_path / "new", "fits")
    (tmp_path / "old" / "psf_G.fits").replace(tmp_path / "new" / "psf_G.fits")
    with pytest.raises(InputError, match=r"psf_G\.fits is of another PSF than psf_R\.fits"):
        read_fits(tmp_path / "new")


def test_what_belongs_together_comes_together(tmp_path: Path) -> None:
    """The second cannot be written: the first stays as it was."""
    first, second = tmp_path / "a", tmp_path / "b"
    for path in (first, second):
        path.write_text("old")
    with (
        pytest.raises(LenscalError, match="full"),
        written_together([first, second]) as (one, _),
    ):
        one.write_text("new")
        raise OSError("full")
    assert (first.read_text(), second.read_text()) == ("old", "old")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
