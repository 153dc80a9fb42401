"""Opening a PSF and writing it in its forms: profile, report, PSF files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile
    from lenscal.files.report import Block
    from lenscal.optics.psf_grid import PsfGrid

    WritePdf = Callable[[Sequence[Block], str, Path], Path]


@dataclass(frozen=True, slots=True, eq=False)
class OpenedPsf:
    """A PSF with the file or folder that it came from."""

    psf: PsfGrid
    profile: Profile | None
    path: Path


def open_psf(path: Path) -> Job[OpenedPsf]:
    """A profile, or a folder of PSF files."""
    from lenscal.files.psf.profile import read_profile
    from lenscal.files.psf.psf_files import read_psf

    yield Report("open", translatable("Opening {file}", file=path.name))
    if path.is_file() and path.suffix == ".lenscal":
        profile = read_profile(path)
        return OpenedPsf(profile.psf, profile, path)
    return OpenedPsf(read_psf(path), None, path)


def save_profile(profile: Profile, path: Path) -> Job[Path]:
    """Write a profile file."""
    from lenscal.files.psf.profile import write_profile

    yield Report("export", translatable("Writing {file}", file=path.name))
    return write_profile(path, profile)


def write_report(psf: PsfGrid | Profile, name: str, path: Path, write_pdf: WritePdf) -> Job[Path]:
    """An HTML or, by the suffix, a PDF file; `write_pdf` draws the latter."""
    from lenscal.files import report

    yield Report("export", translatable("Writing {file}", file=path.name))
    if path.suffix.lower() != ".pdf":
        return report.write_report(psf, path, name)
    return write_pdf(report.report_blocks(psf, name), f"Lens report: {name}", path)


def export_psf(
    psf: PsfGrid, profile: Profile | None, folder: Path, formats: Sequence[str]
) -> Job[list[Path]]:
    """PSF files of each format of PSF_FORMATS that is asked for."""
    from lenscal.files.psf import psf_export, psf_files

    provenance = profile.provenance if profile is not None else psf_files.NO_PROVENANCE
    paths: list[Path] = []
    for number, form in enumerate(formats):
        message = translatable("Writing {form} files to {folder}", form=form, folder=folder)
        yield Report("export", message, number / len(formats), number)
        paths += psf_export.export_psf(psf, folder, form, provenance)
    return paths
