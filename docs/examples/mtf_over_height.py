"""Calibrate two folders of photos and plot MTF against image height.

python mtf_over_height.py f5.6 f1.8 mtf.png [MINUTES]
"""

import sys

import matplotlib

import lenscal

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np


def main(sharp: str, degraded: str, picture: str, minutes: str = "") -> None:
    photos = lenscal.read_photos(sharp, degraded)
    for warning in photos.warnings:
        print("note:", warning, file=sys.stderr)
    # With a limit, what was reached by then.
    limit = float(minutes) if minutes else None
    profile = lenscal.calibrate(photos, quality="quick", max_minutes=limit)

    # From the middle (0.5, 0.5) to the top left corner (0, 0); 10 and 30 line pairs per mm where
    # the pixels' size is known, else their like for pixels of 5 um.
    share = np.linspace(0, 1, 25)
    positions = 0.5 - 0.5 * np.stack([share, share], axis=-1)
    pitch_um = profile.pitch_um or 5.0
    line_pairs = np.array([10.0, 30.0])
    sagittal, tangential = profile.psf.mtf(line_pairs * pitch_um / 1000, positions)

    height, width = profile.psf.image_size
    image_height_mm = share * np.hypot(height, width) / 2 * pitch_um / 1000
    figure, axes = plt.subplots(figsize=(6, 4))
    for n, frequency in enumerate(line_pairs):
        (line,) = axes.plot(image_height_mm, sagittal[:, 1, n], label=f"{frequency:g} lp/mm")
        axes.plot(image_height_mm, tangential[:, 1, n], "--", color=line.get_color())
    axes.set(xlabel="image height, mm", ylabel="contrast of green", ylim=(0, 1))
    axes.set_title(profile.lens or "MTF (solid sagittal, dashed tangential)")
    axes.legend()
    figure.savefig(picture, dpi=120)


if __name__ == "__main__":
    main(*sys.argv[1:5])
