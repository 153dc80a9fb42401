"""Enlarge photos and write them, one after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError, LenscalError, PhotoError
from lenscal.files.photos.export_settings import (
    ExportSettings,
    OnConflict,
    free_path,
    output_path,
)
from lenscal.jobs.cache import photo_cache
from lenscal.jobs.correcting import OVERLAP_PX
from lenscal.jobs.photo_work import RowsInMemory, RowsOnDisk
from lenscal.raw.pictures.kinds import kind_by_name
from lenscal.reports import Report
from lenscal.stepping import Job, follow
from lenscal.system.memory import NOT_ENOUGH_MEMORY, is_out_of_memory
from lenscal.translation import Translatable, join_translatable, message_of, translatable

if TYPE_CHECKING:
    from lenscal.enlarge.settings import EnlargeSettings
    from lenscal.raw.frame import Frame, PhotoHeader

logger = logging.getLogger(__name__)

SMALL_PX = OVERLAP_PX
"""Larger enlarged photos wait on the disk for being written."""


@dataclass(frozen=True, slots=True)
class EnlargedPhoto:
    """How one photo ended: `output` is None where it was not written, and `problem` says why."""

    source: Path
    output: Path | None = None
    kernel_file: Path | None = None
    problem: str = ""
    skipped: bool = False
    wrong_input: bool = False
    warnings: tuple[str, ...] = ()
    axes_px: tuple[float, float] | None = None
    """Standard deviations of the kernel that was found, in px of the enlarged photo."""
    seconds: float = 0.0


def enlarge(
    photos: Sequence[Path],
    settings: EnlargeSettings,
    export: ExportSettings,
    *,
    kernel: NDArray[np.float32] | None = None,
    results_so_far: list[EnlargedPhoto] | None = None,
) -> Job[list[EnlargedPhoto]]:
    """Decode, enlarge and write photos, each with its kernel beside it. One bad file does not stop
    the rest.

    `kernel` [k, k]: of all photos, in px of the enlarged ones; None: each tells its own. `STOP`
    ends after the present photo.
    """
    results = [] if results_so_far is None else results_so_far
    originals = frozenset(path.resolve() for path in photos)
    taken: set[Path] = set()
    with photo_cache() as cache:
        for number, path in enumerate(photos):
            work = _Work(path, settings, export, kernel, cache, originals, taken)
            low, high = number / len(photos), (number + 1) / len(photos)
            prefix = join_translatable("", [f"{path.name}: "])
            result, asked = yield from follow(
                work.result(), low, high, forward_stop=False, prefix=prefix
            )
            results.append(result)
            if asked:
                break
    return results


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    path: Path
    settings: EnlargeSettings
    export: ExportSettings
    kernel: NDArray[np.float32] | None
    cache: Path
    originals: frozenset[Path]
    taken: set[Path]

    def result(self) -> Job[EnlargedPhoto]:
        """The photo's result, whatever goes wrong."""
        began = time.monotonic()
        try:
            result = yield from self._enlarged()
        except LenscalError as error:
            wrong = isinstance(error, InputError | PhotoError)
            result = EnlargedPhoto(self.path, problem=message_of(error), wrong_input=wrong)
        except OSError as error:
            result = EnlargedPhoto(self.path, problem=message_of(error))
        except Exception as error:
            if is_out_of_memory(error):
                result = EnlargedPhoto(self.path, problem=NOT_ENOUGH_MEMORY)
            else:
                # A bug: the log has where, and the batch goes on.
                logger.error("unexpected", exc_info=error)
                kind = type(error).__name__
                problem = translatable("unexpected: {kind}: {error}", kind=kind, error=error)
                result = EnlargedPhoto(self.path, problem=problem)
        return replace(result, seconds=time.monotonic() - began)

    def _enlarged(self) -> Job[EnlargedPhoto]:
        from lenscal.enlarge.photo import enlarge as enlarge_frame
        from lenscal.enlarge.photo import kernel_of
        from lenscal.files.photos.photo_files import write_photo

        output = output_path(
            self.path,
            self.export,
            method=self.settings.method.value,
            originals=self.originals,
            batch_paths=self.taken,
        )
        self.taken.add(output)
        if self.export.on_conflict is OnConflict.SKIP and output.exists():
            reason = translatable("a file of that name exists: skipped")
            return EnlargedPhoto(self.path, problem=reason, skipped=True)
        yield Report("enlarge", translatable("reading"), 0.0)
        frame = self._decoded()
        kernel, axes = self.kernel, None
        notes: tuple[Translatable, ...] = ()
        if kernel is None:
            found = yield from kernel_of(frame, self.settings)
            kernel, axes, notes = found.kernel, found.axes_px, found.notes
        header = enlarged_header(frame, self.settings.factor)
        height, width = header.size
        small = height * width <= SMALL_PX
        spool = self.cache / f"{self.path.stem}.enlarged"
        store = RowsInMemory(header.size) if small else RowsOnDisk(spool, header.size)
        try:
            with store.opened():
                yield from enlarge_frame(frame, kernel, self.settings, store.append)
            self.export.out.mkdir(exist_ok=True)
            warnings = write_photo(output, store, header, self.export, self._in_words(axes))
        finally:
            spool.unlink(missing_ok=True)
        return EnlargedPhoto(
            self.path,
            output,
            self._write_kernel(output, kernel),
            warnings=(*warnings, *notes),
            axes_px=axes,
        )

    def _decoded(self) -> Frame:
        from lenscal.raw.decode import decode_photo

        if kind_by_name(self.path) is None:
            return decode_photo(self.path).without_mosaic()
        return decode_photo(self.path, light=self.settings.light)

    def _write_kernel(self, output: Path, kernel: NDArray[np.float32]) -> Path:
        from lenscal.files.kernel_file import write_kernel

        path = output.with_name(f"{output.stem}_kernel.npz")
        # What another program wrote under that name stays.
        if path in self.taken or path.exists():
            path = free_path(path, self.taken)
        self.taken.add(path)
        write_kernel(path, kernel, fresh=True)
        return path

    def _in_words(self, axes: tuple[float, float] | None) -> str:
        """How the photo was enlarged, for its metadata."""
        words = f"enlarged {self.settings.factor} times, method {self.settings.method.value}"
        if axes is None:
            return f"{words}, given kernel"
        return f"{words}, kernel of {axes[0]:.2f} x {axes[1]:.2f} px found in it"


