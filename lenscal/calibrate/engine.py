"""One calibration from beginning to end: which stages run, in which order, and what is kept of them."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import torch

from lenscal.calibrate.closed_form import lateral_colour, paired_fit, statistics_fit
from lenscal.calibrate.learnt import held_out_check, learnt_stages
from lenscal.calibrate.registration import find_pairs
from lenscal.calibrate.run import Run, Steps, Stopped, prepare
from lenscal.calibrate.settings import Calibration, CalibrationSettings, Stages
from lenscal.errors import InputError, LenscalError
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import Frame
from lenscal.reports import Report

T = TypeVar("T")

LEAST_SHARE_OF_PAIRS = 0.5
"""From this share of the smaller folder on, the folders count as showing the same scenes."""


def calibrate(
    sharp: Sequence[Frame], degraded: Sequence[Frame], settings: CalibrationSettings
) -> Generator[Report, str | None, Calibration]:
    """Learn the PSF of the degraded photos relative to the sharp ones.

    Send "stop" to finish early with what is there.

    Raises
    ------
    InputError
        Photos that cannot be calibrated (no Bayer pattern, sizes that differ, too small).
    LenscalError
        Stopped before anything was learnt; no usable patches.
    """
    run = prepare(sharp, degraded, settings)
    try:
        yield from _stages(run)
    except Stopped:
        if run.kernels is None:
            raise LenscalError("stopped before any kernel was learnt: nothing to keep") from None
    return _result(run)


def _stages(run: Run) -> Steps:
    wanted = run.settings.stages
    run.check((yield run.say("pairs", "Looking for photos of the same scenes", 0.0)))
    pairs = find_pairs([s.frame for s in run.sharp], [s.frame for s in run.degraded])
    enough = len(pairs) >= max(1, LEAST_SHARE_OF_PAIRS * min(len(run.sharp), len(run.degraded)))
    n_cells = run.cells[0] * run.cells[1]
    run.common, run.lateral = np.zeros((n_cells, 2)), np.zeros((n_cells, 3, 2))
    if enough:
        run.held_pairs, run.pairs = _hold_out(pairs)
        yield run.say("pairs", f"{len(pairs)} scenes stand in both folders: they are compared directly", 0.02)
    else:
        if wanted is Stages.P:
            raise InputError("--stages P needs the same scenes in both folders; none were found. Use --stages auto")
        held, used = _hold_out(run.degraded)
        run.held_degraded, run.degraded = list(held), list(used)
        yield run.say("pairs", "The folders show different scenes: their statistics are compared", 0.02)
    yield from lateral_colour(run)
    paired = enough and wanted in (Stages.AUTO, Stages.P, Stages.ALL)
    if wanted in (Stages.G, Stages.GT, Stages.ALL) or (wanted is Stages.AUTO and not enough):
        if wanted is Stages.ALL:
            yield from statistics_fit(run, 0.05, 0.1, third_order=False)
        yield from statistics_fit(run, 0.1, 0.2 if paired else 0.4, third_order=wanted is not Stages.G)
    if paired and wanted is not Stages.ALL:
        yield from paired_fit(run, 0.05, 0.4)
    if wanted in (Stages.AUTO, Stages.FM, Stages.ALL):
        low = 0.05 if run.kernels is None else 0.2 if wanted is Stages.ALL else 0.4
        yield from learnt_stages(run, low, 0.6 if paired and wanted is Stages.ALL else 0.98)
    if paired and wanted is Stages.ALL:
        yield from paired_fit(run, 0.6, 0.98)


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
        reblur = {"estimate": check.distance(run.kernels), "floor": check.floor(),
                  "delta": check.distance(delta), "average": check.distance(average)}
        stages = (torch.from_numpy(s.kernels).reshape(run.kernels.shape).to(run.device) for s in run.stages)
        run.stages = [replace(s, reblur=check.distance(k)) for s, k in zip(run.stages, stages, strict=True)]
    kernels = run.grid(run.kernels)
    border = 1 - kernels[..., 1:-1, 1:-1].sum((-1, -2))
    if border.max() > 0.03:
        share = f"{border.max():.0%}"
        run.warnings.append(f"up to {share} of a kernel's light falls on its border: use a larger --kernel-size")
    psf = PsfGrid(kernels, run.degraded[0].frame.size, run.reference, _confidence(run))
    return Calibration(
        psf, run.degraded[0].noise, tuple(run.stages), bool(run.pairs), run.curves, reblur, tuple(run.warnings),
        run.finished, str(run.device), time.monotonic() - run.started, run.patches_flow, run.patches_matching,
        run.weights,
    )


def _confidence(run: Run) -> np.ndarray | None:
    """[rows, cols, 3] in 0..1 from two fits on disjoint halves of the pairs and how they differ; None without them."""
    if run.halves is None or run.kernels is None:
        return None
    a, b = run.halves
    disagreement = (a - b).norm(dim=-1) / run.kernels.norm(dim=-1).clamp(min=1e-9) / 2
    return np.exp(-2 * disagreement.cpu().numpy()).reshape(*run.shape, 3).astype(np.float32)
