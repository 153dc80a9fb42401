"""Stage P: passes over pairs of photos that show the same scene, each solving for the kernels and
mending the pairs' displacements."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.checkpoint import Checkpointer
from lenscal.calibration.field.geometry import (
    cell_positions,
    interpolation_matrix,
    node_positions,
    values_at_cells,
)
from lenscal.calibration.field.kernels import centroids, reaches_border
from lenscal.calibration.field.polynomials import field_polynomials
from lenscal.calibration.packing import packing_of
from lenscal.calibration.pairs.field_solver import KernelPrior, expected_kernels, solve_field
from lenscal.calibration.pairs.linear_demosaic import scene_spectrum
from lenscal.calibration.pairs.normal_equations import (
    NormalEquations,
    PassInput,
    ShiftEquations,
    accumulate,
    refine_pairs,
)
from lenscal.calibration.settings import LARGE_KERNEL_PX
from lenscal.calibration.stages.estimate import Estimate
from lenscal.calibration.stages.journal import Journal, Stopped
from lenscal.calibration.stages.layout import Layout, bytes_per_cell
from lenscal.calibration.stages.photos import Photos
from lenscal.calibration.stages.stage import Span, StageName
from lenscal.calibration.stages.statistics_sums import NOTHING_USABLE
from lenscal.calibration.statistics.kernel_field import kernel_field
from lenscal.calibration.statistics.lateral_colour import COLOUR_GRID
from lenscal.calibration.statistics.noise_spectra import noise_correlation, noise_shape
from lenscal.calibration.statistics.scene_spectra import likeliest_scene
from lenscal.calibration.statistics.spectra import (
    SPECTRUM_WINDOW_PX,
    MosaicSpectra,
    mean_matrices,
    mosaic_spectra,
)
from lenscal.calibration.statistics.windowed import data_cells
from lenscal.errors import LenscalError
from lenscal.stepping import Job
from lenscal.translation import translatable

FIELD_SMOOTHNESS = 100.0
SOLVER_STEPS, HALF_STEPS = 25, 10
"""Of conjugate gradients: halves begin at the kernels of all pairs and need fewer."""
STEPS_A_REPORT = 5
SHIFT_DEGREE = 3
"""Of the polynomial over the field that all pairs' displacements may have in common."""
MORE_WORK = 2.0
"""How much longer the last pass may take with larger kernels; fewer sites are read."""
MOST_BYTES = 1e9
"""Of normal equations, that larger kernels may take."""


@dataclass(frozen=True, slots=True, eq=False)
class PairedFit:
    """What stage P hands to stage R.

    Attributes
    ----------
    kernels : Tensor [nodes, 3, n]
        The estimate's.
    equations : NormalEquations
        Of the last pass.
    weights : Tensor [cells, nodes], bilinear
    prior : KernelPrior
    """

    estimate: Estimate
    kernels: Tensor
    equations: NormalEquations
    weights: Tensor
    prior: KernelPrior


@dataclass(frozen=True, slots=True, eq=False)
class PairSums:
    """What reading the pairs gave.

    Attributes
    ----------
    equations : of the kernels
    shifts : of what is left of each pair's displacement; empty in the first pass
    stop : where the user asked for it meanwhile
    whole : whether all pairs were read
    """

    equations: NormalEquations
    shifts: Sequence[ShiftEquations | None]
    stop: Stopped | None
    whole: bool


