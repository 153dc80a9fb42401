"""One kernel as a file: npz with `kernel` [k, k], which sums to 1."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.system.atomic import written_whole
from lenscal.system.file_content import read_plain_file
from lenscal.system.zip_content import zip_of
from lenscal.translation import translatable

MOST_SIDE_PX = 101
_MOST_BYTES = 2**20


def write_kernel(path: Path, kernel: NDArray[np.float32], *, fresh: bool) -> None:
    """Write it, whole or not at all; `fresh` : replace nothing."""
    stream = io.BytesIO()
    np.savez_compressed(stream, kernel=kernel.astype(np.float32))
    with written_whole(path, fresh=fresh) as temporary:
        temporary.write_bytes(stream.getvalue())


def read_kernel(path: Path) -> NDArray[np.float32]:
    """A kernel of any program's; brought to the sum 1. Even sides have their middle at k // 2.

    Raises
    ------
    InputError
        It is no such file, or holds what no kernel is.
    """
    content = read_plain_file(path, _MOST_BYTES)
    try:
        with zip_of(content, str(path)) as archive, archive.open("kernel.npy") as stream:
            # Pickles could run code of strangers; a small file may claim any size.
            values = np.lib.format.read_array(
                io.BytesIO(stream.read(_MOST_BYTES)), allow_pickle=False
            )
        kernel = np.asarray(values, np.float64)
    except InputError:
        raise
    # zipfile, zlib and numpy raise whatever they run into in a damaged file.
    except Exception as error:
        raise InputError(
            translatable(
                "{path} holds no kernel ({reason}): give an npz file with an array kernel [k, k]",
                path=path,
                reason=str(error) or type(error).__name__,
            )
        ) from error
    square = kernel.ndim == 2 and kernel.shape[0] == kernel.shape[1]
    if not square or not 1 <= kernel.shape[0] <= MOST_SIDE_PX:
        raise InputError(
            translatable(
                "{path}: its kernel is {shape}, want [k, k] with at most {most} px a side",
                path=path,
                shape=str(kernel.shape)[:60],
                most=MOST_SIDE_PX,
            )
        )
    total = kernel.sum()
    if not np.isfinite(kernel).all() or not np.isfinite(total) or abs(total) < 1e-6:
        raise InputError(translatable("{path}: its kernel is not finite, or sums to 0", path=path))
    return np.asarray(kernel / total, np.float32)
