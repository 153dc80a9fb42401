"""How far apart a camera's pixels are."""

from __future__ import annotations

from functools import lru_cache

from lenscal.raw.vignetting import plain_name

_FULL_FRAME_DIAGONAL_MM = 43.267


@lru_cache(maxsize=64)
def pixel_pitch_um(camera: str, image_size: tuple[int, int]) -> float | None:
    """Distance of pixels in um from lensfun's crop factor (good to 1 or 2 %); None for a camera it
    does not know.

    Parameters
    ----------
    camera : make and model in words, as `PhotoInfo.camera`
    image_size : (height, width) px
    """
    crop = crop_factor(camera)
    return None if crop is None else pitch_from_crop_factor(crop, image_size)


@lru_cache(maxsize=64)
def crop_factor(camera: str) -> float | None:
    """Diagonal of 35 mm film over that of a camera's sensor, by lensfun; None where it does not
    know the camera."""
    name = plain_name(camera)
    # By the end of the name: cameras write their maker before the model, lensfun does not.
    candidates = [(model, crop) for model, crop in _cameras() if model and name.endswith(model)]
    if not candidates:
        return None
    # Short model names are the ends of longer ones: the longest is the camera's own.
    _, crop = max(candidates, key=lambda candidate: len(candidate[0]))
    return crop


@lru_cache(maxsize=1)
def _cameras() -> tuple[tuple[str, float], ...]:
    """Plain model names and crop factors of all cameras that lensfun knows."""
    import lensfunpy

    cameras = lensfunpy.Database().cameras
    return tuple((plain_name(c.model), float(c.crop_factor)) for c in cameras if c.crop_factor > 0)


def pitch_from_crop_factor(crop: float, image_size: tuple[int, int]) -> float:
    """Distance of pixels in um of a sensor of (height, width) px whose diagonal is 43.3 mm over the
    crop factor."""
    # By the diagonal, as crop factors are defined: sensors differ in their aspect.
    height, width = image_size
    diagonal_px: float = (height**2 + width**2) ** 0.5
    return _FULL_FRAME_DIAGONAL_MM / crop / diagonal_px * 1000
