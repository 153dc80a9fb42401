"""What stages hand on: everything that has been learnt so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.field.kernels import framed
from lenscal.calibration.matching.loop import Snapshot
from lenscal.calibration.pairs.registration import Pair
from lenscal.calibration.stages.layout import Layout
from lenscal.calibration.statistics.lateral_colour import COLOUR_GRID


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """Which photos show the same scene, and where they meet.

    Attributes
    ----------
    pairs, held_out : tuple of Pair
        To learn from, and to check results on; empty where the folders show different scenes.
    common : float64 ndarray [cells, 2]
        (dy, dx) px added to every pair's motion.
    lateral : float64 ndarray [cells, 3, 2]
        Lateral colour (dy, dx) px of the sharp photos, by channel.
    """

    pairs: tuple[Pair, ...]
    held_out: tuple[Pair, ...]
    common: NDArray[np.float64]
    lateral: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Learning:
    """Where the learnt stages are.

    Attributes
    ----------
    start : Tensor [nodes, 3, n] or None
        Kernels that they began with; None where they began with a guess.
    seconds : float
        Spent on them so far.
    snapshot : Snapshot
        Of the network, the deformations and their optimisers.
    """

    start: Tensor | None
    seconds: float
    snapshot: Snapshot


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """What has been learnt; every stage returns a new one.

    Attributes
    ----------
    layout : Layout
    registration : Registration
    batch : int
        Patches a step of the learnt stages: less than the budget's where a GPU's memory was full.
    colour, sharp_colour : float64 ndarray [colour nodes, 3, 2]
        Lateral colour (dy, dx) px at the nodes of `COLOUR_GRID`: what kernels shall have (mean over
        the channels zero), and that of the sharp photos against their middle.
    kernels : Tensor [nodes, 3, n] or None
        None before a stage has made any.
    halves : two Tensors like kernels, or None
        Fits on two halves of the photos.
    completed : tuple of str
        Names of the stages that are over.
    passes : int
        Of stage P that are over.
    learning : Learning or None
        Within the learnt stages only.
    patches : (of stage F, of stage M)
    weights : mapping of float32 ndarrays
        Of the network, by name.
    """

    layout: Layout
    registration: Registration
    batch: int
    colour: NDArray[np.float64] = field(default_factory=lambda: _no_colour())
    sharp_colour: NDArray[np.float64] = field(default_factory=lambda: _no_colour())
    kernels: Tensor | None = None
    halves: tuple[Tensor, Tensor] | None = None
    completed: tuple[str, ...] = ()
    passes: int = 0
    learning: Learning | None = None
    patches: tuple[int, int] = (0, 0)
    weights: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def same_scenes(self) -> bool:
        """Whether pairs of photos are compared directly."""
        return bool(self.registration.pairs)

    def on(self, device: torch.device) -> Estimate:
        """The same on another device."""
        kernels, halves = self.kernels, self.halves
        return replace(
            self,
            layout=self.layout.on(device),
            kernels=None if kernels is None else kernels.to(device),
            halves=None if halves is None else (halves[0].to(device), halves[1].to(device)),
        )

    def with_kernel_size(self, size: int) -> Estimate:
        """Kernels of another size; those that are there keep their light, in a wider or narrower
        frame."""
        kernels, halves = self.kernels, self.halves
        return replace(
            self,
            layout=self.layout.with_kernel_size(size),
            kernels=None if kernels is None else framed(kernels, size),
            halves=None if halves is None else (framed(halves[0], size), framed(halves[1], size)),
        )


def first_estimate(layout: Layout, batch: int) -> Estimate:
    """Nothing is known yet."""
    n_cells = layout.n_cells
    # Zero displacement until the pairs say otherwise.
    registration = Registration((), (), np.zeros((n_cells, 2)), np.zeros((n_cells, 3, 2)))
    return Estimate(layout, registration, batch)


def _no_colour() -> NDArray[np.float64]:
    return np.zeros((COLOUR_GRID[0] * COLOUR_GRID[1], 3, 2))
