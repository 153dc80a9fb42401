"""The grammar of the commands for several calibrations."""

from __future__ import annotations

import argparse
from pathlib import Path

from lenscal.commands.option_groups import Commands, add_private, new_command

LIBRARY_ACTIONS = ("list", "add", "remove", "find", "export")
_ACTIONS = (
    "list: what there is; add: copy profiles into it; remove: delete them there; find: say which "
    "profile photos need; export: copy profiles out of it"
)


def add_lens_commands(commands: Commands, *parents: argparse.ArgumentParser) -> None:
    """lenscal join and lenscal library."""
    join = new_command(
        commands,
        "join",
        "put several calibrations of one lens (apertures, focal lengths, sessions) into one file",
        "lenscal join at-f1.8.lenscal at-f4.lenscal --out mylens.lenscal",
        *parents,
    )
    join.add_argument("profiles", type=Path, nargs="+", metavar="LENS.lenscal")
    join.add_argument("--out", type=Path, required=True, metavar="LENS.lenscal")
    library = new_command(
        commands,
        "library",
        "keep profiles on this computer, for photos to find theirs",
        "lenscal library add mylens.lenscal",
        *parents,
    )
    library.add_argument("action", choices=LIBRARY_ACTIONS, help=_ACTIONS)
    # Texts: names of the library's profiles are no paths.
    library.add_argument(
        "items",
        nargs="*",
        metavar="LENS.lenscal|NAME|PHOTO",
        help="profiles to add; names as in the list to remove or to export (none: all); photos",
    )
    library.add_argument("--out", type=Path, metavar="DIR", help="where to export to")
    add_library(library)
    add_private(library, "of exported profiles serial numbers, names of photos and their hashes")


def add_library(command: argparse.ArgumentParser) -> None:
    """Where the library is."""
    command.add_argument(
        "--library",
        type=Path,
        metavar="DIR",
        help="folder of the library (default: where LENSCAL_LIBRARY says, else with your data)",
    )
