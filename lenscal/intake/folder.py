"""Folders of RAW photos to frames: the start of every job."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from lenscal.errors import InputError, PhotoError
from lenscal.intake.grouping import (
    Overrides,
    check_no_photo_twice,
    check_same_setup,
    role_in_words,
)
from lenscal.intake.inputs import (
    ImportedFolder,
    Inputs,
    JudgedPhoto,
    Rejected,
    judge_folders,
    refuse_hopeless,
)
from lenscal.intake.photo_files import find_photos
from lenscal.intake.selection import Selection, none_readable, select_photos
from lenscal.intake.survey import survey
from lenscal.raw.frame import Frame, NoiseModel, PhotoInfo
from lenscal.raw.identity.common_size import with_common_size
from lenscal.reports import Report
from lenscal.stepping import STOP, Job, follow
from lenscal.system.threads import in_order
from lenscal.translation import translatable

MOST_AT_ONCE = 4
"""Photos that are decoded side by side: LibRaw takes some hundred MB for each meanwhile."""
_SAME_BLACK = 2.0
"""RAW values by which black levels of photos of one kind may differ: some cameras measure them in
every shot."""
_SAME_WHITE = 1.5
"""White levels further apart than this factor are of another bit depth."""


def import_pair(
    sharp_paths: Sequence[Path],
    degraded_paths: Sequence[Path],
    *,
    sharp_overrides: Overrides | None = None,
    degraded_overrides: Overrides | None = None,
    cache: Path | None = None,
    keep_all: bool = False,
    only_look: bool = False,
) -> Job[Inputs]:
    """Decode both folders of a calibration, check that they fit together and leave out what is not
    worth learning from.

    Everything that metadata can tell is checked before the first photo is decoded.

    Parameters
    ----------
    sharp_paths, degraded_paths : sequence of Path
        Photos (RAW files, or pictures) and folders of them.
    sharp_overrides, degraded_overrides : Overrides or None
        Typed-in values; the aperture picks a group where a folder holds several.
    cache : Path or None
        Folder for the decoded arrays, which are then memory-mapped.
    keep_all : bool
        Photos that were found wanting stay in, with a warning.
    only_look : bool
        Folders that nothing can be learnt from come back too.

    Raises
    ------
    InputError
        No photos, none readable; mixed cameras, lenses, focal lengths, sizes or apertures,
        unknown aperture; the same files twice; folders without a usable photo or with hardly any
        texture.
    """
    # Both folders are listed before one is read: a wrong path is told at once.
    sharp_files, degraded_files = find_photos(sharp_paths), find_photos(degraded_paths)
    sharp = yield from select_photos(sharp_files, sharp_overrides or Overrides(), "sharp")
    degraded = yield from select_photos(
        degraded_files, degraded_overrides or Overrides(), "degraded"
    )
    _refuse_two_kinds(sharp, degraded)
    check_no_photo_twice(sharp.photos, degraded.photos)
    any_source = _any_source(degraded, degraded_overrides)
    if not any_source:
        check_same_setup([*sharp.photos, *degraded.photos], "sharp and degraded")
    # Decoding takes the time: each folder counts as many photos as it has.
    share = len(sharp.photos) / (len(sharp.photos) + len(degraded.photos))
    sharp_folder, _ = yield from follow(
        decode_photos(sharp, "sharp", cache, any_source=any_source), 0, share
    )
    degraded_folder, _ = yield from follow(
        decode_photos(degraded, "degraded", cache, any_source=any_source), share, 1
    )
    if not any_source:
        sharp_folder, degraded_folder = _of_one_size(sharp_folder, degraded_folder)
        # Again: LibRaw has filled in what the metadata did not say, sizes among it.
        frames = (*sharp_folder.frames, *degraded_folder.frames)
        check_same_setup([frame.info for frame in frames], "sharp and degraded")
    inputs = judge_folders(sharp_folder, degraded_folder, keep_all=keep_all)
    # Who only looks wants to see what is wrong, photo by photo.
    if not only_look:
        refuse_hopeless(inputs)
    return inputs


def _any_source(selection: Selection, overrides: Overrides | None) -> bool:
    """Whether photos may come from several cameras, and differ in size."""
    if overrides is None or not overrides.any_source:
        return False
    return all(info.light for info in selection.photos)


def _of_one_size(
    sharp: ImportedFolder, degraded: ImportedFolder
) -> tuple[ImportedFolder, ImportedFolder]:
    """Both folders, cut to what all photos show where another decoder or converter has left other
    margins in one of them."""
    frames = (*sharp.frames, *degraded.frames)
    cut = with_common_size(frames)
    if all(a is b for a, b in zip(cut, frames, strict=True)):
        return sharp, degraded
    judged = (*sharp.photos, *degraded.photos)
    photos = [
        photo if photo.frame is frame else JudgedPhoto(frame, survey(frame))
        for photo, frame in zip(judged, cut, strict=True)
    ]
    n_sharp = len(sharp.photos)
    return (
        replace(sharp, photos=tuple(photos[:n_sharp])),
        replace(degraded, photos=tuple(photos[n_sharp:])),
    )


def _refuse_two_kinds(sharp: Selection, degraded: Selection) -> None:
    """A PSF between RAW photos and developed pictures would be that of the developing."""
    kinds = [any(info.light for info in chosen.photos) for chosen in (sharp, degraded)]
    if kinds[0] != kinds[1]:
        raise InputError(
            translatable(
                "one set is of RAW photos, the other one of pictures (PNG, JPEG, TIFF): "
                "choose two sets of one kind"
            )
        )


def decode_photos(
    selection: Selection, role: str, cache: Path | None = None, *, any_source: bool = False
) -> Job[ImportedFolder]:
    """Decode the photos that were picked from a folder; `STOP` keeps those that are decoded.

    Parameters
    ----------
    selection : Selection
    role : str
        "sharp" or "degraded", for messages.
    cache : Path or None
        Folder for the decoded arrays, which are then memory-mapped.
    any_source : bool
        Photos may come from several cameras, and differ in size.

    Raises
    ------
    InputError
        None can be read, or cameras, lenses, focal lengths or sizes are mixed.
    """
    n_photos = len(selection.photos)
    frames, rejected = yield from _decode_all(selection.photos, role, cache)
    rejected = [*selection.rejected, *rejected]
    if not frames:
        raise none_readable(rejected, role)
    # Before the survey, which takes the noise off.
    frames = _with_common_levels(frames)
    if not any_source:
        check_same_setup([frame.info for frame in frames], role)
    photos = []
    with closing(in_order(survey, frames)) as surveys:
        for frame in frames:
            name = frame.info.path.name
            message = translatable("Looking at the texture of {name}", name=name)
            yield Report("import", message, 1.0, n_photos)
            photos.append(JudgedPhoto(frame, next(surveys)))
    message = translatable(
        "{frames} {role} photos are ready", frames=len(frames), role=role_in_words(role)
    )
    yield Report("import", message, 1.0, n_photos)
    return ImportedFolder(tuple(photos), tuple(rejected), selection.notes)


def _decode_all(
    infos: Sequence[PhotoInfo], role: str, cache: Path | None
) -> Job[tuple[list[Frame], list[Rejected]]]:
    """Decode photos a few at a time, in order; those that cannot be read come with the reason."""
    from lenscal.raw.decode import decode_photo

    def decode_or_explain(info: PhotoInfo) -> Frame | PhotoError:
        try:
            return decode_photo(info.path, info=info, cache=cache)
        except PhotoError as error:
            return error

    # In order, whichever is ready first: frames keep the order of the files.
    frames: list[Frame] = []
    rejected: list[Rejected] = []
    with closing(in_order(decode_or_explain, infos, most=MOST_AT_ONCE)) as results:
        for n, info in enumerate(infos):
            message = translatable(
                "Decoding {name} ({n} of {infos} {role} photos)",
                name=info.path.name,
                n=n + 1,
                infos=len(infos),
                role=role_in_words(role),
            )
            reply = yield Report("import", message, n / len(infos), n)
            result = next(results)
            if isinstance(result, PhotoError):
                rejected.append(Rejected(info.path, result.reason))
            else:
                frames.append(result)
            # Without a photo there is nothing to keep: go on to the first that can be read.
            if reply == STOP and frames:
                break
    return frames, rejected


def _with_common_levels(frames: Sequence[Frame]) -> list[Frame]:
    """One white level for photos of equal black levels; for photos of equal ISO, one level at which
    they clip, and one noise estimate."""
    from lenscal.raw.noise import PROFILE

    white = max(frame.white for frame in frames)
    frames = [_with_white(frame, frames[0], white) for frame in frames]
    by_iso: dict[float | None, list[Frame]] = {}
    for frame in frames:
        by_iso.setdefault(frame.info.iso, []).append(frame)
    # Where one photo clips visibly, others may clip at sites too few to show it.
    clipping = {iso: np.min([f.clipping for f in group], axis=0) for iso, group in by_iso.items()}
    frames = [replace(frame, clipping=clipping[frame.info.iso]) for frame in frames]
    # One photo may have too little that is smooth; all of an ISO together have enough.
    measured: dict[float | None, list[Frame]] = {}
    for frame in frames:
        if frame.noise.source != PROFILE:
            measured.setdefault(frame.info.iso, []).append(frame)
    pooled = {iso: _noise_of(group) for iso, group in measured.items()}
    return [
        frame if frame.noise.source == PROFILE else replace(frame, noise=pooled[frame.info.iso])
        for frame in frames
    ]


def _noise_of(frames: list[Frame]) -> NoiseModel:
    from lenscal.raw.noise import estimate_noise
    from lenscal.raw.pictures.decode_picture import picture_noise

    return picture_noise(frames) if frames[0].info.light else estimate_noise(frames)


def _with_white(frame: Frame, first: Frame, white: float) -> Frame:
    """The frame with the highest white level of all: each photo's was decided by itself, and one
    that goes beyond the camera's own level shows where the sensor really clips."""
    # The highest: a photo that shows more than another's level proves that level too low.
    same_black = np.allclose(frame.black, first.black, atol=_SAME_BLACK)
    if white == frame.white or not same_black or white >= _SAME_WHITE * frame.white:
        return frame
    black = float(frame.black.mean())
    # Values stay, so that their units have to shrink with the new range.
    shrink = (frame.white - black) / (white - black)
    clipping = np.where(frame.clipping < 1, frame.clipping * np.float32(shrink), 1)
    return replace(
        frame,
        white=white,
        rgb_scale=frame.rgb_scale * shrink,
        clipping=clipping.astype(np.float32),
    )
