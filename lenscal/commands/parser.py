"""The command line's grammar. Imports nothing heavy: `lenscal --help` answers at once.

Choices, limits and defaults are those of the settings; nothing of them is said again here.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from lenscal.calibration.settings import DEFAULTS, Quality
from lenscal.commands.benchmark_options import add_benchmark
from lenscal.commands.laboratory.options import add_batch
from lenscal.commands.lenses.options import add_lens_commands, add_library
from lenscal.commands.option_groups import (
    CommandParser,
    Commands,
    VersionAction,
    add_choice,
    add_device,
    add_light,
    add_photo_folders,
    add_prior,
    add_private,
    add_seed,
    add_virtual_photos,
    calibration_options,
    new_command,
    output_options,
    paired,
)
from lenscal.commands.pictures.options import add_enlarge, add_reproduce
from lenscal.commands.pictures.written import (
    add_correction_method,
    add_correction_strength,
    add_written_photos,
)
from lenscal.commands.populations.options import add_deblur, add_population
from lenscal.commands.profiles.options import IDENTITY, add_export, add_report, add_share
from lenscal.preferences import ThemeChoice
from lenscal.supervised.settings import DEFAULTS as NETWORK_DEFAULTS
from lenscal.supervised.settings import NetworkSize
from lenscal.virtual.limits import Sensor

DEMO_QUALITY = Quality.QUICK
"""A demo shows how the work is done; quick is good enough for that."""

_SUMMARY = """\
Learn a lens's point spread function from ordinary RAW photos, without a chart, and correct photos
with it.

