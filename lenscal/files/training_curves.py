"""Live curves of a calibration as CSV: curve,step,value."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence


def curves_csv(curves: Mapping[str, Sequence[tuple[int, float]]]) -> str:
    """The curves, by name, as a table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["curve", "step", "value"])
    for name, points in curves.items():
        # All digits, so that a curve comes back as it was.
        writer.writerows([name, int(step), repr(float(value))] for step, value in points)
    return text.getvalue()


def curves_from(text: str) -> dict[str, list[tuple[int, float]]]:
    """The curves of such a table.

    Raises
    ------
    ValueError
        It is none.
    """
    curves: dict[str, list[tuple[int, float]]] = {}
    lines = csv.reader(io.StringIO(text))
    # Their names.
    next(lines, None)
    for name, step, value in lines:
        number = float(value)
        # A loss may have had no value for a while: there is nothing to show then.
        if math.isfinite(number):
            curves.setdefault(name, []).append((int(step), number))
    return curves
