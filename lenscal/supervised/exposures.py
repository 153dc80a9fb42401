"""Pairs made by the learnt operator: a sharp crop as lens and camera would take it, and what the
Wiener filter makes of that.

    photo = demosaic(mosaic(A crop / m) + noise) m        m: white balance

The kernels are those of a random place of the field, the noise is Poisson's and Gauss's with the
profile's model at a random ISO, mosaic and demosaicing (LibRaw's AHD) are those of every photo that
lenscal reads.
"""

from __future__ import annotations

import io
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.blur.operator import A
from lenscal.files.photos.dng import DngInfo, write_raw_dng
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import NoiseModel
from lenscal.raw.levels import Levels
from lenscal.raw.signal.demosaicing import demosaiced
from lenscal.restore.data_step import offset
from lenscal.restore.network.planes import Place, network_planes, root
from lenscal.restore.region import part_of_grid
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.restore.tiles import ArrayPhoto, tiling_of
from lenscal.restore.wiener_photo import wiener_bands

BLACK, WHITE = 512, 16383
"""RAW values of the mosaic, as of a camera of 14 bits."""
GAINS = (0.25, 32.0)
"""ISO over that of the profile's photos, from ... to."""
A_LIMITS = (1e-5, 1.2e-2)
"""Of the photon noise: cameras at their lowest ISO, and beyond what is worth correcting."""
READ_NOISE_POWER = (1.0, 2.0)
"""The variance of read noise grows with the gain to a power between: of electronics behind and
before the amplifier."""
USUAL_POWER = 1.7
"""Where the gain is chosen."""
RED_BALANCE, BLUE_BALANCE = (1.2, 2.6), (1.1, 2.4)
"""White balances of cameras in lamplight and in shade."""
BRIGHTNESS = (0.1, 1.2)
"""Brightest light of a crop over RAW white."""
USUAL_NOISE = NoiseModel((1.5e-4,) * 3, (1e-6,) * 3)
"""Where the profile does not tell: a full-frame camera at ISO 200."""
_FEW = 16
"""Rows and columns at a crop's border that are left out: the mirror begins there."""


