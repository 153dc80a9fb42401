"""How far an estimated PSF grid is from the true one.

Truth and estimate are compared as a good lens and its pixel would show them: both convolved with a
Gaussian of `sigma` px, since what the sharp aperture does not resolve cannot be known. The
sub-pixel shift that the three channels of a node share cannot be known from unpaired photos either:
the estimate is moved onto the truth first.

Transfer functions are [n, 3, f, f] with f = `SPECTRUM`: node, channel, frequencies in FFT order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lenscal.errors import InputError
from lenscal.optics.mtf import centroid_px, half_crossing
from lenscal.optics.nodes import linear_weights, rectangular_order
from lenscal.translation import translatable

SPECTRUM = 64
"""Length of the Fourier transforms: kernels must be smaller."""
SIGMA_PX = 0.7
"""Of the Gaussian that stands for a good lens and its pixel."""
_FIRST_STEP_PX, _LAST_STEP_PX = 0.5, 0.01
"""Of the search for the common shift."""
_CENTRE, _CORNER = 0.4, 1.2
"""Image heights (1: half a side, 1.41: the corner) up to, and from, which widths are told."""
_NOTHING = 1e-9
"""Modulus of a transfer function below which its phase is noise."""

Kernels = NDArray[np.floating[Any]]
"""[n, 3, k, k]."""
Positions = NDArray[np.floating[Any]]
"""[n, 2]: (y, x) in px, 0-based."""
Transfer = NDArray[np.complex128]
"""[n, 3, f, f]."""


def score(
    truth: ArrayLike,
    truth_positions_px: ArrayLike,
    estimate: ArrayLike,
    estimate_positions_px: ArrayLike,
    *,
    sigma: float = SIGMA_PX,
) -> dict[str, dict[str, float]]:
    """Figures of the estimate and of two baselines, at the truth's nodes.

    Parameters
    ----------
    truth, estimate : array [n, 3, k, k]
        Kernels, k odd (it may differ between the two); normalised here.
    truth_positions_px, estimate_positions_px : array [n, 2]
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
    true = _checked("truth", truth)
    nodes = np.asarray(truth_positions_px, np.float64)
    estimate_nodes = np.asarray(estimate_positions_px, np.float64)
    interpolated = _on_nodes(_checked("estimate", estimate), estimate_nodes, nodes)
    delta = np.zeros_like(true)
    # What a program without a profile does.
    delta[..., true.shape[-1] // 2, true.shape[-1] // 2] = 1
    average = np.broadcast_to(true.mean(axis=0), true.shape)
    candidates = {"estimate": interpolated, "delta": delta, "average": average}
    return {
        name: compare(kernels, true, nodes, sigma=sigma) for name, kernels in candidates.items()
    }


def compare(
    estimate: Kernels, truth: Kernels, positions_px: Positions, *, sigma: float = SIGMA_PX
) -> dict[str, float]:
    """Figures of kernels against the true ones at the same nodes; see `score`."""
    transfers, target = _aligned_transfers(estimate, truth, sigma)
    # By Parseval, sums over frequencies are those over the pixels of the kernels.
    product = (transfers * target.conj()).real.sum(axis=(-2, -1))
    ncc = product / np.sqrt(_energy(transfers) * _energy(target))
    distance = _distance(transfers, target)
    colour = _colour_error_px(estimate, truth)
    mtf_error = np.abs(np.abs(transfers) - np.abs(target)).mean(axis=(-2, -1))
    true_mtf50 = mtf50(target)
    mtf50_error = np.abs(mtf50(transfers) - true_mtf50) / true_mtf50
    # Both widths with the Gaussian's, or a delta would have none to divide by.
    width = np.sqrt(
        (rms_width(estimate) ** 2 + 2 * sigma**2) / (rms_width(truth) ** 2 + 2 * sigma**2)
    )
    height = _image_heights(positions_px)
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
        "odd_rel": _odd_error(transfers, target),
        "width_centre": _median(width[height <= _CENTRE]),
        "width_corner": _median(width[height >= _CORNER]),
    }


def confidence_rank(
    confidence: NDArray[np.floating[Any]],
    estimate: Kernels,
    truth: Kernels,
    *,
    sigma: float = SIGMA_PX,
) -> float:
    """How well a confidence [n, 3] tells where an estimate is wrong; nodes as in `compare`.

    Spearman's correlation over the nodes of the relative distance with minus the confidence, mean
    of the channels: 1 where the less confident node is always the worse one, 0 where it says
    nothing. NaN where either is constant.
    """
    from scipy.stats import spearmanr

    distance = _distance(*_aligned_transfers(estimate, truth, sigma))
    if any(np.ptp(values, axis=0).min() == 0 for values in (confidence, distance)):
        # scipy says the same, with a warning.
        return float("nan")
    # Colour by colour: that one channel errs more than another says nothing about nodes.
    ranks = [spearmanr(-confidence[:, c], distance[:, c]).statistic for c in range(3)]
    return float(np.mean(ranks))


