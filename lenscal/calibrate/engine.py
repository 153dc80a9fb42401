"""One calibration from beginning to end: which stages run, in which order, and what is kept of
them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import torch

from lenscal.calibrate.checkpoint import capture, complete, made_from, restore, resume
from lenscal.calibrate.confidence import confidence
from lenscal.calibrate.field.kernels import border_light, framed
from lenscal.calibrate.pairs.registration import find_pairs
from lenscal.calibrate.result import Calibration
from lenscal.calibrate.settings import CalibrationSettings, Stages
from lenscal.calibrate.stages.matching_stage import held_out_check, learnt_stages, look_at_unseen
from lenscal.calibrate.stages.paired_stage import paired_fit
from lenscal.calibrate.stages.run import Keeper, Run, Steps, Stopped, prepare
from lenscal.calibrate.stages.statistics_stage import lateral_colour, statistics_fit
from lenscal.errors import InputError, LenscalError
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import Frame
from lenscal.stepping import Job
from lenscal.system.device import free_memory, out_of_memory
from lenscal.translation import translatable

T = TypeVar("T")

LEAST_BATCH = 8
"""Below so many patches a step, a GPU is no help: the CPU takes over."""
ON_THE_CPU = "the GPU's memory was full: the rest was computed on the CPU, which takes longer"

LEAST_SHARE_OF_PAIRS = 0.5
"""From this share of the smaller folder on, the folders count as showing the same scenes."""


def calibrate(
    sharp: Sequence[Frame],
    degraded: Sequence[Frame],
    settings: CalibrationSettings,
    *,
    keeper: Keeper | None = None,
) -> Job[Calibration]:
    """Learn the PSF of the degraded photos relative to the sharp ones.

    Send `STOP` to finish early with what is there. A `keeper` is given checkpoints, and asked at
    the beginning for one to go on from; what comes out is the same to the bit as without the
    interruption (same device, same threads).

    Raises
    ------
    InputError
        Photos that cannot be calibrated (no Bayer pattern, sizes that differ, too small); a
        checkpoint of other ones.
    LenscalError
        Stopped before anything was learnt; no usable patches.
    """
    run = prepare(sharp, degraded, settings)
    if keeper is not None:
        run.keeper, run.made_from = keeper, made_from(run)
    resumed = resume(run)
    try:
        if resumed:
            run.check((yield run.say("resume", _where(run), 0.0)))
        yield from _stages(run)
    except Stopped:
        if run.kernels is None:
            raise LenscalError(
                translatable("stopped before any kernel was learnt: nothing to keep")
            ) from None
    try:
        return _result(run)
    except RuntimeError as error:
        if not _full(run, error):
            raise
    _to_the_cpu(run)
    return _result(run)


def _full(run: Run, error: RuntimeError) -> bool:
    """Whether a GPU's memory was full: the CPU may have more."""
    return run.device != torch.device("cpu") and out_of_memory(error)


def _to_the_cpu(run: Run) -> None:
    free_memory()
    run.move_to(torch.device("cpu"))
    run.warnings.append(ON_THE_CPU)


def _where(run: Run) -> str:
    within = f", pass {run.passes} of stage P" if run.passes else ""
    if run.learning is not None:
        within = f", step {run.learning.snapshot.step} of stages F and M"
    return f"Going on after {', '.join(run.completed)}{within}"


def _stages(run: Run) -> Steps:
    if "pairs" not in run.completed:
        yield from _look_for_pairs(run)
        complete(run, "pairs")
    if not run.pairs:
        run.held_degraded, run.degraded = _hold_out(run.degraded)
    for name, done, stage in _plan(run):
        if name not in run.completed:
            yield from _with_enough_memory(run, name, stage)
            yield from _look(run, name, done)
            complete(run, name)
            # The stage may have changed where the photos are compared.
            run.unseen = None


def _look(run: Run, name: str, done: float) -> Steps:
    """A look at the photos that were kept out, which a full GPU must not end."""
    try:
        yield from look_at_unseen(run, name, done)
        return
    except RuntimeError as error:
        if not _full(run, error):
            raise
    _to_the_cpu(run)
    yield from look_at_unseen(run, name, done)


def _look_for_pairs(run: Run) -> Steps:
    run.check((yield run.say("pairs", translatable("Looking for photos of the same scenes"), 0.0)))
    pairs = find_pairs(run.sharp, run.degraded)
    enough = len(pairs) >= max(1, LEAST_SHARE_OF_PAIRS * min(len(run.sharp), len(run.degraded)))
    n_cells = run.cells[0] * run.cells[1]
    run.common, run.lateral = np.zeros((n_cells, 2)), np.zeros((n_cells, 3, 2))
    if enough:
        run.held_pairs, run.pairs = _hold_out(pairs)
        told = translatable(
            "{pairs} scenes stand in both folders: they are compared directly", pairs=len(pairs)
        )
    elif run.settings.stages is Stages.P:
        raise InputError(
            translatable(
                "--stages P needs the same scenes in both folders; none were found. Use --stages auto"
            )
        )
    else:
        told = translatable("The folders show different scenes: their statistics are compared")
    run.check((yield run.say("pairs", told, 0.02)))


