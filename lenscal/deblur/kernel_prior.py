"""What kernels of a rig look like: a flow over kernels, trained on samples of them.

The velocity network of `flow` with one plane for each colour; kernels are its pictures. From it
come samples, and the kernel to be expected behind a noisy one, which is what joint sampling asks
for (`sampling`).

Levac, Jalal, Ramchandran, Tamir 2024, section 4.4, where a diffusion model takes this place; Lipman
et al. 2023, arXiv:2210.02747, for flows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lenscal.errors import InputError
from lenscal.files.population.description import PriorDescription
from lenscal.files.population.population_file import Population
from lenscal.flow.network import NetworkSettings, VelocityNetwork, seeded_network
from lenscal.flow.sampling import sample
from lenscal.flow.training import PowerAverage, flow_loss
from lenscal.reports import Report
from lenscal.stepping import STOP, Job, Paused
from lenscal.system.threads import settle_torch
from lenscal.translation import translatable

LAYOUT = "lenscal kernel flow 1"
"""Names the network in a population's file."""
LEVELS = 3
"""Of the network: kernels are padded to a multiple of 4 px."""
WIDTH, DEPTH = 24, 1
BATCH, RATE, LAST_RATE = 32, 1.5e-3, 1e-4
WARM_STEPS = 100
SAMPLE_STEPS = 24
_EVERY = 20
"""Steps after which is reported."""
_MULTIPLE = 2 ** (LEVELS - 1)


@dataclass(frozen=True, slots=True)
class PriorSettings:
    """How long a kernel prior is trained.

    Attributes
    ----------
    steps : of `BATCH` kernels each
    minutes : after which training ends early; None: never
    """

    steps: int = 3000
    minutes: float | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class KernelPrior:
    """A trained flow over kernels [channels, size, size] of sum 1.

    mean, scale : kernels are `mean + scale * x` for the x that the network knows
    """

    network: VelocityNetwork
    size: int
    channels: int
    mean: float
    scale: float

    def posterior_mean(self, noisy: Tensor, level: float) -> Tensor:
        """Kernels [n, c, k, k] to be expected behind `kernel + level * scale * white noise`."""
        # On the straight path x_t = t x + (1 - t) noise, of which this is 1 / t.
        t = 1 / (1 + level)
        x = t * self._padded((noisy - self.mean) / self.scale)
        n = len(x)
        times, place = x.new_full((n,), t), x.new_zeros(n, 2)
        v = self.network(x, times, place, torch.zeros(n, dtype=torch.long, device=x.device))
        return self._kernels(x + (1 - t) * v)

    def samples(self, n: int, seed: int) -> Tensor:
        """Kernels [n, c, k, k], of sum 1 and without negative taps."""
        generator = torch.Generator().manual_seed(seed)
        side = padded_px(self.size)
        x_0 = torch.randn(n, self.channels, side, side, generator=generator)
        drawn = sample(
            self.network, without_rim(x_0, self.size), torch.zeros(n, 2), steps=SAMPLE_STEPS
        )
        return proper(self._kernels(drawn))

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Of the network, to be kept in a file."""
        return {
            name: np.asarray(value.detach().cpu(), np.float32)
            for name, value in self.network.state_dict().items()
        }

    def values(self) -> dict[str, float]:
        """All else that it is made from again."""
        return {
            "size": self.size,
            "channels": self.channels,
            "mean": self.mean,
            "scale": self.scale,
        }

    def _padded(self, kernels: Tensor) -> Tensor:
        missing = padded_px(self.size) - self.size
        return functional.pad(kernels, (0, missing, 0, missing), value=-self.mean / self.scale)

    def _kernels(self, x: Tensor) -> Tensor:
        return self.mean + self.scale * x[..., : self.size, : self.size]


def padded_px(size: int) -> int:
    """Side of the network's pictures of kernels."""
    rest: int = -size % _MULTIPLE
    return size + rest


def without_rim(noise: Tensor, size: int) -> Tensor:
    """No noise where kernels are padded: nothing is to be found out there."""
    kept = torch.zeros_like(noise)
    kept[..., :size, :size] = noise[..., :size, :size]
    return kept


def proper(kernels: Tensor) -> Tensor:
    """Without negative taps, each channel of sum 1."""
    positive = kernels.clamp(min=0)
    total = positive.sum((-1, -2), keepdim=True)
    n = kernels.shape[-1] ** 2
    # Nothing left: light that lies nowhere is spread evenly.
    even = torch.full_like(positive, 1 / n)
    return torch.where(total > 1e-6, positive / total.clamp(min=1e-6), even)


