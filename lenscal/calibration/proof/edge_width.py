"""How wide kernels have to be for the sharp photos' edges, blurred with them, to be as wide as the
degraded ones'.

What folders of other scenes differ by in fineness looks like blur to their spectra: the width that
these tell is 7 to 30 % off. Edges are steps of light in every scene; those of eight photos a folder
tell it within 3 % (docs/experiments/scene-statistics.md, 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.calibration.proof.edge_check import (
    FREQUENCIES,
    LEAST_EDGES,
    LEAST_IN_ZONE,
    ZONES,
    MeasuredEdges,
    edges_in_middle,
    edges_of_photo,
)
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import Frame
from lenscal.system.threads import in_order

Floats = NDArray[np.float64]

MOST_PHOTOS = 8
"""Of each folder."""
LEAST_PHOTOS = 3
"""Of each folder: of fewer, nothing tells how far they can be believed."""
FACTORS = np.geomspace(0.5, 2.0, 141)
"""Of the width, that are tried."""
SCENES_ERROR = 0.1
"""Standard error of the width's logarithm as spectra of some ten other scenes tell it."""
FIT_ERROR = 0.08
"""Standard error of the same of kernels that were fitted then: priors draw them together or
apart."""
EDGES_ERROR = 0.06
"""What edges of one folder may differ by from the other's, whatever the jackknife says: those of
houses and those of leaves."""
_HIGHEST = 0.5
"""cycles/px: beyond, taps repeat themselves."""


@dataclass(frozen=True, slots=True)
class EdgeWidth:
    """factor : that kernels' width has to be multiplied by; error : standard error of its
    logarithm."""

    factor: float
    error: float

    @property
    def believed(self) -> float:
        """The factor, drawn to 1 as far as scenes alone know the width better."""
        return self._drawn_to_one(SCENES_ERROR, self.error)

    @property
    def after_fit(self) -> float:
        """The same of kernels that were fitted to spectra as wide as edges show already."""
        return self._drawn_to_one(FIT_ERROR, float(np.hypot(self.error, EDGES_ERROR)))

    def _drawn_to_one(self, before: float, error: float) -> float:
        return float(self.factor ** (before**2 / (before**2 + error**2)))


@dataclass(frozen=True, slots=True, eq=False)
class FolderEdges:
    """Edges of both folders, photo by photo; the sharp ones near the middle of the picture only."""

    sharp: tuple[MeasuredEdges, ...]
    degraded: tuple[MeasuredEdges, ...]

    def width(self, psf: PsfGrid) -> EdgeWidth | None:
        """Of the kernels of a grid; None where photos or edges are too few."""
        # One that shows no edges would seem to agree with all others.
        sharp, degraded = (
            [e for e in folder if len(e.mtf)] for folder in (self.sharp, self.degraded)
        )
        if min(len(sharp), len(degraded)) < LEAST_PHOTOS:
            return None
        if min(sum(len(e.mtf) for e in folder) for folder in (sharp, degraded)) < LEAST_EDGES:
            return None
        transfer = [_transfer(psf, edges) for edges in degraded]
        every_sharp, every_degraded = range(len(sharp)), range(len(degraded))

        def best(of_sharp: Sequence[int], of_degraded: Sequence[int]) -> float:
            reference = np.concatenate([sharp[n].mtf for n in of_sharp]).mean(0)
            expected = reference * np.concatenate([transfer[n] for n in of_degraded], 1)
            measured = np.concatenate([degraded[n].mtf for n in of_degraded])
            position = np.concatenate([degraded[n].position for n in of_degraded])
            return _least(measured - expected, position)

        # The jackknife (Efron & Stein 1981) over whole photos: edges of one photo go together.
        by_sharp = [best(_without(every_sharp, n), every_degraded) for n in every_sharp]
        by_degraded = [best(every_sharp, _without(every_degraded, n)) for n in every_degraded]
        variance = sum((len(v) - 1) * float(np.var(np.log(v))) for v in (by_sharp, by_degraded))
        return EdgeWidth(best(every_sharp, every_degraded), variance**0.5)


def folder_edges(sharp: Sequence[Frame], degraded: Sequence[Frame]) -> Iterator[FolderEdges | None]:
    """Yields None after each photo, at last the edges."""
    folders: list[tuple[MeasuredEdges, ...]] = []
    for frames in (sharp[:MOST_PHOTOS], degraded[:MOST_PHOTOS]):
        measured = []
        with closing(in_order(edges_of_photo, frames)) as photos:
            for edges in photos:
                measured.append(edges)
                yield None
        folders.append(tuple(measured))
    yield FolderEdges(tuple(edges_in_middle(edges) for edges in folders[0]), folders[1])


def _without(numbers: Sequence[int], left_out: int) -> list[int]:
    return [n for n in numbers if n != left_out]


def _transfer(psf: PsfGrid, edges: MeasuredEdges) -> Floats:
    """[factors, n, f] of green kernels made wider by each factor, across n edges."""
    kernels = psf.at(edges.position)[:, 1]
    offset = np.arange(kernels.shape[-1]) - kernels.shape[-1] // 2
    way = edges.normal[:, 0, None, None] * offset[:, None] + edges.normal[:, 1, None, None] * offset
    # A wider kernel's transfer is that of the kernel at higher frequencies.
    frequencies = (FACTORS[:, None] * FREQUENCIES).clip(max=_HIGHEST)
    waves = np.exp(-2j * np.pi * way[..., None] * frequencies.ravel())
    found = np.abs(np.einsum("nyx,nyxf->nf", kernels, waves))
    return np.asarray(found.reshape(len(found), *frequencies.shape).transpose(1, 0, 2))


def _least(difference: Floats, position: Floats) -> float:
    """The factor of which transfers [factors, n, f] differ least, in the means over parts of the
    field that hold enough edges."""
    zone = (position * ZONES).astype(int).clip(0, ZONES - 1) @ [ZONES, 1]
    parts = [zone == number for number in range(ZONES**2)]
    parts = [part for part in parts if part.sum() >= LEAST_IN_ZONE] or [np.ones(len(zone), bool)]
    misfit = sum(part.sum() * (difference[:, part].mean(1) ** 2).sum(1) for part in parts)
    return float(FACTORS[int(np.argmin(misfit))])
