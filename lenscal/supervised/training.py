"""The training of a restoration network for one lens, as a job."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import LenscalError
from lenscal.optics.psf_grid import PsfGrid
from lenscal.prior.training import learning_rate
from lenscal.raw.frame import NoiseModel
from lenscal.raw.pictures.kinds import Light
from lenscal.reports import Report
from lenscal.restore.network.weights import Network
from lenscal.stepping import STOP, Job, Paused, Reply, follow
from lenscal.supervised.crops import SharpPhoto, SharpPhotos, read_crops
from lenscal.supervised.exposures import Camera, Exposure, Shooting
from lenscal.supervised.held_out import HeldOut, held_out_exposures, judged
from lenscal.supervised.learner import Learner, Pool, start
from lenscal.supervised.settings import NetworkSettings, NetworkSize
from lenscal.system.device import pick_device
from lenscal.system.threads import in_order
from lenscal.translation import Translatable, translatable

CROP_PX = 384
"""Side of a crop: beyond the patches, as much as the filter's tiles and borders need."""
POOL = 32
"""Exposures that patches are drawn from: 220 MB."""
STEPS_PER_EXPOSURE = 2
"""A new one takes half the time of a step, so that pairs cost a fifth of the whole."""
HELD_OUT_SHARE = 0.1
"""Of the photos, at least one."""
CHECKS = 8
"""How often a training is judged on its way, for the curve."""
KNOWN_FROM = 0.02
"""Part of the run after which the time left can be told."""
READING, WARMING = 0.05, 0.02
"""Parts of the bar for reading photos and for the first exposures."""


@dataclass(frozen=True, slots=True)
class Operator:
    """What makes pairs of a sharp photo.

    Attributes
    ----------
    psf : PsfGrid
    noise : NoiseModel or None
        Of the profile's photos; None: not known.
    mosaic : bool
        Whether the sensor has Bayer's pattern; else all colours are known everywhere.
    light : Light
        How values of pictures among the sharp photos are taken.
    shooting : Shooting
        How noisy and bright the pairs are; None: as cameras' photos are.
    """

    psf: PsfGrid
    noise: NoiseModel | None
    mosaic: bool = True
    light: Light = Light.LINEAR
    shooting: Shooting | None = None

    def camera(self) -> Camera:
        """What takes the pairs."""
        return Camera(self.psf, self.noise, mosaic=self.mosaic, shooting=self.shooting)

    @property
    def crop_px(self) -> int:
        """Side of the crops: no larger than the lens's photos; even."""
        return min(CROP_PX, *self.psf.image_size) // 2 * 2


@dataclass(frozen=True, slots=True, eq=False)
class TrainedNetwork:
    """What a training came to.

    Attributes
    ----------
    net : Network
        With the averaged weights, on the processor.
    held_out : HeldOut
    steps, seconds : of this run
    photos : numbers of photos that were trained on, and judged with
    notes : what was left out of the photos, in words
    finished : "done", or "stopped" where it was asked to
    losses, gains : curves of (step, value): the loss, and dB over the Wiener filter
    """

    net: Network
    held_out: HeldOut
    steps: int
    seconds: float
    device: str
    photos: tuple[int, int]
    notes: tuple[Translatable, ...]
    finished: str
    losses: tuple[tuple[int, float], ...]
    gains: tuple[tuple[int, float], ...]


def train_network(
    operator: Operator,
    photos: Sequence[Path],
    settings: NetworkSettings,
    *,
    begun: Network | None = None,
    steps_before: int = 0,
) -> Job[TrainedNetwork]:
    """Train a network on pairs that the operator makes of sharp photos. `STOP` keeps what was
    reached.

    Parameters
    ----------
    operator : Operator
    photos : paths
        RAW files or pictures; a part of them is held out and decides how much of the network's
        change is kept.
    settings : NetworkSettings
    begun, steps_before : Network or None, int
        A network to go on with (it is changed), and how many steps it has had.

    Raises
    ------
    InputError
        Too few photos can be used, or the device is not there.
    LenscalError
        The training diverged, or was stopped before its first step.
    """
    clock = _Clock()
    device = pick_device(settings.device)
    reading = read_crops(photos, operator.crop_px, operator.light, settings.seed)
    sharp, stopped = yield from follow(reading, 0.0, READING, forward_stop=False)
    trained, held_out = _split(sharp, settings.seed)
    camera = operator.camera()
    message = translatable("Photographing through the learnt lens")
    yield Report("expose", message, READING)
    judges = held_out_exposures(camera, held_out, settings.seed)
    learner = start(settings, device, begun)
    if settings.steps is None:
        # By the clock nothing comes out to the bit anyway.
        learner.choose_precision()
    run = _Run(learner, settings, clock, judges, steps_before)
    if not stopped:
        yield from run.steps(camera, [crop for photo in trained for crop in photo.crops])
    if learner.steps == 0:
        raise LenscalError(translatable("stopped before the first step: nothing was learnt"))
    yield Report("judge", translatable("Judging the network on photos it has not seen"), 0.99)
    judgement = judged(learner.average, judges, device)
    return TrainedNetwork(
        learner.average.to("cpu"),
        judgement,
        learner.steps,
        clock.seconds,
        device.type,
        (len(trained), len(sharp.photos) - len(trained)),
        (*sharp.notes, *_doubts(settings, device.type)),
        "stopped" if run.stopped else "done",
        tuple(run.losses),
        (*run.gains, (steps_before + learner.steps, judgement.gain_db)),
    )


