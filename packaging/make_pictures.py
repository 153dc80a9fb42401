"""The before/after picture of README.md, at 100 %, from what `lenscal demo` left behind.

    python packaging/make_pictures.py DEMO_FOLDER [--at 1400,220] [--size 380x270] [--out
    docs/pictures]

The photo is the one that was kept out of the calibration; both halves go the same way but for the
correction.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

MARGIN_PX = 6


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("demo", type=Path, metavar="DEMO_FOLDER")
    parser.add_argument(
        "--at", default="1400,220", metavar="X,Y", help="top left corner of the crop, px"
    )
    parser.add_argument("--size", default="380x270", metavar="WxH")
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    args = parser.parse_args()
    x, y = (int(part) for part in args.at.split(","))
    width, height = (int(part) for part in args.size.split("x"))
    before, after = (
        _developed(args.demo, method)[y : y + height, x : x + width]
        for method in ("none", "wiener")
    )
    gap = np.full((before.shape[0], MARGIN_PX, 3), 255, np.uint8)
    args.out.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(args.out / "before-after.png"), np.concatenate([before, gap, after], axis=1))
    return 0


def _developed(demo: Path, method: str) -> np.ndarray:
    """The kept-out photo as sRGB, uint8 [H, W, 3] in OpenCV's BGR order."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "lenscal",
            "correct",
            demo / "demo.lenscal",
            demo / "evaluation" / "degraded.dng",
            "--out",
            folder,
            "--method",
            method,
            "--format",
            "png",
            "--quiet",
        ]
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
        return np.asarray(cv2.imread(str(next(Path(folder).glob("*.png")))))


if __name__ == "__main__":
    sys.exit(main())