def _plan(run: Run) -> Iterator[tuple[str, float, Callable[[], Steps]]]:
    """The stages after the pairs, in order: name, part of the whole job that is done after it, and
    what runs it.

    Matching has never found what pairs did not tell (docs/experiments/): with pairs, F and M run
    only if asked for.
    """
    wanted, same = run.settings.stages, bool(run.pairs)
    paired = same and wanted in (Stages.AUTO, Stages.P, Stages.ALL)
    alone = wanted is Stages.AUTO and not same
    yield "L", 0.05, lambda: lateral_colour(run)
    if wanted in (Stages.G, Stages.ALL):
        only = wanted is Stages.G
        high = 0.4 if only else 0.1
        yield "G", high, lambda: statistics_fit(run, 0.05, high, third_order=False, last=only)
    if wanted in (Stages.GT, Stages.ALL) or alone:
        told = 0.2 if paired else 0.4
        yield "GT", told, lambda: statistics_fit(run, 0.1, told, third_order=True, last=not paired)
    if wanted in (Stages.FM, Stages.ALL) or (
        alone and run.held_degraded
    ):  # what cannot be checked is not kept
        low = 0.05 if wanted is Stages.FM else 0.2 if paired else 0.4
        learnt = 0.6 if paired else 0.98
        yield "FM", learnt, lambda: learnt_stages(run, low, learnt)
    if paired:
        yield "P", 0.98, lambda: paired_fit(run, 0.6 if wanted is Stages.ALL else 0.05, 0.98)


def _with_enough_memory(run: Run, name: str, stage: Callable[[], Steps]) -> Steps:
    """A stage; where a GPU's memory does not suffice, again from its last checkpoint in a way that
    needs less."""
    while True:
        try:
            yield from stage()
            return
        except RuntimeError as error:
            if not _full(run, error):
                raise
        free_memory()
        batch = run.batch // 2 if name == "FM" else 0
        if batch < LEAST_BATCH:
            run.move_to(torch.device("cpu"))
            batch, notice = run.budget.batch, ON_THE_CPU
        else:
            notice = f"the GPU's memory was full: learning went on with {batch} patches a step instead of {2 * batch}"
        assert run.saved is not None
        restore(run, run.saved)
        run.batch = batch
        run.warnings.append(notice)
        run.saved = capture(run)
        run.check((yield run.say(name, notice[0].upper() + notice[1:], 0.05)))


def _hold_out(items: Sequence[T]) -> tuple[list[T], list[T]]:
    """One in six, at least one where there are four; the rest."""
    n = 0 if len(items) < 4 else max(1, len(items) // 6)
    return list(items[len(items) - n :]), list(items[: len(items) - n])


def _result(run: Run) -> Calibration:
    assert run.kernels is not None
    check = held_out_check(run)
    reblur: dict[str, float] = {}
    if check is not None:
        average = run.kernels.mean(0, keepdim=True).expand_as(run.kernels)
        delta = torch.zeros_like(run.kernels)
        delta[..., run.size**2 // 2] = 1
        reblur = {
            "estimate": check.distance(run.kernels),
            "floor": check.floor(),
            "delta": check.distance(delta),
            "average": check.distance(average),
        }
        stages = (
            torch.from_numpy(s.kernels).flatten(-2).flatten(0, 1).to(run.device) for s in run.stages
        )
        distances = [check.distance(framed(k, run.size)) for k in stages]
        run.stages = [replace(s, reblur=d) for s, d in zip(run.stages, distances, strict=True)]
    kernels = run.grid(run.kernels)
    border = float(border_light(run.kernels).max())
    if border > 0.03:
        share = f"{border:.0%}"
        run.warnings.append(
            translatable(
                "up to {share} of a kernel's light falls on its border: use a larger --kernel-size",
                share=share,
            )
        )
    psf = PsfGrid(kernels, run.degraded[0].size, run.reference, _confidence(run))
    return Calibration(
        psf,
        run.degraded[0].noise,
        tuple(run.stages),
        bool(run.pairs),
        run.curves,
        reblur,
        tuple(run.warnings),
        run.finished,
        str(run.device),
        run.seconds(),
        run.patches_flow,
        run.patches_matching,
        run.weights,
    )


def _confidence(run: Run) -> np.ndarray | None:
    """[rows, cols, 3] in 0..1 from two fits on disjoint halves of the photos; None without them."""
    if run.halves is None or run.kernels is None:
        return None
    a, b = (run.grid(half) for half in run.halves)
    return confidence(run.grid(run.kernels), (a, b))
