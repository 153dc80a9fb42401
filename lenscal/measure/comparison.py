"""How near a calibration of a virtual lens is to the truth: kernel figures, and the share of the
possible gain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenscal.files.psf.node_grid import pixel_positions
from lenscal.measure.gain import Gain, average_grid, measure_gain, without_common_odd_part
from lenscal.optics.expected_error import expected_error
from lenscal.optics.psf_grid import PsfGrid
from lenscal.stepping import Job

if TYPE_CHECKING:
    from lenscal.calibration.result import Calibration
    from lenscal.restore.settings import RestoreSettings

DELTA, AVERAGE, NO_ODD, ESTIMATE = "delta", "average", "true, no odd part", "estimate"


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Figures of a calibration beside baselines.

    Attributes
    ----------
    scores : mapping
        Row ("delta", "average", "after G", ..., "estimate") -> figure -> value, see
        `lenscal.measure.kernel_scores.score`; "estimate" also has confidence_rank where there is a
        confidence at the truth's nodes.
    gain : Gain
        For "average" and "true, no odd part" (the lens's conditions), every stage, and "estimate".
    """

    scores: Mapping[str, Mapping[str, float]]
    gain: Gain


def compare_with_truth(
    truth: PsfGrid,
    degraded_photo: Path,
    reference_photo: Path,
    calibration: Calibration,
    settings: RestoreSettings,
) -> Job[Comparison]:
    """Score every stage's kernels and correct the kept-out photo with each.

    Parameters
    ----------
    degraded_photo, reference_photo : Path
        The kept-out scene as the degraded aperture took it, and free of noise (see
        `VirtualDataset`).
    """
    from lenscal.raw.decode import decode_photo

    degraded, reference = decode_photo(degraded_photo), decode_photo(reference_photo)
    # Every stage is judged like the result: what each adds shows.
    estimates = _estimates(calibration)
    candidates = {AVERAGE: average_grid(truth), NO_ODD: without_common_odd_part(truth), **estimates}
    gain = yield from measure_gain(degraded, reference, truth, candidates, settings)
    return Comparison(_scores(truth, estimates), gain)


def _estimates(calibration: Calibration) -> dict[str, PsfGrid]:
    """The grid after every stage, and the final one."""
    final = calibration.psf
    stages = {
        # A stage has no confidence of its own: only the result's is measured.
        f"after {s.name}": replace(final, kernels=s.kernels, confidence=None)
        for s in calibration.stages
    }
    return {**stages, ESTIMATE: final}


def _scores(truth: PsfGrid, estimates: Mapping[str, PsfGrid]) -> dict[str, dict[str, float]]:
    from lenscal.measure.kernel_scores import confidence_rank, score

    rows: dict[str, dict[str, float]] = {}
    at = pixel_positions(truth).reshape(-1, 2)
    for name, grid in estimates.items():
        scored = score(_nodes(truth), at, _nodes(grid), pixel_positions(grid).reshape(-1, 2))
        # The baselines are the same each time: they come once, and first.
        rows = {
            DELTA: scored["delta"],
            AVERAGE: scored["average"],
            **rows,
            name: scored["estimate"],
        }
        # Confidences are not interpolated: they are compared where the nodes are the same.
        if grid.confidence is not None:
            rows[name]["expected_rel_l2"] = float(expected_error(grid.confidence).mean())
        if grid.confidence is not None and grid.shape == truth.shape:
            rows[name]["confidence_rank"] = confidence_rank(
                grid.confidence.reshape(-1, 3), _nodes(grid), _nodes(truth)
            )
    return rows


def _nodes(grid: PsfGrid) -> NDArray[np.float32]:
    """Its kernels as a list [n, 3, k, k]."""
    return grid.kernels.reshape(-1, *grid.kernels.shape[2:])
