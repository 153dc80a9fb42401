"""RAW programs that sharpen, where they are installed: RawTherapee's capture sharpening,
darktable's modules.

They develop the same RAW file with everything else off. What they make of it is brought back to
linear white-balanced camera RGB by the 3 x 3 matrix that fits best between their photo without
sharpening and ours, so that the figures compare sharpening (and demosaicing), not colours.
"""

from __future__ import annotations

import logging
import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenscal.benchmark.clock import processor_seconds
from lenscal.errors import LenscalError
from lenscal.translation import translatable

logger = logging.getLogger(__name__)

Image = NDArray[np.float32]
"""[H, W, 3], linear."""
TimedImage = tuple[Image, float]
"""A photo, and the processor seconds that it took."""
ProgramImages = dict[str, dict[str, TimedImage]]
"""Program and module -> its setting -> photo."""

_TIMEOUT_S = 600
"""Whoever takes longer for a photo of a quarter of a megapixel hangs."""
_FITTED_RANGE = (0.02, 0.8)
"""Light by which colours are matched: below, noise and black levels differ; above, programs treat
highlights each in a way of its own."""
_RAWTHERAPEE = """[Version]
AppVersion=5.9
Version=349
[Exposure]
Auto=false
HistogramMatching=false
Curve=0;
Curve2=0;
[HLRecovery]
Enabled=false
[Color Management]
InputProfile=(camera)
ToneCurve=false
ApplyLookTable=false
ApplyBaselineExposureOffset=false
ApplyHueSatMap=false
WorkingProfile=ProPhoto
OutputProfile=RTv4_Large
OutputProfileIntent=Relative
[RAW Bayer]
Method=amaze
[PostDemosaicSharpening]
Enabled={sharpen}
AutoContrast=true
AutoRadius=true
DeconvRadiusOffset=0
DeconvIterCheck=true
DeconvIterations=20
[LensProfile]
LcMode=none
"""
"""Capture sharpening as RawTherapee sets it for every photo by itself: automatic contrast and
radius."""

# Blend parameters of darktable's version 11: opaque, without a mask.
_BLEND = "000000000400000018000000000000000000C84200000000000000000000"


def _lens_deblur(iterations: int, radius: int) -> str:
    """darktable's presets "lens deblur" of its module diffuse or sharpen, version 2."""
    sharpness, regularisation, variance_threshold = 0.0, 3.0, 1.0
    anisotropies = (1.0, 0.0, 1.0, 0.0)
    luminance_threshold = 0.0
    speeds = (-0.25, 0.125, -0.5, 0.25)
    central_radius = 0
    # In the order of darktable's C structure, which a sidecar file holds byte by byte.
    parameters = struct.pack(
        "<ififffffffffffi",
        iterations,
        sharpness,
        radius,
        regularisation,
        variance_threshold,
        *anisotropies,
        luminance_threshold,
        *speeds,
        central_radius,
    )
    return parameters.hex()


_DARKTABLE: Mapping[str, tuple[str, int, str] | None] = {
    "none": None,
    "sharpen": ("sharpen", 1, struct.pack("<fff", 2.0, 0.5, 0.5).hex()),
    "lens deblur soft": ("diffuse", 2, _lens_deblur(8, 8)),
    "lens deblur medium": ("diffuse", 2, _lens_deblur(16, 10)),
    "lens deblur hard": ("diffuse", 2, _lens_deblur(24, 12)),
}
_XMP = """<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:darktable="http://darktable.sf.net/" darktable:xmp_version="5"
 darktable:raw_params="0" darktable:auto_presets_applied="1" darktable:history_end="{count}"
 darktable:iop_order_version="2">
<darktable:history><rdf:Seq>{steps}</rdf:Seq></darktable:history></rdf:Description>
</rdf:RDF></x:xmpmeta>
"""
_STEP = """<rdf:li darktable:num="0" darktable:operation="{}" darktable:enabled="1"
 darktable:modversion="{}" darktable:params="{}" darktable:multi_name=""
 darktable:multi_priority="0" darktable:blendop_version="11"
 darktable:blendop_params="{}"/>"""


def develop_with_programs(photo: Path, plain: Image, folder: Path) -> ProgramImages:
    """What the installed programs make of a RAW photo.

    Parameters
    ----------
    photo : Path
    plain : float32 ndarray [H, W, 3]
        Our photo without correction.
    folder : Path
        For the programs' settings and pictures, which the caller removes.

    Returns
    -------
    dict
        Program and module -> its setting -> (linear white-balanced camera RGB, NaN where it gave
        nothing; seconds from the RAW file to the TIFF file). Empty where no program is on PATH.
    """
    images: ProgramImages = {}
    for name, (command, develop) in _PROGRAMS.items():
        if shutil.which(command) is None:
            continue
        try:
            images |= develop(photo, plain, folder)
        # A program that fails must not cost the figures of all others.
        except (subprocess.SubprocessError, OSError, LenscalError) as error:
            logger.warning("%s was left out: %s", name, error)
    return images


def _by_rawtherapee(photo: Path, plain: Image, folder: Path) -> ProgramImages:
    renderings = {
        name: _rawtherapee(photo, folder, sharpen)
        for name, sharpen in (("none", False), ("auto", True))
    }
    pictures = _in_camera_rgb(renderings, plain)
    return {
        "RawTherapee, no sharpening": {"": pictures["none"]},
        "RawTherapee, capture sharpening": {"auto": pictures["auto"]},
    }


