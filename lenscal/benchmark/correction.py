"""Corrections beside what else is at hand against blur, on photos of virtual lenses whose truth is
known."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from lenscal.benchmark.baselines import BASELINES, average_kernels
from lenscal.benchmark.cases import Case, Photos
from lenscal.benchmark.clock import processor_seconds
from lenscal.benchmark.raw_programs import developed
from lenscal.benchmark.summary import Table
from lenscal.measure.registration import common_shift, shifted
from lenscal.optics.psf_grid import PsfGrid
from lenscal.reports import Report
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.stepping import Job, follow
from lenscal.system.device import AUTO
from lenscal.virtual.dataset import VirtualSettings, true_grid, write_evaluation
from lenscal.virtual.kinds import LensKind

if TYPE_CHECKING:
    from lenscal.raw.frame import Frame

ISOS = (200, 3200)
BORDER_PX = 16
PLAIN = "no correction"
DEMO = "demo"


@dataclass(frozen=True, slots=True)
class CorrectionSettings:
    """size: (height, width) px of the photos; learnt: kernels of the demo lens, as a calibration
    found them."""

    device: str = AUTO
    size: tuple[int, int] = (400, 600)
    lenses: tuple[str, ...] = (DEMO, *(kind.value for kind in LensKind))
    isos: tuple[int, ...] = ISOS
    learnt: PsfGrid | None = None
    programs: bool = True


@dataclass(frozen=True, slots=True)
class Figures:
    """PSNR in dB (peak 1.0) of linear camera RGB, SSIM of gamma-encoded lightness, processor
    seconds, and the setting.

    RAW programs' seconds are from the RAW file to the TIFF file, the others' those of the
    correction alone.
    """

    psnr: float
    ssim: float
    seconds: float
    setting: str = ""


def measure_correction(settings: CorrectionSettings) -> Job[dict[str, Any]]:
    """Correct one photo of each lens at each ISO with everything there is.

    Photo and truth are clipped to 0..1 before they are compared, as every picture file does it, and
    moved onto each other (see `lenscal.evaluate`). Where a baseline or a RAW program offers
    settings, that of the best PSNR counts.

    Returns
    -------
    dict
        size, device, cases: [{lens, iso, rows: {method: {psnr, ssim, seconds, setting}}}].
    """
    cases = [(lens, iso) for lens in settings.lenses for iso in settings.isos]
    found = []
    for number, (lens, iso) in enumerate(cases):
        low, high = number / len(cases), (number + 1) / len(cases)
        rows, _ = yield from follow(
            _case(lens, iso, settings), low, high, prefix=f"{lens}, ISO {iso}: "
        )
        described = {
            name: {"psnr": f.psnr, "ssim": f.ssim, "seconds": f.seconds, "setting": f.setting}
            for name, f in rows.items()
        }
        found.append({"lens": lens, "iso": iso, "rows": described})
    return {"size": list(settings.size), "device": settings.device, "cases": found}


def _case(lens: str, iso: int, settings: CorrectionSettings) -> Job[dict[str, Figures]]:
    from lenscal.raw.decode import decode_photo

    virtual = virtual_settings(lens, iso, settings.size)
    everything = (slice(None), slice(None))
    with tempfile.TemporaryDirectory(prefix="lenscal-correction-") as name:
        folder = Path(name)
        yield Report("correction", "taking the photo", 0.0)
        photo, clean = write_evaluation(folder, virtual)
        frame, target = decode_photo(photo), decode_photo(clean).rgb_tile(*everything)
        plain = frame.rgb_tile(*everything)
        truth = true_grid(virtual)
        rows = {PLAIN: figures(plain, target, 0.0)}
        kernels = {"true": truth}
        if settings.learnt is not None and lens == DEMO:
            kernels["learnt"] = replace(settings.learnt, image_size=frame.size)
        rows |= yield from _ours(frame, target, kernels, settings.device)
        yield Report("correction", "one kernel for the whole photo", 0.8)
        average = average_kernels(truth)
        for method, variants in BASELINES.items():
            tried = []
            for setting, correct in variants.items():
                start = processor_seconds()
                picture = correct(plain, average)
                tried.append(figures(picture, target, processor_seconds() - start, setting))
                yield Report("correction", method, 0.85)
            rows[method] = _best(tried)
        if settings.programs:
            yield Report("correction", "other programs", 0.9)
            for program, made in developed(photo, plain, folder).items():
                rows[program] = _best(
                    [figures(picture, target, s, setting) for setting, (picture, s) in made.items()]
                )
    return rows


def virtual_settings(lens: str, iso: int, size: tuple[int, int]) -> VirtualSettings:
    """How the virtual camera takes a photo with a lens named in `CorrectionSettings.lenses`."""
    if lens == DEMO:
        return VirtualSettings(size=size, iso=iso)
    return Case(LensKind(lens), True, iso, 0, "quick", photos=Photos(size=size)).virtual_settings()


def _ours(
    frame: Frame, target: np.ndarray, kernels: Mapping[str, PsfGrid], device: str
) -> Job[dict[str, Figures]]:
    from lenscal.restore.photo import restore

    rows = {}
    runs = [
        (m, name, grid) for m in Method if m is not Method.NONE for name, grid in kernels.items()
    ]
    for number, (method, name, grid) in enumerate(runs):
        start = processor_seconds()
        work = restore(frame, grid, RestoreSettings(method, device=device))
        low, high = 0.8 * number / len(runs), 0.8 * (number + 1) / len(runs)
        picture, _ = yield from follow(work, low, high, prefix=f"{method}, {name} kernels: ")
        rows[f"lenscal {method}, {name} kernels"] = figures(
            picture, target, processor_seconds() - start
        )
    return rows


def _best(tried: Sequence[Figures]) -> Figures:
    return max(tried, key=lambda f: f.psnr)


def figures(picture: np.ndarray, target: np.ndarray, seconds: float, setting: str = "") -> Figures:
    """Compare a photo with the truth, both linear camera RGB [H, W, 3]; NaN only within BORDER_PX
    of the borders."""
    inner = (slice(BORDER_PX, -BORDER_PX),) * 2
    seen, true = (np.clip(image[inner], 0, 1).astype(np.float64) for image in (picture, target))
    moved = shifted(seen, common_shift(seen, true))[inner]
    true = true[inner]
    error = max(float(np.mean((moved - true) ** 2)), 1e-20)
    return Figures(
        float(-10 * np.log10(error)), ssim(_lightness(moved), _lightness(true)), seconds, setting
    )


def _lightness(rgb: np.ndarray) -> np.ndarray:
    grey: np.ndarray = np.clip(rgb, 0, 1) @ np.array([0.2126, 0.7152, 0.0722])
    return np.asarray(grey ** (1 / 2.2))


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity of images [H, W] in 0..1 (Wang et al., IEEE TIP 13, 2004: Gaussian of
    1.5 px)."""

    def mean(image: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.GaussianBlur(image, (11, 11), 1.5)[5:-5, 5:-5])

    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b, both = (
        mean(a * a) - mean_a**2,
        mean(b * b) - mean_b**2,
        mean(a * b) - mean_a * mean_b,
    )
    c1, c2 = 0.01**2, 0.03**2
    similar = (
        (2 * mean_a * mean_b + c1)
        * (2 * both + c2)
        / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    )
    return float(similar.mean())


