"""Photos that scenes are painted from: no folder has one in common with the other, and lenses that
are kept out none with those that methods are developed with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lenscal.benchmark.cases import Case, Photos, Scenes
from lenscal.errors import InputError
from lenscal.raw.decode import decode_photo
from lenscal.resource_files import resource
from lenscal.stepping import finish
from lenscal.virtual.dataset import VirtualSettings, write_dataset
from lenscal.virtual.kinds import LensKind
from lenscal.virtual.photo_pools import (
    LEAST_IN_POOL,
    FolderPools,
    Part,
    PhotoPool,
    Subjects,
    folder_pools,
)

SIDE = 64


def written(folder: Path, name: str, pixels: np.ndarray) -> Path:
    path = folder / name
    assert cv2.imwrite(str(path), pixels.clip(0, 255).astype(np.uint8))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty photos, every second one of stripes and the others of noise, and two parts of one."""
    rng = np.random.default_rng(0)
    for n in range(40):
        texture = rng.normal(128, 40, (SIDE, SIDE, 3))
        if n % 2:
            # A wall of boards.
            texture = np.repeat(rng.normal(128, 40, (SIDE // 4, 1, 3)), 4, 0).repeat(SIDE, 1)
        written(tmp_path, f"photo{n:03d}.png", texture)
    for part in range(2):
        written(tmp_path, f"photo900_{part}.png", rng.normal(128, 40, (SIDE, SIDE, 3)))
    (tmp_path / "notes.txt").write_text("no photo")
    return tmp_path


def stems(pool: PhotoPool) -> set[str]:
    return {path.stem for path in pool.files}


@pytest.mark.parametrize("subjects", list(Subjects))
def test_no_photo_is_in_two_pools(folder: Path, subjects: Subjects) -> None:
    pools = [folder_pools(folder, subjects, part) for part in (Part.TUNING, Part.KEPT_OUT)]
    names = [stems(pool) for both in pools for pool in (both.sharp, both.degraded)]
    assert len(set().union(*names)) == sum(map(len, names)) >= 38
    # Parts of one photo go together.
    assert sum({"photo900_0", "photo900_1"} <= pool for pool in names) <= 1
    assert all(
        not {"photo900_0", "photo900_1"} & n or len(n & {"photo900_0", "photo900_1"}) == 2
        for n in names
    )


def test_pools_are_the_same_each_time_and_seeds_swap_them(folder: Path) -> None:
    first = folder_pools(folder, Subjects.ONE_KIND, Part.ALL)
    folder_pools.cache_clear()
    assert folder_pools(folder, Subjects.ONE_KIND, Part.ALL) == first
    swapped = folder_pools(folder, Subjects.ONE_KIND, Part.ALL, swapped=True)
    assert swapped == FolderPools(first.degraded, first.sharp)


def test_what_is_built_and_what_grows_are_told_apart(folder: Path) -> None:
    pools = folder_pools(folder, Subjects.OTHER_KINDS, Part.ALL)
    boards = [sum(int(s[5:8]) % 2 for s in stems(p)) for p in (pools.sharp, pools.degraded)]
    assert boards == [0, 20]


def test_photos_that_changed_are_another_pool(folder: Path) -> None:
    before = folder_pools(folder, Subjects.ONE_KIND, Part.ALL)
    written(folder, "photo000.png", np.zeros((SIDE, SIDE, 3)))
    folder_pools.cache_clear()
    assert folder_pools(folder, Subjects.ONE_KIND, Part.ALL) != before


def test_few_photos_and_no_folder_are_refused(tmp_path: Path) -> None:
    for n in range(LEAST_IN_POOL):
        written(tmp_path, f"a{n}.png", np.zeros((8, 8, 3)))
    with pytest.raises(InputError, match="at least"):
        folder_pools(tmp_path, Subjects.ONE_KIND, Part.ALL)
    with pytest.raises(InputError, match="no such folder"):
        folder_pools(tmp_path / "b", Subjects.ONE_KIND, Part.ALL)


def test_the_shipped_photos_fill_two_pools_and_have_licences() -> None:
    pools = folder_pools(None, Subjects.ONE_KIND, Part.ALL)
    assert min(len(pools.sharp.files), len(pools.degraded.files)) >= 20
    folder = resource("more_scenes")
    listed = {
        line.split("|")[1].strip()
        for line in (folder / "LICENCES.md").read_text().splitlines()
        if "CC0 1.0 |" in line or "public domain |" in line
    }
    assert listed == {path.name for path in folder.glob("*.jpg")}
    sizes = [f.stat().st_size for place in (folder, resource("scenes")) for f in place.iterdir()]
    assert sum(sizes) < 6_000_000


def test_each_folder_shows_its_own_photos(tmp_path: Path) -> None:
    """Red photos in one pool, blue ones in the other."""
    files: dict[str, tuple[Path, ...]] = {}
    for name, bgr in (("red", (20, 40, 200)), ("blue", (200, 40, 20))):
        files[name] = (written(tmp_path, f"{name}.png", np.full((SIDE, SIDE, 3), bgr)),)
    pools = FolderPools(PhotoPool(files["red"], "r"), PhotoPool(files["blue"], "b"))
    settings = VirtualSettings(size=(256, 384), n_photos=1, same_scenes=False, pools=pools)
    data = finish(write_dataset(tmp_path / "out", settings))
    for paths, redder in ((data.sharp, True), (data.degraded, False)):
        frame = decode_photo(paths[0])
        red, _, blue = frame.linear(frame.rgb).reshape(-1, 3).mean(0)
        assert (red > 2 * blue) == redder
        assert (blue > 2 * red) != redder


def test_cases_of_other_photos_are_other_photos(folder: Path) -> None:
    photos = Photos(1, (64, 96), folder)
    case = Case(LensKind.TRACED, Scenes.ONE_KIND, 200, 0, "quick", photos=photos)
    settings = [
        c.virtual_settings()
        for c in (
            case,
            replace(case, scenes=Scenes.OTHER_KINDS),
            replace(case, scenes=Scenes.UNRELATED),
            replace(case, seed=1),
            replace(case, kept_out=3),
        )
    ]
    assert len({repr(s.pools) for s in settings}) == 5
    assert settings[2].pools is None
    assert not any(s.same_scenes for s in settings)
