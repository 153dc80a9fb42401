"""One calibration from beginning to end: which stages run, in which order, and what is kept of them."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from lenscal.calibrate.budget import BUDGETS, Budget
from lenscal.calibrate.field_solver import prior_precision, solve_field
from lenscal.calibrate.kernels import centroids, field_polynomials, interpolation_matrix, second_differences
from lenscal.calibrate.lateral_colour import at_nodes, cross_spectra, lateral_shifts
from lenscal.calibrate.matching import MatchingSettings, MatchingState, Reblur, match_distributions
from lenscal.calibrate.packed import packing_of
from lenscal.calibrate.paired import (
    NormalEquations,
    ShiftEquations,
    Shot,
    accumulate,
    cell_positions,
    correlation_matrix,
    empty_equations,
    refine_pairs,
    without_noise,
)
from lenscal.calibrate.patches import PatchPool, paired_pool, unpaired_pool
from lenscal.calibrate.reblur import ReblurCheck
from lenscal.calibrate.registration import Pair, find_pairs
from lenscal.calibrate.second_order import degraded_spectra, fit_second_order, reference_spectra
from lenscal.calibrate.settings import Calibration, CalibrationSettings, StageResult, Stages
from lenscal.errors import InputError, LenscalError
from lenscal.optics.psf_grid import PsfGrid, Reference
from lenscal.raw.demosaic_noise import ahd_noise_correlation
from lenscal.raw.frame import Frame
from lenscal.reports import Report

Job = Generator[Report, str | None, None]
T = TypeVar("T")

FIELD_SMOOTHNESS = 1.0
SAME_APERTURE = 0.02
LEAST_SHARE_OF_PAIRS = 0.5
MATCHING_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""How much of what stage M changed is tried on held-out photos."""


class Stopped(Exception):
    """The user asked to stop and keep, or the time is up."""


@dataclass(slots=True)
class Run:
    """What a calibration knows while it runs."""

    settings: CalibrationSettings
    budget: Budget
    device: torch.device
    sharp: list[Shot]
    degraded: list[Shot]
    started: float
    precision: Tensor
    differences: Tensor
    correlation: Tensor
    cells: tuple[int, int]
    reference: Reference
    pairs: list[Pair] = field(default_factory=list)
    held_pairs: list[Pair] = field(default_factory=list)
    held_degraded: list[Shot] = field(default_factory=list)
    common: np.ndarray = field(default_factory=lambda: np.zeros(0))
    lateral: np.ndarray = field(default_factory=lambda: np.zeros(0))
    kernels: Tensor | None = None
    halves: tuple[Tensor, Tensor] | None = None
    stages: list[StageResult] = field(default_factory=list)
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    finished: str = "done"
    patches_flow: int = 0
    patches_matching: int = 0
    weights: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        return self.settings.grid

    @property
    def size(self) -> int:
        return self.settings.kernel_size

    def grid(self, kernels: Tensor) -> np.ndarray:
        """[rows, cols, 3, k, k] float32."""
        return kernels.detach().cpu().numpy().reshape(*self.shape, 3, self.size, self.size).astype(np.float32)

    def say(self, stage: str, message: str, fraction: float, step: int = 0, **curves: float) -> Report:
        for name, value in curves.items():
            self.curves.setdefault(name.replace("_", " "), []).append((step, value))
        elapsed = time.monotonic() - self.started
        left = elapsed * (1 - fraction) / fraction if fraction > 0.05 else None
        shown = None if self.kernels is None else self.grid(self.kernels)
        return Report(stage, message, fraction, step, {k.replace("_", " "): v for k, v in curves.items()}, shown, left)

    def check(self, answer: str | None) -> None:
        """Raise Stopped where the user or the clock says so."""
        if answer == "stop":
            self.finished = "stopped"
            raise Stopped
        limit = self.settings.max_minutes
        if limit is not None and time.monotonic() - self.started > 60 * limit and self.kernels is not None:
            self.finished = "time"
            raise Stopped


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
    run = _prepare(sharp, degraded, settings)
    try:
        yield from _stages(run)
    except Stopped:
        if run.kernels is None:
            raise LenscalError("stopped before any kernel was learnt: nothing to keep") from None
    return _result(run)


