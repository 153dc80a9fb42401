"""The grammar of the commands that write what a profile holds."""

from __future__ import annotations

import argparse
from pathlib import Path

from lenscal.commands.option_groups import Commands, add_choice, add_private, new_command
from lenscal.commands.pictures.written import add_correction_method, add_exposure
from lenscal.files.psf.psf_formats import ALL_FORMATS, DEFAULT_PSF_FORMAT, PSF_FORMATS

IDENTITY = "serial numbers, names of photos and their hashes"


def add_share(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    """lenscal share."""
    share = new_command(
        commands,
        "share",
        f"copy a profile without {IDENTITY}, to give it away",
        "lenscal share mylens.lenscal --out forum.lenscal",
        *parents,
    )
    share.add_argument("profile", type=Path, metavar="LENS.lenscal")
    share.add_argument("--out", type=Path, required=True, metavar="COPY.lenscal")


def add_export(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    """lenscal export-psf."""
    export = new_command(
        commands,
        "export-psf",
        "write the kernels of a profile for other programs",
        "lenscal export-psf mylens.lenscal --out psf --format all",
        *parents,
    )
    export.add_argument("psf", type=Path, metavar="LENS.lenscal")
    # No default: four kinds of files in the present folder would surprise.
    export.add_argument("--out", type=Path, required=True, metavar="DIR")
    add_choice(export, "--format", (*PSF_FORMATS, ALL_FORMATS), DEFAULT_PSF_FORMAT)
    export.add_argument(
        "--aperture",
        type=float,
        metavar="F",
        help="f-number of the kernels, predicted where it was not photographed",
    )
    export.add_argument(
        "--focal", type=float, metavar="MM", help="of a lens of several focal lengths"
    )


def add_report(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    """lenscal report."""
    report = new_command(
        commands,
        "report",
        "write what was calibrated as a document: kernels, contrast, lateral colour, confidence, "
        "settings",
        "lenscal report mylens.lenscal --out mylens.pdf --photo IMG_0815.CR3",
        *parents,
    )
    report.add_argument("psf", type=Path, metavar="LENS.lenscal|PSF_DIR")
    report.add_argument("--out", type=Path, required=True, metavar="FILE.html|FILE.pdf")
    add_private(report, IDENTITY)
    report.add_argument(
        "--photo",
        type=Path,
        metavar="PHOTO",
        help="show parts of this photo at 100 %%, before and after its correction",
    )
    add_correction_method(report, "only with --photo")
    add_exposure(report, "with --photo: brighten these parts of it", default=None)
