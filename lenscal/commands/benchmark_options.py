"""The options of `lenscal benchmark`."""

from __future__ import annotations

import argparse
from pathlib import Path

from lenscal.benchmark.parts import Part
from lenscal.calibration.settings import DEFAULTS, Quality, Stages
from lenscal.commands.option_groups import (
    Commands,
    add_device,
    add_virtual_photos,
    new_command,
)
from lenscal.virtual.limits import Sensor


def add_benchmark(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    """Declare the command."""
    benchmark = new_command(
        commands,
        "benchmark",
        "measure accuracy on virtual lenses, speed, the prior and corrections beside baselines and "
        "yardsticks",
        "lenscal benchmark --only accuracy --case traced/same",
        *parents,
    )
    benchmark.add_argument(
        "--only", choices=[part.value for part in Part], help="one part (default: all)"
    )
    # Speed and the prior depend on it; accuracy should not.
    add_device(benchmark)
    benchmark.add_argument(
        "--folder", type=Path, metavar="DIR", help="where photos and results are kept"
    )
    benchmark.add_argument(
        "--markdown", type=Path, metavar="FILE", help="also write the tables to a file"
    )
    _add_cases(benchmark.add_argument_group("accuracy"))
    correction = benchmark.add_argument_group("correction")
    correction.add_argument(
        "--profile", type=Path, metavar="FILE", help="of lenscal demo: its learnt kernels, too"
    )
    prior = benchmark.add_argument_group("prior")
    prior.add_argument(
        "--kodak",
        type=Path,
        metavar="DIR",
        help="the Kodak images (kodim01.png, ...) to measure on",
    )
    prior.add_argument(
        "--yardstick", type=Path, metavar="FILE", help="weights of a denoiser to stand beside ours"
    )


def _add_cases(group: argparse._ActionsContainer) -> None:
    """Which lenses are measured, and how."""
    group.add_argument("--list", action="store_true", help="name the cases, measure nothing")
    group.add_argument(
        "--case", action="append", default=[], metavar="PATTERN", help="only cases named like this"
    )
    group.add_argument(
        "--scene-photos",
        type=Path,
        metavar="DIR",
        help="100 photos or more (JPEG, PNG) that scenes of different photos are painted from "
        "(default: shipped ones, which are few)",
    )
    group.add_argument(
        "--quality",
        action="append",
        choices=[quality.value for quality in Quality],
        help="above quick: kept-out lenses only",
    )
    group.add_argument(
        "--stages",
        action="append",
        choices=[stages.value for stages in Stages],
        help=f"which stages run (default: {DEFAULTS.stages})",
    )
    group.add_argument(
        "--sensor",
        action="append",
        choices=[sensor.value for sensor in Sensor],
        help=f"what the virtual camera sees with (default: {Sensor.BAYER})",
    )
    group.add_argument(
        "--kept-out", action="store_true", help="the lenses that no method was tuned on, too"
    )
    group.add_argument(
        "--fresh", action="store_true", help="measure again what was measured before"
    )
    group.add_argument(
        "--measured", action="store_true", help="show what was measured before, run nothing"
    )
    # Smaller photos for a first look; figures in the documents are of the default size.
    add_virtual_photos(group)
    group.add_argument(
        "--measure", type=Path, metavar="DIR", help="only this folder of photos, in this process"
    )
    group.add_argument(
        "--seed",
        type=int,
        default=DEFAULTS.seed,
        metavar="N",
        help="of the calibration, with --measure",
    )
