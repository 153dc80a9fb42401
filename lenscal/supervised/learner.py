"""The steps of a training: the network, the average of its weights, and what moves them."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from lenscal.prior.denoiser import UnshuffleDenoiser, load_denoiser
from lenscal.prior.optimisers import Optimisers, make_optimisers
from lenscal.restore.network.rrdb import RrdbNetwork, fresh
from lenscal.restore.network.small import PLANES, SmallNetwork, begun_from
from lenscal.restore.network.weights import Network
from lenscal.supervised.adversarial import (
    BEGINS_AT,
    PatchDiscriminator,
    discriminator_loss,
    generator_loss,
)
from lenscal.supervised.exposures import Exposure
from lenscal.supervised.settings import NetworkSettings, NetworkSize
from lenscal.system.threads import several_cores

AVERAGING = 0.998
"""Of the weights that are kept: over the last 500 steps."""
WORTH_HALF = 0.9
"""Time in bfloat16 over that in float32 below which it is used: it costs some accuracy."""
DISCRIMINATOR_RATE = 1e-4
"""As ESRGAN's."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a step is made of.

    Attributes
    ----------
    patch_px : int
        Even.
    batch : int
    rate : float
        Largest learning rate.
    """

    patch_px: int
    batch: int
    rate: float


PLANS = {
    # Muon moves the blocks: with it 1e-3 was best for the denoiser (docs/experiments/prior.md).
    NetworkSize.SMALL: Plan(96, 8, 1e-3),
    # ESRGAN's patches, batch and rate.
    NetworkSize.FULL: Plan(128, 16, 2e-4),
}


class Pool:
    """The last exposures, and patches of them."""

    def __init__(self, size: int) -> None:
        self._exposures: list[Exposure] = []
        self._size, self._next = size, 0

    def put(self, exposure: Exposure) -> None:
        """In place of the oldest."""
        if len(self._exposures) < self._size:
            self._exposures.append(exposure)
            return
        self._exposures[self._next] = exposure
        self._next = (self._next + 1) % self._size

    def draw(self, plan: Plan, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Planes [B, 11, p, p] and sharp patches [B, 3, p, p]."""
        planes, sharp = [], []
        for _ in range(plan.batch):
            exposure = self._exposures[int(rng.integers(len(self._exposures)))]
            # From even pixels on: a mosaic's phases keep their places.
            lengths = exposure.planes.shape[-2:]
            side = min(plan.patch_px, *lengths)
            y, x = (2 * int(rng.integers((length - side) // 2 + 1)) for length in lengths)
            part = (slice(None), slice(y, y + side), slice(x, x + side))
            planes.append(exposure.planes[part])
            sharp.append(exposure.sharp[part])
        return torch.stack(planes), torch.stack(sharp)


@dataclass(slots=True)
class Learner:
    """What a training moves.

    Attributes
    ----------
    net, average : Network
        The network, and the average of its weights, which is what is kept.
    discriminator : (network, optimiser) or None
    steps : int
    """

    net: Network
    average: Network
    optimisers: Optimisers
    plan: Plan
    device: torch.device
    discriminator: tuple[PatchDiscriminator, torch.optim.Optimizer] | None = None
    half_precision: bool = False
    steps: int = field(default=0)

    def step(self, planes: Tensor, sharp: Tensor, rate: float, progress: float) -> float:
        """Learn from a batch; returns the mean absolute error."""
        planes, sharp = planes.to(self.device), sharp.to(self.device)
        if self.device.type == "cpu":
            planes = planes.to(memory_format=torch.channels_last)
        with self._cores():
            loss = self._learn(planes, sharp, rate, progress)
        self.steps += 1
        # The decay grows: the first steps are soon forgotten.
        decay = min(AVERAGING, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.net.parameters(), strict=True)
            for average, value in pairs:
                average.lerp_(value, 1 - decay)
        return loss

    def _cores(self) -> AbstractContextManager[None]:
        """torch 2.13 is eight times slower with bfloat16 on two threads than on one."""
        one = self.half_precision and self.device.type == "cpu"
        return nullcontext() if one else several_cores()

    def choose_precision(self) -> None:
        """bfloat16 where the device is faster with it: that differs from processor to
        processor."""
        shape = (self.plan.batch, PLANES, self.plan.patch_px, self.plan.patch_px)
        planes = torch.zeros(shape, device=self.device)
        if self.device.type == "cpu":
            planes = planes.to(memory_format=torch.channels_last)
        seconds = {}
        for half in (False, True):
            self.half_precision = half
            # The first one is slower: libraries prepare themselves.
            for _ in range(2):
                began = time.monotonic()
                with self._cores():
                    self._restored(planes).sum().backward()
                if self.device.type == "cuda":
                    torch.cuda.synchronize()
                seconds[half] = time.monotonic() - began
        self.net.zero_grad(set_to_none=True)
        self.half_precision = seconds[True] < WORTH_HALF * seconds[False]

    def _restored(self, planes: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half_precision):
            restored: Tensor = self.net(planes)
        # In float32: bfloat16 has too few digits for small differences.
        return restored.float()

    def _learn(self, planes: Tensor, sharp: Tensor, rate: float, progress: float) -> float:
        restored = self._restored(planes)
        error = absolute_error(restored, sharp)
        loss = error
        if self.discriminator is not None and progress >= BEGINS_AT:
            loss = loss + self._adversarial(restored, sharp)
        self.net.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimisers.step(rate)
        return float(error.item())

    def _adversarial(self, restored: Tensor, sharp: Tensor) -> Tensor:
        """Teach the discriminator, then say what it makes of the restored patches."""
        assert self.discriminator is not None
        judge, optimiser = self.discriminator
        judge.requires_grad_(True)
        judge.zero_grad(set_to_none=True)
        loss = discriminator_loss(judge(sharp)[0], judge(restored.detach())[0])
        loss.backward()
        optimiser.step()
        judge.requires_grad_(False)
        return generator_loss(judge(sharp), judge(restored))


def absolute_error(restored: Tensor, sharp: Tensor) -> Tensor:
    """Mean |u - u*| + |u^2 - u*^2|: as it is looked at, and in linear light, where photos are
    measured."""
    seen = (restored - sharp).abs().mean()
    light = (restored.clamp(min=0).square() - sharp.square()).abs().mean()
    return seen + light


def start(settings: NetworkSettings, device: torch.device, begun: Network | None) -> Learner:
    """A network at its beginning, or where another training left it."""
    plan = PLANS[settings.size]
    net = begun if begun is not None else _beginning(settings)
    average = type(net)(net.channels, net.n_blocks)
    average.load_state_dict(net.state_dict())
    average.requires_grad_(False).eval().to(device)
    net.requires_grad_(True).train().to(device)
    discriminator = None
    if settings.size is NetworkSize.FULL:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            judge = PatchDiscriminator(settings.channels).to(device)
        adam = torch.optim.Adam(judge.parameters(), lr=DISCRIMINATOR_RATE, betas=(0.9, 0.99))
        discriminator = judge, adam
    # Muon needs matrices in this layout, and a processor is faster with it.
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for_muon = (
        [p for p in net.blocks.parameters() if p.ndim == 4]
        if settings.size is NetworkSize.SMALL
        else []
    )
    optimisers = make_optimisers(net.parameters(), for_muon, plan.rate)
    return Learner(net, average, optimisers, plan, device, discriminator)


def _beginning(settings: NetworkSettings) -> SmallNetwork | RrdbNetwork:
    if settings.size is NetworkSize.FULL:
        return fresh(settings.channels, settings.blocks, settings.seed)
    denoiser = load_denoiser()
    assert isinstance(denoiser, UnshuffleDenoiser)
    return begun_from(denoiser)
