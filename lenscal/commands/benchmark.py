"""lenscal benchmark."""

from __future__ import annotations

import argparse
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenscal.benchmark.parts import Part
from lenscal.calibration.settings import DEFAULTS, CalibrationSettings, Quality, Stages
from lenscal.commands.option_groups import virtual_photos
from lenscal.commands.progress import CANCELLED, Speaker, run_job
from lenscal.errors import InputError
from lenscal.system.device import check_device
from lenscal.system.json_values import without_nan
from lenscal.system.user_folders import cache_folder
from lenscal.translation import translatable
from lenscal.virtual.limits import Sensor

if TYPE_CHECKING:
    from lenscal.benchmark.cases import Case
    from lenscal.benchmark.summary import Table


@dataclass(slots=True)
class _Measured:
    """What was measured so far: values for JSON, tables for the eye, and the exit code."""

    values: dict[str, Any] = field(
        default_factory=lambda: dict.fromkeys(part.value for part in Part)
    )
    tables: list[Table] = field(default_factory=list)
    code: int = 0


def run_benchmark(args: argparse.Namespace) -> int:
    """Measure the parts that are asked for, one after the other."""
    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    if args.measure is not None:
        return _measure_folder(args, speaker)
    parts = tuple(Part) if args.only is None else (Part(args.only),)
    # Before anything runs: a pattern that fits no case would be noticed hours later.
    cases = _cases(args)
    if args.list:
        names = [case.name for case in cases]
        speaker.result("\n".join(names), {"cases": names})
        return 0
    check_device(args.device)
    images = _images(args, parts)
    if Part.ACCURACY in parts:
        _make_cache(args)
    start = time.monotonic()
    measured = _Measured()
    if Part.ACCURACY in parts:
        _measure_accuracy(args, cases, speaker, measured)
    # Whoever stops a part wants no other to begin.
    if Part.SPEED in parts and measured.code != CANCELLED:
        _measure_speed(args, speaker, measured)
    if Part.PRIOR in parts and measured.code != CANCELLED:
        _measure_prior(args, images, speaker, measured)
    if Part.CORRECTION in parts and measured.code != CANCELLED:
        _measure_correction(args, speaker, measured)
    measured.values["seconds"] = time.monotonic() - start
    _report(args, speaker, measured.tables, measured.values)
    return measured.code


def _measure_accuracy(
    args: argparse.Namespace, cases: Sequence[Case], speaker: Speaker, measured: _Measured
) -> None:
    from lenscal.benchmark import accuracy, summary

    work = accuracy.measure_cases(
        cases, _cache(args), device=args.device, fresh=args.fresh, only_cached=args.measured
    )
    results = run_job(work, speaker, keeps=True)
    failures = accuracy.failures(results)
    for failure in failures:
        speaker.note(f"failed: {failure}")
    measured.values |= {
        "accuracy": results,
        "accuracy_summary": summary.summarise(results),
        "folder": str(_cache(args)),
    }
    measured.tables += summary.tables(results)
    # --measured leaves cases out by design.
    stopped = len(results) < len(cases) and not args.measured
    measured.code = CANCELLED if stopped else int(bool(failures))


def _measure_speed(args: argparse.Namespace, speaker: Speaker, measured: _Measured) -> None:
    from lenscal.benchmark.speed import SpeedSettings, measure_speed
    from lenscal.benchmark.summary import speed_table

    speed = run_job(measure_speed(SpeedSettings(device=args.device)), speaker)
    measured.values[Part.SPEED] = speed
    measured.tables.append(speed_table(speed))


def _measure_prior(
    args: argparse.Namespace, images: Sequence[Path], speaker: Speaker, measured: _Measured
) -> None:
    from lenscal.benchmark.prior import measure_prior
    from lenscal.benchmark.summary import prior_table

    prior = run_job(measure_prior(images, args.yardstick, args.device), speaker)
    measured.values[Part.PRIOR] = prior
    measured.tables.append(prior_table(prior))


