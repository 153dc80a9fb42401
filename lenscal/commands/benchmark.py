"""lenscal benchmark."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenscal.benchmark.parts import Part
from lenscal.calibrate.settings import DEFAULTS, Quality
from lenscal.commands.calibrate import calibration_summary
from lenscal.commands.option_groups import virtual_photos
from lenscal.commands.progress import CANCELLED, Speaker, run_job, without_nan
from lenscal.errors import InputError
from lenscal.stepping import Job, follow
from lenscal.system.device import check_device
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.benchmark.cases import Case
    from lenscal.benchmark.summary import Table
    from lenscal.calibrate.settings import CalibrationSettings

_TABLES_BEGIN = "<!-- tables of lenscal benchmark --markdown -->"


def run_benchmark(args: argparse.Namespace) -> int:
    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    if args.measure is not None:
        return _measure(args, speaker)
    parts = tuple(Part) if args.only is None else (Part(args.only),)
    cases = _cases(args)
    if args.list:
        names = [case.name for case in cases]
        speaker.result("\n".join(names), {"cases": names})
        return 0
    check_device(args.device)
    images = _images(args, parts)
    from lenscal.benchmark.summary import prior_table, speed_table, summarise

    start = time.monotonic()
    found: dict[str, Any] = dict.fromkeys(part.value for part in Part)
    tables: list[Table] = []
    code = 0
    if Part.ACCURACY in parts:
        results, code = _accuracy(args, cases, speaker, tables)
        found |= {
            "accuracy": results,
            "accuracy_summary": summarise(results),
            "folder": str(_cache(args)),
        }
    if code != CANCELLED and Part.SPEED in parts:
        from lenscal.benchmark.speed import SpeedSettings, measure_speed

        found["speed"] = run_job(measure_speed(SpeedSettings(device=args.device)), speaker)
        tables.append(speed_table(found["speed"]))
    if code != CANCELLED and Part.PRIOR in parts:
        from lenscal.benchmark.prior import measure_prior

        found["prior"] = run_job(measure_prior(images, args.yardstick, args.device), speaker)
        tables.append(prior_table(found["prior"]))
    if code != CANCELLED and Part.CORRECTION in parts:
        found["correction"] = _correction(args, speaker, tables)
    found["seconds"] = time.monotonic() - start
    _report(args, speaker, tables, found)
    return code


def _correction(args: argparse.Namespace, speaker: Speaker, tables: list[Table]) -> dict[str, Any]:
    from lenscal.benchmark import correction
    from lenscal.files.psf.profile import read_profile

    learnt = None if args.profile is None else read_profile(args.profile).psf
    settings = correction.CorrectionSettings(args.device, learnt=learnt)
    found = run_job(correction.measure_correction(settings), speaker)
    tables += correction.tables(found)
    return found


def _accuracy(
    args: argparse.Namespace, cases: Sequence[Case], speaker: Speaker, tables: list[Table]
) -> tuple[list[dict[str, Any]], int]:
    from lenscal.benchmark import accuracy, summary

    working = accuracy.measure_cases(
        cases, _cache(args), device=args.device, fresh=args.fresh, only_kept=args.measured
    )
    results = run_job(working, speaker, keeps=True)
    for failure in accuracy.failures(results):
        speaker.note(f"failed: {failure}")
    tables += summary.tables(results)
    stopped = len(results) < len(cases) and not args.measured
    return results, CANCELLED if stopped else int(bool(accuracy.failures(results)))


def _measure(args: argparse.Namespace, speaker: Speaker) -> int:
    """Calibrate with one rendered folder and compare with its truth."""
    from lenscal import jobs
    from lenscal.benchmark.accuracy import check_dataset
    from lenscal.calibrate.settings import CalibrationSettings, Quality, Stages

    folder = args.measure
    settings = CalibrationSettings(
        quality=Quality(_single(args.quality, "--quality", Quality.QUICK)),
        stages=Stages(_single(args.stages, "--stages", DEFAULTS.stages)),
        device=args.device,
        seed=args.seed,
    )
    check_dataset(folder)
    check_device(args.device)
    with jobs.photo_cache() as cache:
        summary = run_job(_measuring(folder, settings, cache), speaker)
    speaker.result(
        "\n".join([*summary.pop("table"), f"{summary['seconds']:.0f} s"]), without_nan(summary)
    )
    return 0


def _measuring(folder: Path, settings: CalibrationSettings, cache: Path) -> Job[dict[str, Any]]:
    """Figures of one calibration. Its seconds and memory are those before the comparison with the
    truth."""
    from lenscal import jobs
    from lenscal.commands.demo import score_table
    from lenscal.files.psf.psf_fits import read_fits
    from lenscal.jobs.comparing import compare_with_truth
    from lenscal.restore.settings import RestoreSettings

    start = time.monotonic()
    reading = jobs.import_photos([folder / "sharp"], [folder / "degraded"], cache=cache)
    inputs, _ = yield from follow(reading, 0.0, 0.1)
    calibration, _ = yield from follow(jobs.calibrate(inputs, settings), 0.1, 0.8)
    summary = {**calibration_summary(inputs, calibration), "seconds": time.monotonic() - start}
    del inputs
    photos = folder / "evaluation" / "degraded.dng", folder / "evaluation" / "reference.dng"
    comparing = compare_with_truth(
        read_fits(folder / "truth"), *photos, calibration, RestoreSettings()
    )
    comparison, _ = yield from follow(comparing, 0.8, 1.0)
    gain = comparison.gain
    return {
        **summary,
        "scores": comparison.scores,
        "gain": {
            "psnr_degraded": gain.psnr_degraded,
            "psnr_true": gain.psnr_true,
            "psnr": dict(gain.psnr),
            "share": gain.share,
        },
        "table": score_table(comparison.scores, gain),
    }


def _report(
    args: argparse.Namespace, speaker: Speaker, tables: Sequence[Table], found: Mapping[str, Any]
) -> None:
    from lenscal.benchmark.summary import as_markdown, as_text

    if args.markdown is not None:
        _write_markdown(
            args.markdown, "\n".join(line for table in tables for line in as_markdown(table))
        )
    text = "\n\n".join("\n".join(as_text(table)) for table in tables)
    speaker.result(text or "Nothing was measured before.", without_nan(found))


def _write_markdown(path: Path, text: str) -> None:
    """Write the tables; what a file holds before the line that marks their beginning is kept."""
    from lenscal.files.atomic import written_whole

    before = path.read_text(encoding="utf-8").partition(_TABLES_BEGIN)[0] if path.is_file() else ""
    with written_whole(path) as temporary:
        temporary.write_text(f"{before}{_TABLES_BEGIN}\n\n{text}", encoding="utf-8")


def _cases(args: argparse.Namespace) -> list[Case]:
    from lenscal.benchmark.cases import Photos, all_cases, chosen

    photos = Photos(*virtual_photos(args))
    cases = all_cases(
        args.quality or (Quality.QUICK.value,),
        args.stages or (DEFAULTS.stages.value,),
        kept_out=args.kept_out,
        photos=photos,
    )
    return chosen(cases, args.case)


def _images(args: argparse.Namespace, parts: Sequence[str]) -> list[Path]:
    """The photos that the prior is measured on; files that are named on the command line are looked
    for."""
    from lenscal.files.atomic import check_output_folder

    if args.markdown is not None:
        check_output_folder(args.markdown.absolute().parent)
    if args.yardstick is not None and not args.yardstick.is_file():
        raise InputError(
            translatable("--yardstick {path}: there is no such file", path=args.yardstick)
        )
    if args.kodak is None:
        if args.only == Part.PRIOR:
            raise InputError(
                translatable("--only prior: give the folder of the Kodak images with --kodak")
            )
        return []
    from lenscal.benchmark.prior import kodak_files

    return kodak_files(args.kodak) if Part.PRIOR in parts else []


def _single(values: Sequence[str] | None, option: str, default: str) -> str:
    if values and len(values) > 1:
        raise InputError(translatable("{option}: give one with --measure", option=option))
    return values[0] if values else default


def _cache(args: argparse.Namespace) -> Path:
    import platformdirs

    folder: Path = args.folder or platformdirs.user_cache_path("lenscal") / "benchmark"
    return folder
