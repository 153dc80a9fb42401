"""Which photos are worth learning from: flat, clipped, dark, moved and out-of-focus ones are told
by measuring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from lenscal.intake.survey import N_DIRECTIONS, Place, Survey
from lenscal.translation import join_translatable, translatable

_LEAST_USABLE, _LITTLE_USABLE, _USABLE_IF_CLIPPED = 0.06, 0.25, 0.35
_MOSTLY_CLIPPED, _MUCH_CLIPPED = 0.5, 0.25
_DARK_BELOW = 0.015
"""Of the range, for the photo's brightest parts: more than six stops below clipping."""
_FEWEST = 3
_SOFT, _SMEARED, _SOFT_OF_PAIR = 0.9, 1.3, 0.8
"""Thresholds for the log of fine detail against the other photos (all directions, the worst ones,
the same scene)."""
_ROBUST_SIGMAS = 4.0
_ONE_WAY = 0.6
"""Motion leaves detail along one direction: it costs the worst ones this share more than the best
ones."""
_SAME_SCENE = 0.95


class Fault(StrEnum):
    """Why a photo should not be learnt from."""

    FLAT = "flat"
    CLIPPED = "clipped"
    DARK = "dark"
    MOVED = "moved"
    OUT_OF_FOCUS = "out of focus"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is thought of a photo.

    Attributes
    ----------
    fault : Fault or None
        None for a photo to keep.
    reason : str
        Of the fault, in words; for a photo to keep a doubt, or nothing.
    figures : dict
        What was measured: shares of the picture (usable, plain, dark, clipped), `brightest` (RAW
        value 0..1), and where there are photos to compare with `detail` and
        `detail_worst_direction`: log of the fine detail's power against theirs, and
        `detail_same_scene`, against the other folder's photo of the same scene.
    """

    fault: Fault | None = None
    reason: str = ""
    figures: dict[str, float] = field(default_factory=dict)


def judge(
    sharp: Sequence[Survey], degraded: Sequence[Survey]
) -> tuple[tuple[Verdict, ...], tuple[Verdict, ...]]:
    """Verdicts on the photos of both folders.

    Blur is judged against the other photos of the folder, as one taken wide open is soft by nature,
    and against the other folder's photo of the same scene, where there is one. At least three
    photos are needed for that; the more they differ from one another, the more a photo must stand
    out.
    """
    folders = (sharp, degraded)
    lit = [[_by_light(s) for s in folder] for folder in folders]
    sound = [
        [
            v.fault is None and bool(np.isfinite(s.detail).all())
            for v, s in zip(verdicts, folder, strict=True)
        ]
        for verdicts, folder in zip(lit, folders, strict=True)
    ]
    detail = [
        np.array([s.detail for s in folder], np.float64).reshape(-1, N_DIRECTIONS)
        for folder in folders
    ]
    deficits = [
        _against_folder(d, np.array(good, bool)) for d, good in zip(detail, sound, strict=True)
    ]
    by_pair = _against_pairs(sharp, degraded, detail, sound)
    verdicts = []
    for role in (0, 1):
        scale = _thresholds(deficits[role])
        verdicts.append(
            tuple(
                _by_blur(lit[role][n], deficits[role][n], by_pair[role][n], scale)
                for n in range(len(folders[role]))
            )
        )
    return verdicts[0], verdicts[1]


def _by_light(photo: Survey) -> Verdict:
    share = {place: photo.share(place) for place in Place}
    brightest = float(np.quantile(photo.light, 0.98))
    figures = {place.name.lower(): share[place] for place in Place} | {"brightest": brightest}
    if share[Place.CLIPPED] > _MOSTLY_CLIPPED and share[Place.USABLE] < _USABLE_IF_CLIPPED:
        words = translatable(
            "clipped: {clipped:.0%} of the picture is blown out; expose less",
            clipped=share[Place.CLIPPED],
        )
        return Verdict(Fault.CLIPPED, words, figures)
    if brightest < _DARK_BELOW:
        stops = -np.log2(max(brightest, 1e-6))
        words = translatable(
            "dark: its brightest parts are {stops:.0f} stops below the sensor's limit; expose more",
            stops=stops,
        )
        return Verdict(Fault.DARK, words, figures)
    if share[Place.USABLE] < _LEAST_USABLE:
        worst = max((Place.PLAIN, Place.DARK, Place.CLIPPED), key=lambda place: share[place])
        fault, words = {
            Place.PLAIN: (
                Fault.FLAT,
                translatable(
                    "flat: hardly any texture stands out of the noise; choose a subject with detail"
                ),
            ),
            Place.DARK: (
                Fault.DARK,
                translatable(
                    "dark: {dark:.0%} of the picture is nearly black; expose more",
                    dark=share[Place.DARK],
                ),
            ),
            Place.CLIPPED: (
                Fault.CLIPPED,
                translatable(
                    "clipped: {clipped:.0%} of the picture is blown out",
                    clipped=share[Place.CLIPPED],
                ),
            ),
        }[worst]
        return Verdict(fault, words, figures)
    if share[Place.CLIPPED] > _MUCH_CLIPPED:
        return Verdict(
            None,
            translatable("{clipped:.0%} of the picture is blown out", clipped=share[Place.CLIPPED]),
            figures,
        )
    if share[Place.USABLE] < _LITTLE_USABLE:
        return Verdict(
            None,
            translatable(
                "only {usable:.0%} of the picture has texture to learn from",
                usable=share[Place.USABLE],
            ),
            figures,
        )
    return Verdict(None, "", figures)


def _against_folder(detail: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Detail [n, directions] less its median over the good photos; NaN where there are too few to
    compare with."""
    if good.sum() < _FEWEST:
        return np.full_like(detail, np.nan)
    out = detail - np.median(detail[good], axis=0)
    out[~good] = np.nan
    return out


