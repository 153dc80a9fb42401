"""Meanti et al. 2025, section 4.2: known space-varying blur on pictures, and how much of a
restoration is lost where its kernels are learnt.

Green kernels of a lens on 8 x 8 nodes blur pictures, whose values are taken as they are stored, and
noise of sigma 0.01 is added. Photos are split at random: from the blurred half and from the clean
half, of other scenes, kernels are learnt; pictures of neither are restored with the true, learnt
and average kernel, by the Wiener filter, by DPIR and by a network that is trained with each.

What differs from the paper: the kernels are those of a virtual lens at f/1.8 (Bauer's are not to be
had), the photos are the caller's (DIV2K and DPDD are not to be had), kernels are learnt by
lenscal's closed-form stages, and the network is the small one, trained for minutes on pairs of the
clean half (the paper: ESRGAN, 60,000 steps).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from lenscal.benchmark.summary import Table
from lenscal.blur.operator import A
from lenscal.calibration.settings import CalibrationSettings, Quality, Stages
from lenscal.errors import InputError
from lenscal.files.psf.node_grid import pixel_positions
from lenscal.measure.gain import average_grid
from lenscal.measure.kernel_scores import score
from lenscal.measure.registration import BORDER_PX, LEAST_ERROR, common_shift, shifted
from lenscal.measure.similarity import ssim
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import NoiseModel
from lenscal.raw.pictures.kinds import Light
from lenscal.reports import Report
from lenscal.restore.network.bands import LensNetwork
from lenscal.restore.network.planes import Place
from lenscal.restore.photo import restore
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.restore.tiles import ArrayPhoto
from lenscal.stepping import Job, follow
from lenscal.supervised.exposures import Shooting
from lenscal.supervised.settings import NetworkSettings
from lenscal.supervised.training import Operator, train_network
from lenscal.system.device import AUTO
from lenscal.translation import translatable
from lenscal.virtual.dataset import VirtualSettings, true_grid

SIGMA = 0.01
"""As published."""
PUBLISHED = {
    ("DPIR", "true"): (34.89, 0.933),
    ("network", "true"): (32.53, 0.906),
    ("DPIR", "learnt"): (33.84, 0.933),
    ("network", "learnt"): (32.38, 0.911),
}
"""PSNR and SSIM of table 3 (DPDD; its network is ESRGAN)."""
LEAST_PHOTOS = 12
_TEST_SHARE = 0.15
_NOISE = NoiseModel((0.0,) * 3, (SIGMA**2,) * 3, "known")
_WHITE = 65535


@dataclass(frozen=True, slots=True)
class KnownBlurSettings:
    """At which size the protocol runs.

    Attributes
    ----------
    minutes : float
        Of training, for all three networks together; 0: no networks.
    size : (height, width) px
        Pictures are cut to it; smaller ones are left out.
    n_test : int
        Pictures that are restored, at most.
    learnt_grid : (rows, columns) of the kernels that are learnt
    kernel_size : int
        Their side.
    stages : Stages
        How they are learnt.
    """

    minutes: float = 30.0
    size: tuple[int, int] = (384, 512)
    n_test: int = 8
    learnt_grid: tuple[int, int] = (4, 4)
    kernel_size: int = 15
    stages: Stages = Stages.GT
    seed: int = 0
    device: str = AUTO
    steps: int | None = None
    """Of each training, instead of minutes."""


def measure_known_blur(photos: Sequence[Path], settings: KnownBlurSettings) -> Job[dict[str, Any]]:
    """Run the protocol on free photos (pictures).

    Returns
    -------
    dict
        size, photos {blurred, clean, test}, kernels {learnt, average, delta: figures of
        `kernel_scores.score`}, rows: [{method, kernels, psnr, ssim, seconds}].

    Raises
    ------
    InputError
        Fewer than `LEAST_PHOTOS` are large enough.
    """
    truth = green_grid(settings.size)
    with tempfile.TemporaryDirectory(prefix="lenscal-known-blur-") as name:
        folder = Path(name)
        split, _ = yield from follow(_pictures(folder, photos, truth, settings), 0.0, 0.1)
        learnt, _ = yield from follow(_learnt(folder, settings), 0.1, 0.35)
        grids = {"true": truth, "learnt": learnt, "average": average_grid(truth)}
        rows: list[dict[str, Any]] = []
        for number, (kernels, grid) in enumerate(grids.items()):
            low, high = (0.35 + 0.65 * n / len(grids) for n in (number, number + 1))
            prefix = translatable("{kernels} kernels: ", kernels=kernels)
            work = _restored(folder, grid, settings)
            of_grid, _ = yield from follow(work, low, high, prefix=prefix)
            rows += [{**row, "kernels": kernels} for row in of_grid]
    return {
        "size": list(settings.size),
        "sigma": SIGMA,
        "photos": split,
        "kernels": _scores(truth, learnt),
        "rows": rows,
    }


def green_grid(size: tuple[int, int]) -> PsfGrid:
    """The green kernels of the demo lens at f/1.8, for all channels, on 8 x 8 nodes."""
    grid = true_grid(VirtualSettings(size=size))
    return PsfGrid(np.repeat(grid.kernels[:, :, 1:2], 3, axis=2), size)


def _pictures(
    folder: Path, photos: Sequence[Path], truth: PsfGrid, settings: KnownBlurSettings
) -> Job[dict[str, int]]:
    """Cut, split and blur photos into the folders blurred, clean and test; returns how many."""
    height, width = settings.size
    rng = np.random.default_rng([settings.seed, 42])
    cut = []
    for number, path in enumerate(photos):
        yield Report(
            "read", translatable("Reading {name}", name=path.name), 0.5 * number / len(photos)
        )
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None or picture.shape[0] < height or picture.shape[1] < width:
            continue
        y, x = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
        cut.append(np.ascontiguousarray(picture[y : y + height, x : x + width]))
    if len(cut) < LEAST_PHOTOS:
        raise InputError(
            translatable(
                "{n} photos of at least {width} x {height} px: give {least} or more",
                n=len(cut),
                width=width,
                height=height,
                least=LEAST_PHOTOS,
            )
        )
    order = rng.permutation(len(cut))
    n_test = min(settings.n_test, max(1, round(_TEST_SHARE * len(cut))))
    half = n_test + (len(cut) - n_test) // 2
    parts = {"test": order[:n_test], "blurred": order[n_test:half], "clean": order[half:]}
    for part in parts:
        (folder / part).mkdir()
    (folder / "sharp").mkdir()
    for part, numbers in parts.items():
        for number in numbers:
            yield Report("blur", translatable("Blurring the pictures"), 0.6)
            values = np.round(cut[number].astype(np.float64) * 257).astype(np.uint16)
            if part != "clean":
                cv2.imwrite(str(folder / "sharp" / f"{number}.png"), values)
                values = _photographed(values, truth, rng)
            cv2.imwrite(str(folder / part / f"{number}.png"), values)
    return {part: len(numbers) for part, numbers in parts.items()}


def _photographed(
    values: NDArray[np.uint16], truth: PsfGrid, rng: np.random.Generator
) -> NDArray[np.uint16]:
    """A picture, blurred and with its noise, in 16 bits; all channels are blurred alike."""
    sharp = torch.from_numpy(values.astype(np.float32) / _WHITE).permute(2, 0, 1)
    blurred = A(sharp, truth).permute(1, 2, 0).numpy()
    noisy = blurred + SIGMA * rng.standard_normal(blurred.shape)
    return np.clip(np.round(noisy * _WHITE), 0, _WHITE).astype(np.uint16)


def _learnt(folder: Path, settings: KnownBlurSettings) -> Job[PsfGrid]:
    """Kernels from blurred and clean pictures of other scenes."""
    from lenscal import jobs
    from lenscal.intake.grouping import Overrides

    stored = Overrides(light=Light.STORED)
    reading = jobs.import_photos(
        [folder / "clean"],
        [folder / "blurred"],
        sharp_overrides=stored,
        degraded_overrides=stored,
        keep_all=True,
    )
    inputs, _ = yield from follow(reading, 0.0, 0.3)
    chosen = CalibrationSettings(
        quality=Quality.QUICK,
        device=settings.device,
        grid=settings.learnt_grid,
        kernel_size=settings.kernel_size,
        seed=settings.seed,
        stages=settings.stages,
    )
    calibration, _ = yield from follow(jobs.calibrate(inputs, chosen), 0.3, 1.0)
    return calibration.psf


def _restored(
    folder: Path, grid: PsfGrid, settings: KnownBlurSettings
) -> Job[list[dict[str, Any]]]:
    """The test pictures restored with a grid by each method: means."""
    methods = [("no correction", Method.NONE), ("Wiener", Method.WIENER), ("DPIR", Method.DPIR)]
    network, low = None, 0.0
    if settings.minutes or settings.steps:
        operator = Operator(
            grid, _NOISE, False, Light.STORED, Shooting(gains=(1, 1), brightness=(0.7, 1.0))
        )
        chosen = NetworkSettings(
            minutes=max(settings.minutes / 3, 0.1),
            steps=settings.steps,
            seed=settings.seed,
            device=settings.device,
        )
        training = train_network(operator, sorted((folder / "clean").iterdir()), chosen)
        trained, _ = yield from follow(training, 0.0, 0.7)
        network = LensNetwork(trained.net, trained.held_out.share, Place((0, 0), settings.size))
        methods.append(("network", Method.NETWORK))
        low = 0.7
    tests = sorted((folder / "test").iterdir())
    rows = []
    for number, (name, method) in enumerate(methods):
        figures = []
        for i, path in enumerate(tests):
            done = low + (1 - low) * (number + i / len(tests)) / len(methods)
            yield Report(
                "correct", translatable("{method}: {name}", method=name, name=path.name), done
            )
            photo, sharp = (_read(folder / part / path.name) for part in ("test", "sharp"))
            began = time.process_time()
            work = restore(
                ArrayPhoto(photo, _NOISE, np.ones(3, np.float32)),
                grid,
                RestoreSettings(method, device=settings.device),
                network=network,
            )
            picture, _ = yield from follow(work, done, done)
            figures.append((*_figures(picture, sharp), time.process_time() - began))
        psnr, similarity, seconds = (float(v) for v in np.mean(figures, axis=0))
        rows.append({"method": name, "psnr": psnr, "ssim": similarity, "seconds": seconds})
    return rows


def _read(path: Path) -> NDArray[np.float32]:
    values = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert values is not None
    return np.asarray(values[..., ::-1].astype(np.float32) / _WHITE)


def _figures(picture: NDArray[np.float32], sharp: NDArray[np.float32]) -> tuple[float, float]:
    """PSNR in dB (peak 1) and SSIM of a picture that is moved onto the sharp one: kernels that are
    learnt leave open where it lies."""
    seen = np.clip(picture, 0, 1).astype(np.float64)
    moved = shifted(seen, common_shift(seen, sharp))
    inner = (slice(BORDER_PX, -BORDER_PX),) * 2
    error = float(np.mean((moved[inner] - sharp[inner]) ** 2))
    return float(-10 * np.log10(max(error, LEAST_ERROR))), ssim(moved[inner], sharp[inner])


def _scores(truth: PsfGrid, learnt: PsfGrid) -> dict[str, Mapping[str, float]]:
    def nodes(grid: PsfGrid) -> NDArray[np.float32]:
        return grid.kernels.reshape(-1, *grid.kernels.shape[2:])

    at = (pixel_positions(grid).reshape(-1, 2) for grid in (truth, learnt))
    scored = score(nodes(truth), next(at), nodes(learnt), next(at))
    return {"learnt": scored["estimate"], **{k: scored[k] for k in ("average", "delta")}}


def tables(values: Mapping[str, Any]) -> list[Table]:
    """The restorations beside the published ones, and the kernels."""
    rows = []
    for row in values["rows"]:
        published = PUBLISHED.get((row["method"], row["kernels"]))
        rows.append(
            (
                row["method"],
                row["kernels"],
                f"{row['psnr']:.2f}",
                f"{row['ssim']:.3f}",
                f"{row['seconds']:.1f}",
                f"{published[0]:.2f}" if published else "",
                f"{published[1]:.3f}" if published else "",
            )
        )
    heads = ("method", "kernels", "PSNR dB", "SSIM", "s", "published PSNR", "published SSIM")
    height, width = values["size"]
    title = f"4.2: known space-varying blur, sigma {values['sigma']:g} ({width} x {height} px)"
    kernels = tuple(
        (name, f"{figures['ncc_mean']:.4f}", f"{figures['rel_l2_mean']:.3f}")
        for name, figures in values["kernels"].items()
    )
    return [
        Table(title, heads, tuple(rows)),
        Table("4.2: kernels", ("", "NCC", "rel. L2"), kernels),
    ]
