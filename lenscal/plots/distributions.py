"""How often values occur: histograms as drawings of reports."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lenscal.plots.charts import Axes, Line, line_chart
from lenscal.plots.svg import REPORT_STYLE, to_svg

_ASPECT = 0.62
_BINS = 30


def distribution_plot(
    values: NDArray[np.floating], unit: str, width: float, span: tuple[float, float] | None = None
) -> str:
    """Shares (%) of values by what they are, as steps; `span` : ends of the x axis."""
    low, high = (float(values.min()), float(values.max())) if span is None else span
    if span is None:
        # From nothing on: widths and lengths are compared by their sizes.
        low = min(low, 0.0)
    counts, edges = np.histogram(values, bins=_BINS, range=(low, max(high, low + 1e-6)))
    shares = 100 * counts / max(len(values), 1)
    # Up and down at each edge.
    x, y = edges.repeat(2), np.concatenate([[0.0], shares.repeat(2), [0.0]])
    axes = Axes(unit, "%", (0.0, max(float(shares.max()) * 1.1, 1.0)))
    line = Line(x, y, REPORT_STYLE.blue, width=1.6)
    return to_svg(line_chart([line], axes, (), (width, round(width * _ASPECT)), REPORT_STYLE))
