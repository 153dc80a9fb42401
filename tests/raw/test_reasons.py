"""Why files are refused: the true reason, what to do, and nothing that libraries print."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from raw_photos import write_photo
from scipy.ndimage import gaussian_filter

from lenscal.errors import PhotoError
from lenscal.raw.decode import decode_photo, probe
from lenscal.system.streams.native_stderr import without_library_noise


def write_dc120(path: Path, quality: int) -> None:
    """A Kodak DC120's file: a TIFF with a JPEG of half its rows, bytes swapped in pairs."""
    rng = np.random.default_rng(0)
    scene = gaussian_filter(rng.normal(size=(488, 848, 3)), (6, 6, 0))
    pixels = np.clip(110 + scene / scene.std() * 40, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    data = jpeg.tobytes() + b"\0" * (len(jpeg) % 2)
    data = np.frombuffer(data, ">u2").astype("<u2").tobytes()
    make, model = b"Eastman Kodak Company\0", b"Kodak DC120 ZOOM Digital Camera\0"
    at_make = 8 + 2 + 12 * 12 + 4
    at_model, at_data = at_make + len(make), at_make + len(make) + len(model)
    tags = [
        (254, 4, 1, 0),
        (256, 4, 1, 848),
        (257, 4, 1, 976),
        (258, 3, 1, 8),
        (259, 3, 1, 7),
        (262, 3, 1, 32803),
        (271, 2, len(make), at_make),
        (272, 2, len(model), at_model),
        (273, 4, 1, at_data),
        (277, 3, 1, 1),
        (278, 4, 1, 976),
        (279, 4, 1, len(data)),
    ]
    directory = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + directory + struct.pack("<I", 0)
    path.write_bytes(head + make + model + data)


@pytest.mark.parametrize("quality", [10, 60])
def test_strong_compression_is_not_called_cut_off(tmp_path: Path, quality: int) -> None:
    path = tmp_path / "a.kdc"
    write_dc120(path, quality)
    with pytest.raises(PhotoError, match=r"not upright and square \(Kodak DC120"):
        decode_photo(path)
    assert "not upright and square" in probe(path)


def test_gpr_says_how_to_convert(shared: Path) -> None:
    name = "gopro__gpr__data__samples__Hero6__GOPR0024.GPR"
    with pytest.raises(PhotoError, match="GPR has to be converted first: Adobe DNG Converter"):
        decode_photo(shared / "data" / "raw_bad" / name)


def test_a_dng_of_jpeg_xl_says_how_to_convert(shared: Path) -> None:
    (path,) = (shared / "data" / "raw_bad").glob("*nikon_z_9*")
    with pytest.raises(PhotoError, match="it holds JPEG XL: let Adobe DNG Converter"):
        decode_photo(path)


def test_a_crw_that_lacks_its_end_is_cut_off(shared: Path, tmp_path: Path) -> None:
    content = (shared / "data" / "raw" / "PowerShot_G2__CRW_0304.CRW").read_bytes()
    path = tmp_path / "a.crw"
    path.write_bytes(content[: len(content) * 9 // 10])
    with pytest.raises(PhotoError, match="cut off or damaged"):
        decode_photo(path)


def damaged(path: Path) -> Path:
    """Lossless JPEG with bytes changed in the middle: LibRaw prints of it."""
    rng = np.random.default_rng(1)
    raw = rng.integers(300, 9000, (600, 700)).astype(np.uint16)
    write_photo(path, raw=raw, compress=True)
    content = bytearray(path.read_bytes())
    at = rng.integers(len(content) // 3, len(content), 400)
    for place in at:
        content[place] = rng.integers(256)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("command", ["info", "check"])
def test_libraries_words_do_not_reach_the_terminal(tmp_path: Path, command: str) -> None:
    path = damaged(tmp_path / "a.dng")
    script = "import sys, rawpy; rawpy.imread(sys.argv[1]).postprocess()"
    bare = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False
    )
    assert "data corrupted" in bare.stderr.splitlines()[0]
    arguments = [path] if command == "info" else [path, path]
    called = [sys.executable, "-m", "lenscal", command, *map(str, arguments), "--quiet"]
    done = subprocess.run(called, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert all(line.startswith("lenscal: ") for line in done.stderr.splitlines())
    assert "the picture in the file is damaged" in done.stderr + done.stdout


def test_noise_is_let_out_again(capfd: pytest.CaptureFixture[str]) -> None:
    with without_library_noise(), without_library_noise():
        os.write(2, b"within\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"
