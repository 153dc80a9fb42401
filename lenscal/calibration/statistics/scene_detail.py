"""How much finer the one folder's scenes are than the other's, where edges have told it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lenscal.calibration.statistics.bispectra import TRIAD_WINDOW_PX, Bispectra

Floats = NDArray[np.float64]

FREQUENCIES = np.linspace(0, 0.5, 26)
"""cycles/px."""
LARGEST = 5.0
"""Factor of an amplitude, and its inverse the smallest: where kernels pass hardly anything, noise
rules and ratios say nothing."""
_DIRECTIONS = 8


@dataclass(frozen=True, slots=True, eq=False)
class SceneDetail:
    """amplitude [f] : what the sharp photos' scenes have to be multiplied by at `FREQUENCIES` to
    be as fine as those of the degraded photos."""

    amplitude: Floats

    def at(self, radius: Floats) -> Floats:
        """At frequencies, cycles/px."""
        return np.asarray(np.interp(radius, FREQUENCIES, self.amplitude))

    def of_scene(self, scene: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Spectral matrices [..., n, n]."""
        f = np.fft.fftfreq(scene.shape[-1])
        return np.asarray(scene * self.at(np.hypot(f[:, None], f)) ** 2)

    def of_bispectra(self, sums: Bispectra, triad: NDArray[np.int64]) -> Bispectra:
        """Sums of triangles of frequencies [triads, 3, 2]."""
        n = TRIAD_WINDOW_PX
        product = self.at(np.linalg.norm(triad / n, axis=-1)).prod(-1)
        f = np.fft.fftfreq(n)
        power = self.at(np.hypot(f[:, None], f)) ** 2
        return replace(sums, values=sums.values * product, power=sums.power * power)


def detail_for_width(kernels: NDArray[np.floating], factor: float) -> SceneDetail:
    """What explains the same degraded spectra where kernels [..., k, k] have to be as wide as a
    factor says: what light they pass more, the scenes have less of."""
    offset = np.arange(kernels.shape[-1]) - kernels.shape[-1] // 2
    angle = np.arange(_DIRECTIONS) * np.pi / _DIRECTIONS
    flat = kernels.reshape(-1, kernels.shape[-1] ** 2).astype(np.float64)

    def transfer(frequencies: Floats) -> Floats:
        """Mean over all kernels and directions."""
        way = np.sin(angle)[:, None, None] * offset[:, None] + np.cos(angle)[:, None, None] * offset
        waves = np.exp(-2j * np.pi * way[..., None] * frequencies).reshape(
            _DIRECTIONS, -1, len(frequencies)
        )
        return np.asarray(np.abs(flat @ waves).mean((0, 1)))

    ratio = transfer(FREQUENCIES) / np.maximum(
        transfer((factor * FREQUENCIES).clip(max=FREQUENCIES[-1])), 1e-9
    )
    return SceneDetail(ratio.clip(1 / LARGEST, LARGEST))
