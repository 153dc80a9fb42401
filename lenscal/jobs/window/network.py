"""Training a restoration network from the window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.system.preload import preload
from lenscal.translation import Translatable, translatable

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile
    from lenscal.supervised.settings import NetworkSettings


@dataclass(frozen=True, slots=True, eq=False)
class SavedNetwork:
    """A profile with its network.

    Attributes
    ----------
    path : Path or None
        Where it was written; None: it has no file yet.
    share : float
        How much of the network's change is kept; 0: it is not better than the Wiener filter yet.
    gain_db : float
        Over the Wiener filter, on photos held out.
    notes : what was left out of the photos, in words
    """

    profile: Profile
    path: Path | None
    share: float
    gain_db: float
    notes: tuple[Translatable, ...]


def train_network(
    profile: Profile, path: Path | None, photos: Path, settings: NetworkSettings
) -> Job[SavedNetwork]:
    """Train a network on a folder of sharp photos, and write the profile at `path` anew where that
    holds one. `STOP` keeps what was reached."""
    from lenscal import jobs
    from lenscal.files.psf.opening import PsfKind, psf_kind
    from lenscal.files.psf.profile import write_profile
    from lenscal.files.write_claim import only_writer
    from lenscal.intake.photo_files import find_photos

    yield Report("read", translatable("Starting the numerical engine"))
    yield from preload()
    found = find_photos([photos])
    work = jobs.train_network(profile, found.files, settings)
    if path is None or psf_kind(path) is not PsfKind.PROFILE:
        profile, trained = yield from work
        path = None
    else:
        busy = translatable(
            "{path}: another lenscal that is running writes it; wait, or save a copy in step 6",
            path=path,
        )
        with only_writer(path, busy):
            profile, trained = yield from work
            write_profile(path, profile)
    judgement = trained.held_out
    return SavedNetwork(profile, path, judgement.share, judgement.gain_db, trained.notes)