def _doubts(settings: NetworkSettings, device: str) -> tuple[Translatable, ...]:
    if settings.size is not NetworkSize.FULL or device != "cpu":
        return ()
    return (
        translatable(
            "--size full is meant for graphics cards: on a processor it takes days; --size small "
            "is better there"
        ),
    )


def _split(sharp: SharpPhotos, seed: int) -> tuple[list[SharpPhoto], list[NDArray[np.float16]]]:
    """Photos to train on, and crops of those that are held out; by photo, at random."""
    order = np.random.default_rng([seed, 5]).permutation(len(sharp.photos))
    n_held = max(1, round(HELD_OUT_SHARE * len(order)))
    held = [sharp.photos[i] for i in order[:n_held]]
    # One of each photo first, then the second ones.
    crops = [crop for of_photos in zip(*(p.crops for p in held), strict=True) for crop in of_photos]
    return [sharp.photos[i] for i in order[n_held:]], crops


class _Clock:
    """How long a job has been at work: pauses do not count."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def hear(self, reply: Reply | None) -> bool:
        """Take a reply to a report; returns whether it asks to stop."""
        if isinstance(reply, Paused):
            self._began += reply.seconds
        return reply == STOP


class _Run:
    """The steps of a training, with what is told of them."""

    def __init__(
        self,
        learner: Learner,
        settings: NetworkSettings,
        clock: _Clock,
        judges: dict[float, list[Exposure]],
        steps_before: int,
    ) -> None:
        self.learner, self.settings, self.clock = learner, settings, clock
        self.judges, self.steps_before = judges, steps_before
        self.stopped = False
        self.losses: list[tuple[int, float]] = []
        self.gains: list[tuple[int, float]] = []

    def steps(self, camera: Camera, crops: Sequence[NDArray[np.float16]]) -> Job[None]:
        """Until the steps or the minutes are used up, or `STOP`."""
        seed, before = self.settings.seed, self.steps_before

        def exposure(number: int) -> Exposure:
            # By number: equal seeds give equal pairs, however many threads make them.
            rng = np.random.default_rng([seed, 2, before, number])
            return camera.expose(crops[int(rng.integers(len(crops)))], rng)

        pool = Pool(POOL)
        with closing(in_order(exposure, itertools.count())) as exposures:
            for number in range(POOL // 2):
                pool.put(next(exposures))
                message = translatable("Photographing through the learnt lens")
                part = READING + WARMING * number / (POOL // 2)
                if self.clock.hear((yield Report("expose", message, part))):
                    self.stopped = True
                    return
            begun_s = self.clock.seconds
            while (progress := self._progress(begun_s)) < 1 and not self.stopped:
                if self.learner.steps % STEPS_PER_EXPOSURE == 0:
                    pool.put(next(exposures))
                curves = self._step(pool, progress)
                self.stopped = self.clock.hear((yield self._report(progress, begun_s, curves)))

    def _progress(self, begun_s: float) -> float:
        """How much of the run is done, 0..1."""
        if self.settings.steps is not None:
            return self.learner.steps / self.settings.steps
        available_s = max(60 * self.settings.minutes - begun_s, 1.0)
        return (self.clock.seconds - begun_s) / available_s

    def _step(self, pool: Pool, progress: float) -> dict[str, float]:
        """One step, and what is new for the curves."""
        learner, step = self.learner, self.steps_before + self.learner.steps
        rng = np.random.default_rng([self.settings.seed, 3, step])
        planes, sharp = pool.draw(learner.plan, rng)
        rate = learning_rate(progress, learner.steps, learner.plan.rate)
        loss = learner.step(planes, sharp, rate, progress)
        if not math.isfinite(loss):
            raise LenscalError(
                translatable(
                    "the training of the network diverged at step {step}; the profile is as it "
                    "was: try another --seed",
                    step=step,
                )
            )
        self.losses.append((step, loss))
        curves = {"loss": loss}
        if progress * CHECKS >= len(self.gains) + 1:
            gain = judged(learner.average, self.judges, learner.device).gain_db
            self.gains.append((step, gain))
            curves["gain_db"] = gain
        return curves

    def _report(self, progress: float, begun_s: float, curves: dict[str, float]) -> Report:
        spent = self.clock.seconds - begun_s
        # The first steps are no measure for the rest.
        left = spent * (1 - progress) / progress if progress > KNOWN_FROM else None
        if self.gains:
            message = translatable(
                "Training the network: {gain:+.2f} dB over the Wiener filter on photos that it "
                "has not seen",
                gain=self.gains[-1][1],
            )
        else:
            message = translatable("Training the network")
        low = READING + WARMING
        fraction = low + (0.99 - low) * min(progress, 1.0)
        return Report("train", message, fraction, self.learner.steps, curves, seconds_left=left)
