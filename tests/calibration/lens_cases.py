"""A small virtual lens, photographed: real DNG files, read back through LibRaw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from coarse_lens import traced_coarsely

from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import Frame
from lenscal.stepping import finish
from lenscal.virtual import dataset
from lenscal.virtual.dataset import VirtualSettings, true_grid, write_dataset
from lenscal.virtual.lens import demo_lens


@dataclass(frozen=True, slots=True, eq=False)
class SmallLens:
    sharp: list[Frame]
    degraded: list[Frame]
    truth: PsfGrid
    """On a 3 x 3 grid."""


def photographed(out: Path, **told: object) -> SmallLens:
    settings = VirtualSettings(demo_lens(1), **{"n_photos": 3, "size": (320, 480), **told})  # type: ignore[arg-type]
    with traced_coarsely() as patch:
        # Not read here.
        patch.setattr(dataset, "_write_truth", lambda *_: None)
        patch.setattr(dataset, "write_evaluation", lambda *_: (out, out))
        written = finish(write_dataset(out, settings))
    sharp, degraded = (
        [decode_photo(p) for p in paths] for paths in (written.sharp, written.degraded)
    )
    return SmallLens(sharp, degraded, true_grid(settings, (3, 3)))


def relative_l2(estimate: np.ndarray, truth: np.ndarray) -> float:
    """Mean over nodes and channels, kernels [..., k, k] of one size."""
    error = np.linalg.norm((estimate - truth).reshape(-1, truth.shape[-1] ** 2), axis=-1)
    return float((error / np.linalg.norm(truth.reshape(-1, truth.shape[-1] ** 2), axis=-1)).mean())
