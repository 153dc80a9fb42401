"""DRUNet's weights in the layout of their authors."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn.functional import conv2d, conv_transpose2d, pad, relu

from lenscal.errors import InputError
from lenscal.prior.denoiser import load_denoiser
from lenscal.prior.drunet import Drunet

Weights = dict[str, torch.Tensor]


def published(
    widths: tuple[int, ...] = (64, 128, 256, 512), blocks: int = 4, seed: int = 0
) -> Weights:
    """Random weights, named and shaped as the authors' are."""
    shapes: dict[str, tuple[int, ...]] = {
        "m_head.weight": (widths[0], 4, 3, 3),
        "m_tail.weight": (3, widths[0], 3, 3),
    }

    def residual(stage: str, first: int, width: int) -> None:
        for number in range(first, first + blocks):
            for part in (0, 2):
                shapes[f"{stage}.{number}.res.{part}.weight"] = (width, width, 3, 3)

    for scale in (1, 2, 3):
        narrow, wide = widths[scale - 1 : scale + 1]
        residual(f"m_down{scale}", 0, narrow)
        shapes[f"m_down{scale}.{blocks}.weight"] = (wide, narrow, 2, 2)
        shapes[f"m_up{scale}.0.weight"] = (wide, narrow, 2, 2)
        residual(f"m_up{scale}", 1, narrow)
    residual("m_body", 0, widths[3])
    generator = torch.Generator().manual_seed(seed)
    return {name: 0.2 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def by_hand(w: Weights, x: torch.Tensor, sigma: float, blocks: int) -> torch.Tensor:
    """The published network, layer by layer."""

    def residual(x: torch.Tensor, stage: str, first: int) -> torch.Tensor:
        for n in range(first, first + blocks):
            inner = relu(conv2d(x, w[f"{stage}.{n}.res.0.weight"], padding=1))
            x = x + conv2d(inner, w[f"{stage}.{n}.res.2.weight"], padding=1)
        return x

    x1 = conv2d(torch.cat([x, torch.full_like(x[:, :1], sigma)], 1), w["m_head.weight"], padding=1)
    x2 = conv2d(residual(x1, "m_down1", 0), w[f"m_down1.{blocks}.weight"], stride=2)
    x3 = conv2d(residual(x2, "m_down2", 0), w[f"m_down2.{blocks}.weight"], stride=2)
    x4 = conv2d(residual(x3, "m_down3", 0), w[f"m_down3.{blocks}.weight"], stride=2)
    y = residual(x4, "m_body", 0)
    y = residual(conv_transpose2d(y + x4, w["m_up3.0.weight"], stride=2), "m_up3", 1)
    y = residual(conv_transpose2d(y + x3, w["m_up2.0.weight"], stride=2), "m_up2", 1)
    y = residual(conv_transpose2d(y + x2, w["m_up1.0.weight"], stride=2), "m_up1", 1)
    return conv2d(y + x1, w["m_tail.weight"], padding=1)


@pytest.mark.parametrize("name", ["drunet_color.pth", "drunet.safetensors"])
def test_does_what_the_published_network_does(tmp_path: Path, name: str) -> None:
    from safetensors.torch import save_file

    weights = published((4, 6, 8, 10), 2)
    (torch.save if name.endswith("pth") else save_file)(weights, tmp_path / name)
    net = load_denoiser(tmp_path / name)
    assert isinstance(net, Drunet)
    x = torch.rand(2, 3, 16, 24, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(net(x, 0.1), by_hand(weights, x, 0.1, 2), rtol=1e-4, atol=1e-4)
    odd = x[..., :13, :21]
    whole = by_hand(weights, pad(odd, (0, 3, 0, 3), mode="replicate"), 0.1, 2)
    torch.testing.assert_close(
        net(odd, torch.tensor(0.1)), whole[..., :13, :21], rtol=1e-4, atol=1e-4
    )


def test_the_published_size() -> None:
    """32.64 million parameters, as the paper's table has it."""
    net = Drunet(published())
    assert round(sum(p.numel() for p in net.parameters()) / 1e6, 2) == 32.64


def test_refuses_files_that_do_not_fit(tmp_path: Path) -> None:
    weights = published((4, 6, 8, 10), 2)
    torch.save(
        {k: v for k, v in weights.items() if k != "m_up2.1.res.0.weight"}, tmp_path / "short.pth"
    )
    torch.save({**weights, "m_head.weight": torch.zeros(4, 2, 3, 3)}, tmp_path / "grey.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    torch.save({"net": Drunet(weights)}, tmp_path / "code.pth")
    (tmp_path / "text.pth").write_text("no weights")
    for name in ("short", "grey", "list", "code", "text", "missing"):
        with pytest.raises(InputError, match=f"{name}.pth"):
            load_denoiser(tmp_path / f"{name}.pth")
