"""Which photos are worth learning from: flat, clipped, dark, moved and out-of-focus ones are found
by measuring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lenscal.intake.sharpness import ZONES
from lenscal.intake.survey import N_DIRECTIONS, Survey, TileKind
from lenscal.translation import join_translatable, translatable

_LEAST_USABLE, _LITTLE_USABLE, _USABLE_IF_CLIPPED = 0.06, 0.25, 0.35
"""Shares of the picture with texture: below the first a photo is left out, below the second in
doubt; with the third, clipping does not matter."""
_MOSTLY_CLIPPED, _MUCH_CLIPPED = 0.5, 0.25
"""Shares of the picture: beyond the first a photo is left out, beyond the second in doubt."""
_BRIGHT_PART = 0.98
"""Quantile of the tiles' light: a lamp in the picture does not make a dark photo bright."""
_DARK_BELOW = 0.015
"""Of the range, for the photo's brightest parts: more than six stops below clipping."""
_FEWEST = 3
"""Photos to compare with: of two, nobody knows which is the good one."""
_SOFT, _SMEARED, _SOFT_OF_PAIR = 0.9, 1.3, 0.8
"""Thresholds for the log of fine detail against the other photos (all directions, the worst ones,
the same scene). Good photos of one lens differ by less, bad ones lie beyond (tests/intake)."""
_ROBUST_SIGMAS = 4.0
"""Where good photos differ more than usual, a bad one has to lie so far from them."""
_SIGMA_OF_MEDIAN_DEVIATION = 1.4826
"""Standard deviation over median absolute deviation of normal numbers."""
_ONE_WAY = 0.6
"""Motion leaves detail along one direction: it costs the worst ones this share more than the best
ones."""
_DOUBTFUL = 0.75
"""Of the threshold for all directions: from here on the user is asked to look."""
_ENOUGH_EDGES = 12
"""To say something of a photo by itself."""
_WIDE_EDGES_PX, _SHAKEN = 4.0, 1.6
"""Sharpest edges from this width on are soft, whatever the other photos are; across the worst
direction they are so much wider than across the best one where the camera was moved."""
_WIDER_THAN_OTHERS, _MANY_EDGES = 1.3, 30
"""Where photos show so many edges, the scene hardly changes their widths: one whose edges are so
much wider than another photo's at nearly all places that both show edges at was focused elsewhere
(a chart, hand-held: 1.4 and 2 times; docs/experiments/real-photos.md)."""
_NEARLY_ALL = 0.25
"""Quantile of the ratios that has to be so wide: in one zone of nine edges may be odd."""
_COMMON_ZONES = 3
"""Of one place alone, a soft thing may be all that is there."""
_SAME_SCENE = 0.95
"""Correlation of the spread of light of two photos of one scene."""


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
    by_light = [[_by_light(photo) for photo in folder] for folder in folders]
    sound = [
        np.array([_is_sound(v, p) for v, p in zip(verdicts, folder, strict=True)], bool)
        for verdicts, folder in zip(by_light, folders, strict=True)
    ]
    detail = [
        np.array([photo.detail for photo in folder], np.float64).reshape(-1, N_DIRECTIONS)
        for folder in folders
    ]
    of_pairs = _against_pairs(sharp, degraded, detail, sound)
    verdicts = []
    for role in (0, 1):
        # A folder's own spread sets its thresholds: photos of a hand-held series differ more.
        deficits = _against_folder(detail[role], sound[role])
        thresholds = _thresholds(deficits)
        figures = zip(by_light[role], deficits, of_pairs[role], strict=True)
        judged = [
            _by_blur(verdict, deficit, float(of_pair), thresholds)
            for verdict, deficit, of_pair in figures
        ]
        # A folder by itself is only looked at: nothing would be learnt from its soft photos.
        calibrating = bool(sharp and degraded)
        verdicts.append(tuple(_by_edges(judged, folders[role], leave_out=calibrating)))
    return verdicts[0], verdicts[1]


