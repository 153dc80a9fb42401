"""lenscal: chart-free calibration of a lens's point spread function, and correction with it."""

__version__ = "0.1.0"
