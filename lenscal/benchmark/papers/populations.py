"""Levac et al., sections 4.1 to 4.3: the distribution of kernels, learnt from unpaired pictures.

What differs from the paper: the photos are the caller's, halved, split by chance (AFHQ there);
kernels are 15 px wide (128 there), pieces 64 px; motion kernels are random walks of our own. As
there, each blurred piece has a kernel of its own, and its noise is added once. The paper shows
samples; here are figures of kernels that were kept out.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lenscal.benchmark.papers.pictures import Picture, blurred, read_pictures, shuffled
from lenscal.benchmark.summary import Table
from lenscal.calibration.settings import Quality
from lenscal.errors import InputError
from lenscal.files.population.description import Constraint
from lenscal.files.population.population_file import Population
from lenscal.measure.populations import PopulationFigures, population_figures
from lenscal.population.generator import sample_kernels
from lenscal.population.learning import learn_population
from lenscal.population.pieces import Pieces
from lenscal.population.settings import PopulationMethod, PopulationSettings
from lenscal.reports import Report
from lenscal.stepping import Job, follow
from lenscal.translation import translatable
from lenscal.virtual.shakes import ShakeFamily, drawn_kernels

KERNEL_PX, PIECE_PX = 15, 64
SIGMAS = (0.02, 0.0, 0.05, 0.10, 0.20)
"""Of the noise; the paper's are 0, 0.05, 0.10 and 0.20."""
MAIN_SIGMA = 0.02
PIECES, KERNELS = 6000, 800
LEAST_PHOTOS = 12
LEAST_MINUTES = 3.0
"""For a case: on two cores samples are lines by then (docs/experiments/populations.md)."""
FLAT = 0.03
"""Contrast of a sharp piece below which it shows nothing."""
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class PopulationProtocol:
    """At which size the protocol runs.

    Attributes
    ----------
    minutes : float or None
        For all cases together; None: as many steps as the quality has.
    n_pieces : int
        Sharp pieces, and blurred ones.
    n_kernels : int
        Samples, and true kernels that were kept out.
    """

    minutes: float | None = 30.0
    seed: int = 0
    quality: Quality = Quality.STANDARD
    n_pieces: int = PIECES
    n_kernels: int = KERNELS
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Case:
    """What is learnt in one run."""

    family: ShakeFamily
    sigma: float
    constraint: Constraint = Constraint.SOFTMAX
    method: PopulationMethod = PopulationMethod.GAN


@dataclass(frozen=True, slots=True, eq=False)
class PhotoHalves:
    """Grey pieces of two sets of photos.

    Attributes
    ----------
    sharp, to_blur : float32 [n, s, s]
        Stored values 0..1, of s = piece + kernel - 1 px.
    """

    sharp: NDArray[np.float32]
    to_blur: NDArray[np.float32]


def cases() -> list[Case]:
    """The main ones first."""
    motion, gaussian = ShakeFamily.MOTION, ShakeFamily.GAUSSIAN
    return [
        Case(motion, MAIN_SIGMA),
        Case(gaussian, MAIN_SIGMA),
        Case(motion, 0.10),
        Case(motion, 0.20),
        Case(motion, MAIN_SIGMA, Constraint.NONE),
        Case(motion, 0.0),
        Case(motion, 0.05),
        Case(gaussian, MAIN_SIGMA, Constraint.NONE),
    ]


