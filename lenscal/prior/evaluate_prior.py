"""PSNR of a denoiser on a folder of photos: python -m lenscal.prior.evaluate_prior FOLDER --prior
FILE."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.prior.denoiser import Denoiser, load_denoiser
from lenscal.translation import translatable

PHOTOS = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}
"""Suffixes of the photos that denoisers are trained with and measured on."""


def denoising_psnr(
    denoiser: Denoiser, photo: NDArray[np.floating], sigma: float, seed: int
) -> float:
    """PSNR in dB (peak 1, result clipped to 0..1) after white noise of `sigma` was added to [H, W,
    3] in 0..1."""
    clean = torch.from_numpy(np.ascontiguousarray(photo, dtype=np.float32)).permute(2, 0, 1)[None]
    # From a generator of its own: the same noise whatever was drawn before.
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed))
    # No gradients are asked for: less memory for large photos.
    with torch.inference_mode():
        return psnr(denoiser(clean + sigma * noise, sigma), clean)


def psnr(image: torch.Tensor, truth: torch.Tensor) -> float:
    """dB, peak 1; the image is clipped to 0..1."""
    return float(-10 * torch.log10((image.clamp(0, 1) - truth).square().mean()))


def read_photo(file: Path) -> NDArray[np.float64]:
    """float64 [H, W, 3] in 0..1, as the file has it; InputError where it cannot be read."""
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(translatable("{file}: not a photo that can be read", file=file))
    return np.asarray(image[..., ::-1] / 255)


def evaluate(
    denoiser: Denoiser, files: Sequence[Path], sigmas: Sequence[float]
) -> dict[float, list[float]]:
    """PSNR of each photo at each noise level (in units of 1/255); the photo's number in the list
    seeds its noise.

    Raises
    ------
    InputError
        There is no photo, or one cannot be read.
    """
    if not files:
        raise InputError(
            translatable("no photos to measure on: give a folder with PNG, JPEG or TIFF files")
        )
    out: dict[float, list[float]] = {sigma: [] for sigma in sigmas}
    # One seed a photo, the same at each level: differences are those of the denoisers.
    for number, file in enumerate(files):
        photo = read_photo(file)
        for sigma in sigmas:
            out[sigma].append(denoising_psnr(denoiser, photo, sigma / 255, number))
    return out


def main(argv: list[str] | None = None) -> None:
    """The command line: prints the mean PSNR at each noise level as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m lenscal.prior.evaluate_prior", description=__doc__
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--prior", type=Path, default=None, help="weights file; default: the one that ships"
    )
    parser.add_argument(
        "--only", nargs="+", default=None, help="names of the photos to use, without suffix"
    )
    parser.add_argument(
        "--sigma", nargs="+", type=float, default=[15.0, 25.0], help="noise levels in 1/255"
    )
    args = parser.parse_args(argv)
    files = sorted(f for f in args.folder.iterdir() if f.suffix.lower() in PHOTOS)
    if args.only is not None:
        files = [f for f in files if f.stem in args.only]
    result = evaluate(load_denoiser(args.prior), files, args.sigma)
    means = {f"psnr_{sigma:g}": float(np.mean(values)) for sigma, values in result.items()}
    json.dump({**means, "photos": [f.name for f in files]}, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
