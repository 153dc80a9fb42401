"""How much of a correction a photo stands: its own edges show where too much of it rings.

Kernels that are wider than the lens's blur leave edges with dark and bright borders that the photo
did not have. Along straight edges between even surfaces nothing else makes such borders, and with a
share of the correction they fade in proportion: so the share that is clean can be told without
correcting anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.edges import Edges, find_edges, profiles_and_scatter
from lenscal.reports import Report
from lenscal.restore.tiles import LinearPhoto
from lenscal.stepping import Job
from lenscal.system.threads import in_order
from lenscal.translation import Translatable, translatable

Floats = NDArray[np.float64]

BLOCK_PX = 512
"""Side of the parts in which edges are looked for."""
EDGES_A_BLOCK = 12
"""The clearest ones of each part: all of a photo's say no more."""
MARGIN_PX = 20
"""Around a part, so that edges at its border are seen whole."""
ALLOWED = 0.045
"""Of an edge's step: what its light may leave the range by that it has beside the edge, beyond what
the photo itself shows. Right kernels stay below (docs/experiments/real-photos.md)."""
NOISE_SIGMAS = 2.5
"""Of a profile's own noise, which the largest of its values shows by chance."""
PIXELS_A_BIN = 12.0
"""Of a profile, about: its noise is that of their mean."""
LEAST_EDGES = 6
"""Fewer say nothing of a whole photo."""
QUIET_SHARE = 0.2
"""Of the edges, those that ring most, which may be as the scene is: a bright rim, a shadow."""
NODE_PX = 300
"""Distance of the places for which shares are told, about."""
MOST_NODES = 8
NEAR = 0.12
"""Of the photo's diagonal: edges within it say most of a place."""
HARDLY_LESS = 0.9
"""Mean share from which on only single parts rang."""
SHARES = np.linspace(1, 0, 41)
_COPY_ROWS = 256


class CorrectedRows(Protocol):
    """A corrected photo that can still be changed."""

    def __getitem__(self, part: tuple[slice, slice]) -> NDArray[np.float32]:
        """Linear camera RGB [h, w, 3]."""

    def put(self, rows: range, rgb: NDArray[np.float32]) -> None:
        """Replace some rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Strength:
    """Which share of a correction each place keeps.

    Attributes
    ----------
    nodes : float64 ndarray [rows, cols]
        0..1, spread evenly over the photo, the outermost on its borders.
    """

    nodes: Floats

    @property
    def mean(self) -> float:
        """Over the photo."""
        return float(self.nodes.mean())

    @property
    def least(self) -> float:
        """At the place that keeps least."""
        return float(self.nodes.min())

    def in_words(self) -> Translatable:
        """What was done, and what may be behind it."""
        if self.mean > HARDLY_LESS:
            return translatable(
                "in parts of it, all of the correction would have made rings along edges: "
                "{least:.0%} of it was kept there",
                least=self.least,
            )
        return translatable(
            "all of the correction would have made rings along edges: {mean:.0%} of it was kept on "
            "average, {least:.0%} where they were worst; the photo is less blurred than the "
            "profile says",
            mean=self.mean,
            least=self.least,
        )

    def rows(self, rows: range, size: tuple[int, int]) -> NDArray[np.float32]:
        """[h, w] of some rows of a photo of a size (height, width)."""
        height, width = size
        down = _linear(np.arange(rows.start, rows.stop) / max(height - 1, 1), self.nodes.shape[0])
        across = _linear(np.arange(width) / max(width - 1, 1), self.nodes.shape[1])
        return np.asarray(down @ self.nodes @ across.T, np.float32)

    def at(self, positions: Floats) -> Floats:
        """[n] at positions (y, x) [n, 2] in 0..1."""
        down, across = (
            _linear(positions[:, axis], count) for axis, count in enumerate(self.nodes.shape)
        )
        return np.asarray(((down @ self.nodes) * across).sum(1))


@dataclass(frozen=True, slots=True, eq=False)
class CorrectedEdges:
    """Edges of a photo, and what a correction made of them.

    Attributes
    ----------
    position : float64 ndarray [n, 2]
        (y, x) in 0..1.
    before, after : float64 ndarray [n, 3, bins]
        Their profiles in the three colours.
    noise : float64 ndarray [n, 3]
        Standard deviation of the profiles after the correction.
    """

    position: Floats
    before: Floats
    after: Floats
    noise: Floats

    def __len__(self) -> int:
        return len(self.position)


def edges_after(photo: LinearPhoto, corrected: CorrectedRows) -> Iterator[CorrectedEdges]:
    """The edges of a photo, part by part."""
    height, width = photo.size
    corners = [(y, x) for y in range(0, height, BLOCK_PX) for x in range(0, width, BLOCK_PX)]

    def of_part(corner: tuple[int, int]) -> CorrectedEdges:
        return _edges_of_part(photo, corrected, corner)

    with closing(in_order(of_part, corners)) as parts:
        yield from parts


def _edges_of_part(
    photo: LinearPhoto, corrected: CorrectedRows, corner: tuple[int, int]
) -> CorrectedEdges:
    (y, x), (height, width) = corner, photo.size
    y0, x0 = max(y - MARGIN_PX, 0), max(x - MARGIN_PX, 0)
    rows = slice(y0, min(y + BLOCK_PX + MARGIN_PX, height))
    cols = slice(x0, min(x + BLOCK_PX + MARGIN_PX, width))
    original = photo.rgb_tile(rows, cols)
    edges, _ = find_edges(np.ascontiguousarray(original[..., 1]), EDGES_A_BLOCK)
    # Those beyond the part are its neighbour's.
    place = edges.place + np.array([y0, x0])
    inside = ((place >= [y, x]) & (place < [y + BLOCK_PX, x + BLOCK_PX])).all(1)
    edges = edges.part(inside)
    position = place[inside] / np.maximum(np.array(photo.size) - 1, 1)
    if not len(edges):
        none = np.zeros((0, 3, 1))
        return CorrectedEdges(position, none, none, np.zeros((0, 3)))
    before, _ = _in_colours(original, edges)
    after, scatter = _in_colours(corrected[rows, cols], edges)
    return CorrectedEdges(position, before, after, scatter / np.sqrt(PIXELS_A_BIN))


def _in_colours(rgb: NDArray[np.float32], edges: Edges) -> tuple[Floats, Floats]:
    """Profiles [n, 3, bins] and scatter [n, 3]."""
    planes = [
        profiles_and_scatter(np.ascontiguousarray(rgb[..., colour]), edges) for colour in range(3)
    ]
    return np.stack([p for p, _ in planes], 1), np.stack([s for _, s in planes], 1)


def together(parts: list[CorrectedEdges]) -> CorrectedEdges | None:
    """All parts' edges; None where there are none."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return None
    return CorrectedEdges(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("position", "before", "after", "noise")
        )
    )


