"""A network for one picture, trained on that picture: made smaller once more, it has to become what
it was.

Shocher, Cohen, Irani 2018, DOI 10.1109/CVPR.2018.00329 ("ZSSR").
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from lenscal.enlarge.fold_step import interpolated, made_smaller

CHANNELS, LAYERS = 48, 7
CROP_PX, BATCH = 64, 4
STEPS, FIRST_RATE, LAST_RATE = 1500, 1e-3, 3e-5
_TRIES = 4
"""Crops of which the one with most detail is taken: sky teaches nothing."""


class SelfNetwork(nn.Module):
    """Adds detail to an interpolated picture [3, h, w]; it begins by adding nothing."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for n in range(LAYERS):
            last = n == LAYERS - 1
            width = 3 if last else CHANNELS
            layers.append(nn.Conv2d(CHANNELS if n else 3, width, 3, padding=1))
            if not last:
                layers.append(nn.ReLU(inplace=True))
        self.layers = nn.Sequential(*layers)
        ending = self.layers[-1]
        assert isinstance(ending, nn.Conv2d)
        nn.init.zeros_(ending.weight)
        assert ending.bias is not None
        nn.init.zeros_(ending.bias)

    def forward(self, picture: Tensor) -> Tensor:
        """[3, h, w] of [3, h, w], or batches of them."""
        batch = picture if picture.ndim == 4 else picture[None]
        out: Tensor = batch + self.layers(batch - 0.5)
        return out if picture.ndim == 4 else out[0]


def trained(
    pictures: Tensor, kernel: Tensor, factor: int, *, level: float, seed: int
) -> Iterator[SelfNetwork | float]:
    """A network for `pictures` [n, 3, h, w], parts of one, whose noise has the standard deviation
    `level`; yields the loss of each step, at last the network."""
    torch.manual_seed(seed)
    network = SelfNetwork()
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(network.parameters(), FIRST_RATE)
    decay = (LAST_RATE / FIRST_RATE) ** (1 / STEPS)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, decay)
    for _ in range(STEPS):
        target = torch.stack([_crop(pictures, factor, generator) for _ in range(BATCH)])
        given = torch.stack(
            [_made_again(crop, kernel, factor, level, generator) for crop in target]
        )
        # What the border of a crop lacks is no fault of the network.
        rim = kernel.shape[-1] // 2
        inner = (..., slice(rim, -rim), slice(rim, -rim))
        loss = functional.l1_loss(network(given)[inner], target[inner])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        yield float(loss.detach())
    network.requires_grad_(False).eval()
    yield network


def _crop(pictures: Tensor, factor: int, generator: torch.Generator) -> Tensor:
    """A crop [3, s, s] with detail, turned at random."""
    size = min(CROP_PX, *pictures.shape[-2:]) // factor * factor
    crops = []
    for _ in range(_TRIES):
        n, y, x = (
            int(torch.randint(0, room, (), generator=generator))
            for room in (
                len(pictures),
                pictures.shape[-2] - size + 1,
                pictures.shape[-1] - size + 1,
            )
        )
        crops.append(pictures[n, :, y : y + size, x : x + size])
    crop = max(crops, key=lambda c: float(c.diff(dim=-1).abs().mean()))
    # Not mirrored, which the kernel would have to be as well: turned by half, it stays the same.
    half_turn = bool(torch.randint(0, 2, (), generator=generator))
    return crop.flip(1, 2) if half_turn else crop


def _made_again(
    crop: Tensor, kernel: Tensor, factor: int, level: float, generator: torch.Generator
) -> Tensor:
    """What the network is given instead of a crop: that, made smaller and interpolated."""
    small = made_smaller(crop, kernel, factor)
    noise = torch.randn(small.shape, generator=generator)
    return interpolated(small + level * noise, factor)[:, : crop.shape[1], : crop.shape[2]]
