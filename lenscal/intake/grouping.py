"""Do these photos belong together? One camera, one lens, one focal length, one aperture a
folder."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from lenscal.errors import InputError
from lenscal.raw.frame import PhotoInfo
from lenscal.raw.identity.cameras import same_camera
from lenscal.raw.identity.lenses import Likeness, compare_lenses
from lenscal.raw.identity.place import within_margins
from lenscal.raw.identity.serials import same_serial
from lenscal.raw.lens_setting import APERTURE_TOLERANCE, FOCAL_TOLERANCE, agree
from lenscal.raw.pictures.kinds import Light
from lenscal.translation import join_translatable, translatable

_ROLES = {
    "sharp": translatable("sharp"),
    "degraded": translatable("degraded"),
    "sharp and degraded": translatable("sharp and degraded"),
}
_BEST_APERTURE = 6.5
"""f-number: most lenses are sharpest between f/5.6 and f/8."""
_ONE_STOP = 1.4
"""Ratio of f-numbers, the root of 2: with less between them, both apertures blur nearly alike."""
_MOST_FOCAL_LENGTHS = 6
"""That a message lists."""

_OF_A_SETUP = (
    "make",
    "model",
    "camera_serial",
    "lens",
    "lens_serial",
    "aperture",
    "focal_mm",
    "crop_factor",
)
"""Fields of `PhotoInfo` that say what a photo was taken with."""

Groups = Mapping[float | None, tuple[PhotoInfo, ...]]


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the user typed in for photos whose EXIF lacks it (manual lenses); the aperture also
    picks a group."""

    aperture: float | None = None
    lens: str | None = None
    focal_mm: float | None = None
    light: Light = Light.LINEAR
    """How the values of pictures are taken."""
    any_source: bool = False
    """Pictures of any cameras, lenses, apertures and sizes belong together: they are learnt from
    for one blur that all of a set have."""

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


def role_in_words(role: str) -> str:
    """How messages call a set of photos ("sharp", "degraded" or both)."""
    return _ROLES.get(role, role)


def group_by_aperture(infos: Sequence[PhotoInfo]) -> dict[float | None, tuple[PhotoInfo, ...]]:
    """Photos by f-number (that of the group's first photo, rounded to 0.1), smallest first; None
    for unknown last."""
    groups: dict[float | None, list[PhotoInfo]] = {}
    # Compared with the first of a group, not the last: or a row of close values would be one group.
    anchor = name = 0.0
    for info in sorted(infos, key=lambda i: i.aperture or float("inf")):
        if info.aperture is None:
            groups.setdefault(None, []).append(info)
            continue
        if not groups or not agree(anchor, info.aperture, APERTURE_TOLERANCE):
            anchor, name = info.aperture, round(info.aperture, 1)
        groups.setdefault(name, []).append(info)
    # Within a group, the order of the folder again.
    order = {info.path: n for n, info in enumerate(infos)}
    return {f: tuple(sorted(group, key=lambda i: order[i.path])) for f, group in groups.items()}


def split_by_aperture(infos: Sequence[PhotoInfo]) -> tuple[float, float] | None:
    """Of one folder that holds both sets, the f-numbers (sharp, degraded): wide open, and where
    lenses are best.

    None where there are not two apertures. Wide open is the smallest f-number; best is what is
    nearest to f/6.5 (in stops) of those that are at least a stop away from it, else the largest.
    """
    # Photos that do not say their aperture belong to neither set.
    f_numbers = [f for f in group_by_aperture(infos) if f is not None]
    if len(f_numbers) < 2:
        return None
    widest = f_numbers[0]
    smaller = [f for f in f_numbers if f >= _ONE_STOP * widest]
    if not smaller:
        return f_numbers[-1], widest
    return min(smaller, key=lambda f: (abs(math.log2(f / _BEST_APERTURE)), f)), widest


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
    if overrides.any_source and all(info.light for info in infos):
        return tuple(_fill_in(info, overrides) for info in infos)
    groups = group_by_aperture(infos)
    # Before photos are told apart by aperture: of two lenses, both would have several.
    if overrides.aperture is None:
        check_same_setup([_fill_in(info, overrides) for info in infos], role)
        photos = _only_group(groups, role)
    else:
        photos = _group_at(overrides.aperture, groups, role)
    photos = tuple(_fill_in(info, overrides) for info in photos)
    check_same_setup(photos, role)
    return photos


