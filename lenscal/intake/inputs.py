"""What the photos of a calibration are: used or left out, and why; and the user's own decisions on
that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from lenscal.errors import InputError
from lenscal.intake.coverage import Coverage, coverage, weaker
from lenscal.intake.grouping import SETS, same_aperture_in_words
from lenscal.intake.survey import Survey
from lenscal.intake.triage import Verdict, judge
from lenscal.raw.frame import Frame, require_bayer
from lenscal.translation import translatable

DEFAULT_GRID = (8, 8)
_TOO_LITTLE_TEXTURE = 0.03
_SWAPPED = 0.2
"""Difference of the mean log of fine over coarse power: on virtual lenses, sharp photos have 0.3 to
1.1 more."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A decoded photo, what was measured on it and what is thought of it."""

    frame: Frame
    survey: Survey
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def path(self) -> Path:
        return self.frame.info.path


@dataclass(frozen=True, slots=True)
class Rejected:
    """A photo left out, and why; `judged` where it was decoded, so that the user can take it all
    the same."""

    path: Path
    reason: str
    judged: Judged | None = None
    kind: str = "unreadable"
    """In a word or two what it is that was not judged."""


@dataclass(frozen=True, slots=True, eq=False)
class ImportedFolder:
    """The photos of one folder, in natural order of their names."""

    photos: tuple[Judged, ...]
    rejected: tuple[Rejected, ...]

    @property
    def frames(self) -> tuple[Frame, ...]:
        return tuple(photo.frame for photo in self.photos)


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What a calibration starts from."""

    sharp: ImportedFolder
    degraded: ImportedFolder

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of the photos, in words."""
        return (*_warnings(self.sharp, self.degraded), *self.coverage().describe())

    @property
    def swapped(self) -> bool:
        """Whether the photos to correct show clearly more fine detail than the sharp ones."""
        return _swapped(self.sharp, self.degraded)

    def coverage(self, grid: tuple[int, int] = DEFAULT_GRID) -> Coverage:
        """Texture by the cells of a grid: of both folders, the one with less at every cell."""
        sharp, degraded = (
            coverage([p.survey for p in folder.photos], grid)
            for folder in (self.sharp, self.degraded)
        )
        return weaker(sharp, degraded)

    def deciding(self, path: Path, *, keep: bool) -> Inputs:
        """The same with the user's own decision on one photo; one that could not be decoded stays
        left out."""
        return replace(
            self,
            sharp=_deciding(self.sharp, path, keep),
            degraded=_deciding(self.degraded, path, keep),
        )


def refuse_hopeless(inputs: Inputs) -> None:
    """Refuse folders that nothing can be learnt from.

    Raises
    ------
    InputError
        It says what to do.
    """
    advice = "photograph subjects with detail all over the picture, well exposed and in focus"
    for role, folder in (("sharp", inputs.sharp), ("degraded", inputs.degraded)):
        if not folder.photos:
            reasons = "; ".join(f"{r.path.name}: {r.reason}" for r in folder.rejected[:3])
            more = f"; and {len(folder.rejected) - 3} more" if len(folder.rejected) > 3 else ""
            raise InputError(
                translatable(
                    "none of the {role} photos can be used ({reasons}{more}): {advice}, or keep them all the "
                    "same (--keep-all)",
                    role=SETS.get(role, role),
                    reasons=reasons,
                    more=more,
                    advice=advice,
                )
            )
        for photo in folder.photos:
            require_bayer(photo.frame)
        texture = coverage([p.survey for p in folder.photos], DEFAULT_GRID).cells.mean()
        if texture < _TOO_LITTLE_TEXTURE:
            raise InputError(
                translatable(
                    "the {role} photos are flat: {texture:.0%} of their area has texture; {advice}",
                    role=SETS.get(role, role),
                    texture=texture,
                    advice=advice,
                )
            )


def judged(sharp: ImportedFolder, degraded: ImportedFolder, *, keep_all: bool) -> Inputs:
    """Both folders without the photos that are not worth learning from; with `keep_all`, those stay
    in."""
    verdicts = judge([p.survey for p in sharp.photos], [p.survey for p in degraded.photos])
    left, right = (
        [replace(p, verdict=v) for p, v in zip(folder.photos, told, strict=True)]
        for folder, told in zip((sharp, degraded), verdicts, strict=True)
    )
    return Inputs(
        _sorted_out(left, sharp.rejected, keep_all), _sorted_out(right, degraded.rejected, keep_all)
    )


def _sorted_out(
    photos: Sequence[Judged], rejected: Sequence[Rejected], keep_all: bool
) -> ImportedFolder:
    kept = tuple(p for p in photos if keep_all or p.verdict.fault is None)
    out = [
        Rejected(p.path, p.verdict.reason, p) for p in photos if not keep_all and p.verdict.fault
    ]
    return ImportedFolder(kept, _in_order([*rejected, *out]))


def _in_order(rejected: Sequence[Rejected]) -> tuple[Rejected, ...]:
    return tuple(sorted(rejected, key=lambda r: (natural_key(r.path.name), str(r.path))))


def _deciding(folder: ImportedFolder, path: Path, keep: bool) -> ImportedFolder:
    photos, rejected = list(folder.photos), list(folder.rejected)
    if keep:
        photos += [r.judged for r in rejected if r.path == path and r.judged is not None]
        rejected = [r for r in rejected if r.path != path or r.judged is None]
    else:
        rejected += [
            Rejected(path, p.verdict.reason or "you left it out", p)
            for p in photos
            if p.path == path
        ]
        photos = [p for p in photos if p.path != path]
    photos.sort(key=lambda p: (natural_key(p.path.name), str(p.path)))
    return ImportedFolder(tuple(photos), _in_order(rejected))


def _swapped(sharp: ImportedFolder, degraded: ImportedFolder) -> bool:
    means = []
    for folder in (sharp, degraded):
        detail = [photo.survey.detail for photo in folder.photos]
        known = np.isfinite(detail) if detail else np.zeros(0, bool)
        if not known.any():
            return False
        means.append(float(np.array(detail)[known].mean()))
    return means[1] - means[0] > _SWAPPED


def _warnings(sharp: ImportedFolder, degraded: ImportedFolder) -> Iterator[str]:
    if _swapped(sharp, degraded):
        yield translatable(
            "the photos to correct show more fine detail than the sharp ones: were the two sets swapped?"
        )
    if sharp.photos and degraded.photos:
        told = same_aperture_in_words(sharp.photos[0].frame.info, degraded.photos[0].frame.info)
        if told:
            yield told
    for role, folder in (("sharp", sharp), ("degraded", degraded)):
        for out in folder.rejected:
            yield translatable(
                "{role} photo left out: {name}: {reason}",
                role=SETS.get(role, role),
                name=out.path.name,
                reason=out.reason,
            )
        for photo in folder.photos:
            if photo.verdict.reason:
                yield translatable(
                    "{role} photo kept: {name}, but {reason}",
                    role=SETS.get(role, role),
                    name=photo.path.name,
                    reason=photo.verdict.reason,
                )
        source = folder.photos[0].frame.gain_source if folder.photos else ""
        if source and not source.startswith("lensfun"):
            yield translatable("{role} photos: {source}", role=SETS.get(role, role), source=source)


def natural_key(name: str) -> list[tuple[int, str]]:
    """Sort key under which numbers count as numbers."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part.casefold())
        for part in re.split(r"(\d+)", name)
    ]
