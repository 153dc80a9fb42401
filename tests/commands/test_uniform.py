"""One blur from two folders of pictures, and everything downstream of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from picture_files import scene, srgb, stored, write_picture
from PySide6.QtWidgets import QApplication

from lenscal.calibration.settings import Quality
from lenscal.calibration.uniform import flow, job, search
from lenscal.files.psf.profile import read_profile
from lenscal.flow.network import NetworkSettings

Run = Callable[..., tuple[int, str, str]]
LINE = np.zeros((9, 9), np.float32)
LINE[4, 2:7] = 1 / 5


def photo(seed: int, size: tuple[int, int]) -> np.ndarray:
    """Light with edges at all scales, grey [h, w]."""
    rng = np.random.default_rng(seed)
    light = np.full(size, 0.4, np.float32)
    for _ in range(400):
        y, x = rng.integers(0, size[0]), rng.integers(0, size[1])
        h, w = np.exp(rng.uniform(np.log(2), np.log(60), 2)).astype(int)
        angle = float(rng.uniform(0, 180))
        box = cv2.boxPoints(((float(x), float(y)), (float(w), float(h)), angle))
        cv2.fillPoly(light, [box.astype(np.int32)], float(rng.uniform(0.1, 0.8)), cv2.LINE_AA)
    return cv2.GaussianBlur(light, (0, 0), 0.5)


def sets(folder: Path, kernel: np.ndarray | None, n: int = 4, noise: float = 0.01) -> list[Path]:
    """Two folders of other scenes, of pictures of two sizes; the second one blurred."""
    paths = []
    for name, first in (("clean", 0), ("blurred", 100)):
        for k in range(n):
            light = photo(first + k, (320, 400) if k % 2 else (300, 420))
            if name == "blurred":
                if kernel is not None:
                    light = cv2.filter2D(light, -1, kernel[::-1, ::-1])
                light = light + np.random.default_rng(k).normal(0, noise, light.shape)
            write_picture(folder / name / f"{k}.png", stored(np.clip(light, 0, 1), np.uint16))
        paths.append(folder / name)
    return paths


def calibrate(run: Run, folder: Path, sets_: list[Path], *options: Any) -> dict[str, Any]:
    code, out, err = run(
        "calibrate", *sets_, "--kernel", "uniform", "--light", "stored", "--quality", "quick",
        "--out", folder / "blur.lenscal", "--json", *options,
    )  # fmt: skip
    assert code == 0, err
    answer: dict[str, Any] = json.loads(out)
    return answer


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    folder = tmp_path_factory.mktemp("line")
    return folder, sets(folder, LINE)


def test_one_kernel_serves_everything_downstream(
    run: Run, line: tuple[Path, list[Path]], qapp: QApplication
) -> None:
    folder, (clean, blurred) = line
    told = calibrate(run, folder, [clean, blurred], "--kernel-size", 9)
    lens = folder / "blur.lenscal"
    kernel = read_profile(lens).psf.kernels[0, 0, 1]
    assert kernel.shape == (9, 9)
    # Along the rows, and as long as the line is.
    assert kernel[4, 2:7].sum() > 0.7
    assert told["reblur"]["estimate"] < 0.7 * told["reblur"]["delta"]
    assert 0.3 < told["confidence"]["mean"] <= 1
    for method in ("wiener", "dpir", "diffpir"):
        code, out, err = run(
            "correct", lens, blurred / "0.png", blurred / "1.png", "--out", folder / method,
            "--method", method, "--json",
        )  # fmt: skip
        assert code == 0, err
        # Of two sizes, and both nearer to the sharp scene than before.
        written = json.loads(out)["written"]
        for k, path in enumerate(written):
            sharp = photo(100 + k, (320, 400) if k % 2 else (300, 420))
            before = cv2.imread(str(blurred / f"{k}.png"), cv2.IMREAD_UNCHANGED) / 65535
            after = cv2.imread(path, cv2.IMREAD_UNCHANGED) / 65535
            # DiffPIR's last step is one of chance, which costs mean error.
            if method != "diffpir":
                assert np.square(after - sharp).mean() < 0.8 * np.square(before - sharp).mean()
    assert run("export-psf", lens, "--out", folder / "psf", "--format", "all")[0] == 0
    # What was exported is a PSF like others.
    code, _, err = run(
        "correct", folder / "psf", blurred / "0.png", "--out", folder / "fits", "--light", "stored"
    )
    assert code == 0, err
    assert run("report", lens, "--out", folder / "blur.html")[0] == 0
    assert run("report", lens, "--out", folder / "blur.pdf")[0] == 0
    code, out, _ = run("info", lens)
    assert code == 0
    assert "1 x 1" in out


def test_a_gaussian_is_called_one(run: Run, tmp_path: Path) -> None:
    axis = np.arange(9) - 4
    gaussian = np.exp(-(axis[:, None] ** 2 + axis**2) / 2).astype(np.float32)
    gaussian /= gaussian.sum()
    told = calibrate(run, tmp_path, sets(tmp_path, gaussian), "--kernel-size", 9)
    kernel = read_profile(tmp_path / "blur.lenscal").psf.kernels[0, 0, 0]
    assert np.linalg.norm(kernel - gaussian) < 0.15 * np.linalg.norm(gaussian)
    assert any("a Gaussian of" in warning for warning in told["warnings"])


def test_no_blur_is_told(run: Run, tmp_path: Path) -> None:
    told = calibrate(run, tmp_path, sets(tmp_path, None), "--kernel-size", 9)
    assert any("hardly more blurred" in warning for warning in told["warnings"])


def test_matching_goes_on_from_the_closed_form(
    run: Run, line: tuple[Path, list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = flow.PolishBudget(
        60, 32, 2, 2, batch=8, look_steps=1, network=NetworkSettings(width=8, depth=1)
    )
    monkeypatch.setitem(flow.BUDGETS, Quality.QUICK, tiny)
    # A rough kernel is enough to begin with.
    monkeypatch.setitem(job.ROUNDS, Quality.QUICK, 1)
    monkeypatch.setattr(search, "GUIDED_STEPS", 40)
    folder, folders = line
    told = calibrate(run, folder, folders, "--kernel-size", 7, "--method", "flow")
    profile = read_profile(folder / "blur.lenscal")
    assert [stage.name for stage in profile.stages] == ["spectrum", "more starts", "matching"]
    assert (profile.patches_flow, profile.patches_matching) == (16, 32)
    assert told["reblur"]["estimate"] < told["reblur"]["delta"]


def test_equal_seeds_give_equal_kernels(run: Run, line: tuple[Path, list[Path]]) -> None:
    folder, folders = line
    kernels = []
    for _ in range(2):
        calibrate(run, folder, folders, "--kernel-size", 7, "--seed", 5)
        kernels.append(read_profile(folder / "blur.lenscal").psf.kernels)
    np.testing.assert_array_equal(*kernels)


def test_what_cannot_be_is_refused(run: Run, tmp_path: Path) -> None:
    clean, blurred = sets(tmp_path, None, n=1)
    code, _, err = run(
        "calibrate", clean, blurred, "--kernel", "uniform", "--stages", "P",
        "--out", tmp_path / "a.lenscal",
    )  # fmt: skip
    assert code == 2
    assert "leave it out with --kernel uniform" in err
    for name in ("clean", "blurred"):
        small = stored(srgb(scene((64, 64))), np.uint8)
        write_picture(tmp_path / "small" / name / "a.png", small)
    code, _, err = run(
        "calibrate", tmp_path / "small" / "clean", tmp_path / "small" / "blurred",
        "--kernel", "uniform", "--keep-all", "--out", tmp_path / "a.lenscal",
    )  # fmt: skip
    assert code == 2
    assert not (tmp_path / "a.lenscal").exists()
