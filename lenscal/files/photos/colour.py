"""From the camera's own linear RGB to the colour spaces of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.files.photos.export_settings import Look, Space, Tone

D65 = np.array([0.31271 / 0.32902, 1.0, (1 - 0.31271 - 0.32902) / 0.32902])
# XYZ of the ICC profile connection space's white.
D50 = np.array([0.9642, 1.0, 0.8249])

# Rows developed at a time: temporary arrays of a whole photo would take several times its size.
STRIP_ROWS = 256

# Of a colour matrix: beyond, its inverse would turn noise into colours.
MAX_CONDITION = 1e4

SHOULDER = 0.6
"""Light below is brightened as it is; above, what would be clipped is compressed."""
CONTRAST = 0.4
"""How far the film-like curve goes from none towards 3 v^2 - 2 v^3."""

Floats = NDArray[np.floating]
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


@dataclass(frozen=True, slots=True)
class RgbSpace:
    """Primaries and white as CIE xy; transfer function Y = ((X + offset) / (1 + offset)) ** gamma,
    or X / slope below `toe` (ICC parametric curve type 3)."""

    name: str
    primaries: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    white: tuple[float, float, float]
    gamma: float
    offset: float
    slope: float
    toe: float

    @property
    def to_xyz(self) -> NDArray[np.float64]:
        """[3, 3]: linear RGB to XYZ relative to the space's own white."""
        # Primaries of luminance 1, then scaled so that their sum is the white.
        columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in self.primaries]).T
        matrix: NDArray[np.float64] = columns * np.linalg.solve(columns, np.array(self.white))
        return matrix

    @property
    def to_xyz_d50(self) -> NDArray[np.float64]:
        """[3, 3]: linear RGB to XYZ adapted to D50, as ICC profiles hold it."""
        matrix: NDArray[np.float64] = adaptation(np.array(self.white), D50) @ self.to_xyz
        return matrix

    def encode(self, linear: Floats) -> Floats:
        """Apply the transfer function's inverse to linear values 0..1, in their own precision."""
        linear = np.clip(linear, 0, 1)
        # Python's floats would be as good, but they make float64 of a float32 scalar.
        dtype = linear.dtype.type
        # The curve's inverse: the space is described from encoded to linear values.
        curved = linear ** dtype(1 / self.gamma) * dtype(1 + self.offset) - dtype(self.offset)
        straight = linear * dtype(self.slope)
        encoded: Floats = np.where(linear < dtype(self.toe / self.slope), straight, curved)
        return encoded

    def decode(self, encoded: Floats) -> Floats:
        """The transfer function: linear values of encoded ones 0..1."""
        curved = ((encoded + self.offset) / (1 + self.offset)) ** self.gamma
        return np.asarray(np.where(encoded < self.toe, encoded / self.slope, curved))


_SRGB_CURVE = {"gamma": 2.4, "offset": 0.055, "slope": 12.92, "toe": 0.04045}
_D65 = (float(D65[0]), 1.0, float(D65[2]))
_D50 = (float(D50[0]), 1.0, float(D50[2]))

SPACES = {
    Space.SRGB: RgbSpace("sRGB", ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)), _D65, **_SRGB_CURVE),
    Space.DISPLAY_P3: RgbSpace(
        "Display P3", ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), _D65, **_SRGB_CURVE
    ),
    Space.PROPHOTO: RgbSpace(
        "ProPhoto RGB",
        ((0.734699, 0.265301), (0.159597, 0.840403), (0.036598, 0.000105)),
        _D50,
        gamma=1.8,
        offset=0.0,
        slope=16.0,
        toe=16 / 512,
    ),
}


