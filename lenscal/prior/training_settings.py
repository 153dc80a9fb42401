"""What a training of the denoiser prior is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What to train, on what and how long; noise levels are in units of the image, 0..1."""

    channels: int = 64
    blocks: int = 5
    patch_px: int = 64
    batch: int = 16
    rate: float = 1e-3
    """Learning rate after the warm-up."""
    sigma_max: float = 75 / 255
    """Strongest noise: DPIR begins at 49/255."""
    sigma_knee: float = 15 / 255
    """Noise levels are as frequent as 1 / (sigma + sigma_knee): most photos have weak noise, and
    DPIR ends at it."""
    map_share: float = 0.15
    """Part of the patches whose noise level changes over the patch."""
    full_size_share: float = 0.25
    """Part of the patches cut from the photo as it is; the others from the photo at half size, free
    of JPEG blocks."""
    steps: int | None = None
    """Length of the run; None: as long as `minutes` say."""
    minutes: float | None = 60.0
    """Length of the run by the clock; None: as long as `steps` say."""
    seed: int = 0
    optimiser: str = "adam"
    """Or "muon": the blocks' weights by Muon (Jordan et al. 2024, with the step sizes of Liu et al.
    2025, arXiv:2502.16982), the others by Adam."""
    half_precision: bool = False
    """Forward and backward pass in bfloat16; weights, averages and optimiser stay float32."""
