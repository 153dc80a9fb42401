"""Files that are whole or not there, where the disk does not play along."""

import errno
from pathlib import Path

import pytest

from lenscal.errors import InputError, LenscalError
from lenscal.files.atomic import check_output_file, written_whole


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
