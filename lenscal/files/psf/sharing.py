"""A profile without what says whose it is: which camera and lens, and which photos."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from lenscal.files.psf.profile import Profile, ProfilePhoto

_FILE = re.compile(r"[^\s/\\]\.[A-Za-z][A-Za-z0-9]{1,7}(?![A-Za-z0-9])")
"""A name with a suffix. One letter is none: "e.g."."""
_PLACE = re.compile(r"(^|[\s(\"'“])([A-Za-z]:\\|~?/)\S")
"""A path from the root, a home folder or a drive on; "f/1.8" is none."""
_SHORTEST_STEM = 4
"""The 1 of 1.dng is no name: it stands in many a sentence."""
_NO_PHOTOS = re.compile(r"\bno photos?\b")
"""Files whose names need not have a suffix are told so."""


def without_identity(profile: Profile) -> Profile:
    """The same PSF, and all that finding photos for it and judging it take, without serial numbers,
    names of photos and their hashes.

    Photos become "sharp 1" and so on; what was said of single ones goes with their names. One more
    time changes nothing.
    """
    secrets = _secrets(profile)

    def harmless(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(text for text in texts if not _tells(text, secrets))

    return replace(
        profile,
        camera_serial="",
        lens_serial="",
        photos=tuple(_nameless(profile.photos, secrets)),
        warnings=harmless(profile.warnings),
        vignetting=harmless(profile.vignetting),
        settings={
            name: value
            for name, value in profile.settings.items()
            if not _tells(f"{name} {value}", secrets)
        },
        members=tuple(without_identity(member) for member in profile.members),
    )


def _secrets(profile: Profile) -> frozenset[str]:
    names = [photo.name for photo in profile.photos]
    # Without their suffixes, too: IMG_0815 is as good a name as IMG_0815.CR3.
    stems = [stem for name in names if len(stem := name.rpartition(".")[0]) >= _SHORTEST_STEM]
    hashes = [photo.sha256 for photo in profile.photos]
    serials = [profile.camera_serial, profile.lens_serial]
    nameless = {photo.name for photo in _nameless(profile.photos, ())}
    return frozenset({*names, *stems, *hashes, *serials}) - {"", *nameless}


def _nameless(photos: Iterable[ProfilePhoto], secrets: Collection[str]) -> Iterable[ProfilePhoto]:
    numbers: dict[str, int] = {}
    for photo in photos:
        # How many there were says how good a profile is.
        number = numbers[photo.role] = numbers.get(photo.role, 0) + 1
        verdict = "" if _tells(photo.verdict, secrets) else photo.verdict
        yield replace(photo, name=f"{photo.role} {number}", sha256="", verdict=verdict)


def _tells(text: str, secrets: Collection[str]) -> bool:
    """Whether a sentence names a file or a device. A profile holds sentences, not what they were
    made of."""
    if any(_holds(text, secret) for secret in secrets):
        return True
    return any(pattern.search(text) for pattern in (_FILE, _PLACE, _NO_PHOTOS))


def _holds(text: str, secret: str) -> bool:
    """Whether a text holds a name as a word of its own: a photo may be called 1.dng."""
    return re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", text) is not None
