"""lenscal demo --rig."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lenscal.commands.option_groups import virtual_photos
from lenscal.commands.progress import CANCELLED, Speaker, run_job
from lenscal.system.device import check_device
from lenscal.system.isolation.calls import warm_up
from lenscal.system.json_values import without_nan

if TYPE_CHECKING:
    from lenscal.jobs.populations.rig_demo import RigDemoResult, RigDemoSettings


def run_rig_demo(args: argparse.Namespace) -> int:
    """Photograph with a virtual rig, learn its population, and compare."""
    from lenscal.files.output_paths import check_output_folder
    from lenscal.files.write_claim import only_writer
    from lenscal.jobs.populations.rig_demo import rig_demo
    from lenscal.jobs.populations.summary import in_words, population_values

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    settings = _settings(args)
    check_output_folder(args.out)
    check_device(args.device)
    rig = settings.rig
    speaker.note(
        f"A demo at reduced size: {rig.n_photos} photos of {rig.size[1]} x {rig.size[0]} px in "
        f"each folder, kernels of {rig.kernel_size} px, {settings.learning.max_minutes:g} min of "
        "learning at most. Real rigs need hundreds of photos, and an hour."
    )
    warm_up()
    with only_writer(args.out):
        result = run_job(rig_demo(args.out, settings), speaker, keeps=True)
    for warning in result.population.warnings:
        speaker.note(f"note: {warning}")
    values = {
        "folder": str(result.folder),
        "population": str(result.population_path),
        "kernels": str(result.dataset.kernels_file),
        "kept_out": [[str(path) for path in pair] for pair in result.dataset.kept_out],
        "figures": {
            name: {"recall": f.recall, "precision": f.precision, "energy": f.energy}
            for name, f in result.figures.items()
        },
        **population_values(result.population),
        "seconds": result.seconds,
    }
    lines = [*_in_words(result), "", *in_words(result.population)]
    speaker.result("\n".join(lines), without_nan(values))
    return CANCELLED if result.population.finished == "stopped" else 0


def _settings(args: argparse.Namespace) -> RigDemoSettings:
    from lenscal.calibration.settings import Quality
    from lenscal.jobs.populations.rig_demo import MINUTES, RigDemoSettings
    from lenscal.population.settings import PopulationSettings
    from lenscal.virtual.limits import Sensor
    from lenscal.virtual.rig import N_RIG_PHOTOS, RIG_PHOTOS, RIG_SIZE_PX, RigSettings

    n_photos, size = virtual_photos(args, RIG_PHOTOS, RIG_SIZE_PX, N_RIG_PHOTOS)
    learning = PopulationSettings(
        quality=Quality(args.quality),
        kernel_size=args.kernel_size or RigSettings().kernel_size,
        seed=args.seed,
        max_minutes=MINUTES if args.max_minutes is None else args.max_minutes,
        device=args.device,
    )
    rig = RigSettings(
        n_photos=n_photos,
        size=size,
        kernel_size=learning.kernel_size,
        seed=args.seed,
        sensor=Sensor(args.sensor),
    )
    return RigDemoSettings(rig, learning)


def _in_words(result: RigDemoResult) -> list[str]:
    lines = ["                          recall  energy distance  precision"]
    lines += [
        f"{name:24s}  {f.recall:6.3f}  {f.energy:15.2f}  {f.precision:9.3f}"
        for name, f in result.figures.items()
    ]
    return [
        *lines,
        "Recall: how alike the nearest of 400 samples is to a true kernel (1 at most); energy "
        "distance: how far the distributions are apart (0 at best).",
        "",
        f"Virtual photos: {result.folder}",
        f"True kernels: {result.dataset.kernels_file}",
        f"Population: {result.population_path}",
        f"{result.seconds:.0f} s",
    ]
