"""The house's rules: which part may import what, and nothing heavy at start-up."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lenscal

PACKAGE = Path(lenscal.__file__).parent
QT = {"PySide6", "pyqtgraph", "shiboken6"}
HEAVY = {
    "torch",
    "numpy",
    "rawpy",
    "cv2",
    "scipy",
    "astropy",
    "tifffile",
    "exiv2",
    "lensfunpy",
    "PySide6",
}
ABOVE = {
    "raw": {"raw", "errors", "reports"},
    "intake": {"intake", "system", "raw", "errors", "reports"},
    "optics": {"optics", "errors"},
    "flow": {"flow", "raw", "optics", "errors", "reports"},
    "virtual": {"virtual", "system", "optics", "raw", "files", "errors", "reports"},
    "files": {"files", "system", "raw", "intake", "optics", "errors", "reports"},
    "blur": {"blur", "optics", "errors"},
    "calibrate": {
        "calibrate",
        "blur",
        "flow",
        "raw",
        "optics",
        "system",
        "errors",
        "reports",
    },
    "prior": {"prior", "raw", "optics", "system", "errors", "reports"},
    "restore": {"restore", "prior", "blur", "flow", "raw", "optics", "system", "errors", "reports"},
}
"""Of lenscal's own parts, those that a part may import."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    """First name below lenscal: "raw" for lenscal/raw/frame.py, "cli" for lenscal/cli.py."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """Full names of everything a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_boundaries(path):
    part, names = part_of(path), imported(path)
    outside = {name.split(".")[0] for name in names}
    inside = {
        name.split(".")[1]
        for name in names
        if name.startswith("lenscal.") and name != "lenscal.__version__"
    }
    if part != "gui":
        assert not outside & QT
        if part not in ("cli", "commands"):
            assert "gui" not in inside
    if part in ("raw", "optics", "virtual", "files", "gui"):
        assert "torch" not in outside
    if part in ABOVE:
        assert inside <= ABOVE[part] | {"resource_files", "translation", "stepping"}


def test_the_rules_see_every_module():
    assert len(modules()) > 30
    assert {part_of(path) for path in modules()} >= set(ABOVE)


def test_boundary_rules_find_a_violation(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    from torch import nn\n    import lenscal.gui.app\n")
    assert imported(bad) == {"torch.nn", "lenscal.gui.app"}


@pytest.mark.parametrize(
    "statement", ["import lenscal", "from lenscal.cli import main; main(['--help'])"]
)
def test_nothing_heavy_at_start(statement):
    code = f"import sys; {statement}; print('LOADED', *sorted(set(m.split('.')[0] for m in sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.splitlines()[-1].split()[1:])
    assert "lenscal" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize(
    "module",
    [
        "lenscal.jobs",
        "lenscal.calibrate.settings",
        "lenscal.restore.settings",
        "lenscal.files.psf.profile",
        "lenscal.files.psf.psf_fits",
        "lenscal.evaluate",
    ],
)
def test_jobs_load_torch_and_decoders_late(module):
    code = f"import sys, {module}; print('LOADED', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert not set(done.stdout.split()) & (HEAVY - {"numpy"})
