"""How copies of a lens scatter over the field: as CSV, as maps, and as plain values."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from html import escape
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.files.report.document import Block, Figure
from lenscal.laboratory.copies import CopySpread
from lenscal.laboratory.figures import cell
from lenscal.optics.units import DisplayUnits, line_pairs_per_mm
from lenscal.plots.psf_plots import HALF_PX, rounded_map, value_map
from lenscal.raw.lens_setting import f_number

SPREAD_NAME = "spread.csv"
SPREAD_COLUMNS = (
    "name",
    "aperture",
    "focal_mm",
    "copies",
    "row",
    "col",
    "y_px",
    "x_px",
    "mtf50_mean",
    "mtf50_deviation",
    "mtf50_relative_deviation",
    "mtf50_mean_lp_mm",
    "mtf50_deviation_lp_mm",
    "kernel_deviation",
)
"""MTF50 of green in cycles/px, and in line pairs per mm where pixels' size is known; the others are
relative."""


def spread_csv(spreads: Sequence[CopySpread]) -> str:
    """One line a place of the field."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(SPREAD_COLUMNS)
    for spread in spreads:
        writer.writerows([cell(value) for value in line] for line in _lines(spread))
    return text.getvalue()


def _lines(copies: CopySpread) -> Iterator[tuple[str | int | float | None, ...]]:
    group, of = copies.group, copies.spread
    for row, col in np.ndindex(*of.mtf50_mean.shape):
        y, x = copies.positions_px[row, col]
        mean, deviation = float(of.mtf50_mean[row, col]), float(of.mtf50_deviation[row, col])
        pitch = copies.pitch_um
        in_lp_mm = [
            None if pitch is None else line_pairs_per_mm(n, pitch) for n in (mean, deviation)
        ]
        yield (
            group.name,
            group.aperture,
            group.focal_mm,
            len(group.outcomes),
            row,
            col,
            float(y),
            float(x),
            mean,
            deviation,
            float(of.mtf50_relative[row, col]),
            *in_lp_mm,
            float(of.kernel_deviation[row, col]),
        )


def spread_values(copies: CopySpread) -> dict[str, Any]:
    """For programs: the same as the CSV, as lists of rows."""
    group, of = copies.group, copies.spread
    return {
        "name": group.name,
        "aperture": group.aperture,
        "focal_mm": group.focal_mm,
        "copies": [outcome.entry.copy for outcome in group.outcomes],
        "image_size": list(copies.image_size),
        "pixel_pitch_um": copies.pitch_um,
        "mtf50_mean": of.mtf50_mean.tolist(),
        "mtf50_deviation": of.mtf50_deviation.tolist(),
        "mtf50_relative_deviation": of.mtf50_relative.tolist(),
        "kernel_deviation": of.kernel_deviation.tolist(),
    }


def spread_block(copies: CopySpread) -> Block:
    """Maps of it, with what they show in words."""
    group, of, units = copies.group, copies.spread, DisplayUnits(copies.pitch_um)
    mean, deviation = units.of_frequency(of.mtf50_mean), units.of_frequency(of.mtf50_deviation)

    def shown(
        title: str, unit: str, values: NDArray[Any], pattern: str, caption: str = ""
    ) -> Figure:
        from_zero = values is not mean
        data = rounded_map(unit, values, pattern, from_zero=from_zero)
        return Figure(title, value_map(copies.image_size, data, units, HALF_PX), caption=caption)

    pattern = units.frequency_pattern
    return Block(
        _title(copies),
        f'<p class="small">Copies: {escape(", ".join(o.entry.copy for o in group.outcomes))}. '
        f"All numbers are in {SPREAD_NAME}.</p>",
        figures=(
            shown("MTF50 of green, mean of copies", units.frequency, mean, pattern),
            shown("Its standard deviation", units.frequency, deviation, pattern),
            shown(
                "Its standard deviation, relative to the mean",
                "%",
                100 * of.mtf50_relative,
                "{:.1f}",
            ),
            shown(
                "Kernels, how far from their mean",
                "%",
                100 * of.kernel_deviation,
                "{:.1f}",
                "Norm of the difference over that of the mean, all colours, without a common "
                "shift; the mean over copies.",
            ),
        ),
        columns=2,
    )


def _title(copies: CopySpread) -> str:
    group = copies.group
    setting = [f_number(group.aperture)] if group.aperture else []
    setting += [f"{group.focal_mm:g} mm"] if group.focal_mm else []
    return f"{', '.join([group.name, *setting])}: {len(group.outcomes)} copies over the field"
