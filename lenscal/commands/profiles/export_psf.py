"""lenscal export-psf."""

from __future__ import annotations

import argparse

from lenscal.commands.progress import Speaker


def run_export_psf(args: argparse.Namespace) -> int:
    """Write the kernels."""
    from lenscal.files.output_paths import check_output_folder
    from lenscal.files.psf.opening import open_psf
    from lenscal.files.psf.psf_export import export_psf

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    # A folder that cannot be written is told before a large profile is read.
    check_output_folder(args.out)
    profile = open_psf(args.psf)
    paths = export_psf(profile.psf, args.out, args.format, profile.provenance)
    names = [str(path) for path in paths]
    speaker.result("\n".join(names), {"written": names})
    return 0
