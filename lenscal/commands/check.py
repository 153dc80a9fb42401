"""lenscal check: which photos of two folders can be used."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenscal.calibration.settings import GRID_SIDES
from lenscal.commands.calibrate import reading
from lenscal.commands.option_groups import pair
from lenscal.commands.photo_values import lens_setting_in_words, photo_values
from lenscal.commands.progress import Speaker, run_job
from lenscal.errors import InputError
from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.system.isolation.calls import warm_up
from lenscal.system.json_values import without_nan
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.intake.inputs import ImportedFolder, Rejected

ROLES = ("sharp", "degraded")
USED = ("good", "doubtful")
"""Verdicts of photos that are used."""


def run_check(args: argparse.Namespace) -> int:
    """Judge the photos; the exit code says whether a calibration could begin."""
    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    # A map of texture may be as coarse as one cell, unlike a grid of kernels.
    grid = pair(args.grid, "--grid")
    most = GRID_SIDES[-1]
    if not all(1 <= side <= most for side in grid):
        raise InputError(
            translatable(
                "--grid {grid}: give at least 1x1, at most {most}x{most}", grid=args.grid, most=most
            )
        )
    summary, map_lines = _checked(args, speaker, grid)
    speaker.result(_in_words(args, summary, map_lines), without_nan(summary))
    return 0 if summary["ready"] else 2


def _checked(
    args: argparse.Namespace, speaker: Speaker, grid: tuple[int, int]
) -> tuple[dict[str, Any], Sequence[str]]:
    """What is found, for JSON, and the map of texture as lines of characters."""
    from lenscal import jobs
    from lenscal.intake.inputs import refuse_hopeless

    summary: dict[str, Any] = {
        "ready": True,
        "problems": [],
        "notes": [],
        "expectations": [],
        "error_by_photos": [],
        "coverage": None,
    }
    warm_up()
    with jobs.photo_cache() as cache:
        # What is wrong with a folder is an answer here, and no error.
        try:
            inputs = run_job(reading(args, cache, only_look=True), speaker)
        except InputError as error:
            # A folder that is of no use as a whole: its metadata say what is in it.
            for role, folder in zip(ROLES, (args.sharp, args.degraded), strict=True):
                summary[role] = run_job(_from_metadata(folder), speaker)
            return {**summary, "ready": False, "problems": [str(error)]}, []
        summary["sharp"] = run_job(_judged(args.sharp, inputs.sharp), speaker)
        summary["degraded"] = run_job(_judged(args.degraded, inputs.degraded), speaker)
        # Each photo that is left out has a line of its own in the list.
        summary["notes"] = [note for note in inputs.warnings if "photo left out: " not in note]
        summary["expectations"] = list(inputs.expectations)
        summary["error_by_photos"] = [
            {"photos": n, "error": error} for n, error in inputs.error_by_photos
        ]
        coverage = inputs.coverage(grid)
        summary["coverage"] = coverage.cells.tolist()
        try:
            refuse_hopeless(inputs)
        except InputError as error:
            summary |= {"ready": False, "problems": [str(error)]}
        return summary, coverage.as_text()


def _in_words(args: argparse.Namespace, summary: dict[str, Any], map_lines: Sequence[str]) -> str:
    lines = []
    for role, folder in zip(ROLES, (args.sharp, args.degraded), strict=True):
        lines.append(f"{role}: {folder}")
        for photo in summary[role]:
            lines.append(f"  {_photo_line(photo)}")
            if args.verbose and photo.get("figures"):
                figures = [f"{name} {value:.3g}" for name, value in photo["figures"].items()]
                lines.append(f"    {'  '.join(figures)}")
        lines.append("")
    # There is none where the folders could not be read.
    if map_lines:
        lines.append("Texture to learn from, over the picture (#: in all photos, blank: in none):")
        lines += [*(f"  |{line}|" for line in map_lines), ""]
    lines += [f"Expect: {words}" for words in summary["expectations"]]
    # What is expected says it in the same words.
    lines += [f"Note: {note}" for note in summary["notes"] if note not in summary["expectations"]]
    lines += [f"Problem: {problem}" for problem in summary["problems"]] or [_in_short(summary)]
    return "\n".join(lines)


def _in_short(summary: dict[str, Any]) -> str:
    """What of the photos would be used."""
    n_used = {role: sum(p["verdict"] in USED for p in summary[role]) for role in ROLES}
    # Another aperture is no fault of a photo: it was not meant.
    n_refused = sum(
        p["verdict"] not in (*USED, "not chosen") for role in ROLES for p in summary[role]
    )
    words = (
        f"These photos can be calibrated with: {n_used['sharp']} sharp and "
        f"{n_used['degraded']} degraded."
    )
    if n_refused:
        words += f" {n_refused} would be left out (--keep-all keeps those that only look bad)."
    return words


def _judged(folder: Path, imported: ImportedFolder) -> Job[list[dict[str, Any]]]:
    """Every photo of a folder with its verdict: good, doubtful, a fault's name, unreadable or
    not chosen."""
    from lenscal.intake.photo_files import find_photos
    from lenscal.raw.metadata import read_info

    used_photos = {photo.path: photo for photo in imported.photos}
    rejected = {photo.path: photo for photo in imported.rejected}
    photos = []
    for path in find_photos([folder]).files:
        if path in used_photos:
            verdict = used_photos[path].verdict
            photos.append(
                {
                    **photo_values(used_photos[path].frame.info),
                    "verdict": "doubtful" if verdict.reason else "good",
                    "reason": verdict.reason,
                    "figures": dict(verdict.figures),
                }
            )
            continue
        yield Report("import", translatable("Examining {name}", name=path.name))
        # Metadata suffice for photos that are not used.
        values = photo_values(read_info(path, ask_libraw=False))
        if path in rejected:
            photos.append({**values, **_refusal(rejected[path])})
        else:
            reason = "it has another aperture"
            photos.append({**values, "verdict": "not chosen", "reason": reason})
    return photos


def _refusal(rejected: Rejected) -> dict[str, Any]:
    """Why a photo is left out."""
    if rejected.photo is None:
        return {"verdict": rejected.kind, "reason": rejected.reason}
    verdict = rejected.photo.verdict
    return {
        "verdict": str(verdict.fault),
        "reason": rejected.reason,
        "figures": dict(verdict.figures),
    }


def _from_metadata(folder: Path) -> Job[list[dict[str, Any]]]:
    """Every photo of a folder that cannot be used as a whole: readable or not."""
    from lenscal.intake.photo_files import find_photos
    from lenscal.raw.decode import probe
    from lenscal.raw.metadata import read_info

    photos = []
    for path in find_photos([folder]).files:
        yield Report("import", translatable("Examining {name}", name=path.name))
        # LibRaw is asked for what exiv2 lacks only where it can open the file.
        reason = probe(path)
        values = photo_values(read_info(path, ask_libraw=not reason))
        verdict = "unreadable" if reason else "not judged"
        photos.append({**values, "verdict": verdict, "reason": reason})
    return photos


def _photo_line(photo: dict[str, Any]) -> str:
    verdict, reason = photo["verdict"], photo["reason"]
    if verdict == "good":
        words = "keep"
    elif verdict == "doubtful":
        words = f"keep, but {reason}"
    # Most reasons begin with what is wrong.
    elif not reason or reason.startswith(verdict):
        words = reason or verdict
    else:
        words = f"{verdict}: {reason}"
    return f"{photo['name']:<28} {lens_setting_in_words(photo):<44} {words}"
