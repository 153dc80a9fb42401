"""A restoration network of ESRGAN's size: residual-in-residual dense blocks, for GPUs.

Wang et al. 2018 (ESRGAN), arXiv:1809.00219, section 3.1: 23 blocks of three dense blocks of five
convolutions, without batch normalisation, residuals scaled by 0.2. Written anew; it reads and
writes the same planes as the small network, at half the size (phases) instead of the full one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lenscal.restore.network.small import READ, read_by

RESIDUAL_SCALE = 0.2
"""As published: deep networks without normalisation are unstable with more."""
DENSE_LAYERS = 5
DENSE_IN_BLOCK = 3
GROWTH_SHARE = 2
"""Channels over a dense layer's new ones: 64 and 32 as published."""
_REACH_PX = 96
"""What a block of a photo is given around it. The network could see farther by its layers (700
px), but what lies there hardly counts."""


class DenseBlock(nn.Module):
    """Five convolutions, each of which reads all before it."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(
                channels + number * growth,
                growth if number < DENSE_LAYERS - 1 else channels,
                3,
                padding=1,
            )
            for number in range(DENSE_LAYERS)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Features [B, C, H, W] of features [B, C, H, W]."""
        seen = [x]
        for layer in self.layers[:-1]:
            seen.append(functional.leaky_relu(layer(torch.cat(seen, dim=1)), 0.2))
        out: Tensor = x + RESIDUAL_SCALE * self.layers[-1](torch.cat(seen, dim=1))
        return out


class RrdbBlock(nn.Module):
    """Three dense blocks, and a residual around them."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(*(DenseBlock(channels, growth) for _ in range(DENSE_IN_BLOCK)))

    def forward(self, x: Tensor) -> Tensor:
        """Features [B, C, H, W] of features [B, C, H, W]."""
        out: Tensor = x + RESIDUAL_SCALE * self.dense(x)
        return out


class RrdbNetwork(nn.Module):
    """16.7 M parameters with the published 64 channels and 23 blocks."""

    def __init__(self, channels: int = 64, n_blocks: int = 23) -> None:
        super().__init__()
        self.channels, self.n_blocks = channels, n_blocks
        self.head = nn.Conv2d(READ, channels, 3, padding=1)
        growth = max(channels // GROWTH_SHARE, 1)
        self.blocks = nn.Sequential(*(RrdbBlock(channels, growth) for _ in range(n_blocks)))
        self.trunk = nn.Conv2d(channels, channels, 3, padding=1)
        self.last = nn.Conv2d(channels, channels, 3, padding=1)
        self.tail = nn.Conv2d(channels, 12, 3, padding=1)

    @property
    def reach_px(self) -> int:
        """How far a pixel's value depends on others as far as it counts; even."""
        return _REACH_PX

    def forward(self, planes: Tensor) -> Tensor:
        """u [B, 3, H, W] of planes [B, 11, H, W]; both sides even."""
        features, wiener, scale = read_by(planes)
        features = self.head(features)
        features = features + self.trunk(self.blocks(features))
        features = functional.leaky_relu(self.last(features), 0.2)
        return wiener - scale * functional.pixel_shuffle(self.tail(features), 2)


def fresh(channels: int, n_blocks: int, seed: int) -> RrdbNetwork:
    """Random weights, scaled down as published, with which the network leaves the Wiener estimate
    as it is."""
    net = RrdbNetwork(channels, n_blocks)
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in net.named_parameters():
        if parameter.ndim == 1 or name.startswith("tail"):
            nn.init.zeros_(parameter)
        else:
            nn.init.kaiming_normal_(parameter, nonlinearity="relu", generator=generator)
            # ESRGAN, section 3.1: smaller initial weights train more easily.
            parameter.data *= 0.1
    return net
