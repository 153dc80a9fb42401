"""What is done with one photo of a batch: name it, decode it, correct it, write it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError, LenscalError, PhotoError
from lenscal.files.photos.export_settings import (
    ExportSettings,
    OnConflict,
    TakenPaths,
    mask_path,
    output_path,
)
from lenscal.jobs.kernel_choice import FrameSource, correction_in_words, matched
from lenscal.jobs.network import network_for
from lenscal.jobs.profile_match import grid_for
from lenscal.raw.pictures.kinds import Light, kind_by_name
from lenscal.restore.settings import Method
from lenscal.stepping import Job
from lenscal.system.atomic import temporary_stem
from lenscal.system.memory import NOT_ENOUGH_MEMORY, is_out_of_memory
from lenscal.translation import Translatable, join_translatable, message_of, translatable

if TYPE_CHECKING:
    from lenscal.files.photos.photo_files import Pixels
    from lenscal.files.psf.profile import Profile
    from lenscal.lens.prediction import Chosen, Prediction, ProfileSource
    from lenscal.raw.frame import Frame, PhotoHeader
    from lenscal.restore.ringing.strength import Strength
    from lenscal.restore.settings import RestoreSettings

logger = logging.getLogger(__name__)


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
    strength: float = 1.0
    """Mean share of the correction that was kept: less than 1 where all of it would ring."""
    reason: str = ""
    """`problem` for those who name the photo themselves."""
    prediction: Prediction | None = None
    """Of the kernels, where they were not photographed."""
    profiles: tuple[Path, ...] = ()
    """That were found for the photo, the nearest first; none where all had one."""


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """What all photos of a batch share.

    source : where each photo gets its kernels from
    originals : files that are never overwritten, resolved
    cache : folder where the rows of large photos wait
    light : how the values of pictures are taken
    reserved_paths : names that photos of the batch have, so that no other gets them
    """

    source: ProfileSource | FrameSource
    restore: RestoreSettings
    export: ExportSettings
    force: bool
    save_mask: bool
    originals: frozenset[Path]
    cache: Path
    light: Light = Light.LINEAR
    reserved_paths: TakenPaths = field(default_factory=TakenPaths)

    @property
    def leaves_photos(self) -> bool:
        """Whether photos are written as they are."""
        return self.restore.method is Method.NONE or self.restore.amount == 0


@dataclass(slots=True)
class PhotoWork:
    """One photo on its way: `result` is there once nothing more is to be done with it."""

    path: Path
    batch: BatchSettings
    began: float = field(default_factory=time.monotonic)
    output: Path | None = None
    mask_output: Path | None = None
    decoding: Future[Frame] | None = None
    writing: Future[None] | None = None
    mask: NDArray[np.uint8] | None = None
    """[H, W]."""
    notes: tuple[Translatable, ...] = ()
    """What in the photo is not as in those that the PSF was learnt from."""
    chosen: Chosen | None = None
    """What it is corrected with; None: not known yet."""
    strength: Strength | None = None
    """What is left of the correction; None: all of it."""
    result: PhotoResult | None = None

    @property
    def profile(self) -> Profile:
        """What it is corrected with."""
        assert self.chosen is not None
        return self.chosen.profile

    @property
    def prediction(self) -> Prediction | None:
        """Of its kernels, where they were not photographed."""
        return None if self.chosen is None else self.chosen.prediction

    @property
    def in_words(self) -> str:
        """How it is corrected, for its metadata."""
        assert self.chosen is not None
        return correction_in_words(self.batch.restore, self.chosen)

    @property
    def spool(self) -> Path:
        """Where the corrected rows of a large photo wait to be written."""
        # Short, whatever the photo is called.
        return self.batch.cache / f"{temporary_stem(self.path)}.rows"

    def open(self, reader: ThreadPoolExecutor) -> None:
        """Find a name for the corrected photo and begin to decode it."""
        from lenscal.raw.decode import decode_photo

        batch = self.batch
        with self._failing(wrong_input=True):
            # Taken before anything is read: names follow the order of the photos.
            output = output_path(
                self.path,
                batch.export,
                method=batch.restore.method.value,
                originals=batch.originals,
                batch_paths=batch.reserved_paths,
            )
            batch.reserved_paths.add(output)
            if batch.export.on_conflict is OnConflict.SKIP and output.exists():
                self._fail(translatable("a file of that name exists: skipped"), skipped=True)
                return
            self.output = output
            if batch.save_mask:
                self.mask_output = mask_path(
                    output,
                    batch.export,
                    originals=batch.originals,
                    batch_paths=batch.reserved_paths,
                )
                batch.reserved_paths.add(self.mask_output)
            # Values of RAW photos have one meaning.
            is_raw = kind_by_name(self.path) is None
            decode = decode_photo if is_raw else partial(decode_photo, light=batch.light)
            self.decoding = reader.submit(decode, self.path)

    def decoded(self) -> Frame | None:
        """The frame, once it is read; None where it cannot be used: `result` then says why."""
        # A future holds on to its frame; the photo shall not.
        decoding, self.decoding = self.decoding, None
        if decoding is None:
            return None
        with self._failing(wrong_input=True):
            return decoding.result()
        return None

    def matched(self, frame: Frame) -> Job[Frame | None]:
        """The frame, once its kernels are found; None where there are none for it: `result` then
        says why."""
        with self._failing(wrong_input=True):
            match = yield from matched(
                self.batch.source,
                frame,
                anyway=self.batch.force,
                for_network=self.batch.restore.needs_network,
            )
            self.chosen = match.chosen
            self.notes = (*match.differences, *match.notes)
            # With --force the differences come back as warnings, once the photo is written.
            if not match.differences or self.batch.force:
                return frame
            advice = translatable(
                "{differences} (--force corrects it all the same)",
                differences=join_translatable("; ", match.differences),
            )
            self._fail(advice, wrong_input=True)
        return None

    def corrected(self, frame: Frame, *, in_memory: bool) -> Job[Pixels | None]:
        """The corrected photo; None where `result` says what went wrong."""
        from lenscal.files.photos.photo_files import AsTaken
        from lenscal.restore.photo import restore_rows
        from lenscal.restore.ringing.strength import without_rings

        with self._failing(correcting=True):
            if self.batch.save_mask:
                self.mask = np.zeros(frame.size, np.uint8)
            if self.batch.leaves_photos:
                return AsTaken(frame)
            store: RowsInMemory | RowsOnDisk = (
                RowsInMemory(frame.size) if in_memory else RowsOnDisk(self.spool, frame.size)
            )

            def keep(rows: range, rgb: NDArray[np.float32], weight: NDArray[np.float32]) -> None:
                if self.mask is not None:
                    # Rounded, in 8 bits: a mask is looked at, nothing is computed with it.
                    self.mask[rows.start : rows.stop] = weight * 255 + 0.5
                store.append(rows, rgb)

            with store.opened():
                grid = grid_for(self.profile, frame)
                network = network_for(self.profile, frame, self.batch.restore)
                yield from restore_rows(frame, grid, self.batch.restore, keep, network=network)
            self.strength = yield from without_rings(frame, store, self.mask)
            return store
        return None

    def write(self, header: PhotoHeader, pixels: Pixels) -> None:
        """Write the photo and its mask, both or none; `result` says how it ended."""
        from lenscal.files.photos.photo_files import MaskFile, write_photo

        batch, output = self.batch, self.output
        assert output is not None
        # A byte for each pixel: gone once it is written.
        weights, self.mask = self.mask, None
        mask = None
        if weights is not None and self.mask_output is not None:
            mask = MaskFile(self.mask_output, weights)
        with self._failing():
            # Not its parents: a wrong path must not grow a tree of folders.
            batch.export.out.mkdir(exist_ok=True)
            warnings = write_photo(output, pixels, header, batch.export, self.in_words, mask)
            said = [] if self.prediction is None else [self.prediction.in_words]
            rings = [] if self.strength is None else [self.strength.in_words()]
            self.result = PhotoResult(
                self.path,
                output,
                warnings=(*said, *self.notes, *rings, *warnings),
                seconds=time.monotonic() - self.began,
                mask=None if mask is None else mask.path,
                strength=1.0 if self.strength is None else self.strength.mean,
                prediction=self.prediction,
                profiles=() if self.chosen is None else self.chosen.paths,
            )

    @contextmanager
    def _failing(self, *, wrong_input: bool = False, correcting: bool = False) -> Iterator[None]:
        """Turn what goes wrong into the photo's result: one bad photo does not stop the rest.

        wrong_input : errors that the user can mend are his, not the program's
        correcting : an `InputError` is the user's, and the system's errors are those of the folder
            where large photos wait
        """
        try:
            yield
        except LenscalError as error:
            wrong = wrong_input or (correcting and isinstance(error, InputError))
            self._fail(message_of(error), wrong_input=wrong, error=error)
        except OSError as error:
            if correcting:
                message = translatable(
                    "large photos wait in {cache}, which failed: {why}; make room there",
                    cache=self.batch.cache,
                    why=error.strerror or error,
                )
            else:
                message = message_of(error)
            self._fail(message, wrong_input=wrong_input)
        except Exception as error:
            if is_out_of_memory(error):
                # Our own errors say how much was needed.
                own = isinstance(error, MemoryError) and str(error)
                self._fail(message_of(error) if own else NOT_ENOUGH_MEMORY)
                return
            # A bug: the log has where, and the batch goes on.
            logger.error("unexpected", exc_info=error)
            kind = type(error).__name__
            self._fail(translatable("unexpected: {kind}: {error}", kind=kind, error=error))

    def _fail(
        self,
        problem: Translatable,
        *,
        skipped: bool = False,
        wrong_input: bool = False,
        error: LenscalError | None = None,
    ) -> None:
        self.result = PhotoResult(
            self.path,
            None,
            problem,
            skipped,
            wrong_input,
            seconds=time.monotonic() - self.began,
            reason=error.reason if isinstance(error, PhotoError) else problem,
        )


class RowsInMemory:
    """A corrected photo, float32 [H, W, 3]."""

    def __init__(self, size: tuple[int, int]) -> None:
        # Not zeros: every row is written before one is read.
        self._rgb = np.empty((*size, 3), np.float32)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Nothing is to be opened."""
        yield

    def append(self, rows: range, rgb: NDArray[np.float32]) -> None:
        """Keep the next rows."""
        self._rgb[rows.start : rows.stop] = rgb

    put = append

    def __getitem__(self, part: tuple[slice, slice]) -> NDArray[np.float32]:
        return self._rgb[part]


class RowsOnDisk:
    """A corrected photo in a file, float32 [H, W, 3]; nothing of it stays in memory between two
    readings."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self.path, self.size = path, size
        self._file: BinaryIO | None = None

    @contextmanager
    def opened(self) -> Iterator[None]:
        """While rows are appended."""
        with self.path.open("wb") as self._file:
            yield

    def append(self, rows: range, rgb: NDArray[np.float32]) -> None:
        """Keep the next rows."""
        assert self._file is not None
        self._file.write(np.ascontiguousarray(rgb, np.float32).data)

    def put(self, rows: range, rgb: NDArray[np.float32]) -> None:
        """Replace rows that were kept."""
        mapped = np.memmap(self.path, np.float32, "r+", shape=(*self.size, 3))
        mapped[rows.start : rows.stop] = rgb

    def __getitem__(self, part: tuple[slice, slice]) -> NDArray[np.float32]:
        # A mapping that stayed open would count as the program's memory.
        return np.array(np.memmap(self.path, np.float32, "r", shape=(*self.size, 3))[part])
