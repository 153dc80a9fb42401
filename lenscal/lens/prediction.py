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
    MOST_MISFIT,
    UNKNOWN_ERROR,
    Group,
    Setting,
    groups_of,
)
from lenscal.lens.kept_models import keep_model, kept_model
from lenscal.lens.models import fitted_model, group_model, model_kernels
from lenscal.lens.plans import Known, Plan, plan_for
from lenscal.optics.expected_error import confidence_of, expected_error
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.lens_setting import f_number as f_number_in_words
from lenscal.stepping import Job, finish
from lenscal.translation import Translatable, join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.raw.frame import PhotoInfo

UNEXPLAINED = translatable(
    "a lens model explains the profile's kernels too badly to predict others"
)
"""Why nothing is predicted where the misfit is above MOST_MISFIT."""


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
        return (yield from self.made(self.plan(setting)))

    def plan(self, setting: Setting) -> Plan:
        """What there is for a photo that was taken so."""
        return plan_for(groups_of(self.profile), setting)

    def made(self, plan: Plan) -> Job[Chosen]:
        """What a plan comes to."""
        like = replace(plan.like, members=())
        if plan.known is not Known.PREDICTED:
            return Chosen(like, None, plan.notes, plan.refusals)
        models = yield from self.models_of(plan)
        if misfit_of(models) > MOST_MISFIT:
            return Chosen(like, None, plan.notes, (UNEXPLAINED,))
        grid, prediction = _predicted(plan, models)
        predicted = replace(
            like,
            psf=grid,
            aperture_degraded=prediction.f_number,
            focal_mm=prediction.focal_mm if len(plan.parts) > 1 else like.focal_mm,
            # Trained for another blur.
            network=None,
            network_weights={},
        )
        return Chosen(predicted, prediction, plan.notes)

    def models_of(self, plan: Plan) -> Job[list[tuple[LensModel, float]]]:
        """The models that a plan's kernels are predicted from, and their shares."""
        models = []
        for part in plan.parts:
            model = yield from self.model_of(part.group)
            models.append((model, part.share))
        return models

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


def misfit_of(models: Sequence[tuple[LensModel, float]]) -> float:
    """Of the worst of several models."""
    return max(model.misfit for model, _ in models)


def _predicted(plan: Plan, models: Sequence[tuple[LensModel, float]]) -> tuple[PsfGrid, Prediction]:
    like, wanted = plan.like, plan.setting.f_number
    assert wanted is not None
    kernels = model_kernels(models, like, wanted)
    misfit = misfit_of(models)
    confidence = like.psf.confidence
    if confidence is None:
        errors = np.full(like.psf.kernels.shape[:3], UNKNOWN_ERROR)
    else:
        errors = np.asarray(expected_error(confidence), np.float64)
    # What the calibration missed, what rays miss of it, and what stopping down adds.
    errors = np.hypot(errors, misfit) + plan.added_error
    grid = PsfGrid(kernels, like.psf.image_size, like.psf.reference, confidence_of(errors))
    several = len({part.group.focal_mm for part in plan.parts}) > 1
    sources = tuple(_source(member, with_focal=several) for member in plan.sources)
    focal = plan.setting.focal_mm or like.focal_mm
    error = plan.expected_error(misfit)
    return grid, Prediction(wanted, focal, tuple(dict.fromkeys(sources)), error)


def _source(profile: Profile, *, with_focal: bool) -> str:
    aperture = f_number_in_words(profile.aperture_degraded)
    if with_focal and profile.focal_mm:
        return translatable(
            "{aperture} at {focal_mm:g} mm", aperture=aperture, focal_mm=profile.focal_mm
        )
    return aperture
