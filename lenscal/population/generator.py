"""G(z): kernels drawn from a population, by a network.

Levac, Jalal, Ramchandran and Tamir, *Double Blind Imaging with Generative Modeling*, section 4.2:
physics is built into the network, as kernels are what softmax gives and so have the energy 1. The
unconstrained variant, for comparison, ends without softmax; its taps may be negative.

    kernels = generator(z)      # z [n, latent], standard normal -> [n, channels, k, k]
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lenscal.errors import InputError
from lenscal.files.population.description import Constraint, GeneratorDescription
from lenscal.files.population.population_file import Population
from lenscal.translation import translatable

_START_SHARE = 0.2
"""Standard deviation of the Gaussian that all kernels begin as, in sides of a kernel."""
_FIRST_SCALE = 0.5
"""Of the last layer's weights at the start: kernels differ a little from each other."""
_SAMPLES_AT_ONCE = 1024


class Generator(nn.Module):
    """Kernels [n, channels, k, k] of sum 1 from z [n, latent]."""

    def __init__(self, description: GeneratorDescription) -> None:
        super().__init__()
        self.description = description
        width, size = description.width, description.kernel_size
        layers: list[nn.Module] = []
        n = description.latent
        for _ in range(description.depth):
            layers += [nn.Linear(n, width), nn.LeakyReLU(0.2)]
            n = width
        self.trunk = nn.Sequential(*layers)
        self.head = nn.Linear(n, description.channels * size * size)
        with torch.no_grad():
            self.head.weight.mul_(_FIRST_SCALE)
            self.head.bias.copy_(_start(description).flatten())

    @property
    def latent(self) -> int:
        """Numbers that a kernel is drawn from."""
        return self.description.latent

    def forward(self, z: Tensor) -> Tensor:
        """Kernels [n, channels, k, k]."""
        size, channels = self.description.kernel_size, self.description.channels
        taps: Tensor = self.head(self.trunk(z)).view(len(z), channels, size * size)
        if self.description.constraint is Constraint.SOFTMAX:
            taps = taps.softmax(-1)
        else:
            # The energy is 1 here, too: brightness is no part of blur.
            taps = taps + (1 - taps.sum(-1, keepdim=True)) / taps.shape[-1]
        return taps.view(len(z), channels, size, size)


def _start(description: GeneratorDescription) -> Tensor:
    """[channels, k, k]: what taps begin as, before softmax where there is one."""
    size = description.kernel_size
    axis = torch.arange(size) - size // 2
    squares = (axis[:, None].square() + axis.square()) / 2 / (_START_SHARE * size) ** 2
    taps = -squares
    if description.constraint is Constraint.NONE:
        taps = (-squares).exp()
        taps = taps / taps.sum()
    return taps.expand(description.channels, size, size)


def fresh_generator(description: GeneratorDescription, seed: int) -> Generator:
    """One that nothing was taught yet; the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Generator(description)


def generator_of(population: Population) -> Generator:
    """The generator of a population, for differentiable use.

    Raises
    ------
    InputError
        Its weights do not fit what is said of them.
    """
    generator = Generator(population.generator)
    weights = {name: torch.tensor(value) for name, value in population.weights.items()}
    try:
        generator.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(
            translatable("the weights of this population do not fit it: {reason}", reason=error)
        ) from error
    return generator.eval().requires_grad_(False)


def weights_of(generator: Generator) -> Mapping[str, NDArray[np.generic]]:
    """What a file keeps of a generator."""
    return {
        name: value.detach().cpu().numpy().astype(np.float32)
        for name, value in generator.state_dict().items()
    }


def sample_kernels(population: Population, n: int, seed: int) -> NDArray[np.float32]:
    """n kernels [n, channels, k, k] of sum 1; kernel i is the same for every n."""
    return sampled(generator_of(population), n, seed)


def sampled(generator: Generator, n: int, seed: int) -> NDArray[np.float32]:
    """As `sample_kernels`, of a generator."""
    device = next(generator.parameters()).device
    z = torch.from_numpy(latents(n, generator.latent, seed)).to(device)
    with torch.no_grad():
        parts = [generator(part).cpu() for part in z.split(_SAMPLES_AT_ONCE)]
    return torch.cat(parts).numpy() if parts else _none(generator.description)


def latents(n: int, latent: int, seed: int) -> NDArray[np.float32]:
    """z [n, latent] that `sample_kernels` takes for a seed."""
    rng = np.random.default_rng([seed, latent])
    return rng.standard_normal((n, latent)).astype(np.float32)


def _none(description: GeneratorDescription) -> NDArray[np.float32]:
    size = description.kernel_size
    return np.empty((0, description.channels, size, size), np.float32)
