"""Lens models that were fitted to profiles without one, kept for the next time: a fit takes ten
to twenty seconds (docs/experiments/apertures.md)."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path

from lenscal.errors import LenscalError
from lenscal.files.lens_model import LAYOUT, LensModel
from lenscal.files.psf.fingerprint import fingerprint
from lenscal.lens.coverage import Group, f_numbers
from lenscal.system.atomic import written_whole
from lenscal.system.file_content import read_plain_file
from lenscal.system.json_values import MOST_JSON_BYTES, read_json, to_json
from lenscal.system.user_folders import cache_folder

logger = logging.getLogger(__name__)


def kept_model(group: Group) -> LensModel | None:
    """The model that was fitted to these kernels before; None where there is none."""
    path = _path(group)
    if not path.is_file():
        return None
    try:
        model = read_json(LensModel, read_plain_file(path, MOST_JSON_BYTES), path, "")
    # Made anew then.
    except (LenscalError, OSError):
        return None
    return model if model.layout == LAYOUT else None


def keep_model(group: Group, model: LensModel) -> None:
    """Keep a model; where there is no room for it, it is fitted again the next time."""
    path = _path(group)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as temporary:
            temporary.write_text(json.dumps(to_json(model)), encoding="utf-8")
    except (OSError, LenscalError) as error:
        logger.warning("a lens model was not kept: %s", error)


def _path(group: Group) -> Path:
    # By the kernels themselves and all that a fit depends on: a renamed profile has the same.
    known = [(fingerprint(p.psf), f_numbers(p), p.pitch_um) for p in group.predicting]
    digest = hashlib.sha256(repr((LAYOUT, known)).encode()).hexdigest()[:32]
    return cache_folder() / "lens models" / f"{digest}.json"