def ringing(edges: CorrectedEdges, share: Floats | float = 1.0) -> Floats:
    """By how much [n] the light of edges leaves the range that it has beside them, beyond what it
    does in the photo itself, over the largest step of the colours, with a share [n] of the
    correction."""
    before, after = edges.before, edges.after
    share = np.broadcast_to(share, len(edges))[:, None]
    low, high = _range_beside(before)
    step = np.maximum((high - low).max(1, keepdims=True), 1e-9)
    mixed = before + share[..., None] * (after - before)

    def beyond(profiles: Floats) -> Floats:
        return np.asarray(np.maximum(profiles.max(2) - high, low - profiles.min(2)).clip(min=0))

    excess = beyond(mixed) - beyond(before) - NOISE_SIGMAS * share * edges.noise
    return np.asarray((excess / step).max(1).clip(min=0))


def _range_beside(profiles: Floats) -> tuple[Floats, Floats]:
    """The lower and the higher level [n, 3] at the ends of profiles [n, 3, bins]."""
    n = profiles.shape[2] // 6
    ends = np.stack([profiles[..., :n].mean(2), profiles[..., -n:].mean(2)])
    return ends.min(0), ends.max(0)


def clean_shares(edges: CorrectedEdges) -> Floats:
    """The largest share [n] of the correction with which each edge is clean."""
    share = np.zeros(len(edges))
    for candidate in SHARES[::-1]:
        share = np.where(ringing(edges, candidate) <= ALLOWED, candidate, share)
    return share


def strength_for(edges: CorrectedEdges | None, size: tuple[int, int]) -> Strength | None:
    """The share of the correction that each place of a photo (height, width) keeps so that its
    edges are clean; None: all of it, everywhere."""
    if edges is None or len(edges) < LEAST_EDGES:
        return None
    shares = clean_shares(edges)
    rows, cols = (int(np.clip(round(n / NODE_PX), 2, MOST_NODES)) for n in size)
    scale = np.array(size) / np.hypot(*size)
    nodes = np.empty((rows, cols))
    for i, y in enumerate(np.linspace(0, 1, rows)):
        for j, x in enumerate(np.linspace(0, 1, cols)):
            distance = np.linalg.norm((edges.position - [y, x]) * scale, axis=1)
            # Where few edges are near, the nearest ones have to do.
            near = max(NEAR, float(np.sort(distance)[LEAST_EDGES - 1]) / 2)
            nodes[i, j] = _quantile(shares, np.exp(-((distance / near) ** 2) / 2))
    return None if nodes.min() >= 1 else Strength(nodes)


def _quantile(values: Floats, weight: Floats) -> float:
    """The weighted `QUIET_SHARE` quantile."""
    order = np.argsort(values, kind="stable")
    passed = np.cumsum(weight[order])
    number = int(np.searchsorted(passed, QUIET_SHARE * passed[-1]))
    return float(values[order[min(number, len(order) - 1)]])


def without_rings(
    photo: LinearPhoto, corrected: CorrectedRows, mask: NDArray[np.uint8] | None = None
) -> Job[Strength | None]:
    """Take back as much of a correction as makes rings; what is left of it, or None where nothing
    rang. A mask [H, W] of how much each pixel was corrected follows."""
    found = []
    for edges in edges_after(photo, corrected):
        found.append(edges)
        yield Report("correct", translatable("Looking for rings"), 1.0)
    strength = strength_for(together(found), photo.size)
    if strength is None:
        return None
    height, width = photo.size
    for y in range(0, height, _COPY_ROWS):
        rows = range(y, min(y + _COPY_ROWS, height))
        share = strength.rows(rows, photo.size)
        part = slice(rows.start, rows.stop), slice(0, width)
        original = photo.rgb_tile(*part)
        corrected.put(rows, original + share[..., None] * (corrected[part] - original))
        if mask is not None:
            mask[part] = mask[part] * share + 0.5
        yield Report("correct", translatable("Removing rings"))
    return strength


def _linear(at: Floats, count: int) -> Floats:
    """Weights [n, count] of values at even places 0..1, linear in between."""
    place = at * (count - 1)
    return np.asarray(np.maximum(1 - np.abs(place[:, None] - np.arange(count)), 0))
