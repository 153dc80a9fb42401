"""Whatever a file holds, its reader takes it or says in a sentence what is wrong.

Short and always the same in CI; LENSCAL_FUZZ_EXAMPLES=2000 runs so many new examples of each
(docs/reliability.md).
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inputs import (
    NOT_FINITE,
    ODD_NUMBERS,
    ODD_TEXTS,
    changed_bytes,
    changed_json,
    strangers,
)
from readers import READERS, Reader, use_whole_profile

from lenscal.errors import LenscalError

TEXTS = ("a.lensproject", "window.json")
CORPUS = Path(__file__).parent / "corpus"


@cache
def good(name: str) -> dict[str, bytes]:
    """The files that a reader's good file consists of."""
    with TemporaryDirectory() as folder:
        READERS[name].write(Path(folder) / name)
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def read(reader: Reader, files: dict[str, bytes]) -> str:
    """What the reader says; empty where it takes the file."""
    with TemporaryDirectory(prefix="lenscal-fuzz-") as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        try:
            reader.read(Path(folder) / reader.name)
        except LenscalError as error:
            assert str(error)
            assert not str(error).startswith("unexpected")
            return str(error)
        finally:
            # Nothing is left beside it.
            assert {path.name for path in Path(folder).iterdir()} == set(files)
    return ""


@pytest.mark.parametrize("name", READERS)
def test_good_files_are_read(name: str) -> None:
    assert read(READERS[name], good(name)) == ""


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda path: path.name)
def test_files_that_were_faults(path: Path) -> None:
    """NAME--what is wrong with it."""
    name = path.name.split("--")[0]
    files = {**good(name), name: path.read_bytes()}
    message = read(READERS[name], files)
    assert message or name == "window.json"


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@strangers(12)
def test_changed_bytes(name: str, data: st.DataObject) -> None:
    files = good(name)
    read(READERS[name], {**files, name: data.draw(changed_bytes(files[name]))})


def as_json(values: Any) -> bytes:
    # Numbers of 400 digits, NaN and halves of characters, as other programs may write them.
    return json.dumps(values).encode()


@pytest.mark.parametrize("name", TEXTS)
@given(data=st.data())
@strangers(30)
def test_changed_json(name: str, data: st.DataObject) -> None:
    values = json.loads(good(name)[name])
    read(READERS[name], {name: as_json(data.draw(changed_json(values)))})


@cache
def entries() -> dict[str, bytes]:
    name = "lens.lenscal"
    with zipfile.ZipFile(io.BytesIO(good(name)[name])) as archive:
        return {entry: archive.read(entry) for entry in archive.namelist()}


def read_profile_of(changed: dict[str, bytes]) -> str:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in {**entries(), **changed}.items():
            archive.writestr(entry, content)
    reader = replace(READERS["lens.lenscal"], read=use_whole_profile)
    return read(reader, {"lens.lenscal": stream.getvalue()})


@given(data=st.data())
@strangers(20)
def test_changed_profiles(data: st.DataObject) -> None:
    values = json.loads(entries()["profile.json"])
    read_profile_of({"profile.json": as_json(data.draw(changed_json(values)))})


odd_fields = st.one_of(
    st.sampled_from([str(number) for number in (*ODD_NUMBERS, *NOT_FINITE)]),
    st.sampled_from([text for text in ODD_TEXTS if "\ud800" not in text]),
    st.text(st.characters(codec="utf-8"), max_size=10),
)


@given(lines=st.lists(st.lists(odd_fields, max_size=4), max_size=5), quoted=st.booleans())
@strangers(15)
def test_curves(lines: list[list[str]], quoted: bool) -> None:
    quote = '"' if quoted else ""
    text = "\n".join(",".join(f"{quote}{field}{quote}" for field in line) for line in lines)
    read_profile_of({"training/curves.csv": f"curve,step,value\n{text}".encode()})