def _is_sound(verdict: Verdict, photo: Survey) -> bool:
    """Whether others can be compared with it."""
    return verdict.fault is None and bool(np.isfinite(photo.detail).all())


def _by_light(photo: Survey) -> Verdict:
    """What light and texture say, before any comparison."""
    share = {kind: photo.share(kind) for kind in TileKind}
    brightest = float(np.quantile(photo.light, _BRIGHT_PART))
    figures = {kind.name.lower(): share[kind] for kind in TileKind} | {"brightest": brightest}
    if share[TileKind.CLIPPED] > _MOSTLY_CLIPPED and share[TileKind.USABLE] < _USABLE_IF_CLIPPED:
        reason = translatable(
            "clipped: {clipped:.0%} of the picture is blown out; expose less",
            clipped=share[TileKind.CLIPPED],
        )
        return Verdict(Fault.CLIPPED, reason, figures)
    # Before flatness: in the dark, noise hides all texture, and "expose more" is the advice.
    if brightest < _DARK_BELOW:
        reason = translatable(
            ("dark: its brightest parts are {stops:.0f} stops below saturation; expose more"),
            stops=-np.log2(max(brightest, 1e-6)),
        )
        return Verdict(Fault.DARK, reason, figures)
    if share[TileKind.USABLE] < _LEAST_USABLE:
        return Verdict(*_without_texture(share), figures)
    doubts = [doubt for doubt in (_doubt_about_light(share), _doubt_about_edges(photo)) if doubt]
    if photo.edges is not None:
        figures["edge_width_px"] = photo.edges.sharpest
        figures["edge_width_worst_direction_px"] = photo.edges.worst_direction
    return Verdict(None, join_translatable("; ", doubts), figures)


def _doubt_about_edges(photo: Survey) -> str:
    """What the photo's own edges say, without any other photo."""
    edges = photo.edges
    # A handful may all be shadows, or of things that lie out of focus.
    if edges is None or edges.count < _ENOUGH_EDGES:
        return ""
    worst, best = edges.worst_direction, edges.best_direction
    if worst > _WIDE_EDGES_PX and worst > _SHAKEN * best:
        return translatable(
            "its edges are {worst:.1f} px wide along one direction and {best:.1f} px along "
            "another: it looks shaken",
            worst=worst,
            best=best,
        )
    if edges.sharpest > _WIDE_EDGES_PX:
        return translatable(
            "even its sharpest edges are {width:.1f} px wide: it looks out of focus or shaken, "
            "unless the lens is as soft as that",
            width=edges.sharpest,
        )
    return ""


def _without_texture(share: dict[TileKind, float]) -> tuple[Fault, str]:
    """What there is instead of texture in most of the picture."""
    # The commonest kind is what the user has to change.
    kinds = (TileKind.PLAIN, TileKind.DARK, TileKind.CLIPPED)
    mostly = max(kinds, key=lambda kind: share[kind])
    if mostly is TileKind.PLAIN:
        return Fault.FLAT, translatable(
            "flat: hardly any texture stands out of the noise; choose a subject with detail"
        )
    if mostly is TileKind.DARK:
        return Fault.DARK, translatable(
            "dark: {dark:.0%} of the picture is nearly black; expose more", dark=share[mostly]
        )
    return Fault.CLIPPED, translatable(
        "clipped: {clipped:.0%} of the picture is blown out", clipped=share[mostly]
    )


def _doubt_about_light(share: dict[TileKind, float]) -> str:
    if share[TileKind.CLIPPED] > _MUCH_CLIPPED:
        return translatable(
            "{clipped:.0%} of the picture is blown out", clipped=share[TileKind.CLIPPED]
        )
    if share[TileKind.USABLE] < _LITTLE_USABLE:
        return translatable(
            "only {usable:.0%} of the picture has texture to learn from",
            usable=share[TileKind.USABLE],
        )
    return ""