def enlarged_header(frame: Frame, factor: int) -> PhotoHeader:
    """What of a photo its enlarged copy has: sizes in px are larger, all else is as it was."""
    header = frame.header
    height, width = frame.size
    info = replace(header.info, width=factor * width, height=factor * height)
    decoding, coding = info.decoding, header.coding
    if decoding is not None and decoding.dng is not None and decoding.dng.default_crop is not None:
        top, left, rows, cols = (factor * n for n in decoding.dng.default_crop)
        dng = replace(decoding.dng, default_crop=(top, left, rows, cols))
        info = replace(info, decoding=replace(decoding, dng=dng))
    if coding is not None and coding.pixels_per_m is not None:
        # As large in print as before.
        x, y = (factor * n for n in coding.pixels_per_m)
        coding = replace(coding, pixels_per_m=(x, y))
    size = factor * height, factor * width
    return replace(header, info=info, size=size, coding=coding)


def in_words(photo: EnlargedPhoto) -> Translatable:
    """How one photo ended, in a line."""
    name = photo.source.name
    if photo.output is None:
        return translatable("{name}: not enlarged: {problem}", name=name, problem=photo.problem)
    if photo.axes_px is None:
        return translatable(
            "{name} -> {output} ({seconds:.1f} s)",
            name=name,
            output=photo.output,
            seconds=photo.seconds,
        )
    return translatable(
        "{name} -> {output} ({seconds:.1f} s; kernel of {first:.2f} x {second:.2f} px)",
        name=name,
        output=photo.output,
        seconds=photo.seconds,
        first=photo.axes_px[0],
        second=photo.axes_px[1],
    )