def _aligned_transfers(
    estimate: Kernels, truth: Kernels, sigma: float
) -> tuple[Transfer, Transfer]:
    """Transfer functions of both, the estimate's moved onto the truth's."""
    size = max(estimate.shape[-1], truth.shape[-1])
    estimate, truth = _padded(estimate, size), _padded(truth, size)
    target = transfer(truth, np.zeros((len(truth), 2)), sigma)
    # From where the centroids agree it is not far, and there are no other maxima on the way.
    start = (centroid_px(truth) - centroid_px(estimate)).mean(axis=1)
    return transfer(estimate, _common_shift(estimate, target, start, sigma), sigma), target


def _distance(transfers: Transfer, target: Transfer) -> NDArray[np.float64]:
    """Relative L2 distance [n, 3]."""
    distance: NDArray[np.float64] = np.sqrt(_energy(transfers - target) / _energy(target))
    return distance


def _colour_error_px(estimate: Kernels, truth: Kernels) -> NDArray[np.float64]:
    """How far the centroids of R and B [n, 2] lie from where they are beside that of G."""
    centre, true_centre = centroid_px(estimate), centroid_px(truth)
    # Beside green: the shift that all colours share cannot be known (see above).
    error = (centre - centre[:, [1]]) - (true_centre - true_centre[:, [1]])
    length: NDArray[np.float64] = np.sqrt((error[:, [0, 2]] ** 2).sum(axis=-1))
    return length


def _odd_error(transfers: Transfer, target: Transfer) -> float:
    """Relative error of the odd part that the channels share."""
    true = common_odd_part(target)
    missed = ((common_odd_part(transfers) - true) ** 2).sum()
    return float(np.sqrt(missed / max((true**2).sum(), 1e-12)))


def _image_heights(positions_px: Positions) -> NDArray[np.float64]:
    """Distance [n] from the middle of the nodes, 1 at the middle of a side."""
    # By the nodes, not the photo: the nodes' own corners are where widths are compared.
    half = np.maximum(np.ptp(positions_px, axis=0) / 2, 1e-9)
    offset = (positions_px - positions_px.mean(axis=0)) / half
    height: NDArray[np.float64] = np.hypot(offset[:, 0], offset[:, 1])
    return height


def rms_width(kernels: Kernels) -> NDArray[np.float64]:
    """RMS distance [n] from the centroid, px, averaged over the channels of kernels that sum to 1.

    A kernel with so much ringing that its second moment is negative counts as a point.
    """
    centre = centroid_px(kernels)
    axis = np.arange(kernels.shape[-1]) - (kernels.shape[-1] - 1) / 2
    # Around its own centroid: where a kernel lies is lateral colour, not width.
    y2 = (kernels.sum(axis=-1) * (axis - centre[..., [0]]) ** 2).sum(axis=-1)
    x2 = (kernels.sum(axis=-2) * (axis - centre[..., [1]]) ** 2).sum(axis=-1)
    width: NDArray[np.float64] = np.sqrt(np.maximum(y2 + x2, 0)).mean(axis=1)
    return width


def transfer(kernels: Kernels, shift_px: NDArray[np.float64], sigma: float) -> Transfer:
    """OTFs of kernels moved by shift_px [n, 2] and seen through the Gaussian."""
    f = np.fft.fftfreq(SPECTRUM)
    # The middle of a kernel is its origin, which fft2 would take for element 0.
    shift = shift_px - (kernels.shape[-1] - 1) / 2
    ramp_y = np.exp(-2j * np.pi * f * shift[:, [0]])[:, None, :, None]
    ramp_x = np.exp(-2j * np.pi * f * shift[:, [1]])[:, None, None, :]
    gauss = np.exp(-2 * (np.pi * sigma * f) ** 2)
    spectrum: Transfer = np.fft.fft2(kernels, s=(SPECTRUM, SPECTRUM)) * (
        ramp_y * ramp_x * (gauss[:, None] * gauss)
    )
    return spectrum


def common_odd_part(transfers: Transfer) -> NDArray[np.float64]:
    """[n, f, f]: sine of the phase of the channels' mean transfer function, times their mean
    modulus (coma's lean)."""
    mean = transfers.mean(axis=1)
    size = np.abs(mean)
    # A sine needs no unwrapping, and is 0 where there is no odd part.
    sine = np.divide(mean.imag, size, out=np.zeros_like(size), where=size > _NOTHING)
    odd: NDArray[np.float64] = np.abs(transfers).mean(axis=1) * sine
    return odd


