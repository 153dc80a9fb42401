"""How far an estimated PSF grid is from the true one.

Truth and estimate are compared as a good lens and its pixel would show them: both convolved with a
Gaussian of `sigma` px, since what the sharp aperture does not resolve cannot be known. The
sub-pixel shift that the three channels of a node share cannot be known from unpaired photos either:
the estimate is moved onto the truth first.
"""

from __future__ import annotations

import numpy as np

from lenscal.errors import InputError

SPECTRUM = 64
"""Length of the Fourier transforms: kernels must be smaller."""
_FIRST_STEP_PX, _LAST_STEP_PX = 0.5, 0.01
_CENTRE, _CORNER = 0.4, 1.2


def score(
    truth: np.ndarray,
    truth_positions_px: np.ndarray,
    estimate: np.ndarray,
    estimate_positions_px: np.ndarray,
    sigma: float = 0.7,
) -> dict[str, dict[str, float]]:
    """Figures of the estimate and of two baselines, at the truth's nodes.

    Parameters
    ----------
    truth, estimate : ndarray [n, 3, k, k]
        Kernels, k odd (it may differ between the two); normalised here.
    truth_positions_px, estimate_positions_px : ndarray [n, 2]
        (y, x), 0-based px. The estimate's form a rectangular grid and are interpolated bilinearly.
    sigma : float
        Standard deviation in px of the Gaussian through which both are seen.

    Returns
    -------
    dict
        "estimate", "delta" (no blur) and "average" (the truth's mean kernel everywhere), each with
        ncc_mean, ncc_min (normalised cross-correlation), rel_l2_mean, rel_l2_max (relative
        distance), ca_px_mean, ca_px_max (error of the R-G and B-G centroids), mtf_mae_mean,
        mtf_mae_max, mtf50_rel_mean, mtf50_rel_max, odd_rel (error of the odd part common to the
        channels, 1: none found), width_centre, width_corner (RMS width, estimate / truth).

    Raises
    ------
    InputError
        Shapes do not fit, a kernel is not finite or sums to 0, or the estimate's nodes are not a
        rectangular grid.
    """
    true, found = _checked("truth", truth), _checked("estimate", estimate)
    at = np.asarray(truth_positions_px, np.float64)
    found = _on_nodes(found, np.asarray(estimate_positions_px, np.float64), at)
    delta = np.zeros_like(true)
    delta[..., true.shape[-1] // 2, true.shape[-1] // 2] = 1
    average = np.broadcast_to(true.mean(axis=0), true.shape)
    candidates = {"estimate": found, "delta": delta, "average": average}
    return {name: compare(kernels, true, at, sigma=sigma) for name, kernels in candidates.items()}


def compare(
    estimate: np.ndarray, truth: np.ndarray, positions_px: np.ndarray, *, sigma: float = 0.7
) -> dict[str, float]:
    """Figures of kernels [n, 3, k, k] against the true ones at the same nodes [n, 2] (y, x); see
    `score`."""
    centre_found, centre_true = centroid(estimate), centroid(truth)
    seen, target = _seen(estimate, truth, sigma)
    ncc = (seen * target.conj()).real.sum(axis=(-2, -1)) / np.sqrt(_energy(seen) * _energy(target))
    distance = _distance(seen, target)
    colour = (centre_found - centre_found[:, [1]]) - (centre_true - centre_true[:, [1]])
    colour = np.sqrt((colour[:, [0, 2]] ** 2).sum(axis=-1))
    odd_true = common_odd_part(target)
    odd_missed = np.sqrt(
        ((common_odd_part(seen) - odd_true) ** 2).sum() / max((odd_true**2).sum(), 1e-12)
    )
    mtf_error = np.abs(np.abs(seen) - np.abs(target)).mean(axis=(-2, -1))
    true_mtf50 = mtf50(target)
    mtf50_error = np.abs(mtf50(seen) - true_mtf50) / true_mtf50
    height = (positions_px - positions_px.mean(axis=0)) / np.maximum(
        np.ptp(positions_px, axis=0) / 2, 1e-9
    )
    height = np.hypot(height[:, 0], height[:, 1])
    width = np.sqrt(
        (rms_width(estimate) ** 2 + 2 * sigma**2) / (rms_width(truth) ** 2 + 2 * sigma**2)
    )
    return {
        "ncc_mean": float(ncc.mean()),
        "ncc_min": float(ncc.min()),
        "rel_l2_mean": float(distance.mean()),
        "rel_l2_max": float(distance.max()),
        "ca_px_mean": float(colour.mean()),
        "ca_px_max": float(colour.max()),
        "mtf_mae_mean": float(mtf_error.mean()),
        "mtf_mae_max": float(mtf_error.max()),
        "mtf50_rel_mean": float(mtf50_error.mean()),
        "mtf50_rel_max": float(mtf50_error.max()),
        "odd_rel": float(odd_missed),
        "width_centre": _median(width[height <= _CENTRE]),
        "width_corner": _median(width[height >= _CORNER]),
    }


def confidence_rank(
    confidence: np.ndarray, estimate: np.ndarray, truth: np.ndarray, *, sigma: float = 0.7
) -> float:
    """How well a confidence [n, 3] tells where an estimate [n, 3, k, k] is wrong; truth and nodes
    as in `compare`.

    Spearman's correlation over the nodes of the relative distance with minus the confidence, mean
    of the channels:
    1 where the less confident node is always the worse one, 0 where it says nothing. NaN where
    either is constant.
    """
    from scipy.stats import rankdata

    distance = _distance(*_seen(estimate, truth, sigma))
    ranks = [
        np.corrcoef(rankdata(-confidence[:, c]), rankdata(distance[:, c]))[0, 1] for c in range(3)
    ]
    return float(np.mean(ranks))


def _seen(estimate: np.ndarray, truth: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Transfer functions [n, 3, f, f] of both, the estimate's moved onto the truth's."""
    size = max(estimate.shape[-1], truth.shape[-1])
    estimate, truth = grown(estimate, size), grown(truth, size)
    target = transfer(truth, np.zeros((len(truth), 2)), sigma)
    start = (centroid(truth) - centroid(estimate)).mean(axis=1)
    return transfer(estimate, _common_shift(estimate, target, start, sigma), sigma), target


def _distance(seen: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Relative L2 distance [n, 3]."""
    distance: np.ndarray = np.sqrt(_energy(seen - target) / _energy(target))
    return distance


def centroid(kernels: np.ndarray) -> np.ndarray:
    """Centroid [..., 2] (y, x) of kernels [..., k, k], px from the middle of the array."""
    axis = np.arange(kernels.shape[-1]) - (kernels.shape[-1] - 1) / 2
    total = kernels.sum(axis=(-2, -1))
    y = (kernels.sum(axis=-1) * axis).sum(axis=-1) / total
    x = (kernels.sum(axis=-2) * axis).sum(axis=-1) / total
    return np.stack([y, x], axis=-1)


def rms_width(kernels: np.ndarray) -> np.ndarray:
    """RMS distance [n] from the centroid, px, averaged over the channels of kernels [n, 3, k, k]
    that sum to 1.

    A kernel with so much ringing that its second moment is negative counts as a point.
    """
    at = centroid(kernels)
    axis = np.arange(kernels.shape[-1]) - (kernels.shape[-1] - 1) / 2
    y2 = (kernels.sum(axis=-1) * (axis - at[..., [0]]) ** 2).sum(axis=-1)
    x2 = (kernels.sum(axis=-2) * (axis - at[..., [1]]) ** 2).sum(axis=-1)
    width: np.ndarray = np.sqrt(np.maximum(y2 + x2, 0)).mean(axis=1)
    return width


def transfer(kernels: np.ndarray, shift_px: np.ndarray, sigma: float) -> np.ndarray:
    """OTFs [n, 3, 64, 64] of kernels [n, 3, k, k] moved by shift_px [n, 2] and seen through the
    Gaussian."""
    f = np.fft.fftfreq(SPECTRUM)
    shift = shift_px - (kernels.shape[-1] - 1) / 2
    ramp_y = np.exp(-2j * np.pi * f * shift[:, [0]])[:, None, :, None]
    ramp_x = np.exp(-2j * np.pi * f * shift[:, [1]])[:, None, None, :]
    gauss = np.exp(-2 * (np.pi * sigma * f) ** 2)
    return np.fft.fft2(kernels, s=(SPECTRUM, SPECTRUM)) * (
        ramp_y * ramp_x * (gauss[:, None] * gauss)
    )


def common_odd_part(transfers: np.ndarray) -> np.ndarray:
    """[n, f, f]: sine of the phase of the channels' mean transfer function, times their mean
    modulus (coma's lean)."""
    mean = transfers.mean(axis=1)
    size = np.abs(mean)
    sine = np.divide(mean.imag, size, out=np.zeros_like(size), where=size > 1e-9)
    return np.abs(transfers).mean(axis=1) * sine


def mtf50(transfers: np.ndarray) -> np.ndarray:
    """Frequency [n, 3] in cycles/px where the modulus, averaged over directions, falls to one half
    (0.5: never)."""
    f = np.fft.fftfreq(SPECTRUM)
    ring = np.rint(np.hypot(f[:, None], f) * SPECTRUM).astype(int).ravel()
    order = np.argsort(ring, kind="stable")
    starts = np.searchsorted(ring[order], np.arange(SPECTRUM // 2))
    counts = np.bincount(ring)[: SPECTRUM // 2]
    values = np.abs(transfers).reshape(-1, SPECTRUM**2)[:, order]
    last = np.searchsorted(ring[order], SPECTRUM // 2)
    curves = np.add.reduceat(values[:, :last], starts, axis=1) / counts
    return (
        np.array([half_crossing(curve) for curve in curves]).reshape(transfers.shape[:2]) / SPECTRUM
    )


def half_crossing(curve: np.ndarray) -> float:
    """Index (with fraction) at which a curve that starts at 1 first falls below 0.5; its length if
    never."""
    below = np.flatnonzero(curve < 0.5)
    if not len(below):
        return float(len(curve))
    i = int(below[0])
    return float(i - 1 + (curve[i - 1] - 0.5) / (curve[i - 1] - curve[i]))


def grown(kernels: np.ndarray, size: int) -> np.ndarray:
    """Kernels [..., k, k] with a border of zeros to [..., size, size]; both odd."""
    border = (size - kernels.shape[-1]) // 2
    return np.pad(kernels, [(0, 0)] * (kernels.ndim - 2) + [(border, border)] * 2)


def _checked(name: str, kernels: np.ndarray) -> np.ndarray:
    k = np.asarray(kernels, np.float64)
    if (
        k.ndim != 4
        or k.shape[1] != 3
        or k.shape[2] != k.shape[3]
        or k.shape[3] % 2 == 0
        or k.shape[3] >= SPECTRUM
    ):
        raise InputError(
            f"{name} kernels must be [n, 3, k, k] with k odd and below {SPECTRUM}, got {k.shape}"
        )
    total = k.sum(axis=(-2, -1), keepdims=True)
    if not np.isfinite(k).all() or (total == 0).any():
        raise InputError(f"{name} holds a kernel that is not finite or sums to 0")
    return k / total


def _on_nodes(kernels: np.ndarray, positions: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Bilinear interpolation of a rectangular grid of kernels [n, 3, k, k] at `at` [m, 2], clamped
    to the grid."""
    ys, xs = np.unique(positions[:, 0]), np.unique(positions[:, 1])
    if len(ys) * len(xs) != len(positions):
        raise InputError(f"the estimate's {len(positions)} nodes do not form a rectangular grid")
    grid = kernels[np.lexsort((positions[:, 1], positions[:, 0]))].reshape(
        len(ys), len(xs), *kernels.shape[1:]
    )
    wy, wx = _hat_weights(ys, at[:, 0]), _hat_weights(xs, at[:, 1])
    return np.einsum("mr,ms,rsckl->mckl", wy, wx, grid, optimize=True)


def _hat_weights(axis: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Linear interpolation as a matrix [len(values), len(axis)]."""
    return np.stack([np.interp(values, axis, unit) for unit in np.eye(len(axis))], axis=1)


def _common_shift(
    estimate: np.ndarray, target: np.ndarray, start: np.ndarray, sigma: float
) -> np.ndarray:
    """Shift [n, 2] px of each node that correlates best with the target: a walk along y and x with
    shrinking steps."""

    def agreement(shift: np.ndarray) -> np.ndarray:
        return (transfer(estimate, shift, sigma) * target.conj()).real.sum(axis=(1, 2, 3))

    at = start.copy()
    reached = agreement(at)
    step = _FIRST_STEP_PX
    while step > _LAST_STEP_PX:
        stuck = True
        for direction in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            proposed = at + step * np.array(direction)
            value = agreement(proposed)
            gained = value > reached
            at[gained], reached[gained] = proposed[gained], value[gained]
            stuck &= not gained.any()
        if stuck:
            step /= 2
    return at


def _energy(transfers: np.ndarray) -> np.ndarray:
    energy: np.ndarray = (np.abs(transfers) ** 2).sum(axis=(-2, -1))
    return energy


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if len(values) else float("nan")
