"""Meanti et al. 2025, section 4.4: enlarging a picture twice by the kernel that it shows itself.

What differs from the paper: the pictures are the caller's (DIV2KRK is not to be had), with kernels
drawn as DIV2KRK's (11 x 11, anisotropic Gaussians, here without their multiplicative noise, which
no spectrum tells), the kernel is found in closed form (`enlarge`), and the picture enlarged by
plug-and-play (ZSSR there).
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
from numpy.typing import NDArray

from lenscal.benchmark.papers.pictures import Picture, blurred, psnr, read_pictures, shuffled
from lenscal.benchmark.summary import Table
from lenscal.enlarge.photo import enlarge, kernel_of
from lenscal.enlarge.settings import EnlargeSettings, KernelSource, kernel_px
from lenscal.errors import InputError
from lenscal.measure.one_kernel import best_gaussian, delta, kernel_figures
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import Frame
from lenscal.raw.pictures.kinds import Light
from lenscal.stepping import Job, follow
from lenscal.translation import translatable

FACTOR = 2
FIXED_SIGMA_PX = 1.5
PUBLISHED_NCC = "0.96"
PUBLISHED_PSNR = (31.86, 31.94)
"""(found, true kernel), table 4."""
EIGENVALUES = (0.6, 5.0)
"""Of a kernel's covariance, px^2."""
LEAST_PX, CROP_PX = 256, 512
MOST_PICTURES = 24
_Y = np.array([65.481, 128.553, 24.966]) / 255
_BORDER_PX = 16


@dataclass(frozen=True, slots=True)
class OnePictureSettings:
    """minutes : after which no further picture is begun; None: all of them.
    kernel : how kernels are found."""

    minutes: float | None = 30.0
    n_pictures: int = MOST_PICTURES
    seed: int = 0
    kernel: KernelSource = KernelSource.AUTO


def measure_one_picture(
    photos: Sequence[Path], settings: OnePictureSettings
) -> Job[dict[str, Any]]:
    """Run the protocol.

    Returns
    -------
    dict
        rows: [{name, kernel {found, fixed, gaussian, delta: ncc, rel_l2}, psnr {bicubic, fixed,
        found, true}, seconds}], not_reached.

    Raises
    ------
    InputError
        No photo is large enough.
    """
    began = time.monotonic()
    rows: list[dict[str, Any]] = []
    names = shuffled(photos, settings.seed)
    pictures = list(_pictures(names, settings.n_pictures))
    if not pictures:
        raise InputError(translatable("no photo has {px} x {px} px: give larger ones", px=LEAST_PX))
    with tempfile.TemporaryDirectory(prefix="lenscal-one-picture-") as name:
        for number, picture in enumerate(pictures):
            minutes = (time.monotonic() - began) / 60
            if rows and settings.minutes is not None and minutes > settings.minutes:
                break
            low, high = number / len(pictures), (number + 1) / len(pictures)
            path = Path(name) / f"{number}.png"
            row, _ = yield from follow(_measured(path, picture, number, settings), low, high)
            rows.append(row)
    return {"rows": rows, "not_reached": len(pictures) - len(rows)}


def _pictures(photos: Sequence[Path], most: int) -> list[Picture]:
    found = []
    for picture in read_pictures(photos, LEAST_PX, halved=False, crop_px=CROP_PX):
        height, width = (n - n % FACTOR for n in picture.shape[:2])
        found.append(picture[:height, :width])
        if len(found) == most:
            break
    return found


