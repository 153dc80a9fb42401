"""Pre-train a velocity network on a folder of photos with random blur and noise:
python -m lenscal.flow.pretrain FOLDER --out FILE.

What it has learnt of pictures, blur and noise is where stage F of a calibration begins (Meanti et
al. 2025, B.2, begin with a network of clean photos). Averaged weights are written every few
minutes and at the end.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lenscal.flow.network import NetworkSettings, VelocityNetwork, parameter_count, seeded_network
from lenscal.flow.pretrained import BASE, save_network
from lenscal.flow.pretraining_patches import KERNEL_PX, draw_patches
from lenscal.flow.training import PowerAverage, flow_loss
from lenscal.prior.training_photos import Patches, load_photos
from lenscal.prior.training_settings import TrainSettings

log = logging.getLogger("lenscal.pretrain")

HELD_OUT_ONE_IN = 10
"""Photos that the loss is told of at the end."""


@dataclass(frozen=True, slots=True)
class PretrainSettings:
    """How long and on what."""

    steps: int = 20_000
    patch_px: int = 32
    batch: int = 32
    rate: float = 2e-3
    seed: int = 0
    half_precision: bool = False
    network: NetworkSettings = BASE


def pretrain(photos: Patches, settings: PretrainSettings) -> Iterator[tuple[float, PowerAverage]]:
    """Train step by step; the loss and the weights' average after each."""
    network = seeded_network(settings.network, settings.seed)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.rate, betas=(0.9, 0.99))
    average = PowerAverage(network.parameters())
    rng = np.random.default_rng(settings.seed)
    generator = torch.Generator().manual_seed(settings.seed)
    for step in range(settings.steps):
        progress = step / settings.steps
        # Slow while Adam's moments are empty; at the end down to nothing.
        rate = settings.rate * min(1.0, (step + 1) / 200) * min(1.0, 2.5 * (1 - progress))
        for group in optimiser.param_groups:
            group["lr"] = rate
        x_1 = draw_patches(photos, settings.batch, rng, generator)
        loss = _loss(network, x_1, generator, half_precision=settings.half_precision)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        average.update(network.parameters())
        yield float(loss.detach()), average


def _loss(
    network: VelocityNetwork, x_1: Tensor, generator: torch.Generator, *, half_precision: bool
) -> Tensor:
    """Of patches at random times and places: a network without photos knows of no place."""
    n = len(x_1)
    x_0 = torch.randn(x_1.shape, generator=generator)
    t, place = torch.rand(n, generator=generator), torch.rand(n, 2, generator=generator)
    domain = torch.zeros(n, dtype=torch.long)
    with torch.autocast("cpu", torch.bfloat16, enabled=half_precision):
        return flow_loss(network, x_0, x_1, t, place, domain)


def run(folder: Path, out: Path, settings: PretrainSettings, *, save_every_s: float = 300) -> float:
    """Train, keep `out` up to date; the loss on photos that were kept out."""
    photos = load_photos(folder)
    order = np.random.default_rng(settings.seed).permutation(len(photos))
    # By photo and at random: names are sorted by source.
    n_held_out = len(photos) // HELD_OUT_ONE_IN
    kept, learnt = (
        _patches([photos[i] for i in numbers], settings)
        for numbers in (order[:n_held_out], order[n_held_out:])
    )
    began = saved = time.monotonic()
    losses: list[float] = []
    for step, (loss, average) in enumerate(pretrain(learnt, settings)):
        losses.append(loss)
        if len(losses) == 200:
            minutes = (time.monotonic() - began) / 60
            log.info("step %d, %.1f min, loss %.4f", step + 1, minutes, np.mean(losses))
            losses.clear()
        if time.monotonic() - saved > save_every_s or step + 1 == settings.steps:
            saved = time.monotonic()
            network = _averaged(settings, average)
            save_network(network, out, {"step": str(step + 1), "photos": str(len(photos))})
    return _held_out_loss(_averaged(settings, average), kept, settings)


def _patches(
    photos: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]], s: PretrainSettings
) -> Patches:
    """Larger by the kernel."""
    return Patches(photos, TrainSettings(patch_px=s.patch_px + KERNEL_PX - 1))


def _averaged(settings: PretrainSettings, average: PowerAverage) -> VelocityNetwork:
    network = seeded_network(settings.network, settings.seed)
    with torch.no_grad():
        for parameter, mean in zip(network.parameters(), average.values, strict=True):
            parameter.copy_(mean)
    return network


@torch.no_grad()
def _held_out_loss(network: VelocityNetwork, photos: Patches, settings: PretrainSettings) -> float:
    rng, generator = np.random.default_rng(1), torch.Generator().manual_seed(1)
    losses = [
        float(
            _loss(
                network, draw_patches(photos, 64, rng, generator), generator, half_precision=False
            )
        )
        for _ in range(20)
    ]
    return float(np.mean(losses))


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m lenscal.flow.pretrain", description=__doc__)
    add, defaults = parser.add_argument, PretrainSettings()
    add("folder", type=Path, help="folder of photos (JPEG, PNG, TIFF)")
    add("--out", type=Path, required=True, help="weights file to write (.safetensors)")
    add("--steps", type=int, default=defaults.steps, help="default: %(default)s")
    add("--batch", type=int, default=defaults.batch, help="default: %(default)s")
    add("--seed", type=int, default=defaults.seed, help="default: %(default)s")
    add("--half-precision", action="store_true", help="compute in bfloat16")
    options = vars(parser.parse_args(argv))
    folder, out = options.pop("folder"), options.pop("out")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settings = PretrainSettings(**options)
    torch.set_num_threads(1)
    network = seeded_network(settings.network, 0)
    log.info("%d parameters, %d steps", parameter_count(network), settings.steps)
    log.info("loss on photos that were kept out: %.4f", run(folder, out, settings))


if __name__ == "__main__":
    main()
