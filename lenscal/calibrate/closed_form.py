"""The closed-form stages as steps of a run: lateral colour, second and third order (G, T), paired (P)."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from copy import deepcopy
from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from lenscal.calibrate.bispectra import Bispectra, bispectra, triads
from lenscal.calibrate.checkpoint import keep
from lenscal.calibrate.field_solver import solve_field
from lenscal.calibrate.kernel_field import expecting, kernel_field, node_positions
from lenscal.calibrate.kernels import border_light, centroids, field_polynomials, interpolation_matrix
from lenscal.calibrate.lateral_colour import COLOUR_GRID, at_cells, cross_spectra, lateral_shifts
from lenscal.calibrate.linear_demosaic import scene_spectrum
from lenscal.calibrate.packed import packing_of
from lenscal.calibrate.paired import (
    NormalEquations,
    ShiftEquations,
    accumulate,
    cell_positions,
    empty_equations,
    refine_pairs,
)
from lenscal.calibrate.run import Run, Steps, Stopped, bytes_per_cell
from lenscal.calibrate.scene_spectra import likeliest_scene
from lenscal.calibrate.settings import LARGE_KERNEL_PX
from lenscal.calibrate.spectra import MosaicSpectra, mosaic_spectra
from lenscal.calibrate.spectral_fit import (
    SecondOrder,
    ThirdOrder,
    fit_statistics,
    likeliest_mixture,
    second_order_terms,
    third_order_terms,
)
from lenscal.calibrate.windowed import data_cells
from lenscal.errors import LenscalError
from lenscal.optics.psf_grid import Reference
from lenscal.raw.frame import Frame
from lenscal.reports import Report
from lenscal.saying import said

FIELD_SMOOTHNESS = 100.0
SOLVER_STEPS, HALF_STEPS = 25, 10
HALF_ROUNDS = 3
LOW_FREQUENCY = 0.12
"""cycles/px: below, the phase between channels grows in line with the frequency, coma or not: their centroids."""
CENTRE = 0.27
"""The reference of unrelated scenes: sharp photos within this distance of the middle, as a share of the sides."""

MOST_AT_BORDER = 0.025
"""Light on the outermost taps, at the tenth of the nodes that have most, above which kernels are made larger."""
MORE_WORK = 2.0
"""How much longer the last pass may take then; fewer sites are read."""
MOST_BYTES = 1e9
"""Of normal equations, that larger kernels may take."""

NOTHING_USABLE = "no patch could be used: the photos are clipped, dark or without texture all over"

A = TypeVar("A")


def lateral_colour(run: Run) -> Steps:
    """Lateral colour of the sharp photos, which paired kernels cannot see, and of the degraded, which kernels get."""
    sums_of: list[np.ndarray] = []
    for shots, what in ((run.sharp, "sharp"), (run.degraded, "degraded")):
        sums = np.zeros(0)
        for number, grown in enumerate(cross_spectra(shots, run.cells)):
            sums = grown
            message = said(
                "Lateral colour of the {what} photos, {number} of {shots}",
                what=what,
                number=number + 1,
                shots=len(shots),
            )
            run.check((yield run.say("L", message, 0.02, number)))
        sums_of.append(sums)
    run.colour = lateral_shifts(sums_of[1], run.cells, COLOUR_GRID, highest=LOW_FREQUENCY)
    if run.reference is Reference.AXIS:
        run.sharp_colour = _against_the_centre(lateral_shifts(sums_of[0], run.cells, COLOUR_GRID))
        run.lateral = at_cells(run.sharp_colour, run.cells, COLOUR_GRID)
        low = lateral_shifts(sums_of[0], run.cells, COLOUR_GRID, highest=LOW_FREQUENCY)
        run.colour -= low - _against_the_centre(low)
    else:
        run.colour -= lateral_shifts(sums_of[0], run.cells, COLOUR_GRID, highest=LOW_FREQUENCY)


def _against_the_centre(shifts: np.ndarray) -> np.ndarray:
    """Lateral colour on `COLOUR_GRID` relative to that of the middle of the field."""
    return shifts - shifts[len(shifts) // 2]


def statistics_fit(run: Run, low: float, high: float, *, third_order: bool, last: bool = True) -> Steps:
    """Stage G, or G and T (third_order), between the fractions low and high of the whole job.

    The `last` closed-form stage also says how sure its kernels are.
    """
    began = time.monotonic()
    name = "GT" if third_order else "G"
    cells = data_cells(run.degraded[0].size)
    degraded = run.degraded if not run.pairs else [run.degraded[p.degraded] for p in run.pairs]
    sharp = run.sharp if not run.pairs else [run.sharp[p.sharp] for p in run.pairs]
    same = bool(run.pairs) or run.reference is Reference.SAME_POSITION
    sharp_colour = at_cells(run.sharp_colour, cells, COLOUR_GRID) if same else None
    triad = triads() if third_order else None
    span = high - low

    def summed(
        work: Iterator[A], shots: Sequence[Frame], what: str, start: float
    ) -> Generator[Report, str | None, tuple[A, A]]:
        """The sums over all photos and those over the first half of them."""
        halfway: A | None = None
        for number, grown in enumerate(work):
            if number + 1 == max(1, len(shots) // 2):
                halfway = deepcopy(grown)
            message = said("{what}, photo {number} of {shots}", what=what, number=number + 1, shots=len(shots))
            run.check((yield run.say(name, message, low + (start + 0.1 * (number + 1) / len(shots)) * span, number)))
        assert halfway is not None
        return grown, halfway

    sums: list[tuple[MosaicSpectra | Bispectra, MosaicSpectra | Bispectra]] = [
        (yield from summed(mosaic_spectra(degraded, cells), degraded, "Spectra of degraded photos", 0.0)),
        (yield from summed(mosaic_spectra(sharp, cells), sharp, "Spectra of sharp photos", 0.1)),
    ]
    if triad is not None:
        sums.append((yield from summed(bispectra(degraded, cells, triad), degraded, "Third order, degraded", 0.2)))
        sums.append((yield from summed(bispectra(sharp, cells, triad), sharp, "Third order, sharp photos", 0.3)))
    positions = cell_positions(cells)
    middle = None if same else np.abs(positions - 0.5).max(axis=1) < CENTRE
    colour = at_cells(run.colour, cells, COLOUR_GRID)
    field = kernel_field(run.size, run.device)
    # Polynomials run away beyond the middles of the outermost cells: there they are not followed.
    nodes = field.basis(node_positions(run.shape).clip(positions.min(0), positions.max(0)))

    def terms(parts: Sequence[object]) -> tuple[SecondOrder, ThirdOrder | None]:
        return _terms(run, parts, triad, middle, sharp_colour)

    def fit(
        told: tuple[SecondOrder, ThirdOrder | None], rounds: int, start: Tensor | None = None
    ) -> Iterator[Tensor]:
        wanted = colour - colour.mean(1, keepdims=True)
        return fit_statistics(field, positions, *told, wanted, rounds=rounds, start=start)

    run.check((yield run.say(name, said("How wide kernels are"), low + 0.4 * span)))
    told = terms([whole for whole, _ in sums])
    field = expecting(field, likeliest_mixture(field, positions, told[0]))
    rounds, theta = run.budget.statistics_rounds, None
    for number, theta in enumerate(fit(told, rounds)):
        run.kernels = field.kernels(theta, nodes)
        message = said("Matching statistics, round {number} of {rounds}", number=number + 1, rounds=rounds)
        try:
            run.check((yield run.say(name, message, low + (0.4 + 0.4 * number / rounds) * span, number)))
        except Stopped:
            run.keep_stage(name, began)
            raise
    run.keep_stage(name, began)
    if not last or min(len(degraded), len(sharp)) < 2:
        return
    halves: list[Tensor] = []
    for half in range(2):
        parts = [part if half == 0 else _rest(whole, part) for whole, part in sums]
        found = theta
        for iterate in fit(terms(parts), HALF_ROUNDS, theta):
            found = iterate
            message = said("How sure: half {half} of the photos by itself", half=half + 1)
            run.check((yield run.say(name, message, low + (0.8 + 0.1 * half) * span, half)))
        assert found is not None
        halves.append(field.kernels(found, nodes))
    run.halves = halves[0], halves[1]


def _terms(
    run: Run,
    parts: Sequence[object],
    triad: np.ndarray | None,
    middle: np.ndarray | None,
    sharp_colour: np.ndarray | None,
) -> tuple[SecondOrder, ThirdOrder | None]:
    """What the fit needs of sums over photos: degraded and sharp spectra, and degraded and sharp bispectra."""
    spectra, reference = parts[:2]
    assert isinstance(spectra, MosaicSpectra) and isinstance(reference, MosaicSpectra)
    if not spectra.count.sum() or not reference.count.sum():
        raise LenscalError(NOTHING_USABLE)
    if middle is not None and not reference.count[middle].sum():
        raise LenscalError(
            said("the centre of the sharp photos shows nothing to compare with: it is clipped, dark or plain")
        )
    packing = packing_of(run.degraded[0])
    scene = likeliest_scene(*_means(reference, middle), packing, sharp_colour)
    second = second_order_terms(spectra, scene, packing, run.size, run.device)
    if triad is None:
        return second, None
    told, known = parts[2:]
    assert isinstance(told, Bispectra) and isinstance(known, Bispectra)
    if middle is not None:
        known = Bispectra(*(part[middle].sum(0, keepdims=True) for part in (known.values, known.power, known.count)))
    return second, third_order_terms(told, known, triad, run.size, run.device)


def _rest(whole: A, part: A) -> A:
    """Sums over the photos that are in `whole` and not in `part`."""
    names = [f.name for f in fields(whole)]  # type: ignore[arg-type]
    return replace(whole, **{n: getattr(whole, n) - getattr(part, n) for n in names})  # type: ignore[type-var]


def _means(sums: MosaicSpectra, chosen: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Mean matrices and noise of every cell, empty ones like all together; or of the chosen cells together [1, ...]."""
    parts = sums.matrices, sums.noise
    if chosen is not None:
        matrices, noise = (p[chosen].sum(0, keepdims=True) / sums.count[chosen].sum() for p in parts)
        return matrices, noise
    count = np.maximum(sums.count, 1)
    matrices, noise = sums.matrices / count[:, None, None, None, None], sums.noise / count[:, None]
    empty = sums.count == 0
    matrices[empty], noise[empty] = (p.sum(0) / sums.count.sum() for p in parts)
    return matrices, noise


