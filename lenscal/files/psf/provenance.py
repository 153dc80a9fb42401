"""Where a PSF comes from, as the headers of PSF files say it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a PSF comes from. Unknown numbers are None, unknown words empty."""

    camera: str = ""
    lens: str = ""
    f_number: float | None = None
    f_number_reference: float | None = None
    focal_mm: float | None = None


NO_PROVENANCE = Provenance()
