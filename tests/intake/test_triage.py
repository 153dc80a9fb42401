"""Verdicts on photos of the virtual lens, good and deliberately bad, read back from DNG files
through LibRaw."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import bad_shots
import numpy as np
import pytest
from bad_shots import BadShot, write_bad_shot
from coarse_lens import traced_coarsely
from raw_photos import add_noise, write_photo

from lenscal.errors import InputError
from lenscal.intake.folder import import_pair
from lenscal.intake.survey import N_DIRECTIONS, Survey, TileKind, survey
from lenscal.intake.triage import Fault, Verdict, judge, same_scenes
from lenscal.raw.decode import decode_photo
from lenscal.stepping import finish
from lenscal.virtual.camera import VirtualCamera, blur_field, blurred, exposed, exposure, mosaic
from lenscal.virtual.dataset import VirtualSettings, draw_scene, write_shot

SIZE = (320, 480)
N_SCENES = 5
FAULTS = {shot: Fault(shot.value) for shot in BadShot if shot is not BadShot.WRONG_APERTURE}
APERTURES = {"sharp": 5.6, "degraded": 1.8}


def surveyed(folder: Path) -> list[Survey]:
    return [survey(decode_photo(path)) for path in sorted(folder.glob("*.dng"))]


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ordinary photos of five scenes at both apertures: low/sharp, low/degraded, high/sharp,
    high/degraded."""
    home, camera = tmp_path_factory.mktemp("shots"), VirtualCamera()
    settings = {
        "low": VirtualSettings(size=SIZE, iso=200),
        "high": VirtualSettings(size=SIZE, iso=3200),
    }
    with traced_coarsely():
        for number in range(N_SCENES):
            scene = draw_scene(settings["low"], number)
            for role, aperture in APERTURES.items():
                seen = blurred(scene, blur_field(settings["low"].lens, aperture, SIZE))
                values = mosaic(seen, camera) * np.float32(exposure(scene, camera))
                for noise, how in settings.items():
                    raw = exposed(values, camera, how.iso, np.random.default_rng([number, how.iso]))
                    path = home / noise / role / f"{role}_{number}.dng"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    write_shot(path, raw, how, camera, aperture, number)
    return home


