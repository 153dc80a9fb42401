"""Writes the lock files: exact versions with hashes of everything that lenscal needs, for pip.

python packaging/lock_requirements.py [--upgrade]

torch stays out of them: which build it is depends on the machine, and pyproject.toml pins it
exactly. Everything else is the same on every system, so the files are made for all of them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {
    "requirements.lock": (),
    "requirements-dev.lock": ("benchmark", "docs", "cluster", "test", "dev"),
}
"""File beside this script -> extras of pyproject.toml that it holds besides the dependencies."""
TOOLS = {
    "requirements-bundle.lock": ("bundle",),
    "requirements-cluster.lock": ("cluster",),
}
"""The same for files that hold nothing but an extra."""


def requirements(extras: tuple[str, ...], *, alone: bool = False) -> list[str]:
    """What pyproject.toml asks for, without torch and without the project's own extras.

    alone : the extras only
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    needed = [] if alone else project["dependencies"]
    asked = [*needed, *(line for extra in extras for line in optional[extra])]
    return [line for line in asked if not line.startswith(("torch==", "lenscal["))]


def lock(name: str, asked: list[str], upgrade: bool) -> None:
    """Resolve one lock file; versions in the present one are kept unless `upgrade`."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "requirements.in"
        source.write_text("\n".join(asked) + "\n", encoding="utf-8")
        command = [
            *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
            *("--generate-hashes", "--no-annotate", "--no-header"),
            *("--output-file", str(ROOT / "packaging" / name), str(source)),
        ]
        subprocess.run(command + ["--upgrade"] * upgrade, check=True)


def main() -> int:
    for name, extras in LOCKS.items():
        lock(name, requirements(extras), "--upgrade" in sys.argv[1:])
    for name, extras in TOOLS.items():
        lock(name, requirements(extras, alone=True), "--upgrade" in sys.argv[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
