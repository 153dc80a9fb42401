"""Pixels to micrometres, cycles per pixel to line pairs per millimetre."""

from __future__ import annotations


def micrometres(px: float, pitch_um: float) -> float:
    """A length on the sensor, of pixels that are `pitch_um` apart."""
    return px * pitch_um


def line_pairs_per_mm(cycles_per_px: float, pitch_um: float) -> float:
    """A spatial frequency on the sensor, of pixels that are `pitch_um` apart."""
    return cycles_per_px * 1000 / pitch_um


def cycles_per_px(line_pairs_per_mm: float, pitch_um: float) -> float:
    """A spatial frequency in pixels that are `pitch_um` apart."""
    return line_pairs_per_mm * pitch_um / 1000
