"""The whole calibration on real DNG files of a small virtual lens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from lens_cases import SmallLens, relative_l2

from lenscal.calibration import engine
from lenscal.calibration.budget import BUDGETS, Budget
from lenscal.calibration.field.kernels import centroids
from lenscal.calibration.result import Calibration
from lenscal.calibration.settings import CalibrationSettings, Quality, Stages
from lenscal.calibration.stages import paired_stage, photos
from lenscal.calibration.stages.learnt import matching_stage
from lenscal.errors import InputError, LenscalError
from lenscal.flow.network import NetworkSettings
from lenscal.measure.kernel_scores import score
from lenscal.optics.psf_grid import PsfGrid, Reference
from lenscal.raw.frame import Frame, NoiseModel
from lenscal.reports import Report
from lenscal.stepping import STOP, finish
from lenscal.system.device import pick_device

SMALL = CalibrationSettings(Quality.QUICK, device="cpu", grid=(3, 3), stages=Stages.P)
BUDGET = Budget((1e5, 3e5), 20, 4, 600, 12, 12, 16, NetworkSettings(width=16, depth=1))


@pytest.fixture(autouse=True)
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same code with fewer steps."""
    monkeypatch.setitem(BUDGETS, Quality.QUICK, BUDGET)


def run(
    sharp: list[Frame], degraded: list[Frame], settings: CalibrationSettings = SMALL
) -> Calibration:
    return finish(engine.calibrate(sharp, degraded, settings))


@pytest.fixture(scope="session")
def learnt(small_lens: SmallLens) -> Calibration:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BUDGETS, Quality.QUICK, BUDGET)
        return run(small_lens.sharp, small_lens.degraded)


def figures(psf: PsfGrid, truth: PsfGrid) -> dict[str, dict[str, float]]:
    height, width = truth.image_size
    at = (truth.positions * [height - 1, width - 1]).reshape(-1, 2)
    flat = [g.kernels.reshape(-1, *g.kernels.shape[2:]).astype(float) for g in (truth, psf)]
    return score(flat[0], at, flat[1], at)


def test_paired_fit_beats_the_baselines(learnt: Calibration, small_lens: SmallLens) -> None:
    table = figures(learnt.psf, small_lens.truth)
    assert learnt.same_scenes
    assert learnt.psf.reference is Reference.AXIS
    for worse in ("delta", "average"):
        for name in ("rel_l2_mean", "ca_px_mean", "odd_rel"):
            assert table["estimate"][name] < table[worse][name]
        assert table["estimate"]["ncc_mean"] > table[worse]["ncc_mean"]


def test_kernels_grow_where_light_reaches_their_border(
    learnt: Calibration, small_lens: SmallLens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "KERNEL_PX", 5)
    monkeypatch.setattr(paired_stage, "LARGE_KERNEL_PX", 11)
    larger = run(small_lens.sharp, small_lens.degraded)
    assert larger.psf.kernel_size == 11
    assert any("5 px" in w and "11 px wide" in w for w in larger.warnings)
    assert relative_l2(larger.psf.kernels, learnt.psf.kernels[..., 1:-1, 1:-1]) < 0.25
    asked = run(small_lens.sharp, small_lens.degraded, replace(SMALL, kernel_size=5))
    assert asked.psf.kernel_size == 5
    assert any("larger --kernel-size" in warning for warning in asked.warnings)


def test_kernels_stay_centred(learnt: Calibration) -> None:
    """A common shift that varies over the field cannot be known: it must not appear as
    distortion."""
    middle = centroids(torch.from_numpy(learnt.psf.kernels)).mean(2)
    assert middle.abs().max() < 0.12


def mirrored(frame: Frame) -> Frame:
    return replace(
        frame,
        mosaic=np.ascontiguousarray(frame.mosaic[:, ::-1]),
        cfa=frame.cfa[:, ::-1],
        black=frame.black[:, ::-1],
        rgb=np.ascontiguousarray(frame.rgb[:, ::-1]),
        gain=frame.gain[:, ::-1],
    )


