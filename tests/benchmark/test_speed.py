"""Speed and prior: that what is promised is measured, on sizes that say nothing about speed."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from coarse_lens import traced_coarsely
from early_ends import end_fits_early

from lenscal.benchmark import clock, speed
from lenscal.benchmark.clock import in_turns
from lenscal.benchmark.prior import SIX, kodak_files, measure_prior
from lenscal.benchmark.speed import SpeedSettings, measure_speed
from lenscal.benchmark.speed_inputs import write_raw_photo
from lenscal.benchmark.summary import prior_table, speed_table
from lenscal.calibration.settings import CalibrationSettings, Quality, Stages
from lenscal.errors import InputError, LenscalError
from lenscal.raw.decode import decode_photo
from lenscal.stepping import STOP, finish

RATIOS = (
    "import_over_libraw",
    "flow_over_ready_tensors",
    "wiener_over_ffts",
    "dpir_over_denoiser",
    "correct_over_plain",
    "calibrate_two_cores_over_one",
)
TINY = SpeedSettings(
    device="cpu",
    repeats=1,
    import_size=(256, 384),
    correct_size=(256, 384),
    wiener_size=(128, 192),
    dpir_size=(64, 96),
    flow_steps=2,
    calibrate_size=(320, 480),
    calibrate_photos=2,
    calibration=CalibrationSettings(
        quality=Quality.QUICK, stages=Stages.P, grid=(2, 2), kernel_size=7
    ),
)


def test_both_are_timed_in_turns_and_the_first_round_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, calls = [0.0], []
    costs = {"ours": iter([50.0, 4.0, 8.0, 6.0]), "yardstick": iter([90.0, 2.0, 1.0, 3.0])}

    def work(name: str) -> None:
        calls.append(name)
        now[0] += next(costs[name])

    monkeypatch.setattr(clock.time, "perf_counter", lambda: now[0])
    pace = finish(in_turns(lambda: work("ours"), lambda: work("yardstick"), 3))
    assert calls == ["ours", "yardstick"] * 4
    assert (pace.ours, pace.yardstick, pace.ratio) == (6.0, 2.0, 3.0)


def test_every_speed_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    end_fits_early(monkeypatch)
    with traced_coarsely():
        found = finish(measure_speed(TINY))
    for name in (*RATIOS, "wiener_s_per_mp"):
        assert math.isfinite(found[name])
        assert found[name] > 0
    ours, yardstick = found["seconds"]["flow_over_ready_tensors"]
    assert found["flow_over_ready_tensors"] == pytest.approx(yardstick / ours)
    assert found["wiener_s_per_mp"] == pytest.approx(
        found["seconds"]["wiener_over_ffts"][0] / (128 * 192 / 1e6)
    )
    assert [row[0] for row in speed_table(found).rows] == [*RATIOS, "wiener_s_per_mp"]


def test_a_stop_leaves_no_half_measured_speeds() -> None:
    work = measure_speed(TINY)
    next(work)
    with pytest.raises(LenscalError, match="stopped"):
        while True:
            work.send(STOP)


def test_the_imported_photo_has_its_vignetting_undone(tmp_path: Path) -> None:
    frame = decode_photo(write_raw_photo(tmp_path / "photo.dng", (256, 384)))
    assert frame.gain_source.startswith("lensfun")
    # Texture as fine as this passes for noise: what the file tells is there, but not believed.
    assert frame.info.noise_profile


@pytest.fixture
def kodak(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for number in SIX:
        smooth = cv2.resize(
            rng.integers(0, 255, (6, 8, 3), np.uint8), (64, 48), interpolation=cv2.INTER_CUBIC
        )
        cv2.imwrite(str(tmp_path / f"kodim{number:02d}.png"), smooth)
    return tmp_path


def test_the_prior_is_measured_beside_a_yardstick(kodak: Path, small_prior: Path) -> None:
    found = finish(measure_prior(kodak_files(kodak), small_prior, "cpu", repeats=1, speed_px=64))
    assert found["images"] == [f"kodim{number:02d}.png" for number in SIX]
    assert found["psnr_15"] > found["psnr_25"] > found["yardstick"]["psnr_25"]
    assert found["parameters"] > found["yardstick"]["parameters"] > 0
    assert min(found["s_per_mp"], found["yardstick"]["s_per_mp"]) > 0
    assert [row[0] for row in prior_table(found).rows] == ["noisy", "ours", "yardstick"]
    assert found["iso_200"] > found["noisy"]["iso_200"]
    assert found["iso_6400"] > found["noisy"]["iso_6400"] + 5
    assert found["noisy"]["iso_200"] > found["noisy"]["iso_6400"] + 10


def test_without_photos_and_yardstick_the_prior_has_its_size_and_speed() -> None:
    found = finish(measure_prior([], None, "cpu", repeats=1, speed_px=64))
    assert set(found) == {"s_per_mp", "parameters", "images", "noisy", "yardstick"}
    assert found["noisy"] is None
    assert found["yardstick"] is None
    assert "give --kodak" in prior_table(found).title


def test_a_missing_image_is_named(kodak: Path) -> None:
    (kodak / "kodim13.png").unlink()
    with pytest.raises(InputError, match="image 13"):
        kodak_files(kodak)


@pytest.fixture
def small_prior(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from lenscal.prior.denoiser import UnshuffleDenoiser, save_denoiser

    path = tmp_path_factory.mktemp("prior") / "small.safetensors"
    save_denoiser(UnshuffleDenoiser(4, 1), path)
    return path


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no such choice here")
def test_one_core_is_one_core_for_libraries_with_threads_of_their_own() -> None:
    before = os.sched_getaffinity(0)
    with pytest.raises(RuntimeError), speed._at_most_cores(1):
        script = "import os; print(len(os.sched_getaffinity(0)))"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert done.stdout.strip() == "1"
        raise RuntimeError
    assert os.sched_getaffinity(0) == before
