"""The checkpoint of a calibration that has not come to its end: one safetensors file beside the
profile.

Arrays are tensors of the file, all else is JSON in its metadata: nothing in it can run.
"""

from __future__ import annotations

import glob
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.system.atomic import temporary_stem, written_whole
from lenscal.system.file_content import check_plain_file
from lenscal.system.json_values import bounded_json
from lenscal.translation import translatable

_KEY = "lenscal checkpoint"
_MOST_BYTES = 4 * 2**30
"""A dozen copies of the largest kernels, a network and its moments."""


def checkpoint_path(profile: Path) -> Path:
    """Where the checkpoint of the profile LENS.lenscal lies: LENS.lenscal.checkpoint."""
    return profile.with_name(f"{profile.name}.checkpoint")


@dataclass(frozen=True, slots=True)
class CheckpointFile:
    """Where a calibration keeps what it needs to be continued; `resume` lets it start from what is
    there."""

    path: Path
    resume: bool = False

    @property
    def written_at(self) -> int | None:
        """When the file was written, ns; None where there is none."""
        try:
            return self.path.stat().st_mtime_ns
        except OSError:
            return None

    def values(self) -> dict[str, Any] | None:
        """What the file says without its arrays; None where there is none that can be read."""
        from safetensors import safe_open

        try:
            check_plain_file(self.path, _MOST_BYTES)
            with safe_open(self.path, "numpy") as file:
                values = bounded_json((file.metadata() or {}).get(_KEY, "null"))
        # safetensors raises errors of many kinds for what is none.
        except Exception:
            return None
        return values if isinstance(values, dict) else None

    def load(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
        """Values and arrays of the file; None where nothing shall be continued, or nothing is
        there.

        Raises
        ------
        InputError
            Not a checkpoint, or damaged.
        """
        if not self.resume or not self.path.exists():
            return None
        from safetensors import safe_open

        check_plain_file(self.path, _MOST_BYTES)
        try:
            with safe_open(self.path, "numpy") as file:
                values = bounded_json((file.metadata() or {}).get(_KEY, "null"))
                # Copies, since the file is replaced by the next checkpoint.
                names = file.keys()
                arrays = {name: np.array(file.get_tensor(name)) for name in names}
        # Of kinds of numbers that numpy does not know, too.
        except Exception as error:
            raise InputError(
                translatable(
                    "the checkpoint {path} cannot be read ({reason}): "
                    "calibrate without --resume to start anew",
                    path=self.path,
                    reason=str(error) or type(error).__name__,
                )
            ) from error
        if not isinstance(values, dict):
            raise InputError(
                translatable(
                    "{path} is no checkpoint of lenscal's: "
                    "calibrate without --resume to start anew",
                    path=self.path,
                )
            )
        return values, arrays

    def save(self, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write the file whole or not at all.

        Raises
        ------
        LenscalError
            The disk does not take it.
        """
        from safetensors.numpy import save

        content = save(
            # safetensors writes the memory as it lies, also of views.
            {name: np.array(array, order="C") for name, array in arrays.items()},
            {_KEY: json.dumps(values)},
        )
        with written_whole(self.path) as temporary:
            temporary.write_bytes(content)

    def remove(self) -> None:
        """Take the file away, and what a killed program left half written."""
        self.path.unlink(missing_ok=True)
        stem = glob.escape(temporary_stem(self.path))
        for half_written in self.path.parent.glob(f".{stem}.????????{self.path.suffix}"):
            half_written.unlink(missing_ok=True)