def drawn_kernel(rng: np.random.Generator, size: int) -> NDArray[np.float32]:
    """An anisotropic Gaussian [size, size] of any direction."""
    values, angle = rng.uniform(*EIGENVALUES, 2), rng.uniform(0, np.pi)
    axis = np.arange(size) - size // 2
    u = axis * np.cos(angle) + axis[:, None] * np.sin(angle)
    v = axis[:, None] * np.cos(angle) - axis * np.sin(angle)
    kernel = np.exp(-(u**2 / values[0] + v**2 / values[1]) / 2)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _measured(
    path: Path, picture: Picture, number: int, settings: OnePictureSettings
) -> Job[dict[str, Any]]:
    began = time.monotonic()
    size = kernel_px(FACTOR)
    truth = drawn_kernel(np.random.default_rng([settings.seed, 44, number]), size)
    small = blurred(picture, truth)[::FACTOR, ::FACTOR]
    # As stored: 8 bits.
    cv2.imwrite(str(path), np.rint(small.clip(0, 1) * 255).astype(np.uint8)[..., ::-1])
    frame = decode_photo(path, light=Light.STORED)
    chosen = EnlargeSettings(FACTOR, seed=settings.seed, kernel=settings.kernel)
    found, _ = yield from follow(kernel_of(frame, chosen), 0.0, 0.1)
    fixed = _gaussian(FIXED_SIGMA_PX, size)
    kernels = {"fixed": fixed, "found": found.kernel, "true": truth}
    results = {"bicubic": psnr(_bicubic(small, picture.shape[:2]), picture, _Y, _BORDER_PX)}
    for n, (name, kernel) in enumerate(kernels.items()):
        low, high = 0.1 + 0.3 * n, 0.1 + 0.3 * (n + 1)
        enlarged, _ = yield from follow(_enlarged(frame, kernel, chosen), low, high)
        results[name] = psnr(enlarged, picture, _Y, _BORDER_PX)
    compared: dict[str, NDArray[np.floating]] = {
        "found": found.kernel,
        "fixed": fixed,
        "gaussian": best_gaussian(truth),
        "delta": delta(size),
    }
    figures = {name: kernel_figures(kernel, truth) for name, kernel in compared.items()}
    return {
        "kernel": {n: {"ncc": f.ncc, "rel_l2": f.rel_l2} for n, f in figures.items()},
        "psnr": results,
        "seconds": time.monotonic() - began,
    }


def _gaussian(sigma: float, size: int) -> NDArray[np.float32]:
    axis = np.arange(size) - size // 2
    kernel = np.exp(-(axis[:, None] ** 2 + axis**2) / 2 / sigma**2)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _bicubic(small: Picture, size: tuple[int, int]) -> Picture:
    """Interpolated where its pixels lie."""
    matrix = np.array([[FACTOR, 0, 0], [0, FACTOR, 0]], np.float64)
    return np.asarray(
        cv2.warpAffine(
            small, matrix, size[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        ),
        np.float32,
    )


def _enlarged(frame: Frame, kernel: NDArray[np.float32], settings: EnlargeSettings) -> Job[Picture]:
    height, width = frame.size
    out = np.zeros((FACTOR * height, FACTOR * width, 3), np.float32)

    def put(rows: range, values: NDArray[np.float32]) -> None:
        out[rows.start : rows.stop] = values

    yield from enlarge(frame, kernel, settings, put)
    return out


def tables(values: Mapping[str, Any]) -> list[Table]:
    """Kernels and enlarged pictures, beside the published figures."""
    rows = values["rows"]
    names = {
        "found": "found in the picture",
        "fixed": "fixed Gaussian, 1.5 px",
        "gaussian": "best isotropic Gaussian",
        "delta": "none",
    }
    kernels = tuple(
        (
            words,
            f"{np.mean([row['kernel'][name]['ncc'] for row in rows]):.3f}",
            f"{np.mean([row['kernel'][name]['rel_l2'] for row in rows]):.3f}",
            f"{np.max([row['kernel'][name]['rel_l2'] for row in rows]):.3f}",
            PUBLISHED_NCC if name == "found" else "",
        )
        for name, words in names.items()
    )
    published = {"found": PUBLISHED_PSNR[0], "true": PUBLISHED_PSNR[1]}
    enlarged = tuple(
        (
            name,
            f"{np.mean([row['psnr'][name] for row in rows]):.2f}",
            f"{published[name]:.2f}" if name in published else "",
        )
        for name in ("bicubic", "fixed", "found", "true")
    )
    return [
        Table(
            f"4.4: kernels of {len(rows)} pictures made smaller by 2",
            ("kernel", "NCC", "rel. L2", "worst", "published NCC"),
            kernels,
        ),
        Table("4.4: enlarged, Y-PSNR in dB", ("kernel", "PSNR", "published"), enlarged),
    ]
