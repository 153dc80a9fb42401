"""lenscal check and lenscal info: looking without changing anything."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenscal.commands.calibrate import reading
from lenscal.commands.option_groups import pair
from lenscal.commands.progress import Speaker, run_job
from lenscal.errors import InputError
from lenscal.raw.lens_setting import f_number
from lenscal.system.json_values import without_nan
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile
    from lenscal.intake.inputs import ImportedFolder, Rejected
    from lenscal.raw.frame import PhotoInfo


def run_check(args: argparse.Namespace) -> int:
    from lenscal import jobs
    from lenscal.intake.inputs import refuse_hopeless

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    grid = pair(args.grid, "--grid")
    if min(grid) < 1:
        raise InputError(translatable("--grid {grid}: give at least 1x1", grid=args.grid))
    summary: dict[str, Any] = {"ready": True, "problems": [], "notes": [], "coverage": None}
    with jobs.photo_cache() as cache:
        try:
            inputs = run_job(reading(args, cache, only_look=True), speaker)
        except InputError as error:
            summary["problems"].append(str(error))
            summary["sharp"], summary["degraded"] = (
                _from_metadata(args.sharp),
                _from_metadata(args.degraded),
            )
            drawn = []
        else:
            summary["sharp"] = _judged(args.sharp, inputs.sharp)
            summary["degraded"] = _judged(args.degraded, inputs.degraded)
            cover = inputs.coverage(grid)
            summary["coverage"], drawn = cover.cells.tolist(), cover.as_text()
            summary["notes"] = [note for note in inputs.warnings if "photo left out: " not in note]
            try:
                refuse_hopeless(inputs)
            except InputError as error:
                summary["problems"].append(str(error))
    summary["ready"] = not summary["problems"]
    speaker.result(_check_in_words(args, summary, drawn), without_nan(summary))
    return 0 if summary["ready"] else 2


def _check_in_words(args: argparse.Namespace, summary: dict[str, Any], drawn: Sequence[str]) -> str:
    lines = []
    for role, folder in (("sharp", args.sharp), ("degraded", args.degraded)):
        lines.append(f"{role}: {folder}")
        for photo in summary[role]:
            lines.append(f"  {_photo_line(photo)}")
            if args.verbose and photo.get("figures"):
                figures = "  ".join(
                    f"{name} {value:.3g}" for name, value in photo["figures"].items()
                )
                lines.append(f"    {figures}")
        lines.append("")
    if drawn:
        lines.append("Texture to learn from, over the picture (#: in all photos, blank: in none):")
        lines += [*(f"  |{line}|" for line in drawn), ""]
    lines += [f"Note: {note}" for note in summary["notes"]]
    lines += [f"Problem: {problem}" for problem in summary["problems"]] or [_in_short(summary)]
    return "\n".join(lines)


def _in_short(summary: dict[str, Any]) -> str:
    kept = {
        role: sum(p["verdict"] in ("good", "doubtful") for p in summary[role])
        for role in ("sharp", "degraded")
    }
    out = sum(
        p["verdict"] not in ("good", "doubtful", "not chosen")
        for role in kept
        for p in summary[role]
    )
    left = f" {out} would be left out (--keep-all keeps those that only look bad)." if out else ""
    return f"These photos can be calibrated with: {kept['sharp']} sharp and {kept['degraded']} degraded.{left}"


def _judged(folder: Path, read: ImportedFolder) -> list[dict[str, Any]]:
    """Every RAW file of a folder with its verdict: good, doubtful, a fault's name, unreadable or
    not chosen."""
    from lenscal.intake.raw_files import find_raw_files
    from lenscal.raw.metadata import read_info

    used = {photo.path: photo for photo in read.photos}
    out = {rejected.path: rejected for rejected in read.rejected}
    described = []
    for path in find_raw_files([folder]):
        if path in used:
            photo, verdict = used[path], used[path].verdict
            told = "doubtful" if verdict.reason else "good"
            values = {**_info_values(photo.frame.info), "verdict": told, "reason": verdict.reason}
            described.append({**values, "figures": dict(verdict.figures)})
        elif path in out:
            info = read_info(path, ask_libraw=False)
            described.append(
                {**_info_values(info), "verdict": _kind(out[path]), "reason": out[path].reason}
            )
            if (judged := out[path].photo) is not None:
                described[-1]["figures"] = dict(judged.verdict.figures)
        else:
            values = _info_values(read_info(path, ask_libraw=False))
            described.append(
                {**values, "verdict": "not chosen", "reason": "it has another aperture"}
            )
    return described


def _kind(rejected: Rejected) -> str:
    if rejected.photo is not None:
        return str(rejected.photo.verdict.fault)
    return rejected.kind


def _from_metadata(folder: Path) -> list[dict[str, Any]]:
    """Every RAW file of a folder that cannot be used as a whole: readable or not."""
    from lenscal.intake.raw_files import find_raw_files
    from lenscal.raw.decode import probe
    from lenscal.raw.metadata import read_info

    described = []
    for path in find_raw_files([folder]):
        reason = probe(path)
        info = read_info(path, ask_libraw=not reason)
        described.append(
            {
                **_info_values(info),
                "verdict": "unreadable" if reason else "not judged",
                "reason": reason,
            }
        )
    return described


def _photo_line(photo: dict[str, Any]) -> str:
    reason = photo["reason"]
    verdict = {"good": "keep", "doubtful": f"keep, but {reason}"}.get(
        photo["verdict"], photo["verdict"]
    )
    if photo["verdict"] not in ("good", "doubtful") and reason:
        verdict = reason if reason.startswith(verdict) else f"{verdict}: {reason}"
    return f"{photo['name']:<28} {_shot(photo):<44} {verdict}"


def _shot(photo: dict[str, Any]) -> str:
    aperture = f"f/{round(photo['aperture'], 1):g}" if photo["aperture"] else "aperture unknown"
    focal = f"{photo['focal_mm']:g} mm" if photo["focal_mm"] else ""
    iso = f"ISO {photo['iso']:g}" if photo["iso"] else ""
    return "  ".join(part for part in (aperture, focal, iso, photo["lens"]) if part)


def _info_values(info: PhotoInfo) -> dict[str, Any]:
    return {
        "name": info.path.name,
        "camera": info.camera,
        "lens": info.lens,
        "aperture": info.aperture,
        "focal_mm": info.focal_mm,
        "iso": info.iso,
        "exposure_s": info.exposure_s,
        "taken": info.taken,
        "width": info.width,
        "height": info.height,
        "orientation": info.orientation,
    }


def run_info(args: argparse.Namespace) -> int:
    from lenscal.intake.raw_files import RAW_EXTENSIONS

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    path: Path = args.file
    if not path.is_file():
        if path.is_dir():
            raise InputError(
                translatable("{path} is a folder: give a profile or a RAW file", path=path)
            )
        raise InputError(translatable("{path}: there is no such file", path=path))
    lines, values = (
        _raw_in_words(path) if path.suffix.lower() in RAW_EXTENSIONS else _profile_in_words(path)
    )
    speaker.result("\n".join(lines), without_nan(values))
    return 0


def _raw_in_words(path: Path) -> tuple[list[str], dict[str, Any]]:
    from lenscal.raw.decode import probe
    from lenscal.raw.metadata import read_info
    from lenscal.raw.vignetting import vignetting_gain

    reason = probe(path)
    if reason:
        raise InputError(
            translatable("{path} cannot be read as a RAW photo: {reason}", path=path, reason=reason)
        )
    info = read_info(path)
    _, vignetting = vignetting_gain(info, (info.height, info.width))
    noise = [list(pair) for pair in info.noise_profile]
    values = {"kind": "raw", **_info_values(info), "noise_profile": noise, "vignetting": vignetting}
    exposure = "" if not info.exposure_s else _exposure(info.exposure_s)
    lines = [
        f"{path.name}: a RAW photo of {info.width} x {info.height} px",
        f"Camera: {info.camera or 'unknown'}{_serial(info.camera_serial)}",
        f"Lens: {info.lens or 'unknown'}{_serial(info.lens_serial)}",
        f"Taken: {'  '.join(p for p in (_shot({**values, 'lens': ''}), exposure, info.taken) if p)}",
        f"Orientation: {info.orientation} (EXIF)",
        f"Noise: {'from its NoiseProfile' if noise else 'no NoiseProfile, estimated from the photo when needed'}",
        f"Vignetting: {vignetting}",
    ]
    return lines, values


def _exposure(seconds: float) -> str:
    return f"1/{1 / seconds:.0f} s" if seconds < 0.3 else f"{seconds:g} s"


def _serial(serial: str) -> str:
    return f" (serial {serial})" if serial else ""


def _profile_in_words(path: Path) -> tuple[list[str], dict[str, Any]]:
    from lenscal.files.psf.profile import described, read_profile

    profile = read_profile(path)
    (rows, cols), k = profile.psf.shape, profile.psf.kernel_size
    height, width = profile.psf.image_size
    lines = [
        f"{path.name}: the PSF of {profile.lens or 'an unnamed lens'}{_serial(profile.lens_serial)} "
        f"on {profile.camera or 'an unnamed camera'}{_serial(profile.camera_serial)}",
        f"For photos at {f_number(profile.aperture_degraded)}{_mm(profile.focal_mm)} of {width} x {height} px",
        f"Relative to: {profile.psf.reference} ({f_number(profile.aperture_sharp)})",
        f"Grid: {rows} x {cols} nodes of RGB kernels, {k} x {k} px",
        *_quality_lines(profile),
    ]
    return lines, {"kind": "profile", **described(profile)}


def _quality_lines(profile: Profile) -> list[str]:
    used = {
        role: sum(p.used and p.role == role for p in profile.photos)
        for role in ("sharp", "degraded")
    }
    left_out = [f"{p.name} ({p.verdict})" for p in profile.photos if not p.used]
    scenes = {True: ", same scenes", False: ", different scenes", None: ""}[profile.same_scenes]
    lines = [f"Learnt from: {used['sharp']} sharp and {used['degraded']} degraded photos{scenes}"]
    if left_out:
        lines.append(f"Left out: {', '.join(left_out)}")
    if profile.psf.confidence is not None:
        c = profile.psf.confidence
        lines.append(f"Confidence: mean {c.mean():.2f}, worst {c.min():.2f} (1: sure)")
    if profile.reblur:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in profile.reblur.items())
        lines.append(f"Re-blur distance (smaller is better): {figures}")
    lines += _list("Stages", [f"{s.name} {s.seconds:.0f} s" for s in profile.stages])
    lines += _list("Vignetting", profile.vignetting)
    lines += [f"Note: {warning}" for warning in profile.warnings]
    made = " ".join(f"{name} {version}" for name, version in profile.versions.items())
    ended = "" if profile.finished == "done" else f", ended early ({profile.finished})"
    lines.append(
        f"Made {profile.created or 'at an unknown time'} on {profile.device or '?'} with {made or '?'}{ended}"
    )
    return lines


def _list(head: str, items: Sequence[str]) -> list[str]:
    return [f"{head}: {', '.join(items)}"] if items else []


def _mm(focal: float | None) -> str:
    return f", {focal:g} mm," if focal else ","