def test_mirrored_photos_give_the_mirrored_grid(learnt: Calibration, small_lens: SmallLens) -> None:
    other = run([mirrored(f) for f in small_lens.sharp], [mirrored(f) for f in small_lens.degraded])
    expected = learnt.psf.kernels[:, ::-1, :, :, ::-1]
    assert relative_l2(other.psf.kernels, expected) < 0.05
    assert relative_l2(other.psf.kernels, learnt.psf.kernels) > 0.2


def exchanged(frame: Frame) -> Frame:
    noise = NoiseModel(frame.noise.a[::-1], frame.noise.b[::-1])
    return replace(
        frame,
        cfa=(2 - frame.cfa).astype(np.uint8),
        rgb=np.ascontiguousarray(frame.rgb[..., ::-1]),
        white_balance=frame.white_balance[::-1].copy(),
        gain=frame.gain[..., ::-1],
        noise=noise,
    )


def test_exchanging_red_and_blue_exchanges_their_kernels(
    learnt: Calibration, small_lens: SmallLens
) -> None:
    other = run(
        [exchanged(f) for f in small_lens.sharp], [exchanged(f) for f in small_lens.degraded]
    )
    assert relative_l2(other.psf.kernels[:, :, ::-1], learnt.psf.kernels) < 0.03
    assert relative_l2(other.psf.kernels, learnt.psf.kernels) > 0.05


def test_the_same_aperture_gives_a_delta(same_aperture: SmallLens) -> None:
    calibration = run(same_aperture.sharp, same_aperture.degraded)
    centre = calibration.psf.kernels[..., 5:8, 5:8].sum((-1, -2))
    assert calibration.psf.reference is Reference.SAME_POSITION
    assert centre.min() > 0.9


@pytest.mark.usefixtures("few_steps")
def test_stop_keeps_what_was_learnt(small_lens: SmallLens) -> None:
    work = engine.calibrate(small_lens.sharp, small_lens.degraded, SMALL)
    report = next(work)
    while not report.message.startswith("Comparing pair"):
        report = next(work)
    with pytest.raises(StopIteration) as done:
        work.send(STOP)
    calibration = done.value.value
    assert calibration.finished == "stopped"
    assert [s.name for s in calibration.stages] == ["P"]


def test_stop_before_anything_was_learnt_says_so(small_lens: SmallLens) -> None:
    work = engine.calibrate(small_lens.sharp, small_lens.degraded, SMALL)
    next(work)
    with pytest.raises(LenscalError, match="nothing to keep"):
        work.send(STOP)


@pytest.mark.usefixtures("few_steps")
def test_all_stages_run_with_growing_progress_and_repeat_to_the_bit(
    small_lens: SmallLens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos, "LEAST_TO_HOLD_OUT_OF", 3)
    # Small photos show few patches.
    monkeypatch.setattr(matching_stage, "LEAST_PATCHES", 20)
    # Every stage, in as few rounds as there can be.
    few = replace(BUDGETS[Quality.QUICK], statistics_rounds=1, ray_rounds=1)
    monkeypatch.setitem(BUDGETS, Quality.QUICK, few)
    settings = replace(SMALL, stages=Stages.ALL)
    reports: list[Report] = []
    work = engine.calibrate(small_lens.sharp, small_lens.degraded, settings)
    first = finish(work, reports.append)
    assert [s.name for s in first.stages] == ["G", "GT", "M", "P", "R"]
    assert first.patches_flow == 12 * 2 * 16
    assert dict(first.curves)["flow loss"]
    assert sum("held-out" in report.message for report in reports) >= 4
    # Only the list of the stages to come is no step on the way.
    fractions = [report.fraction for report in reports if report.fraction is not None]
    assert [report.stage for report in reports if report.fraction is None] == ["plan"]
    assert fractions == sorted(fractions)
    second = run(small_lens.sharp, small_lens.degraded, settings)
    assert np.array_equal(first.psf.kernels, second.psf.kernels)


