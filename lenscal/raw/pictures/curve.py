"""How stored values of a picture become light, and light becomes stored values again."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lenscal.raw.pictures.kinds import Light
from lenscal.translation import translatable

_POINTS = 4097
"""Between them curves are straight: sRGB's is off by 2e-8 at most, far below 16 bits."""
_ROOTS = 65536
"""As many as 16 bits tell apart."""
_LEAST_STEP = 1e-9
"""By which a curve rises from point to point where its profile lets it stand still: so that it can
be undone."""
_MATRIX_ERROR = 0.01
"""Primaries of a profile of three curves and a matrix add up to its white; those of a table need
not."""
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD_D50_TO_D65 = np.array(
    [
        [0.9555766, -0.0230393, 0.0631636],
        [-0.0282895, 1.0099416, 0.0210077],
        [0.0122982, -0.0204830, 1.3299098],
    ]
)
"""XYZ of one white to that of the other (Lindbloom)."""
_SRGB_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Light at evenly spaced stored values, from 0 to 1: float64 [channels, points], rising.

    One channel stands for all. Between the points it is straight, both ways: what is decoded and
    encoded again is what it was.
    """

    light: NDArray[np.float64]
    stored: NDArray[np.float32] = field(init=False)
    """[channels, _ROOTS + 2]: the opposite, at evenly spaced square roots of light, of which the
    curves of pictures are nearly straight."""

    def __post_init__(self) -> None:
        roots = np.arange(_ROOTS + 2) / _ROOTS
        points = np.linspace(0, 1, self.light.shape[1])
        stored = [np.interp(roots**2, curve, points) for curve in self.light]
        object.__setattr__(self, "stored", np.stack(stored).astype(np.float32))

    def decode(self, stored: NDArray[np.floating], channel: int) -> NDArray[np.float64]:
        """Light of stored values 0..1; values beyond are held at the ends."""
        light = self.light[min(channel, len(self.light) - 1)]
        return np.asarray(np.interp(stored, np.linspace(0, 1, len(light)), light))

    def encode(self, light: NDArray[np.floating], channel: int) -> NDArray[np.float32]:
        """The opposite."""
        table = self.stored[min(channel, len(self.stored) - 1)]
        # Evenly spaced: np.interp would look for the place of each value, ten times as slow.
        root = np.sqrt(np.clip(light, 0, 1), dtype=np.float32) * np.float32(_ROOTS)
        place = root.astype(np.int32)
        root -= place
        below = table[place]
        place += 1
        return np.asarray(below + (table[place] - below) * root)


@dataclass(frozen=True, slots=True, eq=False)
class Meaning:
    """What a picture's values mean.

    Attributes
    ----------
    curve : Curve or None
        None: stored values are light.
    colour_matrix : float32 ndarray [3, 3]
        XYZ (D65) to the picture's own linear RGB, as a DNG's ColorMatrix.
    note : what the user should know, in words
    """

    curve: Curve | None
    colour_matrix: NDArray[np.float32]
    note: str = ""


def meaning(
    icc: bytes, gamma: float | None, light: Light, *, colours: int, is_float: bool
) -> Meaning:
    """What stored values mean: by the ICC profile, by PNG's gAMA, else as sRGB; floating-point
    values without a profile are light as they are.

    colours : 1 (grey) or 3
    """
    matrix, curve, note = _SRGB_TO_XYZ, None if is_float else srgb_curve(), ""
    if icc:
        try:
            curve, matrix = _from_icc(icc, colours)
        except (RuntimeError, ValueError, TypeError) as error:
            note = translatable("its ICC profile cannot be used ({error}): sRGB", error=error)
    elif gamma is not None and not is_float:
        curve = power_curve(1 / gamma)
    if light is Light.STORED:
        curve = None
    return Meaning(curve, np.linalg.inv(matrix).astype(np.float32), note)


def srgb_curve() -> Curve:
    """IEC 61966-2-1."""
    stored = np.linspace(0, 1, _POINTS)
    light = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    return Curve(light[None])


def power_curve(exponent: float) -> Curve:
    """A plain gamma."""
    return Curve(_rising(np.linspace(0, 1, _POINTS) ** exponent)[None])


def _rising(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same from 0 to 1, nowhere standing still."""
    # Black, too, is moved to 0: scanners' profiles have paper's black there.
    spread = light[-1] - light[0]
    if not np.isfinite(light).all() or spread <= 0:
        raise ValueError("no light at any value")
    rising = np.maximum.accumulate((light - light[0]) / spread)
    rising += _LEAST_STEP * np.arange(len(rising))
    return np.asarray(rising / rising[-1])


def _from_icc(icc: bytes, colours: int) -> tuple[Curve, NDArray[np.float64]]:
    """Curves and the matrix from linear RGB to XYZ (D65) of an ICC profile, by littlecms.

    A profile of tables has no curves of its channels: that of grey is taken for all.

    Raises
    ------
    RuntimeError, ValueError
        The profile is damaged, or of other colours than the picture.
    """
    ramp = np.linspace(0, 1, _POINTS, dtype=np.float32)
    if colours == 1:
        return Curve(_rising(_to_xyz(ramp[None, :], icc, "gray")[0, :, 1])[None]), _SRGB_TO_XYZ
    primaries = _to_xyz(np.eye(3, dtype=np.float32)[None], icc, "rgb")[0].T
    grey = _to_xyz(np.repeat(ramp[None, :, None], 3, axis=2), icc, "rgb")[0]
    white = grey[-1]
    if np.abs(primaries.sum(axis=1) - white).max() < _MATRIX_ERROR * white.max():
        # Three curves: what each primary has of grey.
        channels = np.linalg.solve(primaries, grey.T)
        curve = Curve(np.stack([_rising(channel) for channel in channels]))
    else:
        curve = Curve(_rising(grey[:, 1])[None])
        # Grey stays grey.
        primaries = primaries * np.linalg.solve(primaries, white)
    return curve, _BRADFORD_D50_TO_D65 @ primaries


def _to_xyz(values: NDArray[np.float32], icc: bytes, space: str) -> NDArray[np.float64]:
    """Stored values [h, w] or [h, w, 3] to XYZ (D50) [h, w, 3]."""
    import imagecodecs

    xyz = imagecodecs.cms_transform(
        np.ascontiguousarray(values),
        icc,
        imagecodecs.cms_profile("xyz"),
        colorspace=space,
        outcolorspace="xyz",
        outdtype="float32",
    )
    return np.asarray(xyz, np.float64)
