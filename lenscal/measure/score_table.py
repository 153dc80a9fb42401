"""Scores of kernels and shares of the gain as a table of text."""

from __future__ import annotations

from collections.abc import Mapping

from lenscal.measure.gain import Gain

_COLUMNS = (
    ("ncc_mean", "NCC", "mean", "{:.4f}"),
    ("ncc_min", "NCC", "min", "{:.3f}"),
    ("rel_l2_mean", "rel. L2", "mean", "{:.3f}"),
    ("ca_px_mean", "lat. CA", "px", "{:.3f}"),
    ("mtf_mae_mean", "MTF", "error", "{:.4f}"),
    ("mtf50_rel_mean", "MTF50", "error", "{:.1%}"),
    ("odd_rel", "odd", "part", "{:.2f}"),
    ("width_centre", "width", "centre", "{:.2f}"),
    ("width_corner", "width", "corner", "{:.2f}"),
)
"""Figure (see `lenscal.measure.kernel_scores.score`), the two lines of its head, and its form."""
_NAME_WIDTH, _COLUMN_WIDTH = 17, 9


def score_table(scores: Mapping[str, Mapping[str, float]], gain: Gain) -> list[str]:
    """One line a row of `scores`; the last column is the share of the possible gain."""
    heads = [*((top, below) for _, top, below, _ in _COLUMNS), ("share", "of gain")]
    lines = [
        " " * _NAME_WIDTH + "".join(f"{head[line]:>{_COLUMN_WIDTH}}" for head in heads)
        for line in (0, 1)
    ]
    # No correction gains nothing, by definition.
    shares = {"delta": 0.0, **gain.share}
    for name, row in scores.items():
        cells = [form.format(row[key]) for key, _, _, form in _COLUMNS]
        cells.append(f"{shares[name]:.0%}" if name in shares else "")
        columns = "".join(f"{cell:>{_COLUMN_WIDTH}}" for cell in cells)
        lines.append(f"{name:<{_NAME_WIDTH}}{columns}")
    return lines


def gain_values(gain: Gain) -> dict[str, object]:
    """The gain as plain values for JSON."""
    return {
        "psnr_degraded": gain.psnr_degraded,
        "psnr_true": gain.psnr_true,
        "psnr": dict(gain.psnr),
        "share": gain.share,
    }
