"""The grammar of the commands for pictures."""

from __future__ import annotations

import argparse
from pathlib import Path

from lenscal.calibration.settings import Method
from lenscal.commands.option_groups import (
    Commands,
    add_choice,
    add_device,
    add_prior,
    add_private,
    add_seed,
    default_of,
    new_command,
)
from lenscal.enlarge.settings import DEFAULTS, FACTORS, EnlargeMethod
from lenscal.files.photos.export_settings import DEPTHS, ExportSettings, OnConflict, PhotoFormat
from lenscal.raw.pictures.kinds import Light

EXPERIMENTS = ("4.1", "4.2", "4.4", "dbi-kernels", "dbi-restoration")
"""Sections of the first paper, and the kernels of the second one (double-blind imaging)."""
DEFAULT_MINUTES = 30.0


def add_enlarge(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    """lenscal enlarge."""
    enlarge = new_command(
        commands,
        "enlarge",
        "enlarge photos that were made smaller, by the kernel that each shows to have gone through",
        "lenscal enlarge small.jpg --out enlarged --factor 2",
        *parents,
    )
    enlarge.add_argument(
        "photos", type=Path, nargs="+", metavar="PHOTO", help="pictures, RAW files, or folders"
    )
    enlarge.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the enlarged photos"
    )
    add_choice(enlarge, "--factor", FACTORS, DEFAULTS.factor, "how many times as wide and high")
    enlarge.add_argument(
        "--kernel",
        default=DEFAULTS.kernel.value,
        metavar="auto|flow|FILE",
        help="auto: found in the spectrum of each photo; flow: by distribution matching (Meanti et "
        "al. 2025), minutes each; or an npz file with an array kernel [k, k] in pixels of the "
        "enlarged photo, such as is written beside each (default: auto)",
    )
    add_choice(
        enlarge,
        "--method",
        EnlargeMethod,
        DEFAULTS.method,
        "pnp: a denoiser that knows photos, in turns with the picture; network: one that is "
        "trained on the picture itself, minutes each",
    )
    enlarge.add_argument(
        "--light",
        choices=[light.value for light in Light],
        default=DEFAULTS.light.value,
        help="values of pictures that were averaged when they were made smaller: stored, as "
        f"programs do it, or linear (default: {DEFAULTS.light.value})",
    )
    add_seed(enlarge, DEFAULTS.seed, "of the network")
    add_device(enlarge)
    add_prior(enlarge, "pnp")
    _add_written(enlarge)


def add_reproduce(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    """lenscal reproduce."""
    reproduce = new_command(
        commands,
        "reproduce",
        "run the protocols of the papers that lenscal follows (Meanti et al. 2025; dbi: Levac et "
        "al.), at the size of this computer, beside the published figures",
        "lenscal reproduce --only 4.1 --photos photos --minutes 15",
        *parents,
    )
    reproduce.add_argument(
        "--only", choices=EXPERIMENTS, help="one section of a paper (default: all)"
    )
    reproduce.add_argument(
        "--photos",
        type=Path,
        metavar="DIR",
        help="sharp pictures, at least 50 for figures that mean something (default: the 20 scenes "
        "that ship)",
    )
    reproduce.add_argument(
        "--minutes",
        type=float,
        default=DEFAULT_MINUTES,
        metavar="M",
        help=f"for all sections, roughly (default: {DEFAULT_MINUTES:g})",
    )
    reproduce.add_argument(
        "--full", action="store_true", help="all cases of every section, as long as it takes"
    )
    reproduce.add_argument(
        "--markdown",
        type=Path,
        metavar="FILE",
        help="also write the tables into a document, in place of those of the last time",
    )
    add_choice(
        reproduce,
        "--method",
        Method,
        Method.AUTO,
        "how kernels of 4.1 and 4.4 are found; flow: by distribution matching, minutes each",
    )
    add_seed(reproduce, 0, "of kernels, noise and the choice of photos")
    add_device(reproduce)


def _add_written(command: argparse.ArgumentParser) -> None:
    """How photos are written."""
    as_it_was = "pictures: as they were"
    for option, choices, name in (
        ("--format", PhotoFormat, "format"),
        ("--depth", DEPTHS, "depth"),
    ):
        add_choice(
            command,
            option,
            choices,
            default_of(ExportSettings, name),
            "of enlarged photos",
            otherwise=as_it_was,
        )
    command.add_argument("--template", help="file name (default: {name}_x2, by the factor)")
    add_choice(
        command,
        "--on-conflict",
        OnConflict,
        default_of(ExportSettings, "on_conflict"),
        "unique adds a number",
    )
    add_private(command, "of metadata where the photo was taken, serial numbers and names of files")
