"""Several calibrations of one lens as one file: apertures, focal lengths, focus distances,
sessions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.files.profile_archive import MOST_MEMBERS
from lenscal.files.psf.fingerprint import fingerprint
from lenscal.files.psf.profile import Profile
from lenscal.lens.coverage import UNKNOWN_ERROR, Group, groups_of
from lenscal.lens.models import fitted_model, group_model
from lenscal.optics.expected_error import confidence_of, expected_error
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.identity.cameras import same_camera
from lenscal.raw.identity.lenses import Likeness, compare_lenses
from lenscal.raw.identity.serials import same_serial
from lenscal.raw.lens_setting import APERTURE_TOLERANCE, FOCAL_TOLERANCE, agree
from lenscal.stepping import Job, follow
from lenscal.translation import Translatable, translatable

Named = tuple[str, Profile]
"""What messages call a profile, and the profile."""
Key = tuple[str, float | None, float | None, float | None, float | None]


def join(named: Sequence[Named]) -> Job[Profile]:
    """One profile of all calibrations in several: the widest aperture of the shortest focal length
    first, with a lens model for each focal length and focus distance.

    Calibrations of one aperture, focal length and focus distance (several sessions) become one,
    each kernel counting as much as it is sure.

    Raises
    ------
    InputError
        They are of different lenses or cameras, or too many.
    """
    _check_one_lens(named)
    every = calibrations_of([profile for _, profile in named])
    if len(every) > MOST_MEMBERS + 1:
        raise InputError(
            translatable(
                "{count} calibrations are more than one file holds ({most}): join fewer",
                count=len(every),
                most=MOST_MEMBERS + 1,
            )
        )
    groups = [Group(tuple(_one_of(a) for a in _sessions(group))) for group in _groups(every)]
    members: list[Profile] = []
    for number, group in enumerate(groups):
        model = group_model(group)
        if model is None and group.predicting:
            low, high = number / len(groups), (number + 1) / len(groups)
            model, _ = yield from follow(fitted_model(group), low, high)
        predicting = group.predicting
        for member in group.members:
            # One for the group: the first that predicts holds it.
            holds = bool(predicting) and member is predicting[0]
            members.append(replace(member, lens_model=model if holds else None))
    return replace(members[0], members=tuple(members[1:]))


def gathered(every: Sequence[Profile]) -> tuple[Profile, dict[int, list[Profile]]]:
    """Calibrations that differ as one lens, without lens models, which are fitted when a photo
    needs them, and for any number: for use in memory.

    Also says which of them each is made of, by the identity of its kernels.
    """
    sessions = [alike for group in _groups(every) for alike in _sessions(group)]
    first, *others = members = [_one_of(alike) for alike in sessions]
    made_of = {id(m.psf): alike for m, alike in zip(members, sessions, strict=True)}
    return replace(first, members=tuple(others)), made_of


def are_one_lens(a: Profile, b: Profile) -> bool:
    """Whether nothing speaks against joining two calibrations."""
    return not (a.is_bare or b.is_bare) and not list(_differences(a, b))


def calibrations_of(profiles: Sequence[Profile]) -> list[Profile]:
    """All calibrations that profiles hold, each once and on its own."""
    found: dict[Key, Profile] = {}
    for profile in profiles:
        for each in (profile, *profile.members):
            found.setdefault(key_of(each), replace(each, members=()))
    return list(found.values())


def key_of(calibration: Profile) -> Key:
    """The same for calibrations that are the same, whatever file they are in."""
    return (
        fingerprint(calibration.psf),
        calibration.aperture_degraded,
        calibration.aperture_sharp,
        calibration.focal_mm,
        calibration.focus_distance_m,
    )


def _groups(every: Sequence[Profile]) -> tuple[Group, ...]:
    return groups_of(replace(every[0], members=tuple(every[1:])))


def _check_one_lens(named: Sequence[Named]) -> None:
    for name, profile in named:
        if profile.is_bare:
            raise InputError(translatable("{name}: nothing tells which lens it is of", name=name))
    every = [(name, each) for name, profile in named for each in (profile, *profile.members)]
    # Each with each: what does not tell its copy of the lens agrees with two that differ.
    for (first_name, first), (name, profile) in combinations(every, 2):
        for what in _differences(first, profile):
            raise InputError(
                translatable(
                    "{name} is not of the same lens as {first}: {what}",
                    name=name,
                    first=first_name,
                    what=what,
                )
            )
    _check_focal_lengths(every)


def _check_focal_lengths(every: Sequence[Named]) -> None:
    known = [each.focal_mm for _, each in every if each.focal_mm]
    if not known or agree(min(known), max(known), FOCAL_TOLERANCE):
        return
    for name, each in every:
        if not each.focal_mm:
            raise InputError(
                translatable(
                    "{name} does not say its focal length, and the others have several: leave it "
                    "out, or calibrate it again with --focal",
                    name=name,
                )
            )


def _differences(a: Profile, b: Profile) -> Iterator[Translatable]:
    if a.camera and b.camera and not same_camera(a.camera, b.camera):
        yield translatable("{one} is not {other}", one=b.camera, other=a.camera)
    if a.lens and b.lens and compare_lenses(a.lens, b.lens) is Likeness.DIFFERENT:
        yield translatable("{one} is not {other}", one=b.lens, other=a.lens)
    if not same_serial(a.lens_serial, b.lens_serial):
        yield translatable(
            "another copy of it (serial {one} instead of {other})",
            one=b.lens_serial,
            other=a.lens_serial,
        )
    if bool(a.light) != bool(b.light):
        yield translatable("one was learnt from RAW photos, the other from pictures")


def _sessions(group: Group) -> list[list[Profile]]:
    """A group's calibrations by aperture."""
    kept: list[list[Profile]] = []
    for member in group.members:
        for alike in kept:
            if _one_aperture(alike[0], member):
                alike.append(member)
                break
        else:
            kept.append([member])
    return kept