def measure_populations(
    photos: Sequence[Path],
    settings: PopulationProtocol,
    chosen: Sequence[Case] | None = None,
) -> Job[dict[str, Any]]:
    """Run the protocol.

    Returns
    -------
    dict
        photos {sharp, blurred}, rows: [{family, sigma, constraint, method, recall, precision,
        energy, steps, seconds}], baselines: [{family, name, recall, precision, energy}],
        not_reached.

    Raises
    ------
    InputError
        Fewer than `LEAST_PHOTOS` are large enough.
    """
    began = time.monotonic()
    wanted = cases() if chosen is None else list(chosen)
    halves, numbers = photo_halves(photos, settings)
    rows: list[dict[str, Any]] = []
    each = _minutes_each(settings.minutes, len(wanted))
    for number, case in enumerate(wanted):
        spent = (time.monotonic() - began) / 60
        if rows and settings.minutes is not None and spent > settings.minutes:
            break
        prefix = translatable(
            "{family}, sigma {sigma:g}, {constraint}: ",
            family=case.family.value,
            sigma=case.sigma,
            constraint=case.constraint.value,
        )
        low, high = number / len(wanted), (number + 1) / len(wanted)
        work = _measured(halves, case, each, settings)
        row, _ = yield from follow(work, low, high, prefix=prefix)
        rows.append(row)
    families = dict.fromkeys(case.family for case in wanted[: len(rows)])
    return {
        "photos": {"sharp": numbers[0], "blurred": numbers[1]},
        "pieces": len(halves.sharp),
        "rows": rows,
        "baselines": [row for family in families for row in _baselines(family, settings)],
        "not_reached": len(wanted) - len(rows),
    }


def _minutes_each(minutes: float | None, n: int) -> float | None:
    """Of learning a case: rather fewer cases than ones that were hardly begun."""
    if minutes is None:
        return None
    return minutes / n if minutes < LEAST_MINUTES else max(minutes / n, LEAST_MINUTES)


def photo_halves(
    photos: Sequence[Path], settings: PopulationProtocol
) -> tuple[PhotoHalves, tuple[int, int]]:
    """Pieces of both halves of the photos, and how many photos these are."""
    side = PIECE_PX + KERNEL_PX - 1
    pictures = list(read_pictures(shuffled(photos, settings.seed), side, halved=True))
    if len(pictures) < LEAST_PHOTOS:
        raise InputError(
            translatable(
                "{n} photos of at least {px} x {px} px: give {least} or more with --photos",
                n=len(pictures),
                px=2 * side,
                least=LEAST_PHOTOS,
            )
        )
    rng = np.random.default_rng([settings.seed, 5])
    sets = pictures[::2], pictures[1::2]
    sharp, to_blur = (_cut(half, settings.n_pieces, side, rng) for half in sets)
    return PhotoHalves(sharp, to_blur), (len(sets[0]), len(sets[1]))


