"""What the window has done in its worker thread: the jobs, and the little work around them. No Qt.

Everything heavy is imported here inside the functions, so that it happens in the worker thread.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lenscal.errors import InputError, LenscalError
from lenscal.gui.images import pyramid
from lenscal.reports import Report
from lenscal.restore.settings import RestoreSettings
from lenscal.session import Comparison, Source, Unfinished
from lenscal.stepping import Job
from lenscal.system.preload import preload

if TYPE_CHECKING:
    import numpy as np

    from lenscal.calibrate.result import Calibration
    from lenscal.calibrate.settings import CalibrationSettings
    from lenscal.files.checkpoint import CheckpointFile
    from lenscal.files.photos.export_settings import ExportSettings
    from lenscal.files.psf.profile import Profile
    from lenscal.gui.preview import Developed
    from lenscal.intake.folder import Inputs
    from lenscal.jobs import PhotoResult
    from lenscal.optics.psf_grid import PsfGrid
    from lenscal.raw.frame import Frame

T = TypeVar("T")

THUMBNAIL_PX = 160
DEVICE = "device"
"""Stage of the report that says which device computes: its message is "cpu", "cuda" or "mps"."""
PSF_FORMATS = ("fits", "npz", "tiff", "csv")


@dataclass(frozen=True, slots=True, eq=False)
class ReadPhotos:
    inputs: Inputs
    thumbnails: Mapping[Path, np.ndarray]
    pitch_um: float | None = None
    """Distance of the sensor's pixels, where the photos to correct tell."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    calibration: Calibration
    profile: Profile
    path: Path | None
    """Where it was kept; None where the disk did not take it (`problem` says why)."""
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class OpenedPsf:
    psf: PsfGrid
    profile: Profile | None
    path: Path


@dataclass(frozen=True, slots=True)
class VirtualPhotos:
    """The virtual lens's folders, a photo to try the correction on, and what a calibration should
    find."""

    sharp: Path
    degraded: Path
    evaluation: Path
    truth: PsfGrid


def read_photos(sharp: Source, degraded: Source, cache: Path) -> Job[ReadPhotos]:
    """Import both sets and make thumbnails; whether they can be calibrated is asked when that
    begins."""
    from lenscal import jobs
    from lenscal.files.photos.photo_preview import glance
    from lenscal.intake.folder import Overrides
    from lenscal.raw.metadata import read_pixel_pitch_um

    inputs = yield from jobs.import_photos(
        sharp.paths,
        degraded.paths,
        sharp_overrides=Overrides(
            aperture=sharp.aperture, lens=sharp.lens, focal_mm=sharp.focal_mm
        ),
        degraded_overrides=Overrides(
            aperture=degraded.aperture, lens=degraded.lens, focal_mm=degraded.focal_mm
        ),
        cache=cache,
        only_look=True,
    )
    thumbnails = {}
    rejected = (*inputs.sharp.rejected, *inputs.degraded.rejected)
    frames = [
        *inputs.sharp.frames,
        *inputs.degraded.frames,
        *(r.judged.frame for r in rejected if r.judged),
    ]
    for number, frame in enumerate(frames):
        yield Report(
            "import", f"Preparing the view of {frame.info.path.name}", number / len(frames), number
        )
        thumbnails[frame.info.path] = thumbnail(frame)
    for path in (r.path for r in rejected if r.judged is None):
        yield Report("import", f"Looking for the preview of {path.name}")
        pixels = glance(path).pixels
        if pixels is not None:
            thumbnails[path] = pixels
    first = next(iter(inputs.degraded.frames), None)
    return ReadPhotos(
        inputs, thumbnails, None if first is None else read_pixel_pitch_um(first.info.path)
    )


def thumbnail(frame: Frame) -> np.ndarray:
    """uint8 sRGB [h, w, 3], the longer side THUMBNAIL_PX px or a little more."""
    step = max(max(frame.size) // THUMBNAIL_PX, 1)
    rgb = frame.rgb[::step, ::step].astype("float32") * frame.rgb_scale
    return to_screen(rgb, frame)


def to_screen(rgb: np.ndarray, frame: Frame, *, turned: bool = True) -> np.ndarray:
    """Camera-linear float32 [h, w, 3] as uint8 sRGB for the screen, upright, through the same code
    as an export."""
    import numpy as np

    from lenscal.files.photos.colour import SPACES, develop
    from lenscal.files.photos.export_settings import Space
    from lenscal.files.photos.photo_files import upright

    pixels = develop(rgb, frame.colour_matrix, SPACES[Space.SRGB], np.dtype(np.uint8))
    return upright(pixels, frame.info.orientation) if turned else pixels


def calibrate(
    inputs: Inputs, settings: CalibrationSettings, keep_in: Path, *, resume: bool = False
) -> Job[Calibrated]:
    """Calibrate, and keep the profile in a folder at once, so that nothing learnt is lost.

    Checkpoints are kept there too: with `resume`, the calibration goes on from the last one.
    """
    from lenscal import jobs
    from lenscal.intake.inputs import refuse_hopeless

    refuse_hopeless(inputs)
    yield Report("start", "Starting the numerical engine")
    yield from preload()
    from lenscal.system.device import pick_device

    yield Report(DEVICE, pick_device(settings.device).type)
    checkpoint = _checkpoint(inputs, keep_in, resume=resume)
    with suppress(OSError):
        checkpoint.path.parent.mkdir(parents=True, exist_ok=True)
    calibration = yield from jobs.calibrate(inputs, settings, checkpoint=checkpoint)
    yield Report("profile", "Keeping the profile", 1.0, kernels=calibration.psf.kernels.copy())
    profile = jobs.build_profile(inputs, calibration, settings)
    try:
        path = _keep(profile, keep_in)
    except (OSError, LenscalError) as error:
        return Calibrated(calibration, profile, None, str(error))
    if calibration.finished == "done":
        with suppress(OSError):
            checkpoint.remove()
    return Calibrated(calibration, profile, path)


def _checkpoint(inputs: Inputs, keep_in: Path, *, resume: bool = False) -> CheckpointFile:
    """Where the calibration of these photos keeps what it needs to go on."""
    from lenscal.files.checkpoint import CheckpointFile

    photos = [
        [str(frame.info.path.absolute()) for frame in s.frames]
        for s in (inputs.sharp, inputs.degraded)
    ]
    name = hashlib.sha256(repr(photos).encode()).hexdigest()[:16]
    return CheckpointFile(keep_in / "unfinished" / f"{name}.checkpoint", resume)


def unfinished(inputs: Inputs, keep_in: Path) -> Unfinished | None:
    """The interrupted calibration of these photos, if there is one."""
    from lenscal.calibrate.settings import CalibrationSettings, Quality, Stages

    checkpoint = _checkpoint(inputs, keep_in)
    values = checkpoint.values() if checkpoint.path.exists() else None
    if values is None:
        return None
    try:
        told = values["made_from"]["settings"]
        settings = CalibrationSettings(
            quality=Quality(told["quality"]),
            grid=tuple(told["grid"]),
            seed=int(told["seed"]),
            stages=Stages(told["stages"]),
            kernel_size=None if (size := told["kernel_size"]) is None else int(size),
        )
        return Unfinished(
            settings, tuple(str(name) for name in values["completed"]), float(values["seconds"])
        )
    except (KeyError, TypeError, ValueError, LenscalError):
        return None


def _keep(profile: Profile, folder: Path) -> Path:
    from lenscal.files.psf.profile import write_profile

    folder.mkdir(parents=True, exist_ok=True)
    words = (profile.lens or profile.camera or "lens", datetime.now().strftime("%Y-%m-%d %H-%M-%S"))
    name = " ".join(
        "".join(c if c.isalnum() or c in "-._ " else "-" for c in word) for word in words
    )
    return write_profile(folder / f"{name}.lenscal", profile)


def open_psf(path: Path) -> Job[OpenedPsf]:
    """A profile, or a folder of PSF files."""
    from lenscal.files.psf.profile import read_profile
    from lenscal.files.psf.psf_files import read_psf

    yield Report("open", f"Opening {path.name}")
    if path.is_file() and path.suffix == ".lenscal":
        profile = read_profile(path)
        return OpenedPsf(profile.psf, profile, path)
    return OpenedPsf(read_psf(path), None, path)


def compare(
    psf: PsfGrid | Profile,
    photo: Path,
    settings: RestoreSettings,
    developed: Developed | None = None,
) -> Job[tuple[Comparison, tuple[str, ...]]]:
    """Correct one photo for the screen. Also what in it does not fit the profile, in words.

    developed : the photo where it was read already
    """
    import numpy as np

    from lenscal import jobs
    from lenscal.files.photos.photo_files import upright
    from lenscal.files.psf.profile import Profile
    from lenscal.raw.decode import decode_photo

    yield Report("correct", "Starting the numerical engine")
    yield from preload()
    from lenscal.restore.photo import restore

    yield Report("correct", f"Reading {photo.name}", 0.0)
    frame = developed.frame if developed is not None else decode_photo(photo)
    doubts = jobs.mismatches(psf, frame)
    grid = psf.psf if isinstance(psf, Profile) else psf
    if grid.image_size != frame.size:
        raise InputError("; ".join(doubts) + ": choose a photo of the calibrated camera")
    weight = np.empty(frame.size, np.float32)
    rgb, _ = yield from jobs.follow(restore(frame, grid, settings, mask=weight), 0.05, 0.9)
    yield Report("correct", "Preparing the view", 0.9)
    after = pyramid(to_screen(rgb, frame))
    del rgb
    yield Report("correct", "Preparing the view", 0.95)
    whole = slice(None), slice(None)
    before = (
        developed.before
        if developed is not None
        else pyramid(to_screen(frame.rgb_tile(*whole), frame))
    )
    yield Report("correct", "Preparing the mask", 0.97)
    grey = (weight * 255 + 0.5).astype(np.uint8)
    mask = upright(grey, frame.info.orientation)
    return Comparison(photo, settings, before, after, mask), tuple(doubts)


def export_photos(
    psf: PsfGrid | Profile,
    photos: Sequence[Path],
    settings: RestoreSettings,
    export: ExportSettings,
    *,
    save_mask: bool = False,
    force: bool = False,
    kept: list[PhotoResult] | None = None,
) -> Job[list[PhotoResult]]:
    """Photos that do not fit the profile are left out with the reason, or corrected with a warning
    (`force`).

    However it ends, `kept` holds what became of the photos that it had come to.
    """
    from lenscal import jobs

    yield Report("correct", "Starting the numerical engine")
    yield from preload()
    export.out.mkdir(parents=True, exist_ok=True)
    return (
        yield from jobs.correct(
            psf, photos, settings, export, force=force, save_mask=save_mask, kept=kept
        )
    )


def save_profile(profile: Profile, path: Path) -> Job[Path]:
    from lenscal.files.psf.profile import write_profile

    yield Report("export", f"Writing {path.name}")
    return write_profile(path, profile)


def write_report(psf: PsfGrid | Profile, name: str, path: Path) -> Job[Path]:
    """An HTML or, by the suffix, a PDF file."""
    from lenscal.files import report

    yield Report("export", f"Writing {path.name}")
    if path.suffix.lower() != ".pdf":
        return report.write_report(psf, path, name)
    from lenscal.gui.pdf import write_pdf

    return write_pdf(report.report_blocks(psf, name), f"Lens report: {name}", path)


def export_psf(
    psf: PsfGrid, profile: Profile | None, folder: Path, formats: Sequence[str]
) -> Job[list[Path]]:
    """PSF files of each format of PSF_FORMATS that is asked for."""
    from lenscal.files.psf import psf_export, psf_files

    provenance = profile.provenance if profile is not None else psf_files.NO_PROVENANCE
    written: list[Path] = []
    for number, form in enumerate(formats):
        yield Report("export", f"Writing {form} files to {folder}", number / len(formats), number)
        written += psf_export.export_psf(psf, folder, form, provenance)
    return written


def virtual_photos(
    out: Path, *, size: tuple[int, int], n_photos: int, seed: int = 0
) -> Job[VirtualPhotos]:
    """Take the virtual lens's photos: real RAW files of a lens whose aberrations are known."""
    from lenscal.virtual.dataset import VirtualSettings, write_dataset

    settings = VirtualSettings(size=size, n_photos=n_photos, seed=seed)
    dataset = yield from write_dataset(out, settings)
    return VirtualPhotos(
        dataset.sharp_folder, dataset.degraded_folder, dataset.degraded_photo, dataset.truth
    )


@dataclass(frozen=True, slots=True)
class Tasks:
    """The work that the window can start; each makes a generator."""

    read_photos: Callable[..., Job[ReadPhotos]] = read_photos
    calibrate: Callable[..., Job[Calibrated]] = calibrate
    unfinished: Callable[[Any, Path], Unfinished | None] = unfinished
    open_psf: Callable[..., Job[OpenedPsf]] = open_psf
    compare: Callable[..., Job[Any]] = compare
    export_photos: Callable[..., Job[Any]] = export_photos
    save_profile: Callable[..., Job[Path]] = save_profile
    write_report: Callable[..., Job[Path]] = write_report
    export_psf: Callable[..., Job[list[Path]]] = export_psf
    virtual_photos: Callable[..., Job[VirtualPhotos]] = virtual_photos
