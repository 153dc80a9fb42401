"""What files that are dropped on the window are meant for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lenscal.project import SUFFIX
from lenscal.session import Session, Source, Step
from lenscal.translation import translatable


@dataclass(frozen=True, slots=True)
class Dropped:
    """One of these is given; `problem` where nothing can be made of the files."""

    project: Path | None = None
    psf: Path | None = None
    photo: Path | None = None
    batch: tuple[Path, ...] = ()
    """Photos to be written."""
    sources: tuple[Source, Source] | None = None
    problem: str = ""


def meant_for(paths: Sequence[Path], session: Session, step: Step) -> Dropped:
    """Projects and PSFs are opened, photos go where they are missing.

    Two folders become the sharp and the degraded photos by their apertures. A photo that is dropped
    where photos are corrected is the one to correct; where photos are written, all join the list.
    """
    from lenscal.files.psf.opening import is_psf
    from lenscal.intake.photo_files import PHOTO_EXTENSIONS

    # A project or a PSF goes alone: what was dropped along with it is left.
    first = paths[0]
    if first.suffix.lower() == SUFFIX:
        return Dropped(project=first)
    if is_psf(first):
        return Dropped(psf=first)
    folders = tuple(p for p in paths if p.is_dir())
    photos = _photos_of([p for p in paths if p.suffix.lower() in PHOTO_EXTENSIONS and p.is_file()])
    if not photos and not folders:
        return Dropped(
            problem=translatable(
                "{file} is no photo, folder, project ({project}) or profile (.lenscal)",
                file=first.name,
                project=SUFFIX,
            )
        )
    if step is Step.CORRECT and photos:
        return Dropped(photo=photos[0])
    # There, a folder means its photos; elsewhere, a set to learn from.
    if step is Step.EXPORT:
        # Each folder by itself: one may hold RAW photos and the next one pictures.
        inside = (photo for folder in folders for photo in _photos_of([folder]))
        return Dropped(batch=(*photos, *inside))
    if len(folders) == 2:
        # The smaller aperture is the sharp one; where none is known, in the order of the drop.
        one, other = ((folder,) for folder in folders)
        if (aperture_of(folders[0]) or 0) < (aperture_of(folders[1]) or 0):
            one, other = other, one
        return Dropped(
            sources=(replace(session.sharp, paths=one), replace(session.degraded, paths=other))
        )
    # The first set that is missing, sharp before degraded, as the work goes.
    sources = photos or folders
    if not session.sharp.paths:
        return Dropped(sources=(replace(session.sharp, paths=sources), session.degraded))
    if not session.degraded.paths:
        return Dropped(sources=(session.sharp, replace(session.degraded, paths=sources)))
    return Dropped(
        problem=translatable(
            "both sets of photos have already been chosen: drop onto the one in step 1 "
            "that you want to replace"
        )
    )


def _photos_of(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The photos among files or in a folder; none where there are none."""
    from lenscal.errors import LenscalError
    from lenscal.intake.photo_files import find_photos

    try:
        return find_photos(paths).files if paths else ()
    except LenscalError:
        return ()


def aperture_of(folder: Path) -> float | None:
    """F-number of the first photo of a folder; None where it does not tell."""
    from lenscal.errors import LenscalError
    from lenscal.intake.photo_files import find_photos
    from lenscal.raw.metadata import read_info

    # The first photo speaks for the folder: reading all would keep a drop waiting.
    try:
        return read_info(find_photos([folder]).files[0], ask_libraw=False).aperture
    except LenscalError:
        return None