def paired_fit(run: Run, low: float, high: float) -> Steps:
    """Stage P: passes over the pairs, each solving for kernels and mending the pairs' displacements."""
    began = time.monotonic()
    weights = torch.from_numpy(interpolation_matrix(cell_positions(run.cells), run.shape)).float().to(run.device)
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
            shots, run.pairs, run.common, run.lateral, scene, cells=run.cells, kernel_size=run.size,
            kernels=cell_kernels, budget_sites=budget, device=run.device,
        )
        shifts: list[ShiftEquations] = []
        for done, (grown, grown_shifts) in enumerate(work):
            sums, shifts = grown, grown_shifts
            part = (number + (done + 1) / len(run.pairs)) / passes
            message = said(
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
        high_part = low + (number + 1) / passes * (high - low)
        fit = solve_field(
            sums.gram.sum(0), sums.cross.sum(0), weights, run.precision, run.differences, FIELD_SMOOTHNESS, **told,
            start=solved, iterations=SOLVER_STEPS,
        )
        for step, solved in enumerate(fit):
            message = said("Solving for the kernels, pass {number} of {passes}", number=number + 1, passes=passes)
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
        run.common = run.common - at_cells(smooth, run.cells, run.shape)
        run.passes = number + 1
        keep(run)
        solved = run.kernels
        cell_kernels = torch.einsum("cm,mau->cau", weights, solved)
    run.keep_stage("P", began)
    yield from _half_fits(run, sums, weights, high)


def _too_small(run: Run, kernels: Tensor) -> bool:
    """Whether kernels reach their border, and a larger size may be chosen and held in memory."""
    if run.settings.kernel_size is not None or len(run.common) * bytes_per_cell(LARGE_KERNEL_PX) > MOST_BYTES:
        return False
    return float(border_light(kernels).mean(1).quantile(0.9)) > MOST_AT_BORDER


def _enlarged(run: Run, solved: Tensor, weights: Tensor) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """What a pass needs to go on with `LARGE_KERNEL_PX`: what is known beforehand, kernels of the nodes and cells."""
    run.kernels = solved
    before = run.size
    run.resize(LARGE_KERNEL_PX)
    assert run.kernels is not None
    run.warnings.append(
        said(
            "light reached the border of {before} px kernels: they were made {size} px wide, which takes longer",
            before=before,
            size=run.size,
        )
    )
    return _bounds(run), run.kernels, torch.einsum("cm,mau->cau", weights, run.kernels)


def _mean_scene(run: Run, fraction: float) -> Generator[Report, str | None, np.ndarray]:
    """Spectral matrices of the paired sharp photos, their lateral colour taken out, for demosaicing them."""
    shots, cells = [run.sharp[p.sharp] for p in run.pairs], data_cells(run.degraded[0].size)
    sums = None
    for number, grown in enumerate(mosaic_spectra(shots, cells)):
        sums = grown
        message = said("Spectra of sharp photos, photo {number} of {shots}", number=number + 1, shots=len(shots))
        run.check((yield run.say("L", message, fraction, number)))
    if sums is None or not sums.count.sum():
        raise LenscalError(NOTHING_USABLE)
    lateral = at_cells(run.sharp_colour, cells, COLOUR_GRID)
    scenes = likeliest_scene(*_means(sums, None), packing_of(shots[0]), lateral)
    return scene_spectrum(np.average(scenes, 0, sums.count))


def _bounds(run: Run) -> dict[str, Tensor]:
    """What `solve_field` knows beforehand: what cannot be negative, and the channels' centroids at the nodes."""
    field = kernel_field(run.size, run.device)
    colour = np.tensordot(interpolation_matrix(node_positions(run.shape), COLOUR_GRID), run.colour, axes=1)
    centred = torch.from_numpy(colour - colour.mean(1, keepdims=True)).to(run.device, torch.float32)
    return {"seen": field.seen, "taps": field.taps, "centroids": centred}


def _half_fits(run: Run, sums: NormalEquations, weights: Tensor, fraction: float) -> Steps:
    """Independent fits on two halves of the pairs."""
    if len(run.pairs) < 2 or run.kernels is None:
        return
    fits: list[Tensor] = []
    for half in range(2):
        fit = solve_field(
            sums.gram[half], sums.cross[half], weights, run.precision, run.differences, FIELD_SMOOTHNESS,
            **_bounds(run), start=run.kernels, iterations=HALF_STEPS,
        )
        kernels = run.kernels
        for step, iterate in enumerate(fit):
            kernels = iterate
            run.check(
                (
                    yield run.say(
                        "P", said("How sure: half {half} of the pairs by itself", half=half + 1), fraction, step
                    )
                )
            )
        fits.append(kernels)
    run.halves = fits[0], fits[1]
