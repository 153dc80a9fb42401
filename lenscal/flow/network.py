"""The velocity network: a small UNet over packed patches, conditioned on time, field position and
domain."""

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
HEADS = 4
"""Of attention."""


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """How large the network is.

    Attributes
    ----------
    width : features of the finest level; every level has `width` more than the one above, as
        EDM2 has them (Karras et al. 2024, arXiv:2312.02696)
    depth : residual blocks a level, on the way down and again on the way up
    levels : each of half the size; patches must be a multiple of 2 ** (levels - 1)
    attention : among all places of the coarsest level: blur is the same all over a patch
    """

    planes: int = 4
    width: int = 32
    depth: int = 2
    levels: int = 2
    attention: bool = False


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


class Attention(nn.Module):
    """Every place of a level looks at all others."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(4, width)
        self.ask = nn.Conv2d(width, 3 * width, 1)
        self.answer = nn.Conv2d(width, width, 1)
        # The identity at first, like a block.
        nn.init.zeros_(self.answer.weight)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """[n, width, m, m] to the same."""
        n, width, *size = x.shape
        parts = self.ask(self.norm(x)).view(n, 3, HEADS, width // HEADS, -1).transpose(-1, -2)
        seen = F.scaled_dot_product_attention(parts[:, 0], parts[:, 1], parts[:, 2])
        residual: Tensor = self.answer(seen.transpose(-1, -2).reshape(n, width, *size))
        return x + residual


class Level(nn.Module):
    """A level of the UNet with all that are coarser: fine blocks, down, coarse, up, fine blocks."""

    def __init__(self, settings: NetworkSettings, embedding: int, number: int) -> None:
        super().__init__()
        self._fill(settings, embedding, number)

    def _fill(self, settings: NetworkSettings, embedding: int, number: int) -> None:
        """Make the layers of level `number`, 0 the finest."""
        w, below = (settings.width * (number + i) for i in (1, 2))
        n = settings.depth
        self.fine_in = nn.ModuleList(Block(w, embedding) for _ in range(n))
        self.down = nn.Conv2d(w, below, 2, stride=2)
        self.coarse = (
            Level(settings, embedding, number + 1)
            if number + 2 < settings.levels
            else _coarsest(below, embedding, n, attention=settings.attention)
        )
        self.up = nn.ConvTranspose2d(below, w, 2, stride=2)
        self.fine_out = nn.ModuleList(Block(w, embedding) for _ in range(n))

    def refine(self, x: Tensor, embedding: Tensor) -> Tensor:
        """[n, width, m, m] to the same."""
        for block in self.fine_in:
            x = block(x, embedding)
        low = self.down(x)
        if isinstance(self.coarse, Level):
            low = self.coarse.refine(low, embedding)
        else:
            for block in self.coarse:
                low = block(low, embedding)
        x = x + self.up(low)
        for block in self.fine_out:
            x = block(x, embedding)
        return x


class VelocityNetwork(Level):
    """v(x_t, t, position, domain): [n, planes, m, m] to [n, planes, m, m], m a multiple of
    2 ** (levels - 1).

    position [n, 2] as (y, x) in 0..1; domain [n] int: `REAL` photos or `REBLURRED` ones. One
    network for both, so that its training error cancels in the difference of their velocities
    (docs/method.md, stage M); where each has a network of its own, all are `REAL`.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        nn.Module.__init__(self)
        w, e = settings.width, 4 * settings.width
        self.settings = settings
        self.harmonics: Tensor
        self.register_buffer("harmonics", 2.0 ** torch.arange(HARMONICS) * math.pi / 2)
        # Sine and cosine of each wave in t, y and x.
        waves = 3 * 2 * HARMONICS
        self.embed = nn.Sequential(nn.Linear(waves, e), nn.SiLU(), nn.Linear(e, e))
        self.domain = nn.Embedding(2, e)
        # Both domains begin alike: their velocities differ by what is learnt of them only.
        nn.init.zeros_(self.domain.weight)
        self.enter = nn.Conv2d(settings.planes, w, 3, padding=1)
        self._fill(settings, e, 0)
        self.leave = nn.Conv2d(w, settings.planes, 3, padding=1)
        nn.init.zeros_(self.leave.weight)

    def forward(self, x_t: Tensor, t: Tensor, position: Tensor, domain: Tensor) -> Tensor:
        """The velocity [n, planes, m, m] at x_t [n, planes, m, m] and t [n]."""
        # Waves of several lengths: a network tells small differences of plain numbers badly.
        place = torch.cat([t[:, None], position], -1)
        angles = place[:, :, None] * self.harmonics
        waves = torch.cat([angles.sin(), angles.cos()], -1).flatten(1)
        embedding = F.silu(self.embed(waves) + self.domain(domain))
        x = self.refine(self.enter(x_t), embedding)
        velocity: Tensor = self.leave(F.silu(x))
        return velocity


def _coarsest(width: int, embedding: int, depth: int, *, attention: bool) -> nn.ModuleList:
    """Blocks of the coarsest level, attention after the first."""
    blocks: list[nn.Module] = [Block(width, embedding) for _ in range(depth)]
    if attention:
        blocks.insert(1, Attention(width))
    return nn.ModuleList(blocks)


def seeded_network(settings: NetworkSettings, seed: int) -> VelocityNetwork:
    """A network whose weights come from the seed. Layers draw them from the process's generator,
    which is put back: others, a preview in another thread say, use it as well."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return VelocityNetwork(settings)


def parameter_count(network: nn.Module) -> int:
    """Of all its weights."""
    return sum(parameter.numel() for parameter in network.parameters())
