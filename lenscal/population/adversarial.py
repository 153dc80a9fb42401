"""A generator of kernels against a discriminator of photos (Levac et al., section 3, after
AmbientGAN, Bora et al. 2018).

    min_G max_D  E[ln D(y)] + E[ln (1 - D(G(z) * x + noise))],    y blurred, x sharp, unpaired

with the non-saturating loss, R1 and adaptive augmentation. Fakes get fresh noise of the known
strength, which so is taken out of what is learnt. The centre of mass of kernels is held in their
middle: crops do not tell it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lenscal.calibration.matching.loop import sum_in_order
from lenscal.files.population.description import GeneratorDescription
from lenscal.population.augment import Augmentation, augmented, choices
from lenscal.population.discriminator import (
    Discriminator,
    fake_loss,
    real_loss,
    seen,
    slope,
)
from lenscal.population.generator import fresh_generator
from lenscal.population.photographed import Exposed, Exposures, photographed
from lenscal.system.threads import Team

BATCH, PIECE = 32, 16
"""Photos a step, and of a part of it: steps are cut into parts for threads, as many whatever the
number of threads, so that sums of gradients have the same bits."""
CROPS = 4
"""Of a photo, that are seen at once."""
GENERATOR_RATE, DISCRIMINATOR_RATE = 1e-3, 2e-3
BETAS = (0.0, 0.99)
R1_WEIGHT, R1_EVERY = 0.3, 8
CENTRE_WEIGHT = 0.1
"""Of the squared distance px^2 of a kernel's centre of mass from its middle."""
AVERAGING = 0.998
"""Of the generator's weights, in which what is kept lags behind: 500 steps."""
WARM_STEPS = 100
_USUAL_PHOTOS = 512


@dataclass(frozen=True, slots=True)
class StepFigures:
    """Of a step: losses, r_t (`Augmentation`) and the probability that follows from it."""

    generator_loss: float
    discriminator_loss: float
    overfitting: float
    probability: float