def _one_aperture(a: Profile, b: Profile) -> bool:
    same = _one_f_number(a.aperture_degraded, b.aperture_degraded)
    # Kernels relative to another aperture are other kernels.
    same_sharp = _one_f_number(a.aperture_sharp, b.aperture_sharp)
    relative = a.psf.reference is b.psf.reference and a.psf.image_size == b.psf.image_size
    return same and same_sharp and relative


def _one_f_number(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a == b
    return agree(a, b, APERTURE_TOLERANCE)


def _one_of(alike: Sequence[Profile]) -> Profile:
    """Several sessions as one: the newest, with the mean of all kernels."""
    newest = replace(max(alike, key=lambda profile: profile.created), members=())
    if len(alike) == 1:
        return newest
    grid = newest.psf
    size = max(profile.psf.kernel_size for profile in alike)
    errors = np.stack([_errors_at(profile.psf, grid) for profile in alike])
    weights = 1 / np.square(errors)
    weights /= weights.sum(0)
    kernels = np.stack([_framed(profile.psf.at(grid.positions), size) for profile in alike])
    mean = (weights[..., None, None] * kernels).sum(0)
    # As of independent sessions; what all share by construction their own errors hold already.
    error = 1 / np.sqrt((1 / np.square(errors)).sum(0))
    psf = PsfGrid(
        np.asarray(mean / mean.sum((-2, -1), keepdims=True), np.float32),
        grid.image_size,
        grid.reference,
        confidence_of(error),
    )
    photos = tuple(photo for profile in alike for photo in profile.photos)
    return replace(newest, psf=psf, photos=photos, lens_model=None)


def _errors_at(psf: PsfGrid, grid: PsfGrid) -> NDArray[np.float64]:
    """Expected error [rows, cols, 3] of a grid's kernels at another's nodes."""
    confidence = psf.confidence_at(grid.positions)
    if confidence is None:
        return np.full((*grid.shape, 3), UNKNOWN_ERROR)
    return np.maximum(np.asarray(expected_error(confidence), np.float64), 1e-3)


def _framed(kernels: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    border = (size - kernels.shape[-1]) // 2
    return np.pad(kernels, [(0, 0)] * (kernels.ndim - 2) + [(border, border)] * 2)
