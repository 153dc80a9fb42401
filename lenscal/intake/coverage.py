"""Where in the picture there is texture to learn from, over all the photos of a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.intake.survey import Survey, TileKind
from lenscal.translation import enumeration, translatable

_THIN = 0.3
"""Usable share of a region below which a warning is worth it: less than a third of the photos have
texture there."""
_NEARLY_EVERYWHERE = 6
"""Of nine regions: with more, names would say less than "nearly everywhere"."""
_REGIONS = (
    (translatable("top left"), translatable("top"), translatable("top right")),
    (translatable("left"), translatable("centre"), translatable("right")),
    (translatable("bottom left"), translatable("bottom"), translatable("bottom right")),
)
_CORNERS = {str(_REGIONS[r][c]) for r in (0, 2) for c in (0, 2)}
_CAUSES = {
    TileKind.PLAIN: translatable("sky or other plain areas"),
    TileKind.DARK: translatable("nearly black areas"),
    TileKind.CLIPPED: translatable("blown-out areas"),
}
_SHADES = " .:-=+*#"
"""By how much ink they take, from none to most."""


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """Texture by the cells of a grid, in sensor orientation.

    Attributes
    ----------
    cells : float32 ndarray [rows, cols]
        Share 0..1 of the cell's area, over all photos, that is textured well above the noise, not
        clipped, not dark.
    causes : float32 ndarray [rows, cols, 3]
        Share of the area that is plain, dark, clipped.
    n_photos : int
    """

    cells: NDArray[np.float32]
    causes: NDArray[np.float32]
    n_photos: int

    def describe(self) -> tuple[str, ...]:
        """Warnings in plain language, one for each cause, that name regions; nothing where all is
        covered."""
        return tuple(self._warnings()) if self.n_photos else ()

    def as_text(self) -> list[str]:
        """The grid as lines of text: two signs a cell, from blank (no texture) to # (texture in all
        photos)."""
        shade = np.clip(self.cells * len(_SHADES), 0, len(_SHADES) - 1).astype(int)
        return ["".join(2 * _SHADES[s] for s in line) for line in shade]

    def _warnings(self) -> Iterator[str]:
        # One warning a cause, not one a region: nine lines would not be read.
        thin = self._thin_regions()
        often = translatable("in the photo")
        if self.n_photos > 1:
            often = translatable("in most photos")
        if sum(map(len, thin.values())) > _NEARLY_EVERYWHERE:
            mostly = max(thin, key=lambda cause: len(thin[cause]))
            yield translatable(
                "little texture nearly everywhere ({mostly} {often}): these kernels will be "
                "uncertain; photograph subjects with detail all over the picture",
                mostly=_CAUSES[mostly],
                often=often,
            )
            return
        for cause, names in thin.items():
            yield translatable(
                "{names}: {cause} {often}; {rests}",
                names=enumeration(names),
                cause=_CAUSES[cause],
                often=often,
                rests=_rests_on_neighbours(names),
            )

    def _thin_regions(self) -> dict[TileKind, list[str]]:
        """Names of the ninths of the picture with little texture, by what there is instead."""
        # A grid with fewer than three rows or columns has middle ones only.
        rows, cols = (np.arange(n) * 3 // n if n >= 3 else np.full(n, 1) for n in self.cells.shape)
        thin: dict[TileKind, list[str]] = {}
        for r, line in enumerate(_REGIONS):
            for c, name in enumerate(line):
                here = np.ix_(rows == r, cols == c)
                if self.cells[here].size and self.cells[here].mean() < _THIN:
                    # Kinds begin with USABLE, causes with the one after it.
                    cause = TileKind(1 + int(self.causes[here].mean(axis=(0, 1)).argmax()))
                    thin.setdefault(cause, []).append(name)
        return thin


def _rests_on_neighbours(names: Sequence[str]) -> str:
    # Whole sentences, as other languages decline them otherwise.
    if len(names) > 1:
        return translatable("these parts rely on their neighbours")
    if str(names[0]) in _CORNERS:
        return translatable("this corner relies on its neighbours")
    return translatable("this part relies on its neighbours")


def coverage(photos: Sequence[Survey], grid: tuple[int, int]) -> Coverage:
    """Average the photos' tiles over the cells of a grid (rows, cols); without photos there is no
    texture."""
    cells, causes = np.zeros(grid, np.float64), np.zeros((*grid, 3), np.float64)
    for photo in photos:
        down, across = (
            _bins(n_tiles, n) for n_tiles, n in zip(photo.kinds.shape, grid, strict=True)
        )
        cells += down @ (photo.kinds == TileKind.USABLE) @ across.T
        for k, cause in enumerate(_CAUSES):
            causes[..., k] += down @ (photo.kinds == cause) @ across.T
    # No photos: zeros, not NaN.
    n = max(len(photos), 1)
    return Coverage((cells / n).astype(np.float32), (causes / n).astype(np.float32), len(photos))


def common_coverage(a: Coverage, b: Coverage) -> Coverage:
    """Of two folders' coverages of one grid, the smaller at every cell: learning needs texture in
    both."""
    # The cause goes with the folder that lacks the texture.
    less = a.cells <= b.cells
    cells = np.where(less, a.cells, b.cells)
    causes = np.where(less[..., None], a.causes, b.causes)
    return Coverage(cells, causes, min(a.n_photos, b.n_photos))


def _bins(n_tiles: int, n_cells: int) -> NDArray[np.float64]:
    """Weights [n_cells, n_tiles] that average the tiles in a cell, or take the nearest where there
    is none."""
    tile = (np.arange(n_tiles) + 0.5) / n_tiles
    cell = (np.arange(n_cells) + 0.5) / n_cells
    inside = np.floor(tile * n_cells).astype(int) == np.arange(n_cells)[:, None]
    # A fine grid on a small photo has cells between the tiles.
    empty = ~inside.any(axis=1)
    inside[empty, np.abs(tile - cell[empty, None]).argmin(axis=1)] = True
    return np.asarray(inside / inside.sum(axis=1, keepdims=True))
