"""Correct photos with a PSF grid and write them: the next one is read and the last one written
meanwhile."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenscal.files.photos.export_settings import ExportSettings
from lenscal.files.psf.profile import Profile
from lenscal.jobs.cache import photo_cache
from lenscal.jobs.kernel_choice import FrameSource
from lenscal.jobs.photo_work import BatchSettings, PhotoResult, PhotoWork
from lenscal.lens.prediction import Lens
from lenscal.raw.pictures.kinds import Light
from lenscal.reports import Report
from lenscal.stepping import STOP, Job, Reply, follow, relay
from lenscal.translation import Translatable, join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.lens.prediction import ProfileSource
    from lenscal.raw.frame import Frame
    from lenscal.restore.settings import RestoreSettings

OVERLAP_PX = 36e6
"""Larger photos are read, corrected and written one after the other, and wait for the writer on the
disk: three of them at once would fill the memory."""
POLL_S = 0.1
"""How often a job that waits for a thread reports, and so can be stopped."""
KNOWN_FROM_S, KNOWN_FROM = 3.0, 0.02
"""Seconds, and part of the work, after which the time left can be told: the first photo's reading
is no measure for the rest."""


def correct(
    profile: Profile | ProfileSource | FrameSource,
    photos: Sequence[Path],
    settings: RestoreSettings,
    export: ExportSettings,
    *,
    force: bool = False,
    save_mask: bool = False,
    results_so_far: list[PhotoResult] | None = None,
    light: Light | None = None,
) -> Job[list[PhotoResult]]:
    """Decode, correct and write photos. One bad file does not stop the rest.

    While a photo is corrected, the next one is decoded and the last one written, unless they are
    large (OVERLAP_PX). A lens's file gives each photo the kernels of its aperture and focal length,
    predicted where they were not photographed; any other source finds the profile of each. A photo
    whose camera, lens, focal length, aperture or size is not the profile's is refused with the
    reason; `force` corrects it all the same and turns the reason into a warning. Values of pictures
    are taken as `light` says, else as for the profile. `save_mask` writes beside each photo how
    much of the correction every pixel got.
    `STOP` ends after the present photo. However the job ends, cancelled or with an error,
    `results_so_far` then holds what became of the photos that it had come to.
    """
    started = time.monotonic()

    def with_time_left(report: Report) -> Report:
        return replace(report, seconds_left=_left(time.monotonic() - started, report.fraction))

    # Resolved: a link to a photo of the batch must not be overwritten either.
    originals = frozenset(path.resolve() for path in photos)
    with photo_cache() as cache:
        source = Lens(profile, keeps_models=True) if isinstance(profile, Profile) else profile
        of_profile = profile.light if isinstance(profile, Profile) else None
        light = light or of_profile or Light.LINEAR
        batch = BatchSettings(source, settings, export, force, save_mask, originals, cache, light)
        pipeline = _Pipeline(batch, photos)
        try:
            yield from relay(pipeline.run(), with_time_left)
        finally:
            if results_so_far is not None:
                results_so_far.extend(pipeline.results)
        return pipeline.results


def _left(seconds: float, fraction: float | None) -> float | None:
    """Seconds that the rest takes; None where that is not known yet."""
    # By what is done: photos of a batch cost about the same.
    if fraction is None or fraction < KNOWN_FROM or seconds < KNOWN_FROM_S:
        return None
    return seconds * (1 - fraction) / fraction


@dataclass(frozen=True, slots=True)
class _Place:
    """Which photo of how many."""

    path: Path
    number: int
    count: int

    @property
    def low(self) -> float:
        """Part of the work that is done before it."""
        return self.number / self.count

    @property
    def high(self) -> float:
        """Part of the work that is done with it."""
        return (self.number + 1) / self.count

    @property
    def title(self) -> Translatable:
        """The photo's name, and its number where there are several."""
        name = self.path.name
        if self.count == 1:
            return join_translatable("", [name])
        return translatable(
            "{name} ({number} of {count})", name=name, number=self.number + 1, count=self.count
        )


