"""Which lenses, scenes, noise and seeds are measured, and their photos, which are rendered once and
kept."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

import lenscal
from lenscal.errors import InputError, LenscalError
from lenscal.reports import Report
from lenscal.stepping import STOP, Job
from lenscal.translation import translatable
from lenscal.virtual.dataset import VirtualSettings, write_dataset
from lenscal.virtual.kinds import LensKind, Shooting, benchmark_lens, kept_out_lens
from lenscal.virtual.limits import DEFAULT_N_PHOTOS, DEFAULT_SIZE_PX, Sensor
from lenscal.virtual.photo_pools import FolderPools, Part, Subjects, folder_pools

ISOS = (200, 800, 3200, 12800)
SEEDS = (0, 1)
KEPT_OUT = (3,)
"""Numbers of the kept-out lenses that are measured. Those of numbers 0 and 1 have been looked at,
and those of number 2 have decided rules of stage M (`docs/experiments/`): they are kept out no
longer."""
AUTO, PAIRED = "auto", "P"
"""Stages: what calibrate does by itself; the one that needs the same scenes."""
TUNING_QUALITY = "quick"
"""The only quality that runs on the lenses methods are developed with: the others would invite
tuning on them."""
_DONE = "dataset.json"
_RENDERING = (
    "virtual/waves.py",
    "virtual/lens.py",
    "virtual/tracing.py",
    "virtual/prescriptions.py",
    "virtual/camera.py",
    "virtual/dataset.py",
    "virtual/scenes.py",
    "virtual/photo_pools.py",
    "virtual/sensor.py",
    "files/photos/dng.py",
)
"""Sources on which the photos depend."""


class Scenes(StrEnum):
    """What the two folders show, from the easiest on."""

    SAME = "same"
    UNRELATED = "unrelated"
    """Painted from the same photos, so that their statistics agree by construction."""
    ONE_KIND = "one-kind"
    """From photos of which no folder has one in common with the other."""
    OTHER_KINDS = "other-kinds"
    """The same, and the folders show other kinds of things."""


_SUBJECTS = {Scenes.ONE_KIND: Subjects.ONE_KIND, Scenes.OTHER_KINDS: Subjects.OTHER_KINDS}


@dataclass(frozen=True, slots=True)
class Photos:
    """How many photos a folder holds, their (height, width) px, and the folder of photos that
    scenes without any in common are painted from; None: shipped ones."""

    n: int = DEFAULT_N_PHOTOS
    size: tuple[int, int] = DEFAULT_SIZE_PX
    painted_from: Path | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One lens, photographed and calibrated once.

    kept_out : number of the kept-out lens; None: the lens that methods are developed with
    sensor : of the camera behind it
    quality, stages : of the calibration
    """

    kind: LensKind
    scenes: Scenes
    iso: int
    seed: int
    quality: str
    stages: str = AUTO
    kept_out: int | None = None
    photos: Photos = Photos()
    sensor: Sensor = Sensor.BAYER

    @property
    def name(self) -> str:
        """E.g. "traced/unrelated/iso3200/seed1/quick"; "kept-out1-..." where the lens is, ".../G"
        where only G runs."""
        name = f"{self.lens_name}/{self.scenes}/iso{self.iso}/seed{self.seed}/{self.quality}"
        if self.stages != AUTO:
            name = f"{name}/{self.stages}"
        # Bayer's cases are called as before there were others, for baselines to be found.
        return name if self.sensor is Sensor.BAYER else f"{name}/sensor={self.sensor}"

    @property
    def lens_name(self) -> str:
        return str(self.kind) if self.kept_out is None else f"kept-out{self.kept_out}-{self.kind}"

    @property
    def same_scenes(self) -> bool:
        return self.scenes is Scenes.SAME

    @property
    def pools(self) -> FolderPools | None:
        """Photos that each folder's scenes are painted from. Lenses that are kept out are not
        tried on photos that methods were developed with."""
        if self.scenes not in _SUBJECTS:
            return None
        part = Part.TUNING if self.kept_out is None else Part.KEPT_OUT
        subjects, swapped = _SUBJECTS[self.scenes], self.seed % 2 == 1
        return folder_pools(self.photos.painted_from, subjects, part, swapped=swapped)

    @property
    def shooting(self) -> Shooting:
        return (
            benchmark_lens(self.kind)
            if self.kept_out is None
            else kept_out_lens(self.kind, self.kept_out)
        )

    def virtual_settings(self) -> VirtualSettings:
        shooting = self.shooting
        return VirtualSettings(
            lens=shooting.lens,
            size=self.photos.size,
            n_photos=self.photos.n,
            same_scenes=self.same_scenes,
            iso=self.iso,
            seed=self.seed,
            sharp_aperture=shooting.sharp_aperture,
            degraded_aperture=shooting.degraded_aperture,
            # All cases together keep hundreds of photos on the disk.
            compress=True,
            sensor=self.sensor,
            pools=self.pools,
        )


