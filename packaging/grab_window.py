"""Every step of the window as PNG, in both themes and two sizes, from one run on the virtual lens.

    python packaging/grab_window.py FOLDER [--sizes 1280x800,3840x2160] [--themes light,dark]
    [--minutes 2] [--scale 2]

Set QT_QPA_PLATFORM=offscreen where there is no screen. `--scale 2` draws as on a dense screen:
pictures have the sizes that are given, and everything in them is twice as large.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--sizes", default="1280x800,3840x2160")
    parser.add_argument("--themes", default="light,dark")
    parser.add_argument("--minutes", type=float, default=2.0, help="of calibration at most")
    parser.add_argument(
        "--scale", type=int, default=1, help="screen pixels along a pixel of the window"
    )
    args = parser.parse_args()
    sizes = [tuple(int(n) // args.scale for n in size.split("x")) for size in args.sizes.split(",")]
    os.environ["QT_SCALE_FACTOR"] = str(args.scale)

    from lenscal.gui import tour
    from lenscal.gui.app import application, keep_fluid
    from lenscal.gui.controller import Controller, Folders
    from lenscal.gui.main_window import MainWindow
    from lenscal.gui.tasks import Tasks

    keep_fluid()
    themes = args.themes.split(",")
    app = application(themes[0])
    tour.MAX_MINUTES = args.minutes
    with tempfile.TemporaryDirectory(prefix="lenscal-tour-") as scratch:
        window = MainWindow(
            Controller(Tasks(), Folders(Path(scratch) / "cache", Path(scratch) / "kept"))
        )
        window.resize(*sizes[0])
        window.show()
        looks = [(theme, size) for size in sizes for theme in themes]
        walk = tour.Tour(window, args.folder, looks=looks)
        walk.start()
        code = app.exec()
        window.controller.close()
        window.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