@dataclass(slots=True)
class _Pipeline:
    """Photos on their way through a reader, the correction and a writer."""

    batch: BatchSettings
    paths: Sequence[Path]
    photos: list[PhotoWork] = field(default_factory=list)
    """Those that it has come to."""
    unwritten: list[PhotoWork] = field(default_factory=list)
    """Those of them that were left to the writer."""
    ahead: PhotoWork | None = None
    """The next one, which is being decoded."""
    stopping: bool = False
    """Whether `STOP` was asked for: nothing new is begun."""

    @property
    def results(self) -> list[PhotoResult]:
        """How the photos ended that are done with."""
        return [photo.result for photo in self.photos if photo.result is not None]

    def run(self) -> Job[None]:
        """Take the photos one after the other, and wait until all are written."""
        # One thread each: more would hold more photos in memory, and torch needs the cores.
        with ThreadPoolExecutor(1, "reading") as reader, ThreadPoolExecutor(1, "writing") as writer:
            try:
                for number, path in enumerate(self.paths):
                    place = _Place(path, number, len(self.paths))
                    yield from self._begin(place)
                    if not self.stopping:
                        yield from self._pass(place, reader, writer)
                    if self.stopping:
                        break
                folder = self.batch.export.out
                last = Report("correct", translatable("Writing to {folder}", folder=folder), 1.0)
                yield last
                # What was corrected is written, whatever was asked for meanwhile.
                for photo in self.unwritten:
                    yield from self._await(photo.writing, last)
            finally:
                # Nobody waits for it any more; what runs already ends by itself.
                if self.ahead is not None and self.ahead.decoding is not None:
                    self.ahead.decoding.cancel()

    def _begin(self, place: _Place) -> Job[None]:
        message = translatable("Correcting {photo}", photo=place.title)
        yield from self._tell(Report("correct", message, place.low, place.number))

    def _pass(
        self, place: _Place, reader: ThreadPoolExecutor, writer: ThreadPoolExecutor
    ) -> Job[None]:
        """Take one photo through; where it is small, it is left to the writer."""
        photo = self.ahead or self._opened(place.path, reader)
        self.ahead = None
        self.photos.append(photo)
        reading = translatable("{name}: reading", name=place.path.name)
        yield from self._await(photo.decoding, Report("correct", reading, place.low))
        frame = photo.decoded()
        if frame is not None:
            at_place = partial(replace, fraction=place.low)
            frame = yield from relay(photo.matched(frame), at_place, self._hear)
        if frame is None:
            return
        small = _is_small(frame)
        # The reader works while this one is corrected.
        if small and not self.stopping and place.number + 1 < place.count:
            self.ahead = self._opened(self.paths[place.number + 1], reader)
        # A correction reads `rgb` only, and memory is dear.
        frame = frame.without_mosaic()
        # A photo that is begun is finished: STOP ends the batch behind it.
        pixels, asked = yield from follow(
            photo.corrected(frame, in_memory=small),
            place.low,
            place.high,
            forward_stop=False,
            prefix=translatable("{photo}: ", photo=place.title),
        )
        self.stopping |= asked
        if pixels is not None:
            # One writer, one photo in its hands: two corrected photos in memory at most.
            yield from self._await_writer(place)
            photo.writing = writer.submit(photo.write, frame.header, pixels)
            self.unwritten.append(photo)
        # While it waits below, this generator shall not hold on to the pixels.
        del frame, pixels
        if not small:
            yield from self._await_writer(place)
            photo.spool.unlink(missing_ok=True)

    def _opened(self, path: Path, reader: ThreadPoolExecutor) -> PhotoWork:
        photo = PhotoWork(path, self.batch)
        photo.open(reader)
        return photo

    def _await_writer(self, place: _Place) -> Job[None]:
        while self.unwritten:
            photo = self.unwritten[0]
            writing = translatable("{name}: writing", name=photo.path.name)
            yield from self._await(photo.writing, Report("correct", writing, place.high))
            # Not asked again: a batch of thousands would ask all before it for each photo.
            self.unwritten.pop(0)

    def _await(self, future: Future[Any] | None, report: Report) -> Job[None]:
        """Report until a thread is done."""
        # A wait without end could be neither stopped nor cancelled.
        while future is not None and not wait([future], POLL_S).done:
            yield from self._tell(report)

    def _tell(self, report: Report) -> Job[None]:
        """Report, and hear whether `STOP` is asked for."""
        self._hear((yield report))

    def _hear(self, reply: Reply | None) -> Reply | None:
        self.stopping |= reply == STOP
        return reply


def _is_small(frame: Frame) -> bool:
    return frame.size[0] * frame.size[1] <= OVERLAP_PX
