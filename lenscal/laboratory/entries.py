"""One line of a manifest: a lens at an aperture, and how it shall be calibrated."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from lenscal.calibration.settings import CalibrationSettings
from lenscal.files.psf.psf_formats import DEFAULT_PSF_FORMAT
from lenscal.raw.pictures.kinds import Light

_LONGEST_NAME = 80
"""Characters of a folder's name: with those of its files and temporary ones it stays below what
file systems take."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A calibration to do.

    Attributes
    ----------
    name : of the lens, as the table shows it; copies of one lens share it
    copy : which of them; empty where there is one
    sharp, degraded : folders of photos
    settings : of the calibration
    aperture_sharp, aperture_degraded, lens, focal_mm, light : what the photos do not say
    keep_all : also photos that look flat, clipped, shaken
    private : without serial numbers, names of photos and their hashes
    formats : of the PSF files
    memory_bytes : that the calibration needs; a cluster's smaller workers are left out
    where : in the manifest, in words
    """

    name: str
    sharp: Path
    degraded: Path
    copy: str = ""
    settings: CalibrationSettings = field(default_factory=CalibrationSettings)
    aperture_sharp: float | None = None
    aperture_degraded: float | None = None
    lens: str | None = None
    focal_mm: float | None = None
    light: Light = Light.LINEAR
    keep_all: bool = False
    private: bool = False
    formats: tuple[str, ...] = (DEFAULT_PSF_FORMAT,)
    memory_bytes: int | None = None
    where: str = ""

    @property
    def folder_name(self) -> str:
        """What its results are called: by the lens, the copy and the folder of its photos, so that
        it stays the same when the manifest grows."""
        parts = (self.name, self.copy, self.degraded.name)
        return "_".join(plain for part in parts if (plain := plain_name(part)))[:_LONGEST_NAME]

    @property
    def title(self) -> str:
        """What messages call it."""
        parts = (self.name, self.copy, self.degraded.name)
        return ", ".join(part for part in parts if part)


def plain_name(text: str) -> str:
    """Letters, digits, points and hyphens that every file system takes."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9.]+", "-", plain).strip("-.").replace("..", ".")
