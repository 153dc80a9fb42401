"""lenscal for notebooks and scripts: what `import lenscal` gives (docs/python-api.md).

Arrays in and out, progress through a callback or a bar of tqdm's kind, errors of lenscal's own.
"""

from lenscal.api.calibrating import calibrate
from lenscal.api.correcting import correct
from lenscal.api.photos import Photos, read_photos
from lenscal.api.psf_files import read_profile, read_psf, write_profile, write_psf
from lenscal.api.scoring import score
from lenscal.errors import InputError, LenscalError, PhotoError
from lenscal.files.psf.profile import Profile
from lenscal.optics.psf_grid import PsfGrid

__all__ = [
    "InputError",
    "LenscalError",
    "PhotoError",
    "Photos",
    "Profile",
    "PsfGrid",
    "calibrate",
    "correct",
    "read_photos",
    "read_profile",
    "read_psf",
    "score",
    "write_profile",
    "write_psf",
]
