"""Is this a photo at all? Damaged files sometimes decode without complaint: to nothing, or to
nonsense."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import PhotoError
from lenscal.translation import translatable

_SAMPLE_SIDE = 512
"""Rows and columns looked at: enough for shares of a percent, and fast on large sensors."""
_BANDS = 8
"""Damage often begins in the middle of a file: each part of the picture is judged by itself."""
_ROWS_OF_BAND = 24
"""Tens of thousands of sites: enough for a correlation to 1 %."""
_MAX_SAME_VALUE = 0.5
"""Share of the sites with one and the same value: even photos of a plain wall have noise."""
_MAX_BLANK_ROWS = 0.02
"""A few rows may be dead; a file that was cut off lacks more."""
_OVEREXPOSED = 0.98
"""Of the white level: from here on equal values are an overexposed photo, not an empty one."""
_MIN_CORRELATION = 0.1
"""Of neighbouring sites of one colour: in photos, even of grain, they have far more."""
_NOISE_SHARE_OF_RANGE = 0.12
"""Random bytes spread over the whole range (0.29 of it); a band that spreads less is no nonsense,
though a dark photo's noise may be as little correlated."""


def refuse_implausible_content(
    name: str,
    mosaic: NDArray[np.uint16],
    cfa: NDArray[np.uint8],
    black: NDArray[np.float32],
    white: float,
) -> None:
    """Refuse a mosaic that is blank, partly blank or unrelated from site to site.

    Parameters
    ----------
    name : str
        For the message.
    mosaic, cfa, black, white : as in Frame

    Raises
    ------
    PhotoError
        The picture is empty, cut off or random.
    """
    down, across = (max(1, n // _SAMPLE_SIDE) for n in mosaic.shape)
    sample = np.asarray(mosaic[::down])
    # Whole rows are kept in the sample: they are what a file that was cut off leaves blank.
    values, counts = np.unique(sample[:, ::across], return_counts=True)
    commonest = int(values[counts.argmax()])
    share = counts.max() / counts.sum()
    if share > _MAX_SAME_VALUE and commonest < _OVEREXPOSED * white:
        reason = translatable(
            "the picture is empty ({share:.0%} of the sensor reads {value}): "
            "a stub, or a file cut off",
            share=share,
            value=commonest,
        )
        raise PhotoError(name, reason)
    constant = sample.max(axis=1) == sample.min(axis=1)
    blank = (constant & (sample[:, 0] < _OVEREXPOSED * white)).mean()
    if blank > _MAX_BLANK_ROWS:
        reason = translatable(
            "{share:.0%} of the rows are blank: the file is cut off or damaged", share=blank
        )
        raise PhotoError(name, reason)
    _refuse_random_bands(name, mosaic, cfa.shape, white - float(black.mean()))


def _refuse_random_bands(
    name: str, mosaic: NDArray[np.uint16], period: tuple[int, ...], full_scale: float
) -> None:
    """Neighbouring sites of one colour agree in a photo; in wrongly decoded data they do not, and
    span the range."""
    p, q = period
    for band in np.array_split(np.arange(0, mosaic.shape[0] - p, p), _BANDS):
        rows = band[:: max(1, len(band) // _ROWS_OF_BAND)]
        # Pictures of a few rows have fewer rows than bands.
        if rows.size == 0:
            continue
        line = mosaic[rows, ::q].astype(np.float32)
        if float(line.std()) < _NOISE_SHARE_OF_RANGE * full_scale:
            continue
        below = mosaic[rows + p, ::q].astype(np.float32)
        along_rows = np.corrcoef(line[:, :-1].ravel(), line[:, 1:].ravel())[0, 1]
        along_columns = np.corrcoef(line.ravel(), below.ravel())[0, 1]
        # Stripes correlate one way only: both ways have to fail.
        if max(along_rows, along_columns) < _MIN_CORRELATION:
            reason = translatable("the picture is random from site to site: the file is damaged")
            raise PhotoError(name, reason)
