"""The restoration network: a residual on the Wiener estimate, in one pass.

    restored = wiener - (level + LEAST_SCALE) * net([wiener, level, photo - wiener, position])

all of u = sqrt(v + c), in which noise is nearly as strong everywhere and photos look as they are
looked at (`lenscal.restore.data_step`). The layout is that of the denoiser that ships
(`UnshuffleDenoiser`): its first convolution reads more, the rest is the same. With the denoiser's
weights the network begins as that denoiser, at work on the Wiener estimate.

Trained on pairs that the learnt operator makes of sharp photos, as step 3 of Meanti et al. 2025
(section 3) does it with ESRGAN.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lenscal.prior.denoiser import ResidualBlock, UnshuffleDenoiser

PLANES = 11
"""Of the network's input: Wiener estimate (3), photo (3), noise level (3), position (2)."""
READ = 12 + 3 + 12 + 2
"""Of the first convolution, at half the size."""
LEAST_SCALE = 0.01
"""What the network may change where there is no noise, in units of its output: detail that
demosaicing and a filter without noise leave wrong."""
DIFFERENCE_SCALE = 4.0
"""What the filter changed is small beside the picture: brought to about its size."""
_LEVEL_SCALE = 4.0
"""As in the denoiser."""


def read_by(planes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of planes [B, 11, H, W] with even sides: what the first convolution reads, [B, 29, H / 2,
    W / 2], the Wiener estimate and the largest change, [B, 3, H, W]."""
    wiener, photo, level, position = planes.split([3, 3, 3, 2], dim=1)
    features = torch.cat(
        [
            functional.pixel_unshuffle(wiener, 2) - 0.5,
            _LEVEL_SCALE * functional.avg_pool2d(level, 2),
            DIFFERENCE_SCALE * functional.pixel_unshuffle(photo - wiener, 2),
            functional.avg_pool2d(position, 2),
        ],
        dim=1,
    )
    return features, wiener, level + LEAST_SCALE


class SmallNetwork(nn.Module):
    """The denoiser's blocks behind a wider first convolution; 0.4 M parameters as it ships."""

    def __init__(self, channels: int = 64, n_blocks: int = 5) -> None:
        super().__init__()
        self.channels, self.n_blocks = channels, n_blocks
        self.head = nn.Conv2d(READ, channels, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(channels) for _ in range(n_blocks)))
        self.tail = nn.Conv2d(channels, 12, 3, padding=1)

    @property
    def reach_px(self) -> int:
        """How far a pixel's value depends on others; even."""
        # Every convolution sees one place, of two pixels, farther.
        return 2 * (2 * self.n_blocks + 2)

    def forward(self, planes: Tensor) -> Tensor:
        """u [B, 3, H, W] of planes [B, 11, H, W]; both sides even."""
        features, wiener, scale = read_by(planes)
        features = functional.relu(self.blocks(self.head(features)))
        return wiener - scale * functional.pixel_shuffle(self.tail(features), 2)


def begun_from(denoiser: UnshuffleDenoiser) -> SmallNetwork:
    """The network that does to the Wiener estimate what a denoiser does, and takes no notice of
    the photo and the place yet."""
    net = SmallNetwork(denoiser.channels, denoiser.n_blocks)
    with torch.no_grad():
        weight, head = denoiser.head.weight, net.head.weight
        head.zero_()
        head[:, :12] = weight[:, :12]
        # One level became three, which are about equal.
        head[:, 12:15] = weight[:, 12:13] / 3
        assert net.head.bias is not None and denoiser.head.bias is not None
        net.head.bias.copy_(denoiser.head.bias)
        net.blocks.load_state_dict(denoiser.blocks.state_dict())
        net.tail.load_state_dict(denoiser.tail.state_dict())
    return net
