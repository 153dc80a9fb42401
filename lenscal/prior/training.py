"""The training of the denoiser prior: the network at its start, and the steps."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from lenscal.errors import InputError
from lenscal.prior.denoiser import ResidualBlock, UnshuffleDenoiser, load_denoiser
from lenscal.prior.optimisers import Optimisers, make_optimisers
from lenscal.prior.training_photos import Patches, draw_sigma
from lenscal.prior.training_settings import TrainSettings
from lenscal.translation import translatable


@dataclass(slots=True)
class TrainState:
    """All that a run needs to go on as if it had never stopped.

    Attributes
    ----------
    net, ema : UnshuffleDenoiser
        The network, and the average of its weights over the last steps, which is what is kept.
    optimisers : Optimisers
    step : int
    seconds : float
        Spent on the steps so far.
    """

    net: UnshuffleDenoiser
    ema: UnshuffleDenoiser
    optimisers: Optimisers
    step: int = 0
    seconds: float = 0.0


def learning_rate(progress: float, step: int, rate: float) -> float:
    """Cosine decay from `rate` to a thousandth over progress 0..1, after a warm-up of 200 steps."""
    # Ends at a thousandth, not at 0: the last minutes still count.
    decay = 1e-3 + (1 - 1e-3) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return rate * decay * min(1.0, (step + 1) / 200)


def take_weights(net: UnshuffleDenoiser, smaller: UnshuffleDenoiser) -> None:
    """Give `net` the weights of a network with fewer blocks: its further blocks start as the
    identity.

    Raises
    ------
    InputError
        The widths differ, or `smaller` is the deeper one.
    """
    if smaller.channels != net.channels or smaller.n_blocks > net.n_blocks:
        raise InputError(
            translatable(
                "--grow-from: a network of {channels} channels and {blocks} blocks cannot grow "
                "into one of {wanted_channels} and {wanted_blocks}: keep --channels {channels}, "
                "add --blocks",
                channels=smaller.channels,
                blocks=smaller.n_blocks,
                wanted_channels=net.channels,
                wanted_blocks=net.n_blocks,
            )
        )
    net.load_state_dict(smaller.state_dict(), strict=False)
    for block in list(net.blocks)[smaller.n_blocks :]:
        assert isinstance(block, ResidualBlock)
        torch.nn.init.zeros_(block.second.weight)


def start(settings: TrainSettings, grow_from: Path | None = None) -> TrainState:
    """A fresh network that leaves images as they are, or one that does what a smaller one does
    (`grow_from`)."""
    # Layers draw from the global generator as they are made: it is put back.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        net = UnshuffleDenoiser(settings.channels, settings.blocks)
        ema = UnshuffleDenoiser(settings.channels, settings.blocks)
    _initialise(net, settings.seed)
    if grow_from is not None:
        smaller = load_denoiser(grow_from)
        if not isinstance(smaller, UnshuffleDenoiser):
            raise InputError(
                translatable(
                    "--grow-from {path}: not one of lenscal's own networks", path=grow_from
                )
            )
        take_weights(net, smaller)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    ema.load_state_dict(net.state_dict())
    ema.requires_grad_(False)
    # Muon is for matrices inside the network; first and last layer, and biases, go with Adam.
    for_muon: list[torch.nn.Parameter] = []
    if settings.optimiser == "muon":
        for_muon = [p for p in net.blocks.parameters() if p.ndim == 4]
    optimisers = make_optimisers(net.parameters(), for_muon, settings.rate)
    return TrainState(net, ema, optimisers)


def _initialise(net: UnshuffleDenoiser, seed: int) -> None:
    """Random weights with which the network leaves images as they are."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in net.named_parameters():
        if parameter.ndim == 1 or name.startswith("tail"):
            torch.nn.init.zeros_(parameter)
        else:
            torch.nn.init.kaiming_normal_(parameter, nonlinearity="relu", generator=generator)
            if "second" in name:
                # Blocks begin near the identity: a deep network then trains quickly.
                parameter.data *= 0.3


def train(patches: Patches, state: TrainState, settings: TrainSettings) -> Iterator[float]:
    """Train `state` until the steps or the minutes are used up; yields the loss of each step.

    Loss: the mean of (denoised - clean)^2 / (sigma + 0.02), so that neither weak nor strong noise
    rules.
    """
    if settings.steps is None and settings.minutes is None:
        raise InputError(translatable("training needs --steps or --minutes"))
    parameters = list(zip(state.ema.parameters(), state.net.parameters(), strict=True))
    while True:
        began = time.monotonic()
        by_steps = state.step / settings.steps if settings.steps else 0.0
        by_clock = state.seconds / (60 * settings.minutes) if settings.minutes else 0.0
        progress = max(by_steps, by_clock)
        if progress >= 1:
            return
        # Random numbers by the step's number: a run that was stopped goes on with the same ones.
        rng = np.random.default_rng([settings.seed, state.step])
        clean = patches.draw(settings.batch, rng)
        sigma = draw_sigma(settings.batch, settings.patch_px, settings, rng)
        # Numpy's generator, not torch's: its state is one number, the step.
        noise = torch.from_numpy(rng.standard_normal(clean.shape, dtype=np.float32))
        noisy = (clean + sigma * noise).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=settings.half_precision):
            denoised = state.net(noisy, sigma)
        # In float32: bfloat16 has too few digits for a mean of small squares.
        loss = ((denoised.float() - clean).square() / (sigma + 0.02)).mean()
        # None instead of zeros: no memory, and Adam skips what has no gradient.
        state.net.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(state.net.parameters(), 1.0)
        state.optimisers.step(learning_rate(progress, state.step, settings.rate))
        # By hand: torch's AveragedModel wraps the network, takes its first weights whole and has
        # one decay; here the decay grows from 0.1, so that the first steps are soon forgotten.
        decay = min(0.999, (1 + state.step) / (10 + state.step))
        with torch.no_grad():
            for average, value in parameters:
                average.lerp_(value, 1 - decay)
        state.step += 1
        state.seconds += time.monotonic() - began
        yield loss.item()