@pytest.mark.usefixtures("few_steps")
def test_unrelated_scenes_are_matched_by_their_spectra(
    small_lens: SmallLens, same_aperture: SmallLens
) -> None:
    rolled = [
        replace(
            f, mosaic=np.roll(f.mosaic, (200, 300), (0, 1)), rgb=np.roll(f.rgb, (200, 300), (0, 1))
        )
        for f in same_aperture.sharp[:1]
    ]
    calibration = run(rolled, small_lens.degraded[1:], replace(SMALL, stages=Stages.G))
    table = figures(calibration.psf, small_lens.truth)
    assert not calibration.same_scenes
    assert table["estimate"]["rel_l2_mean"] < table["delta"]["rel_l2_mean"]


@pytest.mark.usefixtures("few_steps")
def test_too_few_patches_for_matching_alone_say_so(
    small_lens: SmallLens, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = BUDGETS[Quality.QUICK]
    few = replace(quick, published=replace(quick.published, patches=20))
    monkeypatch.setitem(BUDGETS, Quality.QUICK, few)
    with pytest.raises(LenscalError, match="too few textured patches"):
        run(small_lens.sharp, small_lens.degraded, replace(SMALL, stages=Stages.FM))


def test_pairs_asked_for_but_absent(small_lens: SmallLens) -> None:
    with pytest.raises(InputError, match="same scenes"):
        run(small_lens.sharp[:1], small_lens.degraded[1:])


def test_a_device_that_is_not_there() -> None:
    if torch.backends.mps.is_available():
        pytest.skip("this machine has it")
    with pytest.raises(InputError, match="--device mps"):
        pick_device("mps")


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_agrees_with_the_cpu(learnt: Calibration, small_lens: SmallLens) -> None:
    on_gpu = run(small_lens.sharp, small_lens.degraded, replace(SMALL, device="cuda"))
    assert relative_l2(on_gpu.psf.kernels, learnt.psf.kernels) < 0.02


def test_reblur_check_ranks_kernels(small_lens: SmallLens) -> None:
    """With photos kept out (four pairs): the estimate comes nearer to the degraded photos than no
    blur does."""
    frames = [[*f, f[0]] for f in (small_lens.sharp, small_lens.degraded)]
    calibration = run(*frames)
    assert calibration.reblur["floor"] < calibration.reblur["delta"]
    assert calibration.reblur["estimate"] < calibration.reblur["delta"]
    assert calibration.stages[-1].reblur is not None
    looks = calibration.curves["re-blur distance"]
    assert [number for number, _ in looks] == list(range(len(looks))) and looks
    assert looks[-1][1] == pytest.approx(calibration.reblur["estimate"], rel=1e-6)
    assert calibration.curves["re-blur floor"][-1][1] == pytest.approx(
        calibration.reblur["floor"], rel=1e-6
    )


@pytest.mark.usefixtures("few_steps")
def test_stop_in_a_later_pass_keeps_what_all_pairs_told(small_lens: SmallLens) -> None:
    work = engine.calibrate(small_lens.sharp, small_lens.degraded, SMALL)
    while not (report := next(work)).message.startswith("Comparing pair 1 of 3, pass 2"):
        before = report.kernels if report.kernels is not None else None
    with pytest.raises(StopIteration) as done:
        work.send(STOP)
    calibration = done.value.value
    assert calibration.finished == "stopped" and before is not None
    assert np.array_equal(calibration.psf.kernels, report.kernels)


@pytest.mark.usefixtures("few_steps")
def test_half_of_the_photos_without_texture_costs_the_confidence_only(
    small_lens: SmallLens,
) -> None:
    """Unrelated scenes; the middle of the first sharp photo shows nothing."""
    first = small_lens.sharp[0]
    mosaic = first.mosaic.copy()
    height, width = first.size
    mosaic[height // 10 : -height // 10, width // 10 : -width // 10] = int(first.white)
    sharp = [replace(first, mosaic=mosaic), *small_lens.sharp[1:2]]
    calibration = run(sharp, small_lens.degraded[2:] * 2, replace(SMALL, stages=Stages.GT))
    assert not calibration.same_scenes
    assert calibration.psf.confidence is None
    assert any("half of the photos" in warning for warning in calibration.warnings)
