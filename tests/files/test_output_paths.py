"""Files that are whole or not there, where the disk does not play along."""

import errno
from pathlib import Path

import pytest

from lenscal.errors import InputError, LenscalError
from lenscal.files.output_paths import check_output_file
from lenscal.system.atomic import temporary_stem, written_whole


def test_a_read_only_disk_is_what_is_told(tmp_path, monkeypatch):
    def read_only(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", read_only)
    monkeypatch.setattr(Path, "write_text", read_only)
    with (
        pytest.raises(LenscalError, match=r"a\.html could not be written: Read-only"),
        written_whole(tmp_path / "a.html") as temporary,
    ):
        temporary.write_text("")


def test_places_for_a_file(tmp_path):
    check_output_file(tmp_path / "a.html", "lens.html")
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match=r"is a folder: give a file name, e.g. .*lens.html"):
        check_output_file(tmp_path, "lens.html")
    with pytest.raises(InputError, match="there is no folder"):
        check_output_file(tmp_path / "no" / "a.html", "lens.html")


def test_a_link_stays_one_and_the_file_it_names_is_replaced(tmp_path):
    (tmp_path / "real.html").write_text("old")
    (tmp_path / "a.html").symlink_to(tmp_path / "real.html")
    with written_whole(tmp_path / "a.html") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "a.html").is_symlink() and (tmp_path / "real.html").read_text() == "new"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("links", [True, False])
def test_what_another_program_has_written_meanwhile_stays(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(
            "os.link", lambda *_: (_ for _ in ()).throw(OSError(errno.EPERM, "no hard links"))
        )
    path = tmp_path / "a.html"
    with written_whole(path, fresh=True) as temporary:
        temporary.write_text("first")
    with (
        pytest.raises(LenscalError, match=r"a\.html"),
        written_whole(path, fresh=True) as temporary,
    ):
        temporary.write_text("second")
    assert path.read_text() == "first" and list(tmp_path.iterdir()) == [path]


def test_temporary_names_are_short_and_plain(tmp_path):
    for stem in ("Maß" * 60, "caf\udce9"):
        with written_whole(tmp_path / f"{stem[:80]}.html") as temporary:
            assert temporary.name.isascii() and len(temporary.name) < 110
            temporary.write_text("")
    assert temporary_stem(tmp_path / "Maß.html") != temporary_stem(tmp_path / "Ma.html")
