"""Do these photos belong together? One camera, one lens, one focal length, one aperture a
folder."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lenscal.errors import InputError
from lenscal.raw.frame import PhotoInfo
from lenscal.raw.lens_setting import APERTURE_TOLERANCE, FOCAL_TOLERANCE, agree
from lenscal.translation import translatable

SETS = {"sharp": translatable("sharp"), "degraded": translatable("degraded")}
"""How messages call the two sets."""
_BEST_APERTURE = 6.5


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the user typed in for photos whose EXIF lacks it (manual lenses); the aperture also
    picks a group."""

    aperture: float | None = None
    lens: str | None = None
    focal_mm: float | None = None

    def __post_init__(self) -> None:
        if self.aperture is not None and not 0.5 <= self.aperture <= 128:
            raise InputError(
                translatable(
                    "aperture {aperture:g}: give the f-number, e.g. 5.6", aperture=self.aperture
                )
            )
        if self.focal_mm is not None and not 0.5 <= self.focal_mm <= 5000:
            raise InputError(
                translatable(
                    "--focal {focal_mm:g}: give the focal length in mm, e.g. 50",
                    focal_mm=self.focal_mm,
                )
            )


def group_by_aperture(infos: Sequence[PhotoInfo]) -> dict[float | None, tuple[PhotoInfo, ...]]:
    """Photos by f-number (that of the group's first photo, rounded to 0.1), smallest first; None
    for unknown last."""
    groups: dict[float | None, list[PhotoInfo]] = {}
    anchors: list[tuple[float, float]] = []
    for info in sorted(infos, key=lambda i: i.aperture or float("inf")):
        if info.aperture is None:
            groups.setdefault(None, []).append(info)
            continue
        if not anchors or not agree(anchors[-1][0], info.aperture, APERTURE_TOLERANCE):
            anchors.append((info.aperture, round(info.aperture, 1)))
        groups.setdefault(anchors[-1][1], []).append(info)
    order = {info.path: n for n, info in enumerate(infos)}
    return {f: tuple(sorted(group, key=lambda i: order[i.path])) for f, group in groups.items()}


def split_by_aperture(infos: Sequence[PhotoInfo]) -> tuple[float, float] | None:
    """Of one folder that holds both sets, the f-numbers (sharp, degraded): wide open, and where
    lenses are best.

    None where there are not two apertures. Wide open is the smallest f-number; best is what is
    nearest to f/6.5 (in stops) of those that are at least a stop away from it, else the largest.
    """
    known = [f for f in group_by_aperture(infos) if f is not None]
    if len(known) < 2:
        return None
    rest = [f for f in known if f >= 1.4 * known[0]]
    if not rest:
        return known[-1], known[0]
    return min(rest, key=lambda f: (abs(math.log2(f / _BEST_APERTURE)), f)), known[0]


def pick_photos(
    infos: Sequence[PhotoInfo], overrides: Overrides, role: str
) -> tuple[PhotoInfo, ...]:
    """The photos to use, with what was typed in.

    Where the folder holds several apertures, the typed-in one picks its group; where EXIF has none,
    it fills it in.

    Raises
    ------
    InputError
        Several or no apertures and none typed in, or one that no photo has; mixed cameras, lenses,
        focal lengths.
    """
    groups = group_by_aperture(infos)
    option = f"--aperture-{role}"
    known = [f for f in groups if f is not None]
    if overrides.aperture is None:
        check_same_setup([_fill_in(info, overrides) for info in infos], role)
        if len(groups) > 1:
            raise InputError(
                translatable(
                    "the {role} photos have several apertures ({groups}): keep one in the folder, or choose "
                    "one with {option}",
                    role=SETS.get(role, role),
                    groups=_list_apertures(groups),
                    option=option,
                )
            )
        if not known:
            raise InputError(
                translatable(
                    "the {role} photos do not say their aperture (a manual lens?): type it in with {option}, "
                    "e.g. {option} 5.6",
                    role=SETS.get(role, role),
                    option=option,
                )
            )
        chosen = next(iter(groups.values()))
    else:
        wanted = overrides.aperture
        nearest = min(known, key=lambda f: abs(f - wanted), default=None)
        if nearest is not None and agree(nearest, wanted, APERTURE_TOLERANCE):
            chosen = groups[nearest]
        elif None in groups:
            chosen = tuple(replace(i, aperture=wanted) for i in groups[None])
        else:
            raise InputError(
                translatable(
                    "{option} {wanted:g}: no {role} photo has this aperture; there are {groups}: choose one of "
                    "these, or leave {option} out",
                    option=option,
                    wanted=wanted,
                    role=SETS.get(role, role),
                    groups=_list_apertures(groups),
                )
            )
    chosen = tuple(_fill_in(info, overrides) for info in chosen)
    check_same_setup(chosen, role)
    return chosen


