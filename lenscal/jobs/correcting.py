"""Correct photos with a PSF grid and write them: the next one is read and the last one written
meanwhile."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np

from lenscal.errors import InputError, LenscalError
from lenscal.files.photos.export_settings import (
    ExportSettings,
    OnConflict,
    PhotoFormat,
    Space,
    mask_path,
    output_path,
)
from lenscal.files.psf.profile import Profile
from lenscal.jobs.cache import photo_cache
from lenscal.raw.lens_setting import APERTURE_TOLERANCE, FOCAL_TOLERANCE, agree, f_number
from lenscal.reports import Report
from lenscal.stepping import STOP, Job, follow

if TYPE_CHECKING:
    from lenscal.files.photos.photo_files import Pixels
    from lenscal.optics.psf_grid import PsfGrid
    from lenscal.raw.frame import Frame
    from lenscal.restore.settings import RestoreSettings

logger = logging.getLogger(__name__)
T = TypeVar("T")

OVERLAP_PX = 36e6
"""Larger photos are read, corrected and written one after the other, and wait for the writer on the
disk: three of them at once would fill the memory."""
_POLL_S = 0.1
_KNOWN_FROM_S, _KNOWN_FROM = 3.0, 0.02
"""Seconds, and part of the work, after which the time left can be told."""


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """How the correction of one photo ended: `output` is None where it was not written, and
    `problem` says why."""

    source: Path
    output: Path | None
    problem: str = ""
    skipped: bool = False
    """True: not written because the file is there already and that was asked for. No failure."""
    wrong_input: bool = False
    """True: refused before any work, for what the photo, its name or a setting is."""
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    """From the start of reading it to the end of writing it; photos of a batch overlap."""
    mask: Path | None = None


def correct(
    profile: Profile,
    photos: Sequence[Path],
    settings: RestoreSettings,
    export: ExportSettings,
    *,
    force: bool = False,
    save_mask: bool = False,
    kept: list[PhotoResult] | None = None,
) -> Job[list[PhotoResult]]:
    """Decode, correct and write photos. One bad file does not stop the rest.

    While a photo is corrected, the next one is decoded and the last one written, unless they are
    large (OVERLAP_PX). A photo whose camera, lens, focal length, aperture or size is not the
    profile's is refused with the reason; `force` corrects it all the same and turns the reason into
    a warning. `save_mask` writes beside each photo how much of the correction every pixel got.
    `STOP` ends after the present photo. However the job ends, cancelled or with an error, `kept`
    then holds what became of the photos that it had come to.
    """
    started = time.monotonic()
    originals = frozenset(path.resolve() for path in photos)
    with photo_cache() as cache:
        batch = _Batch(profile, settings, export, force, save_mask, originals, cache)
        work = batch.run(photos)
        reply = None
        try:
            while True:
                try:
                    report = work.send(reply)
                except StopIteration as end:
                    results: list[PhotoResult] = end.value
                    return results
                reply = yield replace(
                    report, seconds_left=_left(time.monotonic() - started, report.fraction)
                )
        finally:
            try:
                work.close()
            finally:
                if kept is not None:
                    kept.extend(photo.result for photo in batch.photos if photo.result is not None)


def _left(seconds: float, fraction: float | None) -> float | None:
    if fraction is None or fraction < _KNOWN_FROM or seconds < _KNOWN_FROM_S:
        return None
    return seconds * (1 - fraction) / fraction


@dataclass(slots=True)
class _Photo:
    """One photo on its way: `result` is there once nothing more is to be done with it."""

    path: Path
    began: float
    output: Path | None = None
    mask_output: Path | None = None
    decoding: Future[Frame] | None = None
    writing: Future[None] | None = None
    mask: np.ndarray | None = None
    """uint8 [H, W]."""
    result: PhotoResult | None = None

    def fail(self, problem: str, *, skipped: bool = False, wrong_input: bool = False) -> None:
        seconds = time.monotonic() - self.began
        self.result = PhotoResult(self.path, None, problem, skipped, wrong_input, seconds=seconds)


@dataclass(slots=True)
class _Batch:
    profile: Profile
    settings: RestoreSettings
    export: ExportSettings
    force: bool
    save_mask: bool
    originals: frozenset[Path]
    cache: Path
    taken: set[Path] = field(default_factory=set)
    photos: list[_Photo] = field(default_factory=list)
    """Those that it has come to."""

    def run(self, paths: Sequence[Path]) -> Job[list[PhotoResult]]:
        photos = self.photos
        ahead: _Photo | None = None
        with ThreadPoolExecutor(1, "reading") as reader, ThreadPoolExecutor(1, "writing") as writer:
            try:
                for number, path in enumerate(paths):
                    low, high = number / len(paths), (number + 1) / len(paths)
                    count = f" ({number + 1} of {len(paths)})" if len(paths) > 1 else ""
                    stopped = (
                        yield Report("correct", f"Correcting {path.name}{count}", low, number)
                    ) == STOP
                    if stopped:
                        break
                    photo, ahead = ahead or self._open(path, reader), None
                    photos.append(photo)
                    if photo.decoding is not None:
                        stopped |= yield from _until(
                            photo.decoding, Report("correct", f"{path.name}: reading", low)
                        )
                    frame = self._decoded(photo)
                    if frame is None:
                        if stopped:
                            break
                        continue
                    overlaps = _is_small(frame)
                    if overlaps and not stopped and number + 1 < len(paths):
                        ahead = self._open(paths[number + 1], reader)
                    frame = _without_mosaic(frame)
                    work = self._corrected(photo, frame)
                    rgb, asked = yield from follow(
                        work, low, high, forward_stop=False, prefix=f"{path.name}{count}: "
                    )
                    if photo.result is None:
                        for earlier in photos:
                            if earlier.writing is not None:
                                writing = Report("correct", f"{earlier.path.name}: writing", high)
                                stopped |= yield from _until(earlier.writing, writing)
                        about = frame if rgb is None else _without_pixels(frame)
                        photo.writing = writer.submit(self._written, photo, about, rgb)
                        del about
                    del frame, rgb
                    if not overlaps:
                        if photo.writing is not None:
                            writing = Report("correct", f"{path.name}: writing", high)
                            stopped |= yield from _until(photo.writing, writing)
                        self._spool(path).unlink(missing_ok=True)
                    if stopped or asked:
                        break
                last = Report("correct", f"Writing to {self.export.out}", 1.0)
                yield last
                for photo in photos:
                    if photo.writing is not None:
                        yield from _until(photo.writing, last)
            finally:
                if ahead is not None and ahead.decoding is not None:
                    ahead.decoding.cancel()
        return [photo.result for photo in photos if photo.result is not None]

    def _open(self, path: Path, reader: ThreadPoolExecutor) -> _Photo:
        """Find a name for the corrected photo and begin to decode it."""
        from lenscal.raw.decode import decode_photo

        photo = _Photo(path, time.monotonic())
        try:
            method = self.settings.method.value
            named = output_path(
                path, self.export, method=method, originals=self.originals, taken=self.taken
            )
        except (LenscalError, OSError) as error:
            photo.fail(str(error), wrong_input=True)
            return photo
        self.taken.add(named)
        if self.export.on_conflict is OnConflict.SKIP and named.exists():
            photo.fail("a file of that name exists: skipped", skipped=True)
            return photo
        photo.output = named
        if self.save_mask:
            photo.mask_output = mask_path(
                named, self.export, originals=self.originals, taken=self.taken
            )
            self.taken.add(photo.mask_output)
        photo.decoding = reader.submit(decode_photo, path)
        return photo

    def _decoded(self, photo: _Photo) -> Frame | None:
        """The frame, or None where it cannot be used: `photo.result` then says why."""
        if photo.decoding is None:
            return None
        try:
            frame = photo.decoding.result()
        except (LenscalError, OSError) as error:
            photo.fail(str(error), wrong_input=True)
        except Exception as error:
            photo.fail(_unexpected(error))
        else:
            differences = mismatches(self.profile, frame)
            if not differences or self.force:
                return frame
            photo.fail(
                f"{'; '.join(differences)} (--force corrects it all the same)", wrong_input=True
            )
        finally:
            photo.decoding = None
        return None

    def _corrected(self, photo: _Photo, frame: Frame) -> Job[Pixels | None]:
        """The corrected photo; None where it is written as it is, or where `photo.result` says what
        went wrong."""
        from lenscal.restore.photo import restore_rows

        try:
            mask = np.zeros(frame.size, np.uint8) if self.save_mask else None
            photo.mask = mask
            if self._as_it_is:
                return None
            out = np.empty((*frame.size, 3), np.float32) if _is_small(frame) else None
            with ExitStack() as opened:
                file = (
                    None
                    if out is not None
                    else opened.enter_context(self._spool(photo.path).open("wb"))
                )

                def keep(rows: range, rgb: np.ndarray, weight: np.ndarray) -> None:
                    if mask is not None:
                        mask[rows.start : rows.stop] = weight * 255 + 0.5
                    if out is not None:
                        out[rows.start : rows.stop] = rgb
                    if file is not None:
                        _append(file, rgb)

                yield from restore_rows(frame, self._grid(frame), self.settings, keep)
            return _RowsOnDisk(self._spool(photo.path), frame.size) if out is None else out
        except InputError as error:
            photo.fail(str(error), wrong_input=True)
        except OSError as error:
            photo.fail(
                f"large photos wait in {self.cache}, which failed: {error.strerror or error}; make room there"
            )
        except (LenscalError, MemoryError) as error:
            photo.fail(str(error) or "not enough memory")
        except Exception as error:
            photo.fail(_unexpected(error))
        return None

    def _spool(self, path: Path) -> Path:
        """Where the corrected rows of a large photo wait to be written."""
        return self.cache / f"{path.stem}.rows"

    @property
    def _as_it_is(self) -> bool:
        return self.settings.method.value == "none" or self.settings.amount == 0

    def _grid(self, frame: Frame) -> PsfGrid:
        return replace(self.profile.psf, image_size=frame.size)

    def _written(self, photo: _Photo, frame: Frame, rgb: Pixels | None) -> None:
        from lenscal.files.photos.photo_files import write_mask, write_photo

        output, masked = photo.output, None
        assert output is not None
        try:
            self.export.out.mkdir(exist_ok=True)
            if photo.mask is not None and photo.mask_output is not None:
                turned = (
                    self.export.format is not PhotoFormat.DNG
                    and self.export.space is not Space.CAMERA_LINEAR
                )
                fresh = self.export.on_conflict is not OnConflict.OVERWRITE
                write_mask(
                    photo.mask_output,
                    photo.mask,
                    frame.info.orientation if turned else 1,
                    fresh=fresh,
                )
                masked, photo.mask = photo.mask_output, None
            warnings = write_photo(
                output, rgb, frame, self.export, _settings_in_words(self.profile, self.settings)
            )
        except (LenscalError, OSError, MemoryError) as error:
            photo.fail(str(error) or "not enough memory")
        except Exception as error:
            photo.fail(_unexpected(error))
        else:
            told = (*mismatches(self.profile, frame), *another_body(self.profile, frame), *warnings)
            seconds = time.monotonic() - photo.began
            photo.result = PhotoResult(
                photo.path, output, warnings=told, seconds=seconds, mask=masked
            )
            return
        if masked is not None:
            masked.unlink(missing_ok=True)


def _until(future: Future[T], report: Report) -> Job[bool]:
    """Report until a thread is done; return whether `STOP` was asked for."""
    stopped = False
    while not wait([future], _POLL_S).done:
        stopped |= (yield report) == STOP
    return stopped


@dataclass(frozen=True, slots=True)
class _RowsOnDisk:
    """A corrected photo in a file, float32 [H, W, 3]; nothing of it stays in memory between two
    readings."""

    path: Path
    size: tuple[int, int]

    def __getitem__(self, part: tuple[slice, slice]) -> np.ndarray:
        return np.array(np.memmap(self.path, np.float32, "r", shape=(*self.size, 3))[part])


def _is_small(frame: Frame) -> bool:
    return frame.size[0] * frame.size[1] <= OVERLAP_PX


def _append(file: BinaryIO, rgb: np.ndarray) -> None:
    file.write(np.ascontiguousarray(rgb, np.float32).data)


def _without_mosaic(frame: Frame) -> Frame:
    """The frame with a mosaic that holds one value: a correction reads `rgb` only, and memory is
    dear."""
    return replace(frame, mosaic=np.broadcast_to(np.zeros((), np.uint16), frame.mosaic.shape))


def _without_pixels(frame: Frame) -> Frame:
    """What a writer needs to know of a photo that was corrected."""
    return replace(frame, rgb=np.broadcast_to(np.zeros((), np.uint16), frame.rgb.shape))


def _unexpected(error: Exception) -> str:
    logger.error("unexpected", exc_info=error)
    return f"unexpected: {type(error).__name__}: {error}"


def mismatches(profile: Profile, frame: Frame) -> list[str]:
    """In what a photo differs from those that the PSF was learnt from, in words. Unknown things do
    not count.

    Where a lens or a focal length was typed in for the calibration, what its photos say of
    themselves is right as well.
    """
    grid = profile.psf
    found = []
    if grid.image_size != frame.size:
        (h, w), (height, width) = frame.size, grid.image_size
        found.append(f"the photo has {w} x {h} px, the PSF is for {width} x {height} px")
    info = frame.info
    for what, mine, theirs, also in (
        ("camera", info.camera, profile.camera, ()),
        ("lens", info.lens, profile.lens, profile.lenses_in_files),
        ("lens's serial number", info.lens_serial, profile.lens_serial, ()),
    ):
        if (
            mine
            and theirs
            and mine.strip().lower() not in [name.strip().lower() for name in (theirs, *also)]
        ):
            found.append(f"the photo's {what} is {mine}, the profile is for {theirs}")
    if _differ(info.aperture, profile.aperture_degraded, APERTURE_TOLERANCE):
        found.append(
            f"the photo was taken at {f_number(info.aperture)}, the profile is for {f_number(profile.aperture_degraded)}"
        )
    if all(
        _differ(info.focal_mm, focal, FOCAL_TOLERANCE)
        for focal in (profile.focal_mm, *profile.focal_mm_in_files)
    ):
        found.append(
            f"the photo was taken at {info.focal_mm:g} mm, the profile is for {profile.focal_mm:g} mm"
        )
    return found


def another_body(profile: Profile, frame: Frame) -> tuple[str, ...]:
    """That a photo was taken with another camera of the same model: no reason to refuse it."""
    mine, theirs = frame.info.camera_serial, profile.camera_serial
    if not mine or not theirs or mine == theirs:
        return ()
    return (
        f"taken with another camera of that model (serial {mine}, the profile is for {theirs})",
    )


def _differ(a: float | None, b: float | None, tolerance: float) -> bool:
    return a is not None and b is not None and not agree(a, b, tolerance)


def _settings_in_words(profile: Profile, settings: RestoreSettings) -> str:
    words = f"method {settings.method}, amount {settings.amount:g}, denoise {settings.denoise:g}"
    return f"{words}, PSF of {profile.lens}" if profile.lens else words
