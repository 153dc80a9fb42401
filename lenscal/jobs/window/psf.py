"""Opening a PSF and writing it in its forms: profile, report, PSF files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.translation import Translatable, translatable

if TYPE_CHECKING:
    from lenscal.files.photos.export_settings import Look
    from lenscal.files.psf.profile import Profile
    from lenscal.files.report.document import Document
    from lenscal.session import Comparison

    WritePdf = Callable[[Document, Path], Path]


@dataclass(frozen=True, slots=True, eq=False)
class OpenedPsf:
    """A PSF (bare where it is from elsewhere) with the file or folder that it came from."""

    profile: Profile
    path: Path
    doubts: tuple[Translatable, ...] = ()
    """Why the kernels may be no lens's."""


def open_psf(path: Path) -> Job[OpenedPsf]:
    """Whatever holds a PSF: a profile, an npz file, a folder of PSF files."""
    from lenscal.files.psf import opening
    from lenscal.optics.plausibility import impossibilities, irregularities

    yield Report("open", translatable("Opening {file}", file=path.name))
    profile = opening.open_psf(path)
    return OpenedPsf(profile, path, (*impossibilities(profile.psf), *irregularities(profile.psf)))


def save_profile(profile: Profile, path: Path, private: bool = False) -> Job[Path]:
    """Write a profile file; `private`: as `without_identity` has it."""
    from lenscal.files.psf.profile import write_profile
    from lenscal.files.write_claim import only_writer

    yield Report("export", translatable("Writing {file}", file=path.name))
    busy = translatable(
        "{path}: another lenscal that is running writes it; wait, or choose another name", path=path
    )
    with only_writer(path, busy):
        return write_profile(path, without_identity(profile) if private else profile)


def without_identity(profile: Profile) -> Profile:
    """A profile to give away: neither serial numbers nor names and hashes of photos."""
    from lenscal.files.psf import sharing

    return sharing.without_identity(profile)


def write_report(document: Document, path: Path, write_pdf: WritePdf) -> Job[Path]:
    """An HTML or, by the suffix, a PDF file; `write_pdf` draws the latter."""
    from lenscal.files.report import content

    yield Report("export", translatable("Writing {file}", file=path.name))
    # Qt draws the PDF, and nothing below the window knows Qt: the drawing is handed in.
    if path.suffix.lower() != ".pdf":
        return content.write_report(document, path)
    return write_pdf(document, path)


def lens_report(
    profile: Profile,
    name: str,
    comparison: Comparison | None,
    pitch_um: float | None,
    look: Look,
) -> Document:
    """A report on a profile, with parts of a photo that was corrected with it, if there is one, as
    bright as it is looked at."""
    from lenscal.files.report import content
    from lenscal.files.report.crops import crops_of

    crops = None
    if comparison is not None:
        crops = crops_of(comparison.before[0], comparison.after[0], look, comparison.how)
    return content.lens_report(profile, name, crops, pitch_um)


def export_psf(profile: Profile, folder: Path, formats: Sequence[str]) -> Job[list[Path]]:
    """PSF files of each format of PSF_FORMATS that is asked for."""
    from lenscal.files.psf import psf_export

    paths: list[Path] = []
    for number, form in enumerate(formats):
        message = translatable("Writing {form} files to {folder}", form=form, folder=folder)
        yield Report("export", message, number / len(formats), number)
        paths += psf_export.export_psf(profile.psf, folder, form, profile.provenance)
    return paths
