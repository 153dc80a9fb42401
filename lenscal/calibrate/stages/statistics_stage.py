"""What statistics tell, as steps of a run: lateral colour, second and third order (G, T), of taps
and then of rays."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from lenscal.calibrate.field.geometry import cell_positions, node_positions, values_at_cells
from lenscal.calibrate.field.kernels import framed, reaches_border
from lenscal.calibrate.packing import Packing, packing_of
from lenscal.calibrate.rays.ray_field import RayField, ray_field
from lenscal.calibrate.rays.ray_fit import HeldOut, cross_validate, fit_rays, rays_like
from lenscal.calibrate.settings import LARGE_KERNEL_PX
from lenscal.calibrate.stages.run import NOTHING_USABLE, Run, Steps, Stopped
from lenscal.calibrate.statistics.bispectra import Bispectra, bispectra, triads
from lenscal.calibrate.statistics.kernel_field import KernelField, expecting, kernel_field
from lenscal.calibrate.statistics.lateral_colour import COLOUR_GRID, cross_spectra, lateral_shifts
from lenscal.calibrate.statistics.scene_spectra import likeliest_scene
from lenscal.calibrate.statistics.spectra import MosaicSpectra, mean_matrices, mosaic_spectra
from lenscal.calibrate.statistics.spectral_fit import (
    SecondOrder,
    ThirdOrder,
    fit_statistics,
    likeliest_mixture,
    second_order_terms,
    third_order_terms,
)
from lenscal.calibrate.statistics.windowed import data_cells
from lenscal.errors import LenscalError
from lenscal.optics.psf_grid import Reference
from lenscal.raw.frame import Frame
from lenscal.raw.sensor import pixel_pitch_um
from lenscal.stepping import Job
from lenscal.translation import translatable

HALF_ROUNDS = 3
LOW_FREQUENCY = 0.12
"""cycles/px: below, the phase between channels grows in line with the frequency, coma or not: their
centroids."""
CENTRE = 0.27
"""The reference of unrelated scenes: sharp photos within this distance of the middle, as a share of
the sides."""

RAY_SHARE = 0.7
"""Of the rays' kernels in the mean with the taps': where a lens does what rays of few numbers
cannot, taps have seen it, and the two are wrong in different ways (stacking, Wolpert 1992,
doi:10.1016/S0893-6080(05)80023-1)."""
TELLING_GAIN = 2.0
"""`HeldOut.gain` from which on taps have their whole share. Where next to nothing blurs, they add
what scenes did."""
FAINT_GAIN = 0.5
"""Below, rays are believed in proportion: where both folders were taken at one aperture, scenes
alone make 0.08."""

A = TypeVar("A")
Sums = list[MosaicSpectra | Bispectra]
"""Spectra of degraded and of sharp photos, and the bispectra of both."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What a fit reads of sums over photos.

    spectra : of the degraded photos
    scene : [cells or 1, 3, 3, n, n], spectral matrices of what the sharp photos show
    third : bispectra of the degraded and of the sharp photos, the latter with as many cells or one;
    None in stage G
    """

    spectra: MosaicSpectra
    scene: np.ndarray
    third: tuple[Bispectra, Bispectra] | None
    packing: Packing
    device: torch.device

    def second_order(self, kernel_size: int) -> SecondOrder:
        return second_order_terms(self.spectra, self.scene, self.packing, kernel_size, self.device)

    def third_order(self, kernel_size: int) -> ThirdOrder | None:
        return (
            None
            if self.third is None
            else third_order_terms(*self.third, triads(), kernel_size, self.device)
        )


class Form(Protocol):
    """What kernels are made of, and how that is found."""

    def fit(self, told: Told, rounds: int, start: Tensor | None) -> Iterator[Tensor]:
        """Yields the numbers that kernels are made of, after each round."""

    def at_nodes(self, theta: Tensor) -> Tensor:
        """[nodes, 3, k * k]."""


@dataclass(frozen=True, slots=True, eq=False)
class Taps:
    """Every tap by itself (`kernel_field`). positions [cells, 2], nodes [nodes, 2], lateral [cells,
    3, 2] px."""

    field: KernelField
    positions: np.ndarray
    nodes: np.ndarray
    lateral: np.ndarray

    def fit(self, told: Told, rounds: int, start: Tensor | None) -> Iterator[Tensor]:
        size = self.field.kernel_size
        second, third = told.second_order(size), told.third_order(size)
        return fit_statistics(
            self.field, self.positions, second, third, self.lateral, rounds=rounds, start=start
        )

    def at_nodes(self, theta: Tensor) -> Tensor:
        return self.field.kernels(theta, self.field.basis(self.nodes))


@dataclass(frozen=True, slots=True, eq=False)
class Rays:
    """What rays can make (`ray_field`), averaged with kernels of taps [nodes, 3, k * k]. Fits need
    a start."""

    field: RayField
    positions: np.ndarray
    nodes: np.ndarray
    lateral: np.ndarray
    taps: Tensor
    share: float = RAY_SHARE
    belief: float = 1.0
    """0..1: below 1, the photos tell so little that what rays found is drawn to a point in
    proportion."""

    def fit(self, told: Told, rounds: int, start: Tensor | None) -> Iterator[Tensor]:
        size = self.field.kernel_size
        second, third = told.second_order(size), told.third_order(size)
        assert third is not None and start is not None
        return fit_rays(
            self.field, self.positions, second, third, self.lateral, rounds=rounds, start=start
        )

    def at_nodes(self, theta: Tensor) -> Tensor:
        rays = self.field.kernels(theta, self.field.basis(self.nodes))
        return self.share * rays + (1 - self.share) * self.taps

    def cross_validated(
        self, told: tuple[Told, Told], found: tuple[Tensor, Tensor], whole: Tensor
    ) -> Iterator[tuple[Rays, Tensor]]:
        """These with less of the taps where rays tell little, and factors of theta:
        `cross_validate`."""
        size = self.field.kernel_size
        orders = []
        for half in told:
            second, third = half.second_order(size), half.third_order(size)
            assert third is not None
            orders.append((second, third))
        for test in cross_validate(
            self.field, self.positions, (orders[0], orders[1]), found, whole
        ):
            belief = _part(test, FAINT_GAIN)
            yield replace(self, share=_share(test), belief=belief), test.scales * belief


def lateral_colour(run: Run) -> Steps:
    """Lateral colour of the sharp photos, which paired kernels cannot see, and of the degraded,
    which kernels get."""
    sums_of: list[np.ndarray] = []
    for shots, what in ((run.sharp, "sharp"), (run.degraded, "degraded")):
        sums = np.zeros(0)
        for number, grown in enumerate(cross_spectra(shots, run.cells)):
            sums = grown
            message = translatable(
                "Lateral colour of the {what} photos, {number} of {shots}",
                what=what,
                number=number + 1,
                shots=len(shots),
            )
            run.check((yield run.say("L", message, 0.02, number)))
        sums_of.append(sums)
    run.colour = lateral_shifts(sums_of[1], run.cells, COLOUR_GRID, highest=LOW_FREQUENCY)
    if run.reference is Reference.AXIS:
        run.sharp_colour = _against_the_centre(lateral_shifts(sums_of[0], run.cells, COLOUR_GRID))
        run.lateral = values_at_cells(run.sharp_colour, run.cells, COLOUR_GRID)
        low = lateral_shifts(sums_of[0], run.cells, COLOUR_GRID, highest=LOW_FREQUENCY)
        run.colour -= low - _against_the_centre(low)
    else:
        run.colour -= lateral_shifts(sums_of[0], run.cells, COLOUR_GRID, highest=LOW_FREQUENCY)


def _against_the_centre(shifts: np.ndarray) -> np.ndarray:
    """Lateral colour on `COLOUR_GRID` relative to that of the middle of the field."""
    return shifts - shifts[len(shifts) // 2]


def statistics_fit(
    run: Run, low: float, high: float, *, third_order: bool, last: bool = True
) -> Steps:
    """Stage G, or G and T (third_order), between the fractions low and high of the whole job.

    The `last` closed-form stage also says how sure its kernels are; G and T then go on to rays (R),
    which begin at the taps' kernels. Where pairs follow, they tell more in less time.
    """
    began, name = time.monotonic(), "GT" if third_order else "G"
    cells = data_cells(run.degraded[0].size)
    same = bool(run.pairs) or run.reference is Reference.SAME_POSITION
    positions = cell_positions(cells)
    middle = None if same else np.abs(positions - 0.5).max(axis=1) < CENTRE
    sharp_colour = values_at_cells(run.sharp_colour, cells, COLOUR_GRID) if same else None
    colour = values_at_cells(run.colour, cells, COLOUR_GRID)
    lateral = colour - colour.mean(1, keepdims=True)
    # Polynomials run away beyond the middles of the outermost cells: there they are not followed.
    nodes = node_positions(run.shape).clip(positions.min(0), positions.max(0))
    at, switch, end = (
        low + part * (high - low) for part in (0.4, 0.6 if third_order and last else 0.8, 0.8)
    )
    sums, halves = yield from _sums(run, name, cells, low, at, third_order=third_order)
    whole = _told(run, sums, middle, sharp_colour)
    run.check((yield run.say(name, translatable("How wide kernels are"), at)))
    field = kernel_field(run.size, run.device)
    field = expecting(field, likeliest_mixture(field, positions, whole.second_order(run.size)))
    form: Form = Taps(field, positions, nodes, lateral)
    theta = yield from _rounds(
        run, name, form, whole, run.budget.statistics_rounds, at, switch, began
    )
    if third_order and last:
        began, name = time.monotonic(), "R"
        rays = photos_ray_field(run, run.settings.kernel_size or LARGE_KERNEL_PX)
        assert run.kernels is not None
        taps = framed(run.kernels, rays.kernel_size)
        begin = torch.zeros(0)
        for step, found in enumerate(rays_like(rays, nodes, taps)):
            begin = found
            run.check(
                (
                    yield run.say(
                        name, translatable("Looking for rays that make such kernels"), switch, step
                    )
                )
            )
        form = Rays(rays, positions, nodes, lateral, taps)
        theta = yield from _rounds(
            run, name, form, whole, run.budget.ray_rounds, switch, end, began, start=begin
        )
    if not last or halves is None:
        return
    try:
        told = (
            _told(run, halves[0], middle, sharp_colour),
            _told(run, halves[1], middle, sharp_colour),
        )
    except LenscalError:
        run.warnings.append(
            translatable(
                "half of the photos by itself shows too little: how sure the kernels are is unknown; take more photos"
            )
        )
        return
    fits: list[Tensor] = []
    for half, part in enumerate(told):
        for iterate in form.fit(part, HALF_ROUNDS, theta):
            found = iterate
            message = translatable("How sure: half {half} of the photos by itself", half=half + 1)
            run.check((yield run.say(name, message, end + 0.07 * half * (high - low), half)))
        fits.append(found)
    scales = torch.ones_like(theta)
    if isinstance(form, Rays):
        message = translatable("What one half of the photos tells of the other")
        for step, tested in enumerate(form.cross_validated(told, (fits[0], fits[1]), theta)):
            weighed, scales = tested
            run.check((yield run.say(name, message, end + 0.14 * (high - low), step)))
        form = weighed
        if form.belief < 1:
            run.warnings.append(
                translatable(
                    "what blurs the degraded photos hardly stands out from their scenes: kernels were drawn to a point;"
                    " if the lens is softer than that, take more photos, of scenes with more detail"
                )
            )
        run.stages.pop()
        _keep(run, name, form.at_nodes(theta * scales), began)
    first, second = (_sized(form.at_nodes(fit * scales), run.size) for fit in fits)
    run.halves = first, second


def _sums(
    run: Run, name: str, cells: tuple[int, int], low: float, high: float, *, third_order: bool
) -> Job[tuple[Sums, tuple[Sums, Sums] | None]]:
    """The sums over all photos, and those over both halves of them; None for the halves of a single
    photo."""
    degraded = run.degraded if not run.pairs else [run.degraded[p.degraded] for p in run.pairs]
    sharp = run.sharp if not run.pairs else [run.sharp[p.sharp] for p in run.pairs]
    work: list[tuple[str, Sequence[Frame], Iterator[MosaicSpectra | Bispectra]]] = [
        ("Spectra of degraded photos", degraded, mosaic_spectra(degraded, cells)),
        ("Spectra of sharp photos", sharp, mosaic_spectra(sharp, cells)),
    ]
    if third_order:
        work.append(("Third order, degraded", degraded, bispectra(degraded, cells, triads())))
        work.append(("Third order, sharp photos", sharp, bispectra(sharp, cells, triads())))
    sums: Sums = []
    first: Sums = []
    for part, (what, shots, growing) in enumerate(work):
        for number, grown in enumerate(growing):
            if number + 1 == max(1, len(shots) // 2):
                first.append(deepcopy(grown))
            message = translatable(
                "{what}, photo {number} of {shots}", what=what, number=number + 1, shots=len(shots)
            )
            done = (part + (number + 1) / len(shots)) / 4
            run.check((yield run.say(name, message, low + done * (high - low), number)))
        sums.append(grown)
    if min(len(degraded), len(sharp)) < 2:
        return sums, None
    return sums, (first, [_rest(whole, half) for whole, half in zip(sums, first, strict=True)])


def _rounds(
    run: Run,
    name: str,
    form: Form,
    told: Told,
    rounds: int,
    low: float,
    high: float,
    began: float,
    start: Tensor | None = None,
) -> Job[Tensor]:
    """Fit, showing the kernels after each round, and keep them as a stage; what they are made
    of."""
    kernels = theta = torch.zeros(0)
    for number, theta in enumerate(form.fit(told, rounds, start)):
        kernels = form.at_nodes(theta)
        run.kernels = _sized(kernels, run.size)
        message = translatable(
            "Matching statistics, round {number} of {rounds}", number=number + 1, rounds=rounds
        )
        try:
            run.check((yield run.say(name, message, low + (high - low) * number / rounds, number)))
        except Stopped:
            run.keep_stage(name, began)
            raise
    _keep(run, name, kernels, began)
    return theta


def _keep(run: Run, name: str, kernels: Tensor, began: float) -> None:
    """Kernels as what a stage made, larger where they need it."""
    run.kernels = _sized(kernels, run.size)
    _enlarge_where_needed(run, kernels)
    run.keep_stage(name, began)


def _enlarge_where_needed(run: Run, kernels: Tensor) -> None:
    """Where kernels [nodes, 3, n] are wider than the run's and put light on its border, they all
    become as wide."""
    size = round(kernels.shape[-1] ** 0.5)
    if size != run.size and reaches_border(_sized(kernels, run.size)):
        run.enlarge(size)
        run.kernels = kernels


def _sized(kernels: Tensor, size: int) -> Tensor:
    """Kernels [..., n] in another frame, of sum 1."""
    cut = framed(kernels, size)
    return cut / cut.sum(-1, keepdim=True)


def photos_ray_field(run: Run, size: int) -> RayField:
    """For the photos' apertures and pixels, as far as they are known; kernels of `size` px."""
    sharp, degraded = run.sharp[0], run.degraded[0]
    pitch = pixel_pitch_um(degraded.info.camera, degraded.size) or degraded.info.pixel_pitch_um
    f_numbers = degraded.info.aperture, sharp.info.aperture
    height, width = degraded.size
    return ray_field(size, run.device, f_numbers=f_numbers, pitch_um=pitch, aspect=width / height)


