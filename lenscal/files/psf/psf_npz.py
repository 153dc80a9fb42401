"""PSF grids as npz files: plain arrays that numpy reads, without pickles."""

from __future__ import annotations

import io
import math
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.files.psf.limits import (
    MAX_FILE_BYTES,
    MAX_NODES,
    check_kernel_amount,
    check_photo_size,
    nodes_of,
)
from lenscal.files.psf.node_grid import on_grid_nodes
from lenscal.optics.psf_grid import PsfGrid, Reference
from lenscal.system.atomic import written_whole
from lenscal.system.file_content import read_plain_file
from lenscal.system.zip_content import zip_of
from lenscal.translation import enumeration, translatable

_TYPES = {
    "kernels": np.float32,
    "image_size": np.float64,
    "confidence": np.float32,
    "reference": None,
    "positions": np.float64,
}
"""The arrays that are known, and what they are used as."""
_NUMBERS, _TEXTS = "fiu", "US"
"""Kinds of arrays, as numpy names them."""
_LARGEST_NUMBER_BYTES, _LONGEST_TEXT_BYTES = 16, 1024


def npz_bytes(grid: PsfGrid) -> bytes:
    """Kernels, positions, confidence (NaN: unknown), image_size and reference as plain arrays."""
    confidence = grid.confidence
    if confidence is None:
        confidence = np.full(grid.kernels.shape[:3], np.nan, np.float32)
    stream = io.BytesIO()
    # Kernels of the field's edge have much in common, and zeros around them.
    np.savez_compressed(
        stream,
        kernels=grid.kernels.astype(np.float32),
        positions=grid.positions.astype(np.float32),
        confidence=confidence.astype(np.float32),
        image_size=np.array(grid.image_size, np.int64),
        reference=np.array(grid.reference.value),
    )
    return stream.getvalue()


def write_npz(grid: PsfGrid, path: Path) -> Path:
    """Write the arrays of `npz_bytes` to a file."""
    with written_whole(path) as temporary:
        temporary.write_bytes(npz_bytes(grid))
    return path


def read_npz(path: Path) -> PsfGrid:
    """Read what `write_npz` wrote, or another program's. Raises InputError as `psf_from_npz`
    does."""
    return psf_from_npz(read_plain_file(path, MAX_FILE_BYTES), str(path))


def psf_from_npz(content: bytes, name: str) -> PsfGrid:
    """The grid in an npz; `name` is what messages call the file.

    Nodes elsewhere than a `PsfGrid` has them are resampled as in `on_grid_nodes`.

    Raises
    ------
    InputError
        It is not such an npz, or holds more than lenscal handles.
    """
    arrays = _arrays(content, name)
    kernels = arrays["kernels"]
    grid = PsfGrid(
        kernels,
        _image_size(arrays["image_size"], name),
        reference_of(str(arrays.get("reference", "")), Reference.ABSOLUTE),
        _known_confidence(arrays.get("confidence")),
    )
    if "positions" not in arrays:
        return grid
    positions = arrays["positions"]
    if positions.shape != (*grid.shape, 2) or not np.isfinite(positions).all():
        raise InputError(
            translatable(
                "{name}: want finite positions {expected} of its kernels, got {shape}",
                name=name,
                expected=(*grid.shape, 2),
                shape=positions.shape,
            )
        )
    height, width = grid.image_size
    confidence = None if grid.confidence is None else grid.confidence.reshape(-1, 3)
    kernels, confidence = on_grid_nodes(
        name,
        kernels.reshape(-1, *kernels.shape[2:]),
        confidence,
        positions.reshape(-1, 2) * (height - 1, width - 1),
        grid.image_size,
    )
    return replace(grid, kernels=kernels, confidence=confidence)


def reference_of(text: object, unknown: Reference) -> Reference:
    """The reference that a file names; `unknown` where it names none that is known."""
    return next((reference for reference in Reference if reference == text), unknown)


def _arrays(content: bytes, name: str) -> dict[str, NDArray[Any]]:
    """The arrays of an npz that are known, in the types they are used in."""
    try:
        with zip_of(content, name) as archive:
            present = [key for key in _TYPES if f"{key}.npy" in archive.namelist()]
            absent = {"kernels", "image_size"} - set(present)
            if absent:
                raise InputError(
                    translatable(
                        "{name} lacks {arrays}: not a PSF file of lenscal",
                        name=name,
                        arrays=enumeration(sorted(absent)),
                    )
                )
            # All of them before anything is unpacked.
            for key in present:
                _check_declared(archive, key, name)
            return {key: _array(archive, key) for key in present}
    except InputError:
        raise
    # zipfile, zlib and numpy raise whatever they run into in a damaged file.
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise InputError(
            translatable("{name} is not a readable PSF file: {reason}", name=name, reason=reason)
        ) from error


def _check_declared(archive: zipfile.ZipFile, key: str, name: str) -> None:
    """Refuse an array whose header promises more than there is, or than is handled."""
    with archive.open(f"{key}.npy") as stream:
        version = np.lib.format.read_magic(stream)
        read_header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read_header(stream)
    kinds = _TEXTS if key == "reference" else _NUMBERS
    largest = _LONGEST_TEXT_BYTES if key == "reference" else _LARGEST_NUMBER_BYTES
    size = math.prod(shape) * dtype.itemsize
    if (
        dtype.kind not in kinds
        or dtype.itemsize > largest
        or not all(n >= 0 for n in shape)
        or size > archive.getinfo(f"{key}.npy").file_size
    ):
        raise InputError(
            translatable(
                "{name} is not a readable PSF file: its {key} are {kind} {shape}",
                name=name,
                key=key,
                kind=str(dtype)[:40],
                shape=str(shape)[:60],
            )
        )
    if key == "kernels":
        check_kernel_amount(name, *_amount(shape))
    elif math.prod(shape) > MAX_NODES * len("RGB"):
        raise InputError(
            translatable("{name}: its {key} are more than lenscal handles", name=name, key=key)
        )


def _amount(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Nodes, channels and side of kernels; what has another shape counts as one side."""
    if len(shape) != 5:
        return 1, 1, math.prod(shape)
    nodes, side = nodes_of(shape)
    return nodes, shape[2], side


def _array(archive: zipfile.ZipFile, key: str) -> NDArray[Any]:
    with archive.open(f"{key}.npy") as stream:
        # Pickles could run code of strangers.
        array = np.lib.format.read_array(stream, allow_pickle=False)
    with np.errstate(over="ignore"):
        # What is too large for it becomes infinite, and is refused as such.
        return np.asarray(array, _TYPES[key])


def _image_size(values: NDArray[Any], name: str) -> tuple[int, int]:
    if values.shape != (2,):
        raise InputError(
            translatable(
                "{name}: image_size is {values}, want height and width",
                name=name,
                values=str(values.shape),
            )
        )
    check_photo_size(name, *values.tolist())
    height, width = (int(n) for n in values)
    return height, width


def _known_confidence(confidence: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    """The confidence, unless NaN says that it is not known."""
    if confidence is None or not np.isfinite(confidence).all():
        return None
    return confidence
