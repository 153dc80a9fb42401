from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lenscal.calibration.settings import CalibrationSettings, Quality, Stages
from lenscal.errors import InputError, LenscalError
from lenscal.optics.psf_grid import delta_grid
from lenscal.project import (
    Decision,
    Project,
    common_folder,
    missing,
    project_of,
    read_project,
    relinked,
    session_of,
    write_project,
)
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.session import Session, Source, with_psf

SETTINGS = CalibrationSettings(Quality.FULL, "cpu", (4, 6), 15, 7, 12.5, Stages.GT)


@pytest.fixture
def project(tmp_path):
    for role in ("sharp", "weit offen ü"):
        (tmp_path / "photos" / role).mkdir(parents=True)
    (tmp_path / "a.lenscal").write_bytes(b"")
    sharp, degraded = (tmp_path / "photos" / role for role in ("sharp", "weit offen ü"))
    return Project(
        Source((sharp,)),
        Source((degraded,), 1.8, "Old lens", 50.0),
        (Decision(sharp / "a.dng", False),),
        SETTINGS,
        tmp_path / "a.lenscal",
        degraded / "b.dng",
        RestoreSettings(Method.DPIR, 0.5, 0.25),
    )


def test_a_project_comes_back_as_it_was(project, tmp_path):
    path = write_project(tmp_path / "my lens.lensproject", project, {"lenscal": "1"})
    assert read_project(path) == project
    assert missing(project) == ()
    told = json.loads(path.read_text(encoding="utf-8"))
    assert told["sharp"]["paths"] == ["photos/sharp"]
    assert told["settings"]["seed"] == 7 and told["versions"] == {"lenscal": "1"}
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_project_that_moves_with_its_photos_finds_them(project, tmp_path):
    write_project(tmp_path / "p.lensproject", project, {})
    moved = tmp_path.with_name(tmp_path.name + "-moved")
    tmp_path.rename(moved)
    found = read_project(moved / "p.lensproject")
    assert missing(found) == ()
    assert found.sharp.paths == (moved / "photos" / "sharp",)
    moved.rename(tmp_path)


def test_photos_that_were_moved_are_missed_and_can_be_linked_again(project, tmp_path):
    path = write_project(tmp_path / "p.lensproject", project, {})
    (tmp_path / "photos" / "sharp").rename(tmp_path / "elsewhere")
    found = read_project(path)
    assert missing(found) == (tmp_path / "photos" / "sharp",)
    again = relinked(found, tmp_path / "photos" / "sharp", tmp_path / "elsewhere")
    assert missing(again) == ()
    assert again.decisions == (Decision(tmp_path / "elsewhere" / "a.dng", keep=False),)
    assert again.degraded == project.degraded and again.photo == project.photo


def test_a_session_and_a_project_tell_the_same(project):
    session = session_of(project)
    assert session.inputs is None and session.psf is None
    grid = delta_grid((2, 2), 5, (10, 10))
    assert project_of(with_psf(session, grid, "lens", path=project.profile)) == project
    assert project_of(Session()).empty and not project.empty


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda v: v | {"schema": 99}, "update lenscal"),
        (lambda v: v | {"schema": None}, "schema version None"),
        (lambda v: v | {"format": "other"}, "no project"),
        (lambda v: {k: x for k, x in v.items() if k != "sharp"}, "damaged"),
        (lambda v: v | {"settings": {"quality": "superb"}}, "damaged"),
        (lambda v: v | {"photo": 5}, "damaged"),
        (lambda v: v | {"settings": v["settings"] | {"kernel_size": 4}}, "--kernel-size"),
        (lambda v: [v], "no project"),
    ],
)
def test_what_is_wrong_with_a_project_is_said(project, tmp_path, change, told):
    path = write_project(tmp_path / "p.lensproject", project, {})
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))))
    with pytest.raises(InputError, match=told):
        read_project(path)


def test_files_that_are_no_projects_are_refused(tmp_path):
    for name, content in (("a", b"hello"), ("b", b"\xff\xfe\0"), ("c", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name):
            read_project(tmp_path / name)
    with pytest.raises(InputError, match="nowhere"):
        read_project(tmp_path / "nowhere")


def test_settings_of_a_later_version_that_are_not_known_are_left_out(project, tmp_path):
    path = write_project(tmp_path / "p.lensproject", project, {})
    values = json.loads(path.read_text(encoding="utf-8"))
    values["settings"]["new"] = values["restore"]["new"] = 1
    path.write_text(json.dumps(values))
    assert read_project(path) == project


def test_a_project_that_cannot_be_written_leaves_the_old_one(project, tmp_path):
    path = write_project(tmp_path / "p.lensproject", project, {})
    before = path.read_bytes()
    with pytest.raises(LenscalError, match="could not be written"):
        write_project(tmp_path / "missing" / "p.lensproject", replace(project, photo=None), {})
    assert path.read_bytes() == before


def test_a_title_for_folders(tmp_path):
    assert common_folder([tmp_path / "a" / "x.dng", tmp_path / "a" / "y.dng"]) == "a"
    assert common_folder([]) == ""
    assert common_folder([Path("/one/b"), Path("/one/c")]) in ("one", "")
