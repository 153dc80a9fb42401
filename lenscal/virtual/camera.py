"""A camera that does not exist: continuous-field blur, mosaic, noise and levels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from lenscal.optics.nodes import grid_positions
from lenscal.virtual.limits import Sensor
from lenscal.virtual.sensor import seen
from lenscal.virtual.waves import Lens

OVERSAMPLING = 2
"""Samples of a scene per sensor pixel."""
MARGIN = 32
"""Samples of scene that every side has beyond the photo, so that its borders are blurred from real
surroundings."""
_LARGEST_STEP, _SMALLEST_STEP = 120, 32
"""Distances of the nodes in samples: what a lens changes little over, and what is worth a Fourier
transform."""
_STEPS_ACROSS = 20
"""Distances of nodes over the photo's height, where that is within these."""
PSF_SIZE = 51
"""Width in samples of the PSFs that photos are taken with."""
XYZ_TO_LINEAR_SRGB = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)


@dataclass(frozen=True, slots=True)
class VirtualCamera:
    """The sensor behind the lens. Its colours are linear sRGB divided by `white_balance`.

    Noise on RAW values 0..1: variance = a * signal + b with a = a_100 ISO/100 and b from the
    electronics before (grows with ISO squared) and after the amplifier.
    """

    make: str = "Lenscal"
    model: str = "Virtual One"
    cfa: str = "RGGB"
    sensor: Sensor = Sensor.BAYER
    white_balance: tuple[float, float, float] = (2.0, 1.0, 1.6)
    black: int = 512
    white: int = 16383
    a_100: float = 7.5e-5
    b_before_100: float = 1e-7
    b_after: float = 6e-7

    def noise(self, iso: float) -> tuple[float, float]:
        """(a, b) at an ISO speed, the same for all colours."""
        gain = iso / 100
        return self.a_100 * gain, self.b_before_100 * gain**2 + self.b_after

    @property
    def colour_matrix(self) -> NDArray[np.float64]:
        """[3, 3]: XYZ (D65) to camera RGB before white balance."""
        return np.asarray(XYZ_TO_LINEAR_SRGB / np.array(self.white_balance)[:, None])

    @property
    def as_shot_neutral(self) -> tuple[float, float, float]:
        """RAW values of a grey surface, green 1: what DNG calls AsShotNeutral."""
        r, g, b = self.white_balance
        return g / r, 1.0, g / b


@dataclass(frozen=True, slots=True, eq=False)
class BlurField:
    """PSFs of one aperture at the nodes of a fine field, to be blended between nodes.

    Attributes
    ----------
    psf : float32 ndarray [rows, cols, 3, K, K] at twice the sensor's sampling
    step : int
        Distance of nodes in scene samples; node (0, 0) is the scene's first sample.
    size : (height, width) of the photo in sensor pixels
    """

    psf: NDArray[np.float32]
    step: int
    size: tuple[int, int]


def scene_size(size: tuple[int, int]) -> tuple[int, int]:
    """Samples a scene needs for a photo of `size` (height, width) px."""
    return size[0] * OVERSAMPLING + 2 * MARGIN, size[1] * OVERSAMPLING + 2 * MARGIN