def _measure_correction(args: argparse.Namespace, speaker: Speaker, measured: _Measured) -> None:
    from lenscal.benchmark import correction
    from lenscal.files.psf.opening import open_psf

    # Learnt kernels are no part of the program: they are measured where they are given.
    learnt = None if args.profile is None else open_psf(args.profile).psf
    settings = correction.CorrectionSettings(args.device, learnt=learnt)
    values = run_job(correction.measure_correction(settings), speaker)
    measured.values[Part.CORRECTION] = values
    measured.tables += correction.tables(values)


def _measure_folder(args: argparse.Namespace, speaker: Speaker) -> int:
    """Calibrate with one rendered folder and compare with its truth."""
    from lenscal import jobs
    from lenscal.benchmark.accuracy import check_dataset
    from lenscal.benchmark.measured_folder import measure_folder

    settings = CalibrationSettings(
        quality=Quality(_single(args.quality, "--quality", Quality.QUICK)),
        stages=Stages(_single(args.stages, "--stages", DEFAULTS.stages)),
        device=args.device,
        seed=args.seed,
    )
    check_dataset(args.measure)
    check_device(args.device)
    # Photos are decoded to the disk, as a calibration does it: peak memory is one of the figures.
    with jobs.photo_cache() as cache:
        summary = run_job(measure_folder(args.measure, settings, cache), speaker)
    lines = [*summary.pop("table"), f"{summary['seconds']:.0f} s"]
    speaker.result("\n".join(lines), without_nan(summary))
    return 0


def _report(
    args: argparse.Namespace,
    speaker: Speaker,
    tables: Sequence[Table],
    values: Mapping[str, Any],
) -> None:
    from lenscal.benchmark.accuracy import program
    from lenscal.benchmark.markdown import write_tables
    from lenscal.benchmark.summary import as_markdown, as_text

    # Without a table, those that the document holds are better than none.
    if args.markdown is not None and tables:
        lines = [line for table in tables for line in as_markdown(table)]
        write_tables(args.markdown, "\n".join(lines), program())
    text = "\n\n".join("\n".join(as_text(table)) for table in tables)
    speaker.result(text or "Nothing was measured before.", without_nan(values))


def _cases(args: argparse.Namespace) -> list[Case]:
    from lenscal.benchmark.cases import Photos, all_cases, cases_named

    photos = Photos(*virtual_photos(args), painted_from=args.scene_photos)
    cases = all_cases(
        args.quality or (Quality.QUICK.value,),
        args.stages or (DEFAULTS.stages.value,),
        kept_out=args.kept_out,
        photos=photos,
        sensors=[Sensor(name) for name in args.sensor or (Sensor.BAYER,)],
    )
    return cases_named(cases, args.case)


def _images(args: argparse.Namespace, parts: Collection[Part]) -> list[Path]:
    """The photos that the prior is measured on; files that are named on the command line are looked
    for before any work starts."""
    from lenscal.benchmark.markdown import check_markers
    from lenscal.files.output_paths import check_output_folder

    if args.markdown is not None:
        check_output_folder(args.markdown.absolute().parent)
        check_markers(args.markdown)
    if args.yardstick is not None and not args.yardstick.is_file():
        raise InputError(
            translatable("--yardstick {path}: there is no such file", path=args.yardstick)
        )
    # The images are not ours to ship: without them, size and speed are measured alone.
    if args.kodak is None:
        if args.only == Part.PRIOR:
            raise InputError(
                translatable("--only prior: give the folder of the Kodak images with --kodak")
            )
        return []
    from lenscal.benchmark.prior import kodak_files

    return kodak_files(args.kodak) if Part.PRIOR in parts else []


def _single(values: Sequence[str] | None, option: str, default: str) -> str:
    """The one value of an option that can be given several times."""
    if values and len(values) > 1:
        raise InputError(translatable("{option}: give one with --measure", option=option))
    return values[0] if values else default


def _make_cache(args: argparse.Namespace) -> None:
    """Raises InputError where photos and results cannot be kept."""
    from lenscal.files.output_paths import check_name

    folder = _cache(args)
    check_name(folder, translatable("choose a shorter --folder"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            translatable(
                "{folder} cannot be made ({why}): choose another place with --folder",
                folder=folder,
                why=error.strerror or str(error),
            )
        ) from error


def _cache(args: argparse.Namespace) -> Path:
    # Among the user's caches: all of it can be made again.
    folder: Path = args.folder or cache_folder() / "benchmark"
    return folder
