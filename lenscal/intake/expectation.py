"""What photos can be expected to give, before an hour is spent on them."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lenscal.intake.coverage import Coverage
from lenscal.intake.survey import Survey
from lenscal.intake.triage import same_scenes
from lenscal.translation import Translatable, translatable

FEWEST_TO_CHECK = 4
"""Photos of different scenes in each folder, of which one can be kept out for a check."""
ENOUGH_PAIRS, ENOUGH_PHOTOS = 4, 10
"""From which on more photos change little (docs/benchmark.md)."""
ERROR_AT_BEST = 0.06
"""Relative error of kernels that no number of photos makes less: what their field and their taps
cannot follow."""
SCENES_ERROR = 0.42
"""Of one photo of a folder, whose scene differs from that of the other folder; falls with the root
of their number (docs/experiments/confidence.md, 2026-11-30)."""
NOISE_ERROR = 5.0
"""The same for noise: times the root of its variance over the light (`NoiseModel.a`)."""
MORE_PHOTOS = (4, 10, 20, 40, 80)
"""For which an error is told."""
LITTLE_TEXTURE = 0.3
"""Mean share of the photos in which a place shows texture."""
_HARDLY_LESS = 0.02
"""Of a kernel's relative error: what the law of few runs that it rests on cannot tell apart."""


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


def error_with(n_photos: int, *, same_scenes: bool, noise_a: float) -> float:
    """Expected relative error of kernels from so many photos in each folder.

    noise_a : variance of the degraded photos' noise over the light, RAW values 0..1
    """
    scenes = 0.0 if same_scenes else SCENES_ERROR
    by_chance = (scenes**2 + NOISE_ERROR**2 * noise_a) / max(n_photos, 1)
    return math.sqrt(ERROR_AT_BEST**2 + by_chance)


def photos_for_half(n_photos: int, *, same_scenes: bool, noise_a: float) -> int | None:
    """How many more photos in each folder would halve the error; None: no number of them, within
    reason."""
    now = error_with(n_photos, same_scenes=same_scenes, noise_a=noise_a)
    for n in range(n_photos + 1, MORE_PHOTOS[-1] + 1):
        if error_with(n, same_scenes=same_scenes, noise_a=noise_a) <= now / 2:
            return n - n_photos
    return None


def error_by_photos(n_photos: int, *, same_scenes: bool, noise_a: float) -> list[tuple[int, float]]:
    """(photos in each folder, expected error of kernels), from the present number on."""
    numbers = sorted({n_photos, *(n for n in MORE_PHOTOS if n > n_photos)})
    return [(n, error_with(n, same_scenes=same_scenes, noise_a=noise_a)) for n in numbers]


def _error_in_words(n: int, *, same_scenes: bool, noise_a: float) -> Translatable:
    curve = error_by_photos(n, same_scenes=same_scenes, noise_a=noise_a)
    (_, now), more = curve[0], curve[1:4]
    others = ", ".join(f"{number}: {error:.0%}" for number, error in more)
    half = photos_for_half(n, same_scenes=same_scenes, noise_a=noise_a)
    if half is not None and not same_scenes:
        return translatable(
            "expect kernels to be off by about {error:.0%}; {more} more photos of other subjects "
            "in each folder would halve that (photos: error; {others})",
            error=now,
            more=half,
            others=others,
        )
    if not more or now - more[-1][1] < _HARDLY_LESS:
        return translatable(
            "expect kernels to be off by about {error:.0%}; more photos would hardly help",
            error=now,
        )
    return translatable(
        "expect kernels to be off by about {error:.0%}; with more photos in each folder by less "
        "(photos: error; {others})",
        error=now,
        others=others,
    )


def expectations(
    sharp: list[Survey], degraded: list[Survey], coverage: Coverage, noise_a: float = 0.0
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
    same = n_pairs >= 2
    yield _error_in_words(n_pairs if same else n, same_scenes=same, noise_a=noise_a)
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
