"""The training of a population, as a job: it reports, and can be paused, stopped and continued."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from lenscal import __version__
from lenscal.calibration.checkpoint import Keeper
from lenscal.errors import InputError, LenscalError
from lenscal.files.population.description import GeneratorDescription
from lenscal.files.population.population_file import SPECTRUM
from lenscal.population.adversarial import AdversarialTraining, StepFigures
from lenscal.population.by_flow import FlowTraining
from lenscal.population.generator import Generator, sampled, weights_of
from lenscal.population.photographed import Exposures
from lenscal.population.pieces import Pieces
from lenscal.population.settings import FEWEST_PHOTOS, PopulationMethod, PopulationSettings
from lenscal.population.shapes import shapes_of
from lenscal.population.spectrum import noise_share, sharp_spectrum
from lenscal.reports import Report
from lenscal.stepping import Job, Paused, Stop
from lenscal.system.device import pick_device
from lenscal.translation import message_of, translatable

CHECKPOINT_SCHEMA = 1
CHECKPOINT_S = 60.0
SHEET_ROWS, SHEET_COLS = 4, 8
"""Of the samples that are shown while it learns."""
SHEET_EVERY, CURVE_EVERY = 50, 10
"""Steps."""
FIGURE_SAMPLES = 256
_TIMED_STEPS = 20
"""After which it is known how many steps a limit of time leaves."""
_FREE_SETTINGS = frozenset({"max_minutes", "device"})
"""A training may be continued with other values of these."""
_DIVERGED = 1e4
"""Loss beyond which nothing is learnt any more."""


class Training(Protocol):
    """A way of teaching a generator."""

    total: int

    @property
    def average(self) -> Generator:
        """The generator that is kept."""

    @property
    def step_number(self) -> int:
        """Steps so far."""

    def step(self) -> StepFigures:
        """One step."""

    def numbers(self) -> Mapping[str, float]:
        """What of the state is no array."""

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Copies of all tensors that the next steps depend on."""

    def restore(
        self, numbers: Mapping[str, float], arrays: Mapping[str, NDArray[np.generic]]
    ) -> None:
        """Go on from there."""


@dataclass(frozen=True, slots=True, eq=False)
class LearntPopulation:
    """What a training came to.

    Attributes
    ----------
    description, weights : of the generator
    statistics, noise_share : as in `lenscal.files.population.population_file.Population`
    steps, seconds : of all runs
    finished : "done", "stopped" where it was asked to, "time" where the time was up
    """

    description: GeneratorDescription
    weights: Mapping[str, NDArray[np.generic]]
    statistics: Mapping[str, NDArray[np.generic]]
    noise_share: float
    steps: int
    seconds: float
    finished: str
    device: str
    curves: Mapping[str, list[tuple[int, float]]]
    warnings: tuple[str, ...]


@dataclass(slots=True)
class _Clock:
    """Seconds of this run and of those before it, without pauses."""

    before: float = 0.0
    began: float = field(default_factory=time.monotonic)

    @property
    def here(self) -> float:
        return time.monotonic() - self.began

    @property
    def seconds(self) -> float:
        return self.before + self.here


def learn_population(
    sharp: Pieces, blurred: Pieces, settings: PopulationSettings, *, keeper: Keeper | None = None
) -> Job[LearntPopulation]:
    """Teach a generator the blurs of photos. `STOP` keeps what was reached.

    `keeper` : where checkpoints go; one that holds something lets the training go on from there, to
    the bit.

    Raises
    ------
    InputError
        Too few photos, or a checkpoint of another training.
    LenscalError
        It diverged, or was stopped before its first step.
    """
    check_enough(sharp, blurred)
    device = pick_device(settings.device)
    description = GeneratorDescription(
        settings.kernel_size, settings.channels, constraint=settings.constraint
    )
    exposures = Exposures(
        sharp,
        blurred,
        kernel_size=settings.kernel_size,
        crop_px=settings.crop_px,
        latent=description.latent,
    )
    training = _training(exposures, description, settings, device)
    run = _Run(training, settings, keeper, _made_from(sharp, blurred, settings))
    run.resume()
    yield from run.steps()
    if training.step_number == 0:
        raise LenscalError(translatable("stopped before the first step: nothing was learnt"))
    return LearntPopulation(
        description,
        weights_of(training.average),
        {SPECTRUM: sharp_spectrum(sharp, settings.crop_px)},
        noise_share(blurred),
        training.step_number,
        run.clock.seconds,
        run.finished,
        device.type,
        run.curves,
        tuple(run.warnings),
    )


