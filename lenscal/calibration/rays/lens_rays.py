"""One lens at all its apertures: its rays at the widest one, of which smaller ones leave the inner
part (docs/method.md, section 14).

Where a ray arrives is the gradient of the wavefront at the point of the pupil through which it
came, and stopping down takes the outer points away (Welford 1986, Aberrations of Optical Systems,
chapters 6 to 8). A polynomial of degree q of the pupil's coordinates is that polynomial over the
inner part, too, times a power of its radius. What is learnt of one aperture therefore says what
others do, and kernels are the quotient of two apertures of one lens:

    K(f; N) = H(f; N) conj(H(f; N_s)) / (|H(f; N_s)|^2 + e),    H(f; N) = D(f; N) sum_p w_p exp(...)

with D the diffraction at the f-number N, and N_s that of the sharp photos.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.rays.ray_field import (
    FAMILIES,
    WAVELENGTHS_UM,
    Basis,
    RayField,
    aberrations,
    diffraction_mtf,
    ray_field,
)
from lenscal.calibration.statistics.pieces import cell_pieces, team_for, value_and_gradients
from lenscal.calibration.statistics.spectral_fit import lbfgs, optimise
from lenscal.optics.psf_grid import PsfGrid, Reference

FLOOR = 3e-3
"""e: of the squared modulus of the sharp aperture, below which nothing is divided by it."""
SEEN_THROUGH_PX = 0.5
"""Of the Gaussian through which kernels are compared: what no photo shows decides nothing."""
STEPS_A_ROUND, ROUNDS, TRIAL_ROUNDS = 10, 2, 2
"""L-BFGS steps between two reports; rounds of the best start beyond those that each
gets. Twice as many gain 0.01 at most (docs/experiments/apertures.md)."""
SPREAD = 0.1
SEEDS = (0, 1)
PRIOR_WEIGHT = 3e-4
"""Of theta's squares against the kernels' relative squared error."""
SHADING_PRIOR = 1 / 16
"""Of the light through the pupil against the rest: rims cut far more away than stage R's prior,
which has to hold against scenes, allows (docs/experiments/apertures.md)."""
_SHADE_POWERS = (1, 1, 2, 2, 2)
_SOFTNESS_POWERS = (1, 2)
_MIDDLE = np.array([[0.5, 0.5]])


@dataclass(frozen=True, slots=True, eq=False)
class ApertureKernels:
    """Kernels of one aperture that rays are to explain.

    Attributes
    ----------
    psf : PsfGrid
    f_number, f_number_sharp : float
        Of the photos to correct and of those that count as sharp.
    """

    psf: PsfGrid
    f_number: float
    f_number_sharp: float


@dataclass(frozen=True, slots=True, eq=False)
class LensRays:
    """A lens as rays.

    Attributes
    ----------
    field : RayField
        Of kernels in its own pixels, without diffraction; its pupil is that of `f_number`.
    theta : Tensor [n]
    f_number : float
        The widest aperture that was photographed.
    pitch_um : float or None
        Distance of the pixels; None: diffraction is left out.
    """

    field: RayField
    theta: Tensor
    f_number: float
    pitch_um: float | None

    def kernels(
        self,
        positions: NDArray[np.float64],
        f_number: float,
        f_number_sharp: float,
        reference: Reference,
    ) -> NDArray[np.float32]:
        """Kernels [n, 3, k, k] of an aperture at field positions [n, 2]."""
        size = self.field.kernel_size
        with torch.no_grad():
            at = self.field.basis(positions)
            pair = _Pair.of(self, f_number, f_number_sharp, reference)
            taps = self.field.taps_of(pair.transfer(self.field, self.theta, at))
        return taps.reshape(-1, 3, size, size).cpu().numpy().astype(np.float32)


def with_pupil_of(rays: LensRays, f_number: float) -> LensRays:
    """The same lens, its coefficients those of another aperture's pupil."""
    factors = stop_factors(rays.field, rays.f_number / f_number)
    return replace(rays, theta=rays.theta * factors, f_number=f_number)


