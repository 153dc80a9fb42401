"""Everything that lenscal writes, small: how it is written, and how it is read again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import tifffile

from lenscal.files.checkpoint import CheckpointFile
from lenscal.files.field_csv import write_points
from lenscal.files.photos.dng import DngInfo, write_raw_dng
from lenscal.files.photos.export_settings import ExportSettings, OnConflict, PhotoFormat
from lenscal.files.photos.photo_files import AsTaken, MaskFile, write_photo
from lenscal.files.psf.profile import Profile, read_profile, write_profile
from lenscal.files.psf.psf_export import export_psf
from lenscal.files.psf.psf_fits import read_fits
from lenscal.files.psf.psf_npz import read_npz, write_npz
from lenscal.files.report import content
from lenscal.files.report.content import lens_report
from lenscal.files.report.document import Document, as_html
from lenscal.optics.psf_grid import PsfGrid, delta_grid
from lenscal.preferences import PreferencesFile
from lenscal.project import Project, read_project, write_project
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import Frame

SIZE = (64, 96)


@dataclass(frozen=True)
class Writer:
    """One kind of file, or of files that belong together.

    write : into a folder, with what depends on a number; returns the files
    read : raises where they are not whole
    is_set : of several files
    """

    write: Callable[[Path, int], Sequence[Path]]
    read: Callable[[Path], object]
    is_set: bool = False


def grid(n: int) -> PsfGrid:
    """Another one for each number."""
    plain = delta_grid((2, 2), 5, SIZE)
    kernels = plain.kernels.copy()
    kernels[..., 2, 2] -= 0.01 * (n + 1)
    kernels[..., 2, 1] += 0.01 * (n + 1)
    return replace(plain, kernels=kernels)


def profile(n: int) -> Profile:
    return Profile(grid(n), camera="Camera", lens=f"Lens {n}", aperture_degraded=1.8)


@lru_cache
def frame(photo: Path) -> Frame:
    return decode_photo(photo)


def photo_writer(form: PhotoFormat, with_mask: bool = False) -> Writer:
    suffix = {"tiff": "tif", "jpeg": "jpg"}.get(form.value, form.value)

    def write(folder: Path, n: int) -> Sequence[Path]:
        taken = frame(folder.parent / "original" / "photo.dng")
        export = ExportSettings(folder, form, on_conflict=OnConflict.OVERWRITE)
        path = folder / f"photo.{suffix}"
        mask = MaskFile(folder / "photo_mask.png", np.full(SIZE, n, np.uint8))
        write_photo(
            path, AsTaken(taken), taken.header, export, f"n {n}", mask if with_mask else None
        )
        return [path, mask.path] if with_mask else [path]

    def read(folder: Path) -> object:
        import imagecodecs

        path = folder / f"photo.{suffix}"
        match form:
            case PhotoFormat.PNG:
                pixels = imagecodecs.png_decode(path.read_bytes())
            case PhotoFormat.JPEG:
                pixels = imagecodecs.jpeg8_decode(path.read_bytes())
            case PhotoFormat.DNG:
                pixels = decode_photo(path).rgb
            case _:
                pixels = tifffile.imread(path)
        assert pixels.shape[:2] == SIZE
        if with_mask:
            mask = imagecodecs.png_decode((folder / "photo_mask.png").read_bytes())
            assert mask.shape[:2] == SIZE
        return pixels

    return Writer(write, read, is_set=with_mask)


def _profile(folder: Path, n: int) -> Sequence[Path]:
    return [write_profile(folder / "lens.lenscal", profile(n))]


def _npz(folder: Path, n: int) -> Sequence[Path]:
    return [write_npz(grid(n), folder / "psf.npz")]


def _exported(folder: Path, n: int) -> Sequence[Path]:
    return export_psf(grid(n), folder, "fits")


@lru_cache
def _report_html(n: int) -> str:
    """Drawing its plots takes a hundred times as long as writing it."""
    return as_html(lens_report(profile(n), "lens"))


def _report(folder: Path, n: int) -> Sequence[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "as_html", lambda document: _report_html(n))
        return [content.write_report(lens_document(n), folder / "report.html")]


@lru_cache
def lens_document(n: int) -> Document:
    return lens_report(profile(n), "lens")


def _checkpoint(folder: Path, n: int) -> Sequence[Path]:
    file = CheckpointFile(folder / "lens.lenscal.checkpoint", resume=True)
    file.save({"n": n}, {"kernels": np.full((50, 50), n, np.float32)})
    return [file.path]


def _read_checkpoint(folder: Path) -> object:
    loaded = CheckpointFile(folder / "lens.lenscal.checkpoint", resume=True).load()
    assert loaded is not None
    return loaded


def _project(folder: Path, n: int) -> Sequence[Path]:
    return [write_project(folder / "p.lenscal-project", Project(), {"n": str(n)})]


def _preferences(folder: Path, n: int) -> Sequence[Path]:
    file = PreferencesFile(folder / "window.json")
    # Whoever chooses something goes on with it, whether it can be kept or not.
    file.change(threads=n % 8 + 1)
    assert file.values.threads == n % 8 + 1
    return [folder / "window.json"]


def _read_preferences(folder: Path) -> object:
    file = PreferencesFile(folder / "window.json")
    assert not file.problem
    return file.values


def _virtual(folder: Path, n: int) -> Sequence[Path]:
    path = folder / "virtual.dng"
    info = DngInfo(
        cfa="RGGB",
        black=512,
        white=16383,
        make="Lenscal",
        model="Lenscal Test",
        lens=f"Lens {n}",
        f_number=1.8,
        focal_mm=35.0,
        iso=100,
        exposure_s=0.01,
        date_time="2026:01:02 03:04:05",
        noise_profile=[(1e-5, 1e-7)],
        colour_matrix=np.eye(3),
        as_shot_neutral=(0.5, 1.0, 0.625),
    )
    write_raw_dng(path, np.full(SIZE, 600 + n, np.uint16), info)
    return [path]


def _points(folder: Path, n: int) -> Sequence[Path]:
    return [write_points(folder / "points.csv", {"a": [(0.0, float(n)), (1.0, 2.0)]})]


WRITERS = {
    "profile": Writer(_profile, lambda folder: read_profile(folder / "lens.lenscal")),
    "npz": Writer(_npz, lambda folder: read_npz(folder / "psf.npz")),
    "exported PSF": Writer(_exported, read_fits, is_set=True),
    "report": Writer(
        _report,
        lambda folder: (folder / "report.html").read_text("utf-8").index("</html>"),
    ),
    "checkpoint": Writer(_checkpoint, _read_checkpoint),
    "project": Writer(_project, lambda folder: read_project(folder / "p.lenscal-project")),
    "preferences": Writer(_preferences, _read_preferences),
    "virtual photo": Writer(
        _virtual, lambda folder: tifffile.imread(folder / "virtual.dng").sum(dtype=int)
    ),
    "points": Writer(_points, lambda folder: (folder / "points.csv").read_text("utf-8")),
    "tiff and mask": photo_writer(PhotoFormat.TIFF, with_mask=True),
    "dng": photo_writer(PhotoFormat.DNG),
    "png": photo_writer(PhotoFormat.PNG),
    "jpeg": photo_writer(PhotoFormat.JPEG),
}
