"""The velocity network: a small UNet over packed Bayer patches, conditioned on time, field position
and domain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

REAL, REBLURRED = 0, 1
"""Domains."""
HARMONICS = 6
"""Wavelengths from 4 times the range of t, y and x down to an eighth of it."""


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """How large the network is."""

    planes: int = 4
    width: int = 32
    depth: int = 2
    """Residual blocks a level; there are two levels."""


class Block(nn.Module):
    """Residual block: two 3 x 3 convolutions, the embedding scales and shifts the features in
    between."""

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.GroupNorm(4, width)
        self.modulate = nn.Linear(embedding, 2 * width)
        # A block begins as the identity, and deaf to time and place: training starts calmly.
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.modulate.weight)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """[n, width, m, m] to the same, for an embedding [n, e] of time, position and domain."""
        # One scale and shift a feature: time and place change what is looked for, not where.
        scale, shift = self.modulate(embedding)[:, :, None, None].chunk(2, dim=1)
        h = self.norm(self.first(F.silu(x))) * (1 + scale) + shift
        residual: Tensor = self.second(F.silu(h))
        return x + residual


class VelocityNetwork(nn.Module):
    """v(x_t, t, position, domain): [n, planes, m, m] to [n, planes, m, m], m even.

    position [n, 2] as (y, x) in 0..1; domain [n] int: `REAL` photos or `REBLURRED` ones. One
    network for both, so that its training error cancels in the difference of their velocities
    (docs/method.md, stage M).
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        w, e = settings.width, 4 * settings.width
        self.harmonics: Tensor
        self.register_buffer("harmonics", 2.0 ** torch.arange(HARMONICS) * math.pi / 2)
        # Sine and cosine of each wave in t, y and x.
        waves = 3 * 2 * HARMONICS
        self.embed = nn.Sequential(nn.Linear(waves, e), nn.SiLU(), nn.Linear(e, e))
        self.domain = nn.Embedding(2, e)
        # Both domains begin alike: their velocities differ by what is learnt of them only.
        nn.init.zeros_(self.domain.weight)
        self.enter = nn.Conv2d(settings.planes, w, 3, padding=1)
        self.fine_in = nn.ModuleList(Block(w, e) for _ in range(settings.depth))
        self.down = nn.Conv2d(w, 2 * w, 2, stride=2)
        self.coarse = nn.ModuleList(Block(2 * w, e) for _ in range(settings.depth))
        self.up = nn.ConvTranspose2d(2 * w, w, 2, stride=2)
        self.fine_out = nn.ModuleList(Block(w, e) for _ in range(settings.depth))
        self.leave = nn.Conv2d(w, settings.planes, 3, padding=1)
        nn.init.zeros_(self.leave.weight)

    def forward(self, x_t: Tensor, t: Tensor, position: Tensor, domain: Tensor) -> Tensor:
        """The velocity [n, planes, m, m] at x_t [n, planes, m, m] and t [n]."""
        # Waves of several lengths: a network tells small differences of plain numbers badly.
        place = torch.cat([t[:, None], position], -1)
        angles = place[:, :, None] * self.harmonics
        waves = torch.cat([angles.sin(), angles.cos()], -1).flatten(1)
        embedding = F.silu(self.embed(waves) + self.domain(domain))
        x = self.enter(x_t)
        for block in self.fine_in:
            x = block(x, embedding)
        low = self.down(x)
        for block in self.coarse:
            low = block(low, embedding)
        x = x + self.up(low)
        for block in self.fine_out:
            x = block(x, embedding)
        velocity: Tensor = self.leave(F.silu(x))
        return velocity
