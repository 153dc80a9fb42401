"""lenscal share: a profile to give away."""

from __future__ import annotations

import argparse
from pathlib import Path

from lenscal.commands.progress import Speaker
from lenscal.errors import InputError
from lenscal.translation import translatable

_WITHOUT = "serial numbers, names of photos and their hashes"


def run_share(args: argparse.Namespace) -> int:
    """Write the copy."""
    from lenscal.files.output_paths import check_profile_path
    from lenscal.files.psf.profile import read_profile, write_profile
    from lenscal.files.psf.sharing import without_identity
    from lenscal.files.write_claim import only_writer
    from lenscal.optics.plausibility import check_possible

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    out: Path = args.out
    check_profile_path(out)
    profile = read_profile(args.profile)
    check_possible(profile.psf)
    # What the copy lacks would be gone for good.
    if out.exists() and out.samefile(args.profile):
        raise InputError(
            translatable("--out {path} is the profile itself: choose another name", path=out)
        )
    with only_writer(out):
        write_profile(out, without_identity(profile))
    words = f"{out}: the same PSF without {_WITHOUT}."
    speaker.result(words, {"written": [str(out)]})
    return 0