def _fill_in(info: PhotoInfo, overrides: Overrides) -> PhotoInfo:
    if overrides.lens:
        info = replace(info, lens=overrides.lens, lens_in_file=info.lens)
    if overrides.focal_mm:
        info = replace(info, focal_mm=overrides.focal_mm, focal_mm_in_file=info.focal_mm)
    return info


def check_no_photo_twice(sharp: Sequence[PhotoInfo], degraded: Sequence[PhotoInfo]) -> None:
    """Refuse a file that is among the sharp and among the degraded photos.

    Raises
    ------
    InputError
        It names the first such file.
    """
    twice = {i.path.resolve() for i in sharp} & {i.path.resolve() for i in degraded}
    if len(twice) == 1:
        raise InputError(
            translatable(
                "{name} is in both lists: choose other photos for one of them", name=min(twice).name
            )
        )
    if twice:
        raise InputError(
            translatable(
                "{name} and {twice} more are in both lists: choose two folders, one of sharp and one of "
                "degraded photos (or one folder with --aperture-sharp and --aperture-degraded)",
                name=min(twice).name,
                twice=len(twice) - 1,
            )
        )


def same_aperture_in_words(sharp: PhotoInfo, degraded: PhotoInfo) -> str:
    """A warning where both were taken at one aperture; nothing where they were not or do not
    say."""
    if (
        not sharp.aperture
        or not degraded.aperture
        or not agree(sharp.aperture, degraded.aperture, APERTURE_TOLERANCE)
    ):
        return ""
    return translatable(
        "both folders hold photos at f/{aperture:.2g}: the result can only be that nothing changes "
        "(choose photos at two apertures, unless that is what you want to see)",
        aperture=degraded.aperture,
    )


def check_same_setup(infos: Sequence[PhotoInfo], where: str) -> None:
    """Refuse photos of several cameras, bodies, lenses, focal lengths or sensor sizes. Unknown
    agrees with all.

    Raises
    ------
    InputError
    """
    _refuse_mixed(infos, where, "cameras", lambda i: i.camera, "use photos of one camera only")
    _refuse_mixed(
        infos,
        where,
        "camera bodies (serial numbers)",
        lambda i: i.camera_serial,
        "use photos of one body only",
    )
    _refuse_mixed(
        infos,
        where,
        "lenses",
        lambda i: i.lens,
        "use photos of one lens only, or name it with --lens",
    )
    _refuse_mixed(
        infos, where, "lens serial numbers", lambda i: i.lens_serial, "use photos of one lens only"
    )
    focal = sorted({i.focal_mm for i in infos if i.focal_mm is not None})
    if focal and not agree(focal[0], focal[-1], FOCAL_TOLERANCE):
        listed = ", ".join(f"{f:g} mm" for f in focal[:6])
        raise InputError(
            translatable(
                "the {where} photos have several focal lengths ({listed}): a calibration holds for one; "
                "use photos of one, or type it in with --focal",
                where=SETS.get(where, where),
                listed=listed,
            )
        )
    _refuse_mixed(
        infos,
        where,
        "sensor sizes",
        lambda i: f"{i.width} x {i.height}" if i.width else "",
        "use photos of one size and crop mode",
    )


def _refuse_mixed(
    infos: Sequence[PhotoInfo], where: str, what: str, of: Callable[[PhotoInfo], str], advice: str
) -> None:
    found: dict[str, list[str]] = {}
    for info in infos:
        if of(info):
            found.setdefault(of(info), []).append(info.path.name)
    if len(found) > 1:
        listed = "; ".join(
            f"{value}: {_plural(len(names))}, e.g. {names[0]}" for value, names in found.items()
        )
        raise InputError(
            translatable(
                "the {where} photos come from several {what} ({listed}): {advice}",
                where=SETS.get(where, where),
                what=what,
                listed=listed,
                advice=advice,
            )
        )


def _plural(n: int) -> str:
    return "1 photo" if n == 1 else f"{n} photos"


def _list_apertures(groups: dict[float | None, tuple[PhotoInfo, ...]]) -> str:
    return ", ".join(
        f"{'unknown' if f is None else f'f/{f:g}'}: {_plural(len(g))}" for f, g in groups.items()
    )