def adaptation(
    from_white: NDArray[np.float64], to_white: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[3, 3]: Bradford chromatic adaptation of XYZ from one white to another."""
    # Whites are compared by what the eye's three kinds of cones see of them.
    scale = (_BRADFORD @ to_white) / (_BRADFORD @ from_white)
    return np.linalg.solve(_BRADFORD, scale[:, None] * _BRADFORD)


def usable(colour_matrix: NDArray[np.floating] | None) -> bool:
    """Whether a colour matrix can be inverted and gives white a positive value in every channel."""
    if colour_matrix is None:
        return False
    matrix = np.asarray(colour_matrix, np.float64)
    # A negative answer to white would turn it into a colour.
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or (matrix @ D65 <= 0).any():
        return False
    return bool(np.linalg.cond(matrix) < MAX_CONDITION)


def camera_to_space(
    colour_matrix: NDArray[np.floating] | None, space: RgbSpace
) -> NDArray[np.floating]:
    """The matrix from white-balanced camera RGB to a space's linear RGB; camera white (1, 1, 1)
    becomes (1, 1, 1).

    Parameters
    ----------
    colour_matrix : ndarray [3, 3] or None
        XYZ (D65) to camera RGB before white balance (DNG's ColorMatrix for D65). Its rows are
        scaled so that D65 gives (1, 1, 1): white balance then acts as the adaptation to the photo's
        light, in the camera's own primaries. None or unusable (see `usable`): the camera's
        primaries are taken to be those of sRGB.
    space : RgbSpace

    Returns
    -------
    ndarray [3, 3], float64
    """
    if usable(colour_matrix):
        matrix = np.asarray(colour_matrix, np.float64)
        # Each row divided by its answer to D65, so that camera white is neutral.
        to_xyz = np.linalg.inv(matrix / (matrix @ D65)[:, None])
    else:
        to_xyz = SPACES[Space.SRGB].to_xyz
    adapted = adaptation(D65, np.array(space.white)) @ to_xyz
    return np.linalg.solve(space.to_xyz, adapted)


def develop(
    rgb: NDArray[np.floating],
    colour_matrix: NDArray[np.floating] | None,
    space: RgbSpace,
    depth: np.dtype[Any],
) -> NDArray[Any]:
    """Linear white-balanced camera RGB [H, W, 3] to a space's encoded integers of type `depth`.

    Highlights are clipped at 1.0 in the camera's channels (a clipped white stays neutral), then the
    colour matrix and the transfer function follow; no other tone curve.
    """
    matrix = camera_to_space(colour_matrix, space).astype(np.float32)
    # In float32 to the end: as fine as 16 bits ask for, and half the memory.
    peak = np.float32(np.iinfo(depth).max)
    out = np.empty(rgb.shape, depth)
    for start in range(0, len(rgb), STRIP_ROWS):
        strip = slice(start, start + STRIP_ROWS)
        clipped = np.clip(rgb[strip].astype(np.float32), 0, 1)
        # Half a step more, since the conversion to integers cuts off.
        out[strip] = space.encode(clipped @ matrix.T) * peak + np.float32(0.5)
    return out


def look_curve(look: Look, space: RgbSpace, depth: np.dtype[Any]) -> NDArray[Any] | None:
    """What a look makes of every encoded integer of type `depth`: [256] or [65536]; None where it
    changes nothing.

    Exposure multiplies the light of developed, clipped pixels. The film-like curve then compresses
    what is above `SHOULDER`, so that the brightest stays just white, and deepens the contrast
    around the middle of sRGB's scale, whatever the space.
    """
    if look.is_plain:
        return None
    peak = np.iinfo(depth).max
    linear = space.decode(np.linspace(0, 1, peak + 1)) * 2**look.exposure_ev
    if look.tone is Tone.FILM:
        srgb = SPACES[Space.SRGB]
        linear = _compressed(linear, max(2**look.exposure_ev, 1.0))
        value = srgb.encode(linear)
        value = value + CONTRAST * (3 * value**2 - 2 * value**3 - value)
        linear = srgb.decode(value)
    curve: NDArray[Any] = np.rint(space.encode(linear) * peak).astype(depth)
    return curve


def _compressed(linear: Floats, white: float) -> Floats:
    """Light above `SHOULDER` up to a white brought below 1, smoothly."""
    slope = (white - SHOULDER) / (1 - SHOULDER)
    part = np.clip((linear - SHOULDER) / (white - SHOULDER), 0, 1)
    # Goes on with the same slope where it begins, and ends at 1.
    above = SHOULDER + (1 - SHOULDER) * slope * part / (1 + (slope - 1) * part)
    return np.asarray(np.where(linear <= SHOULDER, linear, above))
