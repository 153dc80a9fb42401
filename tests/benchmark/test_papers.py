"""The first paper's protocols for one blur and for enlarging, at a small size."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lenscal.benchmark.papers import one_blur, one_picture
from lenscal.benchmark.papers.pictures import photos_in
from lenscal.calibration.settings import Quality
from lenscal.commands.pictures.reproduce import _around_tables, _write
from lenscal.errors import InputError
from lenscal.measure.one_kernel import best_gaussian, delta, kernel_figures
from lenscal.stepping import finish
from lenscal.virtual.motion import motion_kernel


def shifted_gaussian(sigma: float, dy: float, dx: float, size: int = 21) -> np.ndarray:
    axis = np.arange(size) - size // 2
    return np.exp(-((axis[:, None] - dy) ** 2 + (axis - dx) ** 2) / 2 / sigma**2)


def test_a_shift_is_no_error() -> None:
    figures = kernel_figures(shifted_gaussian(2, 1.25, -0.5), shifted_gaussian(2, 0, 0))
    assert figures.ncc > 0.9999
    assert figures.rel_l2 < 0.01
    wider = kernel_figures(shifted_gaussian(2.5, 0, 0), shifted_gaussian(2, 0, 0))
    assert 0.15 < wider.rel_l2 < 0.3
    nothing = kernel_figures(delta(21), shifted_gaussian(2, 0, 0))
    assert nothing.ncc < 0.5


def test_the_best_gaussian_of_a_gaussian_is_itself() -> None:
    truth = shifted_gaussian(1.7, 0, 0)
    assert kernel_figures(best_gaussian(truth), truth).rel_l2 < 0.01


def test_motion_kernels_are_kernels() -> None:
    kernels = [motion_kernel(21, np.random.default_rng(n)) for n in range(8)]
    for kernel in kernels:
        assert kernel.shape == (21, 21)
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert kernel.min() >= 0
        # Thin: most pixels are dark, and a Gaussian is no match.
        assert (kernel < 0.1 * kernel.max()).mean() > 0.6
        assert kernel_figures(best_gaussian(kernel), kernel).ncc < 0.9
    same = motion_kernel(21, np.random.default_rng(3))
    np.testing.assert_array_equal(same, kernels[3])
    assert kernel_figures(kernels[0], kernels[1]).ncc < 0.9


def test_one_blur_is_found_and_restored() -> None:
    settings = one_blur.OneBlurSettings(
        minutes=1e-6, n_motion=1, n_test=1, quality=Quality.QUICK, most_photos=8
    )
    values = finish(one_blur.measure_one_blur(photos_in(None), settings))
    # The first case is run whatever the time is, and the others are counted.
    (row,) = values["rows"]
    assert row["kind"] == "gaussian" and values["not_reached"] == 7
    assert row["rel_l2"] < 0.3 < row["delta"]["rel_l2"]
    assert row["psnr"]["learnt"] > row["psnr"]["none"] + 0.5
    assert row["psnr"]["learnt"] > row["psnr"]["true"] - 1
    kernels, restored = one_blur.tables(values)
    assert kernels.rows[0][0] == "gaussian (1)" and "32.7" in restored.rows[0]


def test_one_picture_tells_its_kernel() -> None:
    settings = one_picture.OnePictureSettings(minutes=1e-6, n_pictures=2)
    values = finish(one_picture.measure_one_picture(photos_in(None), settings))
    (row,) = values["rows"]
    assert values["not_reached"] == 1
    assert row["kernel"]["found"]["rel_l2"] < row["kernel"]["delta"]["rel_l2"]
    assert row["psnr"]["true"] > row["psnr"]["bicubic"] + 0.5
    kernels, enlarged = one_picture.tables(values)
    assert len(kernels.rows) == len(enlarged.rows) == 4


def test_what_stands_around_the_tables_stays(tmp_path: Path) -> None:
    path = tmp_path / "papers.md"
    path.write_text("# Mine\n\nBy hand.\n", encoding="utf-8")
    _write(path, "first")
    path.write_text(path.read_text(encoding="utf-8") + "After.\n", encoding="utf-8")
    _write(path, "second")
    text = path.read_text(encoding="utf-8")
    assert "first" not in text
    assert text.startswith("# Mine\n\nBy hand.\n") and text.endswith("After.\n")
    path.write_text(text + text, encoding="utf-8")
    with pytest.raises(InputError, match="once each"):
        _around_tables(path)


def test_wrong_use_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lenscal.cli import main

    run: Callable[..., int] = lambda *a: main(["reproduce", *map(str, a)])  # noqa: E731
    assert run("--photos", tmp_path / "no", "--json") == 2
    assert "there is no such folder" in json.loads(capsys.readouterr().out)["error"]
    assert run("--minutes", "0") == 2
    assert run("--only", "9.9") == 2
    assert run("--only", "4.1", "--photos", tmp_path) == 2
    assert "no PNG, JPEG or TIFF" in capsys.readouterr().err