def _prepare(sharp: Sequence[Frame], degraded: Sequence[Frame], settings: CalibrationSettings) -> Run:
    if not sharp or not degraded:
        raise InputError("calibration needs at least one sharp and one degraded photo")
    sizes = {f.size for f in (*sharp, *degraded)}
    if len(sizes) > 1:
        listed = ", ".join(f"{w} x {h}" for h, w in sorted(sizes))
        raise InputError(f"photos differ in size ({listed}): use one camera mode")
    if min(next(iter(sizes))) < 256:
        raise InputError("photos are smaller than 256 px: too small to calibrate")
    for frame in (*sharp, *degraded):
        packing_of(frame)
    device = pick_device(settings.device)
    correlation = ahd_noise_correlation()
    k = settings.kernel_size
    u = np.hypot(*np.meshgrid(np.arange(k) - k // 2, np.arange(k) - k // 2))
    deviation = np.broadcast_to(0.1 * np.exp(-u / 2) + 0.001, (3, k, k))
    apertures = [f.info.aperture for f in (sharp[0], degraded[0])]
    identity = None not in apertures and abs(apertures[0] / apertures[1] - 1) < SAME_APERTURE  # type: ignore[operator]
    rows, cols = settings.grid
    return Run(
        settings,
        BUDGETS[settings.quality],
        device,
        [Shot(f, f.noise, correlation) for f in sharp],
        [Shot(f, f.noise, correlation) for f in degraded],
        time.monotonic(),
        torch.from_numpy(prior_precision(deviation)).float().to(device),
        torch.from_numpy(second_differences(settings.grid)).float().to(device),
        torch.from_numpy(np.stack([correlation_matrix(c, k) for c in correlation])).float().to(device),
        (min(2 * rows, 24), min(2 * cols, 24)),
        Reference.SAME_POSITION if identity else Reference.AXIS,
    )


def pick_device(name: str) -> torch.device:
    """The device asked for; "auto" takes CUDA, then Apple's, then the CPU.

    Raises
    ------
    InputError
        It is not there.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(d for d in ("cuda", "mps", "cpu") if available[d]))
    if not available.get(name, False):
        raise InputError(f"--device {name}: not available on this machine; use --device auto")
    return torch.device(name)


def _stages(run: Run) -> Job:
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
    if enough and run.reference is Reference.AXIS:
        yield from _lateral(run)
    if wanted in (Stages.G, Stages.GT, Stages.ALL) or (wanted is Stages.AUTO and not enough):
        yield from _second_order(run, 0.05, 0.25 if wanted is Stages.ALL and enough else 0.4)
    if enough and wanted in (Stages.AUTO, Stages.P, Stages.ALL):
        yield from _paired(run, 0.25 if wanted is Stages.ALL else 0.05, 0.5)
    if wanted in (Stages.AUTO, Stages.FM, Stages.ALL):
        yield from _learnt(run, 0.5 if run.kernels is not None else 0.05, 0.98)


def _hold_out(items: Sequence[T]) -> tuple[list[T], list[T]]:
    """One in six, at least one where there are four; the rest."""
    n = 0 if len(items) < 4 else max(1, len(items) // 6)
    return list(items[len(items) - n :]), list(items[: len(items) - n])


def _lateral(run: Run) -> Job:
    frames = [s.frame for s in run.sharp]
    sums = np.zeros(0)
    for number, grown in enumerate(cross_spectra(frames, run.cells)):
        sums = grown
        message = f"Lateral colour of the sharp photos, {number + 1} of {len(frames)}"
        run.check((yield run.say("L", message, 0.03, number)))
    run.lateral = at_nodes(lateral_shifts(sums, run.cells, run.shape), run.cells, run.shape)


def _second_order(run: Run, low: float, high: float) -> Job:
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
            run.check((yield run.say("G", message, low + (0.4 + 0.6 * step / steps) * (high - low), step)))
    _keep_stage(run, "G", began)


def _paired(run: Run, low: float, high: float) -> Job:
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
        solved = solve_field(
            gram, sums.cross.sum(0), weights, run.precision, run.differences, FIELD_SMOOTHNESS,
            start=solved, iterations=25,
        )
        run.kernels = solved
        if stop is not None:
            _keep_stage(run, "P", began)
            raise stop
        at_cells = torch.einsum("cm,mau->cau", weights, solved)
        if number == passes - 1:
            break
        if shifts:
            run.pairs = refine_pairs(run.pairs, shifts)
        middle = centroids(solved.view(-1, 3, run.size, run.size)).mean(1).cpu().numpy()
        smooth = basis @ np.linalg.lstsq(basis, middle, rcond=None)[0]
        run.common = run.common - at_nodes(smooth, run.cells, run.shape)
    run.halves = _half_fits(run, sums, weights)
    _keep_stage(run, "P", began)
    run.check((yield run.say("P", "The paired fit is done", high)))


def _half_fits(run: Run, sums: NormalEquations, weights: Tensor) -> tuple[Tensor, Tensor] | None:
    """Independent fits on two halves of the pairs."""
    if len(run.pairs) < 2:
        return None
    fits = []
    for half in range(2):
        gram = without_noise(sums.gram[half], sums.noise[half], run.correlation, run.precision)
        fits.append(
            solve_field(
                gram, sums.cross[half], weights, run.precision, run.differences, FIELD_SMOOTHNESS,
                start=run.kernels, iterations=10,
            )
        )
    return fits[0], fits[1]


def _learnt(run: Run, low: float, high: float) -> Job:
    began = time.monotonic()
    pool: PatchPool | None = None
    for number, filled in enumerate(_pools(run, run.pairs, run.degraded, run.budget.patches)):
        pool = filled
        run.check((yield run.say("F", f"Gathering patches, photo {number + 1}", low + 0.02, number)))
    if pool is None or len(pool.real) < 200:
        run.warnings.append("too few textured patches for distribution matching: it was left out")
        return
    start = run.kernels if run.kernels is not None else _gaussian_start(run)
    b = run.budget
    reblur = Reblur(pool, packing_of(run.degraded[0].frame), run.shape, run.correlation, run.device)
    settings = MatchingSettings(b.flow_steps, b.matching_steps, batch=b.batch, network=b.network)
    total = b.flow_steps + b.matching_steps
    state: MatchingState | None = None
    stop: Stopped | None = None
    for state in match_distributions(reblur, start, settings, seed=run.settings.seed, device=run.device):
        last = state.step == total - 1
        if state.step % 10 == 9 or last:
            if state.stage == "M":
                run.kernels = state.kernels
            fraction = low + 0.04 + (high - low - 0.04) * state.step / total
            name = "Learning the degraded photos" if state.stage == "F" else "Matching distributions"
            curves = {"flow_loss": state.flow_loss} | ({"velocity_gap": state.gap} if state.stage == "M" else {})
            message = f"{name}, step {state.step + 1} of {total}"
            try:
                run.check((yield run.say(state.stage, message, fraction, state.step, **curves)))
            except Stopped as stopped:
                stop = stopped
                break
    assert state is not None
    run.patches_flow = min(state.patches, 2 * b.batch * b.flow_steps)
    run.patches_matching = state.patches - run.patches_flow
    run.weights = {k: v.detach().cpu().numpy() for k, v in state.network.state_dict().items()}
    if state.stage == "M":
        run.kernels = _kept_share(run, start, state.kernels)
        _keep_stage(run, "M", began)
    else:
        run.kernels = start
    if stop is not None:
        raise stop


def _pools(run: Run, pairs: Sequence[Pair], degraded: Sequence[Shot], n_patches: int) -> Iterator[PatchPool | None]:
    if run.pairs:
        shots = [(run.sharp[p.sharp], run.degraded[p.degraded]) for p in pairs]
        return paired_pool(
            shots, pairs, run.common, run.lateral, cells=run.cells, kernel_size=run.size, n_patches=n_patches
        )
    rng = np.random.default_rng(run.settings.seed)
    return unpaired_pool(run.sharp, degraded, kernel_size=run.size, n_patches=n_patches, rng=rng)


def _gaussian_start(run: Run) -> Tensor:
    u = torch.arange(run.size) - run.size // 2
    g = torch.exp(-(u**2) / 2 / 1.5**2)
    kernel = torch.outer(g, g).reshape(-1)
    return (kernel / kernel.sum()).expand(run.shape[0] * run.shape[1], 3, -1).clone().to(run.device)


def _held_out_check(run: Run) -> ReblurCheck | None:
    if not (run.held_pairs if run.pairs else run.held_degraded):
        return None
    *_, pool = _pools(run, run.held_pairs, run.held_degraded, 2000)
    if pool is None:
        return None
    reblur = Reblur(pool, packing_of(run.degraded[0].frame), run.shape, run.correlation, run.device)
    return ReblurCheck(reblur, seed=run.settings.seed + 1)


def _kept_share(run: Run, start: Tensor, matched: Tensor) -> Tensor:
    """Between the start and what stage M made of it, the kernels that explain the held-out photos best."""
    check = _held_out_check(run)
    if check is None or run.settings.stages is Stages.FM:
        return matched
    measure = check.residual if run.pairs else check.distance
    mixtures = [start + share * (matched - start) for share in MATCHING_SHARES]
    errors = [measure(m) for m in mixtures]
    best = int(np.argmin(errors))
    if best == 0:
        run.warnings.append("distribution matching explained the held-out photos no better: its changes were dropped")
    return mixtures[best]


def _keep_stage(run: Run, name: str, began: float) -> None:
    assert run.kernels is not None
    run.stages.append(StageResult(name, time.monotonic() - began, run.grid(run.kernels)))


def _result(run: Run) -> Calibration:
    assert run.kernels is not None
    check = _held_out_check(run)
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
