"""Which profiles of the library are of one lens, and what they are together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lenscal.files.psf.profile import Profile
from lenscal.lens.joining import Key, are_one_lens, gathered, key_of
from lenscal.lens.plans import Plan
from lenscal.lens.prediction import Lens
from lenscal.library.folder import Entry

Keyed = tuple[tuple[Key, Profile], ...]
"""Calibrations, by what tells them apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """Profiles as one lens; or one alone.

    origins : which of them a calibration of the lens comes from, by the identity of its kernels
    """

    entries: tuple[Entry, ...]
    lens: Lens
    origins: Mapping[int, frozenset[Path]]

    def entries_of(self, plan: Plan) -> tuple[Entry, ...]:
        """Those that a plan's kernels come from."""
        paths = {path for source in plan.sources for path in self.origins[id(source.psf)]}
        return tuple(entry for entry in self.entries if entry.path in paths)


@dataclass(slots=True)
class Joints:
    """What was put together before. Kernels are hashed once, and merged once."""

    made: dict[tuple[Path, ...], Joint] = field(default_factory=dict)
    families: dict[tuple[Path, ...], list[tuple[Entry, ...]]] = field(default_factory=dict)
    keys: dict[Path, Keyed] = field(default_factory=dict)

    def of(self, entries: Sequence[Entry]) -> Joint:
        """Profiles as one lens."""
        ordered = sorted(entries, key=lambda entry: entry.path)
        paths = tuple(entry.path for entry in ordered)
        if paths not in self.made:
            self.made[paths] = self._joint(tuple(ordered))
        return self.made[paths]

    def families_of(self, candidates: Sequence[Entry]) -> list[tuple[Entry, ...]]:
        """The largest sets of profiles of which each is of one lens with each other, without those
        of which all is in others: parts that were joined are often kept, too."""
        paths = tuple(entry.path for entry in candidates)
        if paths not in self.families:
            found = {frozenset(e.path for e in f): f for f in _largest_sets(candidates)}
            self.families[paths] = [self._distinct(family) for family in found.values()]
        return self.families[paths]

    def _joint(self, entries: tuple[Entry, ...]) -> Joint:
        if len(entries) == 1:
            (entry,) = entries
            every = (entry.profile, *entry.profile.members)
            origins = {id(each.psf): frozenset({entry.path}) for each in every}
            return Joint(entries, Lens(entry.profile, keeps_models=True), origins)
        first_in: dict[Key, tuple[Profile, Path]] = {}
        for entry in entries:
            for key, each in self._keyed(entry):
                first_in.setdefault(key, (each, entry.path))
        profile, sessions = gathered([each for each, _ in first_in.values()])
        path_of = {id(each.psf): path for each, path in first_in.values()}
        origins = {
            merged: frozenset(path_of[id(each.psf)] for each in alike)
            for merged, alike in sessions.items()
        }
        return Joint(entries, Lens(profile, keeps_models=True), origins)

    def _distinct(self, entries: Sequence[Entry]) -> tuple[Entry, ...]:
        seen: set[Key] = set()
        kept = []
        for entry in sorted(entries, key=lambda e: -len(e.profile.members)):
            own = {key for key, _ in self._keyed(entry)}
            if not own <= seen:
                kept.append(entry)
            seen |= own
        return tuple(entry for entry in entries if entry in kept)

    def _keyed(self, entry: Entry) -> Keyed:
        if entry.path not in self.keys:
            every = (entry.profile, *entry.profile.members)
            self.keys[entry.path] = tuple((key_of(e), replace(e, members=())) for e in every)
        return self.keys[entry.path]


def _largest_sets(candidates: Sequence[Entry]) -> list[tuple[Entry, ...]]:
    found = []
    for first in candidates:
        alike = [first]
        for other in candidates:
            # With each: what does not tell its copy of the lens agrees with two that differ.
            if other is not first and all(_go_together(other, entry) for entry in alike):
                alike.append(other)
        found.append(tuple(entry for entry in candidates if entry in alike))
    return found


def _go_together(a: Entry, b: Entry) -> bool:
    return all(
        one.psf.image_size == other.psf.image_size
        # Which of several focal lengths would one be that nobody knows?
        and bool(one.focal_mm) == bool(other.focal_mm)
        and are_one_lens(one, other)
        for one in (a.profile, *a.profile.members)
        for other in (b.profile, *b.profile.members)
    )
