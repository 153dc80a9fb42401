"""What a calibration knows while it runs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from lenscal.calibrate.budget import BUDGETS, Budget
from lenscal.calibrate.field.kernels import framed
from lenscal.calibrate.field.polynomials import second_differences
from lenscal.calibrate.matching.matcher import Snapshot
from lenscal.calibrate.matching.reblur import ReblurCheck
from lenscal.calibrate.pairs.field_solver import prior_precision
from lenscal.calibrate.pairs.normal_equations import correlation_matrix
from lenscal.calibrate.pairs.registration import Pair
from lenscal.calibrate.result import StageResult
from lenscal.calibrate.settings import KERNEL_PX, CalibrationSettings
from lenscal.calibrate.statistics.lateral_colour import COLOUR_GRID
from lenscal.errors import InputError
from lenscal.optics.psf_grid import Reference
from lenscal.raw.demosaic_noise import ahd_noise_correlation
from lenscal.raw.frame import Frame, require_bayer
from lenscal.raw.lens_setting import APERTURE_TOLERANCE
from lenscal.reports import Report
from lenscal.stepping import STOP, Job, Paused, Reply
from lenscal.system.device import pick_device
from lenscal.translation import translatable

Steps = Job[None]

NOTHING_USABLE = "no patch could be used: the photos are clipped, dark or without texture all over"


class Keeper(Protocol):
    """Where checkpoints are kept; `lenscal.files.checkpoint.CheckpointFile` is one."""

    def load(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None: ...

    def save(self, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """A run as values for JSON and arrays: see `lenscal.calibrate.checkpoint`."""

    values: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Learning:
    """Where the learnt stages are.

    given : Tensor [nodes, 3, n] or None
        Kernels that they began with; None where they began with a guess.
    seconds : float
        Spent on them so far.
    """

    given: Tensor | None
    seconds: float
    snapshot: Snapshot


class Stopped(Exception):
    """The user asked to stop and keep, or the time is up."""


@dataclass(slots=True)
class Run:
    """What a calibration knows while it runs."""

    settings: CalibrationSettings
    budget: Budget
    device: torch.device
    sharp: list[Frame]
    degraded: list[Frame]
    started: float
    precision: Tensor
    differences: Tensor
    correlation: Tensor
    cells: tuple[int, int]
    reference: Reference
    size: int
    """px: side of the kernels."""
    pairs: list[Pair] = field(default_factory=list)
    held_pairs: list[Pair] = field(default_factory=list)
    held_degraded: list[Frame] = field(default_factory=list)
    common: np.ndarray = field(default_factory=lambda: np.zeros(0))
    lateral: np.ndarray = field(default_factory=lambda: np.zeros(0))
    colour: np.ndarray = field(
        default_factory=lambda: np.zeros((COLOUR_GRID[0] * COLOUR_GRID[1], 3, 2))
    )
    """(dy, dx) px of R, G, B at the nodes of `COLOUR_GRID` that kernels shall have; mean over the
    channels zero."""
    sharp_colour: np.ndarray = field(
        default_factory=lambda: np.zeros((COLOUR_GRID[0] * COLOUR_GRID[1], 3, 2))
    )
    """The same of the sharp photos, against the middle."""
    kernels: Tensor | None = None
    halves: tuple[Tensor, Tensor] | None = None
    stages: list[StageResult] = field(default_factory=list)
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    finished: str = "done"
    patches_flow: int = 0
    patches_matching: int = 0
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    batch: int = 0
    """Patches a step of the learnt stages; less than the budget's where a GPU's memory was full."""
    completed: list[str] = field(default_factory=list)
    """Stages that are over."""
    passes: int = 0
    """Of stage P that are over."""
    learning: Learning | None = None
    keeper: Keeper | None = None
    made_from: dict[str, Any] = field(default_factory=dict)
    spent: float = 0.0
    """Seconds before this process took over."""
    saved: Saved | None = None
    saved_at: float = 0.0
    unseen: ReblurCheck | None = None
    """On photos that were kept out; made where it is first asked for."""

    @property
    def shape(self) -> tuple[int, int]:
        return self.settings.grid

    def seconds(self) -> float:
        """Spent on the calibration so far, in all processes."""
        return self.spent + time.monotonic() - self.started

    def move_to(self, device: torch.device) -> None:
        """Compute elsewhere from now on."""
        self.device, self.unseen = device, None
        self.precision, self.differences = self.precision.to(device), self.differences.to(device)
        self.correlation = self.correlation.to(device)
        if self.kernels is not None:
            self.kernels = self.kernels.to(device)
        if self.halves is not None:
            self.halves = self.halves[0].to(device), self.halves[1].to(device)

    def resize(self, size: int) -> None:
        """Kernels of another size from now on; those that are there keep their light, in a wider or
        narrower frame."""
        kernels, halves = self.kernels, self.halves
        self.kernels = None if kernels is None else framed(kernels, size)
        self.halves = None if halves is None else (framed(halves[0], size), framed(halves[1], size))
        self.precision, self.correlation = (part.to(self.device) for part in _by_size(size))
        self.size, self.unseen = size, None

    def enlarge(self, size: int) -> None:
        """`resize` because kernels reach their border, and say so."""
        before = self.size
        self.resize(size)
        self.warnings.append(
            translatable(
                "light reached the border of {before} px kernels: they were made {size} px wide, which takes longer",
                before=before,
                size=size,
            )
        )

    def grid(self, kernels: Tensor) -> np.ndarray:
        """[rows, cols, 3, k, k] float32."""
        return (
            kernels.detach()
            .cpu()
            .numpy()
            .reshape(*self.shape, 3, self.size, self.size)
            .astype(np.float32)
        )

    def say(
        self, stage: str, message: str, fraction: float, step: int = 0, **curves: float
    ) -> Report:
        for name, value in curves.items():
            self.curves.setdefault(name.replace("_", " "), []).append((step, value))
        elapsed = self.seconds()
        left = elapsed * (1 - fraction) / fraction if fraction > 0.05 else None
        shown = None if self.kernels is None else self.grid(self.kernels)
        return Report(
            stage,
            message,
            fraction,
            step,
            {k.replace("_", " "): v for k, v in curves.items()},
            shown,
            left,
        )

    def check(self, answer: Reply | None) -> None:
        """Raise Stopped where the user or the clock says so; `Paused` is time that does not
        count."""
        if isinstance(answer, Paused):
            self.started += answer.seconds
        if answer == STOP:
            self.finished = "stopped"
            raise Stopped
        limit = self.settings.max_minutes
        if (
            limit is not None
            and time.monotonic() - self.started > 60 * limit
            and self.kernels is not None
        ):
            self.finished = "time"
            raise Stopped

    def keep_stage(self, name: str, began: float) -> None:
        """Note the kernels as what this stage made of them."""
        assert self.kernels is not None
        self.stages.append(StageResult(name, time.monotonic() - began, self.grid(self.kernels)))


def prepare(
    sharp: Sequence[Frame], degraded: Sequence[Frame], settings: CalibrationSettings
) -> Run:
    """Check what was given and lay out a run."""
    if not sharp or not degraded:
        raise InputError("calibration needs at least one sharp and one degraded photo")
    sizes = {f.size for f in (*sharp, *degraded)}
    if len(sizes) > 1:
        listed = ", ".join(f"{w} x {h}" for h, w in sorted(sizes))
        raise InputError(f"photos differ in size ({listed}): use one camera mode")
    if min(next(iter(sizes))) < 256:
        raise InputError("photos are smaller than 256 px: too small to calibrate")
    for frame in (*sharp, *degraded):
        require_bayer(frame)
    device = pick_device(settings.device)
    size = settings.kernel_size or KERNEL_PX
    precision, correlation = _by_size(size)
    apertures = [f.info.aperture for f in (sharp[0], degraded[0])]
    identity = None not in apertures and abs(apertures[0] / apertures[1] - 1) < APERTURE_TOLERANCE  # type: ignore[operator]
    return Run(
        settings,
        BUDGETS[settings.quality],
        device,
        list(sharp),
        list(degraded),
        time.monotonic(),
        precision.to(device),
        torch.from_numpy(second_differences(settings.grid)).float().to(device),
        correlation.to(device),
        _cells(settings.grid, size),
        Reference.SAME_POSITION if identity else Reference.AXIS,
        size,
        batch=BUDGETS[settings.quality].batch,
    )


def _by_size(size: int) -> tuple[Tensor, Tensor]:
    """The prior's precision and the covariance of demosaiced noise, [3, n, n] each, n = size *
    size."""
    u = np.hypot(*np.meshgrid(np.arange(size) - size // 2, np.arange(size) - size // 2))
    precision = prior_precision(np.broadcast_to(0.1 * np.exp(-u / 2) + 0.001, (3, size, size)))
    correlation = np.stack([correlation_matrix(c, size) for c in ahd_noise_correlation()])
    return torch.from_numpy(precision).float(), torch.from_numpy(correlation).float()


def bytes_per_cell(size: int) -> int:
    """Of the paired normal equations."""
    return 2 * 3 * size**4 * 4


def _cells(grid: tuple[int, int], size: int) -> tuple[int, int]:
    """Cells of the field: two a node and axis where their normal equations stay small, else one."""
    for factor in (2, 1):
        rows, cols = (min(factor * n, 24) for n in grid)
        if rows * cols * bytes_per_cell(size) < 5e8 * (3 - factor) ** 2:
            return rows, cols
    raise InputError(
        f"--grid {grid[0]}x{grid[1]} with --kernel-size {size} needs more than 2 GB: "
        "choose a coarser grid or smaller kernels"
    )
