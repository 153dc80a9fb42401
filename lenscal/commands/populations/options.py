"""The grammar of the commands for populations of kernels."""

from __future__ import annotations

import argparse
from pathlib import Path

from lenscal.calibration.settings import Quality
from lenscal.commands.option_groups import (
    Commands,
    add_choice,
    add_device,
    add_light,
    add_seed,
    default_of,
    new_command,
)
from lenscal.files.population.description import KERNEL_SIZES_PX, Constraint
from lenscal.population.settings import KERNEL_PX, PopulationMethod, PopulationSettings
from lenscal.raw.pictures.kinds import Light


def add_population(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    """lenscal population."""
    population = new_command(
        commands,
        "population",
        "learn how blur differs from photo to photo (hand shake, focus, air), from a folder of "
        "sharp and one of blurred photos of any scenes",
        "lenscal population sharp shaken --out rig.lenspop --kernel-size 31",
        *parents,
    )
    population.add_argument(
        "sharp", type=Path, metavar="SHARP", help="folder of sharp RAW photos (or pictures)"
    )
    population.add_argument(
        "blurred",
        type=Path,
        metavar="BLURRED",
        help="folder of photos of other scenes, each with a blur of its own; hundreds are best",
    )
    population.add_argument(
        "--out", type=Path, required=True, metavar="RIG.lenspop", help="the population to write"
    )
    add_choice(population, "--quality", Quality, default_of(PopulationSettings, "quality"))
    population.add_argument(
        "--kernel-size",
        type=int,
        default=KERNEL_PX,
        metavar="PX",
        help=f"side of a kernel, {KERNEL_SIZES_PX[0]} to {KERNEL_SIZES_PX[-1]}: larger than the "
        f"widest blur (default: {KERNEL_PX})",
    )
    add_choice(
        population,
        "--method",
        PopulationMethod,
        default_of(PopulationSettings, "method"),
        "gan: against a discriminator, as published (Levac et al.)",
    )
    add_choice(
        population,
        "--constraint",
        Constraint,
        Constraint.SOFTMAX,
        "none: taps may be negative, for comparison",
    )
    population.add_argument(
        "--per-channel",
        action="store_true",
        help="red, green and blue have kernels of their own (default: one for all)",
    )
    population.add_argument(
        "--noise",
        type=float,
        metavar="SIGMA",
        help="standard deviation of the blurred photos' noise, white being 1 (default: what their "
        "files tell, or what is estimated)",
    )
    _add_running(population)
    add_light(population, Light.LINEAR)


def _add_running(population: argparse.ArgumentParser) -> None:
    """How long, from where, and with which random numbers."""
    population.add_argument(
        "--max-minutes",
        type=float,
        metavar="M",
        help="stop after this time and keep what was reached; --resume starts counting again",
    )
    # Asked for, not guessed: a checkpoint may be of a training that nobody wants any more.
    population.add_argument(
        "--resume",
        action="store_true",
        help="continue where a training to the same --out was interrupted",
    )
    add_seed(population, default_of(PopulationSettings, "seed"), "equal seeds give equal results")
    add_device(population)
