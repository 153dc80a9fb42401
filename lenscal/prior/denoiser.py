"""Denoisers that serve as image priors: what a photo without noise looks like."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from lenscal.errors import InputError
from lenscal.prior.drunet import Drunet, is_drunet
from lenscal.prior.weights_file import read_weights
from lenscal.resource_files import resource
from lenscal.system.atomic import written_whole
from lenscal.translation import translatable

LAYOUT = "lenscal residual unshuffle denoiser 1"
"""Names the network in the metadata of lenscal's own weights files."""


class Denoiser(Protocol):
    """Takes white Gaussian noise of standard deviation `sigma` off images.

    x : float32 [B, 3, H, W], about 0..1. sigma : a number, or a map that broadcasts to [B, 1, H,
    W], in x's units.
    """

    def __call__(self, x: Tensor, sigma: float | Tensor) -> Tensor: ...


def sigma_map(x: Tensor, sigma: float | Tensor) -> Tensor:
    """The noise level as a map [B, 1, H, W] for images x [B, 3, H, W]."""
    level = torch.as_tensor(sigma, dtype=x.dtype, device=x.device)
    return level.expand(x.shape[0], 1, *x.shape[-2:])


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(x))): starts near the identity, so that a deep network trains quickly."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Features [B, C, H, W] of features [B, C, H, W]."""
        # In place: less memory, and nothing but this block uses what is overwritten.
        change: Tensor = self.second(functional.relu(self.first(x), inplace=True))
        return change.add_(x)


class UnshuffleDenoiser(nn.Module):
    """A small residual network on the image's four half-size phases, told the noise level (after
    FFDNet).

    denoised = x - sigma * net([phases of x, sigma]): at sigma 0 it leaves the image as it is, and
    the network's output has the same size at every noise level. Zhang, Zuo, Zhang 2018, DOI
    10.1109/TIP.2018.2839891.
    """

    def __init__(self, channels: int = 64, n_blocks: int = 5) -> None:
        super().__init__()
        self.channels, self.n_blocks = channels, n_blocks
        self.head = nn.Conv2d(13, channels, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(channels) for _ in range(n_blocks)))
        self.tail = nn.Conv2d(channels, 12, 3, padding=1)

    def forward(self, x: Tensor, sigma: float | Tensor) -> Tensor:
        """As `Denoiser`."""
        level = sigma_map(x, sigma)
        padded, height, width = _even(x)
        level, _, _ = _even(level)
        # All inputs about as strong: phases centred, and levels, which are small, times four.
        phases = functional.pixel_unshuffle(padded, 2) - 0.5
        features = torch.cat([phases, 4 * functional.avg_pool2d(level, 2)], dim=1)
        features = functional.relu(self.blocks(self.head(features)))
        noise = functional.pixel_shuffle(self.tail(features), 2)
        return (padded - level * noise)[..., :height, :width]


class PlainFfdnet(nn.Module):
    """FFDNet's published layout (tensors model.0, model.2, ...): predicts the image itself."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        # Every second module is a ReLU without weights.
        numbers = sorted({int(name.split(".")[1]) for name in weights})
        layers: list[nn.Module] = []
        for number in numbers:
            out_channels, in_channels = weights[f"model.{number}.weight"].shape[:2]
            layers += [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(inplace=True)]
        self.model = nn.Sequential(*layers[:-1])
        self.load_state_dict(dict(weights), assign=True)

    def forward(self, x: Tensor, sigma: float | Tensor) -> Tensor:
        """As `Denoiser`."""
        level = sigma_map(x, sigma)
        padded, height, width = _even(x)
        level, _, _ = _even(level)
        phases = functional.pixel_unshuffle(padded, 2)
        features = torch.cat([phases, functional.avg_pool2d(level, 2)], dim=1)
        return functional.pixel_shuffle(self.model(features), 2)[..., :height, :width]


def save_denoiser(
    net: UnshuffleDenoiser, file: Path, *, notes: Mapping[str, str] | None = None
) -> None:
    """Write the weights as safetensors, atomically. `notes` go into the file's metadata."""
    metadata = {
        "layout": LAYOUT,
        "channels": str(net.channels),
        "blocks": str(net.n_blocks),
        **(notes or {}),
    }
    tensors = {
        name: value.detach().to("cpu", torch.float32).contiguous()
        for name, value in net.state_dict().items()
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(file) as temporary:
        save_file(tensors, temporary, metadata=metadata)


def load_denoiser(
    file: Path | None = None, *, device: str | torch.device = "cpu"
) -> UnshuffleDenoiser | PlainFfdnet | Drunet:
    """A denoiser from a weights file; None: the one that ships.

    The file may hold lenscal's own layout, or FFDNet's or DRUNet's for colour as their authors
    publish them, as safetensors or as a PyTorch file of tensors alone.

    Raises
    ------
    InputError
        The file is missing, cannot be read, or is of another network.
    """
    path = file if file is not None else resource("prior", "prior.safetensors")
    weights, metadata = read_weights(path)
    try:
        # Layers without numbers of their own: names in a file may ask for any amount of them.
        with torch.device("meta"):
            net = _network(weights, metadata)
    # Names, kinds and shapes of another network lead to errors of many kinds.
    except Exception as error:
        raise InputError(
            translatable(
                "--prior {path}: the weights do not fit the network they name ({error})",
                path=path,
                error=str(error),
            )
        ) from error
    if net is None:
        raise InputError(
            translatable(
                "--prior {path}: unknown network; give lenscal's own weights, or FFDNet's or "
                "DRUNet's for colour",
                path=path,
            )
        )
    # No training: autograd would keep every layer's output.
    net.requires_grad_(False).eval().to(device)
    if torch.device(device).type == "cpu":
        # A sixth faster there; the same numbers but for rounding.
        net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return net


def _network(
    weights: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> UnshuffleDenoiser | PlainFfdnet | Drunet | None:
    """The network that the weights are of; None where it is not known."""
    if metadata.get("layout") == LAYOUT:
        net = _own_network(weights, metadata)
        net.load_state_dict(weights, assign=True)
        return net
    # FFDNet for colour reads twelve phases and the noise level.
    if "model.0.weight" in weights and weights["model.0.weight"].shape[1] == 13:
        return PlainFfdnet(weights)
    return Drunet(weights) if is_drunet(weights) else None


def _own_network(weights: Mapping[str, Tensor], metadata: Mapping[str, str]) -> UnshuffleDenoiser:
    """lenscal's network, as wide and deep as its weights are.

    Raises
    ------
    ValueError
        The metadata say otherwise.
    """
    channels = weights["head.weight"].shape[0]
    blocks = len({name.split(".")[1] for name in weights if name.startswith("blocks.")})
    # Metadata alone would make any network before the weights are looked at.
    if metadata["channels"] != str(channels) or metadata["blocks"] != str(blocks):
        raise ValueError(f"{channels} channels, {blocks} blocks")
    return UnshuffleDenoiser(channels, blocks)


def _even(x: Tensor) -> tuple[Tensor, int, int]:
    """x padded by its own border to even sizes, and the sizes it had."""
    height, width = x.shape[-2:]
    # Half-size phases need pairs of rows and columns.
    if height % 2 or width % 2:
        x = functional.pad(x, (0, width % 2, 0, height % 2), mode="replicate")
    return x, height, width
