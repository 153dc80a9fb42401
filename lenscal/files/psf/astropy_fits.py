"""astropy's FITS part, loaded where it is needed first."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any


def fits_module() -> Any:
    """astropy.io.fits, whatever folders this user has: it looks for settings and a cache of its own
    when it is loaded, says so where there are none, and ends the program where there is no home."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # A folder without settings, and no one's to put any into: files need none.
        here = str(Path(__file__).resolve().parent)
        for name in ("ASTROPY_CONFIG_DIR", "ASTROPY_CACHE_DIR"):
            os.environ.setdefault(name, here)
        from astropy.io import fits
    return fits
