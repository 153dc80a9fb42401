"""lenscal info: what a profile or a RAW file is, in words."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenscal.commands.photo_values import lens_setting_in_words, photo_values
from lenscal.commands.progress import Speaker
from lenscal.errors import InputError
from lenscal.files.population.description import POPULATION_SUFFIX
from lenscal.raw.lens_setting import f_number
from lenscal.system.file_content import ANY_SIZE, check_plain_file
from lenscal.system.isolation.calls import warm_up
from lenscal.system.json_values import without_nan
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile
    from lenscal.raw.frame import Frame, PhotoInfo

SAMPLING_IN_WORDS = {
    "bayer": "a Bayer mosaic",
    "full colour": "all colours at every pixel",
    "monochrome": "brightness alone: one kernel at each place",
}
LONG_EXPOSURE_S = 0.3
"""From here on cameras show seconds instead of a fraction."""


def run_info(args: argparse.Namespace) -> int:
    """Say what a file is."""
    from lenscal.intake.photo_files import PHOTO_EXTENSIONS

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    path: Path = args.file
    if path.is_dir():
        raise InputError(translatable("{path} is a folder: give a profile or a photo", path=path))
    check_plain_file(path, ANY_SIZE)
    # By the suffix: whatever else the file is, reading it as a profile says what is wrong.
    is_photo = path.suffix.lower() in PHOTO_EXTENSIONS
    if path.suffix.lower() == POPULATION_SUFFIX:
        lines, values = _population_in_words(path)
    else:
        lines, values = _photo_in_words(path) if is_photo else _profile_in_words(path)
    speaker.result("\n".join(lines), without_nan(values))
    return 0


def _population_in_words(path: Path) -> tuple[list[str], dict[str, Any]]:
    from lenscal.files.population.population_file import read_population
    from lenscal.jobs.populations.summary import in_words, population_values

    population = read_population(path)
    description, photos = population.generator, population.photos
    kernels = "one for all colours" if description.channels == 1 else "one for each colour"
    lines = [
        f"{path.name}: a population of kernels of {description.kernel_size} px, {kernels}",
        *in_words(population),
        f"Learnt from: {photos.sharp} sharp and {photos.blurred} blurred photos, "
        f"{population.steps} steps, {population.seconds / 60:.0f} min",
        f"Camera: {population.camera or 'unknown'}",
        f"Lens: {population.lens or 'unknown'}",
        f"Kernel prior: {population.prior.layout if population.prior else 'none yet'}",
        *(f"Note: {warning}" for warning in population.warnings),
    ]
    return lines, population_values(population)


def _photo_in_words(path: Path) -> tuple[list[str], dict[str, Any]]:
    from lenscal.errors import PhotoError

    warm_up()
    from lenscal.raw.decode import decode_photo

    # As for a correction: what is described here can be corrected.
    try:
        frame = decode_photo(path)
    except PhotoError as error:
        raise InputError(
            translatable(
                "{path} cannot be read as a photo: {reason}", path=path, reason=error.reason
            )
        ) from error
    if frame.info.light is not None:
        return _picture_in_words(frame.info)
    info, vignetting = frame.info, frame.gain_source
    noise = [list(pair) for pair in info.noise_profile]
    values = {
        "kind": "raw",
        **photo_values(info),
        "noise_profile": noise,
        "vignetting": vignetting,
        "sampling": str(frame.sampling),
        "notes": list(info.notes),
    }
    exposure = _exposure(info.exposure_s) if info.exposure_s else ""
    setting = (lens_setting_in_words(values, lens=False), exposure, info.date_time)
    # A file's own may be wrong by far: what a correction goes by is said.
    believed = frame.noise.source == "NoiseProfile"
    noise_source = "from its NoiseProfile" if believed else "estimated from the photo"
    lines = [
        f"{path.name}: a RAW photo of {info.width} x {info.height} px",
        f"Values: {_values_in_words(frame)}",
        f"Camera: {info.camera or 'unknown'}{_serial(info.camera_serial)}",
        f"Lens: {info.lens or 'unknown'}{_serial(info.lens_serial)}",
        f"Taken: {'  '.join(part for part in setting if part)}",
        f"Orientation: {info.orientation} (EXIF)",
        f"Noise: {noise_source}",
        f"Vignetting: {vignetting}",
        *_cut_in_words(info),
        *(f"Note: {note}" for note in info.notes),
    ]
    return lines, values


def _cut_in_words(info: PhotoInfo) -> list[str]:
    crop = info.dng.crop((info.height, info.width))
    if crop is None:
        return []
    return [f"Shown: {crop.width} x {crop.height} px of it, as the file says"]


def _values_in_words(frame: Frame) -> str:
    if frame.mosaic.size and frame.sampling != "bayer":
        rows, columns = frame.cfa.shape
        return f"a mosaic that repeats each {rows} x {columns} pixels, read as LibRaw demosaics it"
    return SAMPLING_IN_WORDS[frame.sampling]


def _picture_in_words(info: PhotoInfo) -> tuple[list[str], dict[str, Any]]:
    from lenscal.raw.pictures.reading import read_header

    header = read_header(info.path)
    values = {
        "kind": "picture",
        **photo_values(info),
        "format": header.kind.value,
        "bits": header.bits,
        "colours": header.colours,
        "icc": bool(header.icc),
        "notes": list(header.notes),
    }
    channels = "grey" if header.colours == 1 else "RGB"
    number = "floating point" if header.is_float else "a value"
    lines = [
        f"{info.path.name}: a {header.kind.name} picture of {info.width} x {info.height} px, "
        f"{channels}, {header.bits} bit {number}",
        f"Colour profile: {'its own (ICC)' if header.icc else 'none, taken for sRGB'}",
        f"Camera: {info.camera or 'unknown'}{_serial(info.camera_serial)}",
        f"Lens: {info.lens or 'unknown'}{_serial(info.lens_serial)}",
        f"Orientation: {info.orientation} (EXIF)",
        *(f"Note: {note}" for note in header.notes),
    ]
    return lines, values


def _exposure(seconds: float) -> str:
    # As cameras write it.
    return f"1/{1 / seconds:.0f} s" if seconds < LONG_EXPOSURE_S else f"{seconds:g} s"


def _serial(serial: str) -> str:
    return f" (serial {serial})" if serial else ""


def _profile_in_words(path: Path) -> tuple[list[str], dict[str, Any]]:
    from lenscal.files.psf.fingerprint import fingerprint
    from lenscal.files.psf.profile import described, read_profile
    from lenscal.files.psf.quality_words import LIGHT_WORDS
    from lenscal.lens.words import coverage_in_words, coverage_values
    from lenscal.optics.plausibility import impossibilities, irregularities

    profile = read_profile(path)
    doubts = [*impossibilities(profile.psf), *irregularities(profile.psf)]
    (rows, cols), k = profile.psf.shape, profile.psf.kernel_size
    height, width = profile.psf.image_size
    focal = f", {profile.focal_mm:g} mm," if profile.focal_mm else ","
    aperture = f_number(profile.aperture_degraded)
    lines = [
        f"{path.name}: the PSF of {profile.lens or 'an unnamed lens'}{_serial(profile.lens_serial)}"
        f" on {profile.camera or 'an unnamed camera'}{_serial(profile.camera_serial)}",
        f"For photos at {aperture}{focal} of {width} x {height} px",
        *([] if profile.light or profile.is_bare else coverage_in_words(profile)),
        *(
            [f"For pictures (PNG, JPEG, TIFF): {LIGHT_WORDS[profile.light]}"]
            if profile.light
            else []
        ),
        f"Relative to: {profile.psf.reference} ({f_number(profile.aperture_sharp)})",
        f"Grid: {rows} x {cols} nodes of RGB kernels, {k} x {k} px",
        f"Fingerprint: {fingerprint(profile.psf)}",
        *_quality_lines(profile),
        *(f"Note: {doubt}" for doubt in doubts),
        _origin(profile),
    ]
    values = {
        "kind": "profile",
        "fingerprint": fingerprint(profile.psf),
        **described(profile),
        "coverage": coverage_values(profile),
        "doubts": [str(doubt) for doubt in doubts],
    }
    return lines, values


def _quality_lines(profile: Profile) -> list[str]:
    from lenscal.files.psf.quality_words import (
        confidence_in_words,
        distances_in_words,
        scenes_in_words,
    )

    sharp, degraded = (
        sum(photo.used and photo.role == role for photo in profile.photos)
        for role in ("sharp", "degraded")
    )
    scenes = scenes_in_words(profile.same_scenes)
    rejected = [f"{p.name} ({p.verdict})" for p in profile.photos if not p.used]
    return [
        f"Learnt from: {sharp} sharp and {degraded} degraded photos{scenes}",
        *_list("Left out", rejected),
        *confidence_in_words(profile.psf, profile.same_scenes),
        *distances_in_words(profile.reblur),
        *_list("Stages", [f"{stage.name} {stage.seconds:.0f} s" for stage in profile.stages]),
        *_list("Vignetting", profile.vignetting),
        *_network_lines(profile),
        *(f"Note: {warning}" for warning in profile.warnings),
    ]


def _network_lines(profile: Profile) -> list[str]:
    network = profile.network
    if network is None:
        return []
    gain = network.gain_db
    told = "" if gain is None else f", {gain:+.2f} dB over the Wiener filter on photos kept out"
    return [f"Network: trained on {network.photos} photos, {network.steps} steps{told}"]


def _origin(profile: Profile) -> str:
    """When, on what and with what a profile was made."""
    # A profile can be used without any of this, so any of it may be missing.
    versions = " ".join(f"{name} {version}" for name, version in profile.versions.items())
    ended = "" if profile.finished == "done" else f", ended early ({profile.finished})"
    created = profile.created or "at an unknown time"
    return f"Made {created} on {profile.device or '?'} with {versions or '?'}{ended}"


def _list(head: str, items: Sequence[str]) -> list[str]:
    return [f"{head}: {', '.join(items)}"] if items else []
