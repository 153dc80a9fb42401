"""A virtual rig: photos that were shaken, each by a hand of its own, and sharp ones of other
scenes; their true kernels beside them.

Small photos, as their number is what tells a population: with one kernel over all of a photo a few
hundred pixels are enough. Scenes are crops of the photos that ship (or a user's), in linear light.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import scipy.signal
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.files.photos.dng import DngInfo, write_png, write_raw_dng
from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.system.atomic import written_whole
from lenscal.system.threads import in_order
from lenscal.translation import translatable
from lenscal.virtual.camera import VirtualCamera, exposed, exposure, mosaic
from lenscal.virtual.limits import Sensor
from lenscal.virtual.photo_pools import (
    FolderPools,
    Part,
    PhotoPool,
    Subjects,
    folder_pools,
    read_pixels,
)
from lenscal.virtual.sensor import developed, pattern_in_file, suffix_of
from lenscal.virtual.shakes import HandShake, ShakeFamily, drawn_kernels

RIG_PHOTOS, RIG_SIZE_PX = 200, (256, 320)
"""Where the user does not say others: in each folder, and (height, width)."""
N_RIG_PHOTOS = range(8, 2001)
_LEAST_SIDE_PX = 64
KEPT_OUT = 4
"""Photos that nothing is learnt from."""
EXPOSURE_S = 1 / 30
_UNDEREXPOSED = 0.6
"""Two thirds of a stop darker than what lets half a percent clip."""
_LEAST_CONTRAST, _MOST_TRIES = 0.3, 20
"""Of a scene, over its mean brightness: skies tell nothing of blur."""
_SENSORS = (Sensor.BAYER, Sensor.PNG)
LENS = "Virtual 50mm, hand-held"


@dataclass(frozen=True, slots=True)
class RigSettings:
    """What is photographed, and how it shakes.

    Attributes
    ----------
    n_photos : in each folder
    size : (height, width) px, even
    kernel_size : of the true kernels, px
    pools : photos that scenes are cut from; None: those that ship

    Raises
    ------
    InputError
        Something that cannot be.
    """

    n_photos: int = RIG_PHOTOS
    size: tuple[int, int] = RIG_SIZE_PX
    kernel_size: int = 15
    family: ShakeFamily = ShakeFamily.HAND
    hand: HandShake = field(default_factory=HandShake)
    iso: int = 400
    seed: int = 0
    sensor: Sensor = Sensor.BAYER
    pools: FolderPools | None = None

    def __post_init__(self) -> None:
        if self.n_photos not in N_RIG_PHOTOS:
            raise InputError(
                translatable(
                    "--photos {photos}: choose {least} to {most}",
                    photos=self.n_photos,
                    least=N_RIG_PHOTOS[0],
                    most=N_RIG_PHOTOS[-1],
                )
            )
        height, width = self.size
        if height % 2 or width % 2 or min(self.size) < _LEAST_SIDE_PX:
            raise InputError(
                translatable(
                    "--size {width}x{height}: both must be even and at least {least} px",
                    width=width,
                    height=height,
                    least=_LEAST_SIDE_PX,
                )
            )
        if self.sensor not in _SENSORS:
            raise InputError(
                translatable(
                    "--sensor {sensor}: a virtual rig has {sensors}",
                    sensor=self.sensor.value,
                    sensors=", ".join(sensor.value for sensor in _SENSORS),
                )
            )


@dataclass(frozen=True, slots=True, eq=False)
class RigDataset:
    """Where everything is.

    Attributes
    ----------
    sharp_folder, shaken_folder : what a population is learnt from
    kernels_file : npz with `names` [n] and `kernels` [n, k, k] of all shaken photos
    kept_out : (shaken, sharp) photos of scenes and kernels that are in no folder
    """

    sharp_folder: Path
    shaken_folder: Path
    kernels_file: Path
    kept_out: tuple[tuple[Path, Path], ...]


def write_rig(out: Path, settings: RigSettings) -> Job[RigDataset]:
    """Write out/sharp, out/shaken, out/kept-out and out/truth/kernels.npz."""
    n, suffix = settings.n_photos, suffix_of(settings.sensor)
    pools = settings.pools or folder_pools(None, Subjects.ONE_KIND, Part.ALL)
    kernels = drawn_kernels(
        n + KEPT_OUT, settings.kernel_size, settings.seed, settings.family, settings.hand
    )
    sharp = [out / "sharp" / f"sharp_{i + 1:04d}{suffix}" for i in range(n)]
    shaken = [out / "shaken" / f"shaken_{i + 1:04d}{suffix}" for i in range(n)]
    kept = [out / "kept-out" / f"shaken_{i + 1}{suffix}" for i in range(KEPT_OUT)]
    references = [out / "kept-out" / f"sharp_{i + 1}{suffix}" for i in range(KEPT_OUT)]
    work = [_Shot(path, pools.sharp, number, None) for number, path in enumerate(sharp)]
    for number, path in enumerate((*shaken, *kept)):
        work.append(_Shot(path, pools.degraded, n + number, kernels[number]))
    # The same scenes, without the shake.
    work += [_Shot(path, pools.degraded, 2 * n + i, None) for i, path in enumerate(references)]

    def photograph(shot: _Shot) -> None:
        _photograph(shot, settings)

    with closing(in_order(photograph, work)) as shots:
        for number, _ in enumerate(shots):
            message = translatable(
                "Photographed {number} of {all} with the virtual rig",
                number=number + 1,
                all=len(work),
            )
            yield Report("render", message, (number + 1) / len(work), number + 1)
    truth = out / "truth" / "kernels.npz"
    _write_kernels(truth, [path.name for path in shaken], kernels[:n])
    _write_kernels(truth.with_name("kept-out.npz"), [path.name for path in kept], kernels[n:])
    kept_out = tuple(zip(kept, references, strict=True))
    return RigDataset(out / "sharp", out / "shaken", truth, kept_out)


@dataclass(frozen=True, slots=True, eq=False)
class _Shot:
    path: Path
    pool: PhotoPool
    number: int
    kernel: NDArray[np.float32] | None


def _photograph(shot: _Shot, settings: RigSettings) -> None:
    camera = VirtualCamera(sensor=settings.sensor)
    scene = _scene(shot.pool, shot.number, settings)
    # What clips says nothing of blur.
    level = np.float32(_UNDEREXPOSED * exposure(scene, camera))
    margin = settings.kernel_size // 2
    height, width = settings.size
    if shot.kernel is not None:
        # A hand moves all colours alike.
        seen = scipy.signal.fftconvolve(scene, shot.kernel[..., None], "valid", axes=(0, 1))
    else:
        seen = scene[margin:, margin:]
    seen = np.ascontiguousarray(seen[:height, :width], np.float32)
    rng = np.random.default_rng([settings.seed, 12, shot.number])
    raw = exposed(mosaic(seen, camera) * level, camera, settings.iso, rng)
    info = DngInfo(
        cfa=pattern_in_file(camera.sensor, camera.cfa),
        black=camera.black,
        white=camera.white,
        make=camera.make,
        model=camera.model,
        lens=LENS,
        f_number=4.0,
        focal_mm=50.0,
        iso=settings.iso,
        exposure_s=EXPOSURE_S,
        date_time=f"2026:05:01 {10 + shot.number // 3600:02d}:"
        f"{shot.number // 60 % 60:02d}:{shot.number % 60:02d}",
        noise_profile=[camera.noise(settings.iso)] * 3,
        colour_matrix=camera.colour_matrix,
        as_shot_neutral=camera.as_shot_neutral,
        pixel_pitch_um=4.3,
    )
    if camera.sensor is Sensor.PNG:
        values = developed(raw, camera.white_balance, camera.black, camera.white)
        write_png(shot.path, values, info)
    else:
        write_raw_dng(shot.path, raw, info)


def _scene(pool: PhotoPool, number: int, settings: RigSettings) -> NDArray[np.float32]:
    """A crop of a photo, linear light [h + k - 1, w + k - 1, 3], that shows something."""
    rng = np.random.default_rng([settings.seed, 11, number])
    for _ in range(_MOST_TRIES):
        light = _crop(pool, rng, settings)
        green = light[..., 1]
        if green.std() > _LEAST_CONTRAST * green.mean():
            break
    return light


def _crop(pool: PhotoPool, rng: np.random.Generator, settings: RigSettings) -> NDArray[np.float32]:
    """Any crop; enlarged where the photo is small."""
    lost = settings.kernel_size - 1
    wanted = [length + lost for length in settings.size]
    pixels = read_pixels(pool.files[int(rng.integers(len(pool.files)))], cv2.IMREAD_COLOR)
    stored = np.asarray(pixels.astype(np.float32) / np.float32(255))
    lack = max((w + 1) / have for w, have in zip(wanted, pixels.shape, strict=False))
    if lack > 1:
        larger = cv2.resize(stored, None, fx=lack, fy=lack, interpolation=cv2.INTER_CUBIC)
        stored = np.asarray(larger, np.float32)
    rooms = [have - w for have, w in zip(stored.shape, wanted, strict=False)]
    top, left = (int(rng.integers(room + 1)) for room in rooms)
    crop = stored[top : top + wanted[0], left : left + wanted[1], ::-1]
    if rng.integers(2):
        crop = crop[:, ::-1]
    # IEC 61966-2-1.
    light = np.where(crop <= 0.04045, crop / 12.92, ((crop.clip(0) + 0.055) / 1.055) ** 2.4)
    return np.ascontiguousarray(light, np.float32)


def _write_kernels(path: Path, names: Sequence[str], kernels: NDArray[np.float32]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, names=np.array(names), kernels=kernels)