class AdversarialTraining:
    """Steps of G and D.

    Attributes
    ----------
    generator, average : Generator
        What is moved, and the average of its weights, which is what is kept.
    """

    def __init__(
        self,
        exposures: Exposures,
        description: GeneratorDescription,
        *,
        seed: int,
        total: int,
        device: torch.device,
    ) -> None:
        self.exposures, self.device, self.total = exposures, device, total
        self.generator = fresh_generator(description, seed).to(device)
        self.average = fresh_generator(description, seed).to(device).requires_grad_(False)
        channels = exposures.blurred.pieces.values.shape[1]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.discriminator = Discriminator(exposures.crop_px, CROPS * channels, channels).to(
                device
            )
        self.optimisers = {
            "generator": _adam(self.generator, GENERATOR_RATE),
            "discriminator": _adam(self.discriminator, DISCRIMINATOR_RATE),
        }
        self.discriminator.usual.copy_(self._usual(seed))
        self.augmentation = Augmentation()
        self.random = torch.Generator().manual_seed(seed)
        self.step_number = 0

    def step(self) -> StepFigures:
        """One step of D, then one of G on other photos."""
        self._set_rates()
        random = self.random
        probability = self.augmentation.probability
        real = self.exposures.real(BATCH, CROPS, random)
        first, second = (self.exposures.drawn(BATCH, CROPS, random) for _ in range(2))
        changes = [choices(BATCH, probability, random) for _ in range(3)]
        parts = [slice(i, i + PIECE) for i in range(0, BATCH, PIECE)]
        with Team(None if self.device.type == "cpu" else 1) as team:
            judged = team.all(
                lambda p: self._judged(real[p], first.part(p), changes[0][p], changes[1][p]), parts
            )
            d_loss = self._move("discriminator", self.discriminator, judged)
            self.augmentation.heed(torch.cat([verdicts for _, _, verdicts in judged]))
            made = team.all(lambda p: self._made(second.part(p), changes[2][p]), parts)
            g_loss = self._move("generator", self.generator, made)
        self.follow_average()
        self.step_number += 1
        overfitting = self.augmentation.overfitting
        return StepFigures(g_loss, d_loss, overfitting, self.augmentation.probability)

    def _usual(self, seed: int) -> Tensor:
        random = torch.Generator().manual_seed(seed)
        return seen(self.exposures.real(_USUAL_PHOTOS, CROPS, random)).spectra.mean(0)

    def fake(self, exposed: Exposed) -> tuple[Tensor, Tensor]:
        """Photos of the generator's kernels, and these."""
        moved = Exposed(*(getattr(exposed, n).to(self.device) for n in Exposed.__slots__))
        kernels = self.generator(moved.z)
        return photographed(moved, kernels), kernels

    def _judged(
        self, real: Tensor, exposed: Exposed, real_changes: Tensor, fake_changes: Tensor
    ) -> tuple[Tensor, Sequence[Tensor], Tensor]:
        """D's loss on a part of the step, its gradient, and the verdicts on real photos."""
        with torch.no_grad():
            fake, _ = self.fake(exposed)
            shown_fake = seen(augmented(fake, fake_changes))
            shown_real = seen(augmented(real.to(self.device), real_changes))
        with_slope = self.step_number % R1_EVERY == 0
        if with_slope:
            shown_real = shown_real.leaves()
        n = len(real)
        # Both at once: small networks are faster so.
        verdicts = self.discriminator(shown_real.beside(shown_fake))
        loss = real_loss(verdicts[:n]) + fake_loss(verdicts[n:])
        total = loss
        if with_slope:
            # Every few steps only, and as much more then: published with StyleGAN2.
            total = loss + R1_EVERY * R1_WEIGHT / 2 * slope(verdicts[:n], shown_real)
        gradient = torch.autograd.grad(total, list(self.discriminator.parameters()))
        return loss.detach(), gradient, verdicts[:n].detach().cpu()

    def _made(self, exposed: Exposed, changes: Tensor) -> tuple[Tensor, Sequence[Tensor], Tensor]:
        """G's loss on a part of the step, its gradient, and the verdicts."""
        fake, kernels = self.fake(exposed)
        verdicts = self.discriminator(seen(augmented(fake, changes)))
        loss = real_loss(verdicts)
        total = loss + CENTRE_WEIGHT * off_centre(kernels)
        gradient = torch.autograd.grad(total, list(self.generator.parameters()))
        return loss.detach(), gradient, verdicts.detach()

    def _move(
        self,
        name: str,
        network: nn.Module,
        parts: Sequence[tuple[Tensor, Sequence[Tensor], Tensor]],
    ) -> float:
        """A step along the mean of the parts' gradients; returns their mean loss."""
        losses, gradients, _ = zip(*parts, strict=True)
        for parameter, *shares in zip(network.parameters(), *gradients, strict=True):
            parameter.grad = sum_in_order(shares) / len(parts)
        self.optimisers[name].step()
        return float(sum_in_order(losses)) / len(parts)

    @torch.no_grad()
    def follow_average(self) -> None:
        """Take the generator's weights into their average."""
        # The decay grows: the first steps are soon forgotten.
        n = self.step_number
        decay = min(AVERAGING, (1 + n) / (10 + n))
        pairs = zip(self.average.parameters(), self.generator.parameters(), strict=True)
        for average, value in pairs:
            average.lerp_(value, 1 - decay)

    def _set_rates(self) -> None:
        # Slow while Adam's moments are empty, and towards the end.
        n, left = self.step_number, 1 - self.step_number / max(self.total, 1)
        decay = min(1.0, (n + 1) / WARM_STEPS) * min(1.0, max(4 * left, 0.1))
        for name, rate in (
            ("generator", GENERATOR_RATE),
            ("discriminator", DISCRIMINATOR_RATE),
        ):
            for group in self.optimisers[name].param_groups:
                group["lr"] = rate * decay

    # Snapshots

    def numbers(self) -> Mapping[str, float]:
        """What of the state is no array."""
        return {
            "step": self.step_number,
            "probability": self.augmentation.probability,
            "overfitting": self.augmentation.overfitting,
        }

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Copies of all tensors that the next steps depend on."""
        tensors = dict(self._tensors())
        tensors["random"] = self.random.get_state()
        for name, optimiser in self.optimisers.items():
            for number, parameter in enumerate(optimiser.param_groups[0]["params"]):
                for key, value in optimiser.state.get(parameter, {}).items():
                    tensors[f"adam.{name}.{number}.{key}"] = value
        return {name: np.array(t.detach().cpu().numpy()) for name, t in tensors.items()}

    def restore(
        self, numbers: Mapping[str, float], arrays: Mapping[str, NDArray[np.generic]]
    ) -> None:
        """Go on from there: the next steps come out the same, to the bit, on the CPU."""
        tensors = {name: torch.tensor(array) for name, array in arrays.items()}
        self.step_number = int(numbers["step"])
        self.augmentation.probability = float(numbers["probability"])
        self.augmentation.overfitting = float(numbers["overfitting"])
        with torch.no_grad():
            for name, tensor in self._tensors():
                tensor.copy_(tensors[name])
        self.random.set_state(tensors["random"])
        for name, optimiser in self.optimisers.items():
            for number, parameter in enumerate(optimiser.param_groups[0]["params"]):
                key = f"adam.{name}.{number}"
                if f"{key}.step" not in tensors:
                    continue
                optimiser.state[parameter] = {
                    "step": tensors[f"{key}.step"].reshape(()),
                    **{
                        moment: tensors[f"{key}.{moment}"].to(parameter)
                        for moment in ("exp_avg", "exp_avg_sq")
                    },
                }

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        for label, network in (
            ("generator", self.generator),
            ("average", self.average),
            ("discriminator", self.discriminator),
        ):
            for name, tensor in network.state_dict().items():
                yield f"{label}.{name}", tensor


def off_centre(kernels: Tensor) -> Tensor:
    """Mean squared distance px^2 of kernels' centre of mass, of all colours together, from k // 2:
    where colours lie apart is lateral colour."""
    size = kernels.shape[-1]
    axis = torch.arange(size, device=kernels.device, dtype=kernels.dtype) - size // 2
    y = (kernels.sum(-1) * axis).sum(-1).mean(1)
    x = (kernels.sum(-2) * axis).sum(-1).mean(1)
    return (y.square() + x.square()).mean()


def _adam(network: nn.Module, rate: float) -> torch.optim.Adam:
    return torch.optim.Adam(network.parameters(), lr=rate, betas=BETAS)
