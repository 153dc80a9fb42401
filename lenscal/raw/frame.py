"""A decoded RAW photo, as the rest of the program sees it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from lenscal.raw.dng.tags import DngTags
from lenscal.raw.identity.cameras import camera_name
from lenscal.raw.identity.place import SensorArea
from lenscal.raw.pictures.coding import PictureCoding
from lenscal.raw.pictures.kinds import Light
from lenscal.raw.signal.black_levels import BlackTags


class Sampling(StrEnum):
    """What a photo knows at each place of the picture."""

    BAYER = "bayer"
    """One of three colours, by a pattern of 2 x 2."""
    FULL_COLOUR = "full colour"
    """All three: measured, or made by a demosaicing that cannot be undone."""
    MONOCHROME = "monochrome"
    """Brightness alone."""


@dataclass(frozen=True, slots=True)
class DecodingMetadata:
    """What a file's metadata says that only decoding and measuring need.

    Attributes
    ----------
    colour_matrix : 9 floats or None
        DNG ColorMatrix for D65 (else for the other illuminant), XYZ to camera RGB, row by row.
    pixel_pitch_um : float or None
        Distance of the sensor's pixels, from EXIF FocalPlaneXResolution.
    missing_data : str
        What a DNG promises but does not hold, in words; empty where all is there.
    file_bytes : int
        Size of the file when it was read: one that has another now is read again.
    dng : DngTags or None
        None for files that are no DNG.
    black : BlackTags or None
        Of a DNG with a mosaic.
    opcodes : bytes
        A DNG's OpcodeList1, which lists bad sites.
    """

    colour_matrix: tuple[float, ...] | None = None
    pixel_pitch_um: float | None = None
    missing_data: str = ""
    file_bytes: int = 0
    dng: DngTags | None = None
    black: BlackTags | None = None
    opcodes: bytes = b""


@dataclass(frozen=True, slots=True)
class PhotoInfo:
    """What is known of a photo without decoding it. Unknown numbers are None, unknown words
    empty."""

    path: Path
    make: str = ""
    model: str = ""
    camera_serial: str = ""
    lens: str = ""
    lens_serial: str = ""
    aperture: float | None = None
    focal_mm: float | None = None
    crop_factor: float | None = None
    """Of the part of the sensor that was used: EXIF FocalLengthIn35mmFilm over the focal length."""
    focus_distance_m: float | None = None
    iso: float | None = None
    exposure_s: float | None = None
    date_time: str = ""
    """EXIF DateTimeOriginal, 'YYYY:MM:DD HH:MM:SS'."""
    orientation: int = 1
    """EXIF's, 1 to 8; 0: EXIF does not say, and LibRaw was not asked."""
    width: int = 0
    """Of the visible area in sensor orientation, px."""
    height: int = 0
    area: SensorArea | None = None
    """Where the visible area lies on the sensor, as LibRaw says it; None: it was not asked."""
    says_white_balance: bool = True
    """False: daylight's is taken."""
    noise_profile: tuple[tuple[float, float], ...] = ()
    """DNG NoiseProfile pairs (a, b): variance = a * signal + b on RAW values 0..1, one for all
    planes or each."""
    lens_in_file: str = ""
    """What the file says, where `lens` was typed in instead; so with the focal length."""
    focal_mm_in_file: float | None = None
    light: Light | None = None
    """How a picture's values are taken; None for RAW photos."""
    notes: tuple[str, ...] = ()
    """What the user should know of the file, in words."""
    decoding: DecodingMetadata | None = None
    """Carried so that decoding need not open the file for it again; None: not read yet."""

    @property
    def dng(self) -> DngTags:
        """What a DNG says of its pixels; nothing for other files."""
        return (self.decoding and self.decoding.dng) or DngTags()

    @property
    def pixel_pitch_um(self) -> float | None:
        """Distance of the sensor's pixels in um, where the file says it."""
        return self.decoding.pixel_pitch_um if self.decoding else None

    @property
    def camera(self) -> str:
        """Make and model without repeating the make."""
        return camera_name(self.make, self.model)


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Poisson-Gaussian noise on RAW values 0..1 before white balance: variance = a[c] * signal +
    b[c], c in R, G, B."""

    a: tuple[float, float, float]
    b: tuple[float, float, float]
    source: str = ""
    """Where it comes from, in words: "NoiseProfile", "estimated from 10 photos"."""

    def variance(
        self,
        signal: ArrayLike,
        multiplier: NDArray[np.floating] | float = 1.0,
        channels: int | NDArray[np.integer] | slice = slice(None),
        dtype: DTypeLike = np.float64,
    ) -> NDArray[np.floating]:
        """Variance m a s + m^2 b of RAW values that were multiplied by m and have the mean s now.

        Parameters
        ----------
        signal : array [..., n]
            Mean values after the multiplication; those below 0 count as 0.
        multiplier : array [..., n] or float
            White balance times gain, as `Frame.mosaic_tile` returns it.
        channels : int, int array [n] or slice
            Colour (0 R, 1 G, 2 B) of each place of the last axis; R, G, B where left out.
        dtype : dtype
            Precision of a and b: float32 keeps float32 images from growing to float64.
        """
        a, b = (np.array(of_colours, dtype)[channels] for of_colours in (self.a, self.b))
        # Photon noise grows with the light, read noise does not; both are amplified.
        light = multiplier * a * np.maximum(signal, 0)
        return np.asarray(light + multiplier**2 * b)


def _no_light() -> NDArray[np.float32]:
    return np.zeros(3, np.float32)


def _at_white() -> NDArray[np.float32]:
    return np.ones(3, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class PhotoHeader:
    """A decoded photo but for its pixels: what those who write its corrected pixels need of it. The
    fields are those of `Frame`."""

    info: PhotoInfo
    size: tuple[int, int]
    white_balance: NDArray[np.float32]
    colour_matrix: NDArray[np.float32] | None
    coding: PictureCoding | None = None
    gain: NDArray[np.float32] = field(default_factory=lambda: np.ones((1, 1, 3), np.float32))
    clipping: NDArray[np.float32] = field(default_factory=_at_white)

    def limit_tile(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        """As `Frame.limit_tile`."""
        gain = gain_over(self.gain, self.size, rows, cols)
        return gain * (self.white_balance * self.clipping)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A decoded photo in sensor orientation. Arrays may be memory-mapped: read tiles, not the
    whole.

    Attributes
    ----------
    info : PhotoInfo
    mosaic : uint16 ndarray [height, width]
        RAW values of the visible area as the sensor gave them; [0, 0] for photos that were never
        one, or come without it: linear DNG, three-layer and monochrome sensors, pictures.
    cfa : uint8 ndarray [p, q]
        Colour of each site of the repeating pattern: 0 R, 1 G (both greens), 2 B; [[1]] without a
        mosaic.
    black : float32 ndarray [p, q]
        Black level of each site of the pattern, in RAW values.
    white : float
        RAW value at which the sensor clips.
    rgb : uint16 ndarray [height, width, 3]
        Demosaiced, linear, white-balanced camera RGB; less `rgb_black` and times `rgb_scale` it has
        1.0 = the white level with the green multiplier 1 (R and B may exceed 1). float32 for
        pictures that 16 bits of linear light cannot hold. Three times the
        same, in the memory of one, for `Sampling.MONOCHROME`.
    rgb_scale : float
    white_balance : float32 ndarray [3]
        Multipliers for R, G, B with green 1.
    gain : float32 ndarray [gh, gw, 3]
        What undoes vignetting, on a coarse grid over the visible area (corners on corners); ones
        where unknown.
    gain_source : str
        "lensfun: LENS", or why there is none.
    noise : NoiseModel
    colour_matrix : float32 ndarray [3, 3] or None
        XYZ (D65) to camera RGB before white balance, as in DNG's ColorMatrix1/2.
    sampling : Sampling
        What calibration reads: the mosaic where it is Bayer's, else `rgb`.
    noise_correlation : float32 ndarray [3, 3, n, n] or None
        Where `rgb` is what is read: mean product of the noise of channel c, [n // 2 + y,
        n // 2 + x] px beyond it, and that of channel d, over the roots of the variances by
        `noise`. None: white.
    coding : PictureCoding or None
        How a picture was stored; None for RAW photos.
    rgb_black : float32 ndarray [3]
        What no light is in `rgb`: above 0, so that noise which lies below black is kept.
    clipping : float32 ndarray [3]
        RAW value 0..1 at which R, G, B clip: 1, or less where the sensor clips below `white`.
    """

    info: PhotoInfo
    mosaic: NDArray[np.uint16]
    cfa: NDArray[np.uint8]
    black: NDArray[np.float32]
    white: float
    rgb: NDArray[np.uint16]
    rgb_scale: float
    white_balance: NDArray[np.float32]
    gain: NDArray[np.float32]
    gain_source: str
    noise: NoiseModel
    colour_matrix: NDArray[np.float32] | None = None
    sampling: Sampling = Sampling.BAYER
    noise_correlation: NDArray[np.float32] | None = None
    coding: PictureCoding | None = None
    rgb_black: NDArray[np.float32] = field(kw_only=True, default_factory=_no_light)
    clipping: NDArray[np.float32] = field(kw_only=True, default_factory=_at_white)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) px."""
        return self.rgb.shape[0], self.rgb.shape[1]

    @property
    def has_mosaic(self) -> bool:
        """Whether it comes as the sensor's own mosaic."""
        return self.mosaic.size > 0

    @property
    def header(self) -> PhotoHeader:
        """What is known of it beside the pixels."""
        return PhotoHeader(
            self.info,
            self.size,
            self.white_balance,
            self.colour_matrix,
            self.coding,
            self.gain,
            self.clipping,
        )

    def without_mosaic(self) -> Frame:
        """The same with a mosaic of zeros that takes no memory, for those who read `rgb` only."""
        return replace(self, mosaic=np.broadcast_to(np.zeros((), np.uint16), self.mosaic.shape))

    @property
    def full_scale(self) -> float:
        """RAW values from the mean black level to the white level."""
        return self.white - float(self.black.mean())

    @property
    def demosaiced(self) -> bool:
        """Whether `rgb` was interpolated from a mosaic: by LibRaw, or, as its noise shows, by a
        camera or a program before."""
        before = self.sampling is Sampling.FULL_COLOUR and self.noise_correlation is not None
        return self.mosaic.size > 0 or before

    def rgb_tile(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        """Linear, white-balanced, vignetting-free camera RGB of a tile, float32 [h, w, 3]."""
        # Scaled here, tile by tile: whole photos stay 16-bit integers, half the memory.
        return self.linear(self.rgb[rows, cols]) * self.gain_tile(rows, cols)

    def linear(self, rgb: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Linear light of values [..., 3] of `rgb`, but for vignetting."""
        light: NDArray[np.float32] = rgb.astype(np.float32)
        light -= self.rgb_black
        light *= np.float32(self.rgb_scale)
        return light

    def limit_tile(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        """What light that clips is in `rgb_tile`, [h, w, 3]."""
        return self.gain_tile(rows, cols) * (self.white_balance * self.clipping)

    @property
    def plane_channels(self) -> tuple[int, ...]:
        """The colours of what `planes_tile` returns; a monochrome photo stands for all by 1."""
        return (1,) if self.sampling is Sampling.MONOCHROME else (0, 1, 2)

    def planes_tile(
        self, rows: slice, cols: slice
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The tile of a photo that knows all its colours everywhere, in the units of `rgb_tile`.

        Returns
        -------
        value : float32 [n, h, w], one plane for each of `plane_channels`
        multiplier : float32 [n, h, w], what RAW values 0..1 were multiplied by, as in `mosaic_tile`
        """
        channels = list(self.plane_channels)
        value = self.rgb_tile(rows, cols)[..., channels]
        multiplier = (self.gain_tile(rows, cols) * self.white_balance)[..., channels]
        value, multiplier = (np.moveaxis(v, -1, 0) for v in (value, multiplier))
        return np.ascontiguousarray(value), np.ascontiguousarray(multiplier)

    def mosaic_tile(
        self, rows: slice, cols: slice
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]:
        """The tile on the mosaic itself, in the units of `rgb_tile`.

        Returns
        -------
        value : float32 [h, w], black-subtracted (not clipped at 0), white-balanced, vignetting-free
        channel : uint8 [h, w], 0 R, 1 G, 2 B
        multiplier : float32 [h, w], what the RAW value 0..1 was multiplied by (white balance times
            gain); see `NoiseModel.variance`
        """
        sites_y = np.arange(*rows.indices(self.mosaic.shape[0])) % self.cfa.shape[0]
        sites_x = np.arange(*cols.indices(self.mosaic.shape[1])) % self.cfa.shape[1]
        sites = np.ix_(sites_y, sites_x)
        channel = self.cfa[sites]
        # Each site needs the gain of its own colour alone.
        colour = channel[..., None].astype(np.intp)
        gain = np.take_along_axis(self.gain_tile(rows, cols), colour, axis=-1)[..., 0]
        multiplier = gain * self.white_balance[channel]
        # Not clipped at black: half of the noise of dark areas lies below it.
        above_black = self.mosaic[rows, cols].astype(np.float32) - self.black[sites]
        signal = above_black / np.float32(self.full_scale)
        return signal * multiplier, channel, multiplier

    def gain_tile(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        """Vignetting gain [h, w, 3] of a tile, bilinear from the coarse grid."""
        return gain_over(self.gain, self.size, rows, cols)


def gain_over(
    grid: NDArray[np.float32], size: tuple[int, int], rows: slice, cols: slice
) -> NDArray[np.float32]:
    """A coarse grid [gh, gw, 3] whose corners lie on the photo's, bilinear over a tile [h, w,
    3]."""
    y0, y1, fy = _nodes_around(rows, size[0], grid.shape[0])
    x0, x1, fx = _nodes_around(cols, size[1], grid.shape[1])
    # The coarse rows that the tile touches are few: they are interpolated along x first.
    first, last = (int(y0[0]), int(y1[-1]) + 1) if len(y0) else (0, 0)
    nodes = grid[first:last]
    across = nodes[:, x0] * (1 - fx[:, None]) + nodes[:, x1] * fx[:, None]
    gain: NDArray[np.float32] = across[y0 - first]
    gain += (across[y1 - first] - gain) * fy[:, None, None]
    return gain


def _nodes_around(
    part: slice, n_pixels: int, n_nodes: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """For each pixel of a part of an axis the node before it, the one behind it and how far it is
    towards that, 0..1; the axis's ends are nodes."""
    at = np.arange(*part.indices(n_pixels)) / max(n_pixels - 1, 1) * (n_nodes - 1)
    # The last pixel lies on the last node, which has none behind it.
    before = np.minimum(at.astype(np.intp), max(n_nodes - 2, 0))
    behind = np.minimum(before + 1, n_nodes - 1)
    return before, behind, (at - before).astype(np.float32)
