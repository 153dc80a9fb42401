"""Which photos of a folder are decoded: by their metadata, before the first one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lenscal.errors import InputError
from lenscal.intake.copies import find_copies
from lenscal.intake.grouping import Overrides, group_by_aperture, pick_photos, role_in_words
from lenscal.intake.inputs import Rejected, reasons_in_words
from lenscal.intake.photo_files import FoundPhotos
from lenscal.raw.frame import PhotoInfo
from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.translation import translatable

_CLEAR_MAJORITY, _FEWEST = 0.75, 3
"""Where so many photos of a folder, and no fewer than three, have one aperture, another one is a
mistake; with fewer, the user has to choose."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The photos of a folder to decode, and those that are left out before that."""

    photos: tuple[PhotoInfo, ...]
    rejected: tuple[Rejected, ...]
    notes: tuple[str, ...] = ()
    """What lies beside the photos, and is left out."""


def select_photos(found: FoundPhotos, overrides: Overrides, role: str) -> Job[Selection]:
    """Read the metadata of photos and pick those to decode.

    Raises
    ------
    InputError
        As `pick_photos`; also where no file can be read.
    """
    from lenscal.raw.metadata import read_info

    # A copy adds nothing, but would weigh a photo twice.
    copies = yield from find_copies(found.files)
    rejected = [_copy(path, original) for path, original in copies.items()]
    files = [path for path in found.files if path not in copies]
    infos = []
    for n, path in enumerate(files):
        message = translatable(
            "Reading the metadata of {name} ({n} of {files} {role} photos)",
            name=path.name,
            n=n + 1,
            files=len(files),
            role=role_in_words(role),
        )
        yield Report("import", message, 0.0, n)
        # LibRaw would unpack every photo here, and again when it is decoded.
        infos.append(read_info(path, ask_libraw=False))
    try:
        photos = pick_photos(infos, overrides, role)
    except InputError:
        # Damaged files may say anything: leave them out before complaining of what does not fit.
        selection = yield from _select_readable(infos, overrides, role, rejected)
        return replace(selection, notes=found.notes)
    unpicked = yield from _without_aperture(infos, photos)
    return Selection(photos, (*unpicked, *rejected), found.notes)


def _select_readable(
    infos: Sequence[PhotoInfo], overrides: Overrides, role: str, copies: Sequence[Rejected]
) -> Job[Selection]:
    """Pick among the photos that LibRaw can unpack."""
    from lenscal.raw.decode import probe
    from lenscal.raw.metadata import read_info

    readable, rejected = [], []
    for n, info in enumerate(infos):
        message = translatable("Examining {name}", name=info.path.name)
        yield Report("import", message, 0.0, n)
        reason = probe(info.path, info)
        if reason:
            rejected.append(Rejected(info.path, reason))
        else:
            readable.append(read_info(info.path))
    if not readable:
        raise none_readable(rejected, role)
    # Who has typed in an aperture has chosen.
    if overrides.aperture is None:
        readable, other_apertures = _without_wrong_apertures(readable)
        rejected += other_apertures
    return Selection(pick_photos(readable, overrides, role), (*rejected, *copies))


def none_readable(rejected: Sequence[Rejected], role: str) -> InputError:
    """The error of a folder without a photo that can be read."""
    return InputError(
        translatable(
            "none of the {role} photos can be read ({reasons}): choose other files",
            role=role_in_words(role),
            reasons=reasons_in_words(rejected),
        )
    )


def _copy(path: Path, original: Path) -> Rejected:
    reason = translatable("a copy of {name}: each photo counts once", name=original.name)
    return Rejected(path, reason, kind="copy")


def _without_aperture(
    infos: Sequence[PhotoInfo], picked: Sequence[PhotoInfo]
) -> Job[list[Rejected]]:
    """Photos that a typed-in aperture has not picked because they do not say theirs: most often
    damaged files."""
    from lenscal.raw.decode import probe

    picked_paths = {info.path for info in picked}
    rejected = []
    for info in infos:
        if info.aperture is not None or info.path in picked_paths:
            continue
        yield Report("import", translatable("Examining {name}", name=info.path.name), 0.0)
        if reason := probe(info.path, info):
            rejected.append(Rejected(info.path, reason))
        else:
            reason = translatable("it does not say its aperture")
            rejected.append(Rejected(info.path, reason, kind="no aperture"))
    return rejected


def _without_wrong_apertures(
    infos: list[PhotoInfo],
) -> tuple[list[PhotoInfo], list[Rejected]]:
    """Where nearly all photos of a folder say one aperture, those that say another are left out."""
    groups = group_by_aperture(infos)
    # Damaged metadata say anything: a single photo outvoted by its folder is most likely that.
    usual, majority = max(groups.items(), key=lambda item: len(item[1]))
    if usual is None or len(majority) < max(_FEWEST, _CLEAR_MAJORITY * len(infos)):
        return infos, []
    in_majority = {info.path for info in majority}
    others = [info for info in infos if info.path not in in_majority]
    rejected = [_wrong_aperture(info, usual) for info in others]
    return list(majority), rejected


def _wrong_aperture(info: PhotoInfo, usual: float) -> Rejected:
    aperture = f"f/{info.aperture:.2g}" if info.aperture else translatable("none")
    reason = translatable(
        "wrong aperture: it says {aperture}, the other photos of its folder f/{usual:g}",
        aperture=aperture,
        usual=usual,
    )
    return Rejected(info.path, reason, kind="wrong aperture")
