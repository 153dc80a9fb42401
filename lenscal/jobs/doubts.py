"""Why a calibration that came to an end should not be trusted, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.expected_error import expected_error, field_variation
from lenscal.optics.plausibility import impossibilities, irregularities
from lenscal.translation import Translatable, translatable

if TYPE_CHECKING:
    from lenscal.calibration.result import Calibration

SHARPER = 1.1
"""Mean MTF from which on kernels sharpen; an identity run comes near 1."""
BAND_CY_PER_PX = (0.1, 0.25)
"""Where the MTF is averaged: below, every lens is good; above, noise decides."""
ONE_KERNEL = 1e-3
"""Of a kernel, which two have to differ by to be two."""
_SPECTRUM = 64
"""Length of the transform: more than any kernel's side."""


def calibration_doubts(calibration: Calibration) -> Iterator[Translatable]:
    """Each doubt with what to do about it."""
    for reason in impossibilities(calibration.psf):
        yield translatable("do not use this calibration: {reason}", reason=reason)
    yield from irregularities(calibration.psf)
    if mean_mtf(calibration.psf.kernels) > SHARPER:
        yield translatable(
            "the photos of the degraded folder are sharper than those of the sharp one: "
            "are the two folders exchanged?"
        )
    # Stopped, or out of time, before the first stage was over.
    if not calibration.stages:
        yield translatable(
            "no stage was completed: these kernels are a first guess; calibrate again "
            "and give it more time"
        )
    if not calibration.reblur:
        yield translatable(
            "too few photos to keep any out for a check: nothing tells how good these kernels are; "
            "use at least four in each folder, of the same scenes if you can"
        )
    # Not a number, where it could not be measured, is never larger.
    estimate, delta = (calibration.reblur.get(name, float("nan")) for name in ("estimate", "delta"))
    if estimate > delta:
        yield translatable(
            "re-blurred with these kernels, the sharp photos look less like the kept-out degraded "
            "ones than without (distance {estimate:.3g} instead of {delta:.3g}): {advice}",
            estimate=estimate,
            delta=delta,
            advice=_advice(same_scenes=calibration.same_scenes),
        )
    sure = calibration.psf.confidence
    if sure is None or not calibration.stages:
        return
    error, variation = float(expected_error(sure).mean()), field_variation(calibration.psf.kernels)
    # Kernels that are one average already have said so.
    if error > variation > ONE_KERNEL:
        yield translatable(
            "how the blur differs over the picture ({variation:.0%}) is less than the error that "
            "these kernels are expected to have ({error:.0%}): the correction may be no better "
            "than with one average kernel; {advice}",
            variation=variation,
            error=error,
            advice=_what_to_photograph(same_scenes=calibration.same_scenes),
        )


def _what_to_photograph(*, same_scenes: bool) -> Translatable:
    if same_scenes:
        return translatable(
            "photograph more scenes with detail all over the picture, at a lower ISO speed"
        )
    return translatable(
        "photograph four scenes with both apertures from a tripod, or ten more of other subjects "
        "in each folder"
    )


def _advice(*, same_scenes: bool) -> Translatable:
    if same_scenes:
        return translatable("do not use them; photograph subjects with more texture")
    return translatable(
        "the different scenes may be the reason: look at a corrected photo, or "
        "photograph the same scenes with both apertures"
    )


def mean_mtf(kernels: NDArray[np.floating[Any]]) -> float:
    """Mean |OTF| of kernels [rows, cols, 3, k, k] within `BAND_CY_PER_PX`."""
    # Kernels need not be centred: a modulus does not ask where they lie.
    f = np.fft.fftfreq(_SPECTRUM)
    radius = np.hypot(f[:, None], f)
    low, high = BAND_CY_PER_PX
    spectrum = np.fft.fft2(kernels, s=(_SPECTRUM, _SPECTRUM))
    return float(np.abs(spectrum[..., (radius > low) & (radius < high)]).mean())
