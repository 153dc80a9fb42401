"""The check on photos that were kept out: how far kernels are from explaining them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from lenscal.calibration.matching.patches import PatchPool, paired_pool, unpaired_pool
from lenscal.calibration.matching.reblur import Reblur
from lenscal.calibration.matching.reblur_check import ReblurCheck
from lenscal.calibration.packing import packing_of
from lenscal.calibration.proof.edge_check import EdgeCheck, edge_check
from lenscal.calibration.stages.estimate import Estimate, Registration
from lenscal.calibration.stages.journal import Journal
from lenscal.calibration.stages.layout import Layout
from lenscal.calibration.stages.photos import Photos
from lenscal.calibration.statistics.noise_spectra import noise_correlation
from lenscal.stepping import Job
from lenscal.translation import translatable

HELD_OUT_PATCHES = 2000
"""Enough that the floor is well below what kernels differ by (docs/experiments/)."""

MOST_PHOTOS = 4
"""Of each folder whose edges are looked at."""
TRIES = 8
"""Where only blocks were kept out: most places that are drawn lie elsewhere."""


def patch_pools(
    photos: Photos, estimate: Estimate, *, n_patches: int, seed: int, tries: int = 1
) -> Iterator[PatchPool | None]:
    """Patches of the estimate's pairs, or of unrelated photos; yields None after each photo or
    pair, at last the pool."""
    layout, registration = estimate.layout, estimate.registration
    pairs = registration.pairs
    if not pairs:
        rng = np.random.default_rng(seed)
        return unpaired_pool(
            photos.sharp,
            photos.degraded,
            kernel_size=layout.kernel_size,
            n_patches=n_patches,
            rng=rng,
            tries=tries,
        )
    return paired_pool(
        [(photos.sharp[p.sharp], photos.degraded[p.degraded]) for p in pairs],
        pairs,
        registration.common,
        registration.lateral,
        cells=layout.cells,
        kernel_size=layout.kernel_size,
        n_patches=n_patches,
    )


def reblur_of(pool: PatchPool, photos: Photos, layout: Layout) -> Reblur:
    """What blurs a pool's sharp patches with kernels of the layout."""
    packing = packing_of(photos.degraded[0]).finer()
    noise = noise_correlation(photos.degraded)
    return Reblur(pool, packing, layout.grid, layout.correlation, layout.device, noise)


class HeldOutPhotos:
    """Photos that were kept out, and the patches of them that kernels are checked on.

    Patches are drawn where they are first asked for, and again where an estimate has another layout
    or registration, which say where photos are compared.
    """

    def __init__(self, photos: Photos, *, seed: int) -> None:
        self.photos, self.seed = photos, seed
        self._drawn: tuple[Layout, Registration | None, ReblurCheck | None] | None = None

    @cached_property
    def edges(self) -> EdgeCheck | None:
        """The check on the photos' edges; None where unrelated photos show too few."""
        photos = self.photos
        degraded = photos.held_out or photos.degraded
        # A few photos show hundreds of them.
        return edge_check(photos.sharp[:MOST_PHOTOS], degraded[:MOST_PHOTOS], photos.reference)

    def any_for(self, estimate: Estimate) -> bool:
        """Whether there were enough photos to keep any out."""
        paired = estimate.registration.held_out
        return bool(paired if estimate.same_scenes else self.photos.held_out)

    def whole_photos_for(self, estimate: Estimate) -> bool:
        """Whether these are whole photos, which learning by heart would not help with."""
        return self.any_for(estimate) and not self.photos.by_blocks

    def check(self, estimate: Estimate) -> ReblurCheck | None:
        """None where there were too few photos to keep any out, or nothing on them can be used."""
        if not self.any_for(estimate):
            return None
        layout, drawn = estimate.layout, self._drawn
        # Of unrelated photos patches are drawn anywhere: they need none.
        registration = estimate.registration if estimate.same_scenes else None
        # By identity: both are frozen, so the same object says the same.
        if drawn is None or drawn[0] is not layout or drawn[1] is not registration:
            drawn = self._drawn = layout, registration, self._draw(estimate)
        return drawn[2]

    def look(self, stage: str, fraction: float, estimate: Estimate, journal: Journal) -> Job[None]:
        """Report how far the kernels are from explaining the photos, beside what is left at
        best."""
        check = self.check(estimate)
        if check is None or estimate.kernels is None:
            return
        # Looks are counted over all stages: their curve is one.
        number = len(journal.curves.get("re-blur distance", ()))
        message = translatable("Comparing with held-out photos")
        distances = {
            "re-blur_distance": check.distance(estimate.kernels),
            "re-blur_floor": check.floor(),
        }
        yield from journal.tell(stage, message, fraction, estimate, number, **distances)

    def _draw(self, estimate: Estimate) -> ReblurCheck | None:
        photos, registration = self.photos, estimate.registration
        registration = replace(registration, pairs=registration.held_out)
        *_, pool = patch_pools(
            # Pairs hold numbers of the photos as given; then none of these is kept out.
            replace(photos, degraded=photos.held_out or photos.degraded),
            replace(estimate, registration=registration),
            n_patches=HELD_OUT_PATCHES,
            seed=self.seed,
            tries=TRIES if photos.by_blocks else 1,
        )
        if pool is None:
            return None
        # Another seed than learning has: it must not be checked on what it has seen.
        return ReblurCheck(reblur_of(pool, photos, estimate.layout), seed=self.seed + 1)
