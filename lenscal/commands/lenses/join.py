"""lenscal join: several calibrations of one lens as one file."""

from __future__ import annotations

import argparse
from pathlib import Path

from lenscal.commands.progress import Speaker, run_job


def run_join(args: argparse.Namespace) -> int:
    """Join the profiles and write the file."""
    from lenscal.files.output_paths import check_profile_path
    from lenscal.files.psf.profile import read_profile, write_profile
    from lenscal.files.write_claim import only_writer
    from lenscal.lens.joining import join
    from lenscal.lens.words import coverage_in_words, coverage_values
    from lenscal.optics.plausibility import check_possible

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    out: Path = args.out
    check_profile_path(out)
    named = [(path.name, read_profile(path)) for path in args.profiles]
    for _, profile in named:
        check_possible(profile.psf)
    with only_writer(out):
        joined = run_job(join(named), speaker)
        write_profile(out, joined)
    count = 1 + len(joined.members)
    head = f"{count} calibrations of one lens" if count > 1 else "one calibration"
    lines = [f"{out}: {head}.", *map(str, coverage_in_words(joined))]
    values = {
        "written": [str(out)],
        "calibrations": count,
        "coverage": coverage_values(joined),
    }
    speaker.result("\n".join(lines), values)
    return 0
