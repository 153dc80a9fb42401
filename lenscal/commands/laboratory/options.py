"""The grammar of lenscal batch."""

from __future__ import annotations

import argparse
from pathlib import Path

from lenscal.commands.option_groups import Commands, new_command


def add_batch(commands: Commands, output: argparse.ArgumentParser) -> None:
    """Declare the command."""
    batch = new_command(
        commands,
        "batch",
        "calibrate all lenses and apertures that a manifest names: profiles, reports, PSF files "
        "and one table; what is done and unchanged is skipped",
        "lenscal batch lenses.toml --out measured",
        output,
    )
    batch.add_argument(
        "manifest",
        type=Path,
        metavar="MANIFEST.toml|MANIFEST.csv",
        help="which lenses, where their photos are, and the settings (docs/manifest.md)",
    )
    batch.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the results"
    )
    batch.add_argument(
        "--again", action="store_true", help="also calibrate what is done and unchanged"
    )
    batch.add_argument(
        "--pdf", action="store_true", help="write each report as PDF, too, beside the HTML"
    )
    where = batch.add_mutually_exclusive_group()
    where.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="calibrations side by side on this computer (default: 1, on all cores); more need "
        "Dask: pip install 'lenscal[cluster]'",
    )
    where.add_argument(
        "--scheduler",
        metavar="tcp://HOST:PORT",
        help="do it on the Dask cluster of this scheduler (docs/cluster.md)",
    )
