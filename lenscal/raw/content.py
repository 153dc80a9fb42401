"""Is this a photo at all? Damaged files sometimes decode without complaint: to nothing, or to
nonsense."""

from __future__ import annotations

import numpy as np

from lenscal.errors import LenscalError

_SAMPLE_ROWS = 512
_BANDS = 8
_MAX_SAME_VALUE = 0.5
_MAX_BLANK_ROWS = 0.02
_MIN_CORRELATION = 0.1
_NOISE_SHARE_OF_RANGE = 0.12


def refuse_implausible_content(
    name: str, mosaic: np.ndarray, cfa: np.ndarray, black: np.ndarray, white: float
) -> None:
    """Refuse a mosaic that is blank, partly blank or unrelated from site to site.

    Parameters
    ----------
    name : str
        For the message.
    mosaic, cfa, black, white : as in Frame

    Raises
    ------
    LenscalError
        The picture is empty, cut off or random.
    """
    step = max(1, mosaic.shape[0] // _SAMPLE_ROWS)
    sample = np.asarray(mosaic[::step])
    values, counts = np.unique(sample[:, :: max(1, sample.shape[1] // 512)], return_counts=True)
    common = int(values[counts.argmax()])
    if counts.max() > _MAX_SAME_VALUE * counts.sum() and common < 0.98 * white:
        raise LenscalError(
            f"{name}: the picture is empty ({counts.max() / counts.sum():.0%} of the sensor reads {common}): "
            "a stub, or a file cut off"
        )
    blank = (sample.max(axis=1) == sample.min(axis=1)) & (sample[:, 0] < 0.98 * white)
    if blank.mean() > _MAX_BLANK_ROWS:
        raise LenscalError(
            f"{name}: {blank.mean():.0%} of the rows are blank: the file is cut off or damaged"
        )
    _refuse_random_bands(name, mosaic, cfa, black, white)


def _refuse_random_bands(
    name: str, mosaic: np.ndarray, cfa: np.ndarray, black: np.ndarray, white: float
) -> None:
    """Neighbouring sites of one colour agree in a photo; in wrongly decoded data they do not, and
    span the range."""
    p, q = cfa.shape
    range_ = white - float(black.mean())
    for band in np.array_split(np.arange(0, mosaic.shape[0] - p, p), _BANDS):
        rows = band[:: max(1, len(band) // 24)]
        if rows.size == 0:
            continue
        line = mosaic[rows, ::q].astype(np.float32)
        spread = float(line.std())
        if spread < _NOISE_SHARE_OF_RANGE * range_:
            continue
        across = np.corrcoef(line[:, :-1].ravel(), line[:, 1:].ravel())[0, 1]
        down = np.corrcoef(line.ravel(), mosaic[rows + p, ::q].astype(np.float32).ravel())[0, 1]
        if max(across, down) < _MIN_CORRELATION:
            raise LenscalError(
                f"{name}: the picture is random from site to site: the file is damaged"
            )
