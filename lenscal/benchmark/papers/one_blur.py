"""Meanti et al. 2025, section 4.1 and B.1.1: one blur from two sets of pictures, at several levels
of noise.

What differs from the paper: the photos are the caller's, halved, split by chance (FFHQ's aligned
faces are not to be had), motion kernels are random walks of our own, 21 px wide (28 there), kernels
are found by lenscal's closed form (`calibrate --kernel uniform`; matching goes on from it where
that is asked for), and pictures are restored by
DPIR (DiffPIR there).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.benchmark.papers.pictures import (
    Picture,
    blurred,
    psnr,
    read_pictures,
    shuffled,
    write_picture,
)
from lenscal.benchmark.summary import Table
from lenscal.calibration.settings import CalibrationSettings, KernelModel, Quality, Stages
from lenscal.errors import InputError
from lenscal.measure.one_kernel import best_gaussian, delta, kernel_figures
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import NoiseModel
from lenscal.raw.pictures.kinds import Light
from lenscal.reports import Report
from lenscal.restore.photo import restore
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.restore.tiles import ArrayPhoto
from lenscal.stepping import Job, follow
from lenscal.translation import translatable
from lenscal.virtual.motion import motion_kernel

KERNEL_PX = 21
SIGMAS = (0.02, 0.0, 0.04, 0.08)
"""Of the noise, the main one first."""
MAIN_SIGMA = 0.02
PUBLISHED_NCC = {0.0: 0.98, 0.02: 0.94, 0.04: 0.96, 0.08: 0.91}
"""Of the motion kernel, B.1.1."""
PUBLISHED_PSNR = {"gaussian": (32.7, 32.7), "motion": (29.3, 28.8)}
"""(true, learnt kernel), table 2, FFHQ."""
LEAST_PHOTOS, LEAST_PX = 12, 192
MOST_A_SET = 60
_GREY = np.full(3, 1 / 3)
_BORDER_PX = 24


@dataclass(frozen=True, slots=True)
class OneBlurSettings:
    """At which size the protocol runs.

    Attributes
    ----------
    minutes : float or None
        After which no further case is begun; None: all of them.
    n_motion : int
        Motion kernels.
    n_test : int
        Kept-out pictures that are restored, with the main noise.
    """

    minutes: float | None = 30.0
    n_motion: int = 5
    n_test: int = 3
    seed: int = 0
    quality: Quality = Quality.STANDARD
    most_photos: int = MOST_A_SET
    flow: bool = False
    """Whether matching goes on from the closed form."""


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    kind: str
    number: int
    sigma: float
    kernel: NDArray[np.float32]


def measure_one_blur(photos: Sequence[Path], settings: OneBlurSettings) -> Job[dict[str, Any]]:
    """Run the protocol.

    Returns
    -------
    dict
        photos {clean, blurred, test}, rows: [{kind, number, sigma, ncc, rel_l2, gaussian {ncc,
        rel_l2}, delta {...}, psnr {true, learnt, gaussian, none} or None, seconds}], not_reached.

    Raises
    ------
    InputError
        Fewer than `LEAST_PHOTOS` are large enough.
    """
    began = time.monotonic()
    test, clean, to_blur = _split(photos, settings)
    cases = _cases(settings)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="lenscal-one-blur-") as name:
        folder = Path(name)
        (folder / "clean").mkdir()
        for n, picture in enumerate(clean):
            write_picture(folder / "clean" / f"{n:03}.png", picture)
        for number, case in enumerate(cases):
            minutes = (time.monotonic() - began) / 60
            if rows and settings.minutes is not None and minutes > settings.minutes:
                break
            low, high = number / len(cases), (number + 1) / len(cases)
            prefix = translatable(
                "{kind} {number}, sigma {sigma:g}: ",
                kind=case.kind,
                number=case.number,
                sigma=case.sigma,
            )
            work = _measured(folder, case, to_blur, test, settings)
            row, _ = yield from follow(work, low, high, prefix=prefix)
            rows.append(row)
    return {
        "photos": {"clean": len(clean), "blurred": len(to_blur), "test": len(test)},
        "rows": rows,
        "not_reached": len(cases) - len(rows),
    }


def _split(
    photos: Sequence[Path], settings: OneBlurSettings
) -> tuple[list[Picture], list[Picture], list[Picture]]:
    """(test, clean, to be blurred): other photos each."""
    most = 2 * settings.most_photos + settings.n_test
    pictures = []
    for picture in read_pictures(
        shuffled(photos, settings.seed), LEAST_PX, halved=True, crop_px=512
    ):
        pictures.append(picture)
        if len(pictures) == most:
            break
    if len(pictures) < LEAST_PHOTOS:
        raise InputError(
            translatable(
                "{n} photos of at least {px} x {px} px: give {least} or more with --photos",
                n=len(pictures),
                px=2 * LEAST_PX,
                least=LEAST_PHOTOS,
            )
        )
    test, rest = pictures[: settings.n_test], pictures[settings.n_test :]
    return test, rest[::2], rest[1::2]


def _cases(settings: OneBlurSettings) -> list[_Case]:
    """Each kernel at all levels of noise, so that little time gives a little of all."""
    axis = np.arange(KERNEL_PX) - KERNEL_PX // 2
    gaussian = np.exp(-(axis[:, None] ** 2 + axis**2) / 2)
    round_ = np.asarray(gaussian / gaussian.sum(), np.float32)
    motion = [
        motion_kernel(KERNEL_PX, np.random.default_rng([settings.seed, 41, n]))
        for n in range(settings.n_motion)
    ]
    kinds = [("gaussian", 0, round_), *(("motion", n, kernel) for n, kernel in enumerate(motion))]
    return [_Case(kind, n, sigma, kernel) for kind, n, kernel in kinds for sigma in SIGMAS]


def _measured(
    folder: Path,
    case: _Case,
    to_blur: Sequence[Picture],
    test: Sequence[Picture],
    settings: OneBlurSettings,
) -> Job[dict[str, Any]]:
    began = time.monotonic()
    rng = np.random.default_rng([settings.seed, case.number, round(1000 * case.sigma)])
    # Folders of one name would be taken for one that was read.
    degraded = folder / f"{case.kind}-{case.number}-{case.sigma:g}"
    degraded.mkdir()
    for n, picture in enumerate(to_blur):
        write_picture(degraded / f"{n:03}.png", _photographed(picture, case, rng))
    learnt, _ = yield from follow(_learnt(folder / "clean", degraded, settings), 0.0, 0.7)
    for path in degraded.iterdir():
        path.unlink()
    nearest = best_gaussian(case.kernel)
    row: dict[str, Any] = {
        "kind": case.kind,
        "number": case.number,
        "sigma": case.sigma,
        **_values(learnt, case.kernel),
        "gaussian": _values(nearest, case.kernel),
        "delta": _values(delta(KERNEL_PX), case.kernel),
        "seconds": time.monotonic() - began,
        "psnr": None,
    }
    if case.sigma == MAIN_SIGMA and test:
        kernels: dict[str, NDArray[np.floating]] = {
            "true": case.kernel,
            "learnt": learnt,
            "gaussian": nearest,
        }
        figures, _ = yield from follow(_restored(test, case, kernels, rng), 0.7, 1.0)
        row["psnr"] = figures
    return row


def _values(kernel: NDArray[np.floating], truth: NDArray[np.float32]) -> dict[str, float]:
    figures = kernel_figures(kernel, truth)
    return {"ncc": figures.ncc, "rel_l2": figures.rel_l2}


def _photographed(picture: Picture, case: _Case, rng: np.random.Generator) -> Picture:
    noise = case.sigma * rng.standard_normal(picture.shape)
    return np.asarray(blurred(picture, case.kernel) + noise, np.float32)


def _learnt(clean: Path, degraded: Path, settings: OneBlurSettings) -> Job[NDArray[np.float32]]:
    from lenscal import jobs
    from lenscal.intake.grouping import Overrides

    stored = Overrides(light=Light.STORED, any_source=True)
    reading = jobs.import_photos(
        [clean], [degraded], sharp_overrides=stored, degraded_overrides=stored, keep_all=True
    )
    inputs, _ = yield from follow(reading, 0.0, 0.3)
    chosen = CalibrationSettings(
        quality=settings.quality,
        kernel_size=KERNEL_PX,
        seed=settings.seed,
        kernel=KernelModel.UNIFORM,
        stages=Stages.FM if settings.flow else Stages.AUTO,
    )
    calibration, _ = yield from follow(jobs.calibrate(inputs, chosen), 0.3, 1.0)
    return np.asarray(calibration.psf.kernels[0, 0, 1])


def _restored(
    test: Sequence[Picture],
    case: _Case,
    kernels: Mapping[str, NDArray[np.floating]],
    rng: np.random.Generator,
) -> Job[dict[str, float]]:
    """Mean PSNR of the kept-out pictures, restored with each kernel, and as they are ("none")."""
    from lenscal.measure.registration import common_shift, shifted

    sums: dict[str, list[float]] = {name: [] for name in ("none", *kernels)}
    noise = NoiseModel((0.0,) * 3, (case.sigma**2,) * 3, "known")
    settings = RestoreSettings(Method.DPIR)
    for n, picture in enumerate(test):
        seen = np.clip(_photographed(picture, case, rng), 0, 1)
        photo = ArrayPhoto(seen, noise, np.ones(3, np.float32))
        sums["none"].append(psnr(seen, picture, _GREY, _BORDER_PX))
        for name, kernel in kernels.items():
            yield Report("correct", translatable("Restoring"), n / len(test))
            tripled = np.broadcast_to(kernel.astype(np.float32), (1, 1, 3, *kernel.shape)).copy()
            work = restore(photo, PsfGrid(tripled, picture.shape[:2]), settings)
            result, _ = yield from follow(work, n / len(test), n / len(test))
            clipped = np.clip(result, 0, 1).astype(np.float64)
            # Two sets leave open where a kernel lies.
            moved = shifted(clipped, common_shift(clipped, picture.astype(np.float64)))
            sums[name].append(psnr(moved.astype(np.float32), picture, _GREY, _BORDER_PX))
    return {name: float(np.mean(values)) for name, values in sums.items()}


def tables(values: Mapping[str, Any]) -> list[Table]:
    """Kernels and restorations, beside the published figures."""
    rows, restored = [], []
    by_case: dict[tuple[str, float], list[Mapping[str, Any]]] = {}
    for row in values["rows"]:
        by_case.setdefault((row["kind"], row["sigma"]), []).append(row)
    for (kind, sigma), of in by_case.items():
        published = PUBLISHED_NCC.get(sigma) if kind == "motion" else None
        rows.append(
            (
                f"{kind} ({len(of)})",
                f"{sigma:g}",
                f"{_mean(of, 'ncc'):.3f}",
                f"{min(row['ncc'] for row in of):.3f}",
                f"{_mean(of, 'rel_l2'):.3f}",
                *(f"{_mean([r[name] for r in of], 'ncc'):.3f}" for name in ("gaussian", "delta")),
                *(
                    f"{_mean([r[name] for r in of], 'rel_l2'):.3f}"
                    for name in ("gaussian", "delta")
                ),
                f"{_mean(of, 'seconds'):.0f}",
                "" if published is None else f"{published:.2f}",
            )
        )
        with_psnr = [row["psnr"] for row in of if row["psnr"] is not None]
        if with_psnr:
            figures = (f"{_mean(with_psnr, n):.2f}" for n in ("none", "gaussian", "learnt", "true"))
            true, learnt = PUBLISHED_PSNR[kind]
            restored.append((kind, *figures, f"{learnt:.1f}", f"{true:.1f}"))
    heads = (
        "kernels", "sigma", "NCC", "worst", "rel. L2", "NCC of the best Gaussian", "of no blur",
        "rel. L2 of the best Gaussian", "of no blur", "s", "published NCC",
    )  # fmt: skip
    found = [Table("4.1: one blur from two sets of pictures", heads, tuple(rows))]
    if restored:
        of_psnr = (
            "kernel", "as it is", "best Gaussian", "learnt", "true", "published learnt",
            "published true",
        )  # fmt: skip
        found.append(Table("4.1: PSNR (dB) restored by DPIR, sigma 0.02", of_psnr, tuple(restored)))
    return found


def _mean(rows: Sequence[Mapping[str, Any]], name: str) -> float:
    return float(np.mean([row[name] for row in rows]))
