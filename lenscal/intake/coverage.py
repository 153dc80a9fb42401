"""Where in the picture there is texture to learn from, over all the photos of a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lenscal.intake.survey import Place, Survey
from lenscal.translation import translatable

_THIN = 0.3
"""Usable share of a region from which on it is told: less than a third of the photos have texture
there."""
_NAMES = (
    ("top left", "top", "top right"),
    ("left", "centre", "right"),
    ("bottom left", "bottom", "bottom right"),
)
_CAUSES = {
    Place.PLAIN: translatable("sky or other plain areas"),
    Place.DARK: translatable("nearly black areas"),
    Place.CLIPPED: translatable("blown-out areas"),
}
_SHADES = " .:-=+*#"


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

    cells: np.ndarray
    causes: np.ndarray
    n_photos: int

    def describe(self) -> tuple[str, ...]:
        """Warnings in plain language, one for each cause, that name regions; nothing where all is
        covered."""
        return tuple(self._warnings()) if self.n_photos else ()

    def _warnings(self) -> Iterator[str]:
        thin: dict[Place, list[str]] = {}
        rows, cols = (np.arange(n) * 3 // n if n >= 3 else np.full(n, 1) for n in self.cells.shape)
        for r, line in enumerate(_NAMES):
            for c, name in enumerate(line):
                here = np.ix_(rows == r, cols == c)
                if self.cells[here].size and self.cells[here].mean() < _THIN:
                    cause = Place(1 + int(self.causes[here].mean(axis=(0, 1)).argmax()))
                    thin.setdefault(cause, []).append(name)
        often = (
            translatable("in most photos") if self.n_photos > 1 else translatable("in the photo")
        )
        if sum(map(len, thin.values())) > 6:
            mostly = max(thin, key=lambda cause: len(thin[cause]))
            yield translatable(
                "little texture nearly everywhere ({mostly} {often}): these kernels will be uncertain; "
                "photograph subjects with detail all over the picture",
                mostly=_CAUSES[mostly],
                often=often,
            )
            return
        for cause, names in thin.items():
            rests = translatable("these parts rest on their neighbours")
            if len(names) == 1:
                corner = " " in names[0]
                rests = (
                    translatable("this corner rests on its neighbours")
                    if corner
                    else translatable("this part rests on its neighbours")
                )
            yield translatable(
                "{names}: {cause} {often}; {rests}",
                names=listed(names),
                cause=_CAUSES[cause],
                often=often,
                rests=rests,
            )

    def drawn(self) -> list[str]:
        """The grid as lines of text: two signs a cell, from blank (no texture) to # (texture in all
        photos)."""
        shade = np.clip(self.cells * len(_SHADES), 0, len(_SHADES) - 1).astype(int)
        return ["".join(2 * _SHADES[s] for s in line) for line in shade]


def coverage(photos: Sequence[Survey], grid: tuple[int, int]) -> Coverage:
    """Average the photos' tiles over the cells of a grid (rows, cols); without photos there is no
    texture."""
    cells, causes = np.zeros(grid, np.float64), np.zeros((*grid, 3), np.float64)
    for photo in photos:
        down, across = (
            _bins(n_tiles, n) for n_tiles, n in zip(photo.place.shape, grid, strict=True)
        )
        cells += down @ (photo.place == Place.USABLE) @ across.T
        for k, cause in enumerate(_CAUSES):
            causes[..., k] += down @ (photo.place == cause) @ across.T
    n = max(len(photos), 1)
    return Coverage((cells / n).astype(np.float32), (causes / n).astype(np.float32), len(photos))


def weaker(a: Coverage, b: Coverage) -> Coverage:
    """Of two folders' coverages of one grid, the smaller at every cell: learning needs texture in
    both."""
    less = a.cells <= b.cells
    cells, causes = np.where(less, a.cells, b.cells), np.where(less[..., None], a.causes, b.causes)
    return Coverage(cells, causes, min(a.n_photos, b.n_photos))


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _bins(n_tiles: int, n_cells: int) -> np.ndarray:
    """Weights [n_cells, n_tiles] that average the tiles in a cell, or take the nearest where there
    is none."""
    tile, cell = (np.arange(n_tiles) + 0.5) / n_tiles, (np.arange(n_cells) + 0.5) / n_cells
    inside = np.floor(tile * n_cells).astype(int) == np.arange(n_cells)[:, None]
    empty = ~inside.any(axis=1)
    inside[empty, np.abs(tile - cell[empty, None]).argmin(axis=1)] = True
    return inside / inside.sum(axis=1, keepdims=True)
