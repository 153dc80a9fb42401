"""What the photos of a calibration are: used or left out, and why; and the user's own decisions on
that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from lenscal.errors import InputError
from lenscal.intake.coverage import Coverage, common_coverage, coverage
from lenscal.intake.expectation import error_by_photos, expectations, too_few_in_words
from lenscal.intake.grouping import role_in_words, same_aperture_in_words
from lenscal.intake.photo_files import natural_order
from lenscal.intake.survey import Survey
from lenscal.intake.triage import Verdict, judge, same_scenes
from lenscal.raw.frame import Frame
from lenscal.translation import Translatable, join_translatable, translatable

DEFAULT_GRID = (8, 8)
_TOO_LITTLE_TEXTURE = 0.03
"""Mean share of the area, over all photos: below it nearly all kernels would be guesses."""
_SWAPPED = 0.2
"""Difference of the mean log of fine over coarse power: on virtual lenses, sharp photos have 0.3 to
1.1 more."""
_MOST_REASONS = 3
"""That a message lists."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedPhoto:
    """A decoded photo, what was measured on it and what is thought of it."""

    frame: Frame
    survey: Survey
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def path(self) -> Path:
        """The photo's file."""
        return self.frame.info.path


@dataclass(frozen=True, slots=True)
class Rejected:
    """A photo left out, and why; `photo` where it was decoded, so that the user can take it all
    the same."""

    path: Path
    reason: str
    photo: JudgedPhoto | None = None
    kind: str = "unreadable"
    """In a word or two what it is that was not judged."""


@dataclass(frozen=True, slots=True, eq=False)
class ImportedFolder:
    """The photos of one folder, in natural order of their names."""

    photos: tuple[JudgedPhoto, ...]
    rejected: tuple[Rejected, ...]
    notes: tuple[str, ...] = ()
    """What lies beside the photos, and is left out."""

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The decoded photos alone."""
        return tuple(photo.frame for photo in self.photos)


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What a calibration starts from."""

    sharp: ImportedFolder
    degraded: ImportedFolder

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of the photos, in words."""
        # Computed anew each time: the user's decisions change them.
        few = () if self._too_few is None else (self._too_few,)
        return (*few, *_warnings(self.sharp, self.degraded), *self.coverage().describe())

    @property
    def _too_few(self) -> str | None:
        """What to know where too few photos are there to check a result on."""
        sharp, degraded = self._surveys
        return too_few_in_words(len(sharp), len(degraded), len(same_scenes(sharp, degraded)))

    @property
    def _surveys(self) -> tuple[list[Survey], list[Survey]]:
        sharp, degraded = (
            [photo.survey for photo in folder.photos] for folder in (self.sharp, self.degraded)
        )
        return sharp, degraded

    @property
    def expectations(self) -> tuple[str, ...]:
        """What the photos can be expected to give, in words."""
        return tuple(expectations(*self._surveys, self.coverage(), self._noise_a))

    @property
    def _noise_a(self) -> float:
        """Of the degraded photos' noise, in the mean over colours and photos."""
        noises = [photo.frame.noise.a for photo in self.degraded.photos]
        return float(np.mean(noises)) if noises else 0.0

    @property
    def error_by_photos(self) -> list[tuple[int, float]]:
        """(photos in each folder, expected relative error of kernels), from those that are there
        on; empty where a folder has none."""
        sharp, degraded = self._surveys
        n_pairs, n = len(same_scenes(sharp, degraded)), min(len(sharp), len(degraded))
        if not n:
            return []
        same = n_pairs >= 2
        return error_by_photos(n_pairs if same else n, same_scenes=same, noise_a=self._noise_a)

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
        return common_coverage(sharp, degraded)

    def with_decision(self, path: Path, *, keep: bool) -> Inputs:
        """The same with the user's own decision on one photo; one that could not be decoded stays
        left out."""
        return replace(
            self,
            sharp=_with_decision(self.sharp, path, keep),
            degraded=_with_decision(self.degraded, path, keep),
        )


def refuse_hopeless(inputs: Inputs) -> None:
    """Refuse folders that nothing can be learnt from.

    Raises
    ------
    InputError
        It says what to do.
    """
    # One folder after the other: what is wrong with the first is mended first.
    for role, folder in (("sharp", inputs.sharp), ("degraded", inputs.degraded)):
        _refuse_no_photo(role, folder)
        _refuse_flat(role, folder)


def _advice() -> str:
    return translatable(
        "photograph subjects with detail all over the picture, well exposed and in focus"
    )


def _refuse_no_photo(role: str, folder: ImportedFolder) -> None:
    if folder.photos:
        return
    raise InputError(
        translatable(
            "none of the {role} photos can be used ({reasons}): {advice}, or keep them all the "
            "same (--keep-all)",
            role=role_in_words(role),
            reasons=reasons_in_words(folder.rejected),
            advice=_advice(),
        )
    )


def _refuse_flat(role: str, folder: ImportedFolder) -> None:
    texture = coverage([photo.survey for photo in folder.photos], DEFAULT_GRID).cells.mean()
    if texture >= _TOO_LITTLE_TEXTURE:
        return
    raise InputError(
        translatable(
            "the {role} photos are flat: {texture:.0%} of their area has texture; {advice}",
            role=role_in_words(role),
            texture=texture,
            advice=_advice(),
        )
    )


