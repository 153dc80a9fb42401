"""PSF grids as npz files: plain arrays that numpy reads, without pickles."""

from __future__ import annotations

import io
import lzma
import tokenize
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.files.psf.node_grid import on_grid_nodes
from lenscal.optics.psf_grid import PsfGrid, Reference
from lenscal.system.atomic import written_whole
from lenscal.translation import translatable

# More than any grid of `MAX_NODES` kernels takes; what unpacks to more is no PSF.
MAX_NPZ_BYTES = 2**30

# What reading damaged zip files and arrays raises beside the usual.
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, tokenize.TokenError)


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
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise InputError(
            translatable("{path} cannot be read: {reason}", path=path, reason=reason)
        ) from error
    return psf_from_npz(content, str(path))


def psf_from_npz(content: bytes, name: str) -> PsfGrid:
    """The grid in an npz; `name` is what messages call the file.

    Nodes elsewhere than a `PsfGrid` has them are resampled as in `on_grid_nodes`.

    Raises
    ------
    InputError
        It is not such an npz, or would unpack to more than 1 GiB.
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
    types = {
        "kernels": np.float32,
        "image_size": None,
        "confidence": np.float32,
        "reference": None,
        "positions": np.float64,
    }
    try:
        # Before numpy unpacks anything.
        _check_unpacked_size(content, name)
        # Pickles could run code of strangers.
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            absent = {"kernels", "image_size"} - set(archive.files)
            if absent:
                raise InputError(
                    translatable(
                        "{name} lacks {arrays}: not a PSF file of lenscal",
                        name=name,
                        arrays=" and ".join(sorted(absent)),
                    )
                )
            return {
                key: np.asarray(archive[key], kind)
                for key, kind in types.items()
                if key in archive.files
            }
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, *_DAMAGED) as error:
        raise InputError(
            translatable("{name} is not a readable PSF file: {reason}", name=name, reason=error)
        ) from error


def _check_unpacked_size(content: bytes, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > MAX_NPZ_BYTES:
        raise InputError(
            translatable(
                "{name} would unpack to {size:.0f} MiB: not a PSF file of lenscal",
                name=name,
                size=size / 2**20,
            )
        )


def _image_size(values: NDArray[Any], name: str) -> tuple[int, int]:
    if values.shape != (2,) or not (values > 0).all():
        raise InputError(
            translatable(
                "{name}: image_size is {values}, want height and width",
                name=name,
                values=values.tolist(),
            )
        )
    height, width = (int(n) for n in values)
    return height, width


def _known_confidence(confidence: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    """The confidence, unless NaN says that it is not known."""
    if confidence is None or not np.isfinite(confidence).all():
        return None
    return confidence
