"""Corrections beside what else is at hand against blur, on photos of virtual lenses whose truth is
known."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenscal.benchmark.baselines import BASELINES, average_kernels, scikit_image
from lenscal.benchmark.cases import Case, Photos, Scenes
from lenscal.benchmark.clock import processor_seconds
from lenscal.benchmark.picture_figures import PictureFigures, picture_figures
from lenscal.benchmark.raw_programs import develop_with_programs
from lenscal.benchmark.summary import Table
from lenscal.optics.psf_grid import PsfGrid
from lenscal.reports import Report
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.stepping import Job, follow
from lenscal.system.device import AUTO
from lenscal.translation import translatable
from lenscal.virtual.dataset import VirtualSettings, true_grid, write_evaluation
from lenscal.virtual.kinds import LensKind

if TYPE_CHECKING:
    from lenscal.raw.frame import Frame

ISOS = (200, 3200)
METHODS = (Method.WIENER, Method.DPIR, Method.DIFFPIR)
"""A network would have to be trained for each lens: `lenscal reproduce` does that."""
PLAIN = "no correction"
DEMO = "demo"
"""Name of the lens of `lenscal demo`, beside the benchmark's kinds of lenses."""


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


def measure_correction(settings: CorrectionSettings) -> Job[dict[str, Any]]:
    """Correct one photo of each lens at each ISO with everything there is.

    Photo and truth are clipped to 0..1 before they are compared, as every picture file does it, and
    moved onto each other (see `lenscal.measure.registration`). Where a baseline or a RAW program
    offers settings, that of the best PSNR counts.

    Returns
    -------
    dict
        size, device, cases: [{lens, iso, rows: {method: {psnr, ssim, seconds, setting}}}].

    Raises
    ------
    InputError
        scikit-image is not installed.
    """
    # Before the first photo is rendered, not after minutes.
    scikit_image("restoration")
    cases = [(lens, iso) for lens in settings.lenses for iso in settings.isos]
    results = []
    for number, (lens, iso) in enumerate(cases):
        low, high = number / len(cases), (number + 1) / len(cases)
        prefix = translatable("{lens}, ISO {iso}: ", lens=lens, iso=iso)
        rows, _ = yield from follow(_case(lens, iso, settings), low, high, prefix=prefix)
        described = {name: asdict(figures) for name, figures in rows.items()}
        results.append({"lens": lens, "iso": iso, "rows": described})
    return {"size": list(settings.size), "device": settings.device, "cases": results}


def _case(lens: str, iso: int, settings: CorrectionSettings) -> Job[dict[str, PictureFigures]]:
    """Figures of all methods on one photo."""
    from lenscal.raw.decode import decode_photo

    virtual = virtual_settings(lens, iso, settings.size)
    everything = (slice(None), slice(None))
    with tempfile.TemporaryDirectory(prefix="lenscal-correction-") as name:
        folder = Path(name)
        yield Report("correction", translatable("taking the photo"), 0.0)
        photo, clean = write_evaluation(folder, virtual)
        frame, target = decode_photo(photo), decode_photo(clean).rgb_tile(*everything)
        # What baselines and ours start from alike: LibRaw's demosaicing, no more.
        plain = frame.rgb_tile(*everything)
        truth = true_grid(virtual)
        rows = {PLAIN: picture_figures(plain, target, 0.0)}
        kernels = {"true": truth}
        if settings.learnt is not None and lens == DEMO:
            # They were learnt on photos of another size; they are laid over this one.
            kernels["learnt"] = replace(settings.learnt, image_size=frame.size)
        rows |= yield from _by_lenscal(frame, target, kernels, settings.device)
        rows |= yield from _by_baselines(plain, target, truth)
        if settings.programs:
            yield Report("correction", translatable("other programs"), 0.9)
            for program, pictures in develop_with_programs(photo, plain, folder).items():
                rows[program] = _best(
                    picture_figures(picture, target, seconds, setting)
                    for setting, (picture, seconds) in pictures.items()
                )
    return rows