def check_enough(sharp: Pieces, blurred: Pieces) -> None:
    """Refuse sets that nothing can be learnt from.

    Raises
    ------
    InputError
        Too few photos show anything.
    """
    for pieces, role in (
        (sharp, translatable("sharp")),
        (blurred, translatable("blurred")),
    ):
        if pieces.n_photos < FEWEST_PHOTOS:
            raise InputError(
                translatable(
                    "{n} {role} photos show anything: give {least} or more, better hundreds, each "
                    "of which has a blur of its own",
                    n=pieces.n_photos,
                    role=role,
                    least=FEWEST_PHOTOS,
                )
            )


def _training(
    exposures: Exposures,
    description: GeneratorDescription,
    settings: PopulationSettings,
    device: torch.device,
) -> Training:
    if settings.method is PopulationMethod.FLOW:
        return FlowTraining(
            exposures, description, seed=settings.seed, total=settings.steps, device=device
        )
    return AdversarialTraining(
        exposures, description, seed=settings.seed, total=settings.steps, device=device
    )


class _Run:
    """Steps of a training, their reports and checkpoints."""

    def __init__(
        self,
        training: Training,
        settings: PopulationSettings,
        keeper: Keeper | None,
        made_from: dict[str, Any],
    ) -> None:
        self.training, self.settings, self.keeper = training, settings, keeper
        self.made_from = made_from
        self.clock = _Clock()
        self.finished = "done"
        self.curves: dict[str, list[tuple[int, float]]] = {}
        self.warnings: list[str] = []
        self._saved_at = time.monotonic()

    def steps(self) -> Job[None]:
        """Step until the end; what was reached is kept whatever the reply."""
        training, first = self.training, self.training.step_number
        reply = yield self._report(None)
        while training.step_number < training.total and not self._told_to_end(reply):
            figures = training.step()
            if not np.isfinite(figures.generator_loss) or figures.discriminator_loss > _DIVERGED:
                raise LenscalError(
                    translatable(
                        "the training diverged at step {step}: try another --seed, or more photos",
                        step=training.step_number,
                    )
                )
            if training.step_number - first == _TIMED_STEPS:
                self._fit_into_time(first)
            reply = yield self._report(figures)
            if time.monotonic() - self._saved_at > CHECKPOINT_S:
                self.save()
        if self.finished == "done" and training.total < self.settings.steps:
            self.finished = "time"
        # Also at the end: until the file is on the disk, the checkpoint is all there is.
        self.save()

    def _told_to_end(self, reply: object) -> bool:
        if isinstance(reply, Paused):
            self.clock.began += reply.seconds
        elif isinstance(reply, Stop):
            self.finished = "stopped"
        limit = self.settings.max_minutes
        if self.finished == "done" and limit is not None and self.clock.here > 60 * limit:
            self.finished = "time"
        return self.finished != "done"

    def _fit_into_time(self, first: int) -> None:
        """With a limit of time the last quarter is as slow as it should be, too."""
        if self.settings.max_minutes is None:
            return
        each = self.clock.here / _TIMED_STEPS
        fitting = first + int(60 * self.settings.max_minutes / each)
        self.training.total = min(self.settings.steps, max(fitting, self.training.step_number + 1))

    def _report(self, figures: StepFigures | None) -> Report:
        step, total = self.training.step_number, self.training.total
        points: dict[str, float] = {}
        sheet = None
        if figures is not None and step % CURVE_EVERY == 0:
            points = {
                "generator loss": figures.generator_loss,
                "discriminator loss": figures.discriminator_loss,
                "overfitting": figures.overfitting,
            }
        if step % SHEET_EVERY == 0:
            samples = sampled(self.training.average, FIGURE_SAMPLES, self.settings.seed)
            sheet = _sheet(samples)
            shapes = shapes_of(samples.mean(1))
            points |= {
                "median length px": float(np.median(shapes.length_px)),
                "spread of lengths px": float(shapes.length_px.std()),
                "mean elongation": float(shapes.elongation.mean()),
            }
        for name, value in points.items():
            self.curves.setdefault(name, []).append((step, value))
        left = None
        if self.clock.here > 2 and step:
            left = self.clock.seconds / step * (total - step)
        message = translatable(
            "Learning how blur differs from photo to photo (step {step} of {total})",
            step=step,
            total=total,
        )
        return Report("population", message, step / max(total, 1), step, points, sheet, left)

    # Checkpoints

    def save(self) -> None:
        """Keep where the training is. A disk that does not take it costs a warning only."""
        self._saved_at = time.monotonic()
        if self.keeper is None or self.training.step_number == 0:
            return
        values = {
            "population": CHECKPOINT_SCHEMA,
            "made_from": self.made_from,
            "seconds": self.clock.seconds,
            "total": self.training.total,
            "numbers": dict(self.training.numbers()),
            "curves": {name: list(points) for name, points in self.curves.items()},
        }
        try:
            self.keeper.save(values, self.training.arrays())
        except LenscalError as error:
            # A full disk stays full: it is not tried every minute.
            self.keeper = None
            self.warnings.append(
                translatable(
                    "this training cannot be resumed if it is interrupted: {error}",
                    error=message_of(error),
                )
            )

    def resume(self) -> None:
        """Go on from the keeper's checkpoint, where there is one.

        Raises
        ------
        InputError
            It is damaged, or of another training.
        """
        content = None if self.keeper is None else self.keeper.load()
        if content is None:
            return
        values, arrays = content
        try:
            same = values["population"] == CHECKPOINT_SCHEMA
            changed = [n for n, v in self.made_from.items() if values["made_from"].get(n) != v]
            if same and not changed:
                self.training.restore(values["numbers"], arrays)
                self.training.total = max(int(values["total"]), self.settings.steps)
                self.clock.before = float(values["seconds"])
                self.curves = {
                    str(name): [(int(step), float(value)) for step, value in points]
                    for name, points in values["curves"].items()
                }
        # Whatever values of another kind or shape lead to.
        except Exception as error:
            raise InputError(
                translatable(
                    "the checkpoint is damaged ({error}): learn without --resume to start anew",
                    error=repr(error),
                )
            ) from error
        if not same or changed:
            raise InputError(
                translatable(
                    "this training cannot be resumed: its {what} differ. Give the same again, or "
                    "learn without --resume",
                    what=", ".join(changed) or "checkpoint",
                )
            )


def _sheet(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """[rows, cols, 3, k, k] of samples [n, channels, k, k], as a live grid of kernels."""
    some = samples[: SHEET_ROWS * SHEET_COLS]
    size = some.shape[-1]
    tripled = np.broadcast_to(some, (len(some), 3, size, size))
    return np.ascontiguousarray(tripled).reshape(SHEET_ROWS, SHEET_COLS, 3, size, size)


def _made_from(sharp: Pieces, blurred: Pieces, settings: PopulationSettings) -> dict[str, Any]:
    """What a training is made from, as JSON knows it."""
    described: dict[str, Any] = {
        name: str(value) for name, value in asdict(settings).items() if name not in _FREE_SETTINGS
    }
    for name, pieces in (("sharp photos", sharp), ("blurred photos", blurred)):
        digest = hashlib.sha256(repr(tuple(pieces.values.shape)).encode())
        for tensor in (pieces.values[::7], pieces.photon, pieces.read, pieces.level):
            digest.update(np.ascontiguousarray(tensor.numpy()).tobytes())
        described[name] = digest.hexdigest()
    described["version of lenscal"] = __version__
    return described
