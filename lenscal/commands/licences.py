"""lenscal licences: what it is made of."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from lenscal import __version__
from lenscal.commands.progress import Speaker


def run_licences(args: argparse.Namespace) -> int:
    """List libraries and data with their licences."""
    from lenscal.jobs.licences import OWN_LICENCE, dependencies, licences_in_words, shipped_files

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    lines = licences_in_words(with_texts=args.verbose)
    libraries = [asdict(library) for library in dependencies()]
    for library in libraries:
        library["texts"] = [str(path) for path in library["texts"]]
    values = {
        "lenscal": {"version": __version__, "licence": OWN_LICENCE},
        "libraries": libraries,
        "data": [asdict(file) for file in shipped_files()],
    }
    speaker.result("\n".join(lines), values)
    return 0
