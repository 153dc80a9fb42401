"""Formats that PSF grids are written in for other programs. Nothing heavy is imported: the parser
reads this."""

PSF_FORMATS = ("fits", "npz", "tiff", "csv")
ALL_FORMATS = "all"
"""Each of them at once."""
DEFAULT_PSF_FORMAT = "fits"