def _against_folder(detail: NDArray[np.float64], sound: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Detail [n, directions] less its median over the sound photos; NaN where there are too few to
    compare with."""
    # Unsound ones would shift the median: a clipped photo has no fine detail.
    if sound.sum() < _FEWEST:
        return np.full_like(detail, np.nan)
    # A median: one bad photo must not make the good ones look sharp.
    deficit = detail - np.median(detail[sound], axis=0)
    deficit[~sound] = np.nan
    return np.asarray(deficit)


def _against_pairs(
    sharp: Sequence[Survey],
    degraded: Sequence[Survey],
    detail: Sequence[NDArray[np.float64]],
    sound: Sequence[NDArray[np.bool_]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How much softer [n] each photo is than its pair leads to expect (below 0), by the median over
    the pairs."""
    of_sharp, of_degraded = np.full(len(sharp), np.nan), np.full(len(degraded), np.nan)
    # A median over two pairs would blame whichever photo lies lower.
    pairs = [(i, j) for i, j in same_scenes(sharp, degraded) if sound[0][i] and sound[1][j]]
    if len(pairs) < _FEWEST:
        return of_sharp, of_degraded
    i, j = np.array(pairs).T
    difference = (detail[1][j] - detail[0][i]).mean(axis=1)
    # The wide aperture costs all pairs the same: what is left is one photo's own.
    difference -= np.median(difference)
    of_sharp[i], of_degraded[j] = -difference, difference
    return of_sharp, of_degraded


def same_scenes(sharp: Sequence[Survey], degraded: Sequence[Survey]) -> list[tuple[int, int]]:
    """Photos of both folders that show the same: (sharp, degraded), by how the light is spread over
    them."""
    if not sharp or not degraded or len({s.light.shape for s in (*sharp, *degraded)}) > 1:
        return []
    a, b = (np.stack([_standardised(s.light) for s in folder]) for folder in (sharp, degraded))
    likeness = a @ b.T
    best, best_of_other = likeness.argmax(axis=1), likeness.argmax(axis=0)
    # Each has to be the other's best: two scenes alike make no pair.
    return [
        (i, int(j))
        for i, j in enumerate(best)
        if likeness[i, j] > _SAME_SCENE and best_of_other[j] == i
    ]


def _standardised(light: NDArray[np.float32]) -> NDArray[np.floating]:
    """log of the light [n], of mean 0 and length 1: exposure does not count."""
    # Logarithms: exposure becomes a constant, which goes with the mean.
    value = np.log(np.maximum(light, 1e-4)).ravel()
    value = value - value.mean()
    return np.asarray(value / max(float(np.linalg.norm(value)), 1e-6))


def _thresholds(deficits: NDArray[np.float64]) -> tuple[float, float]:
    """(all directions, the worst directions): what a photo may lack, from how much the photos
    differ."""
    compared = deficits[np.isfinite(deficits).all(axis=1)]
    if not len(compared):
        return np.inf, np.inf
    # Of few photos the median itself is uncertain.
    few = 1 + 2 / len(compared)
    overall = _SIGMA_OF_MEDIAN_DEVIATION * float(np.median(np.abs(compared.mean(axis=1))))
    each = _SIGMA_OF_MEDIAN_DEVIATION * float(np.median(np.abs(compared)))
    return max(_SOFT * few, _ROBUST_SIGMAS * overall), max(_SMEARED * few, _ROBUST_SIGMAS * each)


def _by_blur(
    verdict: Verdict,
    deficit: NDArray[np.float64],
    of_pair: float,
    thresholds: tuple[float, float],
) -> Verdict:
    """The verdict with what the comparison with other photos says."""
    if verdict.fault is not None or not np.isfinite(deficit).all():
        return verdict
    # Two directions at a time: a wave's direction is no sharp thing in a tile.
    smooth = (deficit + np.roll(deficit, 1)) / 2
    overall, worst, best = float(deficit.mean()), float(smooth.min()), float(smooth.max())
    figures = verdict.figures | {"detail": overall, "detail_worst_direction": worst}
    has_pair = bool(np.isfinite(of_pair))
    if has_pair:
        figures["detail_same_scene"] = of_pair
    # Where the same scene is as soft in the other folder, it may be the scene.
    lenience = 2 if has_pair and abs(of_pair) < _SOFT_OF_PAIR / 2 else 1
    soft, smeared = (lenience * threshold for threshold in thresholds)
    by_folder = overall < -soft or worst < -smeared
    by_pair = has_pair and of_pair < -_SOFT_OF_PAIR
    if not by_folder and not by_pair:
        doubt = ""
        if overall <= -_DOUBTFUL * soft:
            doubt = translatable("softer than the other photos: check whether it is in focus")
        reasons = [reason for reason in (verdict.reason, doubt) if reason]
        return Verdict(None, join_translatable("; ", reasons), figures)
    # Motion is told from defocus by the direction that it spares.
    if worst < -_SMEARED and best - worst > -_ONE_WAY * worst:
        return Verdict(Fault.MOVED, _moved_in_words(worst), figures)
    reason = _soft_in_words(overall) if by_folder else _softer_than_pair_in_words(of_pair)
    return Verdict(Fault.OUT_OF_FOCUS, reason, figures)


def _by_edges(
    verdicts: Sequence[Verdict], photos: Sequence[Survey], *, leave_out: bool
) -> Iterator[Verdict]:
    """The verdicts with what the photos' own edges say, which tell even two photos apart; a fault,
    or a doubt where nothing is to be left out."""
    counts = [
        verdict.fault is None and photo.edges is not None and photo.edges.count >= _MANY_EDGES
        for photo, verdict in zip(photos, verdicts, strict=True)
    ]
    zones = np.full((len(photos), ZONES**2), np.nan)
    for row, photo, counted in zip(zones, photos, counts, strict=True):
        if counted and photo.edges is not None:
            row[:] = photo.edges.by_zone
    for number, verdict in enumerate(verdicts):
        widths = _wider_than_another(zones, number)
        if widths is None:
            yield verdict
            continue
        reason = translatable(
            "out of focus or shaken: its sharpest edges are {width:.1f} px wide, those of "
            "another photo at the same places {best:.1f} px",
            width=widths[0],
            best=widths[1],
        )
        yield Verdict(Fault.OUT_OF_FOCUS if leave_out else None, reason, verdict.figures)


def _wider_than_another(zones: NDArray[np.float64], number: int) -> tuple[float, float] | None:
    """Mean widths of a photo's edges and of another one's that are sharper at nearly all places
    that both show edges at, by widths [photos, zones]; the sharpest such photo, None without one.

    A lens that blurs its corners makes a photo look soft that has its edges there, not one that is
    softer at every place.
    """
    best: tuple[float, float] | None = None
    for other in zones:
        common = np.isfinite(zones[number]) & np.isfinite(other)
        own, others = zones[number][common], other[common]
        if len(own) < _COMMON_ZONES:
            continue
        if np.quantile(own / others, _NEARLY_ALL) <= _WIDER_THAN_OTHERS:
            continue
        means = float(own.mean()), float(others.mean())
        if best is None or means[0] / means[1] > best[0] / best[1]:
            best = means
    return best


def _moved_in_words(worst: float) -> str:
    return translatable(
        "moved: along one direction, fine detail is {worst:.0f} times weaker than in the others",
        worst=np.exp(-worst),
    )


def _soft_in_words(overall: float) -> str:
    return translatable(
        "out of focus: fine detail is {weaker:.0f} times weaker than in the other photos",
        weaker=np.exp(-overall),
    )


def _softer_than_pair_in_words(of_pair: float) -> str:
    return translatable(
        "out of focus: fine detail is {weaker:.0f} times weaker than the other folder's photo of "
        "the same scene leads to expect",
        weaker=np.exp(-of_pair),
    )
