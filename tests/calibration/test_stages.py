"""What stages hand on, and which of them run."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lenscal.calibration.budget import BUDGETS
from lenscal.calibration.checkpoint import Checkpointer, captured, restored
from lenscal.calibration.engine import plan
from lenscal.calibration.pairs.registration import Pair
from lenscal.calibration.settings import CalibrationSettings, Quality, Stages
from lenscal.calibration.stages.estimate import Estimate, Registration, first_estimate
from lenscal.calibration.stages.held_out import HeldOutPhotos
from lenscal.calibration.stages.journal import Journal, Stopped
from lenscal.calibration.stages.layout import lay_out
from lenscal.calibration.stages.photos import Photos, hold_out
from lenscal.optics.psf_grid import Reference
from lenscal.stepping import STOP

CPU = torch.device("cpu")
PAIR = Pair(0, 1, np.arange(6.0).reshape(3, 2))


def estimate_of(*, paired: bool) -> Estimate:
    estimate = first_estimate(lay_out((2, 2), 5, CPU), 16)
    registration = estimate.registration
    pairs = (PAIR,) if paired else ()
    return Estimate(
        estimate.layout,
        Registration(pairs, pairs, registration.common, registration.lateral),
        estimate.batch,
        kernels=torch.full((4, 3, 25), 0.04),
    )


@pytest.mark.parametrize(
    ("stages", "paired", "names"),
    [
        (Stages.AUTO, True, "L P R"),
        (Stages.AUTO, False, "L GT R"),
        (Stages.G, True, "L G"),
        (Stages.GT, True, "L GT R"),
        (Stages.P, True, "L P"),
        (Stages.FM, False, "L F M"),
        (Stages.GTFM, False, "L GT R F M"),
        (Stages.ALL, True, "L G GT F M P R"),
        (Stages.ALL, False, "L G GT R F M"),
    ],
)
def test_every_stage_that_runs_is_named(stages: Stages, paired: bool, names: str) -> None:
    """Rays, too, which stages GT and P go on to; matching only where it can be checked."""
    settings = CalibrationSettings(Quality.QUICK, grid=(2, 2), stages=stages)
    budget, estimate, journal = BUDGETS[Quality.QUICK], estimate_of(paired=paired), Journal()
    held_out = HeldOutPhotos(Photos((), (), Reference.AXIS), seed=0)
    checkpoints = Checkpointer(None, {}, estimate, journal)
    planned = plan(settings, budget, estimate, held_out, checkpoints)
    assert " ".join(name for stage in planned for name in stage.names) == names


def test_stages_share_the_job_without_gaps_backwards() -> None:
    settings = CalibrationSettings(Quality.QUICK, grid=(2, 2), stages=Stages.ALL)
    for paired in (True, False):
        estimate, journal = estimate_of(paired=paired), Journal()
        held_out = HeldOutPhotos(Photos((), (), Reference.AXIS), seed=0)
        checkpoints = Checkpointer(None, {}, estimate, journal)
        planned = plan(settings, BUDGETS[Quality.QUICK], estimate, held_out, checkpoints)
        ends = [end for stage in planned for end in (stage.span.low, stage.span.high)]
        assert ends == sorted(ends)


def test_what_is_captured_comes_back() -> None:
    estimate, journal = estimate_of(paired=True), Journal()
    journal.curves = {"flow loss": [(3, 0.5)]}
    journal.warnings = ["little texture"]
    journal.note_stage("P", 0.0, estimate)
    saved = captured(estimate, journal, {})
    other = Journal()
    back = restored(saved, estimate.layout, other)
    assert back.kernels is not None and estimate.kernels is not None
    assert torch.equal(back.kernels, estimate.kernels)
    assert np.array_equal(back.registration.pairs[0].motion, PAIR.motion)
    assert back.registration.pairs[0].motion is not PAIR.motion
    assert (other.curves, other.warnings) == (journal.curves, journal.warnings)
    assert [stage.name for stage in other.stages] == ["P"]


def test_a_stop_carries_the_estimate_that_was_reached() -> None:
    estimate, journal = estimate_of(paired=False), Journal()
    report = journal.tell("G", "working", 0.5, estimate, 7, flow_loss=0.25)
    assert next(report).curves == {"flow loss": 0.25}
    with pytest.raises(Stopped) as stopped:
        report.send(STOP)
    assert stopped.value.estimate is estimate
    assert journal.finished == "stopped"
    assert journal.curves == {"flow loss": [(7, 0.25)]}


def test_the_clock_ends_only_what_has_kernels() -> None:
    journal = Journal(max_minutes=1e-9)
    without = first_estimate(lay_out((2, 2), 5, CPU), 16)
    list(journal.tell("G", "working", 0.1, without))
    with pytest.raises(Stopped):
        list(journal.tell("G", "working", 0.2, estimate_of(paired=False)))
    assert journal.finished == "time"


def test_a_sixth_is_kept_out_and_nothing_of_three() -> None:
    assert hold_out("abc") == (("a", "b", "c"), ())
    assert hold_out("abcd") == (("a", "b", "c"), ("d",))
    assert hold_out(range(12)) == (tuple(range(10)), (10, 11))
