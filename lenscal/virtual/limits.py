"""How many photos of the virtual lens are taken, and how large. Nothing heavy: the parser reads
this."""

N_PHOTOS = range(1, 101)
"""In each folder."""
DEFAULT_N_PHOTOS = 8
DEFAULT_SIZE_PX = (1200, 1800)
"""(height, width)."""
LEAST_SIDE_PX = 256
"""Smaller photos cannot be calibrated."""