@dataclass(frozen=True, slots=True)
class Shooting:
    """From which ranges ISO (over that of the profile's photos) and brightness are drawn."""

    gains: tuple[float, float] = GAINS
    brightness: tuple[float, float] = BRIGHTNESS


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a crop is photographed. None: at random."""

    gain: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """A pair, without its borders.

    Attributes
    ----------
    planes : float32 Tensor [11, h, w]
        What a network reads (`network_planes`); sides even.
    sharp : float32 Tensor [3, h, w]
        u = sqrt(v + c) of the crop.
    c : float
    """

    planes: Tensor
    sharp: Tensor
    c: float


class Camera:
    """Takes crops through a lens.

    psf : PsfGrid
    noise : NoiseModel
        Of the profile's photos.
    mosaic : bool
        Whether its sensor has Bayer's pattern; else it sees all colours everywhere.
    shooting : Shooting
    """

    def __init__(
        self,
        psf: PsfGrid,
        noise: NoiseModel | None,
        *,
        mosaic: bool,
        shooting: Shooting | None = None,
    ) -> None:
        self.psf, self.mosaic, self.shooting = psf, mosaic, shooting or Shooting()
        self.noise = noise if noise is not None and max(noise.a + noise.b) > 0 else USUAL_NOISE
        self._threads = threading.local()

    def expose(
        self,
        crop: NDArray[np.float16],
        rng: np.random.Generator,
        conditions: Conditions | None = None,
    ) -> Exposure:
        """Photograph a crop [h, w, 3] at a random place of the field, which does not depend on the
        conditions."""
        size = crop.shape[0], crop.shape[1]
        field = self.psf.image_size
        origin = [int(rng.integers(0, field[axis] - size[axis] + 1)) for axis in (0, 1)]
        rows, cols = (range(origin[axis], origin[axis] + size[axis]) for axis in (0, 1))
        part = part_of_grid(self.psf, rows, cols)
        noise = self._noise(rng, conditions or Conditions())
        balance = self._white_balance(rng)
        sharp = self._lit(crop, rng)
        blurred = A(torch.from_numpy(sharp).permute(2, 0, 1), part).permute(1, 2, 0).numpy()
        rgb = self._taken(blurred, noise, balance, rng)
        photo = ArrayPhoto(rgb, noise, balance, demosaiced=self.mosaic)
        wiener = wiener_of(photo, part, self.psf)
        # A part of a photo may begin at any pixel of the mosaic's pattern: here, by cutting.
        y, x = (int(n) for n in rng.integers(0, 2, 2))
        inner = _inside(size[0], y), _inside(size[1], x)
        place = Place((origin[0] + inner[0].start, origin[1] + inner[1].start), field)
        c = offset(photo)
        planes = network_planes(rgb[inner], wiener[inner], balance, noise, c, place)
        target = np.minimum(sharp[inner], balance)
        return Exposure(planes[0], torch.from_numpy(root(target, c)).permute(2, 0, 1), c)

    def _noise(self, rng: np.random.Generator, conditions: Conditions) -> NoiseModel:
        gain = float(np.exp(rng.uniform(*np.log(self.shooting.gains))))
        power = float(rng.uniform(*READ_NOISE_POWER))
        if conditions.gain is not None:
            gain, power = conditions.gain, USUAL_POWER
        if (largest := max(self.noise.a)) > 0 and gain != 1:
            # Within what cameras have: the profile's own may be of any ISO.
            gain = float(np.clip(gain * largest, *A_LIMITS)) / largest
        r, g, b = (gain * a for a in self.noise.a)
        br, bg, bb = (gain**power * b for b in self.noise.b)
        return NoiseModel((r, g, b), (br, bg, bb))

    def _white_balance(self, rng: np.random.Generator) -> NDArray[np.float32]:
        red, blue = (
            float(np.exp(rng.uniform(*np.log(limits)))) for limits in (RED_BALANCE, BLUE_BALANCE)
        )
        # What sees all colours everywhere may be a picture, whose channels are as they are.
        return np.array([red, 1, blue] if self.mosaic else [1, 1, 1], np.float32)

    def _lit(self, crop: NDArray[np.float16], rng: np.random.Generator) -> NDArray[np.float32]:
        """The crop turned or mirrored, and brighter or darker."""
        turned = np.rot90(crop, int(rng.integers(4)))
        turned = turned[:, ::-1] if rng.integers(2) else turned
        light = np.ascontiguousarray(turned, np.float32)
        peak = max(float(np.quantile(light, 0.999)), 1e-3)
        return light * np.float32(np.exp(rng.uniform(*np.log(self.shooting.brightness))) / peak)

    def _taken(
        self,
        light: NDArray[np.float32],
        noise: NoiseModel,
        balance: NDArray[np.float32],
        rng: np.random.Generator,
    ) -> NDArray[np.float32]:
        """What lenscal reads of a photo of light [h, w, 3]."""
        raw = light / balance
        if self.mosaic:
            sites = np.empty(raw.shape[:2], np.float32)
            a, b = np.empty_like(sites), np.empty_like(sites)
            for y, x, colour in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
                part = slice(y, None, 2), slice(x, None, 2)
                sites[part] = raw[(*part, colour)]
                a[part], b[part] = noise.a[colour], noise.b[colour]
        else:
            sites = raw
            a, b = (np.array(values, np.float32) for values in (noise.a, noise.b))
        seen = _with_noise(sites, np.broadcast_to(a, sites.shape), b, rng)
        if not self.mosaic:
            return np.minimum(seen, 1) * balance
        values = np.clip(np.rint(seen * (WHITE - BLACK) + BLACK), 0, WHITE).astype(np.uint16)
        cfa = np.array([[0, 1], [1, 2]], np.uint8)
        black = np.full((2, 2), BLACK, np.float32)
        levels = Levels(cfa, black, WHITE, balance, WHITE)
        rgb, scale, rgb_black = demosaiced(self._file(values.shape), values, levels)
        return (rgb.astype(np.float32) - rgb_black) * np.float32(scale)

    def _file(self, size: tuple[int, ...]) -> Any:
        """This thread's open RAW file of a size, whose values are overwritten: LibRaw demosaics
        nothing else."""
        import rawpy

        files = self._threads.__dict__.setdefault("files", {})
        if size not in files:
            with tempfile.TemporaryDirectory(prefix="lenscal-network-") as folder:
                path = Path(folder) / "mosaic.dng"
                write_raw_dng(path, np.full(size, BLACK, np.uint16), _dng_info())
                raw = rawpy.RawPy()
                # From memory: no file is left behind.
                raw.open_buffer(io.BytesIO(path.read_bytes()))
                raw.unpack()
            files[size] = raw
        return files[size]


def wiener_of(photo: ArrayPhoto, part: PsfGrid, whole: PsfGrid) -> NDArray[np.float32]:
    """The Wiener estimate [h, w, 3] of a part, filtered in tiles as the whole photo is."""
    settings = RestoreSettings(Method.WIENER)
    bands = wiener_bands(photo, part, settings, torch.device("cpu"), tiling=tiling_of(whole))
    return np.concatenate([band.rgb for band in bands])


def _with_noise(
    values: NDArray[np.float32],
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """RAW values 0..1 with photon noise (variance a v) and read noise (variance b)."""
    light = np.maximum(values, 0)
    # Without photon noise the light stays as it is.
    counted = rng.poisson(light / np.maximum(a, 1e-9)) * a
    noisy = np.where(a > 0, counted, light).astype(np.float32)
    noisy += np.sqrt(b) * rng.standard_normal(values.shape, np.float32)
    return noisy


def _inside(length: int, phase: int) -> slice:
    """An even number of pixels, from an even or an odd one on."""
    start = _FEW + phase
    return slice(start, start + (length - _FEW - start) // 2 * 2)


def _dng_info() -> DngInfo:
    return DngInfo(
        cfa="RGGB",
        black=BLACK,
        white=WHITE,
        make="Lenscal",
        model="Training",
        lens="",
        f_number=1.0,
        focal_mm=1.0,
        iso=100,
        exposure_s=1.0,
        date_time="2000:01:01 00:00:00",
        noise_profile=[],
        colour_matrix=np.eye(3),
        as_shot_neutral=(1.0, 1.0, 1.0),
    )
