"""lenscal gui, and lenscal without a command."""

from __future__ import annotations

import argparse

from lenscal.commands.option_groups import pair


def run_gui(args: argparse.Namespace) -> int:
    """Open the window."""
    size = pair(args.size, "--size")
    # Qt is slow to load: not for a wrong --size.
    from lenscal.gui.app import run

    code: int = run(args.project, grab=args.grab, theme=args.theme, size=size)
    return code
