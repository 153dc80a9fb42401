"""Which profiles of a folder are of the same lens, read without their kernels."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lenscal.errors import LenscalError
from lenscal.files.psf.profile import JSON_ENTRY, Profile
from lenscal.raw.vignetting import plain_name
from lenscal.system.file_content import read_plain_file
from lenscal.system.json_values import MOST_JSON_BYTES, bounded_json
from lenscal.system.zip_content import entry_of, zip_of

SUFFIX = ".lenscal"
MOST_LOOKED_INTO, MOST_BYTES = 24, 32 * 2**20
"""The newest, and not the largest: others would keep the window waiting."""


@dataclass(frozen=True, slots=True)
class KeptProfile:
    """A profile of the same lens and camera."""

    path: Path
    aperture: float | None
    created: str


def of_same_lens(profile: Profile, folders: Iterable[Path]) -> list[KeptProfile]:
    """Profiles of the same lens on the same camera as a profile, the newest first; without
    itself. What cannot be read is passed over."""
    if not profile.lens:
        return []
    found = []
    for path in _newest(folders):
        values = _description(path)
        same = all(
            plain_name(str(values.get(name, ""))) == plain_name(getattr(profile, name))
            for name in ("camera", "lens")
        )
        created, aperture = str(values.get("created", "")), values.get("aperture_degraded")
        if not values or not same or created == profile.created:
            continue
        number = float(aperture) if isinstance(aperture, int | float) else None
        found.append(KeptProfile(path, number, created))
    return found


def last_duration(folder: Path, quality: str) -> tuple[float, int] | None:
    """Seconds of the newest kept calibration of a quality, and how many photos it had; None where
    there is none."""
    for path in _newest([folder]):
        values = _description(path)
        settings, seconds, photos = (values.get(k) for k in ("settings", "seconds", "photos"))
        if not isinstance(settings, dict) or settings.get("quality") != quality:
            continue
        done = values.get("finished") == "done"
        if done and isinstance(seconds, int | float) and isinstance(photos, list) and seconds > 0:
            return float(seconds), len(photos)
    return None


def _newest(folders: Iterable[Path]) -> list[Path]:
    paths = {path for folder in folders if folder.is_dir() for path in folder.glob(f"*{SUFFIX}")}
    times = {}
    for path in paths:
        try:
            times[path] = path.stat().st_mtime
        except OSError:
            continue
    return sorted(times, key=lambda path: -times[path])[:MOST_LOOKED_INTO]


def _description(path: Path) -> dict[str, object]:
    """What profile.json says; empty where it cannot be read."""
    try:
        with zip_of(read_plain_file(path, MOST_BYTES), path) as archive:
            values = bounded_json(entry_of(archive, JSON_ENTRY, path, MOST_JSON_BYTES))
    # Other people's files lie there, too: one that is none is no reason to show nothing.
    except (LenscalError, OSError, ValueError, KeyError, zipfile.BadZipFile):
        return {}
    return values if isinstance(values, dict) else {}
