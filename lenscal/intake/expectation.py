"""What photos can be expected to give, before an hour is spent on them."""

from __future__ import annotations

from collections.abc import Iterator

from lenscal.intake.coverage import Coverage
from lenscal.intake.survey import Survey
from lenscal.intake.triage import same_scenes
from lenscal.translation import Translatable, translatable

FEWEST_TO_CHECK = 4
"""Photos of different scenes in each folder, of which one can be kept out for a check."""
ENOUGH_PAIRS, ENOUGH_PHOTOS = 4, 10
"""From which on more photos change little (docs/benchmark.md)."""
LITTLE_TEXTURE = 0.3
"""Mean share of the photos in which a place shows texture."""


def too_few_in_words(n_sharp: int, n_degraded: int, n_pairs: int) -> Translatable | None:
    """What to know where too little can be kept out to check anything on; None otherwise."""
    if n_pairs >= 2 or min(n_sharp, n_degraded) >= FEWEST_TO_CHECK:
        return None
    if not n_sharp or not n_degraded:
        return None
    return translatable(
        "only {sharp} sharp and {degraded} degraded photos, of different scenes as it seems: too "
        "few to check the result on photos that were kept out. Expect a rough measure of the blur, "
        "with low confidence, or none. Photograph the same scenes with both apertures from a "
        "tripod (four pairs are plenty), or take ten photos of each",
        sharp=n_sharp,
        degraded=n_degraded,
    )


def expectations(
    sharp: list[Survey], degraded: list[Survey], coverage: Coverage
) -> Iterator[Translatable]:
    """What kind of result the photos can give, and what would make it better."""
    n_pairs, n = len(same_scenes(sharp, degraded)), min(len(sharp), len(degraded))
    if not n:
        return
    few = too_few_in_words(len(sharp), len(degraded), n_pairs)
    if few is not None:
        yield few
    elif n_pairs >= ENOUGH_PAIRS:
        yield translatable(
            "{pairs} scenes seem to be in both folders: pairs are compared pixel by pixel, the "
            "surest way there is; expect nearly all that a correction can give",
            pairs=n_pairs,
        )
    elif n_pairs >= 2:
        yield translatable(
            "{pairs} scenes seem to be in both folders: pairs are compared pixel by pixel; two or "
            "three more would cover the field better",
            pairs=n_pairs,
        )
    elif n >= ENOUGH_PHOTOS:
        yield translatable(
            "different scenes, {n} photos and more in each folder: expect a half to three quarters "
            "of what the same scenes from a tripod would give",
            n=n,
        )
    else:
        yield translatable(
            "different scenes, {n} photos in the smaller folder: expect about a third of what the "
            "same scenes from a tripod would give; ten in each folder are better",
            n=n,
        )
    texture = float(coverage.cells.mean())
    if texture < LITTLE_TEXTURE:
        yield translatable(
            "only {texture:.0%} of the picture shows texture in both folders: kernels will be "
            "uncertain where there is none",
            texture=texture,
        )
    soft = [photo.edges.sharpest for photo in sharp if photo.edges is not None]
    blurred = [photo.edges.sharpest for photo in degraded if photo.edges is not None]
    if soft and blurred:
        yield translatable(
            "the sharpest edges are {sharp:.1f} px wide in the sharp photos and {degraded:.1f} px "
            "in the degraded ones",
            sharp=sorted(soft)[len(soft) // 2],
            degraded=sorted(blurred)[len(blurred) // 2],
        )
