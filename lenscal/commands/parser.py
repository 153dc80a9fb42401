"""The command line's grammar. Imports nothing heavy: `lenscal --help` answers at once."""

from __future__ import annotations

import argparse
from pathlib import Path

from lenscal import __version__
from lenscal.errors import InputError

QUALITIES = ("quick", "standard", "full")
DEVICES = ("auto", "cpu", "cuda", "mps")
STAGES = ("auto", "G", "GT", "P", "FM", "all")
METHODS = ("wiener", "dpir", "diffpir", "none")
FORMATS = ("tiff", "dng", "png", "jpeg")
SPACES = ("srgb", "display-p3", "prophoto", "camera-linear")
CONFLICTS = ("unique", "overwrite", "skip", "error")
DEPTHS = (8, 16)
BENCHMARK_PARTS = ("accuracy", "speed", "prior", "correction")
PSF_FORMATS = ("fits", "npz", "tiff", "csv", "all")

_SUMMARY = """\
Learn a lens's point spread function from ordinary RAW photos, without a chart, and correct photos with it.

Take photos at a good aperture (say f/5.6) and at the one to correct (say f/1.8), put them in two folders, calibrate
once, then correct every photo taken at that aperture. Without a command, the window opens."""


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lenscal",
        description=_SUMMARY,
        epilog="example:\n  lenscal demo --out demo",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"lenscal {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    speaking = _speaking()
    learning = _learning()
    _add_gui(commands)
    _add_demo(commands, speaking, learning)
    _add_check(commands, speaking)
    _add_calibrate(commands, speaking, learning)
    _add_correct(commands, speaking)
    _add_export(commands, speaking)
    _add_report(commands, speaking)
    _add_info(commands, speaking)
    _add_benchmark(commands, speaking)
    return parser


def pair(text: str, option: str) -> tuple[int, int]:
    """ "8x8" to (8, 8).

    Raises
    ------
    InputError
        It is not two numbers with an x in between.
    """
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
        raise InputError(f"{option} {text}: give two numbers with an x in between, e.g. 8x8")
    return int(parts[0]), int(parts[1])


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    example: str,
    *parents: argparse.ArgumentParser,
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"example:\n  {example}",
        parents=list(parents),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _speaking() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    group = options.add_argument_group("what is printed")
    group.add_argument(
        "--json", action="store_true", help="print one JSON object on standard output, nothing else"
    )
    group.add_argument("--quiet", action="store_true", help="no progress")
    group.add_argument(
        "--verbose", action="store_true", help="progress with all figures; tracebacks"
    )
    return options


def _learning() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    group = options.add_argument_group("how to calibrate")
    group.add_argument(
        "--device", choices=DEVICES, default="auto", help="where to compute (default: auto)"
    )
    group.add_argument(
        "--grid", default="8x8", metavar="8x8", help="rows x columns of kernels (default: 8x8)"
    )
    group.add_argument(
        "--kernel-size",
        type=int,
        metavar="PX",
        help="odd; side of a kernel (default: 13, more where blur is wider)",
    )
    group.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="equal seeds give equal results (default: 0)",
    )
    group.add_argument(
        "--max-minutes",
        type=float,
        metavar="M",
        help="stop in time and keep what was reached; --resume counts anew",
    )
    group.add_argument(
        "--stages", choices=STAGES, default="auto", help="which stages run, for measuring"
    )
    return options