@lru_cache(maxsize=4)
def blur_field(
    lens: Lens, f_number: float, size: tuple[int, int], *, on_axis: bool = False
) -> BlurField:
    """Evaluate the lens at the true field position of every node (at least 21 x 28 of them for a
    3:2 photo).

    With `on_axis`, the PSF of the middle of the photo stands at every node.
    """
    height, width = scene_size(size)
    if on_axis:
        step = 4 * _LARGEST_STEP
    else:
        wanted = size[0] * OVERSAMPLING // _STEPS_ACROSS
        # A multiple of 4: `blurred` halves it and its half must be whole.
        step = int(np.clip(wanted, _SMALLEST_STEP, _LARGEST_STEP)) // 4 * 4
    # The last node lies on or beyond the last sample.
    rows, cols = -(-(height - 1) // step) + 1, -(-(width - 1) // step) + 1
    y = (np.arange(rows) * step - MARGIN) / OVERSAMPLING / (size[0] - 1)
    x = (np.arange(cols) * step - MARGIN) / OVERSAMPLING / (size[1] - 1)
    positions = grid_positions(y, x).reshape(-1, 2)
    if on_axis:
        one = lens.psf(np.array([[0.5, 0.5]]), f_number, size=PSF_SIZE)
        psf = np.broadcast_to(one, (len(positions), *one.shape[1:]))
    else:
        psf = lens.psf(positions, f_number, size=PSF_SIZE)
    return BlurField(psf.reshape(rows, cols, *psf.shape[1:]), step, size)


def blurred(scene: NDArray[np.float32], field: BlurField) -> NDArray[np.float32]:
    """What the sensor's pixels would see without colour filters and noise.

        photo(i) = sum over nodes n of (psf_n * (window_n scene))(MARGIN + 2 i)

    with triangular windows that sum to 1: every point of the scene is spread by the PSF of its own
    place.

    Parameters
    ----------
    scene : float32 ndarray [2 height + 2 MARGIN, 2 width + 2 MARGIN, 3]
    field : BlurField

    Returns
    -------
    float32 ndarray [height, width, 3]
    """
    step, (height, width) = field.step, field.size
    rows, cols = field.psf.shape[:2]
    half = field.psf.shape[-1] // 2
    reach = half + half % 2
    n = _fast_length(2 * step + 2 * reach)
    m = n // OVERSAMPLING
    # A node's window reaches a step beyond the scene, where there is nothing.
    padded = np.zeros(((rows + 1) * step, (cols + 1) * step, 3), np.float32)
    padded[step : step + scene.shape[0], step : step + scene.shape[1]] = scene
    ramp = (1 - np.abs(np.arange(-step, step)) / step).astype(np.float32)
    window = ramp[:, None] * ramp[None, :]
    out = np.zeros((3, (rows - 1) * step // 2 + m, (cols - 1) * step // 2 + m), np.float32)
    lead = reach - half
    for row in range(rows):
        strip = padded[row * step : (row + 2) * step]
        for col in range(cols):
            tile = strip[:, col * step : (col + 2) * step].transpose(2, 0, 1) * window
            spectrum = scipy.fft.rfft2(tile, s=(n, n), axes=(-2, -1))
            spectrum *= _narrow_spectrum(field.psf[row, col], lead, n)
            # Only every second sample is a pixel: a transform back of a quarter of the size.
            aliased = _every_second(spectrum)
            block = scipy.fft.irfft2(aliased, s=(m, m), axes=(-2, -1), overwrite_x=True)
            y, x = row * step // 2, col * step // 2
            out[:, y : y + m, x : x + m] += block
    first = (step + MARGIN + reach) // OVERSAMPLING
    photo = out[:, first : first + height, first : first + width]
    return np.ascontiguousarray(photo.transpose(1, 2, 0))


def exposure(scene: NDArray[np.float32], camera: VirtualCamera, *, clipped: float = 0.005) -> float:
    """Factor that makes the given share of RAW values clip (taken on the scene, so equal for every
    aperture)."""
    # A quarter of the size is enough, and single highlights do not decide.
    small = cv2.resize(scene, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    raw = small / np.array(camera.white_balance, np.float32)
    # Every second site is green.
    red, green, blue = (raw[..., channel].ravel() for channel in range(3))
    sites = np.concatenate([red, np.repeat(green, 2), blue])
    return float(1 / np.quantile(sites, 1 - clipped))


def mosaic(rgb: NDArray[np.float32], camera: VirtualCamera) -> NDArray[np.float32]:
    """RAW values 0..1 (may exceed 1) of white-balanced camera RGB [height, width, 3]: [height,
    width], or [height, width, 3] where every place sees all colours."""
    return seen(rgb, camera.white_balance, camera.sensor, camera.cfa)


def exposed(
    values: NDArray[np.float32], camera: VirtualCamera, iso: float, rng: np.random.Generator
) -> NDArray[np.uint16]:
    """RAW numbers uint16 of noise-free values 0..1: shot noise, read noise, black level, clipping,
    rounding."""
    a, b = camera.noise(iso)
    # Photons first, in units of `a`; then what electronics add.
    noisy = rng.poisson(np.maximum(values, 0) / a).astype(np.float32) * np.float32(a)
    noisy += rng.standard_normal(values.shape, np.float32) * np.float32(np.sqrt(b))
    return quantised(noisy, camera.black, camera.white)


def quantised(values: NDArray[np.float32], black: int, white: int) -> NDArray[np.uint16]:
    """RAW numbers uint16 of values 0..1, clipped at the white level."""
    return np.asarray(np.clip(np.rint(values * (white - black) + black), 0, white), np.uint16)


def shaken(
    scene: NDArray[np.float32], shift_px: tuple[float, float], turn_deg: float
) -> NDArray[np.float32]:
    """The scene as a shaken tripod shows it: turned about its middle, then moved by (y, x) sensor
    pixels."""
    height, width = scene.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), turn_deg, 1.0)
    matrix[:, 2] += np.array(shift_px[::-1]) * OVERSAMPLING
    # Lanczos: bilinear interpolation would blur more between samples than on them.
    out = cv2.warpAffine(
        scene, matrix, (width, height), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(np.maximum(out, 0), np.float32)


def _fast_length(least: int) -> int:
    """A length that is fast to transform and can be halved twice."""
    n = least
    while n % 4 or n != scipy.fft.next_fast_len(n, real=True):
        n += 1
    return n


def _narrow_spectrum(kernel: NDArray[np.float32], lead: int, n: int) -> NDArray[np.complex64]:
    """rfft2 of kernels [3, K, K] placed at (lead, lead) in n x n zeros; the empty rows are not
    transformed."""
    size = kernel.shape[-1]
    # Row by row first: a kernel has few rows.
    rows = np.zeros((kernel.shape[0], size + lead, n), np.float32)
    rows[:, lead:, lead : lead + size] = kernel
    spectrum: NDArray[np.complex64] = scipy.fft.fft(scipy.fft.rfft(rows, axis=-1), n=n, axis=-2)
    return spectrum


def _every_second(spectrum: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """The rfft2 spectrum [c, n, n/2 + 1] of every second sample in both directions: [c, n/2, n/4 +
    1]."""
    n = spectrum.shape[-2]
    half, quarter = n // 2, n // 4
    # Frequencies half the sampling apart become one. Along x half of them are left out: those are
    # the conjugates of their opposites.
    rows = spectrum[:, :half] + spectrum[:, half:]
    low, high = rows[..., : quarter + 1], rows[..., quarter:][..., ::-1]
    opposite = np.roll(high[:, ::-1], 1, axis=1).conj()
    return np.asarray((low + opposite) * np.float32(0.25))