@pytest.fixture(scope="module")
def bad(shots: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One bad shot of every kind, low/degraded and high/sharp; the wrong aperture is a photo of the
    other folder."""
    home = tmp_path_factory.mktemp("bad")
    with traced_coarsely() as patch:
        # Drawing takes most of the time, and the same scenes are photographed at both apertures.
        drawn = cache(lambda number: draw_scene(VirtualSettings(size=SIZE), number))
        patch.setattr(bad_shots, "draw_scene", lambda _, number: drawn(number))
        for noise, role, iso in (("low", "degraded", 200), ("high", "sharp", 3200)):
            settings = VirtualSettings(size=SIZE, iso=iso)
            for number, shot in enumerate(FAULTS):
                path = home / noise / role / f"{shot.name}.dng"
                write_bad_shot(path, shot, settings, 20 + number, aperture=APERTURES[role])
    shutil.copy(
        shots / "low" / "sharp" / "sharp_0.dng", home / "low" / "degraded" / "WRONG_APERTURE.dng"
    )
    return home


def verdicts(sharp: list[Survey], degraded: list[Survey]) -> list[Verdict]:
    return [verdict for folder in judge(sharp, degraded) for verdict in folder]


@pytest.mark.parametrize(("noise", "role"), [("low", "degraded"), ("high", "sharp")])
def test_ordinary_photos_are_kept_and_bad_ones_are_named(
    shots: Path, bad: Path, noise: str, role: str
) -> None:
    good = {name: surveyed(shots / noise / name) for name in APERTURES}
    told = verdicts(good["sharp"], good["degraded"])
    assert [v.fault for v in told] == [None] * 2 * N_SCENES
    assert all(abs(v.figures["detail"]) < 0.6 for v in told)
    for shot, fault in FAULTS.items():
        more = {
            **good,
            role: [*good[role], survey(decode_photo(bad / noise / role / f"{shot.name}.dng"))],
        }
        told = list(judge(more["sharp"], more["degraded"])[role == "degraded"])
        assert [v.fault for v in told] == [None] * N_SCENES + [fault], shot
        assert told[-1].reason.startswith(fault.value)


def test_photos_of_one_scene_find_each_other(shots: Path, bad: Path) -> None:
    good = {role: surveyed(shots / "low" / role) for role in APERTURES}
    assert same_scenes(good["sharp"], good["degraded"][::-1]) == [(n, 4 - n) for n in range(5)]
    assert same_scenes(good["sharp"], surveyed(bad / "high" / "sharp")) == []
    assert all("detail_same_scene" in v.figures for v in verdicts(good["sharp"], good["degraded"]))


def made_up(detail: float, *, scene: int = 0, usable: bool = True) -> Survey:
    light = np.random.default_rng([scene + 9]).uniform(0.05, 0.5, (8, 12)).astype(np.float32)
    kinds = np.full((8, 12), TileKind.USABLE if usable else TileKind.PLAIN, np.uint8)
    return Survey(light, kinds, np.full(N_DIRECTIONS, float(detail) if usable else np.nan))


def test_a_photo_is_judged_by_its_folder_and_by_its_pair() -> None:
    sharp = [made_up(-7.0 + 0.3 * n, scene=n) for n in range(-2, 3)]
    degraded = [made_up(-8.0 + 0.3 * n, scene=n) for n in range(-2, 3)]
    assert not any(v.fault for v in verdicts(sharp, degraded))
    # Softer than its pair leads to expect, though as soft as others of its folder.
    softer = [*degraded[:-1], made_up(-8.6, scene=2)]
    assert [v.fault for v in verdicts(sharp, softer)] == [None] * 9 + [Fault.OUT_OF_FOCUS]
    assert "same scene" in verdicts(sharp, softer)[-1].reason
    # A soft scene is soft in both folders.
    tame = (
        [made_up(-7 + 0.1 * n, scene=n) for n in range(5)],
        [made_up(-8 + 0.1 * n, scene=n) for n in range(5)],
    )
    assert verdicts([*tame[0], made_up(-8.5, scene=9)], tame[1])[5].fault is Fault.OUT_OF_FOCUS
    both = verdicts([*tame[0], made_up(-8.5, scene=9)], [*tame[1], made_up(-9.5, scene=9)])
    assert both[5].fault is both[11].fault is None
    assert both[5].reason == ""
    assert (
        "softer than the other photos"
        in verdicts([*tame[0], made_up(-7.9, scene=9)], tame[1])[5].reason
    )


def test_two_photos_cannot_tell_which_is_soft() -> None:
    assert [v.fault for v in verdicts([made_up(-7), made_up(-10)], [made_up(-8)])] == [None] * 3
    assert verdicts([], [made_up(-8, usable=False)])[0].fault is Fault.FLAT


def test_a_partly_clipped_photo_is_kept_with_a_doubt() -> None:
    photo = made_up(-7)
    kinds = photo.kinds.copy()
    kinds[:3] = TileKind.CLIPPED
    told = verdicts([replace(photo, kinds=kinds)], [])[0]
    assert told.fault is None
    assert told.reason == "38% of the picture is blown out"


def test_a_pair_of_folders_loses_its_bad_photos_or_keeps_them_all(shots: Path, bad: Path) -> None:
    sharp, degraded = (
        [shots / "low" / "sharp"],
        [shots / "low" / "degraded", bad / "low" / "degraded"],
    )
    inputs = finish(import_pair(sharp, degraded))
    assert {r.path.stem: r.reason.split(":")[0] for r in inputs.degraded.rejected} == {
        s.name: s for s in BadShot
    }
    assert len(inputs.sharp.photos) == len(inputs.degraded.photos) == N_SCENES
    assert inputs.coverage((4, 6)).cells.shape == (4, 6) and inputs.coverage().cells.min() > 0.5
    moved = bad / "low" / "degraded" / "MOVED.dng"
    kept = inputs.with_decision(moved, keep=True)
    assert [p.path.stem for p in kept.degraded.photos] == [
        *(f"degraded_{n}" for n in range(N_SCENES)),
        "MOVED",
    ]
    assert any("MOVED.dng, but moved" in warning for warning in kept.warnings)
    undecodable = kept.with_decision(moved.with_stem("WRONG_APERTURE"), keep=True)
    assert [r.path for r in undecodable.degraded.rejected] == [
        r.path for r in kept.degraded.rejected
    ]
    back = kept.with_decision(moved, keep=False)
    assert [p.path for p in back.degraded.photos] == [p.path for p in inputs.degraded.photos]
    everything = finish(import_pair(sharp, degraded, keep_all=True))
    assert [r.path.stem for r in everything.degraded.rejected] == ["WRONG_APERTURE"]


def test_flat_folders_are_refused(tmp_path: Path) -> None:
    for n in range(2):
        rng = np.random.default_rng(n)
        write_photo(
            tmp_path / f"{n}.dng", raw=add_noise(np.full(SIZE, 0.4), 1e-4, 1e-6, rng), f_number=1.8
        )
        (tmp_path / "sharp").mkdir(exist_ok=True)
        write_photo(
            tmp_path / "sharp" / f"{n}.dng", raw=add_noise(np.full(SIZE, 0.4), 1e-4, 1e-6, rng)
        )
    with pytest.raises(
        InputError, match=r"none of the sharp photos can be used \(0\.dng: flat.*--keep-all"
    ):
        finish(import_pair([tmp_path / "sharp"], [tmp_path]))
    with pytest.raises(InputError, match="the sharp photos are flat: 0% of their area has texture"):
        finish(import_pair([tmp_path / "sharp"], [tmp_path], keep_all=True))


def test_camera_files_are_kept(shared: Path) -> None:
    for pattern in ("*D30*", "Nikon*", "*G2*", "*S40*"):
        photos = [
            survey(decode_photo(path)) for path in sorted((shared / "data" / "raw").glob(pattern))
        ]
        assert not any(v.fault for v in verdicts(photos, []))
