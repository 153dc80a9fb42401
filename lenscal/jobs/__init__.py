"""Long work as generators: they yield reports, take `STOP`, and return a frozen result. No Qt;
heavy imports are lazy.

`generator.close()` cancels a job at its next report. `generator.send(STOP)` asks it to finish
early and keep what it has; jobs that have nothing to keep in the middle go on to the end of the
photo they are at.
"""

from lenscal.jobs.cache import photo_cache
from lenscal.jobs.calibrating import build_profile, calibrate, import_photos
from lenscal.jobs.correcting import correct
from lenscal.jobs.demo import DemoResult, DemoSettings, demo
from lenscal.jobs.network import network_for, require_network, train_network
from lenscal.jobs.photo_work import PhotoResult
from lenscal.jobs.profile_match import grid_for, match_notes, mismatches

__all__ = [
    "DemoResult",
    "DemoSettings",
    "PhotoResult",
    "build_profile",
    "calibrate",
    "correct",
    "demo",
    "grid_for",
    "import_photos",
    "match_notes",
    "mismatches",
    "network_for",
    "photo_cache",
    "require_network",
    "train_network",
]