def _cut(
    pictures: Sequence[Picture], n: int, side: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Pieces [n, side, side], drawn by area; flat ones are drawn again."""
    grey = [picture @ _LUMINANCE for picture in pictures]
    area = np.array([picture.size for picture in grey], np.float64)
    pieces = np.empty((n, side, side), np.float32)
    for i in range(n):
        # A set of flat pictures only is no reason to go on for ever.
        for _ in range(20):
            picture = grey[rng.choice(len(grey), p=area / area.sum())]
            y, x = (int(rng.integers(length - side + 1)) for length in picture.shape)
            pieces[i] = picture[y : y + side, x : x + side]
            if pieces[i].std() > FLAT:
                break
    return pieces


def pieces_of(values: NDArray[np.float32], sigma: float) -> Pieces:
    """Grey pieces [n, s, s], each as a photo of its own."""
    n = len(values)
    return Pieces(
        torch.from_numpy(values)[:, None],
        torch.arange(n),
        torch.ones(n),
        torch.zeros(n, 1),
        torch.full((n, 1), sigma**2),
    )


def degraded_pieces(
    halves: PhotoHalves, kernels: NDArray[np.float32], sigma: float, seed: int
) -> NDArray[np.float32]:
    """[n, 64, 64]: each blurred with a kernel of its own, and noise added once."""
    rng = np.random.default_rng([seed, 6, round(1000 * sigma)])
    margin, lost = KERNEL_PX // 2, KERNEL_PX - 1
    out = np.empty((len(halves.to_blur), PIECE_PX, PIECE_PX), np.float32)
    for i, piece in enumerate(halves.to_blur):
        inner = slice(margin, piece.shape[0] - lost + margin)
        out[i] = blurred(piece, kernels[i])[inner, inner]
    out += sigma * rng.standard_normal(out.shape).astype(np.float32)
    return out


def _measured(
    halves: PhotoHalves, case: Case, minutes: float | None, settings: PopulationProtocol
) -> Job[dict[str, Any]]:
    began = time.monotonic()
    message = translatable("Drawing kernels and blurring pieces")
    yield Report("population", message, 0.0)
    kernels, kept_out = true_kernels(case.family, len(halves.to_blur), settings)
    degraded = degraded_pieces(halves, kernels, case.sigma, settings.seed)
    chosen = PopulationSettings(
        quality=settings.quality,
        kernel_size=KERNEL_PX,
        constraint=case.constraint,
        method=case.method,
        seed=settings.seed,
        max_minutes=minutes,
        device=settings.device,
    )
    work = learn_population(pieces_of(halves.sharp, 0.0), pieces_of(degraded, case.sigma), chosen)
    learnt, _ = yield from follow(work)
    population = Population(learnt.description, learnt.weights)
    samples = sample_kernels(population, settings.n_kernels, settings.seed + 1).mean(1)
    return {
        "family": case.family.value,
        "sigma": case.sigma,
        "constraint": case.constraint.value,
        "method": case.method.value,
        **_values(population_figures(samples, kept_out)),
        "steps": learnt.steps,
        "seconds": time.monotonic() - began,
    }


def true_kernels(
    family: ShakeFamily, n: int, settings: PopulationProtocol
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """n kernels that pieces are blurred with, and others that were kept out."""
    kernels = drawn_kernels(n + settings.n_kernels, KERNEL_PX, settings.seed + 5, family)
    return kernels[:n], kernels[n:]


def _baselines(family: ShakeFamily, settings: PopulationProtocol) -> list[dict[str, Any]]:
    """What a population has to beat, and what cannot be beaten."""
    _, kept_out = true_kernels(family, 1, settings)
    n, seed = settings.n_kernels, settings.seed
    rng = np.random.default_rng([seed, 7])
    uniform = np.exp(rng.standard_normal((n, KERNEL_PX, KERNEL_PX)))
    others = {
        "other true kernels": drawn_kernels(n, KERNEL_PX, seed + 77, family),
        "isotropic Gaussians": drawn_kernels(n, KERNEL_PX, seed + 78, ShakeFamily.GAUSSIAN),
        "uniform": uniform / uniform.sum((1, 2), keepdims=True),
    }
    return [
        {"family": family.value, "name": name, **_values(population_figures(kernels, kept_out))}
        for name, kernels in others.items()
    ]


def _values(figures: PopulationFigures) -> dict[str, float]:
    return {
        "recall": figures.recall,
        "precision": figures.precision,
        "energy": figures.energy,
    }


def tables(values: Mapping[str, Any]) -> list[Table]:
    """Figures of what was learnt, beside the baselines."""
    heads = (
        "kernels", "learnt by", "sigma", "recall", "energy distance", "precision", "steps", "min",
    )  # fmt: skip
    rows = [
        (
            row["family"],
            f"{row['method']}, {_IN_WORDS[row['constraint']]}",
            f"{row['sigma']:g}",
            *(_figures(row)),
            f"{row['steps']}",
            f"{row['seconds'] / 60:.1f}",
        )
        for row in values["rows"]
    ]
    rows += [
        (row["family"], row["name"], "", *_figures(row), "", "") for row in values["baselines"]
    ]
    title = (
        f"Double-blind imaging: distribution of kernels ({KERNEL_PX} px, {values['pieces']} pieces "
        f"of {PIECE_PX} px, kept-out kernels)"
    )
    return [Table(title, heads, tuple(rows))]


_IN_WORDS = {Constraint.SOFTMAX.value: "softmax", Constraint.NONE.value: "unconstrained"}


def _figures(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return f"{row['recall']:.3f}", f"{row['energy']:.2f}", f"{row['precision']:.3f}"
