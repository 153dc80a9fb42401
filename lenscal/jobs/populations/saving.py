"""Learn a population and write it as RIG.lenspop."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.calibration.settings import Quality
from lenscal.errors import LenscalError
from lenscal.stepping import Job
from lenscal.translation import Translatable, message_of, translatable

if TYPE_CHECKING:
    from lenscal.files.population.population_file import Population
    from lenscal.population.settings import PopulationSettings


@dataclass(frozen=True, slots=True)
class SavedPopulation:
    """Where it is, what it says by itself, and how its training ended."""

    path: Path
    headline: Translatable
    finished: str
    warnings: tuple[str, ...] = ()


def learn_and_save(
    sharp: Path, blurred: Path, out: Path, settings: PopulationSettings, *, resume: bool = False
) -> Job[SavedPopulation]:
    """Learn from two folders and write `out`; `STOP` keeps what was reached.

    A checkpoint stays beside `out` where the training could go on: `resume` does.

    Raises
    ------
    InputError
        As `learn`, or something else lies at `out`.
    """
    from lenscal.files.checkpoint import CheckpointFile, checkpoint_path
    from lenscal.files.population.paths import check_population_path
    from lenscal.files.write_claim import only_writer
    from lenscal.jobs.populations.learning import learn
    from lenscal.jobs.populations.summary import headline, samples_of
    from lenscal.population.shapes import shapes_of

    check_population_path(out)
    checkpoint = CheckpointFile(checkpoint_path(out), resume)
    with only_writer(out):
        population = yield from learn([sharp], [blurred], settings, checkpoint=checkpoint)
        write_or_rescue(out, population)
        # Only now: until the file is on the disk, the checkpoint is all there is.
        if population.finished == "done":
            checkpoint.remove()
        population = yield from with_kernel_prior(out, population, settings.quality)
    words = headline(population, shapes_of(samples_of(population)))
    return SavedPopulation(out, words, population.finished, population.warnings)


def with_kernel_prior(path: Path, population: Population, quality: Quality) -> Job[Population]:
    """The population that was written there, with what `lenscal deblur` asks for, written once
    more; as it is, where its training did not come to its end, or was a quick one to look at."""
    from lenscal.jobs.populations.deblurring import KEPT_PRIOR_STEPS, add_prior

    if population.finished != "done" or quality is Quality.QUICK:
        return population
    population = yield from add_prior(population, KEPT_PRIOR_STEPS)
    write_or_rescue(path, population)
    return population


def write_or_rescue(path: Path, population: Population) -> None:
    """Write the population; where that fails after all the work, into a folder for temporary files.

    Raises
    ------
    LenscalError
        It could not be written to `path`; the message says where it is instead.
    """
    from lenscal.files.population.population_file import write_population
    from lenscal.jobs.populations.summary import sheet_of

    preview = sheet_of(population)
    try:
        write_population(path, population, preview=preview)
    except LenscalError as error:
        rescued = Path(tempfile.mkdtemp(prefix="lenscal-")) / path.name
        try:
            write_population(rescued, population, preview=preview)
        except LenscalError:
            # There is no room anywhere: the first error is the one to mend.
            rescued.parent.rmdir()
            raise error from None
        raise LenscalError(
            translatable(
                "{problem}; it was kept as {rescued}: make room and copy it from there",
                problem=message_of(error),
                rescued=rescued,
            )
        ) from error