def prior_of(population: Population) -> KernelPrior | None:
    """The prior that a population holds; None where none was trained.

    Raises
    ------
    InputError
        It is of another kind than this version knows.
    """
    if population.prior is None:
        return None
    problem = InputError(
        translatable("its kernel prior is of another kind: train it again with this version")
    )
    values = population.prior.values
    described = population.generator
    numbers = [values.get(name) for name in ("mean", "scale")]
    mean, scale = (float(n) if isinstance(n, int | float) else float("nan") for n in numbers)
    same = (values.get("size"), values.get("channels")) == (
        described.kernel_size,
        described.channels,
    )
    if population.prior.layout != LAYOUT or not same or not (scale > 0 and abs(mean) <= 1):
        raise problem
    network = seeded_network(_network_settings(described.channels), 0)
    weights = {
        name: torch.from_numpy(np.array(value, np.float32))
        for name, value in population.prior_weights.items()
    }
    # The waves of time and place: no file has a say in them.
    weights["harmonics"] = network.harmonics
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise problem from error
    network.requires_grad_(False).eval()
    return KernelPrior(network, described.kernel_size, described.channels, mean, scale)


def with_prior(
    population: Population, prior: KernelPrior, *, steps: int, seconds: float
) -> Population:
    """The population, with a prior in place of the one that it had."""
    created = datetime.now(UTC).isoformat(timespec="seconds")
    described = PriorDescription(LAYOUT, prior.values(), steps, seconds, created)
    return replace(population, prior=described, prior_weights=prior.weights())


def _network_settings(channels: int) -> NetworkSettings:
    return NetworkSettings(channels, WIDTH, DEPTH, LEVELS)


def train_kernel_prior(kernels: NDArray[np.float32], settings: PriorSettings) -> Job[KernelPrior]:
    """A flow over kernels, trained on some of them.

    `STOP` ends training with what there is.

    Parameters
    ----------
    kernels : float32 ndarray [n, c, k, k]
        Each channel of sum 1.
    """
    settle_torch()
    given = torch.from_numpy(np.ascontiguousarray(kernels, np.float32))
    _, channels, size, _ = given.shape
    prior = KernelPrior(
        seeded_network(_network_settings(channels), settings.seed),
        size,
        channels,
        float(given.mean()),
        float(given.std()),
    )
    x = prior._padded((given - prior.mean) / prior.scale)
    parameters = list(prior.network.parameters())
    optimiser = torch.optim.Adam(parameters, RATE)
    average = PowerAverage(parameters)
    generator = torch.Generator().manual_seed(settings.seed)
    message = translatable("Learning what kernels of this rig look like")
    began = time.monotonic()
    for step in range(settings.steps):
        done = _done(step, time.monotonic() - began, settings)
        for group in optimiser.param_groups:
            group["lr"] = min(1, (step + 1) / WARM_STEPS) * RATE * (LAST_RATE / RATE) ** done
        loss = _loss(prior, x, generator)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        average.update(parameters)
        if done >= 1:
            break
        if step % _EVERY == 0:
            value = {"kernel flow": float(loss.detach())}
            reply = yield Report("kernel prior", message, done, step, value)
            if reply == STOP:
                break
            if isinstance(reply, Paused):
                began += reply.seconds
    with torch.no_grad():
        for parameter, mean in zip(parameters, average.values, strict=True):
            parameter.copy_(mean)
    prior.network.requires_grad_(False).eval()
    return prior


def _done(step: int, seconds: float, settings: PriorSettings) -> float:
    """Part of the training that is done."""
    by_steps = step / settings.steps
    if settings.minutes is None:
        return by_steps
    return max(by_steps, seconds / (60 * settings.minutes))


def _loss(prior: KernelPrior, x: Tensor, generator: torch.Generator) -> Tensor:
    chosen = torch.randint(0, len(x), (BATCH,), generator=generator)
    x_1 = x[chosen]
    # All of the way: sampling begins with nothing but noise.
    t = torch.rand(BATCH, generator=generator).clamp(0.005, 0.995)
    x_0 = without_rim(torch.randn(x_1.shape, generator=generator), prior.size)
    place, domain = torch.zeros(BATCH, 2), torch.zeros(BATCH, dtype=torch.long)
    return flow_loss(prior.network, x_0, x_1, t, place, domain)
