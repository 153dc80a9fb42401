"""The source distribution is the whole checkout, and a wheel can be built from it."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def tracked() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("no git checkout")
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the checkout."""
    out = tmp_path_factory.mktemp("sdist")
    for name in tracked():
        copy = out / "source" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / name).read_bytes())
    # What lies about in a checkout that was worked in.
    litter = out / "source" / "tests" / "__pycache__" / "x.cpython-311.pyc"
    litter.parent.mkdir()
    litter.write_bytes(b"")
    subprocess.run(
        [*PYTHON_BUILD, "--sdist", "--outdir", str(out), str(out / "source")],
        check=True,
        capture_output=True,
        timeout=300,
    )
    (built,) = out.glob("*.tar.gz")
    return built


PYTHON_BUILD = (sys.executable, "-m", "build", "--no-isolation")


def test_it_holds_every_file_of_the_checkout(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {m.name.split("/", 1)[1] for m in archive.getmembers() if m.isfile()}
    assert len(tracked()) > 500
    assert tracked() - names == set()
    # And nothing else but what setuptools makes.
    made = {"PKG-INFO", "setup.cfg"}
    assert {n for n in names - tracked() - made if ".egg-info/" not in n} == set()


def test_a_wheel_of_it_holds_the_package(sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    subprocess.run(
        [*PYTHON_BUILD, "--wheel", "--outdir", str(tmp_path), str(source)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {name for name in tracked() if name.startswith("lenscal/")}
    resources = {f"lenscal/{n}" for n in tracked() if n.startswith("resources/")}
    assert package | resources <= names
    # Tests and documents are not installed.
    assert not [n for n in names if n.startswith(("tests/", "docs/", "packaging/"))]
