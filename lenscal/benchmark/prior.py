"""The denoiser that serves as prior: PSNR on photos, speed and size, beside a yardstick's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lenscal.benchmark.clock import in_turns
from lenscal.errors import InputError
from lenscal.optics.psf_grid import delta_grid
from lenscal.prior.denoiser import Denoiser, load_denoiser
from lenscal.prior.evaluate_prior import evaluate, psnr, read_photo
from lenscal.raw.frame import NoiseModel
from lenscal.reports import Report
from lenscal.restore.data_step import DataStep
from lenscal.restore.tiles import ArrayPhoto, tiling_of
from lenscal.stepping import Job, follow
from lenscal.system.device import pick_device
from lenscal.translation import translatable
from lenscal.virtual.camera import VirtualCamera

SIGMAS = (15.0, 25.0)
"""Of white noise, in values of 8 bits: those of the denoisers' papers."""
ISOS = (200, 800, 3200, 6400)
"""Of the virtual camera."""
SIX = (1, 5, 8, 13, 19, 23)
"""Kodak images that are measured on: from smooth ones to the finest texture there is."""
_SPEED_PX = 768
"""Side of the picture that is timed."""
_TIMED_SIGMA = 0.08
"""Noise level of that picture; any would do."""


def kodak_files(folder: Path) -> list[Path]:
    """The six images in a folder, whether they are called 1.png or kodim01.png.

    Raises
    ------
    InputError
        One is missing.
    """
    files = []
    for number in SIX:
        names = (f"{number}.png", f"{number:02d}.png", f"kodim{number:02d}.png")
        file = next((folder / name for name in names if (folder / name).is_file()), None)
        if file is None:
            raise InputError(
                translatable(
                    "--kodak {folder}: image {number} is missing (looked for {names})",
                    folder=folder,
                    number=number,
                    names=", ".join(names),
                )
            )
        files.append(file)
    return files


def sensor_psnr(
    denoisers: Sequence[Denoiser], photo: NDArray[np.floating], iso: int, seed: int
) -> list[float]:
    """PSNR in dB of a photo with a sensor's noise: as it is, and after each denoiser; of the square
    root of light.

    The photo, sRGB [H, W, 3] in 0..1, is made linear and gets the Poisson-Gaussian noise that the
    virtual camera has at `iso`, in red and blue as much stronger as white balance makes it.
    Denoisers get it as a correction gives it to them, stabilised and with the noise level of
    `DataStep`. There is no mosaic: noise is white.
    """
    camera, rng = VirtualCamera(), np.random.default_rng([seed, iso])
    # sRGB to light: a sensor's noise is that of light.
    clean = np.where(photo <= 0.04045, photo / 12.92, ((photo + 0.055) / 1.055) ** 2.4)
    balance = np.array(camera.white_balance)
    a, b = camera.noise(iso)
    # Before white balance, where noise arises: red and blue get less light than green.
    raw = rng.poisson(clean / balance / a) * a + np.sqrt(b) * rng.standard_normal(clean.shape)
    noise = NoiseModel((a,) * 3, (b,) * 3, "NoiseProfile")
    noisy = ArrayPhoto((raw * balance).astype(np.float32), noise, balance.astype(np.float32))
    height, width = noisy.size
    # No blur: the data step is here for its noise levels alone.
    psf = delta_grid((1, 1), 1, noisy.size)
    step = DataStep(
        noisy, psf, range(height), range(width), 1.0, torch.device("cpu"), tiling_of(psf)
    )
    true = torch.from_numpy(np.sqrt(clean).astype(np.float32)).permute(2, 0, 1)
    stabilised = step.stabilised(step.photo_block)[None]
    # Roots of light, as the eye weighs it: else highlights alone would count.
    with torch.inference_mode():
        candidates = [stabilised, *(denoiser(stabilised, step.level) for denoiser in denoisers)]
        return [psnr(step.linear(u[0]).clamp(min=0).sqrt(), true) for u in candidates]


def measure_prior(
    files: Sequence[Path],
    yardstick: Path | None,
    device: str,
    *,
    repeats: int = 5,
    speed_px: int = _SPEED_PX,
) -> Job[dict[str, Any]]:
    """The figures of `benchmark --json`'s "prior".

    Returns
    -------
    dict
        psnr_15, psnr_25, iso_200 ... iso_6400 (dB, means over the files; absent without files),
        s_per_mp, parameters, images (names); noisy: iso_200 ... before denoising; yardstick: the
        same as ours of its weights, None where there are none. Seconds of both are measured in
        turns.
    """
    where = pick_device(device)
    nets = [load_denoiser(device=where)]
    if yardstick is not None:
        nets.append(load_denoiser(yardstick, device=where))
    image = torch.rand(1, 3, speed_px, speed_px).to(where)

    def denoise(net: Any) -> float:
        with torch.inference_mode():
            # One number read back: a GPU has then finished.
            return float(net(image, _TIMED_SIGMA)[0, 0, 0, 0])

    # Without a yardstick ours is timed beside itself, and the second figure is not used.
    pace, _ = yield from follow(
        in_turns(lambda: denoise(nets[0]), lambda: denoise(nets[-1]), repeats), 0.0, 0.3
    )
    # PSNR on the processor, where it does not depend on the device.
    nets = [net.cpu() for net in nets]
    values: list[dict[str, list[float]]] = [{} for _ in (None, *nets)]
    for number, file in enumerate(files):
        message = translatable("Denoising {name}", name=file.name)
        yield Report("prior", message, 0.3 + 0.7 * number / len(files))
        for own, net in zip(values[1:], nets, strict=True):
            for sigma, decibels in evaluate(net, [file], SIGMAS).items():
                own.setdefault(f"psnr_{sigma:g}", []).extend(decibels)
        for iso in ISOS:
            yield Report(
                "prior",
                translatable("Denoising {name}, ISO {iso}", name=file.name, iso=iso),
                0.3 + 0.7 * (number + 0.5) / len(files),
            )
            photo = read_photo(file)
            for own, value in zip(values, sensor_psnr(nets, photo, iso, number), strict=True):
                own.setdefault(f"iso_{iso}", []).append(value)
    noisy, ours, *other = [{name: float(np.mean(v)) for name, v in own.items()} for own in values]
    for net, seconds, figures in zip(
        nets, (pace.ours, pace.yardstick), (ours, *other), strict=False
    ):
        figures |= {
            "s_per_mp": seconds / (speed_px**2 / 1e6),
            "parameters": sum(p.numel() for p in net.parameters()),
        }
    names = [file.name for file in files]
    return {
        **ours,
        "images": names,
        "noisy": noisy or None,
        "yardstick": other[0] if other else None,
    }
