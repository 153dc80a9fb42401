"""lenscal population."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from lenscal.commands.progress import CANCELLED, Speaker, run_job
from lenscal.system.device import check_device, device_notes
from lenscal.system.isolation.calls import warm_up
from lenscal.system.json_values import without_nan

if TYPE_CHECKING:
    from pathlib import Path

    from lenscal.files.population.population_file import Population
    from lenscal.population.settings import PopulationSettings


def run_population(args: argparse.Namespace) -> int:
    """Learn a population and write it; a checkpoint stays where it could go on."""
    from lenscal.files.population.paths import check_population_path
    from lenscal.files.write_claim import only_writer

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    # All that can be wrong with the options is found before photos are read.
    settings = population_settings(args)
    check_population_path(args.out)
    check_device(args.device)
    # With its checkpoint: two trainings would go on from each other's.
    with only_writer(args.out):
        return _learn(args, settings, speaker)


def population_settings(args: argparse.Namespace) -> PopulationSettings:
    """How to learn, checked."""
    from lenscal.calibration.settings import Quality
    from lenscal.files.population.description import Constraint
    from lenscal.population.settings import PopulationMethod, PopulationSettings
    from lenscal.raw.pictures.kinds import Light

    return PopulationSettings(
        quality=Quality(args.quality),
        kernel_size=args.kernel_size,
        per_channel=args.per_channel,
        constraint=Constraint(args.constraint),
        method=PopulationMethod(args.method),
        noise=args.noise,
        light=Light(args.light),
        seed=args.seed,
        max_minutes=args.max_minutes,
        device=args.device,
    )


def _learn(args: argparse.Namespace, settings: PopulationSettings, speaker: Speaker) -> int:
    from lenscal.files.checkpoint import CheckpointFile, checkpoint_path
    from lenscal.jobs.populations.learning import learn
    from lenscal.jobs.populations.saving import write_or_rescue
    from lenscal.jobs.populations.summary import in_words, population_values

    began = time.monotonic()
    checkpoint = CheckpointFile(checkpoint_path(args.out), args.resume)
    before = None if args.resume else checkpoint.written_at
    _announce(checkpoint, speaker, resume=args.resume)
    warm_up()
    try:
        work = learn([args.sharp], [args.blurred], settings, checkpoint=checkpoint)
        population = run_job(work, speaker, keeps=True)
    except KeyboardInterrupt:
        # Thrown away by the second Ctrl+C, but for the last checkpoint of this run.
        if checkpoint.written_at not in (None, before):
            speaker.note("Nothing was written; the same command with --resume goes on from here.")
        raise
    for text in (*device_notes(args.device), *population.warnings):
        speaker.note(f"note: {text}")
    write_or_rescue(args.out, population)
    # Only now: until the file is on the disk, the checkpoint is all there is.
    if population.finished == "done":
        checkpoint.remove()
    population = _with_prior(args.out, population, settings, speaker)
    there = checkpoint.written_at not in (None, before)
    values = {
        "population": str(args.out),
        "checkpoint": str(checkpoint.path) if there else None,
        **population_values(population),
        # Of the whole command: a training's own seconds leave out reading the photos.
        "seconds": time.monotonic() - began,
    }
    lines = [f"{args.out} written after {values['seconds']:.0f} s."]
    if population.finished != "done":
        why = "you stopped it" if population.finished == "stopped" else "the time was up"
        lines.append(f"The training ended early, as {why}: what was reached is kept.")
        lines.append("The same command with --resume goes on from here.")
    speaker.result("\n".join([*lines, *in_words(population)]), without_nan(values))
    return CANCELLED if population.finished == "stopped" else 0


def _with_prior(
    path: Path, population: Population, settings: PopulationSettings, speaker: Speaker
) -> Population:
    from lenscal.jobs.populations.saving import with_kernel_prior

    try:
        work = with_kernel_prior(path, population, settings.quality)
        return run_job(work, speaker, keeps=True)
    except KeyboardInterrupt:
        speaker.note("note: no kernel prior was trained: lenscal deblur does it where it has to")
        return population


def _announce(checkpoint: object, speaker: Speaker, *, resume: bool) -> None:
    """Say what becomes of a checkpoint, where that is not what the user may expect."""
    from lenscal.files.checkpoint import CheckpointFile

    assert isinstance(checkpoint, CheckpointFile)
    there = checkpoint.path.exists()
    if resume and not there:
        speaker.note(
            f"note: there is no checkpoint {checkpoint.path}: the training starts at its beginning"
        )
    elif there and not resume:
        speaker.note(
            f"note: {checkpoint.path} of an interrupted training is overwritten (--resume goes on)"
        )
