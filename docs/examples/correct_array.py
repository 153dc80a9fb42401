"""Correct an array that is already in memory: here, one that was blurred by the lens before.

python correct_array.py mylens.lenscal
"""

import sys

import numpy as np

import lenscal


def main(path: str) -> None:
    psf = lenscal.read_psf(path)
    height, width = psf.image_size

    # A scene of bars, linear light from 0 to 1; yours comes from rawpy, a microscope, a renderer.
    y, x = np.mgrid[:height, :width]
    bars = 0.5 + 0.3 * np.sign(np.sin(x / 5.0)) * np.sign(np.sin(y / 7.0))
    scene = np.repeat(bars[..., None], 3, axis=-1).astype(np.float32)

    # What the lens makes of it, with some noise.
    noise = (1e-4, 1e-6)
    photo = psf.apply(scene)
    photo += np.random.default_rng(0).normal(size=photo.shape) * np.sqrt(
        noise[0] * photo + noise[1]
    )

    corrected = lenscal.correct(photo, psf, noise=noise)
    for name, image in (("before", photo), ("after", corrected)):
        print(f"{name}: rms error {np.sqrt(np.mean((image - scene) ** 2)):.4f}")


if __name__ == "__main__":
    main(sys.argv[1])
