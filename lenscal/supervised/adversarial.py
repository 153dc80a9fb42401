"""What a network of full size is trained with beside the absolute error: a judge of patches.

The relativistic average loss of ESRGAN (Wang et al. 2018, arXiv:1809.00219, section 3.2) with a
discriminator that judges patches (Isola et al. 2017, arXiv:1611.07004) under spectral normalisation
(Miyato et al. 2018, arXiv:1802.05957), and the distance of its features (Wang et al. 2018,
arXiv:1711.11585, equation 4) in place of ESRGAN's VGG features, which would need a network that was
trained on millions of photos. Written anew.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

ADVERSARIAL_WEIGHT = 5e-3
"""As published; the absolute error has 1."""
FEATURE_WEIGHT = 0.1
BEGINS_AT = 0.5
"""Part of the run that goes by the absolute error alone: as ESRGAN, which begins at a network that
was trained so."""


class PatchDiscriminator(nn.Module):
    """Says of each place of a picture u [B, 3, H, W] how real its surroundings of 34 px look."""

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        widths = (3, channels, 2 * channels, 4 * channels)
        layers: list[nn.Module] = []
        for number, (before, after) in enumerate(pairwise(widths)):
            # Two halvings.
            stride = 2 if number < 2 else 1
            layers.append(spectral_norm(nn.Conv2d(before, after, 4, stride, padding=1)))
        self.layers = nn.ModuleList(layers)
        self.last = spectral_norm(nn.Conv2d(widths[-1], 1, 4, padding=1))

    def forward(self, u: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Scores [B, 1, h, w], and the features of each layer."""
        features = []
        x = u
        for layer in self.layers:
            x = functional.leaky_relu(layer(x), 0.2)
            features.append(x)
        return self.last(x), features


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Real pictures are to look more real than restored ones do on average, and the other way
    round; scores [B, 1, h, w]."""
    more_real = real - fake.mean()
    less_real = fake - real.mean()
    return (functional.softplus(-more_real).mean() + functional.softplus(less_real).mean()) / 2


def generator_loss(real: tuple[Tensor, list[Tensor]], fake: tuple[Tensor, list[Tensor]]) -> Tensor:
    """The same with the roles exchanged, and the distance of the features."""
    (real_scores, real_features), (fake_scores, fake_features) = real, fake
    adversarial = discriminator_loss(fake_scores, real_scores.detach())
    distances = [
        (a - b.detach()).abs().mean() for a, b in zip(fake_features, real_features, strict=True)
    ]
    return ADVERSARIAL_WEIGHT * adversarial + FEATURE_WEIGHT * torch.stack(distances).mean()
