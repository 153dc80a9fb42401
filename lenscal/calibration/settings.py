"""What the user decides about a calibration: choices, limits and defaults, each declared only here.

Nothing that takes time is imported: the command line's parser and the window read this at start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from lenscal.errors import InputError
from lenscal.system.device import AUTO, check_device_name
from lenscal.translation import translatable

KERNEL_PX = 13
"""Side of the kernels where the user does not say another: wide enough for most lenses."""
LARGE_KERNEL_PX = 19
"""Side that they are enlarged to where light reaches their border."""

GRID_SIDES = range(2, 65)
"""Rows, and columns, that a grid of kernels can have."""
LARGEST_SEED = 2**63 - 1
"""The largest that torch takes."""
KERNEL_SIZES_PX = range(5, 42, 2)
"""Sides that a kernel can have: odd, so that one pixel is the middle."""


class Quality(StrEnum):
    """How much time a calibration may spend: see `lenscal.calibration.budget`."""

    QUICK = "quick"
    STANDARD = "standard"
    FULL = "full"


class KernelModel(StrEnum):
    """What blur may be like over a photo (`--kernel`)."""

    GRID = "grid"
    """It changes from place to place: a lens's."""
    UNIFORM = "uniform"
    """It is the same all over: hand, focus, air, a scanner."""


class Stages(StrEnum):
    """Which stages run, as the user names them (`--stages`)."""

    AUTO = "auto"
    G = "G"
    GT = "GT"
    P = "P"
    FM = "FM"
    GTFM = "GTFM"
    ALL = "all"


class Method(StrEnum):
    """Ways of learning, as the user names them (`--method`): each stands for stages."""

    AUTO = "auto"
    FLOW = "flow"


class Family(StrEnum):
    """What kernels flow matching as published may find (`--family`)."""

    FREE = "free"
    """Every tap of every kernel."""
    RAYS = "rays"
    """Those that a lens's aberrations make: a grid's only."""
    TILTS = "tilts"
    """The start, moved, widened and skewed smoothly over the field: a grid's only."""
    LINEAR = "linear"
    """A deep linear network: one kernel for all of a picture only."""


PUBLISHED = frozenset((Stages.FM, Stages.GTFM))
"""Flow matching as published, from unpaired patches: alone, or begun from closed-form stages."""


def family_of(family: Family, stages: Stages, kernel: KernelModel) -> Family:
    """The family that `--family` means beside the other choices.

    Raises
    ------
    InputError
        They exclude each other.
    """
    if family is Family.FREE:
        return family
    if family is Family.LINEAR and kernel is not KernelModel.UNIFORM:
        raise InputError(
            translatable(
                "--family {family} is for one blur: add --kernel uniform (of lenscal calibrate), "
                "or leave it out",
                family=family,
            )
        )
    if family is not Family.LINEAR and kernel is KernelModel.UNIFORM:
        raise InputError(
            translatable(
                "--family {family} and --kernel {kernel} exclude each other: leave one out",
                family=family,
                kernel=kernel,
            )
        )
    if stages not in PUBLISHED:
        raise InputError(
            translatable(
                "--family {family} is for flow matching: add --method flow, or leave it out",
                family=family,
            )
        )
    return family


def stages_of(method: Method, stages: Stages) -> Stages:
    """The stages that `--method` and `--stages` together mean.

    Raises
    ------
    InputError
        They exclude each other.
    """
    if method is Method.AUTO or stages in PUBLISHED:
        return stages
    if stages is not Stages.AUTO:
        raise InputError(
            translatable(
                "--method flow and --stages {stages} exclude each other: leave one out, or choose "
                "--stages GTFM to begin flow matching with what closed-form stages found",
                stages=stages,
            )
        )
    return Stages.FM


@dataclass(frozen=True, slots=True)
class CalibrationSettings:
    """What the user decides.

    Raises
    ------
    InputError
        A value outside its limits; the message names the option and the value.
    """

    quality: Quality = Quality.STANDARD
    device: str = AUTO
    """One of `lenscal.system.device.DEVICES`."""
    grid: tuple[int, int] = (8, 8)
    """Rows and columns, each within `GRID_SIDES`; `KernelModel.UNIFORM` has one of each."""
    kernel_size: int | None = None
    """px, one of `KERNEL_SIZES_PX`; None: `KERNEL_PX`, and `LARGE_KERNEL_PX` where pairs or rays
    put light at the border."""
    seed: int = 0
    max_minutes: float | None = None
    """Above 0; None: as long as it takes."""
    stages: Stages = Stages.AUTO
    kernel: KernelModel = KernelModel.GRID
    family: Family = Family.FREE
    """Of flow matching as published; other ways have their own."""

    def __post_init__(self) -> None:
        if not all(side in GRID_SIDES for side in self.grid):
            raise InputError(
                translatable(
                    "--grid {rows}x{columns}: choose {least} to {most} rows and columns, e.g. 8x8",
                    rows=self.grid[0],
                    columns=self.grid[1],
                    least=GRID_SIDES[0],
                    most=GRID_SIDES[-1],
                )
            )
        if self.kernel_size is not None and self.kernel_size not in KERNEL_SIZES_PX:
            raise InputError(
                translatable(
                    "--kernel-size {size}: choose an odd number from {least} to {most}",
                    size=self.kernel_size,
                    least=KERNEL_SIZES_PX[0],
                    most=KERNEL_SIZES_PX[-1],
                )
            )
        if self.max_minutes is not None and not 0 < self.max_minutes < math.inf:
            raise InputError(
                translatable(
                    "--max-minutes {minutes}: must be above 0, and finite",
                    minutes=f"{self.max_minutes:g}",
                )
            )
        if not 0 <= self.seed <= LARGEST_SEED:
            raise InputError(
                translatable("--seed {seed}: choose 0 to {most}", seed=self.seed, most=LARGEST_SEED)
            )
        check_device_name(self.device)


DEFAULTS = CalibrationSettings()
"""What holds where the user says nothing."""
