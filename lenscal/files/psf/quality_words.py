"""How good a calibration is, in words: for the commands and the report alike."""

from __future__ import annotations

from collections.abc import Mapping

from lenscal.optics.psf_grid import PsfGrid
from lenscal.translation import Translatable, join_translatable, translatable


def confidence_in_words(psf: PsfGrid) -> list[Translatable]:
    """The mean and the worst confidence; nothing where a grid has none."""
    if psf.confidence is None:
        return []
    mean, worst = float(psf.confidence.mean()), float(psf.confidence.min())
    words = translatable(
        "Confidence: mean {mean:.2f}, worst {worst:.2f} (1: sure)", mean=mean, worst=worst
    )
    return [words]


def distances_in_words(reblur: Mapping[str, float]) -> list[Translatable]:
    """The re-blur distances that are known; nothing where no photo could be kept out."""
    figures = [
        translatable("{name} {distance:.4g}", name=name, distance=distance)
        for name, distance in reblur.items()
        # A distance that could not be measured is NaN, which equals nothing.
        if distance == distance
    ]
    if not figures:
        return []
    words = translatable(
        "Re-blur distance on kept-out photos (smaller is better): {figures}",
        figures=join_translatable(", ", figures),
    )
    return [words]


def scenes_in_words(same_scenes: bool | None) -> Translatable:
    """Whether the photos showed the same scenes, to follow their numbers; empty if unknown."""
    if same_scenes is None:
        return Translatable("", {})
    if same_scenes:
        return translatable(", same scenes")
    return translatable(", different scenes")
