"""How many photos of the virtual lens are taken, how large, and by what sensor. Nothing heavy: the
parser reads this."""

from __future__ import annotations

from enum import StrEnum

N_PHOTOS = range(1, 101)
"""In each folder."""
DEFAULT_N_PHOTOS = 8
DEFAULT_SIZE_PX = (1200, 1800)
"""(height, width)."""
LARGEST_SIDE_PX = 12_288
"""More than any camera's; larger scenes would fill the memory."""
LEAST_SIDE_PX = 256
"""Smaller photos cannot be calibrated."""


class Sensor(StrEnum):
    """What a camera knows at each place of the picture, and writes."""

    BAYER = "bayer"
    X_TRANS = "x-trans"
    THREE_LAYER = "three-layer"
    """All colours everywhere, as linear DNG."""
    DEMOSAICED = "demosaiced"
    """A Bayer sensor whose camera demosaics by itself (phones), as linear DNG."""
    MONOCHROME = "monochrome"
    """Behind a green filter, so that its kernel is green's."""
    PNG = "png"
    """All colours everywhere, developed to 16-bit sRGB and written as PNG."""