def _by_darktable(photo: Path, plain: Image, folder: Path) -> ProgramImages:
    pictures = _in_camera_rgb(
        {name: _darktable(photo, folder, step) for name, step in _DARKTABLE.items()}, plain
    )
    return {
        "darktable, no sharpening": {"": pictures.pop("none")},
        "darktable, sharpen": {"as set": pictures.pop("sharpen")},
        "darktable, diffuse or sharpen": pictures,
    }


_PROGRAMS = {
    "RawTherapee": ("rawtherapee-cli", _by_rawtherapee),
    "darktable": ("darktable-cli", _by_darktable),
}


def _rawtherapee(photo: Path, folder: Path, sharpen: bool) -> TimedImage:
    import tifffile

    settings, out = folder / "settings.pp3", folder / "rawtherapee.tif"
    settings.write_text(_RAWTHERAPEE.format(sharpen=str(sharpen).lower()))
    seconds = _run(
        ["rawtherapee-cli", "-q", "-o", out, "-t", "-b16", "-Y", "-p", settings, "-c", photo]
    )
    with tifffile.TiffFile(out) as tiff:
        page = tiff.pages.first
        # 16 bits: eight would drown what sharpening does to the shadows.
        encoded = page.asarray().astype(np.float32) / 65535
        return _linear(encoded, bytes(page.tags["InterColorProfile"].value)), seconds


def _linear(encoded: NDArray[np.floating], icc: bytes) -> Image:
    """Undo the parametric curve (type 3 or 4) of an ICC profile."""
    # By hand: only the curve is to be undone, and a colour engine would convert colours as well.
    at = icc.index(b"rTRC") + 4
    (start,) = struct.unpack(">I", icc[at : at + 4])
    kind, function = icc[start : start + 4], struct.unpack(">H", icc[start + 8 : start + 10])[0]
    if kind != b"para" or function not in (3, 4):
        raise LenscalError(
            translatable(
                "RawTherapee's output profile has a curve of kind {kind!r} {function}: "
                "not understood",
                kind=kind,
                function=function,
            )
        )
    count = 5 if function == 3 else 7
    # ICC's s15Fixed16Number.
    numbers = struct.unpack(f">{count}i", icc[start + 12 :][: 4 * count])
    parameters = [number / 65536 for number in numbers]
    # Type 3 has no offsets e and f.
    g, a, b, c, d, e, f = (*parameters, 0.0, 0.0)[:7]
    power = np.maximum(a * encoded + b, 0) ** g + e
    straight = c * encoded + f
    return np.asarray(np.where(encoded >= d, power, straight), np.float32)


def _darktable(photo: Path, folder: Path, step: tuple[str, int, str] | None) -> TimedImage:
    import tifffile

    history, out = folder / "history.xmp", folder / "darktable.tif"
    steps = "" if step is None else _STEP.format(*step, _BLEND)
    history.write_text(_XMP.format(count=int(step is not None), steps=steps))
    # darktable gives a file that is there already another name.
    out.unlink(missing_ok=True)
    # Floats, white balance by the camera's factors, and no module that it adds by itself.
    options = {
        "plugins/imageio/format/tiff/bpp": "32",
        "plugins/darkroom/chromatic-adaptation": "legacy",
        "plugins/darkroom/workflow": "none",
    }
    configured = [part for key, value in options.items() for part in ("--conf", f"{key}={value}")]
    seconds = _run(
        [
            "darktable-cli",
            photo,
            history,
            out,
            "--icc-type",
            "LIN_REC2020",
            "--core",
            "--disable-opencl",
            "--configdir",
            folder / "darktable",
            "--library",
            ":memory:",
            *configured,
        ]
    )
    return np.asarray(tifffile.imread(out), np.float32), seconds


def _run(command: list[str | Path]) -> float:
    # Processor time: the programs use all cores, and wall time would compare machines.
    start = processor_seconds()
    subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, timeout=_TIMEOUT_S
    )
    return processor_seconds() - start


def _in_camera_rgb(renderings: Mapping[str, TimedImage], plain: Image) -> dict[str, TimedImage]:
    """Everything in our camera RGB; rows and columns that a program cuts off at the borders are
    NaN."""
    reference = renderings["none"][0]
    # A program that crops is taken to crop both sides alike.
    inner = tuple(
        slice((n - m) // 2, (n - m) // 2 + m)
        for n, m in zip(plain.shape[:2], reference.shape, strict=False)
    )
    ours = plain[inner]
    low, high = _FITTED_RANGE
    usable = (ours.min(axis=-1) > low) & (ours.max(axis=-1) < high)
    # Fitted without sharpening, so that no sharpening is fitted away.
    matrix, *_ = np.linalg.lstsq(
        reference[usable].astype(np.float64), ours[usable].astype(np.float64), rcond=None
    )
    images = {}
    for name, (picture, seconds) in renderings.items():
        image = np.full_like(plain, np.nan)
        image[inner] = picture @ matrix.astype(np.float32)
        images[name] = image, seconds
    return images
