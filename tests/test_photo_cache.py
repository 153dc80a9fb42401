"""Decoded photos do not stay behind."""

import os
import time

import pytest

from lenscal.jobs.cache import photo_cache


def test_the_cache_goes_and_takes_old_ones_along(tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    old, young, other = (tmp_path / "lenscal" / name for name in ("photos-old", "photos-young", "settings"))
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