def _only_group(groups: Groups, role: str) -> tuple[PhotoInfo, ...]:
    """The one group there is; its photos have to say their aperture."""
    if len(groups) > 1:
        raise InputError(
            translatable(
                "the {role} photos have several apertures ({groups}): keep one in the folder, or "
                "choose one with {option}",
                role=role_in_words(role),
                groups=_apertures_in_words(groups),
                option=f"--aperture-{role}",
            )
        )
    # Pictures are learnt from as two sets, whatever took them.
    if list(groups) == [None] and not all(info.light for info in groups[None]):
        raise InputError(
            translatable(
                "the {role} photos do not say their aperture (a manual lens?): type it in with "
                "{option}, e.g. {option} 5.6",
                role=role_in_words(role),
                option=f"--aperture-{role}",
            )
        )
    return next(iter(groups.values()))


def _group_at(aperture: float, groups: Groups, role: str) -> tuple[PhotoInfo, ...]:
    """The group of a typed-in aperture, else those that do not say theirs."""
    f_numbers = [f for f in groups if f is not None]
    # Users type f/1.8 for what EXIF has as 1.78.
    nearest = min(f_numbers, key=lambda f: abs(f - aperture), default=None)
    if nearest is not None and agree(nearest, aperture, APERTURE_TOLERANCE):
        return groups[nearest]
    if None in groups:
        return tuple(replace(info, aperture=aperture) for info in groups[None])
    raise InputError(
        translatable(
            "{option} {aperture:g}: no {role} photo has this aperture; there are {groups}: choose "
            "one of these, or leave {option} out",
            option=f"--aperture-{role}",
            aperture=aperture,
            role=role_in_words(role),
            groups=_apertures_in_words(groups),
        )
    )


def _fill_in(info: PhotoInfo, overrides: Overrides) -> PhotoInfo:
    # What the file says is kept beside it: other photos of the lens will say that again.
    if overrides.lens:
        info = replace(info, lens=overrides.lens, lens_in_file=info.lens)
    if overrides.focal_mm:
        info = replace(info, focal_mm=overrides.focal_mm, focal_mm_in_file=info.focal_mm)
    if info.light:
        info = replace(info, light=overrides.light)
    return info


def check_no_photo_twice(sharp: Sequence[PhotoInfo], degraded: Sequence[PhotoInfo]) -> None:
    """Refuse a file that is among the sharp and among the degraded photos.

    Raises
    ------
    InputError
        It names the first such file.
    """
    # Resolved: links, and folders within each other, lead to the same file.
    in_both = {i.path.resolve() for i in sharp} & {i.path.resolve() for i in degraded}
    if len(in_both) == 1:
        raise InputError(
            translatable(
                "{name} is in both lists: choose other photos for one of them",
                name=min(in_both).name,
            )
        )
    if in_both:
        raise InputError(
            translatable(
                "{name} and {twice} more are in both lists: choose two folders, one of sharp and "
                "one of degraded photos (or one folder with --aperture-sharp and "
                "--aperture-degraded)",
                name=min(in_both).name,
                twice=len(in_both) - 1,
            )
        )


def shared(infos: Sequence[PhotoInfo]) -> PhotoInfo:
    """The first of photos, without what others say otherwise."""
    unknown = PhotoInfo(infos[0].path)
    differ = [n for n in _OF_A_SETUP if len({getattr(info, n) for info in infos}) > 1]
    return replace(infos[0], **{name: getattr(unknown, name) for name in differ})


def same_aperture_in_words(sharp: PhotoInfo, degraded: PhotoInfo) -> str:
    """A warning where both were taken at one aperture; nothing where they were not or do not
    say."""
    if not sharp.aperture or not degraded.aperture:
        return ""
    if not agree(sharp.aperture, degraded.aperture, APERTURE_TOLERANCE):
        return ""
    return translatable(
        "both folders hold photos at f/{aperture:.2g}: the result can only be that nothing changes "
        "(choose photos at two apertures, unless that is what you want to see)",
        aperture=degraded.aperture,
    )