def all_cases(
    qualities: Sequence[str],
    stages: Sequence[str] = (AUTO,),
    *,
    kept_out: bool = False,
    photos: Photos | None = None,
    sensors: Sequence[Sensor] = (Sensor.BAYER,),
) -> list[Case]:
    """Every lens with all scenes and noise levels and both seeds.

    Lenses that methods are developed with are there at quick quality; kept-out lenses if asked for,
    and at the other qualities. What compares photos of the same scenes is not asked of unrelated
    ones.
    """
    photos = photos or Photos()
    return [
        Case(kind, scenes, iso, seed, quality, which, number, photos, sensor)
        for quality in qualities
        for number in _lenses(quality, kept_out)
        for which in stages
        for kind in LensKind
        for scenes in Scenes
        if scenes is Scenes.SAME or which != PAIRED
        for iso in ISOS
        for seed in SEEDS
        for sensor in sensors
    ]


def _lenses(quality: str, kept_out: bool) -> tuple[int | None, ...]:
    if quality != TUNING_QUALITY:
        return KEPT_OUT
    return (None, *KEPT_OUT) if kept_out else (None,)


def cases_named(cases: Sequence[Case], patterns: Sequence[str]) -> list[Case]:
    """The cases whose name holds one of the patterns (with * and ? as in file names); all where
    there are none.

    Raises
    ------
    InputError
        A pattern fits no case.
    """
    # A mistyped pattern beside a good one would silently measure less than was asked for.
    for pattern in patterns:
        if not any(_fits(case, pattern) for case in cases):
            raise InputError(
                translatable(
                    "--case {pattern}: no case is called so; --list shows them all", pattern=pattern
                )
            )
    return [
        case for case in cases if not patterns or any(_fits(case, pattern) for pattern in patterns)
    ]


def _fits(case: Case, pattern: str) -> bool:
    return fnmatchcase(case.name, f"*{pattern}*")


def dataset_folder(case: Case, cache: Path) -> Path:
    """Where the photos of a case are: sharp, degraded, truth and evaluation as `write_dataset`
    makes them."""
    # Photos are rendered anew when the case or what draws them has changed, and only then.
    key = hashlib.sha256(repr(case.virtual_settings()).encode())
    for name in _RENDERING:
        key.update((Path(lenscal.__file__).parent / name).read_bytes())
    readable = f"{case.lens_name}-{case.scenes}-{case.sensor}-iso{case.iso}-seed{case.seed}"
    return cache / "photos" / f"{readable}-{key.hexdigest()[:10]}"


def render_photos(case: Case, cache: Path) -> Job[Path]:
    """Render the photos of a case unless they are there; return their folder, which is whole or not
    there.

    Raises
    ------
    LenscalError
        `STOP` was asked for: there is nothing to keep of half a folder.
    """
    folder = dataset_folder(case, cache)
    if (folder / _DONE).is_file():
        yield Report("render", translatable("{case}: the photos are there", case=case.name), 1.0)
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder that it becomes: a rename is whole or nothing on one file system only.
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for report in write_dataset(temporary, case.virtual_settings()):
            message = translatable("{case}: {step}", case=case.name, step=report.message)
            if (yield replace(report, message=message)) == STOP:
                raise LenscalError(
                    translatable("{case}: stopped while its photos were taken", case=case.name)
                )
        shooting = case.shooting
        # For whoever looks into the folder: its name is a digest.
        description = {
            "lens": shooting.lens.name,
            "sharp_aperture": shooting.sharp_aperture,
            "degraded_aperture": shooting.degraded_aperture,
            "scenes": str(case.scenes),
            "sensor": str(case.sensor),
            "iso": case.iso,
            "seed": case.seed,
        }
        (temporary / _DONE).write_text(json.dumps(description, indent=1))
        # What a killed run has left there has no description, and counts for nothing.
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder
