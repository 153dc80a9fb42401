"""Two folders of RAW photos from the virtual lens, with the truth beside them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.files.photos.dng import DngInfo, write_png, write_raw_dng
from lenscal.files.psf.provenance import Provenance
from lenscal.files.psf.psf_fits import write_fits
from lenscal.optics.psf_grid import PsfGrid
from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.system.threads import in_order
from lenscal.translation import translatable
from lenscal.virtual.camera import (
    BlurField,
    VirtualCamera,
    blur_field,
    blurred,
    exposed,
    exposure,
    mosaic,
    quantised,
    scene_size,
    shaken,
)
from lenscal.virtual.lens import demo_lens, node_positions, relative_psf
from lenscal.virtual.limits import DEFAULT_N_PHOTOS, DEFAULT_SIZE_PX, Sensor
from lenscal.virtual.photo_pools import FolderPools, PhotoPool
from lenscal.virtual.scenes import SceneKind, make_scene
from lenscal.virtual.sensor import demosaiced, developed, pattern_in_file, suffix_of
from lenscal.virtual.waves import Lens

TRUTH_GRID = (8, 8)
TRUTH_SIZE = 25
"""Nodes and kernel width in px of the truth that is written: finer and wider than an estimate."""
_FINE_WHITE = 65535
"""White level of the photo without noise: all that 16 bits hold."""
_WOBBLE_PX, _WOBBLE_DEG = 2.0, 0.02
"""Standard deviations of what a tripod is shaken by between two photos."""
_LEAST_SIZE_PX = 64
SUBJECTS_A_SCENE = 8
"""Photos of a pool that one scene is painted from."""
MOST_AT_ONCE = 4
"""Scenes that are photographed side by side: each takes some hundred MB meanwhile."""


@dataclass(frozen=True, slots=True)
class VirtualSettings:
    """What to photograph with which virtual lens.

    Attributes
    ----------
    size : (height, width) of the photos in px, even
    n_photos : int
        In each folder.
    same_scenes : bool
        Scene i in both folders, from a shaken tripod; otherwise every photo has its own scene.
    sharp_aperture, degraded_aperture : float
        f-numbers of the two folders; equal for an identity run.
    cfa : str
        E.g. "RGGB", of sensors that have such a pattern.
    sensor : Sensor
    compress : bool
        Lossless JPEG inside the DNG files: half the size.
    pools : FolderPools or None
        Photos that each folder's scenes are painted from; None: the same shipped ones for both,
        whose statistics agree by construction.
    """

    lens: Lens = field(default_factory=demo_lens)
    size: tuple[int, int] = DEFAULT_SIZE_PX
    n_photos: int = DEFAULT_N_PHOTOS
    same_scenes: bool = True
    iso: int = 200
    seed: int = 0
    sharp_aperture: float = 5.6
    degraded_aperture: float = 1.8
    cfa: str = "RGGB"
    compress: bool = False
    sensor: Sensor = Sensor.BAYER
    pools: FolderPools | None = None

    @property
    def camera(self) -> VirtualCamera:
        """What takes the photos."""
        return VirtualCamera(cfa=self.cfa, sensor=self.sensor)

    def __post_init__(self) -> None:
        height, width = self.size
        if min(self.size) < _LEAST_SIZE_PX or height % 2 or width % 2:
            raise InputError(
                translatable(
                    "photo size {height} x {width}: both must be even and at least {least} px",
                    height=height,
                    width=width,
                    least=_LEAST_SIZE_PX,
                )
            )
        if self.n_photos < 1:
            raise InputError(translatable("number of photos {n}: give at least 1", n=self.n_photos))
        if not self.lens.opens_to(min(self.sharp_aperture, self.degraded_aperture)):
            raise InputError(
                translatable(
                    "{lens} opens to f/{widest:g}; choose apertures from there on",
                    lens=self.lens.name,
                    widest=self.lens.f_number,
                )
            )


@dataclass(frozen=True, slots=True, eq=False)
class VirtualDataset:
    """Where everything is, and the truth.

    Attributes
    ----------
    truth : PsfGrid
        [8, 8, 3, 25, 25], relative to the sharp aperture on the axis; also in `truth_folder` as
        psf_{R,G,B}.fits.
    degraded_photo, reference_photo : Path
        A held-out scene: as the degraded aperture takes it, and free of noise with the sharp
        aperture's on-axis PSF everywhere, through the same mosaic, exposure and white balance.
    """

    sharp: tuple[Path, ...]
    degraded: tuple[Path, ...]
    sharp_folder: Path
    degraded_folder: Path
    truth_folder: Path
    degraded_photo: Path
    reference_photo: Path
    lens: Lens
    truth: PsfGrid


def write_dataset(out: Path, settings: VirtualSettings) -> Job[VirtualDataset]:
    """Render and write out/sharp, out/degraded, out/truth and out/evaluation.

    Raises
    ------
    InputError
        The settings do not fit together.
    """
    # Steps: two lenses traced, the photos, the scene kept out, the end.
    camera = settings.camera
    lens = settings.lens
    n_steps = settings.n_photos + 4
    yield _tracing(lens, settings.degraded_aperture, 0.0)
    truth = _write_truth(out / "truth", settings, camera)
    degraded_field = blur_field(lens, settings.degraded_aperture, settings.size)
    yield _tracing(lens, settings.sharp_aperture, 1 / n_steps)
    sharp_field = blur_field(lens, settings.sharp_aperture, settings.size)
    fields = {"sharp": sharp_field, "degraded": degraded_field}
    photos = {
        role: tuple(
            out / role / f"{role}_{n + 1:02d}{suffix_of(settings.sensor)}"
            for n in range(settings.n_photos)
        )
        for role in fields
    }

    def photograph(n: int) -> None:
        places = {role: photos[role][n] for role in fields}
        _photograph(places, settings, camera, n, fields)

    with closing(in_order(photograph, range(settings.n_photos), most=MOST_AT_ONCE)) as scenes:
        for number, _ in enumerate(scenes):
            message = translatable(
                "Photographed scene {number} of {n_photos} with both apertures",
                number=number + 1,
                n_photos=settings.n_photos,
            )
            yield Report("render", message, (number + 3) / n_steps, number + 3)
    message = translatable("Photographing the scene that is kept out")
    yield Report("render", message, (n_steps - 1) / n_steps, n_steps - 1)
    degraded_photo, reference = write_evaluation(out / "evaluation", settings)
    yield Report("render", translatable("The virtual photos are written"), 1.0, n_steps)
    return VirtualDataset(
        sharp=photos["sharp"],
        degraded=photos["degraded"],
        sharp_folder=out / "sharp",
        degraded_folder=out / "degraded",
        truth_folder=out / "truth",
        degraded_photo=degraded_photo,
        reference_photo=reference,
        lens=lens,
        truth=truth,
    )


def _tracing(lens: Lens, f_number: float, fraction: float) -> Report:
    """What is reported while a lens is traced."""
    message = translatable("Tracing {lens} at f/{f_number:g}", lens=lens.name, f_number=f_number)
    return Report("render", message, fraction)


def true_grid(
    settings: VirtualSettings, shape: tuple[int, int] = TRUTH_GRID, size: int = TRUTH_SIZE
) -> PsfGrid:
    """The true PSF of the degraded aperture relative to the sharp one on the axis, on a grid."""
    # The folder's aperture counts as sharp, whatever the lens says.
    lens = replace(settings.lens, f_sharp=settings.sharp_aperture)
    kernels = relative_psf(lens, settings.degraded_aperture, node_positions(shape), size=size)
    if settings.sensor is Sensor.MONOCHROME:
        # The filter lets green through.
        kernels = np.repeat(kernels[:, 1:2], 3, axis=1)
    return PsfGrid(kernels.reshape(*shape, *kernels.shape[1:]), settings.size)


def _write_truth(folder: Path, settings: VirtualSettings, camera: VirtualCamera) -> PsfGrid:
    """Write the true grid as FITS, and return it."""
    grid = true_grid(settings)
    lens = settings.lens
    provenance = Provenance(
        camera=f"{camera.make} {camera.model}",
        lens=lens.name,
        f_number=settings.degraded_aperture,
        f_number_reference=settings.sharp_aperture,
        focal_mm=lens.focal_mm,
    )
    write_fits(grid, folder, provenance)
    return grid


def _photograph(
    paths: Mapping[str, Path],
    settings: VirtualSettings,
    camera: VirtualCamera,
    number: int,
    fields: Mapping[str, BlurField],
) -> None:
    """Take photo `number` of both folders."""
    scene = None
    for shot, (role, path) in enumerate(paths.items()):
        if scene is None or not settings.same_scenes:
            own = number if settings.same_scenes else 2 * number + shot
            pool = None if settings.pools is None else getattr(settings.pools, role)
            scene = draw_scene(settings, own, pool=pool)
            level = np.float32(exposure(scene, camera))
        # By photo, not one after the other: photos are taken side by side.
        rng = np.random.default_rng([settings.seed, 2, shot, number])
        # A tripod that nobody touches does not exist: pairs have to be registered.
        dy, dx, turn = rng.normal(0, 1, 3) * (_WOBBLE_PX, _WOBBLE_PX, _WOBBLE_DEG)
        values = mosaic(blurred(shaken(scene, (dy, dx), turn), fields[role]), camera) * level
        raw = exposed(values, camera, settings.iso, rng)
        aperture = settings.sharp_aperture if role == "sharp" else settings.degraded_aperture
        write_shot(path, raw, settings, camera, aperture, number)


def write_evaluation(folder: Path, settings: VirtualSettings) -> tuple[Path, Path]:
    """Write the kept-out scene as `degraded_photo` and `reference_photo` of a `VirtualDataset`."""
    camera = settings.camera
    degraded = blur_field(settings.lens, settings.degraded_aperture, settings.size)
    # Beyond the numbers of all scenes of both folders.
    number = 2 * settings.n_photos + 17
    # Of photos: gains are to be those of users' scenes.
    # And like those that the degraded folder shows.
    pool = None if settings.pools is None else settings.pools.degraded
    scene = draw_scene(settings, number, held_out=True, pool=pool)
    level = np.float32(exposure(scene, camera))
    rng = np.random.default_rng([settings.seed, 3])
    raw = exposed(mosaic(blurred(scene, degraded), camera) * level, camera, settings.iso, rng)
    suffix = suffix_of(settings.sensor)
    paths = folder / f"degraded{suffix}", folder / f"reference{suffix}"
    write_shot(paths[0], raw, settings, camera, settings.degraded_aperture, 98)
    # What a perfect correction would give: the reference of the PSF.
    on_axis = blur_field(settings.lens, settings.sharp_aperture, settings.size, on_axis=True)
    clean = quantised(mosaic(blurred(scene, on_axis), camera) * level, 0, _FINE_WHITE)
    # Rounding alone; a noise profile must not say 0.
    no_noise = (1e-9, 1 / 12 / _FINE_WHITE**2)
    write_shot(
        paths[1],
        clean,
        settings,
        camera,
        settings.sharp_aperture,
        99,
        levels=(0, _FINE_WHITE),
        noise=no_noise,
    )
    return paths


def draw_scene(
    settings: VirtualSettings,
    number: int,
    *,
    held_out: bool = False,
    pool: PhotoPool | None = None,
) -> NDArray[np.float32]:
    """Scene `number` of a dataset, of the pool's photos: float32 [h, w, 3], linear light."""
    # Three quarters dead leaves, which have detail everywhere; photos are what users take. Leaves'
    # outlines are alike in all scenes: where folders are to differ, there are none.
    photos_only = held_out or pool is not None or number % 4 == 3
    kind = SceneKind.COLLAGE if photos_only else SceneKind.LEAVES
    rng = np.random.default_rng([settings.seed, 1, number])
    files = None if pool is None else _subjects(pool, rng)
    return make_scene(kind, scene_size(settings.size), rng, files)


def _subjects(pool: PhotoPool, rng: np.random.Generator) -> tuple[Path, ...]:
    """Some of a pool's photos: those of one folder differ from each other, as a user's do."""
    n = min(SUBJECTS_A_SCENE, len(pool.files))
    return tuple(pool.files[i] for i in sorted(rng.choice(len(pool.files), n, replace=False)))


def write_shot(
    path: Path,
    raw: NDArray[np.uint16],
    settings: VirtualSettings,
    camera: VirtualCamera,
    aperture: float,
    number: int,
    *,
    levels: tuple[int, int] | None = None,
    noise: tuple[float, float] | None = None,
) -> None:
    """Write RAW values as photo `number` of the virtual lens; black and white level and noise are
    the camera's own."""
    black, white = levels or (camera.black, camera.white)
    profile = [noise or camera.noise(settings.iso)] * 3
    if camera.sensor is Sensor.DEMOSAICED:
        raw = demosaiced(raw, camera.white_balance, black, white, camera.cfa)
        # It would be that of the mosaic, which the file no longer holds.
        profile = []
    second = 0 if aperture == settings.sharp_aperture else 30
    info = DngInfo(
        cfa=pattern_in_file(camera.sensor, camera.cfa),
        black=black,
        white=white,
        make=camera.make,
        model=camera.model,
        lens=settings.lens.name,
        f_number=aperture,
        focal_mm=settings.lens.focal_mm,
        iso=settings.iso,
        # The same light at every aperture: 1/1000 s at f/1.8 and ISO 200.
        exposure_s=aperture**2 / 1.8**2 / 1000 * 200 / settings.iso,
        date_time=f"2026:05:01 12:{number % 60:02d}:{second:02d}",
        noise_profile=profile[:1] if camera.sensor is Sensor.MONOCHROME else profile,
        colour_matrix=camera.colour_matrix,
        as_shot_neutral=camera.as_shot_neutral,
        pixel_pitch_um=settings.lens.pixel_pitch_um,
    )
    if camera.sensor is Sensor.PNG:
        write_png(path, developed(raw, camera.white_balance, black, white), info)
    else:
        write_raw_dng(path, raw, info, compress=settings.compress)
