"""Pixels to micrometres, cycles per pixel to line pairs per millimetre."""

from __future__ import annotations

_FULL_FRAME_DIAGONAL_MM = 43.267


def micrometres(px: float, pitch_um: float) -> float:
    return px * pitch_um


def line_pairs_per_mm(cycles_per_px: float, pitch_um: float) -> float:
    return cycles_per_px * 1000 / pitch_um


def pitch_from_crop_factor(crop: float, image_size: tuple[int, int]) -> float:
    """Distance of pixels in um of a sensor of (height, width) px whose diagonal is 43.3 mm over the crop factor."""
    height, width = image_size
    diagonal_px: float = (height**2 + width**2) ** 0.5
    return _FULL_FRAME_DIAGONAL_MM / crop / diagonal_px * 1000
