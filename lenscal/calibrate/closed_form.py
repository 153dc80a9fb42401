"""The closed-form stages as steps of a run: lateral colour, second order (G), paired (P)."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import Tensor

from lenscal.calibrate.field_solver import solve_field
from lenscal.calibrate.kernels import centroids, field_polynomials, interpolation_matrix
from lenscal.calibrate.lateral_colour import at_nodes, cross_spectra, lateral_shifts
from lenscal.calibrate.packed import packing_of
from lenscal.calibrate.paired import (
    NormalEquations,
    ShiftEquations,
    accumulate,
    cell_positions,
    empty_equations,
    refine_pairs,
    without_noise,
)
from lenscal.calibrate.run import Run, Steps, Stopped
from lenscal.calibrate.second_order import degraded_spectra, fit_second_order, reference_spectra
from lenscal.errors import LenscalError
from lenscal.optics.psf_grid import Reference

FIELD_SMOOTHNESS = 1.0
SOLVER_STEPS, HALF_STEPS = 25, 10


def lateral_colour(run: Run) -> Steps:
    """Find the sharp photos' lateral colour, so that paired kernels can be relative to the axis."""
    frames = [s.frame for s in run.sharp]
    sums = np.zeros(0)
    for number, grown in enumerate(cross_spectra(frames, run.cells)):
        sums = grown
        message = f"Lateral colour of the sharp photos, {number + 1} of {len(frames)}"
        run.check((yield run.say("L", message, 0.03, number)))
    run.lateral = at_nodes(lateral_shifts(sums, run.cells, run.shape), run.cells, run.shape)


def second_order(run: Run, low: float, high: float) -> Steps:
    """Stage G, between the fractions low and high of the whole job."""
    began = time.monotonic()
    shots = run.degraded if not run.pairs else [run.degraded[p.degraded] for p in run.pairs]
    spectra, reference = None, None
    for number, grown in enumerate(degraded_spectra(shots, run.cells)):
        spectra = grown
        message = f"Spectra of degraded photo {number + 1} of {len(shots)}"
        run.check((yield run.say("G", message, low + 0.15 * (high - low) * number / len(shots), number)))
    same = bool(run.pairs) or run.reference is Reference.SAME_POSITION
    shots = run.sharp if not run.pairs else [run.sharp[p.sharp] for p in run.pairs]
    for number, matrix in enumerate(reference_spectra(shots, run.cells, run.lateral if same else None)):
        reference = matrix
        message = f"Spectra of sharp photo {number + 1} of {len(shots)}"
        run.check((yield run.say("G", message, low + (0.15 + 0.25 * number / len(shots)) * (high - low), number)))
    if spectra is None or reference is None or not spectra[2].sum() or not np.abs(reference).sum():
        raise LenscalError("no patch could be used: the photos are clipped or empty all over")
    positions = cell_positions(run.cells)
    if same:
        pool = interpolation_matrix(positions, run.shape).T
        reference = np.tensordot(pool, reference, axes=1)
    else:
        reference = reference[np.abs(positions - 0.5).max(axis=1) < 0.27].sum(axis=0, keepdims=True)
    steps = run.budget.second_order_steps
    fit = fit_second_order(
        spectra, reference, packing_of(run.degraded[0].frame), run.cells, run.shape, run.precision, run.differences,
        kernel_size=run.size, smoothness=FIELD_SMOOTHNESS, device=run.device, iterations=steps,
    )
    for step, kernels in enumerate(fit):
        run.kernels = kernels
        if step % 5 == 0 or step == steps - 1:
            message = f"Matching spectra, step {step + 1} of {steps}"
            answer = yield run.say("G", message, low + (0.4 + 0.6 * step / steps) * (high - low), step)
            try:
                run.check(answer)
            except Stopped:
                run.keep_stage("G", began)
                raise
    run.keep_stage("G", began)


def paired_fit(run: Run, low: float, high: float) -> Steps:
    """Stage P: passes over the pairs, each solving for kernels and mending the pairs' displacements."""
    began = time.monotonic()
    weights = torch.from_numpy(interpolation_matrix(cell_positions(run.cells), run.shape)).float().to(run.device)
    at_cells: Tensor | None = None
    basis = field_polynomials(run.shape, 3)
    solved: Tensor | None = None
    sums = empty_equations(len(run.common), run.size, run.device)
    for number, budget in enumerate(run.budget.sites):
        shots = [(run.sharp[p.sharp], run.degraded[p.degraded]) for p in run.pairs]
        stop: Stopped | None = None
        passes = len(run.budget.sites)
        work = accumulate(
            shots, run.pairs, run.common, run.lateral, cells=run.cells, kernel_size=run.size,
            kernels=at_cells, budget_sites=budget, device=run.device,
        )
        shifts: list[ShiftEquations] = []
        for done, (grown, grown_shifts) in enumerate(work):
            sums, shifts = grown, grown_shifts
            part = (number + (done + 1) / len(run.pairs)) / passes
            message = f"Comparing pair {done + 1} of {len(run.pairs)}, pass {number + 1} of {passes}"
            try:
                run.check((yield run.say("P", message, low + part * (high - low), done)))
            except Stopped as stopped:
                stop = stopped
                break
        gram = without_noise(sums.gram.sum(0), sums.noise.sum(0), run.correlation, run.precision)
        high_part = low + (number + 1) / passes * (high - low)
        fit = solve_field(
            gram, sums.cross.sum(0), weights, run.precision, run.differences, FIELD_SMOOTHNESS,
            start=solved, iterations=SOLVER_STEPS,
        )
        for step, solved in enumerate(fit):
            message = f"Solving for the kernels, pass {number + 1} of {passes}"
            if stop is None and step % 5 == 4:
                run.kernels = solved
                try:
                    run.check((yield run.say("P", message, high_part, step)))
                except Stopped as stopped:
                    stop = stopped
                    break
        assert solved is not None
        run.kernels = solved
        if stop is not None:
            run.keep_stage("P", began)
            raise stop
        at_cells = torch.einsum("cm,mau->cau", weights, solved)
        if number == passes - 1:
            break
        if shifts:
            run.pairs = refine_pairs(run.pairs, shifts)
        middle = centroids(solved.view(-1, 3, run.size, run.size)).mean(1).cpu().numpy()
        smooth = basis @ np.linalg.lstsq(basis, middle, rcond=None)[0]
        run.common = run.common - at_nodes(smooth, run.cells, run.shape)
    run.keep_stage("P", began)
    yield from _half_fits(run, sums, weights, high)


def _half_fits(run: Run, sums: NormalEquations, weights: Tensor, fraction: float) -> Steps:
    """Independent fits on two halves of the pairs."""
    if len(run.pairs) < 2 or run.kernels is None:
        return
    fits: list[Tensor] = []
    for half in range(2):
        gram = without_noise(sums.gram[half], sums.noise[half], run.correlation, run.precision)
        fit = solve_field(
            gram, sums.cross[half], weights, run.precision, run.differences, FIELD_SMOOTHNESS,
            start=run.kernels, iterations=HALF_STEPS,
        )
        kernels = run.kernels
        for step, iterate in enumerate(fit):
            kernels = iterate
            run.check((yield run.say("P", f"How sure: half {half + 1} of the pairs by itself", fraction, step)))
        fits.append(kernels)
    run.halves = fits[0], fits[1]