def _by_baselines(
    plain: NDArray[np.float32], target: NDArray[np.float32], truth: PsfGrid
) -> Job[dict[str, PictureFigures]]:
    yield Report("correction", translatable("one kernel for the whole photo"), 0.8)
    # The best that one kernel can be: what stays is the price of ignoring the field.
    average = average_kernels(truth)
    rows = {}
    for method, variants in BASELINES.items():
        tries = []
        for setting, correct in variants.items():
            start = processor_seconds()
            picture = correct(plain, average)
            seconds = processor_seconds() - start
            tries.append(picture_figures(picture, target, seconds, setting))
            yield Report("correction", translatable("{method}", method=method), 0.85)
        rows[method] = _best(tries)
    return rows


def virtual_settings(lens: str, iso: int, size: tuple[int, int]) -> VirtualSettings:
    """How the virtual camera takes a photo with a lens named in `CorrectionSettings.lenses`."""
    if lens == DEMO:
        return VirtualSettings(size=size, iso=iso)
    case = Case(LensKind(lens), Scenes.SAME, iso, 0, "quick", photos=Photos(size=size))
    return case.virtual_settings()


def _by_lenscal(
    frame: Frame, target: NDArray[np.float32], kernels: Mapping[str, PsfGrid], device: str
) -> Job[dict[str, PictureFigures]]:
    from lenscal.restore.photo import restore

    rows = {}
    runs = [(m, name, grid) for m in METHODS for name, grid in kernels.items()]
    for number, (method, name, grid) in enumerate(runs):
        # Other work on the machine must not count against a method.
        start = processor_seconds()
        work = restore(frame, grid, RestoreSettings(method, device=device))
        low, high = 0.8 * number / len(runs), 0.8 * (number + 1) / len(runs)
        prefix = translatable("{method}, {name} kernels: ", method=str(method), name=name)
        picture, _ = yield from follow(work, low, high, prefix=prefix)
        seconds = processor_seconds() - start
        rows[f"lenscal {method}, {name} kernels"] = picture_figures(picture, target, seconds)
    return rows


def _best(figures: Iterable[PictureFigures]) -> PictureFigures:
    # Chosen with the truth in sight: others get the benefit of every doubt.
    return max(figures, key=lambda f: f.psnr)


def tables(values: Mapping[str, Any]) -> list[Table]:
    """A table for the demo lens and one of means over the other lenses; columns for each ISO."""
    cases = values["cases"]
    groups = {
        "demo lens": [case for case in cases if case["lens"] == DEMO],
        "means over the benchmark's lenses": [case for case in cases if case["lens"] != DEMO],
    }
    height, width = values["size"]
    return [
        _table(f"Correction, {title} ({width} x {height} px)", group)
        for title, group in groups.items()
        if group
    ]


def _table(title: str, cases: Sequence[Mapping[str, Any]]) -> Table:
    isos = list(dict.fromkeys(case["iso"] for case in cases))
    columns = ("PSNR dB", "gain", "SSIM", "s")
    heads = ("", *(f"{head}, ISO {iso}" for iso in isos for head in columns))
    names = dict.fromkeys(name for case in cases for name in case["rows"])
    rows = tuple(
        (name, *(cell for iso in isos for cell in _cells(name, iso, cases))) for name in names
    )
    return Table(title, heads, rows)


def _cells(name: str, iso: int, cases: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Means of a method over the photos of one ISO that it corrected."""
    corrected = [case["rows"] for case in cases if case["iso"] == iso and name in case["rows"]]
    psnr, ssim, seconds = (
        float(np.mean([rows[name][figure] for rows in corrected]))
        for figure in ("psnr", "ssim", "seconds")
    )
    # Against the same photos: a method that gave nothing for one is not compared on it.
    gain = psnr - float(np.mean([rows[PLAIN]["psnr"] for rows in corrected]))
    return f"{psnr:.2f}", f"{gain:+.2f}", f"{ssim:.4f}", f"{seconds:.1f}"
