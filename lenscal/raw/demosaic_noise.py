"""How LibRaw's demosaicing correlates the noise of neighbouring pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

X_TRANS_PERIOD = (6, 6)
REACH_PX = 3
"""Of correlations that are kept; demosaicing looks no further."""

# One quadrant each, by |dy| and |dx|: the noise has no preferred side.
_RED_BLUE = (
    (1.20, 0.40, 0.10, 0.04),
    (0.40, 0.185, 0.073, 0.029),
    (0.10, 0.073, 0.037, 0.011),
    (0.04, 0.029, 0.011, 0.002),
)
_GREEN = (
    (1.22, 0.24, 0.017, 0.004),
    (0.24, 0.0, 0.0, 0.001),
    (0.017, 0.0, 0.004, 0.002),
    (0.004, 0.001, 0.002, 0.001),
)


def ahd_noise_correlation() -> NDArray[np.float64]:
    """[3, 7, 7]: autocorrelation of the noise of a demosaiced photo, relative to the variance of
    one RAW site.

    Measured on the virtual camera and on a Canon EOS D30: known noise was added to the mosaic, both
    were demosaiced and subtracted. Photos differed by about 10 %. AHD chooses directions by the
    data, noise included, and so amplifies it.
    """
    lags = np.abs(np.arange(-3, 4))
    tables = [np.array(table)[np.ix_(lags, lags)] for table in (_RED_BLUE, _GREEN, _RED_BLUE)]
    return np.stack(tables).astype(np.float64)


# The same of X-Trans, which LibRaw demosaics in its own way: here colours go along, too.
_X_TRANS_RED_BLUE = (
    (1.09, 0.395, 0.142, 0.076),
    (0.395, 0.161, 0.068, 0.036),
    (0.142, 0.068, 0.019, 0.007),
    (0.076, 0.036, 0.007, 0.006),
)
_X_TRANS_GREEN = (
    (1.094, 0.249, -0.002, -0.003),
    (0.249, 0.027, -0.004, 0.0),
    (-0.002, -0.004, 0.002, 0.0),
    (-0.003, 0.0, 0.0, 0.001),
)
_X_TRANS_WITH_GREEN = (
    (0.516, 0.05, -0.062, -0.031),
    (0.05, -0.035, -0.021, -0.008),
    (-0.062, -0.021, -0.004, -0.002),
    (-0.031, -0.008, -0.002, -0.001),
)
_X_TRANS_RED_WITH_BLUE = (
    (0.231, -0.025, -0.069, -0.032),
    (-0.025, -0.04, -0.011, 0.0),
    (-0.069, -0.011, 0.006, 0.006),
    (-0.032, 0.0, 0.006, 0.006),
)


def x_trans_noise_correlation() -> NDArray[np.float32]:
    """[3, 3, 7, 7], see `Frame.noise_correlation`: of X-Trans photos as LibRaw demosaics them.

    Measured like AHD's on three virtual photos of ISO 200 to 3200, whose figures in the middle
    differed by a quarter.
    """
    lags = np.abs(np.arange(-REACH_PX, REACH_PX + 1))
    tables = (_X_TRANS_RED_BLUE, _X_TRANS_GREEN, _X_TRANS_WITH_GREEN, _X_TRANS_RED_WITH_BLUE)
    same, green, beside, opposite = (np.array(t, np.float32)[np.ix_(lags, lags)] for t in tables)
    return np.array(
        [[same, beside, opposite], [beside, green, beside], [opposite, beside, same]], np.float32
    )
