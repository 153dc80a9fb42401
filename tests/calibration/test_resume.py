"""Interrupted and continued: the same result, to the bit. Tiny photos, tiny budgets."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lenscal import __version__, cli
from lenscal.calibration import checkpoint, engine
from lenscal.calibration.budget import BUDGETS, Budget, PublishedBudget
from lenscal.calibration.checkpoint import Keeper
from lenscal.calibration.matching.matcher import Matcher, MatchingSettings
from lenscal.calibration.matching.patches import PatchPool
from lenscal.calibration.matching.published import PublishedMatcher
from lenscal.calibration.matching.reblur import Reblur
from lenscal.calibration.packing import Packing
from lenscal.calibration.result import Calibration
from lenscal.calibration.settings import CalibrationSettings, Family, Quality, Stages
from lenscal.calibration.stages.estimate import first_estimate
from lenscal.calibration.stages.held_out import HeldOutPhotos
from lenscal.calibration.stages.journal import Journal
from lenscal.calibration.stages.layout import lay_out
from lenscal.calibration.stages.learnt import lesson
from lenscal.calibration.stages.paired_stage import PairedStage
from lenscal.errors import InputError, LenscalError
from lenscal.files.checkpoint import CheckpointFile, checkpoint_path
from lenscal.files.psf.profile import read_profile
from lenscal.flow.network import NetworkSettings
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import Frame
from lenscal.stepping import STOP, Paused, finish

TINY = CalibrationSettings(
    Quality.QUICK, device="cpu", grid=(2, 2), kernel_size=7, stages=Stages.ALL
)
FLOW, MATCHING, BATCH = 4, 4, 16
NETWORK = NetworkSettings(width=8, depth=1)
PUBLISHED = PublishedBudget(
    600, flow_steps=FLOW, matching_steps=MATCHING, batch=BATCH, network=NETWORK
)
BUDGET = Budget((4e5, 4e5), 1, 1, 600, FLOW, MATCHING, BATCH, NETWORK, PUBLISHED)
Photos = tuple[list[Frame], list[Frame]]


class Files:
    """A keeper that keeps every checkpoint as a file of its own, named by what was completed and
    the step."""

    def __init__(self, folder: Path, begin: Path | None = None) -> None:
        self.folder, self.begin = folder, begin
        self.names: list[str] = []

    def load(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        return None if self.begin is None else CheckpointFile(self.begin, resume=True).load()

    def save(self, values: Any, arrays: Any) -> None:
        within = f"-{values['learning']['step']}" if "learning" in values else ""
        within += f"-pass{values['passes']}" if values["passes"] else ""
        self.names.append(f"{values['completed'][-1]}{within}")
        CheckpointFile(self.folder / self.names[-1]).save(values, arrays)


@pytest.fixture(autouse=True)
def quick_fits(request: pytest.FixtureRequest) -> None:
    """All fits of a test alike: what is made for all tests, or in a process of its own, takes the
    usual steps."""
    if "unrelated" not in request.fixturenames and "killed" not in request.node.name:
        request.getfixturevalue("few_steps")


@pytest.fixture(autouse=True)
def tiny_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUDGETS, Quality.QUICK, BUDGET)
    monkeypatch.setattr(lesson, "SAVE_S", -1.0)


def photograph(folder: Path, make_dng: Callable[..., Path]) -> None:
    """Two scenes, sharp and blurred with a lopsided kernel."""
    kernel = np.zeros((7, 7))
    kernel[2:5, 2:5], kernel[3, 5] = 1, 2
    kernel /= kernel.sum()
    for n in range(2):
        for role, told in (("sharp", {"f_number": 5.6}), ("degraded", {"kernel": kernel})):
            make_dng(folder / role / f"{n}.dng", size=(448, 576), seed=n, contrast=0.06, **told)  # type: ignore[arg-type]


@pytest.fixture
def folders(tmp_path: Path, make_dng: Callable[..., Path]) -> Path:
    photograph(tmp_path, make_dng)
    return tmp_path


@pytest.fixture
def photos(folders: Path) -> Photos:
    sharp, degraded = (
        [decode_photo(folders / role / f"{n}.dng") for n in range(2)]
        for role in ("sharp", "degraded")
    )
    return sharp, degraded


def calibrated(
    photos: Photos, settings: CalibrationSettings = TINY, *, keeper: Keeper | None = None
) -> Calibration:
    return finish(engine.calibrate(*photos, settings, keeper=keeper))


def assert_same(a: Calibration, b: Calibration) -> None:
    assert np.array_equal(a.psf.kernels, b.psf.kernels)
    assert np.array_equal(a.psf.confidence, b.psf.confidence)
    assert [s.name for s in a.stages] == [s.name for s in b.stages]
    assert all(
        np.array_equal(s.kernels, t.kernels) for s, t in zip(a.stages, b.stages, strict=True)
    )
    assert a.curves == b.curves
    assert a.weights.keys() == b.weights.keys()
    assert all(np.array_equal(a.weights[name], b.weights[name]) for name in a.weights)
    assert (a.warnings, a.patches_flow, a.patches_matching) == (
        b.warnings,
        b.patches_flow,
        b.patches_matching,
    )


def test_resumed_from_any_checkpoint_equals_uninterrupted(photos: Photos, tmp_path: Path) -> None:
    whole = calibrated(photos)
    keeper = Files(tmp_path)
    watched = calibrated(photos, keeper=keeper)
    assert_same(watched, whole)
    steps = [f"GT-{n + 1}" for n in range(FLOW + MATCHING)]
    assert keeper.names == ["pairs", "L", "G", "GT", *steps, "M", "M-pass1", "R"]
    assert json_of(tmp_path / "R")["completed"] == ["pairs", "L", "G", "GT", "F", "M", "P", "R"]
    for name in (
        "pairs",
        "GT-2",
        f"GT-{FLOW}",
        f"GT-{FLOW + 2}",
        "M",
        "M-pass1",
        "R",
    ):
        later = Files(tmp_path, begin=tmp_path / name)
        resumed = calibrated(photos, keeper=later)
        assert_same(resumed, whole)
        assert later.names == keeper.names[keeper.names.index(name) + 1 :]
        assert resumed.seconds > json_of(tmp_path / name)["seconds"]


def json_of(path: Path) -> dict[str, Any]:
    found = CheckpointFile(path, resume=True).load()
    assert found is not None
    return found[0]


def test_unrelated_scenes_resume_too(photos: Photos, tmp_path: Path) -> None:
    unrelated = photos[0][:1], photos[1][1:]
    settings = replace(TINY, stages=Stages.FM, family=Family.RAYS)
    whole = calibrated(unrelated, settings, keeper=Files(tmp_path))
    assert not whole.same_scenes
    for name in (f"L-{FLOW - 1}", f"L-{FLOW + 2}"):
        assert_same(
            calibrated(unrelated, settings, keeper=Files(tmp_path, begin=tmp_path / name)), whole
        )


@pytest.fixture(scope="module")
def unrelated(
    tmp_path_factory: pytest.TempPathFactory, make_dng: Callable[..., Path]
) -> tuple[Photos, Calibration]:
    """A photo of each role that show different scenes, and what they give uninterrupted."""
    folder = tmp_path_factory.mktemp("unrelated")
    photograph(folder, make_dng)
    photos = [decode_photo(folder / "sharp" / "0.dng")], [decode_photo(folder / "degraded/1.dng")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BUDGETS, Quality.QUICK, BUDGET)
        return photos, calibrated(photos)


def test_flow_matching_begun_from_spectra_resumes_too(photos: Photos, tmp_path: Path) -> None:
    """Photos of the same scenes: they are taken as unrelated all the same."""
    settings = replace(TINY, stages=Stages.GTFM)
    whole = calibrated(photos, settings, keeper=Files(tmp_path))
    assert not whole.same_scenes
    # What was found before matching is what it began with.
    assert len(whole.stages) > 1 and whole.stages[-1].name == "M"
    begin = tmp_path / f"R-{FLOW + 2}"
    assert_same(calibrated(photos, settings, keeper=Files(tmp_path, begin=begin)), whole)


@pytest.mark.parametrize("stage", ["F", "M"])
def test_stopped_while_learning_keeps_kernels_and_goes_on(
    unrelated: tuple[Photos, Calibration], tmp_path: Path, stage: str
) -> None:
    photos, whole = unrelated
    settings, keeper = TINY, Files(tmp_path)
    lesson.SILENCE_S, before = -1.0, lesson.SILENCE_S
    try:
        work = engine.calibrate(*photos, settings, keeper=keeper)
        while (report := next(work)).stage != stage or "step" not in report.message:
            pass
        with pytest.raises(StopIteration) as done:
            work.send(STOP)
    finally:
        lesson.SILENCE_S = before
    stopped: Calibration = done.value.value
    assert stopped.finished == "stopped"
    # With a single photo none can be kept out whole, and what M changes is not taken unchecked:
    # it is what the stage before told, or what is simpler, where blocks of the photo like that
    # better.
    before_learning = next(s.kernels for s in whole.stages if s.name == "R")
    average = np.broadcast_to(before_learning.mean((0, 1)), before_learning.shape)
    points = np.zeros_like(before_learning)
    points[..., points.shape[-2] // 2, points.shape[-1] // 2] = 1
    expected = (before_learning, average, points)
    assert any(np.allclose(stopped.psf.kernels, kernels, atol=1e-6) for kernels in expected)
    resumed = calibrated(
        photos, settings, keeper=Files(tmp_path, begin=tmp_path / keeper.names[-1])
    )
    assert resumed.finished == "done"
    assert_same(resumed, whole)


def test_a_stop_while_pairs_are_looked_for_is_heard(photos: Photos) -> None:
    work = engine.calibrate(*photos, TINY)
    next(work)
    while (report := next(work)).stage == "pairs":
        assert "compared directly" in report.message
        with pytest.raises(LenscalError, match="nothing to keep"):
            work.send(STOP)
        return
    pytest.fail("no report to stop at")


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import test_resume as t
from lenscal.calibration.matching.matcher import Matcher
t.BUDGETS[t.Quality.QUICK] = t.BUDGET
t.lesson.SAVE_S = -1.0
step = Matcher.step
def dying(self):
    if self.step_number == t.FLOW + 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self)
Matcher.step = dying
t.cli.main(sys.argv[2:])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
def test_killed_and_resumed_on_the_command_line(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folders / "cache"))
    told = [
        "--quality",
        "quick",
        "--grid",
        "2x2",
        "--kernel-size",
        "7",
        "--stages",
        "all",
        "--device",
        "cpu",
    ]
    told.append("--quiet")

    def command(out: Path, *more: str) -> list[str]:
        return [
            "calibrate",
            str(folders / "sharp"),
            str(folders / "degraded"),
            "--out",
            str(out),
            *told,
            *more,
        ]

    out, other = folders / "lens.lenscal", folders / "whole.lenscal"
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, here, *command(out)], timeout=600, env=os.environ
    )
    assert done.returncode == -signal.SIGKILL
    assert not out.exists()
    assert json_of(checkpoint_path(out))["learning"]["step"] == FLOW + 2
    assert cli.main(command(out, "--resume", "--max-minutes", "100")) == 0
    assert cli.main(command(other)) == 0
    assert not list(folders.glob("*.checkpoint"))
    resumed, whole = read_profile(out), read_profile(other)
    assert np.array_equal(resumed.psf.kernels, whole.psf.kernels)
    assert resumed.curves == whole.curves


def test_other_photos_settings_and_versions_are_refused(
    photos: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(TINY, stages=Stages.P)
    calibrated(photos, settings, keeper=Files(tmp_path))

    def resumed(photos: Photos, settings: CalibrationSettings) -> Calibration:
        return calibrated(photos, settings, keeper=Files(tmp_path, begin=tmp_path / "P"))

    resumed(photos, replace(settings, max_minutes=30, device="auto"))
    for other, told in (
        (replace(settings, seed=1), "--seed 0, not 1"),
        (replace(settings, grid=(2, 3)), "--grid 2x2, not 2x3"),
    ):
        with pytest.raises(InputError, match=told):
            resumed(photos, other)
    sharp, degraded = photos
    with pytest.raises(InputError, match=r"the degraded photos are not the ones.*1\.dng"):
        resumed((sharp, degraded[:1]), settings)
    touched = replace(sharp[0], mosaic=sharp[0].mosaic.copy())
    touched.mosaic[64, 100] += 1
    with pytest.raises(InputError, match=r"the sharp photos are not the ones.*0\.dng"):
        resumed(([touched, sharp[1]], degraded), settings)
    with pytest.raises(InputError, match="their order"):
        resumed((sharp[::-1], degraded), settings)
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "CHECKPOINT_SCHEMA", 99)
        with pytest.raises(InputError, match="started by an earlier or later build"):
            resumed(photos, settings)
    monkeypatch.setattr(checkpoint, "__version__", "99.0")
    with pytest.raises(InputError, match=f"started by lenscal {__version__}, this is 99.0"):
        resumed(photos, settings)


def test_a_damaged_checkpoint_is_refused(photos: Photos, tmp_path: Path) -> None:
    settings = replace(TINY, stages=Stages.P)
    calibrated(photos, settings, keeper=Files(tmp_path))
    found = CheckpointFile(tmp_path / "P", resume=True).load()
    assert found is not None
    values, arrays = found
    for broken in ({**values, "pairs": 3}, {k: v for k, v in values.items() if k != "completed"}):
        CheckpointFile(tmp_path / "broken").save(broken, arrays)
        with pytest.raises(InputError, match="damaged"):
            calibrated(photos, settings, keeper=Files(tmp_path, begin=tmp_path / "broken"))


@pytest.mark.parametrize("how", ["both signs", "far away"])
def test_kernels_that_no_lens_has_are_not_gone_on_with(
    photos: Photos, tmp_path: Path, how: str
) -> None:
    settings = replace(TINY, stages=Stages.P)
    calibrated(photos, settings, keeper=Files(tmp_path))
    found = CheckpointFile(tmp_path / "P", resume=True).load()
    assert found is not None
    values, arrays = found
    kernels = np.zeros_like(arrays["kernels"])
    if how == "both signs":
        kernels[..., 24], kernels[..., 25] = 1000, -999
    else:
        kernels[..., 0] = 1
    CheckpointFile(tmp_path / "odd").save(values, {**arrays, "kernels": kernels})
    with pytest.raises(InputError, match="no lens's"):
        calibrated(photos, settings, keeper=Files(tmp_path, begin=tmp_path / "odd"))


def test_a_full_disk_costs_a_warning_only(photos: Photos, tmp_path: Path) -> None:
    settings = replace(TINY, stages=Stages.P)
    result = calibrated(
        photos, settings, keeper=CheckpointFile(tmp_path / "nowhere" / "x.checkpoint")
    )
    assert [w for w in result.warnings if "cannot be resumed" in w]
    assert np.array_equal(result.psf.kernels, calibrated(photos, settings).psf.kernels)


CUDA_IS_FULL = torch.OutOfMemoryError("CUDA out of memory")
APPLES_IS_FULL = RuntimeError("MPS backend out of memory (MPS allocated: 8.2 GB)")


def out_of_memory(
    calls: range, work: Callable[..., Any], error: RuntimeError = CUDA_IS_FULL
) -> Callable[..., Any]:
    """The same function, for which memory does not suffice at some of its calls (from 0)."""
    number = iter(range(10**6))

    def failing(*args: Any, **kwargs: Any) -> Any:
        if next(number) in calls:
            raise error
        return work(*args, **kwargs)

    return failing


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that computes like the CPU and is not it."""
    monkeypatch.setattr(engine, "pick_device", lambda name: torch.device("cpu:0"))


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("error", [CUDA_IS_FULL, APPLES_IS_FULL])
def test_full_gpu_memory_halves_the_batch(
    photos: Photos, monkeypatch: pytest.MonkeyPatch, error: RuntimeError
) -> None:
    monkeypatch.setattr(
        PublishedMatcher, "step", out_of_memory(range(1), PublishedMatcher.step, error)
    )
    work, reports = engine.calibrate(*photos, replace(TINY, stages=Stages.FM)), []
    with pytest.raises(StopIteration) as done:
        while True:
            reports.append(next(work))
    result: Calibration = done.value.value
    assert any(
        "GPU's memory was full: learning continued with 8 patches a step instead of 16" in w
        for w in result.warnings
    )
    assert any("The GPU's memory was full" in r.message for r in reports)
    assert (result.device, result.patches_flow) == ("cpu:0", FLOW * 8)


