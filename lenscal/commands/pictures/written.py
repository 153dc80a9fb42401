"""Options that commands share which restore photos: how much, and how photos are written."""

from __future__ import annotations

import argparse

from lenscal.commands.option_groups import add_choice, add_device, add_private, default_of
from lenscal.files.photos.export_settings import (
    DEPTHS,
    PLAIN,
    ExportSettings,
    OnConflict,
    PhotoFormat,
    Space,
    Tone,
)
from lenscal.restore.settings import DEFAULTS as RESTORE_DEFAULTS
from lenscal.restore.settings import Method

_METHODS = "network: the profile's own, see train-network; none: develop only"


def add_correction_method(command: argparse.ArgumentParser, otherwise: str = "") -> None:
    """--method, of correcting with known kernels; `otherwise` as in `add_choice`."""
    add_choice(command, "--method", Method, RESTORE_DEFAULTS.method, _METHODS, otherwise=otherwise)


def add_exposure(
    command: argparse.ArgumentParser, words: str, default: float | None = PLAIN.exposure_ev
) -> None:
    """--exposure, with what it brightens; default None tells who chose it."""
    command.add_argument(
        "--exposure",
        type=float,
        default=default,
        metavar="EV",
        help=f"{words} (default: {PLAIN.exposure_ev:g})",
    )


def add_written_photos(command: argparse.ArgumentParser) -> None:
    """How photos are written."""
    as_it_was = "pictures: as they were"
    add_choice(
        command,
        "--format",
        PhotoFormat,
        default_of(ExportSettings, "format"),
        "dng: linear camera RGB",
        otherwise=as_it_was,
    )
    add_choice(
        command,
        "--space",
        Space,
        default_of(ExportSettings, "space"),
        "camera-linear: for measuring",
        otherwise=as_it_was,
    )
    add_choice(
        command,
        "--depth",
        DEPTHS,
        default_of(ExportSettings, "depth"),
        "bits of PNG and TIFF",
        otherwise=as_it_was,
    )
    add_exposure(command, "brighten TIFF, PNG and JPEG of RAW photos, after the correction")
    add_choice(command, "--tone", Tone, PLAIN.tone, "film: more contrast, highlights compressed")
    template = default_of(ExportSettings, "template")
    command.add_argument("--template", default=template, help=f"file name (default: {template})")
    add_choice(
        command,
        "--on-conflict",
        OnConflict,
        default_of(ExportSettings, "on_conflict"),
        "unique adds a number",
    )
    add_private(
        command,
        "of metadata where the photo was taken, serial numbers and names of files; title, "
        "captions, keywords and rights stay",
    )


def add_correction_strength(command: argparse.ArgumentParser) -> None:
    """How much is corrected, and on what."""
    command.add_argument(
        "--amount",
        type=float,
        default=RESTORE_DEFAULTS.amount,
        metavar="0..1",
        help=f"how much to correct (default: {RESTORE_DEFAULTS.amount:g})",
    )
    command.add_argument(
        "--denoise",
        type=float,
        default=RESTORE_DEFAULTS.denoise,
        metavar="0..1",
        help=f"less noise or more detail (default: {RESTORE_DEFAULTS.denoise:g})",
    )
    add_device(command)
