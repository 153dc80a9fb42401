"""Lens models of profiles: fitted to their kernels, and kernels of other apertures made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.files.lens_model import LAYOUT, LensModel
from lenscal.files.psf.profile import Profile
from lenscal.lens.coverage import Group, f_numbers
from lenscal.optics.nodes import grid_positions
from lenscal.optics.psf_grid import PsfGrid, axis_positions
from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.calibration.rays.lens_rays import LensRays

MOST_NODES = 8
"""Along a side, that a model is fitted to: more take longer and tell nothing new of a lens."""
DIGITS = 5
"""Of the coefficients, most of which are below 0.5."""


def group_model(group: Group) -> LensModel | None:
    """The model that was fitted to all of a group that predict; None: there is none yet."""
    known = group.predicting
    fitted_to = sorted(f_numbers(member)[0] for member in known)
    for member in known:
        model = member.lens_model
        if model is None or model.layout != LAYOUT or sorted(model.fitted_to) != fitted_to:
            continue
        return model
    return None


def fitted_model(group: Group) -> Job[LensModel]:
    """Fit one lens to all kernels of a group, which may be of several apertures.

    Raises
    ------
    InputError
        Nothing of it tells its apertures.
    """
    import torch

    from lenscal.calibration.rays.lens_rays import ApertureKernels, lens_rays, misfit_of

    known = group.predicting
    if not known:
        raise InputError(
            translatable(
                "a lens model needs both apertures of a calibration, and a grid of kernels"
            )
        )
    kernels = [ApertureKernels(_coarse(p.psf), *f_numbers(p)) for p in known]
    message = translatable("Looking for a lens model that explains the kernels")
    fits = lens_rays(kernels, known[0].pitch_um, torch.device("cpu"))
    rays = next(fits)
    for number, better in enumerate(fits):
        yield Report("lens model", message, min(0.99, (number + 1) / 8))
        rays = better
    return LensModel(
        LAYOUT,
        tuple(round(float(value), DIGITS) for value in rays.theta),
        rays.f_number,
        rays.field.kernel_size,
        rays.pitch_um,
        tuple(each.f_number for each in kernels),
        misfit_of(rays, kernels),
    )


def model_kernels(
    parts: Sequence[tuple[LensModel, float]], like: Profile, f_number: float
) -> NDArray[np.float32]:
    """Kernels [rows, cols, 3, k, k] at an aperture, at the nodes of a profile and relative to what
    its kernels are relative to.

    parts : models and their shares, which sum to 1: between two focal lengths coefficients are
        interpolated (Kee, Paris, Chen & Wang 2011, Modeling and removing spatially-varying optical
        blur, doi:10.1109/ICCPHOT.2011.5753120)
    """
    psf = like.psf
    rays = _rays(parts, psf.image_size)
    positions = psf.positions.reshape(-1, 2)
    _, sharp = f_numbers(like)
    kernels = rays.kernels(positions, f_number, sharp, psf.reference)
    return kernels.reshape(*psf.shape, *kernels.shape[1:])


def _rays(parts: Sequence[tuple[LensModel, float]], size: tuple[int, int]) -> LensRays:
    import torch

    from lenscal.calibration.rays.lens_rays import LensRays, with_pupil_of
    from lenscal.calibration.rays.ray_field import ray_field

    height, width = size
    kernel_size = max(model.kernel_size for model, _ in parts)
    field = ray_field(kernel_size, torch.device("cpu"), aspect=width / height)
    # Of the narrower pupil: in it the rays of both were seen.
    f_number = max(model.f_number for model, _ in parts)
    theta = torch.zeros(field.count)
    for model, share in parts:
        if len(model.coefficients) != field.count:
            raise InputError(translatable("the lens model is another version's: calibrate again"))
        own = LensRays(field, torch.tensor(model.coefficients), model.f_number, model.pitch_um)
        theta = theta + share * with_pupil_of(own, f_number).theta
    return LensRays(field, theta, f_number, parts[0][0].pitch_um)


def _coarse(psf: PsfGrid) -> PsfGrid:
    """A grid of no more nodes than a fit takes."""
    rows, cols = (min(n, MOST_NODES) for n in psf.shape)
    if (rows, cols) == psf.shape:
        return psf
    positions = grid_positions(axis_positions(rows), axis_positions(cols))
    return replace(psf, kernels=psf.at(positions), confidence=None)
