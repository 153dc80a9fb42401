"""Correct a photo, from a file or in memory."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenscal.api.photos import array_frame
from lenscal.api.progress import Progress, run
from lenscal.errors import InputError
from lenscal.files.psf.profile import Profile
from lenscal.optics.psf_grid import PsfGrid
from lenscal.restore.settings import DEFAULTS
from lenscal.stepping import Job
from lenscal.translation import join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.raw.frame import Frame
    from lenscal.restore.settings import RestoreSettings

_WHOLE = (slice(None), slice(None))


def correct(
    photo: str | PathLike[str] | NDArray[np.generic],
    psf: PsfGrid | Profile,
    *,
    method: str = DEFAULTS.method.value,
    amount: float = DEFAULTS.amount,
    denoise: float = DEFAULTS.denoise,
    noise: tuple[float, float] | None = None,
    force: bool = False,
    progress: Progress = None,
) -> NDArray[np.float32]:
    """Take the lens's blur out of a photo.

    Parameters
    ----------
    photo : path or array [H, W, 3]
        A RAW file or a picture; or linear light, floating (1.0 is white) or whole numbers (their
        largest is white), of the size that the kernels are for.
    method : str
        "wiener", "dpir", "diffpir", "network" (the profile's own) or "none".
    amount : float
        0 (as it was) to 1.
    denoise : float
        0 (all detail, and its noise) to 1 (smooth).
    noise : (a, b) or None
        Of an array: variance = a * value + b, for values from 0 to 1; None: it is measured. Files
        tell, or are measured.
    force : bool
        Also files of another camera or lens than the profile's, or of an aperture that it knows
        nothing of.

    Returns
    -------
    float32 ndarray [H, W, 3]
        Linear light, 1.0 is white; of a RAW file white-balanced camera RGB in sensor orientation,
        without its vignetting where that is known.

    Raises
    ------
    InputError
        The photo is not one that the kernels are for, or a value is outside its limits.
    PhotoError
        The file cannot be read.
    """
    from lenscal.jobs.network import require_network
    from lenscal.restore.settings import Method, RestoreSettings

    if method not in list(Method):
        raise InputError(
            translatable(
                "method {method}: choose one of {choices}", method=method, choices=", ".join(Method)
            )
        )
    settings = RestoreSettings(method=Method(method), amount=amount, denoise=denoise)
    profile = psf if isinstance(psf, Profile) else Profile(psf)
    if settings.method is Method.NETWORK:
        require_network(profile)
    return run(_corrected(photo, profile, settings, noise, force), progress)


def _corrected(
    photo: str | PathLike[str] | NDArray[np.generic],
    profile: Profile,
    settings: RestoreSettings,
    noise: tuple[float, float] | None,
    force: bool,
) -> Job[NDArray[np.float32]]:
    from lenscal.jobs.network import network_for
    from lenscal.jobs.photo_work import RowsInMemory
    from lenscal.jobs.profile_match import grid_for
    from lenscal.restore.photo import restore_rows
    from lenscal.restore.ringing.strength import without_rings

    if isinstance(photo, str | PathLike):
        frame, profile = yield from _decoded(Path(photo), profile, settings, force=force)
        grid = grid_for(profile, frame)
    else:
        frame, grid = _in_memory(photo, noise), profile.psf
    store = RowsInMemory(frame.size)
    network = network_for(profile, frame, settings)

    def keep(rows: range, rgb: NDArray[np.float32], _: NDArray[np.float32]) -> None:
        store.append(rows, rgb)

    yield from restore_rows(frame, grid, settings, keep, network=network)
    yield from without_rings(frame, store)
    return store[_WHOLE]


def _decoded(
    path: Path, profile: Profile, settings: RestoreSettings, *, force: bool
) -> Job[tuple[Frame, Profile]]:
    """The photo, and what of a lens is for it: kernels of its aperture, predicted where it lies
    between those that were photographed."""
    from lenscal.jobs.kernel_choice import matched
    from lenscal.lens.prediction import Lens
    from lenscal.raw.decode import decode_photo
    from lenscal.raw.pictures.kinds import Light

    frame = decode_photo(path, light=profile.light or Light.LINEAR)
    lens = Lens(profile, keeps_models=True)
    match = yield from matched(lens, frame, anyway=force, for_network=settings.needs_network)
    if match.differences and not force:
        raise InputError(
            translatable(
                "{name}: {differences} (force=True corrects it all the same)",
                name=path.name,
                differences=join_translatable("; ", match.differences),
            )
        )
    return frame.without_mosaic(), match.chosen.profile


def _in_memory(array: NDArray[np.generic], noise: tuple[float, float] | None) -> Frame:
    from lenscal.raw.frame import NoiseModel

    known = None
    if noise is not None:
        a, b = noise
        if not (np.isfinite([a, b]).all() and min(a, b) >= 0):
            raise InputError(translatable("noise {noise}: want two numbers from 0", noise=noise))
        known = NoiseModel((a,) * 3, (b,) * 3, "given")
    return array_frame(array, "array", None, known)
