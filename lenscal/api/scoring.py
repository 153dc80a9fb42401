"""How far kernels are from those that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lenscal.files.psf.node_grid import pixel_positions
from lenscal.files.psf.profile import Profile
from lenscal.optics.psf_grid import PsfGrid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def score(estimate: PsfGrid | Profile, truth: PsfGrid | Profile) -> dict[str, dict[str, float]]:
    """Figures of estimated kernels against the true ones, at the truth's nodes.

    Both are seen through the blur of a good lens, and moved onto each other: see
    `lenscal.measure.kernel_scores`, which says what each figure is.

    Returns
    -------
    dict
        "estimate", and to compare with it "delta" (no blur) and "average" (the truth's mean kernel
        everywhere); each with ncc_mean, rel_l2_mean, mtf50_rel_mean, ca_px_mean and others.
    """
    from lenscal.measure import kernel_scores

    (true, true_at), (estimated, at) = _nodes(truth), _nodes(estimate)
    return kernel_scores.score(true, true_at, estimated, at)


def _nodes(of: PsfGrid | Profile) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    psf = of.psf if isinstance(of, Profile) else of
    kernels = psf.kernels.reshape(-1, *psf.kernels.shape[2:])
    return kernels, pixel_positions(psf).reshape(-1, 2)
