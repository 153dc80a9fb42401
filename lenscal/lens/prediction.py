"""Kernels of apertures and focal lengths that were never photographed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lenscal.errors import InputError
from lenscal.files.lens_model import LensModel
from lenscal.files.psf.profile import Profile
from lenscal.lens.coverage import (
    ERROR_A_STOP,
    MOST_MISFIT,
    UNKNOWN_ERROR,
    Group,
    Setting,
    groups_of,
    mean_error,
    stops_between,
)
from lenscal.lens.kept_models import keep_model, kept_model
from lenscal.lens.models import fitted_model, group_model, model_kernels
from lenscal.lens.neighbours import Part, parts_for
from lenscal.optics.expected_error import confidence_of, expected_error
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.lens_setting import f_number as f_number_in_words
from lenscal.stepping import Job, finish
from lenscal.translation import Translatable, join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.raw.frame import PhotoInfo

BETWEEN_ERROR = 0.08
"""Expected relative error that half the way between two focal lengths adds."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What kernels were predicted for, and from what.

    sources : such as "f/1.8" or "f/1.8 at 35 mm"
    expected_error : relative L2, mean over the field
    """

    f_number: float
    focal_mm: float | None
    sources: tuple[str, ...]
    expected_error: float

    @property
    def in_words(self) -> Translatable:
        """For a report's line and for a photo's metadata."""
        return translatable(
            "kernels predicted for {aperture} from those of {sources} (expected error {error:.0%})",
            aperture=f_number_in_words(self.f_number),
            sources=join_translatable(", ", list(self.sources)),
            error=self.expected_error,
        )

    @property
    def values(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "f_number": self.f_number,
            "focal_mm": self.focal_mm,
            "from": list(self.sources),
            "expected_error": self.expected_error,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """What a photo is corrected with.

    Attributes
    ----------
    profile : Profile
        One calibration, or one with predicted kernels and the photo's aperture.
    prediction : Prediction or None
        None: the kernels were photographed.
    notes : what is not quite as in the photo, without a reason to refuse it
    refusals : why no kernels of the photo's aperture can be had
    paths : tuple of Path
        The files of the calibrations that it comes from, where they were found for the photo.
    in_words : where its kernels come from, for the photo's metadata
    """

    profile: Profile
    prediction: Prediction | None = None
    notes: tuple[Translatable, ...] = ()
    refusals: tuple[Translatable, ...] = ()
    paths: tuple[Path, ...] = ()
    in_words: str = ""


class ProfileSource(Protocol):
    """Where photos get their kernels from."""

    def for_photo(self, photo: PhotoInfo) -> Job[Chosen]:
        """What to correct a photo with.

        Raises
        ------
        InputError
            There is nothing for it.
        """
        ...


@dataclass(slots=True)
class Lens:
    """A lens's file with the models that were fitted to what it holds, each once.

    keeps_models : whether fitted models are kept on the disk, for the next time
    """

    profile: Profile
    keeps_models: bool = False
    models: dict[int, LensModel] = field(default_factory=dict)
    """By the identity of a group's first calibration."""

    def for_photo(self, photo: PhotoInfo) -> Job[Chosen]:
        """What to correct a photo with."""
        return (yield from self.at(setting_of(photo)))

    def at(self, setting: Setting) -> Job[Chosen]:
        """What to correct a photo with that was taken so."""
        parts, notes, refusals = parts_for(groups_of(self.profile), setting)
        if len(parts) == 1:
            group = parts[0].group
            member = group.at(setting.f_number)
            if member is not None:
                return Chosen(replace(member, members=()), None, notes, refusals)
        wanted = setting.f_number or parts[0].group.first.aperture_degraded
        nearest = max(parts, key=lambda part: part.share).group
        like = nearest.nearest(wanted) if wanted else nearest.first
        refusals = (*refusals, *(w for part in parts for w in _beyond(part.group, wanted)))
        if refusals or wanted is None:
            return Chosen(replace(like, members=()), None, notes, refusals)
        models = []
        for part in parts:
            model = yield from self.model_of(part.group)
            models.append((model, part.share))
        if any(model.misfit > MOST_MISFIT for model, _ in models):
            why = translatable(
                "a lens model explains the profile's kernels too badly to predict others"
            )
            return Chosen(replace(like, members=()), None, notes, (why,))
        grid, prediction = _predicted(parts, models, like, Setting(wanted, setting.focal_mm))
        predicted = replace(
            like,
            psf=grid,
            aperture_degraded=wanted,
            focal_mm=setting.focal_mm if len(parts) > 1 and setting.focal_mm else like.focal_mm,
            # Trained for another blur.
            network=None,
            network_weights={},
            members=(),
        )
        return Chosen(predicted, prediction, notes)

    def model_of(self, group: Group) -> Job[LensModel]:
        """A group's model: the file's, or one that is fitted now and kept."""
        model = group_model(group) or self.models.get(id(group.first))
        if model is None:
            model = kept_model(group) if self.keeps_models else None
            if model is None:
                model = yield from fitted_model(group)
                if self.keeps_models:
                    keep_model(group, model)
            self.models[id(group.first)] = model
        return model


