"""First looks at photos in the background, so that they are seen as soon as they are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QThread, QThreadPool, Signal, Slot

from lenscal.errors import LenscalError
from lenscal.files.photos.photo_preview import PhotoPreview, read_preview
from lenscal.gui.translate import error_in_words

MOST_PICTURES = 2000
"""Small pictures of 50 kB; beyond that the oldest are looked at again when they are needed."""


class PhotoPreviews(QObject):
    """Looks at one set of photos at a time, one after the other; a new set ends the former
    one's."""

    files_listed = Signal(object)
    """The photos (tuple of Path) that folders and files stand for."""
    preview_ready = Signal(object)
    """A `PhotoPreview`, in the order of the files."""
    problem = Signal(str)
    finished = Signal()
    _files_listed, _preview_ready = Signal(int, object), Signal(int, object)
    _failed = Signal(int, str)
    _ended = Signal(int)
    """From the thread, each with the number of its set: those of a former set are not passed on."""

    def __init__(
        self, cache: dict[Path, PhotoPreview] | None = None, parent: QObject | None = None
    ) -> None:
        """cache: previews that were read before, shared with others."""
        super().__init__(parent)
        self.busy = False
        self._cache = {} if cache is None else cache
        self._set = 0
        # Not the job's Worker: that passes on ten reports a second, and here every photo counts.
        self._pool = QThreadPool(self)
        # One after the other: they come in the order of the list, and leave cores to others.
        self._pool.setMaxThreadCount(1)
        self._pool.setThreadPriority(QThread.Priority.LowPriority)
        self._files_listed.connect(self._pass_list)
        self._preview_ready.connect(self._pass_preview)
        self._failed.connect(self._pass_problem)
        self._ended.connect(self._finish)

    def look(self, paths: Sequence[Path]) -> None:
        """Look at the photos of these folders and files, and at no others any more."""
        self._set += 1
        self.busy = bool(paths)
        if paths:
            work = partial(self._look, self._set, tuple(paths), dict(self._cache))
            self._pool.start(work)

    def close(self) -> None:
        """End the work; waits for the photo that is being looked at."""
        self.look(())
        self._pool.waitForDone()

    def _look(self, number: int, paths: Sequence[Path], cache: dict[Path, PhotoPreview]) -> None:
        """In the pool's thread."""
        from lenscal.intake.photo_files import find_photos

        try:
            files = find_photos(paths).files
            self._files_listed.emit(number, files)
            for path in files:
                # Another set is wanted by now.
                if number != self._set:
                    return
                earlier = cache.get(path)
                self._preview_ready.emit(
                    number, earlier if earlier is not None else read_preview(path)
                )
        except LenscalError as error:
            self._failed.emit(number, error_in_words(error))
        except OSError as error:
            self._failed.emit(number, f"{error.filename}: {error.strerror or error}")
        finally:
            # Whatever happens, as the panel waits for it.
            self._ended.emit(number)

    @Slot(int, object)
    def _pass_list(self, number: int, files: tuple[Path, ...]) -> None:
        if number == self._set:
            self.files_listed.emit(files)

    @Slot(int, object)
    def _pass_preview(self, number: int, preview: PhotoPreview) -> None:
        if not preview.problem:
            self._cache[preview.info.path] = preview
            while len(self._cache) > MOST_PICTURES:
                # A dict keeps its order: the first one is the oldest.
                del self._cache[next(iter(self._cache))]
        if number == self._set:
            self.preview_ready.emit(preview)

    @Slot(int, str)
    def _pass_problem(self, number: int, text: str) -> None:
        if number == self._set:
            self.problem.emit(text)

    @Slot(int)
    def _finish(self, number: int) -> None:
        if number == self._set and self.busy:
            self.busy = False
            self.finished.emit()
