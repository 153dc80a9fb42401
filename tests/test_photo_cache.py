"""Decoded photos do not stay behind."""

import os
import time

import pytest

from lenscal.jobs.cache import photo_cache, remove_stale


def test_the_cache_goes_and_takes_old_ones_along(tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    old, young, other = (
        tmp_path / "lenscal" / name for name in ("photos-old", "photos-young", "settings")
    )
    for folder in (old, young, other):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    two_days_ago = time.time() - 2 * 86400
    for folder in (old, other):
        os.utime(folder, (two_days_ago, two_days_ago))
    with pytest.raises(ZeroDivisionError), photo_cache() as cache:
        (cache / "photo.npy").touch()
        assert {p.name for p in cache.parent.iterdir()} == {"photos-young", "settings", cache.name}
        raise ZeroDivisionError
    assert {p.name for p in (tmp_path / "lenscal").iterdir()} == {"photos-young", "settings"}


def test_folders_of_windows_stay_for_a_week(tmp_path):
    for name, days in (("window-a", 3), ("window-b", 9)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - days * 86400,) * 2)
    remove_stale(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["window-a"]