def setting_of(photo: PhotoInfo) -> Setting:
    """As a photo tells it."""
    return Setting(photo.aperture, photo.focal_mm, photo.focus_distance_m)


def kernels_at_aperture(
    profile: Profile, f_number: float, *, keeps_models: bool = False
) -> PsfGrid:
    """The kernels of a lens at an aperture that need not have been photographed, with confidence
    that falls with the distance from what was.

    keeps_models : whether fitted models are kept on the disk, for the next time

    Raises
    ------
    InputError
        Nothing is known of that aperture.
    """
    chosen = finish(Lens(profile, keeps_models).at(Setting(f_number, profile.focal_mm)))
    if chosen.refusals:
        raise InputError(join_translatable("; ", chosen.refusals))
    return chosen.profile.psf


def _predicted(
    parts: Sequence[Part],
    models: Sequence[tuple[LensModel, float]],
    like: Profile,
    setting: Setting,
) -> tuple[PsfGrid, Prediction]:
    wanted = setting.f_number
    assert wanted is not None
    kernels = model_kernels(models, like, wanted)
    known = [member for part in parts for member in part.group.predicting]
    distance = min(stops_between(member, wanted) for member in known)
    misfit = max(model.misfit for model, _ in models)
    least = min(part.share for part in parts)
    added = ERROR_A_STOP * distance + BETWEEN_ERROR * (0 if len(parts) == 1 else 2 * least)
    confidence = like.psf.confidence
    if confidence is None:
        errors = np.full(like.psf.kernels.shape[:3], UNKNOWN_ERROR)
    else:
        errors = np.asarray(expected_error(confidence), np.float64)
    # What the calibration missed, what rays miss of it, and what stopping down adds.
    errors = np.hypot(errors, misfit) + added
    grid = PsfGrid(kernels, like.psf.image_size, like.psf.reference, confidence_of(errors))
    several = len({part.group.focal_mm for part in parts}) > 1
    sources = tuple(_source(member, with_focal=several) for member in known)
    mean = float(np.hypot(mean_error(like), misfit) + added)
    focal = setting.focal_mm or like.focal_mm
    return grid, Prediction(wanted, focal, tuple(dict.fromkeys(sources)), mean)


def _source(profile: Profile, *, with_focal: bool) -> str:
    aperture = f_number_in_words(profile.aperture_degraded)
    if with_focal and profile.focal_mm:
        return translatable(
            "{aperture} at {focal_mm:g} mm", aperture=aperture, focal_mm=profile.focal_mm
        )
    return aperture


def _beyond(group: Group, wanted: float | None) -> list[Translatable]:
    """Why kernels of an aperture cannot be predicted; nothing where they can."""
    reach = group.range
    if reach is None or wanted is None:
        # What was photographed is all there is: that the aperture is another one says enough.
        return (
            []
            if wanted is None
            else [translatable("its apertures are not known well enough to predict others")]
        )
    if reach.holds(wanted):
        return []
    if wanted < reach.widest:
        return [
            translatable(
                "{wanted} is wider than {widest}, the widest aperture that was photographed: what "
                "its outer rays do is not known",
                wanted=f_number_in_words(wanted),
                widest=f_number_in_words(reach.widest),
            )
        ]
    return [
        translatable(
            "kernels can be predicted up to {narrowest}",
            narrowest=f_number_in_words(reach.narrowest),
        )
    ]
