"""Damaged and odd files, read in another process: a crash or hang of LibRaw fails the test instead
of ending it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

READ = """
import json, sys
from pathlib import Path
from lenscal.errors import LenscalError
from lenscal.raw.decode import decode_photo
from lenscal.raw.metadata import read_info
for name in sys.argv[1:]:
    print(json.dumps([name, "began"]), flush=True)
    info = read_info(Path(name))
    assert info.aperture is None or 0.5 <= info.aperture <= 128
    assert all(ch.isprintable() for ch in info.camera + info.lens + info.camera_serial)
    try:
        frame = decode_photo(Path(name))
        print(json.dumps([name, f"read {frame.size}"]), flush=True)
    except LenscalError as error:
        print(json.dumps([name, f"refused {error}"]), flush=True)
"""


def test_every_bad_file_is_refused_with_a_reason(shared: Path) -> None:
    files = sorted((shared / "data" / "raw_bad").iterdir())
    # A good photo first and in between: what it leaves in memory must not turn up as somebody
    # else's picture.
    good = shared / "data" / "raw" / "PowerShot_S40__CRW_0101.CRW"
    names = [str(p) for p in (good, *files[: len(files) // 2], good, *files[len(files) // 2 :])]
    done = subprocess.run(
        [sys.executable, "-c", READ, *names],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )
    outcome = dict(json.loads(line) for line in done.stdout.splitlines())
    assert done.returncode == 0, (list(outcome)[-1:], done.stderr[-2000:])
    assert len(files) >= 20
    assert outcome[str(good)].startswith("read")
    for path in files:
        assert outcome[str(path)].startswith(f"refused {path.name}: "), outcome[str(path)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Exiv2__exiv2__test__data__IMG_1361.dng", "cut off"),
        ("exiftool__exiftool__t__images__DNG.dng", "blank"),
        ("exiftool__exiftool__t__images__Panasonic.rw2", "cut off"),
        ("gopro__gpr__data__samples__Hero6__GOPR0024.GPR", "compression that LibRaw"),
    ],
)
def test_reasons_say_what_is_wrong(shared: Path, name: str, reason: str) -> None:
    from lenscal.errors import LenscalError
    from lenscal.raw.decode import decode_photo

    with pytest.raises(LenscalError, match=reason):
        decode_photo(shared / "data" / "raw_bad" / name)
