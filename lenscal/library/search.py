"""What of the library a photo is corrected with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.files.psf.profile import read_profile
from lenscal.lens.coverage import MOST_MISFIT
from lenscal.lens.plans import Known, require_photographed
from lenscal.lens.prediction import Chosen, Lens, misfit_of
from lenscal.lens.words import coverage_in_words
from lenscal.library.candidates import candidates_for
from lenscal.library.folder import Library
from lenscal.library.joint import Joints
from lenscal.library.options import Option, option_of, options_for
from lenscal.raw.lens_setting import f_number
from lenscal.stepping import Job
from lenscal.translation import Translatable, enumeration, join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.raw.frame import PhotoInfo

ALIKE = 1.1
"""Expected errors that exceed the smallest by less than this factor are taken for the same: none is
known better."""
MOST_LEFT_OUT = 6
"""Files of which each is left out in turn where they are no lens together: each takes a fit."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """An option, once its lens models are fitted.

    error : expected relative error of its kernels; None: the models explain the photographed ones
        too badly to predict others
    """

    option: Option
    error: float | None


@dataclass(slots=True)
class LibrarySource:
    """Gives each photo the kernels of its camera, lens, focal length and aperture.

    Those that were calibrated at the photo's aperture come first, and what is predicted next, of
    one profile or of several as one lens. Of these, the smallest expected error wins; of those that
    are alike (ALIKE), what most calibrations were used for, then the newest.

    with_networks : whether the profiles' restoration networks are needed, too
    """

    library: Library
    with_networks: bool = False
    joints: Joints = field(default_factory=Joints)
    read: dict[Path, Lens] = field(default_factory=dict)
    """Profiles with their networks."""

    def for_photo(self, photo: PhotoInfo) -> Job[Chosen]:
        """What to correct a photo with.

        Raises
        ------
        InputError
            The library has nothing for it; says what is missing.
        """
        options = options_for(self.joints, candidates_for(self.library, photo), photo)
        usable = [option for option in options if option.known is not Known.OUTSIDE]
        if not usable:
            return (yield from self._outside(options, photo))
        if self.with_networks:
            usable = _for_networks(usable)
        first = None
        for _, tier in groupby(usable, key=lambda option: option.tier):
            judged = yield from self._judged(list(tier), photo)
            first = first or judged[0]
            best = _best(judged)
            if best is not None:
                chosen = yield from self._made(best.option)
                return replace(chosen, notes=(*_left_out(first, best), *chosen.notes))
        assert first is not None
        return (yield from self._made(first.option))

    def _made(self, option: Option) -> Job[Chosen]:
        entries, lens, plan = option.entries, option.joint.lens, option.plan
        if self.with_networks:
            # Networks are left out until they are needed.
            path = entries[0].path
            if path not in self.read:
                self.read[path] = Lens(read_profile(path), keeps_models=True)
            lens = self.read[path]
            plan = lens.plan(plan.setting)
        chosen = yield from lens.made(plan)
        return replace(chosen, paths=tuple(entry.path for entry in entries))

    def _judged(self, options: Sequence[Option], photo: PhotoInfo) -> Job[list[Judged]]:
        """Options of one tier, without those that cannot win. Where the first, which is of most
        files, is not the best, one of them may spoil it: each is left out in turn."""
        judged = yield from self._each_judged(options, [])
        first, files = judged[0], judged[0].option.entries
        if _best(judged) is first or len(files) < 3:
            return judged
        without = [[e for e in files if e is not left_out] for left_out in files[-MOST_LEFT_OUT:]]
        order = {entry.path: n for n, entry in enumerate(files)}
        fewer = [option_of(self.joints.of(entries), photo, order) for entries in without]
        alike = [option for option in fewer if option.tier == first.option.tier]
        return (yield from self._each_judged(alike, judged))

    def _each_judged(self, options: Iterable[Option], judged: list[Judged]) -> Job[list[Judged]]:
        for option in options:
            # A fit takes long: none for what could not win.
            if not _is_hopeless(option, _best(judged)):
                judged = [*judged, (yield from _judge(option))]
        return judged

    def _outside(self, options: Sequence[Option], photo: PhotoInfo) -> Job[Chosen]:
        """What is nearest, with the reason why it is not for the photo."""
        nearest = min(options, key=lambda option: option.stops)
        (entry, *_), profile = nearest.entries, nearest.joint.lens.profile
        chosen = yield from self._made(nearest)
        focal = translatable(" at {mm:g} mm", mm=photo.focal_mm) if photo.focal_mm else ""
        refusal = translatable(
            "the library has {lens}, but nothing for {aperture}{focal}; nearest is {name}: "
            "{coverage}",
            lens=profile.lens or translatable("its lens"),
            aperture=f_number(photo.aperture),
            focal=focal,
            name=entry.name,
            coverage=join_translatable("; ", list(coverage_in_words(profile))),
        )
        return replace(chosen, refusals=(refusal,))


def _judge(option: Option) -> Job[Judged]:
    plan = option.plan
    if plan.known is not Known.PREDICTED:
        return Judged(option, plan.expected_error())
    misfit = misfit_of((yield from option.joint.lens.models_of(plan)))
    return Judged(option, None if misfit > MOST_MISFIT else plan.expected_error(misfit))


def _is_hopeless(option: Option, best: Judged | None) -> bool:
    """Whether an option could not win, however well a lens model explained its kernels."""
    if best is None or best.error is None or option.known is not Known.PREDICTED:
        return False
    preferred = option.preference < best.option.preference
    return option.plan.expected_error() > best.error * (ALIKE if preferred else 1 / ALIKE)


def _best(judged: Sequence[Judged]) -> Judged | None:
    """Of those that explain the kernels; None: none does."""
    errors = [each.error for each in judged if each.error is not None]
    if not errors:
        return None
    most = ALIKE * min(errors)
    alike = [(e, each) for each in judged if (e := each.error) is not None and e <= most]
    _, best = min(alike, key=lambda pair: (pair[1].option.preference, pair[0]))
    return best


def _left_out(first: Judged, best: Judged) -> list[Translatable]:
    """Which files would have spoilt the kernels."""
    kept = best.option.entries
    spoil = [entry.path.name for entry in first.option.entries if entry not in kept]
    of_one = len(first.option.entries) == 1
    if not spoil or (of_one and first.error is not None):
        return []
    if first.error is None:
        return [
            translatable(
                "left out: {files}, with which a lens model would explain the kernels too badly "
                "to predict others",
                files=enumeration(spoil),
            )
        ]
    return [
        translatable(
            "left out: {files}, with which the expected error would be {together:.0%} instead of "
            "{alone:.0%}",
            files=enumeration(spoil),
            together=first.error,
            alone=best.error,
        )
    ]


def _for_networks(options: Sequence[Option]) -> list[Option]:
    """Options whose kernels were photographed, as networks are for such: those with one, if there
    are any.

    Raises
    ------
    InputError
        All are predicted.
    """
    photographed = [option for option in options if option.known is Known.PHOTOGRAPHED]
    if not photographed:
        require_photographed(options[0].plan)
    trained = [option for option in photographed if option.plan.like.network is not None]
    return trained or photographed
