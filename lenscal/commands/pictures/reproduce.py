"""lenscal reproduce."""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lenscal
from lenscal.calibration.settings import Method
from lenscal.commands.pictures.options import EXPERIMENTS
from lenscal.commands.progress import Speaker, run_job
from lenscal.enlarge.settings import KernelSource
from lenscal.errors import InputError
from lenscal.system.device import check_device
from lenscal.system.json_values import without_nan
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.benchmark.summary import Table
    from lenscal.stepping import Job

_SHARES = {
    "4.1": 0.25,
    "4.2": 0.15,
    "4.4": 0.1,
    "dbi-kernels": 0.2,
    "dbi-restoration": 0.3,
}
"""Of the minutes."""
_BEGIN, _END = "<!-- tables: lenscal reproduce -->", "<!-- /tables: lenscal reproduce -->"


def run_reproduce(args: argparse.Namespace) -> int:
    """Run the protocols, one after the other, and write one table of each."""
    from lenscal.benchmark.papers.pictures import photos_in
    from lenscal.files.output_paths import check_output_file

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    if not args.minutes > 0 or args.minutes == float("inf"):
        raise InputError(
            translatable("--minutes {minutes:g}: choose a number above 0", minutes=args.minutes)
        )
    if args.markdown is not None:
        check_output_file(args.markdown, "papers.md")
        _around_tables(args.markdown)
    photos = photos_in(args.photos)
    check_device(args.device)
    chosen = EXPERIMENTS if args.only is None else (args.only,)
    whole = sum(_SHARES[name] for name in chosen)
    began = time.monotonic()
    results: dict[str, Any] = {}
    tables: list[Table] = []
    for name in chosen:
        minutes = None if args.full else args.minutes * _SHARES[name] / whole
        values, of_it = _run(name, photos, minutes, args, speaker)
        results[name] = values
        tables += of_it
    text = _markdown(tables, args, photos)
    if args.markdown is not None:
        _write(args.markdown, text)
    answer = {
        "experiments": results,
        "seconds": time.monotonic() - began,
        "photos": len(photos),
        "full": args.full,
    }
    speaker.result(text, without_nan(answer))
    return 0


def _run(
    name: str,
    photos: Sequence[Path],
    minutes: float | None,
    args: argparse.Namespace,
    speaker: Speaker,
) -> tuple[dict[str, Any], list[Table]]:
    """One protocol's figures and tables."""
    work: Job[dict[str, Any]]
    if name == "4.1":
        from lenscal.benchmark.papers import one_blur

        work = one_blur.measure_one_blur(
            photos,
            one_blur.OneBlurSettings(
                minutes=minutes, seed=args.seed, flow=args.method == Method.FLOW
            ),
        )
        return (values := run_job(work, speaker)), one_blur.tables(values)
    if name == "4.2":
        from lenscal.benchmark.papers import known_blur

        settings = known_blur.KnownBlurSettings(
            minutes=known_blur.KnownBlurSettings().minutes if minutes is None else minutes,
            seed=args.seed,
            device=args.device,
        )
        work = known_blur.measure_known_blur(photos, settings)
        return (values := run_job(work, speaker)), known_blur.tables(values)
    if name == "dbi-kernels":
        from lenscal.benchmark.papers import populations

        protocol = populations.PopulationProtocol(
            minutes=minutes, seed=args.seed, device=args.device
        )
        work = populations.measure_populations(photos, protocol)
        return (values := run_job(work, speaker)), populations.tables(values)
    if name == "dbi-restoration":
        from lenscal.benchmark.papers import blind_restoration

        blind = blind_restoration.BlindProtocol(minutes=minutes, seed=args.seed, device=args.device)
        work = blind_restoration.measure_blind_restoration(photos, blind)
        return (values := run_job(work, speaker)), blind_restoration.tables(values)
    from lenscal.benchmark.papers import one_picture

    work = one_picture.measure_one_picture(
        photos,
        one_picture.OnePictureSettings(
            minutes=minutes,
            seed=args.seed,
            kernel=KernelSource.FLOW if args.method == Method.FLOW else KernelSource.AUTO,
        ),
    )
    return (values := run_job(work, speaker)), one_picture.tables(values)


DIFFERENCES = {
    "4.1": "4.1 differs from the paper: free photos, halved, instead of faces (FFHQ); kernels of "
    "21 px by random walks of our own; the closed form instead of flows (`--method flow`: matching "
    "goes on from it); DPIR instead of DiffPIR.",
    "4.2": "4.2 differs from the paper: the kernels of a virtual lens, free photos instead of "
    "DIV2K and DPDD, closed-form kernels, and a small network instead of ESRGAN.",
    "4.4": "4.4 differs from the paper: free photos instead of DIV2KRK, its kernels without "
    "multiplicative noise, the closed form instead of flows (but for `--method flow`), "
    "plug-and-play instead of ZSSR.",
    "dbi-kernels": "Double-blind imaging differs from the paper: free photos instead of AFHQ, "
    "kernels of 15 px instead of 128, a small generator and a discriminator that reads spectra, "
    "too; the paper shows samples and no figures.",
    "dbi-restoration": "Restored pictures differ from the paper: crops of 256 px of free photos, "
    "kernels of 15 px, kernels drawn with the picture integrated out (sampling) or beside it "
    "(joint, with a denoiser in place of a diffusion model), and pictures by DPIR; published "
    "pictures have no noise but that of 8 bits.",
}
"""In a line each."""


def _markdown(tables: Sequence[Table], args: argparse.Namespace, photos: Sequence[Path]) -> str:
    size = "full size" if args.full else f"{args.minutes:g} minutes"
    if args.method == Method.FLOW:
        size += ", --method flow"
    lines = [
        f"Made by `lenscal reproduce`, version {lenscal.__version__}: {size}, {len(photos)} "
        f"photos, {platform.machine()}. NCC after sub-pixel alignment; published figures are of "
        "other photos, on GPUs.",
        "",
    ]
    for table in tables:
        lines += [f"**{table.title}**", "", *_rows(table), ""]
    lines += [DIFFERENCES[name] for name in EXPERIMENTS if args.only in (None, name)]
    return "\n".join(lines)


def _rows(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(table.heads)} |"
    yield f"|{'---|' * len(table.heads)}"
    for row in table.rows:
        yield f"| {' | '.join(row)} |"


def _around_tables(path: Path) -> tuple[str, str]:
    """What stands before and after the tables of a document; all of it where it has none yet."""
    from lenscal.system.file_content import read_plain_file

    if not path.exists():
        return "", "\n"
    try:
        text = read_plain_file(path, 16 * 2**20).decode()
    except UnicodeError as error:
        raise InputError(
            translatable("--markdown {path} is no text: choose another name", path=path)
        ) from error
    if text.count(_BEGIN) > 1 or text.count(_END) != text.count(_BEGIN):
        raise InputError(
            translatable(
                "--markdown {path}: {begin} and {end} have to stand in it once each, or not at all",
                path=path,
                begin=_BEGIN,
                end=_END,
            )
        )
    before, begin, rest = text.partition(_BEGIN)
    if not begin:
        return f"{text.rstrip()}\n\n" if text.strip() else "", "\n"
    return before, rest.partition(_END)[2]


def _write(path: Path, text: str) -> None:
    """The tables between their markers; what was written by hand around them stays."""
    from lenscal.system.atomic import written_whole

    before, after = _around_tables(path)
    with written_whole(path) as temporary:
        temporary.write_text(f"{before}{_BEGIN}\n\n{text}\n\n{_END}{after}", encoding="utf-8")