@pytest.mark.usefixtures("gpu")
def test_a_gpu_too_small_gives_way_to_the_cpu(
    photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(TINY, stages=Stages.FM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "pick_device", lambda name: torch.device("cpu"))
        plain = calibrated(photos, settings)
    monkeypatch.setattr(PublishedMatcher, "step", out_of_memory(range(2), PublishedMatcher.step))
    result = calibrated(photos, settings)
    assert any("the rest was computed on the CPU" in w for w in result.warnings)
    assert (result.device, result.patches_flow) == ("cpu", FLOW * BATCH)
    assert np.array_equal(result.psf.kernels, plain.psf.kernels)


@pytest.mark.usefixtures("gpu")
def test_a_gpu_that_fills_up_late_loses_no_step(
    photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = PublishedMatcher.step
    failed: list[int] = []

    def step(self: PublishedMatcher) -> Any:
        if self.step_number == 3 and len(failed) < 2:
            failed.append(self.batch)
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return plain(self)

    monkeypatch.setattr(PublishedMatcher, "step", step)
    result = calibrated(photos, replace(TINY, stages=Stages.FM))
    assert failed == [16, 8]
    assert result.patches_flow == FLOW * BATCH


@pytest.mark.usefixtures("gpu")
def test_closed_form_stages_give_way_too(photos: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(TINY, stages=Stages.P)
    plain = calibrated(photos, settings)
    monkeypatch.setattr(PairedStage, "run", out_of_memory(range(1), PairedStage.run))
    result = calibrated(photos, settings)
    assert result.device == "cpu"
    assert np.array_equal(result.psf.kernels, plain.psf.kernels)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("call", [0, 1, 2], ids=["after L", "after P", "at the end"])
def test_a_look_at_photos_that_were_kept_out_gives_way_too(
    photos: Photos, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    settings = replace(TINY, stages=Stages.P)
    plain = calibrated(photos, settings)
    check, calls = HeldOutPhotos.check, range(call, call + 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HeldOutPhotos, "check", out_of_memory(calls, check, APPLES_IS_FULL))
        result = calibrated(photos, settings)
    assert result.device == "cpu"
    assert sum("computed on the CPU" in w for w in result.warnings) == 1
    assert np.array_equal(result.psf.kernels, plain.psf.kernels)
    wrong = RuntimeError("wrong shape")
    monkeypatch.setattr(HeldOutPhotos, "check", out_of_memory(calls, check, wrong))
    with pytest.raises(RuntimeError, match="wrong shape"):
        calibrated(photos, settings)


def patches(n: int = 400) -> Reblur:
    rng = np.random.default_rng(0)
    pool = PatchPool(
        rng.random((n, 4, 16, 16), np.float32),
        np.full((n, 4), 1e-4, np.float32),
        rng.random((n, 3, 38, 38), np.float32).astype(np.float16),
        np.full((n, 4), 1e-4, np.float32),
        rng.random((n, 2), np.float32),
        True,
    )
    return Reblur(
        pool, Packing((0, 1, 1, 2)), (4, 4), torch.eye(49).expand(3, -1, -1), torch.device("cpu")
    )


def signed_start() -> torch.Tensor:
    start = torch.zeros(16, 3, 7, 7)
    start[..., 2:5, 2:5] = 1
    start[..., 3, 5], start[..., 3, 1] = -0.5, 0.5
    return (start / start.sum((-1, -2), keepdim=True)).flatten(2)


def test_matching_keeps_the_signs_of_its_start() -> None:
    start = signed_start()
    settings = MatchingSettings(
        1, 30, batch=64, network=NetworkSettings(width=8, depth=1), kernel_rate=0.1
    )
    matcher = Matcher(patches(), start, settings, seed=0, device=torch.device("cpu"))
    assert matcher.matched() is None
    for _ in range(matcher.total):
        matcher.step()
    found = matcher.matched()
    assert found is not None
    assert torch.equal(found.sign(), start.sign())
    assert torch.allclose(found.sum(-1), torch.ones(16, 3), atol=1e-5)
    assert (found - start).abs().max() > 1e-3


def test_several_threads_give_the_same_gradient_each_time() -> None:
    """Sums over patches that share a node: several threads must not add them up in any order."""
    reblur, before, found = patches(), torch.get_num_threads(), []
    batch = reblur.take(torch.arange(256), torch.arange(256))
    torch.set_num_threads(2)
    try:
        for _ in range(20):
            kernels = signed_start().requires_grad_()
            clean, _ = reblur.blur(kernels, batch)
            clean.square().sum().backward()
            assert kernels.grad is not None
            found.append(kernels.grad)
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(found[0], other) for other in found)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_learning_on_a_gpu_resumes(photos: Photos, tmp_path: Path) -> None:
    settings = replace(TINY, stages=Stages.FM, device="cuda")
    whole = calibrated(photos, settings, keeper=Files(tmp_path))
    resumed = calibrated(photos, settings, keeper=Files(tmp_path, begin=tmp_path / f"L-{FLOW + 2}"))
    assert np.abs(resumed.psf.kernels - whole.psf.kernels).max() < 1e-3


def test_time_of_a_pause_does_not_count() -> None:
    layout = lay_out((2, 2), 7, torch.device("cpu"))
    journal = Journal(max_minutes=1)
    before = journal.seconds
    report = journal.tell("P", "working", 0.5, first_estimate(layout, 16))
    next(report)
    with pytest.raises(StopIteration):
        report.send(Paused(12.5))
    assert journal.seconds < before - 12


def test_a_matcher_leaves_the_random_numbers_of_others_alone() -> None:
    """Whatever another thread draws between two steps, and whatever a matcher draws, is its own."""
    settings = MatchingSettings(2, 2, batch=16, network=NetworkSettings(width=8, depth=1))

    def matched(disturb: Callable[[], object]) -> torch.Tensor:
        matcher = Matcher(patches(), signed_start(), settings, seed=0, device=torch.device("cpu"))
        while matcher.step_number < matcher.total:
            disturb()
            matcher.step()
            snapshot = matcher.snapshot()
            disturb()
            matcher.restore(snapshot)
        kernels = matcher.matched()
        assert kernels is not None
        return kernels

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    quiet = matched(lambda: None)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(matched(lambda: torch.rand(1)), quiet)
