"""The check on edges: the sharp photos' edges, blurred with kernels, against the degraded ones'.

A step of light is the same in every scene, so this check hardly depends on what the photos show
(`lenscal.optics.edges`); charts and buildings have enough of them, foliage has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.edges import edge_mtf, edge_mtf50, find_edges
from lenscal.optics.psf_grid import PsfGrid, Reference
from lenscal.raw.frame import Frame
from lenscal.system.threads import in_order

Floats = NDArray[np.float64]

FREQUENCIES = np.array([0.05, 0.1, 0.15, 0.2])
"""cycles/px: below, every lens is good; above, soft photos show noise only."""
BLOCK_PX = 512
MOST_EDGES, EDGES_A_BLOCK = 600, (10, 150)
"""Of a photo, and of a part of it (least and most)."""
LEAST_EDGES = 20
"""On either side: fewer are ruled by what the scene itself makes soft."""
SHARPER_SHARE = 0.5
"""Of a photo's edges: the other ones may be shadows, or lie out of focus."""
ZONES = 2
"""Edges are compared within ZONES x ZONES parts of the field that hold enough of them."""
LEAST_IN_ZONE = 12
MIDDLE = 0.3
"""Distance from the middle, of the sides, within which sharp photos are the reference."""
CLIPS_FROM = 0.9
"""Of the range: an edge of clipped light looks sharper than it is."""


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredEdges:
    """Positions (y, x) in 0..1 [n, 2], normals [n, 2], transfer [n, f] of the edges of photos."""

    position: Floats
    normal: Floats
    mtf: Floats


@dataclass(frozen=True, slots=True, eq=False)
class EdgeCheck:
    """How far kernels are from what edges show.

    Attributes
    ----------
    reference : float64 ndarray [f]
        Transfer of the sharp photos' edges.
    degraded : MeasuredEdges
    without_one : float64 ndarray [n, f]
        The reference without one sharp photo at a time; none where there are less than two.
    spread : float
        Of a misfit's variance over that which the sharp photos alone make: what they differ by
        from photo to photo, the degraded ones do, too.
    """

    reference: Floats
    degraded: MeasuredEdges
    without_one: Floats = field(default_factory=lambda: np.zeros((0, len(FREQUENCIES))))
    spread: float = 1.0

    def misfit(self, psf: PsfGrid) -> float:
        """Mean difference of the transfer from that which the edges of the degraded photos show."""
        return self._misfits(psf, self.reference[None])[0]

    def misfits_by_part(self, psf: PsfGrid) -> list[float]:
        """The same without one sharp photo at a time, for its uncertainty (jackknife)."""
        return self._misfits(psf, self.without_one)

    def _misfits(self, psf: PsfGrid, references: Floats) -> list[float]:
        kernels = psf.at(self.degraded.position)[:, 1]
        transfer = _mtf_across(kernels, self.degraded.normal)
        return [self._by_zones(self.degraded.mtf - r * transfer) for r in references]

    def floor(self) -> float:
        """How far two halves of the degraded photos' edges are apart."""
        mtf, half = self.degraded.mtf, np.arange(len(self.degraded.mtf)) % 2
        # Twice what each half is off its mean with the other.
        return self._by_zones((mtf - mtf.mean(0)) * (2.0 * half - 1)[:, None])

    def _by_zones(self, difference: Floats) -> float:
        """Mean size of what edges [n, f] differ by in the mean of each part of the field."""
        zone = (self.degraded.position * ZONES).astype(int).clip(0, ZONES - 1) @ [ZONES, 1]
        parts = [difference[zone == z] for z in range(ZONES**2)]
        means = [part.mean(0) for part in parts if len(part) >= LEAST_IN_ZONE]
        # The mean of many edges: single ones are as soft as their scenes are.
        return float(np.abs(means or [difference.mean(0)]).mean())


def edge_check(
    sharp: Sequence[Frame], degraded: Sequence[Frame], reference: Reference
) -> EdgeCheck | None:
    """None where the photos show too few edges."""
    of_sharp, of_degraded = _by_photo(sharp), _joined(_by_photo(degraded))
    if reference is Reference.AXIS:
        of_sharp = [edges_in_middle(edges) for edges in of_sharp]
    whole = _joined(of_sharp)
    if min(len(whole.mtf), len(of_degraded.mtf)) < LEAST_EDGES:
        return None
    # A photo without edges takes nothing away.
    parts = [edges.mtf for edges in of_sharp if len(edges.mtf)]
    if len(parts) < 2:
        return EdgeCheck(whole.mtf.mean(0), of_degraded)
    without = [np.concatenate(parts[:n] + parts[n + 1 :]).mean(0) for n in range(len(parts))]
    spread = 1 + len(parts) / len(degraded)
    return EdgeCheck(whole.mtf.mean(0), of_degraded, np.stack(without), spread)


def edges_in_middle(edges: MeasuredEdges) -> MeasuredEdges:
    """Those near the middle of the picture, where the sharp aperture is at its best."""
    return _part(edges, np.abs(edges.position - 0.5).max(1, initial=0) < MIDDLE)


def _by_photo(frames: Sequence[Frame]) -> list[MeasuredEdges]:
    """The sharper edges of each photo."""
    with closing(in_order(edges_of_photo, frames)) as photos:
        return list(photos)


def _joined(parts: Sequence[MeasuredEdges]) -> MeasuredEdges:
    return MeasuredEdges(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in MeasuredEdges.__slots__)
    )


def edges_of_photo(frame: Frame) -> MeasuredEdges:
    """The sharper half of a photo's edges."""
    height, width = frame.size
    corners = [(y, x) for y in range(0, height, BLOCK_PX) for x in range(0, width, BLOCK_PX)]
    most = int(np.clip(MOST_EDGES // len(corners), *EDGES_A_BLOCK))
    found = []
    for y, x in corners:
        tile = frame.rgb_tile(slice(y, y + BLOCK_PX), slice(x, x + BLOCK_PX))
        edges, curves = find_edges(np.ascontiguousarray(tile[..., 1]), most)
        clear = curves.max(1, initial=0) < CLIPS_FROM
        position = (edges.place[clear] + [y, x]) / np.maximum(np.array(frame.size) - 1, 1)
        found.append((position, edges.normal[clear], curves[clear]))
    position, normal, curves = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    measured = MeasuredEdges(position, normal, edge_mtf(curves, FREQUENCIES))
    if not len(curves):
        return measured
    sharpness = edge_mtf50(curves)
    return _part(measured, sharpness >= np.quantile(sharpness, 1 - SHARPER_SHARE))


def _part(edges: MeasuredEdges, which: NDArray[np.bool_]) -> MeasuredEdges:
    return MeasuredEdges(edges.position[which], edges.normal[which], edges.mtf[which])


def _mtf_across(kernels: NDArray[np.floating], normal: Floats) -> Floats:
    """Transfer [n, f] of kernels [n, k, k] along normals [n, 2]."""
    offset = np.arange(kernels.shape[-1]) - kernels.shape[-1] // 2
    way = normal[:, 0, None, None] * offset[:, None] + normal[:, 1, None, None] * offset
    waves = np.exp(-2j * np.pi * way[..., None] * FREQUENCIES)
    return np.asarray(np.abs(np.einsum("nyx,nyxf->nf", kernels, waves)))
