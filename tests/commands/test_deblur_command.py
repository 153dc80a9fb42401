"""lenscal deblur, as it is typed."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from small_rig import COUNT, SIZE, small_rig

from lenscal.cli import main
from lenscal.deblur import joint, latent_search
from lenscal.files.population.population_file import write_population
from lenscal.jobs.populations import deblurring
from lenscal.raw.pictures.kinds import Light
from lenscal.resource_files import resource
from lenscal.virtual.shakes import ShakeFamily, drawn_kernels


@cache
def sharp() -> Any:
    """A picture in linear light, sharp."""
    picture = cv2.imread(str(resource("scenes") / "city.jpg")).astype(np.float32) / 255
    return cv2.resize(picture**2.2, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def write(path: Path, light: Any) -> Path:
    values = np.rint(np.clip(light, 0, 1) ** (1 / 2.2) * 65535).astype(np.uint16)
    cv2.imwrite(str(path), values)
    return path


def shaken(path: Path) -> Path:
    kernel = drawn_kernels(COUNT, SIZE, 7, ShakeFamily.MOTION)[11]
    kernel = np.ascontiguousarray(kernel[::-1, ::-1])
    light = cv2.filter2D(sharp(), -1, kernel, borderType=cv2.BORDER_REFLECT)
    noise = np.random.default_rng(0).standard_normal(light.shape)
    return write(path, light + 0.002 * noise)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    smaller = {"N_DRAWN": 256, "N_JUDGED": 24, "N_STARTS": 4, "STEPS": 16}
    for name, value in smaller.items():
        monkeypatch.setattr(latent_search, name, value)
    return write_population(tmp_path / "rig.lenspop", small_rig())


def test_a_shaken_picture_is_restored_beside_a_sharp_one_that_is_not(
    rig: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, untouched = shaken(tmp_path / "shaken.png"), write(tmp_path / "sharp.png", sharp())
    before = photo.read_bytes()
    out = tmp_path / "out"
    words = ["deblur", str(photo), str(untouched), str(rig), "--out", str(out)]
    code = main([*words, "--method", "fast", "--kernels", "4", "--kernels-sheet", "--json"])
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    restored, left = said["photos"]
    assert code == 1
    assert photo.read_bytes() == before
    assert [path.name for path in sorted(out.iterdir())] == [
        "shaken_lenscal.png",
        "shaken_lenscal_kernels.png",
    ]
    assert restored["agreement"] > 0 and restored["gain"] > 0
    assert "agree by" in restored["warnings"][0]
    assert left["output"] is None and "no blur of this rig's kind" in left["problem"]
    truth = cv2.imread(str(untouched))
    dull, crisp = (
        cv2.PSNR(cv2.imread(str(path)), truth) for path in (photo, out / "shaken_lenscal.png")
    )
    assert crisp > dull
    assert cv2.imread(str(out / "shaken_lenscal_kernels.png")) is not None


def test_kernel_and_picture_can_be_drawn_side_by_side(
    rig: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module, name, value in (
        (joint, "N_LEVELS", 2),
        (joint, "N_STEPS", 1),
        (joint, "N_PIECES", 1),
        (deblurring, "PRIOR_SAMPLES", 40),
        (deblurring, "PRIOR_STEPS", 2),
    ):
        monkeypatch.setattr(module, name, value)
    photo, out = write(tmp_path / "photo.png", sharp()[:128, :128]), tmp_path / "out"
    words = ["deblur", str(photo), str(rig), "--out", str(out), "--kernels", "4", "--json"]
    assert main([*words, "--method", "joint", "--force"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["method"] == "joint" and len(said["photos"][0]["weights"]) == 4
    assert [path.name for path in out.iterdir()] == ["photo_lenscal.png"]
    # Two steps find no kernel: without --force such a photo is left alone, by the same rules.
    assert main([*words, "--method", "joint"]) == 2
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["photos"][0]["output"] is None and said["photos"][0]["problem"]
    none = str(tmp_path / "none.safetensors")
    assert main([*words, "--method", "joint", "--prior", none]) == 2
    assert "--prior" in capsys.readouterr().err


def test_what_is_restored_is_not_restored_again(
    rig: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    photo = shaken(tmp_path / "shaken.png")
    words = ["--out", str(out), "--method", "fast", "--kernels", "4"]
    assert main(["deblur", str(photo), str(rig), *words, "--force"]) == 0
    again = str(out / "shaken_lenscal.png")
    assert main(["deblur", again, str(rig), *words]) == 2
    assert "corrected it already" in capsys.readouterr().out


def test_photos_of_another_kind_and_flat_ones_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of_raw = write_population(tmp_path / "raw.lenspop", small_rig(None))
    of_pictures = write_population(tmp_path / "pictures.lenspop", small_rig(Light.LINEAR))
    flat = write(tmp_path / "flat.png", np.full((200, 200, 3), 0.2, np.float32))
    out = ["--out", str(tmp_path / "out"), "--method", "fast"]
    assert main(["deblur", str(flat), str(of_raw), *out]) == 2
    assert "learnt from RAW photos" in capsys.readouterr().out
    assert main(["deblur", str(flat), str(of_pictures), *out]) == 2
    assert "hardly anything in it tells its blur" in capsys.readouterr().out
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("option", "value"), [("--kernels", "3"), ("--kernels", "9"), ("--seed", "-1")]
)
def test_wrong_options_are_told_before_photos_are_read(
    option: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["deblur", "none.png", "none.lenspop", "--out", str(tmp_path / "out")]
    assert main([*words, option, value]) == 2
    assert f"{option} {value}" in capsys.readouterr().err
