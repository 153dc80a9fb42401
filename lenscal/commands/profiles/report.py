"""lenscal report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.commands.progress import Speaker, run_job
from lenscal.errors import InputError
from lenscal.files.population.description import POPULATION_SUFFIX
from lenscal.system.display import require_drawing
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile
    from lenscal.files.report.crops import Crops
    from lenscal.files.report.document import Document
    from lenscal.translation import Translatable

SUFFIXES = (".html", ".pdf")


def run_report(args: argparse.Namespace) -> int:
    """Write the report, HTML or PDF."""
    from lenscal.files.output_paths import check_name, check_output_file
    from lenscal.files.own_files import check_replaceable, is_own_report
    from lenscal.files.report.content import write_report

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    out: Path = args.out
    check_name(out)
    # A folder is refused below, in words that fit.
    if not out.is_dir() and out.suffix.lower() not in SUFFIXES:
        raise InputError(
            translatable("--out {out}: give a file name that ends in .html or .pdf", out=out)
        )
    _check_for_photo(args)
    check_output_file(out, "lens.html")
    check_replaceable(out, own=is_own_report(out))
    if out.suffix.lower() == ".pdf":
        require_drawing()
    document, notes = _document(args, speaker)
    if out.suffix.lower() == ".pdf":
        # Qt makes the PDF; it is loaded only where one is asked for.
        from lenscal.gui.drawing.pdf import write_pdf

        write_pdf(document, out)
    else:
        write_report(document, out)
    speaker.result(str(out), {"written": [str(out)], "notes": notes})
    return 0


def _check_for_photo(args: argparse.Namespace) -> None:
    """Refuse what is said of a photo where there is none."""
    for option, value in (("--method", args.method), ("--exposure", args.exposure)):
        if value is not None and args.photo is None:
            raise InputError(
                translatable(
                    "{option} is for the pictures of --photo: add --photo PHOTO, or leave it out",
                    option=option,
                )
            )


def _document(args: argparse.Namespace, speaker: Speaker) -> tuple[Document, list[str]]:
    """Of a lens, or of a population; and what is to be said of the photo in it."""
    if args.psf.suffix.lower() == POPULATION_SUFFIX:
        from lenscal.files.population.population_file import read_population
        from lenscal.jobs.populations.report import population_report

        if args.photo is not None:
            raise InputError(translatable("--photo is for reports on a lens: leave it out"))
        return population_report(read_population(args.psf), args.psf.name), []
    from lenscal.files.psf.opening import open_psf
    from lenscal.files.psf.sharing import without_identity
    from lenscal.files.report.content import lens_report

    profile = open_psf(args.psf)
    crops, notes = None, []
    if args.photo is not None:
        crops, said = _crops(profile, args, speaker)
        notes = [crops.how, *map(str, said)]
    for note in notes:
        speaker.note(f"note: {note}")
    shown = without_identity(profile) if args.private else profile
    return lens_report(shown, args.psf.name, crops), notes


def _crops(
    profile: Profile, args: argparse.Namespace, speaker: Speaker
) -> tuple[Crops, tuple[Translatable, ...]]:
    from lenscal.files.photos.export_settings import Look
    from lenscal.jobs.on_screen import report_crops
    from lenscal.restore.settings import DEFAULTS, Method, RestoreSettings
    from lenscal.system.isolation.calls import warm_up

    settings = RestoreSettings(Method(args.method or DEFAULTS.method))
    look = Look(args.exposure or 0.0)
    warm_up()
    return run_job(report_crops(profile, args.photo, settings, look), speaker)