def _add_gui(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    gui = _command(commands, "gui", "open the window", "lenscal gui")
    gui.add_argument("project", nargs="?", metavar="PROJECT", help="a project or a profile to open")
    gui.add_argument(
        "--grab",
        type=Path,
        metavar="DIR",
        help="walk through every step, save a PNG of each, and close",
    )
    gui.add_argument(
        "--theme", choices=("light", "dark"), help="otherwise what the preferences say"
    )
    gui.add_argument("--size", default="1280x800", metavar="1280x800", help="of the window")


def _add_demo(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], *parents: argparse.ArgumentParser
) -> None:
    demo = _command(
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
    demo.add_argument("--quality", choices=QUALITIES, default="quick", help="(default: quick)")
    demo.add_argument(
        "--photos", type=int, default=8, metavar="N", help="photos in each folder (default: 8)"
    )
    demo.add_argument(
        "--size", default="1800x1200", metavar="1800x1200", help="width x height of the photos, px"
    )
    demo.add_argument("--unrelated", action="store_true", help="the folders show different scenes")
    demo.add_argument("--window", action="store_true", help="run it in the window")


def _add_check(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], *parents: argparse.ArgumentParser
) -> None:
    check = _command(
        commands,
        "check",
        "tell which photos of two folders can be used",
        "lenscal check f5.6 f1.8",
        *parents,
    )
    _add_folders(check)
    check.add_argument(
        "--grid",
        default="8x8",
        metavar="8x8",
        help="rows x columns of the texture map (default: 8x8)",
    )


def _add_calibrate(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], *parents: argparse.ArgumentParser
) -> None:
    calibrate = _command(
        commands,
        "calibrate",
        "learn the PSF of an aperture from a folder of sharp and one of degraded photos",
        "lenscal calibrate f5.6 f1.8 --out mylens.lenscal --quality quick",
        *parents,
    )
    _add_folders(calibrate)
    calibrate.add_argument(
        "--out", type=Path, required=True, metavar="LENS.lenscal", help="the profile to write"
    )
    calibrate.add_argument(
        "--quality", choices=QUALITIES, default="standard", help="(default: standard)"
    )
    calibrate.add_argument(
        "--resume",
        action="store_true",
        help="go on where a calibration to the same --out was interrupted",
    )


def _add_folders(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "sharp", type=Path, metavar="SHARP", help="folder of RAW photos at the good aperture"
    )
    command.add_argument(
        "degraded", type=Path, metavar="DEGRADED", help="folder of RAW photos at the one to correct"
    )
    command.add_argument(
        "--keep-all", action="store_true", help="use photos that look flat, clipped, moved ... too"
    )
    group = command.add_argument_group(
        "what the photos do not say (manual lenses), or which to choose"
    )
    group.add_argument(
        "--aperture-sharp", type=float, metavar="F", help="f-number of the sharp photos"
    )
    group.add_argument(
        "--aperture-degraded", type=float, metavar="F", help="f-number of the degraded photos"
    )
    group.add_argument("--lens", metavar="NAME", help="name of the lens")
    group.add_argument("--focal", type=float, metavar="MM", help="focal length")


def _add_correct(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], *parents: argparse.ArgumentParser
) -> None:
    correct = _command(
        commands,
        "correct",
        "correct photos with a profile or a folder of PSF files",
        "lenscal correct mylens.lenscal IMG_0815.CR3 --out corrected",
        *parents,
    )
    correct.add_argument(
        "psf",
        type=Path,
        metavar="LENS.lenscal|PSF_DIR",
        help="profile, or folder of psf_R/G/B.fits",
    )
    correct.add_argument(
        "photos", type=Path, nargs="+", metavar="PHOTO", help="RAW files or folders of them"
    )
    correct.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the corrected photos"
    )
    correct.add_argument(
        "--method", choices=METHODS, default="wiener", help="none: develop only (default: wiener)"
    )
    correct.add_argument(
        "--amount", type=float, default=1.0, metavar="0..1", help="how much to correct (default: 1)"
    )
    correct.add_argument(
        "--denoise", type=float, default=0.5, metavar="0..1", help="less noise or more detail"
    )
    correct.add_argument(
        "--device", choices=DEVICES, default="auto", help="where to compute (default: auto)"
    )
    correct.add_argument(
        "--prior",
        metavar="FILE",
        help="other weights for dpir and diffpir: ours, FFDNet's, DRUNet's",
    )
    correct.add_argument(
        "--force",
        action="store_true",
        help="correct photos of another lens or aperture all the same",
    )
    correct.add_argument(
        "--save-mask",
        action="store_true",
        help="write beside each photo where it was corrected, PNG",
    )
    correct.add_argument(
        "--format", choices=FORMATS, default="tiff", help="dng: linear camera RGB (default: tiff)"
    )
    correct.add_argument(
        "--space",
        choices=SPACES,
        default="srgb",
        help="camera-linear: for measuring (default: srgb)",
    )
    correct.add_argument(
        "--depth", type=int, choices=DEPTHS, default=16, help="bits of PNG and TIFF (default: 16)"
    )
    correct.add_argument(
        "--template", default="{name}_lenscal", help="file name (default: {name}_lenscal)"
    )
    correct.add_argument(
        "--on-conflict",
        choices=CONFLICTS,
        default="unique",
        help="(default: unique, adds a number)",
    )


