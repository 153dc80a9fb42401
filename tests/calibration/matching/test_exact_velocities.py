"""The matching loop with velocities that are known exactly: it finds the kernels, and its gradient
is that of the divergence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from gaussian_fields import CPU, SIDE, TINY, ExactMatcher, gaussian_field
from torch import Tensor

from lenscal.calibration.families.family import BlurFamily, Regularisers, gaussian_kernel
from lenscal.calibration.families.free import FreeTaps
from lenscal.calibration.families.linear_network import LinearNetwork
from lenscal.calibration.families.rays import RayFamily
from lenscal.calibration.field.geometry import node_positions
from lenscal.calibration.matching.batch import Batch
from lenscal.calibration.matching.patches import PatchPool
from lenscal.calibration.matching.published import PublishedMatcher, PublishedSettings
from lenscal.calibration.matching.reblur import Reblur
from lenscal.calibration.packing import Packing
from lenscal.calibration.rays.ray_field import ray_field
from lenscal.flow.network import NetworkSettings, VelocityNetwork, seeded_network
from lenscal.flow.normalise import by_contrast, by_fixed_contrast
from lenscal.flow.training import flow_loss

NO_PENALTY = Regularisers(0, 0, 0, 0)


def lopsided(size: int, lean: float) -> Tensor:
    """[taps]: a spot with a tail."""
    u = torch.arange(size) - size // 2
    y, x = u[:, None], u
    k = torch.exp(-(y**2 + 2 * x**2) / 2.5)
    k = k + lean * torch.exp(-((y - 1) ** 2 + (x - 1) ** 2) / 0.8)
    return (k / k.sum()).flatten()


def found(matcher: ExactMatcher) -> Tensor:
    while matcher.step_number < matcher.total:
        matcher.step()
    kernels = matcher.matched()
    assert kernels is not None
    return kernels


def relative_error(kernels: Tensor, truth: Tensor) -> float:
    return float((kernels - truth).norm().detach() / truth.norm())


@pytest.mark.parametrize("signed", [False, True])
def test_one_free_kernel_is_found(signed: bool) -> None:
    truth = torch.stack([lopsided(5, lean) for lean in (0.2, 0.5, 0.8)])[None]
    if signed:
        # A ring that takes light away, as sharpening does: softmax cannot.
        truth = truth - 0.02
        truth = truth / truth.sum(-1, keepdim=True)
    start = gaussian_kernel(5, 1.0).expand(1, 3, -1)
    family = FreeTaps(start, (1, 1), signed=signed, regularisers=NO_PENALTY)
    # Softmax is slower.
    effort = {"steps": 200, "batch": 64} if signed else {}
    kernels = found(ExactMatcher(gaussian_field(5), truth, family, (1, 1), **effort))
    assert relative_error(start, truth) > 0.2
    assert relative_error(kernels, truth) < 0.02


def test_a_free_grid_is_found() -> None:
    truth = torch.stack(
        [torch.stack([lopsided(3, lean * c) for c in (0.8, 1, 1.2)]) for lean in (0.1, 0.5, 1, 1.5)]
    )
    start = gaussian_kernel(3, 1.0).expand(4, 3, -1)
    family = FreeTaps(start, (2, 2), regularisers=NO_PENALTY)
    matcher = ExactMatcher(gaussian_field(3), truth, family, (2, 2), steps=200, batch=64)
    kernels = found(matcher)
    assert relative_error(kernels, truth) < 0.02


def test_rays_of_a_lens_are_found() -> None:
    """Begun at half of what the lens does: defocus, astigmatism, coma and lateral colour that
    differ from side to side."""
    rays = ray_field(5, CPU)
    nodes = node_positions((1, 2))
    generator = torch.Generator().manual_seed(2)
    coefficients = torch.zeros(rays.count)
    parts = rays.parts(coefficients)
    parts["shared"][:3, :5] = 0.5 * torch.randn(3, 5, generator=generator)
    parts["lateral"][0] = 0.4 * torch.randn(3, 2, generator=generator)
    truth = rays.kernels(coefficients, rays.basis(nodes))
    family = RayFamily(rays, nodes, 0.5 * coefficients, prior_weight=0, regularisers=NO_PENALTY)
    begin = family().detach()
    matcher = ExactMatcher(gaussian_field(5), truth, family, (1, 2), rate=0.04, steps=80)
    # Few steps: the finest coefficients take hundreds more.
    matcher.batch = 32
    assert relative_error(begin, truth) > 1
    assert relative_error(found(matcher), truth) < 0.12


def test_a_linear_network_is_found() -> None:
    truth = lopsided(7, 0.6).expand(1, 3, -1)
    family = LinearNetwork(channels=3, sides=(3, 3, 3, 1), width=8, regularisers=NO_PENALTY)
    # Layers multiply: a step of each moves the kernel further.
    matcher = ExactMatcher(gaussian_field(7), truth, family, (1, 1), rate=0.01, steps=200, batch=64)
    kernels = found(matcher)
    assert relative_error(kernels, truth) < 0.02
    # Nothing makes it sum to 1 but the photos.
    assert torch.allclose(kernels.sum(-1), torch.ones(1, 3), atol=0.02)


def test_the_kernel_of_what_was_made_smaller_is_found() -> None:
    """Every second pixel of the blurred patches is seen: what enlarging has to undo."""
    truth = lopsided(5, 0.6).expand(1, 3, -1)
    family = LinearNetwork(channels=3, sides=(3, 3, 1), width=8, regularisers=NO_PENALTY)
    matcher = ExactMatcher(gaussian_field(5, 2), truth, family, (1, 1), rate=0.01, steps=100)
    matcher.batch = 32
    begin = relative_error(family().detach(), truth)
    assert relative_error(found(matcher), truth) < min(0.05, begin / 5)


class MixtureMatcher(PublishedMatcher):
    """Velocities of finitely many patches: y_t is a mixture of Gaussians around t y."""

    def __init__(self, reblur: Reblur, normalise: Callable[[Tensor], Tensor]) -> None:
        family = FreeTaps(lopsided(3, 0.5).expand(1, 3, -1), (1, 1), regularisers=NO_PENALTY)
        settings = PublishedSettings(0, 1, TINY, pretrained=False)
        super().__init__(reblur, family, settings, seed=0, device=CPU, normalise=normalise)
        self.fake, self.real = torch.empty(0), torch.empty(0)
        self.pull = torch.empty(0)

    def _move_kernels(self, kernels: Tensor, pull: Tensor, other: Tensor | None = None) -> None:
        self.pull = pull

    def _difference(self, y_t: Tensor, piece: Batch) -> Tensor:
        t = piece.t[0]
        scores = [score(y_t, patches, t) for patches in (self.fake, self.real)]
        velocities = [(y_t + (1 - t) * s) / t for s in scores]
        return velocities[0] - velocities[1]


def log_density(y_t: Tensor, patches: Tensor, t: Tensor) -> Tensor:
    """[n], up to a constant: of y_t [n, 1, m, m] in the mixture around t times the patches."""
    distance = torch.cdist(y_t.flatten(1).double(), t * patches.flatten(1).double())
    return torch.logsumexp(-distance.square() / 2 / (1 - t) ** 2, 1)


def score(y_t: Tensor, patches: Tensor, t: Tensor) -> Tensor:
    y_t = y_t.detach().requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(log_density(y_t, patches, t).sum(), y_t)
    return slope


def mixture(normalise: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """The pull on a kernel's taps by the loop, and the divergence's slope by differences."""
    rng = np.random.default_rng(0)
    n, side, points = 6, 2, 4096
    pool = PatchPool(
        rng.random((n, 1, side, side), np.float32),
        np.full((n, 1), 0.03, np.float32),
        rng.random((n, 3, side + 2, side + 2), np.float32).astype(np.float16),
        # Sharp patches carry noise of their own: what is added depends on the kernel.
        np.full((n, 1), 0.02, np.float32),
        np.full((n, 2), 0.5, np.float32),
        True,
    )
    reblur = Reblur(pool, Packing((1,), ((0, 0),), 1), (1, 1), torch.eye(9).expand(3, -1, -1), CPU)
    matcher = MixtureMatcher(reblur, normalise)
    t = torch.tensor(0.6)
    patches = reblur.take(torch.arange(n), torch.arange(n))
    noise = torch.from_numpy(rng.normal(size=(n, 1, side, side))).float()
    sobol = torch.quasirandom.SobolEngine(side**2, scramble=True, seed=1).draw(points)
    x_0 = torch.special.ndtri(sobol.double().clamp(1e-6, 1 - 1e-6)).float()
    x_0 = x_0.view(points, 1, side, side)
    place = torch.full((n, 2), 0.5)
    batch = Batch(patches, noise, noise, place, torch.zeros(n, 1, side, side), t.expand(n), 1.0)

    def fakes(kernels: Tensor) -> Tensor:
        return normalise(matcher._fake(batch, kernels))

    matcher.real = normalise(patches.real)

    def divergence(kernels: Tensor) -> float:
        """Of the re-blurred patches' mixture from the degraded ones' at t."""
        y = fakes(kernels)
        y_t = ((1 - t) * x_0[:, None] + t * y).flatten(0, 1)
        difference = log_density(y_t, y, t) - log_density(y_t, matcher.real, t)
        return float(difference.mean())

    kernels = matcher.family().detach()
    matcher.fake = fakes(kernels)
    repeated = torch.arange(n).repeat(points)
    whole = Batch(
        type(patches)(*(part[repeated] for part in patches)),
        noise[repeated],
        noise[repeated],
        place[repeated],
        x_0.repeat_interleave(n, 0),
        t.expand(n * points),
        1.0,
    )
    matcher._follow(whole, kernels.requires_grad_())
    # The loop's loss is a mean over pixels, and its weight is 1.
    pull = matcher.pull[0, 1] * side**2 * t**2 / (1 - t)
    step, slopes = 1e-3, []
    for u in range(9):
        moved = torch.zeros_like(kernels)
        moved[0, 1, u] = step
        with torch.no_grad():
            slopes.append((divergence(kernels + moved) - divergence(kernels - moved)) / (2 * step))
    return pull, torch.tensor(slopes)


def test_the_pull_is_the_slope_of_the_divergence() -> None:
    """Sign, weight, normalisation, and the noise that wider kernels lack: all included."""
    pull, slope = mixture(by_contrast)
    assert slope.norm() > 0.05
    assert relative_error(pull, slope) < 0.02


def test_a_contrast_that_is_a_number_gives_another_slope() -> None:
    pull, slope = mixture(by_fixed_contrast)
    assert relative_error(pull, slope) > 0.1


def test_a_trained_velocity_comes_near_the_exact_one() -> None:
    field = gaussian_field(3)
    k = lopsided(3, 0.5).expand(1, 3, -1)
    blur = torch.einsum("cu,uij->cij", k[0], field.shifts)
    generator = torch.Generator().manual_seed(0)

    def batch(n: int) -> tuple[Tensor, Tensor, Tensor]:
        sharp = field.draw(n, generator).flatten(2)
        y = torch.einsum("cij,ncj->nci", blur, sharp).view(n, 3, SIDE, SIDE)
        y = y + 0.02**0.5 * torch.randn(y.shape, generator=generator)
        return torch.randn(y.shape, generator=generator), y, torch.rand(n, generator=generator)

    network = seeded_network(NetworkSettings(planes=3, width=16, depth=1), 0)
    optimiser = torch.optim.Adam(network.parameters(), lr=4e-3, betas=(0.9, 0.99))

    def error(network: VelocityNetwork) -> float:
        """Over the mean square of the exact velocity."""
        x_0, y, t = batch(512)
        x_t = (1 - t.view(-1, 1, 1, 1)) * x_0 + t.view(-1, 1, 1, 1) * y
        exact = field.modes(k).velocity(x_t, t, torch.zeros(512, dtype=torch.long))
        with torch.no_grad():
            v = network(x_t, t, torch.zeros(512, 2), torch.zeros(512, dtype=torch.long))
        return float((v - exact).square().mean() / exact.square().mean())

    assert error(network) == pytest.approx(1, abs=0.05)
    for step in range(300):
        for group in optimiser.param_groups:
            group["lr"] = 4e-3 * (1 - step / 300)
        x_0, y, t = batch(64)
        domain = torch.zeros(64, dtype=torch.long)
        loss = flow_loss(network, x_0, y, t, torch.zeros(64, 2), domain)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    assert error(network) < 0.1


def test_families_begin_at_their_start() -> None:
    start = torch.stack([lopsided(5, lean) for lean in (0.2, 0.5, 0.8)])[None].repeat(4, 1, 1)
    for family in (FreeTaps(start, (2, 2)), FreeTaps(start, (2, 2), signed=True)):
        assert torch.allclose(family(), start, atol=2e-5)
    network: BlurFamily = LinearNetwork()
    assert network.size == 15
    assert relative_error(network(), gaussian_kernel(15, 1.5).expand(1, 1, -1)) < 0.3