def mtf50(transfers: Transfer) -> NDArray[np.float64]:
    """Frequency [n, 3] in cycles/px where the modulus, averaged over directions, falls to one half
    (0.5: never)."""
    f = np.fft.fftfreq(SPECTRUM)
    # Rings of whole frequencies, each a run of the sorted elements that reduceat sums at once.
    ring = np.rint(np.hypot(f[:, None], f) * SPECTRUM).astype(int).ravel()
    order = np.argsort(ring, kind="stable")
    starts = np.searchsorted(ring[order], np.arange(SPECTRUM // 2))
    last = np.searchsorted(ring[order], SPECTRUM // 2)
    values = np.abs(transfers).reshape(-1, SPECTRUM**2)[:, order]
    counts = np.bincount(ring)[: SPECTRUM // 2]
    curves = np.add.reduceat(values[:, :last], starts, axis=1) / counts
    crossings = np.array([half_crossing(curve) for curve in curves])
    return crossings.reshape(transfers.shape[:2]) / SPECTRUM


def _padded(kernels: Kernels, size: int) -> Kernels:
    """Kernels with a border of zeros to [n, 3, size, size]; both sizes odd."""
    border = (size - kernels.shape[-1]) // 2
    return np.pad(kernels, [(0, 0)] * (kernels.ndim - 2) + [(border, border)] * 2)


def _checked(name: str, kernels: ArrayLike) -> NDArray[np.float64]:
    """The kernels, each with the sum 1."""
    k = np.asarray(kernels, np.float64)
    square = k.ndim == 4 and k.shape[1] == 3 and k.shape[2] == k.shape[3]
    if not square or k.shape[3] % 2 == 0 or k.shape[3] >= SPECTRUM:
        raise InputError(
            translatable(
                "{name} kernels must be [n, 3, k, k] with k odd and below {limit}, got {shape}",
                name=name,
                limit=SPECTRUM,
                shape=k.shape,
            )
        )
    total = k.sum(axis=(-2, -1), keepdims=True)
    if not np.isfinite(k).all() or (total == 0).any():
        raise InputError(
            translatable("{name} holds a kernel that is not finite or sums to 0", name=name)
        )
    normalised: NDArray[np.float64] = k / total
    return normalised


def _on_nodes(
    kernels: NDArray[np.float64], positions: NDArray[np.float64], nodes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bilinear interpolation of a rectangular grid of kernels at `nodes` [m, 2], clamped to the
    grid."""
    order = rectangular_order(positions)
    if order is None:
        raise InputError(
            translatable(
                "the estimate's {count} nodes do not form a rectangular grid", count=len(positions)
            )
        )
    ys, xs, row_major = order
    grid = kernels[row_major].reshape(len(ys), len(xs), *kernels.shape[1:])
    weights_y, weights_x = linear_weights(ys, nodes[:, 0]), linear_weights(xs, nodes[:, 1])
    interpolated: NDArray[np.float64] = np.einsum(
        "mr,ms,rsckl->mckl", weights_y, weights_x, grid, optimize=True
    )
    return interpolated


def _common_shift(
    estimate: Kernels, target: Transfer, start: NDArray[np.float64], sigma: float
) -> NDArray[np.float64]:
    """Shift [n, 2] px of each node that correlates best with the target: a walk along y and x with
    shrinking steps."""

    def agreement(shift: NDArray[np.float64]) -> NDArray[np.float64]:
        product = (transfer(estimate, shift, sigma) * target.conj()).real
        total: NDArray[np.float64] = product.sum(axis=(1, 2, 3))
        return total

    shift = start.copy()
    best = agreement(shift)
    step = _FIRST_STEP_PX
    while step > _LAST_STEP_PX:
        stuck = True
        for direction in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            proposed = shift + step * np.array(direction)
            value = agreement(proposed)
            better = value > best
            shift[better], best[better] = proposed[better], value[better]
            # All nodes walk together; those that are there already stay.
            stuck &= not better.any()
        if stuck:
            step /= 2
    return shift


def _energy(transfers: Transfer) -> NDArray[np.float64]:
    """Sum of squares [n, 3]."""
    energy: NDArray[np.float64] = (np.abs(transfers) ** 2).sum(axis=(-2, -1))
    return energy


def _median(values: NDArray[np.float64]) -> float:
    """The median; NaN where there is nothing."""
    return float(np.median(values)) if len(values) else float("nan")