def misfit_of(rays: LensRays, known: Sequence[ApertureKernels]) -> float:
    """Relative L2 distance of the rays' kernels from those that are known, mean over apertures,
    seen through a good lens."""
    with torch.no_grad():
        squares = [
            float(_Target.of(rays, each).misfit(rays.field, rays.theta, slice(None)))
            for each in known
        ]
    return float(np.sqrt(squares).mean())


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """An aperture and the sharp one that its kernels are relative to.

    factors, sharp_factors : [n], what theta is multiplied with
    diffraction, sharp_diffraction : [3, fy, fx]
    middle : the field's middle, where kernels are relative to it
    """

    factors: Tensor
    sharp_factors: Tensor
    diffraction: Tensor
    sharp_diffraction: Tensor
    middle: Basis | None
    absolute: bool

    @classmethod
    def of(
        cls, rays: LensRays, f_number: float, f_number_sharp: float, reference: Reference
    ) -> _Pair:
        field = rays.field
        middle = field.basis(_MIDDLE) if reference is Reference.AXIS else None
        sharp = stop_factors(field, rays.f_number / f_number_sharp)
        # Of the sharp photos lateral colour is part of the kernels, whatever these are relative to.
        sharp = torch.where(_is_part(field, "lateral"), 0.0, sharp)
        return cls(
            stop_factors(field, rays.f_number / f_number),
            sharp,
            _diffraction(field, f_number, rays.pitch_um),
            _diffraction(field, f_number_sharp, rays.pitch_um),
            middle,
            reference is Reference.ABSOLUTE,
        )

    def transfer(self, field: RayField, theta: Tensor, at: Basis) -> Tensor:
        """[m, 3, fy, fx]: of the kernels."""
        inner = theta * self.factors
        degraded = field.bundle(inner, at) * (self.diffraction * field.softness(inner))
        if self.absolute:
            return degraded
        inner = theta * self.sharp_factors
        sharp = field.bundle(inner, self.middle or at)
        sharp = sharp * (self.sharp_diffraction * field.softness(inner))
        return degraded * sharp.conj() / (sharp.abs().square() + FLOOR) * (1 + FLOOR)


def lens_rays(
    known: Sequence[ApertureKernels], pitch_um: float | None, device: torch.device
) -> Iterator[LensRays]:
    """The rays that explain the kernels of one or several apertures of a lens best; yields the best
    so far every now and then, at last the best of all.

    Kernels of all apertures count alike, each node as sure as it is.
    """
    widest = min(each.f_number for each in known)
    size = max(each.psf.kernel_size for each in known)
    height, width = known[0].psf.image_size
    field = ray_field(size, device, aspect=width / height)
    first = LensRays(field, torch.zeros(field.count, device=device), widest, pitch_um)
    targets = [_Target.of(first, each) for each in known]
    fits, misfits = [], []
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)
        # Not at zero: there the gradient by both signs of an aberration is the same.
        start = (torch.randn(field.count, generator=generator) * SPREAD).to(device)
        fit = _fits(field, targets, start)
        for _ in range(TRIAL_ROUNDS):
            theta, misfit = next(fit)
            yield replace(first, theta=theta)
        fits.append(fit)
        misfits.append(misfit)
    # Starts that end in another valley are behind by then.
    for theta, _ in fits[int(np.argmin(misfits))]:
        yield replace(first, theta=theta)


@dataclass(frozen=True, slots=True, eq=False)
class _Target:
    """Kernels of one aperture as transfer functions, seen through a good lens.

    at : of the nodes
    transfer : [nodes, 3, fy, fx]
    weight : [nodes, 3, 1, 1], of their squared errors; sums to 1 with their energy
    """

    pair: _Pair
    at: Basis
    transfer: Tensor
    weight: Tensor
    seen: Tensor

    @classmethod
    def of(cls, rays: LensRays, known: ApertureKernels) -> _Target:
        field, psf = rays.field, known.psf
        pair = _Pair.of(rays, known.f_number, known.f_number_sharp, psf.reference)
        kernels = psf.kernels.reshape(-1, 3, psf.kernel_size, psf.kernel_size)
        taps = torch.from_numpy(kernels).to(field.taps)
        f2 = field.fy[:, None].square() + field.fx.square()
        seen = torch.exp(-2 * (np.pi * SEEN_THROUGH_PX) ** 2 * f2)
        # Of a real spectrum's other half, which is not kept.
        seen = seen * torch.where((field.fx > 0) & (field.fx < 0.5), 2**0.5, 1.0)
        transfer = _transfer_of(field, taps)
        energy = (transfer * seen).abs().square().sum((-2, -1), keepdim=True)
        weight = 1 / energy / energy[..., 0, 0].numel()
        positions = psf.positions.reshape(-1, 2)
        return cls(pair, field.basis(positions), transfer, weight, seen)

    def misfit(self, field: RayField, theta: Tensor, piece: slice) -> Tensor:
        """Mean relative squared error of the kernels, as far as these nodes make it."""
        found = self.pair.transfer(field, theta, self.at.part(piece))
        # Kernels were cut to their frame, and what is cut of the rays is not to be made up for.
        taps = field.taps_of(found).unflatten(-1, (field.kernel_size, field.kernel_size))
        difference = (_transfer_of(field, taps) - self.transfer[piece]) * self.seen
        return (difference.abs().square() * self.weight[piece]).sum()