def tables(found: Mapping[str, Any]) -> list[Table]:
    """A table for the demo lens and one of means over the other lenses; columns for each ISO."""
    groups = {
        "demo lens": [case for case in found["cases"] if case["lens"] == DEMO],
        "means over the benchmark's lenses": [
            case for case in found["cases"] if case["lens"] != DEMO
        ],
    }
    height, width = found["size"]
    out = []
    for title, cases in groups.items():
        isos = list(dict.fromkeys(case["iso"] for case in cases))
        if not cases:
            continue
        rows = []
        for name in dict.fromkeys(name for case in cases for name in case["rows"]):
            cells = [name]
            for iso in isos:
                had = [
                    case["rows"][name]
                    for case in cases
                    if case["iso"] == iso and name in case["rows"]
                ]
                plain = [
                    case["rows"][PLAIN]
                    for case in cases
                    if case["iso"] == iso and name in case["rows"]
                ]
                mean = {
                    key: float(np.mean([row[key] for row in had]))
                    for key in ("psnr", "ssim", "seconds")
                }
                gain = mean["psnr"] - float(np.mean([row["psnr"] for row in plain]))
                cells += [
                    f"{mean['psnr']:.2f}",
                    f"{gain:+.2f}",
                    f"{mean['ssim']:.4f}",
                    f"{mean['seconds']:.1f}",
                ]
            rows.append(tuple(cells))
        heads = (
            "",
            *(f"{head}, ISO {iso}" for iso in isos for head in ("PSNR dB", "gain", "SSIM", "s")),
        )
        out.append(Table(f"Correction, {title} ({width} x {height} px)", heads, tuple(rows)))
    return out