Take photos at a good aperture (say f/5.6) and at the one to correct (say f/1.8), put them in two
folders, calibrate once, then correct every photo taken at that aperture. Without a command, the
window opens."""


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="lenscal",
        description=_SUMMARY,
        epilog="example:\n  lenscal demo --out demo",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action=VersionAction, nargs=0, help="versions and device, and exit"
    )
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="commands", parser_class=CommandParser
    )
    # Made once and shared: an option means the same in every command that has it.
    output, calibration = output_options(), calibration_options()
    _add_gui(commands)
    _add_demo(commands, output, calibration)
    _add_check(commands, output)
    _add_calibrate(commands, output, calibration)
    add_batch(commands, output)
    _add_correct(commands, output)
    add_lens_commands(commands, output)
    add_share(commands, output)
    _add_train_network(commands, output)
    add_export(commands, output)
    add_report(commands, output)
    _add_info(commands, output)
    _add_licences(commands, output)
    add_benchmark(commands, output)
    add_enlarge(commands, output)
    add_reproduce(commands, output)
    add_population(commands, output)
    add_deblur(commands, output)
    return parser


def _add_gui(commands: Commands) -> None:
    gui = new_command(commands, "gui", "open the window", "lenscal gui")
    gui.add_argument("project", nargs="?", metavar="PROJECT", help="a project or a profile to open")
    gui.add_argument(
        "--grab",
        type=Path,
        metavar="DIR",
        help="walk through every step, save a PNG of each, and close",
    )
    gui.add_argument(
        "--theme",
        # Without the third one, "as the system": that is what the preferences are for.
        choices=(ThemeChoice.LIGHT.value, ThemeChoice.DARK.value),
        help="otherwise what the preferences say",
    )
    gui.add_argument("--size", default="1280x800", metavar="1280x800", help="of the window")


def _add_demo(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    demo = new_command(
        commands,
        "demo",
        "do the whole job on a virtual lens and compare the result with the truth",
        "lenscal demo --out demo --quality quick",
        *parents,
    )
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("lenscal-demo"),
        metavar="DIR",
        help="(default: lenscal-demo)",
    )
    add_choice(demo, "--quality", Quality, DEMO_QUALITY)
    add_virtual_photos(demo)
    add_choice(demo, "--sensor", Sensor, Sensor.BAYER, "what the virtual camera sees with")
    demo.add_argument("--unrelated", action="store_true", help="the folders show different scenes")
    demo.add_argument(
        "--rig",
        action="store_true",
        help="a rig that shakes instead of a lens: learn its population of blurs",
    )
    demo.add_argument("--window", action="store_true", help="run it in the window")


def _add_check(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    check = new_command(
        commands,
        "check",
        "tell which photos of two folders can be used",
        "lenscal check f5.6 f1.8",
        *parents,
    )
    add_photo_folders(check)
    grid = paired(DEFAULTS.grid)
    check.add_argument(
        "--grid",
        default=grid,
        metavar=grid,
        help=f"rows x columns of the texture map (default: {grid})",
    )


def _add_calibrate(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    calibrate = new_command(
        commands,
        "calibrate",
        "learn the PSF of an aperture from a folder of sharp and one of degraded photos",
        "lenscal calibrate f5.6 f1.8 --out mylens.lenscal --quality quick",
        *parents,
    )
    add_photo_folders(calibrate)
    calibrate.add_argument(
        "--out", type=Path, required=True, metavar="LENS.lenscal", help="the profile to write"
    )
    add_choice(calibrate, "--quality", Quality, DEFAULTS.quality)
    # Asked for, not guessed: a checkpoint may be of a calibration that nobody wants any more.
    calibrate.add_argument(
        "--resume",
        action="store_true",
        help="continue where a calibration to the same --out was interrupted",
    )
    add_private(calibrate, f"{IDENTITY}, as share does it")


def _add_correct(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    correct = new_command(
        commands,
        "correct",
        "correct photos with a profile, a folder of PSF files, or the library's profiles",
        "lenscal correct mylens.lenscal IMG_0815.CR3 --out corrected",
        *parents,
    )
    correct.add_argument(
        "psf",
        type=Path,
        nargs="?",
        metavar="LENS.lenscal|PSF_DIR",
        help="profile, or folder of psf_R/G/B.fits; left out: each photo's is taken from the "
        "library (lenscal library)",
    )
    correct.add_argument(
        "photos", type=Path, nargs="+", metavar="PHOTO", help="RAW files, pictures, or folders"
    )
    correct.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the corrected photos"
    )
    _add_correction(correct)
    # Kernels of another lens make photos worse: that has to be meant.
    correct.add_argument(
        "--force",
        action="store_true",
        help="correct photos of another lens or aperture anyway",
    )
    correct.add_argument(
        "--save-mask",
        action="store_true",
        help="write beside each photo where it was corrected, PNG",
    )
    add_library(correct)
    add_light(correct, None)
    add_written_photos(correct)


def _add_train_network(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    train = new_command(
        commands,
        "train-network",
        "train a restoration network for a profile's lens on sharp photos, and keep it there",
        "lenscal train-network mylens.lenscal --photos sharp-photos --minutes 60",
        *parents,
    )
    train.add_argument("psf", type=Path, metavar="LENS.lenscal")
    train.add_argument(
        "--photos",
        type=Path,
        nargs="+",
        required=True,
        metavar="FOLDER",
        help="sharp photos of any kind, RAW or pictures; two at least, dozens are better",
    )
    minutes = NETWORK_DEFAULTS.minutes
    train.add_argument(
        "--minutes",
        type=float,
        default=minutes,
        metavar="M",
        help=f"how long (default: {minutes:g}); Ctrl+C keeps what was reached",
    )
    add_choice(
        train,
        "--size",
        NetworkSize,
        NETWORK_DEFAULTS.size,
        "full: ESRGAN's, with a discriminator, for graphics cards",
    )
    train.add_argument(
        "--sensor",
        choices=("bayer", "full-colour"),
        help="of the photos to correct (default: bayer, for profiles of RAW photos)",
    )
    add_seed(train, NETWORK_DEFAULTS.seed, "of all that is random")
    add_device(train)
    train.add_argument(
        "--resume", action="store_true", help="go on with the network that the profile holds"
    )


def _add_correction(command: argparse.ArgumentParser) -> None:
    """How photos are corrected."""
    add_correction_method(command)
    add_correction_strength(command)
    add_prior(command, "dpir and diffpir")


def _add_info(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    info = new_command(
        commands,
        "info",
        "say in words what a profile or a RAW file is",
        "lenscal info mylens.lenscal",
        *parents,
    )
    info.add_argument("file", type=Path, metavar="FILE")


def _add_licences(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    new_command(
        commands,
        "licences",
        "list the libraries and data that lenscal is made of, with their licences "
        "(--verbose: where the texts are)",
        "lenscal licences",
        *parents,
    )
