"""DRUNet, the denoiser that DPIR was published with: four scales with residual blocks, without
biases.

Its weights do not ship with lenscal; they load from a file in the layout of their authors (tensors
m_head.weight, m_down1.0.res.0.weight, ...). Zhang, Li, Zuo, Zhang, Van Gool, Timofte 2021, DOI
10.1109/TPAMI.2021.3088914, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

SCALES = 4
MULTIPLE_PX = 2 ** (SCALES - 1)
"""Heights and widths are padded to multiples of it."""


def is_drunet(weights: Mapping[str, Tensor]) -> bool:
    """Whether the weights have DRUNet's layout, for colour."""
    head = weights.get("m_head.weight")
    return head is not None and "m_body.0.res.0.weight" in weights and head.shape[1] == 4


class Drunet(nn.Module):
    """DRUNet for colour; how wide and deep it is follows from the weights.

    Raises
    ------
    KeyError, RuntimeError
        Weights are missing, left over or of other shapes.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        # Modules are named as the authors' tensors: load_state_dict then finds them all.
        widths = [weights["m_head.weight"].shape[0]]
        blocks = len({name.split(".")[1] for name in weights if name.startswith("m_body.")})
        self.m_head = _conv(4, widths[0])
        for scale in range(1, SCALES):
            # The layer that halves the size also says how wide the next scale is.
            wider = weights[f"m_down{scale}.{blocks}.weight"].shape[0]
            down = nn.Conv2d(widths[-1], wider, 2, stride=2, bias=False)
            up = nn.ConvTranspose2d(wider, widths[-1], 2, stride=2, bias=False)
            self.add_module(f"m_down{scale}", nn.Sequential(*_blocks(widths[-1], blocks), down))
            self.add_module(f"m_up{scale}", nn.Sequential(up, *_blocks(widths[-1], blocks)))
            widths.append(wider)
        self.m_body = nn.Sequential(*_blocks(widths[-1], blocks))
        self.m_tail = _conv(widths[0], 3)
        self.load_state_dict(dict(weights), assign=True)

    def forward(self, x: Tensor, sigma: float | Tensor) -> Tensor:
        """x [B, 3, H, W] without its noise of standard deviation `sigma`, a number or a map [B, 1,
        H, W]."""
        height, width = x.shape[-2:]
        level = torch.as_tensor(sigma, dtype=x.dtype, device=x.device)
        level = level.expand(x.shape[0], 1, height, width)
        # Three halvings must come out even.
        beyond = (0, -width % MULTIPLE_PX, 0, -height % MULTIPLE_PX)
        padded = functional.pad(torch.cat([x, level], dim=1), beyond, mode="replicate")
        features = [self.m_head(padded)]
        for scale in range(1, SCALES):
            features.append(self.get_submodule(f"m_down{scale}")(features[-1]))
        out = self.m_body(features[-1])
        # Up again; what each scale had on the way down is added to it.
        for scale in range(SCALES - 1, 0, -1):
            out = self.get_submodule(f"m_up{scale}")(out + features.pop())
        restored: Tensor = self.m_tail(out + features.pop())
        return restored[..., :height, :width]


class _Block(nn.Module):
    """x + conv(relu(conv(x)))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.res = nn.Sequential(
            _conv(channels, channels), nn.ReLU(inplace=True), _conv(channels, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.res(x)
        return out


def _blocks(channels: int, count: int) -> list[nn.Module]:
    return [_Block(channels) for _ in range(count)]


def _conv(before: int, after: int) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, padding=1, bias=False)