def _add_export(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], *parents: argparse.ArgumentParser
) -> None:
    export = _command(
        commands,
        "export-psf",
        "write the kernels of a profile for other programs",
        "lenscal export-psf mylens.lenscal --out psf --format all",
        *parents,
    )
    export.add_argument("psf", type=Path, metavar="LENS.lenscal")
    export.add_argument("--out", type=Path, required=True, metavar="DIR")
    export.add_argument("--format", choices=PSF_FORMATS, default="fits", help="(default: fits)")


def _add_report(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], *parents: argparse.ArgumentParser
) -> None:
    report = _command(
        commands,
        "report",
        "write what was calibrated as one page: kernels, contrast, lateral colour, confidence, settings",
        "lenscal report mylens.lenscal --out mylens.html",
        *parents,
    )
    report.add_argument("psf", type=Path, metavar="LENS.lenscal|PSF_DIR")
    report.add_argument("--out", type=Path, required=True, metavar="FILE.html|FILE.pdf")


def _add_info(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], *parents: argparse.ArgumentParser
) -> None:
    info = _command(
        commands,
        "info",
        "say in words what a profile or a RAW file is",
        "lenscal info mylens.lenscal",
        *parents,
    )
    info.add_argument("file", type=Path, metavar="FILE")


def _add_benchmark(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], *parents: argparse.ArgumentParser
) -> None:
    benchmark = _command(
        commands,
        "benchmark",
        "measure accuracy on virtual lenses, speed, the prior and corrections beside baselines and yardsticks",
        "lenscal benchmark --only accuracy --case traced/same",
        *parents,
    )
    benchmark.add_argument("--only", choices=BENCHMARK_PARTS, help="one part (default: all)")
    benchmark.add_argument(
        "--device", choices=DEVICES, default="auto", help="where to compute (default: auto)"
    )
    benchmark.add_argument(
        "--folder", type=Path, metavar="DIR", help="where photos and results are kept"
    )
    benchmark.add_argument(
        "--markdown", type=Path, metavar="FILE", help="also write the tables to a file"
    )
    group = benchmark.add_argument_group("accuracy")
    group.add_argument("--list", action="store_true", help="name the cases, measure nothing")
    group.add_argument(
        "--case", action="append", default=[], metavar="PATTERN", help="only cases named like this"
    )
    group.add_argument(
        "--quality", action="append", choices=QUALITIES, help="above quick: kept-out lenses only"
    )
    group.add_argument(
        "--stages", action="append", choices=STAGES, help="which stages run (default: auto)"
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
    group.add_argument(
        "--photos", type=int, default=8, metavar="N", help="in each folder (default: 8)"
    )
    group.add_argument(
        "--size", default="1800x1200", metavar="1800x1200", help="width x height of the photos, px"
    )
    group.add_argument(
        "--measure", type=Path, metavar="DIR", help="only this folder of photos, in this process"
    )
    group.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of the calibration, with --measure"
    )
    group = benchmark.add_argument_group("correction")
    group.add_argument(
        "--profile", type=Path, metavar="FILE", help="of lenscal demo: its learnt kernels, too"
    )
    group = benchmark.add_argument_group("prior")
    group.add_argument(
        "--kodak",
        type=Path,
        metavar="DIR",
        help="the Kodak images (kodim01.png, ...) to measure on",
    )
    group.add_argument(
        "--yardstick", type=Path, metavar="FILE", help="weights of a denoiser to stand beside ours"
    )