def reasons_in_words(rejected: Sequence[Rejected]) -> str:
    """Why photos were left out: the first three with their names, the others as a number."""
    parts = [
        translatable("{name}: {reason}", name=out.path.name, reason=out.reason)
        for out in rejected[:_MOST_REASONS]
    ]
    # A message of a hundred names would hide what to do.
    if len(rejected) > _MOST_REASONS:
        parts.append(translatable("and {n} more", n=len(rejected) - _MOST_REASONS))
    return join_translatable("; ", parts)


def judge_folders(sharp: ImportedFolder, degraded: ImportedFolder, *, keep_all: bool) -> Inputs:
    """Both folders without the photos that are not worth learning from; with `keep_all`, those stay
    in."""
    of_sharp, of_degraded = judge(
        [photo.survey for photo in sharp.photos], [photo.survey for photo in degraded.photos]
    )
    return Inputs(
        _with_verdicts(sharp, of_sharp, keep_all), _with_verdicts(degraded, of_degraded, keep_all)
    )


def _with_verdicts(
    folder: ImportedFolder, verdicts: Sequence[Verdict], keep_all: bool
) -> ImportedFolder:
    photos: list[JudgedPhoto] = []
    rejected = list(folder.rejected)
    for photo, verdict in zip(folder.photos, verdicts, strict=True):
        # The verdict stays with a photo that is left out: the user may take it all the same.
        photo = replace(photo, verdict=verdict)
        if keep_all or verdict.fault is None:
            photos.append(photo)
        else:
            rejected.append(Rejected(photo.path, verdict.reason, photo))
    return ImportedFolder(tuple(photos), _in_order(rejected), folder.notes)


def _in_order(rejected: Sequence[Rejected]) -> tuple[Rejected, ...]:
    return tuple(sorted(rejected, key=lambda out: natural_order(out.path)))


def _with_decision(folder: ImportedFolder, path: Path, keep: bool) -> ImportedFolder:
    """Move one photo to those that are used, or to those that are left out."""
    photos, rejected = list(folder.photos), list(folder.rejected)
    if keep:
        photos += [out.photo for out in rejected if out.path == path and out.photo is not None]
        # One without pixels stays where it is: nothing could be learnt from it.
        rejected = [out for out in rejected if out.path != path or out.photo is None]
    else:
        by_user = translatable("you left it out")
        rejected += [
            Rejected(path, photo.verdict.reason or by_user, photo)
            for photo in photos
            if photo.path == path
        ]
        photos = [photo for photo in photos if photo.path != path]
    # A photo that is taken back stands where it stood, so that decisions in any order end alike.
    photos.sort(key=lambda photo: natural_order(photo.path))
    return ImportedFolder(tuple(photos), _in_order(rejected), folder.notes)


def _swapped(sharp: ImportedFolder, degraded: ImportedFolder) -> bool:
    """Whether the degraded photos have clearly more detail, by their means over photos and
    directions."""
    means = []
    for folder in (sharp, degraded):
        detail = np.array([photo.survey.detail for photo in folder.photos], np.float64)
        # Flat photos have no detail to compare.
        finite = detail[np.isfinite(detail)]
        if not finite.size:
            return False
        means.append(float(finite.mean()))
    return means[1] - means[0] > _SWAPPED


def _warnings(sharp: ImportedFolder, degraded: ImportedFolder) -> Iterator[str]:
    if _swapped(sharp, degraded):
        yield translatable(
            "the photos to correct show more fine detail than the sharp ones: "
            "were the two sets swapped?"
        )
    if sharp.photos and degraded.photos:
        infos = (folder.photos[0].frame.info for folder in (sharp, degraded))
        if warning := same_aperture_in_words(*infos):
            yield warning
    yield from _warnings_of("sharp", sharp)
    yield from _warnings_of("degraded", degraded)


def _notes_of(role: str, photos: Sequence[JudgedPhoto]) -> Iterator[str]:
    """What files say that the user should know, each once for all photos that say it."""
    names: dict[str, list[str]] = {}
    words: dict[str, str] = {}
    for photo in photos:
        for note in photo.frame.info.notes:
            # Figures may differ from photo to photo.
            kind = note.template if isinstance(note, Translatable) else note
            words.setdefault(kind, note)
            names.setdefault(kind, []).append(photo.path.name)
    for kind, of in names.items():
        note = words[kind]
        if len(of) == 1:
            yield translatable(
                "{role} photo {name}: {note}", role=role_in_words(role), name=of[0], note=note
            )
        else:
            yield translatable(
                "{n} {role} photos, like {name}: {note}",
                n=len(of),
                role=role_in_words(role),
                name=of[0],
                note=note,
            )


def _warnings_of(role: str, folder: ImportedFolder) -> Iterator[str]:
    """What to know of the photos of one folder."""
    for note in folder.notes:
        yield translatable("{role} photos: {note}", role=role_in_words(role), note=note)
    for out in folder.rejected:
        yield translatable(
            "{role} photo left out: {name}: {reason}",
            role=role_in_words(role),
            name=out.path.name,
            reason=out.reason,
        )
    for photo in folder.photos:
        if photo.verdict.reason:
            yield translatable(
                "{role} photo kept: {name}, but {reason}",
                role=role_in_words(role),
                name=photo.path.name,
                reason=photo.verdict.reason,
            )
    yield from _notes_of(role, folder.photos)
    # Of the first: all photos of a folder are of one camera, lens and aperture.
    frame = folder.photos[0].frame if folder.photos else None
    if frame is not None and frame.gain_source and (frame.gain == 1).all():
        source = frame.gain_source
        yield translatable("{role} photos: {source}", role=role_in_words(role), source=source)
