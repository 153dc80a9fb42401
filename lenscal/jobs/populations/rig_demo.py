"""The virtual rig, whose shakes are known: photograph, learn the population, compare."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenscal.calibration.settings import Quality
from lenscal.errors import InputError, LenscalError
from lenscal.files.own_files import is_virtual_photo
from lenscal.population.settings import PopulationSettings
from lenscal.stepping import Job, follow
from lenscal.translation import translatable
from lenscal.virtual.rig import RigDataset, RigSettings, write_rig
from lenscal.virtual.shakes import ShakeFamily, drawn_kernels

if TYPE_CHECKING:
    from lenscal.files.population.population_file import Population
    from lenscal.measure.populations import PopulationFigures

POPULATION_NAME = "rig.lenspop"
KERNELS = 800
"""Samples, and true kernels of none of the photos, that are compared."""
MINUTES = 8.0
"""Of learning, where the user does not say another: a demo ends within a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class RigDemoSettings:
    """The rig, and how its population is learnt."""

    rig: RigSettings = field(default_factory=RigSettings)
    learning: PopulationSettings = field(
        default_factory=lambda: PopulationSettings(
            quality=Quality.QUICK, kernel_size=15, max_minutes=MINUTES
        )
    )


@dataclass(frozen=True, slots=True, eq=False)
class RigDemoResult:
    """What came out; figures: by "learnt", "isotropic Gaussians" and "the photos' own kernels"."""

    folder: Path
    dataset: RigDataset
    population_path: Path
    population: Population
    figures: Mapping[str, PopulationFigures]
    seconds: float


def rig_demo(out: Path, settings: RigDemoSettings) -> Job[RigDemoResult]:
    """Do it in `out`. `STOP` while it learns keeps what was reached.

    Raises
    ------
    InputError
        `out` is not empty and does not come from an earlier demo.
    """
    from lenscal.files.population.population_file import write_population
    from lenscal.jobs.populations.learning import learn
    from lenscal.jobs.populations.summary import sheet_of
    from lenscal.measure.populations import population_figures
    from lenscal.population.generator import sample_kernels

    began = time.monotonic()
    _clear(out)
    dataset, stopped = yield from follow(write_rig(out, settings.rig), 0.0, 0.15)
    if stopped:
        raise LenscalError(
            translatable("stopped before the photos were ready: there is nothing to keep")
        )
    work = learn([dataset.sharp_folder], [dataset.shaken_folder], settings.learning)
    population, _ = yield from follow(work, 0.15, 1.0)
    path = write_population(out / POPULATION_NAME, population, preview=sheet_of(population))
    rig = settings.rig
    size = rig.kernel_size
    true = drawn_kernels(KERNELS, size, rig.seed + 1, rig.family, rig.hand)
    samples = sample_kernels(population, KERNELS, rig.seed + 1).mean(1)
    with np.load(dataset.kernels_file, allow_pickle=False) as truth:
        own = np.asarray(truth["kernels"], np.float32)
    sets = {
        "learnt": _of_size(samples, size),
        "isotropic Gaussians": drawn_kernels(KERNELS, size, rig.seed, ShakeFamily.GAUSSIAN),
        "the photos' own kernels": own,
    }
    figures = {name: population_figures(kernels, true) for name, kernels in sets.items()}
    return RigDemoResult(out, dataset, path, population, figures, time.monotonic() - began)


def _of_size(kernels: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Cut or padded around k // 2."""
    have = kernels.shape[-1]
    lead = size // 2 - have // 2
    tail = size - have - lead
    padded = np.pad(kernels, ((0, 0), (max(lead, 0), max(tail, 0)), (max(lead, 0), max(tail, 0))))
    start = max(-lead, 0)
    return padded[:, start : start + size, start : start + size]


def _clear(out: Path) -> None:
    """Remove the photos of an earlier demo, which would be read beside the new ones."""
    out.mkdir(parents=True, exist_ok=True)
    if not any(out.iterdir()):
        return
    photos = [
        photo
        for folder, names in (("sharp", "sharp_*"), ("shaken", "shaken_*"))
        for photo in (out / folder).glob(names)
        if photo.suffix in (".dng", ".png")
    ]
    # Only a folder that a demo has made is cleared: everything else is the user's.
    made_by_demo = (out / "truth" / "kernels.npz").is_file()
    if not made_by_demo or not all(map(is_virtual_photo, photos)):
        raise InputError(
            translatable(
                "--out {out} is not empty: choose a new folder, or one of an earlier demo", out=out
            )
        )
    for photo in photos:
        photo.unlink()