def _against_pairs(
    sharp: Sequence[Survey],
    degraded: Sequence[Survey],
    detail: Sequence[np.ndarray],
    sound: Sequence[Sequence[bool]],
) -> tuple[np.ndarray, np.ndarray]:
    """How much softer [n] each photo is than its pair leads to expect (below 0), by the median over
    the pairs."""
    out = np.full(len(sharp), np.nan), np.full(len(degraded), np.nan)
    pairs = [(i, j) for i, j in same_scenes(sharp, degraded) if sound[0][i] and sound[1][j]]
    if len(pairs) < _FEWEST:
        return out
    i, j = np.array(pairs).T
    difference = (detail[1][j] - detail[0][i]).mean(axis=1)
    difference -= np.median(difference)
    out[0][i], out[1][j] = -difference, difference
    return out


def same_scenes(sharp: Sequence[Survey], degraded: Sequence[Survey]) -> list[tuple[int, int]]:
    """Photos of both folders that show the same: (sharp, degraded), by how the light is spread over
    them."""
    if not sharp or not degraded or len({s.light.shape for s in (*sharp, *degraded)}) > 1:
        return []
    a, b = (np.stack([_standard(s.light) for s in folder]) for folder in (sharp, degraded))
    likeness = a @ b.T
    best = likeness.argmax(axis=1)
    return [
        (i, int(j))
        for i, j in enumerate(best)
        if likeness[i, j] > _SAME_SCENE and likeness[:, j].argmax() == i
    ]


def _standard(light: np.ndarray) -> np.ndarray:
    value = np.log(np.maximum(light, 1e-4)).ravel()
    value = value - value.mean()
    return value / max(float(np.linalg.norm(value)), 1e-6)


def _thresholds(deficit: np.ndarray) -> tuple[float, float]:
    """(all directions, the worst directions): what a photo may lack, from how much the photos
    differ."""
    known = deficit[np.isfinite(deficit).all(axis=1)]
    if not len(known):
        return np.inf, np.inf
    few = 1 + 2 / len(known)
    overall = 1.4826 * float(np.median(np.abs(known.mean(axis=1))))
    each = 1.4826 * float(np.median(np.abs(known)))
    return max(_SOFT * few, _ROBUST_SIGMAS * overall), max(_SMEARED * few, _ROBUST_SIGMAS * each)


def _by_blur(
    verdict: Verdict, deficit: np.ndarray, of_pair: float, thresholds: tuple[float, float]
) -> Verdict:
    if verdict.fault is not None or not np.isfinite(deficit).all():
        return verdict
    smooth = (deficit + np.roll(deficit, 1)) / 2
    overall, worst, best = float(deficit.mean()), float(smooth.min()), float(smooth.max())
    figures = verdict.figures | {"detail": overall, "detail_worst_direction": worst}
    paired = bool(np.isfinite(of_pair))
    if paired:
        figures["detail_same_scene"] = float(of_pair)
    # Where the same scene is as soft in the other folder, it may be the scene.
    lenience = 2 if paired and abs(of_pair) < _SOFT_OF_PAIR / 2 else 1
    soft, smeared = (lenience * t for t in thresholds)
    by_folder = overall < -soft or worst < -smeared
    if by_folder or (paired and of_pair < -_SOFT_OF_PAIR):
        if worst < -_SMEARED and best - worst > -_ONE_WAY * worst:
            words = translatable(
                "moved: along one direction, fine detail is {worst:.0f} times weaker than in the others",
                worst=np.exp(-worst),
            )
            return Verdict(Fault.MOVED, words, figures)
        than = translatable("in the other photos")
        if not by_folder:
            than = translatable("the other folder's photo of the same scene leads to expect")
        weaker = np.exp(-overall if by_folder else -of_pair)
        words = translatable(
            "out of focus: fine detail is {weaker:.0f} times weaker than {than}",
            weaker=weaker,
            than=than,
        )
        return Verdict(Fault.OUT_OF_FOCUS, words, figures)
    doubt = (
        ""
        if overall > -0.75 * soft
        else translatable("softer than the other photos, look whether it is in focus")
    )
    return Verdict(
        None,
        join_translatable("; ", (words for words in (verdict.reason, doubt) if words)),
        figures,
    )
