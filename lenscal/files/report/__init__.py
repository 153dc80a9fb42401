"""Reports on a calibration: what they say, and how it stands on pages."""