@dataclass(frozen=True, slots=True)
class PairedStage:
    """Stage P.

    Attributes
    ----------
    sites : sites read in each pass
    may_enlarge : bool
        Whether kernels that reach their border are made larger: not where the user chose.
    checkpoints : keeps what each pass gave
    """

    span: Span
    sites: tuple[float, ...]
    may_enlarge: bool
    checkpoints: Checkpointer

    @property
    def names(self) -> tuple[StageName, ...]:
        return (StageName.PAIRED,)

    def run(self, photos: Photos, estimate: Estimate, journal: Journal) -> Job[Estimate]:
        fit = yield from self.hand_on(photos, estimate, journal)
        return fit.estimate

    def hand_on(self, photos: Photos, estimate: Estimate, journal: Journal) -> Job[PairedFit]:
        """The same, with the equations of the last pass."""
        began = time.monotonic()
        # Needed for demosaicing only: one spectrum for all photos and passes.
        scene = yield from self._mean_scene(photos, estimate, journal)
        passes = _Passes(self.span, len(self.sites), scene, began, photos, journal)
        # Of other stages none: the first pass weighs all sites alike, whatever ran before.
        kernels = estimate.kernels if estimate.passes else None
        for number in range(estimate.passes, passes.count - 1):
            task = _Task(number, self.sites[number], kernels)
            sums, solved, estimate = yield from passes.run(task, estimate)
            estimate = replace(refined(estimate, solved, sums.shifts), passes=number + 1)
            # A pass takes minutes.
            estimate = self.checkpoints.keep(estimate, journal)
            kernels = estimate.kernels
        sites = self.sites[-1]
        if kernels is not None and self._too_small(estimate, kernels):
            # Equations have n^2 numbers, n = k^2: the work of a site grows with k^4.
            sites *= MORE_WORK * (estimate.layout.kernel_size / LARGE_KERNEL_PX) ** 4
            estimate = journal.enlarged(replace(estimate, kernels=kernels), LARGE_KERNEL_PX)
            kernels = estimate.kernels
        task = _Task(passes.count - 1, sites, kernels)
        sums, solved, estimate = yield from passes.run(task, estimate)
        journal.note_stage(StageName.PAIRED, began, estimate)
        weights, prior = cell_weights(estimate.layout), kernel_prior(estimate)
        fit = PairedFit(estimate, solved, sums.equations, weights, prior)
        return (yield from self._with_halves(fit, journal))

    def _too_small(self, estimate: Estimate, kernels: Tensor) -> bool:
        """Whether kernels reach their border, and a larger size may be chosen and held in
        memory."""
        size_bytes = estimate.layout.n_cells * bytes_per_cell(LARGE_KERNEL_PX)
        # Equations of all cells are in memory at once.
        if not self.may_enlarge or size_bytes > MOST_BYTES:
            return False
        return reaches_border(kernels)

    def _mean_scene(
        self, photos: Photos, estimate: Estimate, journal: Journal
    ) -> Job[NDArray[np.complex128]]:
        """Spectral matrices of the paired sharp photos, their lateral colour taken out, for
        demosaicing them."""
        shots = [photos.sharp[p.sharp] for p in estimate.registration.pairs]
        cells = data_cells(photos.size)
        sums: MosaicSpectra | None = None
        for number, growing in enumerate(mosaic_spectra(shots, cells)):
            sums = growing
            message = translatable(
                "{what}, photo {number} of {shots}",
                what=translatable("Spectra of sharp photos"),
                number=number + 1,
                shots=len(shots),
            )
            yield from journal.tell(StageName.PAIRED, message, self.span.low, estimate, number)
        if sums is None or not sums.count.sum():
            raise LenscalError(NOTHING_USABLE)
        lateral = values_at_cells(estimate.sharp_colour, cells, COLOUR_GRID)
        packing = packing_of(shots[0])
        m = SPECTRUM_WINDOW_PX // packing.period
        shape = noise_shape(noise_correlation(shots), packing, m)
        scenes = likeliest_scene(*mean_matrices(sums, None), packing, lateral, shape)
        return scene_spectrum(np.average(scenes, 0, sums.count))

    def _with_halves(self, fit: PairedFit, journal: Journal) -> Job[PairedFit]:
        """The same with independent fits on two halves of the pairs."""
        # Each half needs a pair.
        if len(fit.estimate.registration.pairs) < 2:
            return fit
        fits: list[Tensor] = []
        for half in range(2):
            gram, cross = fit.equations.gram[half], fit.equations.cross[half]
            iterates = solved_field((gram, cross), fit.estimate, fit.kernels, HALF_STEPS)
            message = translatable(
                "Estimating confidence from half {half} of the pairs", half=half + 1
            )
            kernels = yield from journal.tell_each(
                iterates, StageName.PAIRED, message, self.span.high, fit.estimate
            )
            fits.append(kernels)
        return replace(fit, estimate=replace(fit.estimate, halves=(fits[0], fits[1])))


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """One pass: its number, about how many sites to read, and the kernels of the pass before."""

    number: int
    sites: float
    kernels: Tensor | None


