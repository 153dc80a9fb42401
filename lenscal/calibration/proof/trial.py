"""Which kernels photos that were kept out like better: what has to be passed to be kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from lenscal.calibration.field.kernels import framed
from lenscal.calibration.stages.estimate import Estimate
from lenscal.calibration.stages.held_out import HeldOutPhotos
from lenscal.optics.psf_grid import PsfGrid, Reference
from lenscal.translation import Translatable, translatable

EDGES_DISAGREE = 0.05
"""Mean difference of transfers from which on edges speak against kernels: right ones of a chart
come within 0.03 (docs/experiments/real-photos.md)."""

EDGES_SCATTER = 0.01
"""By which misfits of edges differ by chance. Without it kernels that differ in nothing that edges
show were told apart by rounding (a kernel from its mirror image, in 6 of 10 draws), and average
kernels were liked better than true ones in 15 % (docs/experiments/scene-statistics.md,
2026-11-30)."""
SURE_ERRORS = 2.0
"""Standard errors from which on a difference of distances contradicts: at 1.5, one kept-out photo
has liked the true kernels' average better than themselves (docs/experiments/confidence.md,
2026-11-30)."""
SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)
"""Of what a stage found, that are tried."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """How far kernels are from explaining photos; smaller is better.

    Attributes
    ----------
    distance : re-blur distance
    residual : of pairs, over the noise's; None without them
    edges : `EdgeCheck.misfit`; None where the photos show too few, or where there are pairs
    by_part : the distance without one part of the photos at a time; empty where not measured
    edges_by_part : the edges' misfit without one sharp photo at a time
    edges_spread : `EdgeCheck.spread`
    """

    distance: float
    residual: float | None = None
    edges: float | None = None
    by_part: tuple[float, ...] = ()
    edges_by_part: tuple[float, ...] = ()
    edges_spread: float = 1.0

    @property
    def is_sure(self) -> bool:
        """Whether it rests on more than statistics, which differ from scene to scene."""
        return self.residual is not None or self.edges is not None

    def is_worse_than(self, other: Misfit) -> bool:
        """Whether the photos like the other kernels better.

        Pairs are compared pixel by pixel, and unrelated photos on their edges, where they have
        any: neither depends on what the scenes are, as statistics do.
        """
        if self.residual is not None and other.residual is not None:
            # Noise hides a little blur from the statistics, and the scene's motion from the pixels.
            return self.residual > other.residual and self.distance > other.distance
        if self.edges is not None and other.edges is not None:
            return self.edges > other.edges + self._edges_tell(other)
        return self.distance > other.distance + SURE_ERRORS * self.error_against(other)

    def error_against(self, other: Misfit) -> float:
        """Standard error of the difference of both distances: what other places of the photos
        might have said (jackknife)."""
        return _jackknife(self.by_part, other.by_part)

    def _edges_tell(self, other: Misfit) -> float:
        """Difference of the edges' misfits from which on it contradicts."""
        error = _jackknife(self.edges_by_part, other.edges_by_part) * math.sqrt(self.edges_spread)
        return max(EDGES_SCATTER, SURE_ERRORS * error)


def _jackknife(own: tuple[float, ...], others: tuple[float, ...]) -> float:
    """Standard error of the difference of two misfits, from what both are without one part at a
    time (Efron & Stein 1981); 0 where that was not measured."""
    n = len(own)
    if n < 2 or len(others) != n:
        return 0.0
    return float(np.sqrt((n - 1) * np.subtract(own, others).var()))