def _fits(
    field: RayField, targets: Sequence[_Target], start: Tensor
) -> Iterator[tuple[Tensor, float]]:
    """Minimise from a start by L-BFGS; yields theta and its misfit."""
    theta = start.clone().requires_grad_()
    optimiser = lbfgs([theta], STEPS_A_ROUND)
    weights = torch.where(_is_part(field, "shading"), SHADING_PRIOR, 1.0)
    jobs = [
        (target, piece)
        for target in targets
        for piece in cell_pieces(len(target.weight), start.device)
    ]

    def misfit(shared: Sequence[Tensor], _: Tensor, number: int) -> Tensor:
        target, piece = jobs[number]
        return target.misfit(field, shared[0], piece) / len(targets)

    with team_for(jobs) as team:

        def loss() -> Tensor:
            optimiser.zero_grad()
            value = value_and_gradients(team, [piece for _, piece in jobs], [theta], None, misfit)
            prior = PRIOR_WEIGHT * (weights * theta.square()).sum()
            prior.backward()
            return value + prior.detach()

        for _ in range(TRIAL_ROUNDS + ROUNDS):
            optimise(optimiser, loss)
            with torch.no_grad():
                found = sum(float(misfit([theta], theta, n)) for n in range(len(jobs)))
            yield theta.detach().clone(), found


def stop_factors(field: RayField, stop: float) -> Tensor:
    """[n]: what theta is multiplied with for the inner part of the pupil of relative radius
    `stop`."""
    slopes = torch.tensor([float(stop) ** (m + power - 1) for m, _, power in aberrations()])
    parts = {name: torch.ones(shape) for name, shape in field.shapes.items()}
    by_family = [stop ** (m + power - 1) for m, power in _family_degrees()]
    parts["shared"] *= slopes
    parts["colour"] *= slopes
    parts["symmetric"] *= torch.tensor(by_family)
    parts["shading"] *= torch.tensor([float(stop) ** power for power in _SHADE_POWERS])
    parts["softness"] *= torch.tensor([float(stop) ** p for p in _SOFTNESS_POWERS])[:, None]
    return torch.cat([part.flatten() for part in parts.values()]).to(field.taps)


def _family_degrees() -> list[tuple[int, int]]:
    found = {}
    names = [name for _, (_, members) in FAMILIES.items() for name in members]
    for family, (_, members) in FAMILIES.items():
        m, _, power = aberrations()[names.index(members[0])]
        found[family] = (m, power)
    return list(found.values())


def _transfer_of(field: RayField, taps: Tensor) -> Tensor:
    """[m, 3, fy, fx] of kernels [m, 3, k, k] whose origin is their middle."""
    size, n = taps.shape[-1], len(field.fy)
    padded = torch.nn.functional.pad(taps, (0, n - size, 0, n - size))
    spectrum: Tensor = torch.fft.rfft2(padded.roll((-(size // 2), -(size // 2)), (-2, -1)))
    return spectrum


def _is_part(field: RayField, part: str) -> Tensor:
    """[n]: which of theta are of a part of `RayField.shapes`."""
    parts = [torch.full(shape, name == part).flatten() for name, shape in field.shapes.items()]
    return torch.cat(parts).to(field.taps.device)


def _diffraction(field: RayField, f_number: float, pitch_um: float | None) -> Tensor:
    """[3, fy, fx]: of a perfect round aperture."""
    n = len(field.fy)
    if pitch_um is None:
        return torch.ones((3, n, len(field.fx))).to(field.taps)
    per_um = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)) / pitch_um
    mtf = np.stack([diffraction_mtf(per_um * w * f_number) for w in WAVELENGTHS_UM])
    return torch.from_numpy(mtf).to(field.taps)
