"""lenscal export-psf."""

from __future__ import annotations

import argparse

from lenscal.commands.progress import Speaker


def run_export_psf(args: argparse.Namespace) -> int:
    from lenscal.commands.correct import profile_or_grid
    from lenscal.files.atomic import check_output_folder
    from lenscal.files.psf.profile import Profile
    from lenscal.files.psf.psf_export import export_psf
    from lenscal.files.psf.psf_files import NO_PROVENANCE

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    check_output_folder(args.out)
    psf = profile_or_grid(args.psf)
    grid, provenance = (
        (psf.psf, psf.provenance) if isinstance(psf, Profile) else (psf, NO_PROVENANCE)
    )
    written = [str(path) for path in export_psf(grid, args.out, args.format, provenance)]
    speaker.result("\n".join(written), {"written": written})
    return 0
