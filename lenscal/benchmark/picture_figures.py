"""How near a corrected photo comes to the truth: PSNR and SSIM after both are moved onto each
other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.benchmark.baselines import scikit_image
from lenscal.measure.registration import common_shift, shifted

BORDER_PX = 16
"""Left out at each border: there programs differ in what they make up, and some cut it off."""
_LEAST_ERROR = 1e-20
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_GAMMA = 2.2


@dataclass(frozen=True, slots=True)
class PictureFigures:
    """PSNR in dB (peak 1.0) of linear camera RGB, SSIM of gamma-encoded lightness, processor
    seconds, and the setting.

    RAW programs' seconds are from the RAW file to the TIFF file, the others' those of the
    correction alone.
    """

    psnr: float
    ssim: float
    seconds: float
    setting: str = ""


def picture_figures(
    picture: NDArray[np.floating],
    target: NDArray[np.floating],
    seconds: float,
    setting: str = "",
) -> PictureFigures:
    """Compare a photo with the truth, both linear camera RGB [H, W, 3]; NaN only within BORDER_PX
    of the borders."""
    inner = (slice(BORDER_PX, -BORDER_PX),) * 2
    corrected, true = (
        np.clip(image[inner], 0, 1).astype(np.float64) for image in (picture, target)
    )
    # Twice the border: what is moved in from beyond does not count either.
    registered = shifted(corrected, common_shift(corrected, true))[inner]
    true = true[inner]
    # Linear: PSNR is that of light, in which blur and correction are linear too.
    error = max(float(np.mean((registered - true) ** 2)), _LEAST_ERROR)
    # SSIM was made for what screens show, so it gets gamma-encoded lightness.
    similarity = ssim(_lightness(registered), _lightness(true))
    return PictureFigures(float(-10 * np.log10(error)), similarity, seconds, setting)


def _lightness(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((np.clip(rgb, 0, 1) @ _LUMINANCE) ** (1 / _GAMMA))


def ssim(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Structural similarity of images [H, W] in 0..1, by scikit-image with the settings of Wang et
    al., IEEE TIP 13 (2004): a Gaussian of 1.5 px."""
    similarity = scikit_image("metrics").structural_similarity
    return float(
        similarity(
            a, b, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
    )
