"""What a population says by itself, in words and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenscal.population.shapes import (
    KernelShapes,
    direction_in_words,
    preferred_direction,
    shapes_of,
)
from lenscal.translation import Translatable, translatable

if TYPE_CHECKING:
    from lenscal.files.population.population_file import Population

SAMPLES = 1000
"""That figures are taken of."""
SHEET_SAMPLES = 32
_SEED = 0
_LONG_EXPOSURE_S = 0.3


def samples_of(population: Population, n: int = SAMPLES) -> NDArray[np.float32]:
    """Kernels [n, k, k] of a population, mean over colours; the same each time."""
    from lenscal.population.generator import sample_kernels

    return np.asarray(sample_kernels(population, n, _SEED).mean(1))


def headline(population: Population, shapes: KernelShapes) -> Translatable:
    """ "At 1/30 s half of your photos move more than 3 px, mostly up and down." """
    median = float(np.median(shapes.length_px))
    direction = direction_in_words(shapes)
    exposures = population.photos.exposures_s
    if not exposures:
        return translatable(
            "Half of the photos are blurred over more than {median:.1f} px, {direction}",
            median=median,
            direction=direction,
        )
    return translatable(
        "At {exposure} half of the photos are blurred over more than {median:.1f} px, {direction}",
        exposure=exposure_in_words(float(np.median(exposures))),
        median=median,
        direction=direction,
    )


def exposure_in_words(seconds: float) -> str:
    """ "1/30 s"."""
    if seconds >= _LONG_EXPOSURE_S:
        return f"{seconds:.1f} s"
    return f"1/{round(1 / seconds)} s"


def in_words(population: Population) -> list[str]:
    """A few lines about the kernels."""
    shapes = shapes_of(samples_of(population))
    lengths, widths = (
        np.quantile(values, (0.1, 0.5, 0.9)) for values in (shapes.length_px, shapes.width_px)
    )
    pitch = population.pixel_pitch_um
    on_sensor = f" ({lengths[1] * pitch:.0f} um on the sensor)" if pitch else ""
    angle, strength = preferred_direction(shapes)
    return [
        f"{headline(population, shapes)}.",
        f"Length: {lengths[0]:.1f} / {lengths[1]:.1f} / {lengths[2]:.1f} px (10, 50 and 90 %)"
        f"{on_sensor}",
        f"Width: {widths[0]:.1f} / {widths[1]:.1f} / {widths[2]:.1f} px",
        f"Direction: {angle:.0f} degrees, strength {strength:.2f} of 1",
    ]


def population_values(population: Population) -> dict[str, Any]:
    """What `population --json` and `info --json` say."""
    shapes = shapes_of(samples_of(population))
    angle, strength = preferred_direction(shapes)

    def quantiles(values: NDArray[np.float64]) -> dict[str, float]:
        shares = (0.1, 0.5, 0.9)
        return {
            f"{share:g}": float(value)
            for share, value in zip(shares, np.quantile(values, shares), strict=True)
        }

    description = population.generator
    return {
        "kind": "population",
        "kernel_size": description.kernel_size,
        "channels": description.channels,
        "constraint": description.constraint.value,
        "length_px": quantiles(shapes.length_px),
        "width_px": quantiles(shapes.width_px),
        "elongation": float(shapes.elongation.mean()),
        "direction_deg": angle,
        "direction_strength": strength,
        "headline": str(headline(population, shapes)),
        "photos": {"sharp": population.photos.sharp, "blurred": population.photos.blurred},
        "exposure_s": (
            float(np.median(population.photos.exposures_s))
            if population.photos.exposures_s
            else None
        ),
        "noise_share": population.noise_share,
        "camera": population.camera,
        "lens": population.lens,
        "light": population.light.value if population.light else None,
        "prior": population.prior.layout if population.prior else None,
        "steps": population.steps,
        "training_seconds": population.seconds,
        "finished": population.finished,
        "created": population.created,
        "warnings": list(population.warnings),
    }


def sheet_of(population: Population, n: int = SHEET_SAMPLES, columns: int = 8) -> bytes:
    """A PNG of samples, each over its own brightest tap."""
    import cv2

    sheet = contact_sheet(samples_of(population, n), columns)
    return bytes(cv2.imencode(".png", sheet)[1].tobytes())


def contact_sheet(kernels: NDArray[np.floating], columns: int, scale: int = 4) -> NDArray[np.uint8]:
    """Kernels [n, k, k] side by side, enlarged, each over its own brightest tap, with lines
    between them."""
    n, size, _ = kernels.shape
    rows, cell = -(-n // columns), size * scale + 2
    sheet = np.full((rows * cell + 2, columns * cell + 2), 96, np.uint8)
    for number, kernel in enumerate(kernels):
        top, left = (2 + cell * i for i in divmod(number, columns))
        light = np.clip(kernel / max(float(kernel.max()), 1e-12), 0, 1)
        # A root shows what is faint.
        values = np.rint(255 * np.sqrt(light)).astype(np.uint8)
        enlarged = values.repeat(scale, 0).repeat(scale, 1)
        sheet[top : top + size * scale, left : left + size * scale] = enlarged
    return sheet
