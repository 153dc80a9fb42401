"""lenscal export-psf."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from lenscal.commands.progress import Speaker, run_job
from lenscal.errors import InputError
from lenscal.files.population.description import POPULATION_SUFFIX
from lenscal.files.psf.psf_formats import ALL_FORMATS
from lenscal.translation import join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile

_OF_POPULATIONS = ("fits", "npz")


def run_export_psf(args: argparse.Namespace) -> int:
    """Write the kernels."""
    from lenscal.files.output_paths import check_output_folder
    from lenscal.files.psf.opening import open_psf
    from lenscal.files.psf.psf_export import export_psf

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    # A folder that cannot be written is told before a large profile is read.
    check_output_folder(args.out)
    if args.psf.suffix.lower() == POPULATION_SUFFIX:
        return _export_population(args, speaker)
    profile = open_psf(args.psf)
    values: dict[str, Any] = {}
    if args.aperture is not None or args.focal is not None:
        profile, values = _at(profile, args, speaker)
    paths = export_psf(profile.psf, args.out, args.format, profile.provenance)
    names = [str(path) for path in paths]
    speaker.result("\n".join(names), {"written": names, **values})
    return 0


def _export_population(args: argparse.Namespace, speaker: Speaker) -> int:
    from lenscal.files.population.population_file import read_population
    from lenscal.jobs.populations.report import export_population

    formats = _OF_POPULATIONS if args.format == ALL_FORMATS else (args.format,)
    if not set(formats) <= set(_OF_POPULATIONS):
        raise InputError(
            translatable(
                "--format {format}: of a population choose fits, npz or all; a sheet of samples is "
                "written as PNG beside them",
                format=args.format,
            )
        )
    paths = export_population(read_population(args.psf), args.out, formats)
    names = [str(path) for path in paths]
    speaker.result("\n".join(names), {"written": names})
    return 0


def _at(
    profile: Profile, args: argparse.Namespace, speaker: Speaker
) -> tuple[Profile, dict[str, Any]]:
    """The profile with the kernels of another aperture or focal length.

    Raises
    ------
    InputError
        They are not known.
    """
    from lenscal.lens.coverage import Setting
    from lenscal.lens.prediction import Lens

    setting = Setting(
        args.aperture or profile.aperture_degraded, args.focal or profile.focal_mm, None
    )
    chosen = run_job(Lens(profile, keeps_models=True).at(setting), speaker)
    if chosen.refusals:
        raise InputError(join_translatable("; ", chosen.refusals))
    prediction = chosen.prediction
    if prediction is not None:
        speaker.note(f"note: {prediction.in_words}")
    return chosen.profile, {"predicted": None if prediction is None else prediction.values}