@dataclass(frozen=True, slots=True, eq=False)
class _Passes:
    """What all passes have in common."""

    span: Span
    count: int
    scene: NDArray[np.complex128]
    began: float
    photos: Photos
    journal: Journal

    def run(self, task: _Task, estimate: Estimate) -> Job[tuple[PairSums, Tensor, Estimate]]:
        """One pass: its sums, the kernels that solve them, and the estimate with these."""
        sums = yield from self._read(task, estimate)
        if sums.stop is not None and task.kernels is not None and not sums.whole:
            # The pass before has read all pairs: what it gave is better than what a few of them
            # tell.
            raise self._stopped(replace(estimate, kernels=task.kernels)) from sums.stop
        # Also after a stop in the first pass: from the pairs that were read there are kernels in
        # seconds.
        solved, stop = yield from self._solve(task, sums, estimate)
        estimate = replace(estimate, kernels=solved)
        if stop is not None:
            raise self._stopped(estimate) from stop
        return sums, solved, estimate

    def _stopped(self, estimate: Estimate) -> Stopped:
        self.journal.note_stage(StageName.PAIRED, self.began, estimate)
        return Stopped(estimate)

    def _read(self, task: _Task, estimate: Estimate) -> Job[PairSums]:
        """Sum up the normal equations of all pairs, or of as many as there is time for."""
        registration, layout = estimate.registration, estimate.layout
        pairs, count = registration.pairs, len(registration.pairs)
        kernels = task.kernels
        inputs = PassInput(
            common=registration.common,
            lateral=registration.lateral,
            scene=self.scene,
            cells=layout.cells,
            kernel_size=layout.kernel_size,
            kernels=None if kernels is None else at_cells(cell_weights(layout), kernels),
            budget_sites=task.sites,
            device=layout.device,
        )
        shots = [(self.photos.sharp[p.sharp], self.photos.degraded[p.degraded]) for p in pairs]
        work = accumulate(shots, pairs, inputs)
        sums: PairSums | None = None
        for done, (equations, shifts) in enumerate(work):
            sums = PairSums(equations, shifts, None, done + 1 == count)
            message = translatable(
                "Comparing pair {done} of {pairs}, pass {number} of {passes}",
                done=done + 1,
                pairs=count,
                number=task.number + 1,
                passes=self.count,
            )
            fraction = self.span.at((task.number + (done + 1) / count) / self.count)
            try:
                yield from self.journal.tell(StageName.PAIRED, message, fraction, estimate, done)
            except Stopped as stop:
                return replace(sums, stop=stop)
        if sums is None:
            raise LenscalError(NOTHING_USABLE)
        return sums

    def _solve(
        self, task: _Task, sums: PairSums, estimate: Estimate
    ) -> Job[tuple[Tensor, Stopped | None]]:
        """Kernels that explain what was read; reports until a stop is asked for."""
        equations, stop = sums.equations, sums.stop
        parts = equations.gram.sum(0), equations.cross.sum(0)
        fraction = self.span.at((task.number + 1) / self.count)
        message = translatable(
            "Solving for the kernels, pass {number} of {passes}",
            number=task.number + 1,
            passes=self.count,
        )
        solved = torch.zeros(0)
        for step, solved in enumerate(solved_field(parts, estimate, task.kernels, SOLVER_STEPS)):
            # Every report copies the kernels: one step is faster than that.
            if stop is not None or step % STEPS_A_REPORT != STEPS_A_REPORT - 1:
                continue
            estimate = replace(estimate, kernels=solved)
            try:
                yield from self.journal.tell(StageName.PAIRED, message, fraction, estimate, step)
            except Stopped as asked:
                return solved, asked
        return solved, stop


def solved_field(
    equations: tuple[Tensor, Tensor], estimate: Estimate, start: Tensor | None, steps: int
) -> Iterator[Tensor]:
    """Iterates of the kernels [nodes, 3, n] that solve gram and cross [cells, 3, n, ...]."""
    weights, prior = cell_weights(estimate.layout), kernel_prior(estimate)
    prior = replace(prior, mean=expected_kernels(*equations, prior.taps, prior.centroids))
    return solve_field(*equations, weights, prior, start=start, iterations=steps)


def refined(
    estimate: Estimate, kernels: Tensor, shifts: Sequence[ShiftEquations | None]
) -> Estimate:
    """The estimate with displacements mended by what is left of them, and by the place that kernels
    have come to stand at: a shift of all photos is no blur."""
    registration, layout = estimate.registration, estimate.layout
    pairs = registration.pairs
    # The first pass has no kernels yet to measure displacements with.
    if shifts:
        pairs = tuple(refine_pairs(pairs, shifts))
    size = layout.kernel_size
    middle = centroids(kernels.view(-1, 3, size, size)).mean(1).cpu().numpy()
    basis = field_polynomials(layout.grid, SHIFT_DEGREE)
    # Smooth only: what differs from node to node is the lens's.
    smooth = basis @ np.linalg.lstsq(basis, middle, rcond=None)[0]
    common = registration.common - values_at_cells(smooth, layout.cells, layout.grid)
    return replace(estimate, registration=replace(registration, pairs=pairs, common=common))


def kernel_prior(estimate: Estimate) -> KernelPrior:
    """What is known of kernels before they are solved for."""
    layout = estimate.layout
    field = kernel_field(layout.kernel_size, layout.device)
    matrix = interpolation_matrix(node_positions(layout.grid), COLOUR_GRID)
    colour = np.tensordot(matrix, estimate.colour, axes=1)
    # The channels' mean is the node's place, which pairs settle.
    centred = torch.from_numpy(colour - colour.mean(1, keepdims=True))
    return KernelPrior(
        layout.precision,
        layout.differences,
        FIELD_SMOOTHNESS,
        field.pixel_response,
        field.taps,
        centred.to(layout.device, torch.float32),
    )


def cell_weights(layout: Layout) -> Tensor:
    """[cells, nodes]: bilinear weights of the nodes at the cells' centres."""
    matrix = interpolation_matrix(cell_positions(layout.cells), layout.grid)
    return torch.from_numpy(matrix).float().to(layout.device)


def at_cells(weights: Tensor, kernels: Tensor) -> Tensor:
    """Kernels [nodes, 3, n] carried to the cells: [cells, 3, n]."""
    return torch.einsum("cm,mau->cau", weights, kernels)
