"""Measure the mean power spectrum of sharp photos that ships as resources/spectra/sharp_photos.npz.

    python packaging/measure_spectrum.py FOLDER

FOLDER holds sharp photos (JPEG, PNG). What is written are two spectra of 64 x 33 numbers: nothing
of any photo can be seen in them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import torch

from lenscal.blur.power_spectra import frequencies, patch_powers
from lenscal.raw.pictures.curve import srgb_curve

WINDOW_PX, TILE_PX, MOST_TILES = 64, 128, 12
GREY = np.array([0.114, 0.587, 0.299])
OUT = Path(__file__).parent.parent / "resources" / "spectra" / "sharp_photos.npz"
COARSE = (0.03, 0.12)


def photo_powers(path: Path, *, linear: bool) -> torch.Tensor | None:
    """Mean power of a photo, in units of its own at coarse frequencies: all photos count alike."""
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if stored is None:
        return None
    values = stored / 255
    if linear:
        values = srgb_curve().decode(values, 0)
    grey = (values @ GREY).astype(np.float32)
    height, width = grey.shape
    ys, xs = (
        np.linspace(0, n - TILE_PX, min(n // TILE_PX, 4)).astype(int) for n in (height, width)
    )
    places = [(y, x) for y in ys for x in xs][:MOST_TILES]
    tiles = np.stack([grey[y : y + TILE_PX, x : x + TILE_PX] for y, x in places])
    power = patch_powers(torch.from_numpy(tiles), WINDOW_PX).mean(0)
    f = frequencies(WINDOW_PX)
    return power / power[(f > COARSE[0]) & (f < COARSE[1])].mean()


def main() -> None:
    """Measure and write."""
    torch.set_num_threads(1)
    paths = sorted(p for p in Path(sys.argv[1]).iterdir() if p.suffix in (".jpg", ".png"))
    spectra = {}
    for name in ("stored", "linear"):
        powers = [photo_powers(path, linear=name == "linear") for path in paths]
        logs = torch.stack([p for p in powers if p is not None]).log().mean(0)
        # Left and right are the same to photos.
        mirrored = logs.flip(0).roll(1, 0)
        spectra[name] = ((logs + mirrored) / 2).numpy().astype(np.float16)
    OUT.parent.mkdir(exist_ok=True)
    np.savez_compressed(OUT, **spectra)
    sys.stdout.write(f"{OUT}: {len(paths)} photos, {OUT.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
