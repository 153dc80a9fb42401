"""The denoiser that serves as prior: PSNR on photos, speed and size, beside a yardstick's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lenscal.benchmark.speed import in_turns
from lenscal.device import pick_device
from lenscal.errors import InputError
from lenscal.reports import Report
from lenscal.restore.denoiser import load_denoiser
from lenscal.restore.evaluate_prior import evaluate
from lenscal.stepping import Job, follow

SIGMAS = (15.0, 25.0)
SIX = (1, 5, 8, 13, 19, 23)
"""Kodak images that are measured on."""
_SPEED_PX = 768


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
        found = next((folder / name for name in names if (folder / name).is_file()), None)
        if found is None:
            raise InputError(f"--kodak {folder}: image {number} is missing (looked for {', '.join(names)})")
        files.append(found)
    return files


def measure_prior(
    files: Sequence[Path], yardstick: Path | None, device: str, *, repeats: int = 5, speed_px: int = _SPEED_PX
) -> Job[dict[str, Any]]:
    """The figures of `benchmark --json`'s "prior".

    Returns
    -------
    dict
        psnr_15, psnr_25 (dB, means over the files; absent without files), s_per_mp, parameters, images (names);
        yardstick: the same of its weights, None where there are none. Seconds of both are measured in turns.
    """
    where = pick_device(device)
    nets = [load_denoiser(device=where), *([load_denoiser(yardstick, device=where)] if yardstick else [])]
    image = torch.rand(1, 3, speed_px, speed_px).to(where)

    def denoise(net: Any) -> float:
        with torch.inference_mode():
            return float(net(image, 0.08)[0, 0, 0, 0])

    pace, _ = yield from follow(in_turns(lambda: denoise(nets[0]), lambda: denoise(nets[-1]), repeats), 0.0, 0.3)
    found = []
    for number, (net, seconds) in enumerate(zip(nets, (pace.ours, pace.yardstick), strict=False)):
        psnr: dict[float, list[float]] = {sigma: [] for sigma in SIGMAS}
        for index, file in enumerate(files):
            part = (number + index / len(files)) / len(nets)
            yield Report("prior", f"Denoising {file.name}", 0.3 + 0.7 * part)
            for sigma, values in evaluate(net.cpu(), [file], SIGMAS).items():
                psnr[sigma] += values
        found.append({
            **{f"psnr_{sigma:g}": float(np.mean(values)) for sigma, values in psnr.items() if values},
            "s_per_mp": seconds / (speed_px**2 / 1e6),
            "parameters": sum(p.numel() for p in net.parameters()),
        })  # fmt: skip
    ours, *other = found
    return {**ours, "images": [file.name for file in files], "yardstick": other[0] if other else None}
