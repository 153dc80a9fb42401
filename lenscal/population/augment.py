"""What D's photos go through so that it doesn't learn few photos by heart: adaptive augmentation.

After Karras et al. 2020 (arXiv:2006.06676), own code: real and fake photos alike are changed with
probability p, which rises while D is surer of the real ones than `TARGET`. Below p = 0.8 none of
these changes leaks into what the generator learns. None is a blur, noise or a scaling: the
generator would take those for its own. Flips and turns would hide a direction that a population
prefers only if they were always made.
"""

from __future__ import annotations

import torch
from torch import Tensor

TARGET = 0.6
"""Of r_t, the mean sign of D's verdict on real photos: published."""
MOST = 0.7
SPEED = 1 / 100_000
"""By how much p changes for a photo: five times as fast as published, as runs are shorter."""


class Augmentation:
    """Probability p, steered by D's verdicts on real photos."""

    def __init__(self) -> None:
        self.probability, self.overfitting = 0.0, 0.0

    def heed(self, verdicts: Tensor) -> None:
        """Take in D's verdicts [n] on real photos."""
        n = len(verdicts)
        sign = float(verdicts.sign().mean())
        # Over the last 1,000 photos or so.
        self.overfitting += min(1.0, n / 1000) * (sign - self.overfitting)
        step = SPEED * n if self.overfitting > TARGET else -SPEED * n
        self.probability = min(max(self.probability + step, 0.0), MOST)


def choices(n: int, probability: float, generator: torch.Generator) -> Tensor:
    """What becomes of each of n photos, bool [n, 4]: mirrored in x, in y, transposed, negative."""
    drawn = torch.rand(n, 4, 2, generator=generator)
    # Each of them is made, where it is in question, in half of the cases.
    return (drawn[..., 0] < probability) & (drawn[..., 1] < 0.5)


def augmented(crops: Tensor, chosen: Tensor) -> Tensor:
    """Crops [n, crops, channels, c, c], all of a photo changed alike."""
    if not bool(chosen.any()):
        return crops
    chosen = chosen.to(crops.device)
    mirrored, upside_down, transposed, negative = chosen.T[:, :, None, None, None, None]
    crops = torch.where(mirrored, crops.flip(-1), crops)
    crops = torch.where(upside_down, crops.flip(-2), crops)
    crops = torch.where(transposed, crops.transpose(-1, -2), crops)
    return torch.where(negative, -crops, crops)
