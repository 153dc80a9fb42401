"""Stages F and M as published (Meanti et al. 2025): distribution matching by two networks.

F: v_theta learns the degraded patches; the power-function average of its weights is then frozen.
M: an auxiliary network v_phi begins as a copy of it and learns the re-blurred patches, and kernels
follow the difference of the two, by turns and on different patches:

    grad = E[ (v_phi(y_t, t) - v_theta(y_t, t)) . dy/dkernels ],   t ~ U[0, 1]

Equation 5's sign is the opposite; this is the public code's (revision 7804d02), which descends. The
weight 1 is the published one: that of a Kullback-Leibler divergence whose times t count as
(1 - t) / t^2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from lenscal.calibration.families.family import BlurFamily
from lenscal.calibration.matching.batch import Batch
from lenscal.calibration.matching.loop import (
    MatchingLoop,
    Snapshot,
    placed,
    random_normal,
    sum_in_order,
)
from lenscal.calibration.matching.reblur import Reblur, send
from lenscal.flow.compiling import can_compile, compiled
from lenscal.flow.network import REAL, NetworkSettings, VelocityNetwork, seeded_network
from lenscal.flow.normalise import by_contrast
from lenscal.flow.path import interpolate
from lenscal.flow.pretrained import pretrained_network
from lenscal.flow.training import PowerAverage, flow_loss

RANDOM_POSITIONS = 0.2
"""Share of patches whose position is replaced by a random one, as published, in both networks
alike."""
LEAST_VARIANCE = 1e-12
"""Under a root whose slope is needed."""


@dataclass(frozen=True, slots=True)
class PublishedSettings:
    """How long and how fast is learnt.

    Attributes
    ----------
    batch : patches a step of M; F has `flow_factor` times as many
    flow_rate, auxiliary_rate, kernel_rate : learning rates of Adam; published ones (0.01, 1e-5 and
        4e-5) are for EDM2's normalised layers, batches of 1024 and 128, and 6 M patches
    train_noise : whether the noise of the degraded photos is learnt too, as a factor of what was
        estimated: where the files do not tell it
    pretrained : whether v_theta begins with the network that ships, where it has its size
    compile : whether networks are compiled on a GPU, where that works: a minute, which long
        trainings earn back
    """

    flow_steps: int
    matching_steps: int
    network: NetworkSettings
    batch: int = 64
    flow_factor: int = 1
    flow_rate: float = 1e-3
    auxiliary_rate: float = 1e-3
    kernel_rate: float = 0.003
    train_noise: bool = False
    pretrained: bool = True
    compile: bool = False


class PublishedMatcher(MatchingLoop):
    """Both stages with two networks.

    Parameters
    ----------
    normalise : what networks see of patches [n, p, m, m]; its slope is a part of the gradient
    """

    def __init__(
        self,
        reblur: Reblur,
        family: BlurFamily,
        settings: PublishedSettings,
        *,
        seed: int,
        device: torch.device,
        normalise: Callable[[Tensor], Tensor] = by_contrast,
    ) -> None:
        # The logarithm of a factor of the noise's standard deviation.
        self.noise = nn.Parameter(torch.zeros((), device=device))
        self.settings, self.normalise = settings, normalise
        # Those that explain photos best that were kept out, and how far from them they are.
        drawn = family.latent_size > 0
        self.best_kernels = torch.zeros(0) if drawn else family().detach().clone()
        self.best_distance = torch.tensor(torch.inf, dtype=torch.float64)
        # On a GPU numbers are drawn there: a step does not wait for the processor.
        where = device if device.type == "cuda" else torch.device("cpu")
        super().__init__(
            reblur,
            family,
            (settings.flow_steps, settings.matching_steps),
            batch=settings.batch,
            kernel_rate=settings.kernel_rate,
            generator=torch.Generator(where).manual_seed(seed),
            device=device,
        )
        self.target = placed(_first_network(settings, seed), device)
        self.auxiliary = placed(seeded_network(settings.network, seed), device)
        self.target_average = PowerAverage(self.target.parameters())
        self.flow_optimiser = _adam(self.target.parameters(), settings.flow_rate)
        self.auxiliary_optimiser = _adam(self.auxiliary.parameters(), settings.auxiliary_rate)
        if settings.compile and can_compile(device):
            self._compile()

    @property
    def networks(self) -> Mapping[str, VelocityNetwork]:
        return {"target": self.target, "auxiliary": self.auxiliary}

    @property
    def trained(self) -> VelocityNetwork:
        return self.target

    def end_flow(self) -> None:
        """Go on to stage M with the next step: there is no more time for F."""
        self.flow_steps = min(self.flow_steps, self.step_number)

    @property
    def noise_factor(self) -> float:
        """Of the noise's standard deviation that was estimated."""
        return float(self.noise.detach().exp())

    def _compile(self) -> None:
        """Both networks, tried with a step's shapes."""
        n, patches = self.batch, self.reblur.real
        x = patches[:1].expand(n, -1, -1, -1).contiguous()
        t, place = x.new_zeros(n), x.new_zeros(n, 2)
        domain = torch.full_like(t, REAL, dtype=torch.long)
        for network in (self.target, self.auxiliary):

            def trial(network: VelocityNetwork = network) -> None:
                with self._autocast():
                    loss = flow_loss(network, x, x, t, place, domain)
                torch.autograd.grad(loss, list(network.parameters()))

            compiled(network, trial)

    def _advance(self, *, matching: bool) -> tuple[float, float, int]:
        if not matching:
            batch = self._draw(self.batch * self.settings.flow_factor)
            loss = self._learn(self.target, self.flow_optimiser, batch, None)
            return loss, 0.0, len(batch.t)
        if self.step_number == self.flow_steps:
            self._freeze()
        kernels, batch = self._kernels_for(self._draw(self.batch))
        loss = self._learn(self.auxiliary, self.auxiliary_optimiser, batch, kernels.detach())
        # Other patches than the network has just been taught with: there it is too sure.
        kernels, batch = self._kernels_for(self._draw(self.batch))
        return loss, self._follow(batch, kernels), 2 * self.batch

    def _freeze(self) -> None:
        """v_theta becomes the average of its weights, and v_phi a copy of it."""
        with torch.no_grad():
            averages = zip(self.target.parameters(), self.target_average.values, strict=True)
            for parameter, mean in averages:
                parameter.copy_(mean)
        self.auxiliary.load_state_dict(self.target.state_dict())

    def _learn(
        self,
        network: VelocityNetwork,
        optimiser: torch.optim.Adam,
        batch: Batch,
        kernels: Tensor | None,
    ) -> float:
        """A step of a network, on degraded patches or on those that kernels re-blur; its loss."""
        parameters = list(network.parameters())

        def learn(piece: Batch) -> tuple[Tensor, tuple[Tensor, ...]]:
            with torch.no_grad():
                y = self.normalise(
                    piece.patches.real if kernels is None else self._fake(piece, kernels)
                )
            with self._autocast():
                loss = piece.share * flow_loss(
                    network, piece.x_0, y, piece.t, piece.place, _all_real(piece)
                )
            return loss.detach(), torch.autograd.grad(loss, parameters)

        with self._team(len(batch.t)) as team:
            results = team.all(learn, self._pieces(batch))
        losses, gradients = zip(*results, strict=True)
        for parameter, *parts in zip(parameters, *gradients, strict=True):
            parameter.grad = sum_in_order(parts)
        optimiser.step()
        if network is self.target:
            self.target_average.update(parameters)
        return float(sum_in_order(losses))

    def _follow(self, batch: Batch, kernels: Tensor) -> float:
        """A step of the kernels against the difference of the velocities; its mean square."""
        leaf, noise = kernels.detach().requires_grad_(), self.noise.detach().requires_grad_()

        def compare(piece: Batch) -> tuple[Tensor, Tensor, Tensor]:
            y = self.normalise(self._fake(piece, leaf, noise))
            with torch.no_grad():
                y_t = interpolate(piece.x_0, y, piece.t)
                difference = self._difference(y_t, piece)
            surrogate = piece.share * (difference * y).mean()
            pull, noise_pull = torch.autograd.grad(surrogate, (leaf, noise))
            return piece.share * difference.square().mean(), pull, noise_pull

        with self._team(len(batch.t)) as team:
            compared = team.all(compare, self._pieces(batch))
        gaps, pulls, noise_pulls = zip(*compared, strict=True)
        others = self.noise * sum_in_order(noise_pulls) if self.settings.train_noise else None
        self._move_kernels(kernels, sum_in_order(pulls), others)
        return float(sum_in_order(gaps))

    def _difference(self, y_t: Tensor, piece: Batch) -> Tensor:
        """v_phi - v_theta at y_t."""
        domain = _all_real(piece)
        with self._autocast():
            auxiliary, target = (
                network(y_t, piece.t, piece.place, domain)
                for network in (self.auxiliary, self.target)
            )
        difference: Tensor = auxiliary.float() - target.float()
        return difference

    def _fake(self, piece: Batch, kernels: Tensor, noise: Tensor | None = None) -> Tensor:
        """Sharp patches, blurred and with the noise that they lack."""
        patches = piece.patches
        clean, k = self.reblur.blur(kernels, patches)
        factor = (2 * (self.noise.detach() if noise is None else noise)).exp()
        wanted = patches._replace(noise=patches.noise * factor)
        missing, _ = self.reblur.missing_noise(k, wanted)
        # Wider kernels carry less noise: what is added is a part of the gradient.
        deviation = (missing + LEAST_VARIANCE).sqrt()
        return clean + deviation[:, :, None, None] * piece.noise_fake

    def _kernels_for(self, batch: Batch) -> tuple[Tensor, Batch]:
        """The family's kernels, and the batch that is blurred with them."""
        if not self.family.latent_size:
            return self.family(), batch
        n = len(batch.t)
        latent = random_normal((n, self.family.latent_size), self.generator, self.device)
        own = torch.arange(n, device=self.device)[:, None]
        # One kernel for each patch: as if it stood at a node of its own.
        patches = batch.patches._replace(
            nodes=own, weight=torch.ones_like(own, dtype=torch.float32)
        )
        return self.family(latent), Batch(
            patches,
            batch.noise_real,
            batch.noise_fake,
            batch.place,
            batch.x_0,
            batch.t,
            batch.share,
        )

    def _draw(self, n: int) -> Batch:
        """Patches and random numbers of a step."""
        generator, device = self.generator, self.device
        patches = self.reblur.draw(n, generator)
        shape, where = patches.real.shape, generator.device

        def uniform(*size: int) -> Tensor:
            return send(torch.rand(*size, generator=generator, device=where), device)

        noise = self.reblur.coloured(random_normal(shape, generator, device))
        place = torch.where(uniform(n, 1) < RANDOM_POSITIONS, uniform(n, 2), patches.positions)
        x_0 = random_normal(shape, generator, device)
        return Batch(patches, noise, noise, place, x_0, uniform(n), share=1.0)

    def _moved(self) -> list[Tensor]:
        noise = [self.noise] if self.settings.train_noise else []
        return [*self.family.parameters(), *noise]

    def _set_rates(self) -> None:
        s, step = self.settings, self.step_number
        matching = step >= self.flow_steps
        done = (step - self.flow_steps) if matching else step
        progress = done / max(self.matching_steps if matching else self.flow_steps, 1)
        # Slow while Adam's moments are empty, and towards the end, where noise averages out.
        decay = min(1.0, (done + 1) / 50) * min(1.0, max(2 * (1 - progress), 0.05))
        for optimiser, rate in (
            (self.flow_optimiser, s.flow_rate * decay),
            # As fast at the end as before: it has to keep up with the kernels.
            (self.auxiliary_optimiser, s.auxiliary_rate * min(1.0, (done + 1) / 50)),
            (self.kernel_optimiser, s.kernel_rate * decay),
        ):
            for group in optimiser.param_groups:
                group["lr"] = rate

    def _optimisers(self) -> Iterator[tuple[str, torch.optim.Adam, list[Tensor]]]:
        yield "flow_optimiser", self.flow_optimiser, list(self.target.parameters())
        yield "auxiliary_optimiser", self.auxiliary_optimiser, list(self.auxiliary.parameters())
        yield "kernel_optimiser", self.kernel_optimiser, self._moved()

    def restore(self, snapshot: Snapshot) -> None:
        """As the loop's."""
        super().restore(snapshot)
        self.flow_steps = int(snapshot.arrays["flow_steps"])
        self.average.count = max(snapshot.step - self.flow_steps, 0)
        self.target_average.count = min(snapshot.step, self.flow_steps)

    def snapshot(self) -> Snapshot:
        """As the loop's."""
        snapshot = super().snapshot()
        steps = {"flow_steps": np.array(self.flow_steps)}
        return replace(snapshot, arrays={**snapshot.arrays, **steps})

    def _state(self) -> Iterator[tuple[str, Tensor]]:
        yield from super()._state()
        yield "noise", self.noise
        yield "best_kernels", self.best_kernels
        yield "best_distance", self.best_distance
        for number, mean in enumerate(self.target_average.values):
            yield f"target_average.{number}", mean


def _first_network(settings: PublishedSettings, seed: int) -> VelocityNetwork:
    """v_theta before it has seen a photo of this calibration."""
    shipped = pretrained_network(settings.network) if settings.pretrained else None
    return shipped or seeded_network(settings.network, seed)


def _adam(parameters: Iterator[nn.Parameter], rate: float) -> torch.optim.Adam:
    return torch.optim.Adam(parameters, lr=rate, betas=(0.9, 0.99))


def _all_real(piece: Batch) -> Tensor:
    """Each network knows of one domain only."""
    return torch.full_like(piece.t, REAL, dtype=torch.long)
