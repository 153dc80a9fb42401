"""Manifests: TOML and CSV say the same, and what is wrong is named with its line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from lenscal.calibration.settings import Quality, Stages
from lenscal.errors import InputError
from lenscal.laboratory.entries import Entry, plain_name
from lenscal.laboratory.manifest import read_manifest
from lenscal.raw.pictures.kinds import Light

TOML = """\
[settings]
quality = "quick"
grid = "4x6"
formats = ["fits", "csv"]

# Two copies of one lens.
[[lens]]
name = "Planar 50"
copy = "A"
sharp = "f8"
degraded = ["f1.4", { folder = "f2", aperture = 2 }]

[[lens]]
name = "Planar 50"
copy = "B"
sharp = "f8"
degraded = "f1.4"
aperture_sharp = 8.0
focal = 50
seed = 7
keep_all = true
memory_gb = 2.5
"""
CSV = """\
name;copy;sharp;degraded;aperture_degraded;aperture_sharp;focal;seed;keep_all;memory_gb;quality;grid;formats
Planar 50;A;f8;f1.4;;;;;;;quick;4x6;fits csv
Planar 50;A;f8;f2;f/2,0;;;;no;;quick;4x6;fits csv
;;;;;;;;;;;;
# Planar 50;C
Planar 50;B;f8;f1.4;;8,0;50;7;yes;2,5;quick;4x6;fits csv
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("f8", "f1.4", "f2"):
        (tmp_path / name).mkdir()
    return tmp_path


def read(folder: Path, content: str, name: str = "m.toml") -> tuple[Entry, ...]:
    (folder / name).write_text(content, encoding="utf-8")
    return read_manifest(folder / name)


def test_toml_says_what_there_is_to_do(folder: Path) -> None:
    first, second, third = read(folder, TOML)
    assert (first.name, first.copy, first.degraded) == ("Planar 50", "A", folder / "f1.4")
    assert (second.degraded, second.aperture_degraded) == (folder / "f2", 2)
    assert first.aperture_degraded is None and first.formats == ("fits", "csv")
    assert (first.settings.quality, first.settings.grid) == (Quality.QUICK, (4, 6))
    assert (third.aperture_sharp, third.focal_mm, third.settings.seed) == (8, 50, 7)
    assert third.keep_all and not first.keep_all
    assert third.memory_bytes == int(2.5 * 2**30)
    assert first.folder_name == "Planar-50_A_f1.4"
    assert [entry.where for entry in (first, second, third)] == ["line 7", "line 7", "line 13"]


def test_csv_says_the_same(folder: Path) -> None:
    from dataclasses import replace

    plain = [replace(entry, where="") for entry in read(folder, TOML)]
    of_csv = read(folder, "\ufeff" + CSV.replace("\n", "\r\n"), "m.csv")
    assert [replace(entry, where="") for entry in of_csv] == plain
    assert [entry.where for entry in of_csv] == ["line 2", "line 3", "line 6"]
    commas = "name,sharp,degraded,light,stages\nX,f8,f2,stored,GT\n"
    (only,) = read(folder, commas, "c.csv")
    assert (only.light, only.settings.stages) == (Light.STORED, Stages.GT)


LENS = '[[lens]]\nname = "X"\nsharp = "f8"\ndegraded = "f2"\n'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a = 1\nlens = }", "at line 2, column 8"),
        ("", "names no lens"),
        ("[lens]\nname = 3\n", "line 1, key lens: want [[lens]]"),
        ("quality = 'quick'\n" + LENS, "line 1, key quality: there is no such key"),
        ("[settings]\nqualty = 'quick'\n" + LENS, "line 2, key qualty: there is no such key: is"),
        ("[settings]\nquality = 'best'\n" + LENS, "line 2, key quality: best: want one of quick"),
        ("[settings]\ngrid = '1x8'\n" + LENS, "key grid: --grid 1x8: choose 2 to 64"),
        (LENS + "kernel_size = 12\n", "line 5, key kernel_size: --kernel-size 12: choose an odd"),
        (LENS + "seed = 1.5\n", "line 5, key seed: 1.5: want a whole number"),
        (LENS + "focal = 'long'\n", "line 5, key focal: long: want a number"),
        (LENS + "focal = -2\n", "line 5, key focal"),
        (LENS + "aperture_sharp = 900\n", "line 5, key aperture_sharp: aperture 900"),
        (LENS + "method = 'flow'\nstages = 'P'\n", "key stages: --method flow and --stages P"),
        (LENS + "keep_all = 'perhaps'\n", "line 5, key keep_all: perhaps: want true or false"),
        (LENS + "memory_gb = 0\n", "line 5, key memory_gb"),
        (LENS.replace('"f2"', '"f22"'), "line 4, key degraded"),
        (LENS.replace('"f2"', "[]"), "key degraded: it is missing"),
        (LENS.replace('"f2"', '{ folder = "f2", f = 2 }'), "key f: of a folder there are"),
        (LENS.replace('sharp = "f8"\n', ""), "line 1, key sharp: it is missing"),
        (LENS + LENS, "line 1 and line 5: both results would be called X_f2"),
    ],
)  # fmt: skip
def test_faults_of_toml_are_named(folder: Path, content: str, words: str) -> None:
    with pytest.raises(InputError) as raised:
        read(folder, content)
    assert words in str(raised.value) and "m.toml" in str(raised.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "names no lens"),
        ("name,sharp,degraded\nX,f8\n", "line 2, key degraded: it is missing"),
        ("name,sharp,degraded,colour\nX,f8,f2,red\n", "line 2, key colour: there is no such key"),
        ("name,sharp,degraded\n\nX,f8,f2,red\n", "line 3, key red: more cells"),
        ("name,sharp,degraded\nX,f8,f3\n", "line 2, key degraded"),
        ('name,sharp,degraded\n"X,f8,f2\n', "line 2"),
        ("name,sharp,degraded\nX,f8,f2\nx,f8,f2\n", "line 2 and line 3"),
    ],
)
def test_faults_of_csv_are_named(folder: Path, content: str, words: str) -> None:
    with pytest.raises(InputError) as raised:
        read(folder, content, "m.csv")
    assert words in str(raised.value)


def test_what_is_no_text_is_refused(folder: Path) -> None:
    (folder / "m.toml").write_bytes(b"\xff\xfe[\0l\0")
    with pytest.raises(InputError, match="UTF-8"):
        read_manifest(folder / "m.toml")
    with pytest.raises(InputError):
        read_manifest(folder / "nothing.toml")


def test_names_of_folders_suit_every_system() -> None:
    assert plain_name("50 mm f/1.4 (Äpfel)/..\\x") == "50-mm-f-1.4-Apfel-.-x"
    assert plain_name("../..") == ""
