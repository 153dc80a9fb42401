"""Learn a lens from photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lenscal.api.photos import Photos
from lenscal.api.progress import Progress, run
from lenscal.calibration.settings import DEFAULTS
from lenscal.errors import InputError
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile


def calibrate(
    photos: Photos,
    *,
    quality: str = DEFAULTS.quality.value,
    grid: tuple[int, int] = DEFAULTS.grid,
    kernel_size: int | None = None,
    seed: int = DEFAULTS.seed,
    max_minutes: float | None = None,
    device: str = DEFAULTS.device,
    progress: Progress = None,
) -> Profile:
    """Learn the PSF of the degraded photos' aperture; the same seed gives the same bits.

    Parameters
    ----------
    photos : Photos
        As `read_photos` returns them.
    quality : str
        "quick", "standard" or "full".
    grid : (rows, columns)
        Of kernels.
    kernel_size : int or None
        Side of the kernels, px, odd; None: 13, more where blur is wider.
    max_minutes : float or None
        Stop after so long, and keep what was reached.
    device : str
        "auto", "cpu", "cuda" or "mps".
    progress : function, bar or None
        A function that returns True stops the calibration, which keeps what was reached.

    Raises
    ------
    InputError
        A value outside its limits, or photos that are too small.
    """
    from lenscal.calibration.settings import CalibrationSettings, Quality
    from lenscal.jobs.calibrating import build_profile
    from lenscal.jobs.calibrating import calibrate as calibration_job
    from lenscal.system.device import check_device

    if quality not in list(Quality):
        raise InputError(
            translatable(
                "quality {quality}: choose one of {choices}",
                quality=quality,
                choices=", ".join(Quality),
            )
        )
    settings = CalibrationSettings(
        quality=Quality(quality),
        device=device,
        grid=grid,
        kernel_size=kernel_size,
        seed=seed,
        max_minutes=max_minutes,
    )
    check_device(device)
    calibration = run(calibration_job(photos.inputs, settings), progress)
    return build_profile(photos.inputs, calibration, settings)