def _told(run: Run, sums: Sums, middle: np.ndarray | None, sharp_colour: np.ndarray | None) -> Told:
    """What the fit needs of sums over photos: degraded and sharp spectra, and degraded and sharp
    bispectra.

    middle : [cells], which cells of the sharp photos are the reference; None: each its own
    sharp_colour : [cells, 3, 2] px, lateral colour of the reference
    """
    spectra, reference = sums[:2]
    assert isinstance(spectra, MosaicSpectra) and isinstance(reference, MosaicSpectra)
    if not spectra.count.sum() or not reference.count.sum():
        raise LenscalError(NOTHING_USABLE)
    if middle is not None and not reference.count[middle].sum():
        raise LenscalError(
            translatable(
                "the centre of the sharp photos shows nothing to compare with: it is clipped, dark or plain"
            )
        )
    packing = packing_of(run.degraded[0])
    scene = likeliest_scene(*mean_matrices(reference, middle), packing, sharp_colour)
    third = None
    if len(sums) > 2:
        told, known = sums[2:]
        assert isinstance(told, Bispectra) and isinstance(known, Bispectra)
        if middle is not None:
            known = Bispectra(
                *(p[middle].sum(0, keepdims=True) for p in (known.values, known.power, known.count))
            )
        third = told, known
    return Told(spectra, scene, third, packing, run.device)


def _share(test: HeldOut) -> float:
    """Of the rays' kernels in the mean with the taps'."""
    return 1 - (1 - RAY_SHARE) * _part(test, TELLING_GAIN)


def _part(test: HeldOut, enough: float) -> float:
    """0..1: how near what was told comes to enough (`HeldOut.gain`, log per patch)."""
    return min(1.0, max(0.0, test.gain) / enough)


def _rest(whole: A, part: A) -> A:
    """Sums over the photos that are in `whole` and not in `part`."""
    names = [f.name for f in fields(whole)]  # type: ignore[arg-type]
    return replace(whole, **{n: getattr(whole, n) - getattr(part, n) for n in names})  # type: ignore[type-var]
