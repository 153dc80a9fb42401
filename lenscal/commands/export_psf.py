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
    check_output_folder(args.out)
    profile = open_psf(args.psf)
    paths = export_psf(profile.psf, args.out, args.format, profile.provenance)
    written = [str(path) for path in paths]
    speaker.result("\n".join(written), {"written": written})
    return 0
