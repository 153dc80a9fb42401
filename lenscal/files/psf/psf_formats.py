"""Formats that PSF grids are written in for other programs. Nothing heavy is imported: the parser
reads this."""

PSF_FORMATS = ("fits", "npz", "tiff", "csv")
ALL_FORMATS = "all"
"""Each of them at once."""
DEFAULT_PSF_FORMAT = "fits"

CSV_COLUMNS = (
    "row",
    "col",
    "y_px",
    "x_px",
    "channel",
    "fwhm_px",
    "ee80_radius_px",
    "mtf50_sagittal",
    "mtf50_tangential",
    "centroid_dy_px",
    "centroid_dx_px",
    "confidence",
)
"""Of the table of figures."""
