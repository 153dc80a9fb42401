"""Stage P as steps of a run: passes over pairs of photos that show the same scene."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import Tensor

from lenscal.calibrate.checkpoint import keep
from lenscal.calibrate.field.geometry import (
    cell_positions,
    interpolation_matrix,
    node_positions,
    values_at_cells,
)
from lenscal.calibrate.field.kernels import centroids, reaches_border
from lenscal.calibrate.field.polynomials import field_polynomials
from lenscal.calibrate.packing import packing_of
from lenscal.calibrate.pairs.field_solver import solve_field
from lenscal.calibrate.pairs.linear_demosaic import scene_spectrum
from lenscal.calibrate.pairs.normal_equations import (
    NormalEquations,
    ShiftEquations,
    accumulate,
    empty_equations,
    refine_pairs,
)
from lenscal.calibrate.rays.paired_rays import rays_from_pairs
from lenscal.calibrate.settings import LARGE_KERNEL_PX, Stages
from lenscal.calibrate.stages.run import NOTHING_USABLE, Run, Steps, Stopped, bytes_per_cell
from lenscal.calibrate.statistics.kernel_field import kernel_field
from lenscal.calibrate.statistics.lateral_colour import COLOUR_GRID
from lenscal.calibrate.statistics.scene_spectra import likeliest_scene
from lenscal.calibrate.statistics.spectra import mean_matrices, mosaic_spectra
from lenscal.calibrate.statistics.windowed import data_cells
from lenscal.errors import LenscalError
from lenscal.stepping import Job
from lenscal.translation import translatable

FIELD_SMOOTHNESS = 100.0
SOLVER_STEPS, HALF_STEPS = 25, 10
MORE_WORK = 2.0
"""How much longer the last pass may take then; fewer sites are read."""
MOST_BYTES = 1e9
"""Of normal equations, that larger kernels may take."""


def paired_fit(run: Run, low: float, high: float) -> Steps:
    """Stage P: passes over the pairs, each solving for kernels and mending the pairs'
    displacements; then rays (R)."""
    began = time.monotonic()
    with_rays = run.settings.stages is not Stages.P
    end, high = high, low + 0.8 * (high - low) if with_rays else high
    weights = (
        torch.from_numpy(interpolation_matrix(cell_positions(run.cells), run.shape))
        .float()
        .to(run.device)
    )
    basis = field_polynomials(run.shape, 3)
    solved = run.kernels if run.passes else None
    cell_kernels = None if solved is None else torch.einsum("cm,mau->cau", weights, solved)
    sums = empty_equations(len(run.common), run.size, run.device)
    told = _bounds(run)
    scene = yield from _mean_scene(run, low)
    for number, budget in list(enumerate(run.budget.sites))[run.passes :]:
        if number == len(run.budget.sites) - 1 and solved is not None and _too_small(run, solved):
            budget *= MORE_WORK * (run.size / LARGE_KERNEL_PX) ** 4
            told, solved, cell_kernels = _enlarged(run, solved, weights)
        shots = [(run.sharp[p.sharp], run.degraded[p.degraded]) for p in run.pairs]
        stop: Stopped | None = None
        passes = len(run.budget.sites)
        work = accumulate(
            shots,
            run.pairs,
            run.common,
            run.lateral,
            scene,
            cells=run.cells,
            kernel_size=run.size,
            kernels=cell_kernels,
            budget_sites=budget,
            device=run.device,
        )
        shifts: list[ShiftEquations | None] = []
        for done, (grown, grown_shifts) in enumerate(work):
            sums, shifts = grown, grown_shifts
            part = (number + (done + 1) / len(run.pairs)) / passes
            message = translatable(
                "Comparing pair {done} of {pairs}, pass {number} of {passes}",
                done=done + 1,
                pairs=len(run.pairs),
                number=number + 1,
                passes=passes,
            )
            try:
                run.check((yield run.say("P", message, low + part * (high - low), done)))
            except Stopped as stopped:
                stop = stopped
                break
        if stop is not None and solved is not None and done + 1 < len(run.pairs):
            # The pass before has read all pairs: what it found is better than what a few of them
            # tell.
            run.kernels = solved
            run.keep_stage("P", began)
            raise stop
        high_part = low + (number + 1) / passes * (high - low)
        fit = solve_field(
            sums.gram.sum(0),
            sums.cross.sum(0),
            weights,
            run.precision,
            run.differences,
            FIELD_SMOOTHNESS,
            **told,
            start=solved,
            iterations=SOLVER_STEPS,
        )
        for step, solved in enumerate(fit):
            message = translatable(
                "Solving for the kernels, pass {number} of {passes}",
                number=number + 1,
                passes=passes,
            )
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
        if number == passes - 1:
            break
        if shifts:
            run.pairs = refine_pairs(run.pairs, shifts)
        middle = centroids(solved.view(-1, 3, run.size, run.size)).mean(1).cpu().numpy()
        smooth = basis @ np.linalg.lstsq(basis, middle, rcond=None)[0]
        run.common = run.common - values_at_cells(smooth, run.cells, run.shape)
        run.passes = number + 1
        keep(run)
        solved = run.kernels
        cell_kernels = torch.einsum("cm,mau->cau", weights, solved)
    run.keep_stage("P", began)
    yield from _half_fits(run, sums, weights, high)
    if with_rays:
        yield from rays_from_pairs(run, sums, weights, told["centroids"], high, end)


def _too_small(run: Run, kernels: Tensor) -> bool:
    """Whether kernels reach their border, and a larger size may be chosen and held in memory."""
    if (
        run.settings.kernel_size is not None
        or len(run.common) * bytes_per_cell(LARGE_KERNEL_PX) > MOST_BYTES
    ):
        return False
    return reaches_border(kernels)


def _enlarged(
    run: Run, solved: Tensor, weights: Tensor
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """What a pass needs to go on with `LARGE_KERNEL_PX`: what is known beforehand, kernels of the
    nodes and cells."""
    run.kernels = solved
    run.enlarge(LARGE_KERNEL_PX)
    assert run.kernels is not None
    return _bounds(run), run.kernels, torch.einsum("cm,mau->cau", weights, run.kernels)


def _mean_scene(run: Run, fraction: float) -> Job[np.ndarray]:
    """Spectral matrices of the paired sharp photos, their lateral colour taken out, for demosaicing
    them."""
    shots, cells = [run.sharp[p.sharp] for p in run.pairs], data_cells(run.degraded[0].size)
    sums = None
    for number, grown in enumerate(mosaic_spectra(shots, cells)):
        sums = grown
        message = translatable(
            "Spectra of sharp photos, photo {number} of {shots}",
            number=number + 1,
            shots=len(shots),
        )
        run.check((yield run.say("L", message, fraction, number)))
    if sums is None or not sums.count.sum():
        raise LenscalError(NOTHING_USABLE)
    lateral = values_at_cells(run.sharp_colour, cells, COLOUR_GRID)
    scenes = likeliest_scene(*mean_matrices(sums, None), packing_of(shots[0]), lateral)
    return scene_spectrum(np.average(scenes, 0, sums.count))


def _bounds(run: Run) -> dict[str, Tensor]:
    """What `solve_field` knows beforehand: what cannot be negative, and the channels' centroids at
    the nodes."""
    field = kernel_field(run.size, run.device)
    colour = np.tensordot(
        interpolation_matrix(node_positions(run.shape), COLOUR_GRID), run.colour, axes=1
    )
    centred = torch.from_numpy(colour - colour.mean(1, keepdims=True)).to(run.device, torch.float32)
    return {"seen": field.seen, "taps": field.taps, "centroids": centred}


def _half_fits(run: Run, sums: NormalEquations, weights: Tensor, fraction: float) -> Steps:
    """Independent fits on two halves of the pairs."""
    if len(run.pairs) < 2 or run.kernels is None:
        return
    fits: list[Tensor] = []
    for half in range(2):
        fit = solve_field(
            sums.gram[half],
            sums.cross[half],
            weights,
            run.precision,
            run.differences,
            FIELD_SMOOTHNESS,
            **_bounds(run),
            start=run.kernels,
            iterations=HALF_STEPS,
        )
        kernels = run.kernels
        for step, iterate in enumerate(fit):
            kernels = iterate
            run.check(
                (
                    yield run.say(
                        "P",
                        translatable("How sure: half {half} of the pairs by itself", half=half + 1),
                        fraction,
                        step,
                    )
                )
            )
        fits.append(kernels)
    run.halves = fits[0], fits[1]
