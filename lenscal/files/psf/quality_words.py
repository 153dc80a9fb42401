"""How good a calibration is, in words: for commands, report and window alike."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lenscal.optics.expected_error import expected_error, expected_mtf50_error
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.pictures.kinds import Light
from lenscal.translation import Translatable, join_translatable, translatable

LIGHT_WORDS = {
    Light.LINEAR: translatable("decoded to linear light"),
    Light.STORED: translatable("values as they are stored"),
}
_DISTANCES = {
    "estimate": translatable("with these kernels"),
    "floor": translatable("two halves of the photos themselves"),
    "delta": translatable("without any blur"),
    "average": translatable("with one average kernel"),
}


def confidence_in_words(psf: PsfGrid, same_scenes: bool | None = None) -> list[Translatable]:
    """The mean and the worst confidence, and what errors they mean; nothing where a grid has
    none."""
    # Kernels from elsewhere come without one.
    if psf.confidence is None:
        return []
    mean, worst = float(psf.confidence.mean()), float(psf.confidence.min())
    error = expected_error(psf.confidence)
    mtf50 = expected_mtf50_error(float(error.mean()), same_scenes=same_scenes)
    return [
        translatable(
            "Confidence: mean {mean:.2f}, worst {worst:.2f} (1: sure)", mean=mean, worst=worst
        ),
        translatable(
            "Expected error: kernels {mean:.0%}, {worst:.0%} at the worst place; MTF50 {mtf50:.0%}",
            mean=float(error.mean()),
            worst=float(error.max()),
            mtf50=mtf50,
        ),
    ]


def measured_distances(reblur: Mapping[str, float]) -> dict[str, float]:
    """The re-blur distances without those that could not be measured (NaN)."""
    return {name: distance for name, distance in reblur.items() if not math.isnan(distance)}


def distances_in_words(reblur: Mapping[str, float]) -> list[Translatable]:
    """The re-blur distances that are known; nothing where no photo could be kept out."""
    figures = [
        translatable("{name} {distance:.4g}", name=name, distance=distance)
        for name, distance in measured_distances(reblur).items()
    ]
    if not figures:
        return []
    words = translatable(
        "Re-blur distance on kept-out photos (smaller is better): {figures}",
        figures=join_translatable(", ", figures),
    )
    return [words]


def distance_in_words(name: str) -> str:
    """What a re-blur distance compares the degraded photos with."""
    # A profile of a newer version may have others: their names say more than nothing.
    return _DISTANCES.get(name, name)


def scenes_in_words(same_scenes: bool | None) -> Translatable:
    """Whether the photos showed the same scenes, to follow their numbers; empty if unknown."""
    if same_scenes is None:
        return Translatable("", {})
    if same_scenes:
        return translatable(", same scenes")
    return translatable(", different scenes")


STAGE_WORDS = {
    "pairs": translatable("search for photos of the same scenes"),
    "L": translatable("lateral colour"),
    "G": translatable("statistics of the scenes"),
    "GT": translatable("statistics of third order"),
    "R": translatable("rays through a lens"),
    "P": translatable("pairs of photos of one scene"),
    "F": translatable("flow matching"),
    "M": translatable("distribution matching"),
}
"""Stages by the names that reports and profiles have for them."""


def stage_in_words(name: str) -> str:
    """What a stage does; its name where a newer version has made it."""
    return STAGE_WORDS.get(name, name)
