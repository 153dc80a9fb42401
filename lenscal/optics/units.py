"""Pixels to micrometres, cycles per pixel to line pairs per millimetre."""

from __future__ import annotations


def micrometres(px: float, pitch_um: float) -> float:
    return px * pitch_um


def line_pairs_per_mm(cycles_per_px: float, pitch_um: float) -> float:
    return cycles_per_px * 1000 / pitch_um