shapes = st.lists(st.sampled_from((0, 1, 2, 3, 5, 7, 2**20, 2**31, 2**62)), max_size=6).map(tuple)
kinds = st.sampled_from(
    ("<f4", "<f8", ">f2", "|b1", "<i8", "<u1", "<c8", "|O", "<U9", "|V8", "<M8[s]")
)


@st.composite
def arrays(draw: st.DrawFn) -> bytes:
    """An array's file, whose header need not tell the truth."""
    shape, kind = draw(shapes), draw(kinds)
    header = f"{{'descr': '{kind}', 'fortran_order': {draw(st.booleans())}, 'shape': {shape}}}"
    if not draw(st.integers(0, 4)):
        header = draw(st.sampled_from(("(" * 500, "{'descr': [('a', '<f4')] * 9}", "", "{" * 60)))
    head = header.encode() + b"\n"
    return (
        b"\x93NUMPY\x01\x00"
        + struct.pack("<H", len(head))
        + head
        + draw(st.sampled_from((b"", b"\0" * 512, b"\xff" * 512)))
    )


@st.composite
def true_arrays(draw: st.DrawFn) -> bytes:
    """An array whose values are odd."""
    size = draw(st.lists(st.sampled_from((0, 1, 2, 3, 5)), max_size=5))
    value = draw(st.sampled_from((0, 1, 0.04, 1e30, -999, 1000, *NOT_FINITE)))
    stream = io.BytesIO()
    np.save(stream, np.full(size, value, draw(st.sampled_from((np.float32, np.float64)))))
    return stream.getvalue()


@given(
    name=st.sampled_from(("kernels", "positions", "confidence", "image_size", "reference")),
    content=st.one_of(arrays(), true_arrays()),
)
@strangers(40)
def test_arrays(name: str, content: bytes) -> None:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(good("psf.npz")["psf.npz"])) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.namelist():
            changed = entry == f"{name}.npy"
            new.writestr(entry, content if changed else old.read(entry))
    read(READERS["psf.npz"], {"psf.npz": stream.getvalue()})


CARDS = ("NAXIS", "NAXIS1", "NAXIS3", "BITPIX", "IMGHEIGH", "OVERSAMP", "DET_YX0", "DETORDER")


@given(
    card=st.sampled_from((*CARDS, "SIMPLE", "END", "BSCALE", "PCOUNT", "GCOUNT", "EXTEND")),
    value=st.one_of(
        st.sampled_from([str(number)[:60] for number in (*ODD_NUMBERS, *NOT_FINITE)]),
        st.sampled_from(("T", "F", "''", "'(1, 2", "'(nan, inf)'", "", "16", "-64", "100000000")),
    ),
)
@strangers(30)
def test_cards(card: str, value: str) -> None:
    files = good("psf_R.fits")
    content = files["psf_R.fits"]
    at = content.find(card.ljust(8).encode())
    line = f"{card:<8}= {value:>20}"[:80].ljust(80).encode()
    if at < 0:
        # Before a card that is not needed.
        at = content.find(b"SOFTWARE")
    changed = content[:at] + line + content[at + 80 :]
    read(READERS["psf_R.fits"], {**files, "psf_R.fits": changed})


def with_header(content: bytes, change: Callable[[Any], Any]) -> bytes:
    """A safetensors file with another header."""
    size = int.from_bytes(content[:8], "little")
    header = json.dumps(change(json.loads(content[8 : 8 + size]))).encode()
    return struct.pack("<Q", len(header)) + header + content[8 + size :]


@pytest.mark.parametrize("name", ["prior.safetensors", "lens.lenscal.checkpoint"])
@given(data=st.data())
@strangers(25)
def test_tensors(name: str, data: st.DataObject) -> None:
    files = good(name)
    changed = with_header(files[name], lambda values: data.draw(changed_json(values)))
    read(READERS[name], {**files, name: changed})
