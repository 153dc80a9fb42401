"""Files of network weights from strangers: safetensors, or PyTorch files of tensors alone."""

from __future__ import annotations

import io
import pickletools
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from lenscal.errors import InputError
from lenscal.system.file_content import open_plain_file, read_plain_file
from lenscal.system.zip_content import is_zip, zip_of
from lenscal.translation import translatable

PYTORCH_FILES = {".pth", ".pt"}
_MOST_BYTES = 2**30
"""Of a file, and of its tensors as float32; DRUNet has 0.13 GB."""
_MOST_TENSORS = 10_000
_MOST_METADATA_BYTES = 16 * 2**20
_MOST_PICKLED_BYTES = 2 * 2**20
"""Of names and shapes: a hundred bytes a tensor. Each byte may be a step that takes a
microsecond."""
_OLD_PICKLES = 5
"""That PyTorch files from before 1.6 begin with; then come the numbers."""
_TENSOR_PARTS = frozenset(
    (
        "collections OrderedDict",
        "torch._utils _rebuild_tensor_v2",
        "torch._utils _rebuild_parameter",
        *(
            f"torch {kind}Storage"
            for kind in ("Float", "Half", "BFloat16", "Double", "Long", "Int")
        ),
    )
)
"""What files of weights are made of; torch would take more, some of which costs memory."""


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a weights file by name, and its metadata.

    Raises
    ------
    InputError
        It cannot be read, is of another kind, or holds more than weights of a denoiser.
    """
    if path.suffix.lower() in PYTORCH_FILES:
        return _read_pytorch(path), {}
    return _read_safetensors(path)


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    # safetensors itself checks that the tensors are no more than the file.
    with open_plain_file(path, _MOST_BYTES) as stream:
        header_bytes = int.from_bytes(stream.read(8), "little")
    try:
        if header_bytes > _MOST_METADATA_BYTES:
            raise ValueError("its header is too long")
        with safe_open(path, framework="pt") as handle:
            weights = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
            _check_tensors(weights)
            return {n: value.float() for n, value in weights.items()}, handle.metadata() or {}
    # It raises errors of many kinds for what is none.
    except Exception as error:
        raise InputError(
            translatable(
                "--prior {path}: not a readable safetensors file ({error})",
                path=path,
                error=str(error) or type(error).__name__,
            )
        ) from error


def _read_pytorch(path: Path) -> dict[str, Tensor]:
    """The tensors of a PyTorch file; code in it is not run (`weights_only`)."""
    content = read_plain_file(path, _MOST_BYTES)
    try:
        for pickled in _pickles(content, path):
            _check_parts(pickled)
        with warnings.catch_warnings():
            # Old files make torch warn of its own internals.
            warnings.simplefilter("ignore")
            weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        _check_tensors(weights)
        return {str(name): value.float() for name, value in weights.items()}
    # pickle and torch raise whatever they run into.
    except Exception as error:
        raise InputError(
            translatable(
                "--prior {path}: not a PyTorch file of tensors by name; give the weights as their "
                "authors publish them",
                path=path,
            )
        ) from error


def _pickles(content: bytes, path: Path) -> Iterator[Any]:
    """What the file has torch unpickle, to be read from its beginning."""
    if not is_zip(content):
        stream = io.BytesIO(content[:_MOST_PICKLED_BYTES])
        yield from [stream] * _OLD_PICKLES
        return
    with zip_of(content, path) as archive:
        for entry in archive.infolist():
            # torch stores them as they are; what is packed may unpack to anything.
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > len(content):
                raise ValueError("packed entries")
            if entry.filename.endswith(".pkl"):
                yield io.BytesIO(archive.read(entry)[:_MOST_PICKLED_BYTES])


def _check_parts(pickled: Any) -> None:
    """Raises ValueError where a pickle names anything but tensors and what holds them."""
    for operation, argument, _ in pickletools.genops(pickled):
        if operation.name in ("STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4") or (
            operation.name == "GLOBAL" and argument not in _TENSOR_PARTS
        ):
            raise ValueError(f"{operation.name} {argument}")


def _check_tensors(weights: Mapping[Any, Any]) -> None:
    """Raises ValueError where there is anything but tensors, or they claim more numbers than the
    file has."""
    if len(weights) > _MOST_TENSORS:
        raise ValueError("too many tensors")
    for value in weights.values():
        # A stride of 0 makes any number of values of one.
        if value.layout is not torch.strided or value.is_meta or not value.is_contiguous():
            raise ValueError("no plain tensor")
        if value.is_complex() or not value.numel():
            raise ValueError("no numbers")
    if sum(4 * value.numel() for value in weights.values()) > _MOST_BYTES:
        raise ValueError("too many values")
