"""The wheel holds the whole package: installed elsewhere, it finds its modules and resources."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import lenscal

PACKAGE = Path(lenscal.__file__).parent
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the checkout."""
    out = tmp_path_factory.mktemp("wheel")
    source = out / "source"
    source.mkdir()
    tracked = subprocess.run(
        [
            "git",
            "ls-files",
            "-co",
            "--exclude-standard",
            "-z",
            "lenscal",
            "resources",
            "docs",
            "pyproject.toml",
            "setup.py",
            "README.md",
            "LICENSE",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            str(out),
            str(source),
        ],
        check=True,
        capture_output=True,
        timeout=300,
    )
    (built,) = out.glob("*.whl")
    return built


def test_every_module_and_every_resource_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {f"lenscal/{path.relative_to(PACKAGE).as_posix()}" for path in PACKAGE.rglob("*.py")}
    resources = {
        f"lenscal/resources/{path.relative_to(ROOT / 'resources').as_posix()}"
        for path in (ROOT / "resources").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert len(modules) > 100 and len(resources) > 30
    texts = [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "experiments").glob("*.md")]
    documents = {f"lenscal/documents/{p.relative_to(ROOT / 'docs').as_posix()}" for p in texts}
    assert "lenscal/documents/experiments/README.md" in documents
    assert modules | resources | documents <= names


def test_the_wheel_finds_its_resources_where_it_is_installed(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        "import lenscal.resource_files as r, lenscal.gui.widgets, lenscal.calibration.stages; "
        "print(r.resource('prior', 'prior.safetensors'), r.resource('icons', 'app.svg'), "
        "r.documents_folder() / 'photographing.md')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    paths = [Path(path) for path in done.stdout.split()]
    assert len(paths) == 3 and all(path.is_file() for path in paths)
    assert all(path.is_relative_to(tmp_path / "site") for path in paths)
