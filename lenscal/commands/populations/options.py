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
    add_prior,
    add_seed,
    default_of,
    new_command,
)
from lenscal.commands.pictures.written import add_correction_strength, add_written_photos
from lenscal.deblur.settings import COUNT_LIMITS, DeblurMethod
from lenscal.deblur.settings import DEFAULTS as DEBLUR_DEFAULTS
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
        "gan: against a discriminator, as published (Levac et al.); flow: by the difference of two "
        "velocity networks, begun by a discriminator",
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


def add_deblur(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    """lenscal deblur."""
    deblur = new_command(
        commands,
        "deblur",
        "restore photos whose own blur nobody knows, by what is known of their rig's blurs",
        "lenscal deblur IMG_0815.CR3 rig.lenspop --out restored --kernels-sheet",
        *parents,
    )
    deblur.add_argument(
        "photos", type=Path, nargs="+", metavar="PHOTO", help="RAW files, pictures, or folders"
    )
    deblur.add_argument(
        "population", type=Path, metavar="RIG.lenspop", help="what lenscal population has written"
    )
    deblur.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the restored photos"
    )
    add_choice(
        deblur,
        "--method",
        DeblurMethod,
        DEBLUR_DEFAULTS.method,
        "fast: seconds a photo; sampling: kernels drawn from what photo and rig say together; "
        "joint: kernel and picture drawn side by side, as published, slower; both of these with a "
        "denoiser that knows photos",
    )
    deblur.add_argument(
        "--kernels",
        type=int,
        default=DEBLUR_DEFAULTS.n_kernels,
        metavar="N",
        help=f"how many are drawn, {COUNT_LIMITS[0]} to {COUNT_LIMITS[1]}; where they disagree, a "
        f"photo is left out (default: {DEBLUR_DEFAULTS.n_kernels})",
    )
    deblur.add_argument(
        "--no-roll",
        action="store_true",
        help="one kernel all over the photo: do not look whether the camera turned",
    )
    add_correction_strength(deblur)
    add_prior(deblur, "sampling and joint")
    add_seed(deblur, DEBLUR_DEFAULTS.seed, "of what is drawn")
    deblur.add_argument(
        "--force", action="store_true", help="restore photos that do not tell their blur anyway"
    )
    deblur.add_argument(
        "--save-mask",
        action="store_true",
        help="write beside each photo where it was restored, PNG",
    )
    deblur.add_argument(
        "--kernels-sheet",
        action="store_true",
        help="write beside each photo the kernels that were drawn for it, PNG",
    )
    add_written_photos(deblur)