def check_same_setup(infos: Sequence[PhotoInfo], role: str) -> None:
    """Refuse photos of several cameras, bodies, lenses, focal lengths or sensor sizes. Unknown
    agrees with all.

    Raises
    ------
    InputError
    """
    refuse_mixed = partial(_refuse_mixed, infos, role)
    # A lens's name may begin with the camera's maker, or not.
    make = next((info.make for info in infos if info.make), "")
    refuse_mixed(
        translatable("cameras"),
        lambda i: i.camera,
        translatable("use photos of one camera only"),
        same_camera,
    )
    refuse_mixed(
        translatable("camera bodies (serial numbers)"),
        lambda i: i.camera_serial,
        translatable("use photos of one body only"),
        same_serial,
    )
    refuse_mixed(
        translatable("lenses"),
        lambda i: i.lens,
        translatable("use photos of one lens only, or name it with --lens"),
        lambda a, b: compare_lenses(a, b, make) is not Likeness.DIFFERENT,
    )
    refuse_mixed(
        translatable("lens serial numbers"),
        lambda i: i.lens_serial,
        translatable("use photos of one lens only"),
        same_serial,
    )
    # Numbers, and rounded ones: they cannot be compared as words.
    _refuse_focal_lengths(infos, role)
    refuse_mixed(
        translatable("sensor sizes"),
        lambda i: f"{i.width} x {i.height}" if i.width else "",
        translatable("use photos of one size and crop mode"),
        _same_but_for_margins,
    )


def _same_but_for_margins(a: str, b: str) -> bool:
    """Of two sizes in words."""
    (width, height), (other_width, other_height) = (
        [int(n) for n in size.split(" x ")] for size in (a, b)
    )
    return within_margins((height, width), (other_height, other_width))


def _refuse_focal_lengths(infos: Sequence[PhotoInfo], role: str) -> None:
    # The extremes decide: all others lie between them.
    focal = sorted({i.focal_mm for i in infos if i.focal_mm is not None})
    if focal and not agree(focal[0], focal[-1], FOCAL_TOLERANCE):
        raise InputError(
            translatable(
                "the {role} photos have several focal lengths ({focal}): a calibration holds for "
                "one; use photos of one, or type it in with --focal",
                role=role_in_words(role),
                focal=", ".join(f"{f:g} mm" for f in focal[:_MOST_FOCAL_LENGTHS]),
            )
        )


def _refuse_mixed(
    infos: Sequence[PhotoInfo],
    role: str,
    things: str,
    of: Callable[[PhotoInfo], str],
    advice: str,
    same: Callable[[str, str], bool] = str.__eq__,
) -> None:
    """Refuse photos that differ in one of the things they say."""
    names: dict[str, list[str]] = {}
    for info in infos:
        # A photo that does not say it agrees with all.
        if value := of(info):
            # Under the first of the names that one thing has.
            name = next((known for known in names if same(known, value)), value)
            names.setdefault(name, []).append(info.path.name)
    if len(names) < 2:
        return
    parts = [
        translatable(
            "{value}: {photos}, e.g. {name}",
            value=value,
            photos=_photos_in_words(len(with_value)),
            name=with_value[0],
        )
        for value, with_value in names.items()
    ]
    raise InputError(
        translatable(
            "the {role} photos come from several {things} ({parts}): {advice}",
            role=role_in_words(role),
            things=things,
            parts=join_translatable("; ", parts),
            advice=advice,
        )
    )


def _photos_in_words(n: int) -> str:
    return translatable("1 photo") if n == 1 else translatable("{n} photos", n=n)


def _apertures_in_words(groups: Groups) -> str:
    parts = [
        translatable(
            "{aperture}: {photos}",
            aperture=translatable("unknown") if f is None else f"f/{f:g}",
            photos=_photos_in_words(len(group)),
        )
        for f, group in groups.items()
    ]
    return join_translatable(", ", parts)