@dataclass(frozen=True, slots=True)
class Trial:
    """Tries kernels on what was kept out."""

    held_out: HeldOutPhotos

    @property
    def by_blocks(self) -> bool:
        """Whether there were too few photos to keep out whole ones."""
        return self.held_out.photos.by_blocks

    @property
    def one_aperture(self) -> bool:
        """Whether both folders were taken at one aperture, which leaves no blur to find."""
        return self.held_out.photos.reference is not Reference.AXIS

    def misfit(self, estimate: Estimate, kernels: Tensor) -> Misfit | None:
        """Of kernels [nodes, 3, n] of any size; None where nothing could be kept out."""
        check = self.held_out.check(estimate)
        if check is None:
            return None
        size = estimate.layout.kernel_size
        if round(kernels.shape[-1] ** 0.5) != size:
            kernels = framed(kernels, size)
            kernels = kernels / kernels.sum(-1, keepdim=True)
        distance = check.distance(kernels)
        if estimate.same_scenes:
            return Misfit(distance, residual=check.residual(kernels))
        edges = self.held_out.edges
        if edges is None:
            return Misfit(distance, by_part=tuple(check.distances_by_part(kernels)))
        photos = self.held_out.photos
        psf = PsfGrid(estimate.layout.on_grid(kernels), photos.size, photos.reference)
        return Misfit(
            distance,
            edges=edges.misfit(psf),
            edges_by_part=tuple(edges.misfits_by_part(psf)),
            edges_spread=edges.spread,
        )

    def distance(self, estimate: Estimate, kernels: Tensor) -> float | None:
        """What decides over unrelated photos, and the re-blur distance of pairs."""
        misfit = self.misfit(estimate, kernels)
        if misfit is None or misfit.edges is None:
            return None if misfit is None else misfit.distance
        return misfit.edges

    def distances(self, estimate: Estimate, kernels: Tensor) -> dict[str, float]:
        """Of the kernels, of the floor that even true ones leave, of no blur, and of their mean
        everywhere: what knowing the lens's field is worth. Empty where nothing was kept out."""
        check = self.held_out.check(estimate)
        if check is None:
            return {}
        edges = None if estimate.same_scenes else self.held_out.edges
        found = {
            "estimate": self.distance(estimate, kernels),
            "floor": check.floor() if edges is None else edges.floor(),
            "delta": self.distance(estimate, no_blur(kernels)),
            "average": self.distance(estimate, average(kernels)),
        }
        return {name: value for name, value in found.items() if value is not None}

    def prefers(self, estimate: Estimate, old: Tensor, new: Tensor) -> bool:
        """Whether new kernels are no worse than old ones; where nothing can be tried, they stay."""
        before, after = (self.misfit(estimate, kernels) for kernels in (old, new))
        return before is None or after is None or not after.is_worse_than(before)

    def share(self, estimate: Estimate, old: Tensor, new: Tensor) -> float:
        """How much of new kernels to take beside old ones: as much as is no worse than the mixture
        that photos that were kept out like best, by more than they can tell (like the rule of one
        standard error: Breiman et al. 1984, section 3.4.3)."""
        tried = [(s, self.misfit(estimate, s * new + (1 - s) * old)) for s in SHARES]
        known = [(s, misfit) for s, misfit in tried if misfit is not None]
        # Nothing can be tried: the stages' own order counts.
        if not known:
            return 1.0
        best = known[0][1]
        for _, misfit in known[1:]:
            if best.is_worse_than(misfit):
                best = misfit
        return next((s for s, misfit in known if not misfit.is_worse_than(best)), 0.0)

    def doubts(self, estimate: Estimate, kernels: Tensor) -> bool:
        """Whether kernels should be compared with simpler ones that take time to find."""
        own = self.misfit(estimate, kernels)
        if own is None:
            return False
        if own.edges is not None and own.edges > EDGES_DISAGREE:
            return True
        simpler = (self.misfit(estimate, k) for k in (average(kernels), no_blur(kernels)))
        return self.by_blocks or any(m is not None and own.is_worse_than(m) for m in simpler)


def average(kernels: Tensor) -> Tensor:
    """The mean kernel everywhere, like kernels [nodes, 3, n]."""
    return kernels.mean(0, keepdim=True).expand_as(kernels)


def no_blur(kernels: Tensor) -> Tensor:
    """Points, like kernels [nodes, 3, n]."""
    point = torch.zeros_like(kernels)
    point[..., kernels.shape[-1] // 2] = 1
    return point


def simplest_that_passes(trial: Trial, estimate: Estimate) -> tuple[str, Estimate]:
    """The estimate, or with no blur or one average kernel instead of its own, whichever what was
    kept out likes best; and which: "", "delta" or "average".

    No blur is not taken at the word of statistics alone where the apertures differ: those of
    different scenes have liked it better than kernels that were worth 91 and 101 % of the gain
    (docs/experiments/real-photos.md). The user is warned instead.
    """
    kernels = estimate.kernels
    if kernels is None:
        return "", estimate
    own = trial.misfit(estimate, kernels)
    if own is None:
        return "", estimate
    best, choice = own, ""
    for name, simpler in (("average", average(kernels)), ("delta", no_blur(kernels))):
        misfit = trial.misfit(estimate, simpler)
        if misfit is None or not best.is_worse_than(misfit):
            continue
        if name == "delta" and not (misfit.is_sure or trial.one_aperture):
            continue
        best, choice = misfit, name
    if not choice:
        return "", estimate
    make = average if choice == "average" else no_blur
    halves = estimate.halves
    if halves is not None:
        halves = make(halves[0]), make(halves[1])
    return choice, replace(estimate, kernels=make(kernels).contiguous(), halves=halves)


def simpler_in_words(choice: str, *, by_blocks: bool) -> list[Translatable]:
    """What to say of the choice of `simplest_that_passes`, and of how it was made."""
    words = []
    if by_blocks:
        words.append(
            translatable(
                "too few photos to keep whole ones out: kernels were checked on parts of the same "
                "photos, and their confidence is low; take at least four of each folder, of the "
                "same scenes if you can"
            )
        )
    if choice == "delta":
        words.append(
            translatable(
                "no blur explains the held-out photos better than none does: the "
                "profile leaves photos as they are. Either both apertures are equally "
                "sharp, or these photos are too few, or too different, to tell"
            )
        )
    if choice == "average":
        words.append(
            translatable(
                "held-out photos show that the blur’s variation over the picture could "
                "not be measured: one average kernel is used everywhere. To measure it, "
                "photograph four scenes with both apertures from a tripod, or ten more of other "
                "subjects in each folder"
            )
        )
    return words
