"""How good a calibration is where the truth is known: scores of kernels, the gain of a correction,
both in a table."""
