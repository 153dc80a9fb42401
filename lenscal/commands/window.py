"""lenscal gui, and lenscal without a command."""

from __future__ import annotations

import argparse

from lenscal.commands.option_groups import pair
from lenscal.errors import InputError
from lenscal.translation import translatable

_LEAST_SIDE, _LARGEST_SIDE = 100, 16_384
"""Of the window, px."""


def run_gui(args: argparse.Namespace) -> int:
    """Open the window."""
    size = pair(args.size, "--size")
    if not all(_LEAST_SIDE <= side <= _LARGEST_SIDE for side in size):
        raise InputError(
            translatable(
                "--size {size}: choose {least} to {most} px",
                size=args.size,
                least=_LEAST_SIDE,
                most=_LARGEST_SIDE,
            )
        )
    # Qt is slow to load: not for a wrong --size.
    from lenscal.gui.app import run

    code: int = run(args.project, grab=args.grab, theme=args.theme, size=size)
    return code
