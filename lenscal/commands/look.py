"""lenscal check and lenscal info: looking without changing anything."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenscal.commands.calibrate import overrides_of
from lenscal.commands.progress import Speaker, without_nan
from lenscal.errors import InputError

if TYPE_CHECKING:
    from lenscal.files.profile import Profile
    from lenscal.raw.frame import PhotoInfo
    from lenscal.raw.grouping import Overrides


def run_check(args: argparse.Namespace) -> int:
    from lenscal.raw.grouping import check_no_photo_twice, check_same_setup, same_aperture_in_words

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    summary: dict[str, Any] = {"ready": True, "problems": [], "notes": []}
    lines: list[str] = []
    usable: list[list[PhotoInfo]] = []
    for role, folder, overrides in zip(
        ("sharp", "degraded"), (args.sharp, args.degraded), overrides_of(args), strict=True
    ):
        photos, chosen, problem = _look_at(folder, role, overrides)
        usable.append(chosen)
        summary[role] = photos
        if problem:
            summary["problems"].append(problem)
        lines += [f"{role}: {folder}", *(f"  {_photo_line(photo)}" for photo in photos), ""]
    if not summary["problems"]:
        sharp, degraded = usable
        try:
            check_no_photo_twice(sharp, degraded)
            check_same_setup([*sharp, *degraded], "sharp and degraded")
            told = same_aperture_in_words(sharp[0], degraded[0])
            summary["notes"] += [told] if told else []
        except InputError as error:
            summary["problems"].append(str(error))
    summary["ready"] = not summary["problems"]
    problems = [f"Problem: {problem}" for problem in summary["problems"]]
    lines += problems or ["These photos can be calibrated with."]
    lines += [f"Note: {note}" for note in summary["notes"]]
    speaker.result("\n".join(lines), without_nan(summary))
    return 0 if summary["ready"] else 2


def _look_at(folder: Path, role: str, overrides: Overrides) -> tuple[list[dict[str, Any]], list[PhotoInfo], str]:
    """What is known of every photo, those to be used, and why the folder cannot be used (or nothing)."""
    from lenscal.raw.decode import probe
    from lenscal.raw.folder import find_raw_files
    from lenscal.raw.grouping import pick_photos
    from lenscal.raw.metadata import read_info

    described: list[dict[str, Any]] = []
    readable: list[PhotoInfo] = []
    for path in find_raw_files([folder]):
        reason = probe(path)
        info = read_info(path, ask_libraw=not reason)
        described.append({**_info_values(info), "verdict": "unreadable" if reason else "good", "reason": reason})
        if not reason:
            readable.append(info)
    if not readable:
        return described, [], f"none of the {role} photos can be read"
    try:
        chosen = list(pick_photos(readable, overrides, role))
    except InputError as error:
        return described, [], str(error)
    names = {info.path.name for info in chosen}
    for photo in described:
        if photo["verdict"] == "good" and photo["name"] not in names:
            photo.update(verdict="not chosen", reason="it has another aperture")
    return described, chosen, ""


def _photo_line(photo: dict[str, Any]) -> str:
    reason = f": {photo['reason']}" if photo["reason"] else ""
    return f"{photo['name']:<28} {_shot(photo):<44} {photo['verdict']}{reason}"


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
    from lenscal.raw.folder import RAW_EXTENSIONS

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    path: Path = args.file
    if not path.is_file():
        kind = " is a folder: give a profile or a RAW file" if path.is_dir() else ": there is no such file"
        raise InputError(f"{path}{kind}")
    lines, values = _raw_in_words(path) if path.suffix.lower() in RAW_EXTENSIONS else _profile_in_words(path)
    speaker.result("\n".join(lines), without_nan(values))
    return 0


def _raw_in_words(path: Path) -> tuple[list[str], dict[str, Any]]:
    from lenscal.raw.decode import probe
    from lenscal.raw.metadata import read_info
    from lenscal.raw.vignetting import vignetting_gain

    reason = probe(path)
    if reason:
        raise InputError(f"{path} cannot be read as a RAW photo: {reason}")
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
    from lenscal.files.profile import described, read_profile

    profile = read_profile(path)
    (rows, cols), k = profile.psf.shape, profile.psf.kernel_size
    height, width = profile.psf.image_size
    lines = [
        f"{path.name}: the PSF of {profile.lens or 'an unnamed lens'}{_serial(profile.lens_serial)} "
        f"on {profile.camera or 'an unnamed camera'}{_serial(profile.camera_serial)}",
        f"For photos at {_f(profile.aperture_degraded)}{_mm(profile.focal_mm)} of {width} x {height} px",
        f"Relative to: {profile.psf.reference} ({_f(profile.aperture_sharp)})",
        f"Grid: {rows} x {cols} nodes of RGB kernels, {k} x {k} px",
        *_quality_lines(profile),
    ]
    return lines, {"kind": "profile", **described(profile)}


def _quality_lines(profile: Profile) -> list[str]:
    used = {role: sum(p.used and p.role == role for p in profile.photos) for role in ("sharp", "degraded")}
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
    lines.append(f"Made {profile.created or 'at an unknown time'} on {profile.device or '?'} with {made or '?'}{ended}")
    return lines


def _list(head: str, items: Sequence[str]) -> list[str]:
    return [f"{head}: {', '.join(items)}"] if items else []


def _f(aperture: float | None) -> str:
    return f"f/{round(aperture, 1):g}" if aperture else "an unknown aperture"


def _mm(focal: float | None) -> str:
    return f", {focal:g} mm," if focal else ","
