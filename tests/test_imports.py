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
BASICS = {
    "printable": set[str](),
    "translation": {"printable"},
    "errors": {"translation"},
    "reports": {"translation"},
    "stepping": {"reports", "translation"},
}
"""What every part may import, and what these import themselves."""
ABOVE = {
    # What everything stands on.
    "resource_files": set[str](),
    "system": set[str](),
    # Photos, optics, networks.
    "optics": set[str](),
    "raw": {"system"},
    "intake": {"optics", "raw", "system"},
    "flow": {"blur", "prior", "resource_files", "system"},
    "blur": {"optics"},
    "prior": {"optics", "raw", "resource_files", "system"},
    # Files, and the two things that are done with photos.
    "plots": {"optics"},
    "files": {"optics", "plots", "raw", "system"},
    "calibration": {"blur", "flow", "optics", "raw", "system"},
    "enlarge": {
        "blur",
        "calibration",
        "flow",
        "prior",
        "raw",
        "resource_files",
        "restore",
        "system",
    },
    "restore": {"blur", "optics", "prior", "raw", "system"},
    # One lens at all its apertures.
    "lens": {"calibration", "files", "optics", "raw", "system"},
    "library": {"files", "lens", "optics", "raw", "system"},
    # Networks for one lens.
    "supervised": {"blur", "files", "optics", "prior", "raw", "restore", "system"},
    # How blur differs from photo to photo.
    "population": {"blur", "calibration", "files", "flow", "optics", "plots", "raw", "system"},
    # Photos whose own blur nobody knows.
    "deblur": {
        "blur",
        "calibration",
        "files",
        "flow",
        "optics",
        "plots",
        "prior",
        "raw",
        "resource_files",
        "restore",
        "system",
    },
    # Lenses whose PSF is known, and how near a calibration comes to it.
    "virtual": {"files", "optics", "raw", "resource_files", "system"},
    "measure": {"calibration", "files", "optics", "population", "raw", "restore", "system"},
    # What the user has chosen and done.
    "preferences": {"files", "system"},
    "session": {"calibration", "files", "intake", "optics", "raw", "restore", "system"},
    "project": {"calibration", "files", "restore", "session", "system"},
    "jobs": {
        "calibration",
        "deblur",
        "enlarge",
        "files",
        "intake",
        "lens",
        "library",
        "measure",
        "optics",
        "plots",
        "population",
        "preferences",
        "project",
        "raw",
        "resource_files",
        "restore",
        "session",
        "supervised",
        "system",
        "virtual",
    },
    "laboratory": {
        "calibration",
        "files",
        "intake",
        "jobs",
        "optics",
        "plots",
        "raw",
        "system",
    },
    "benchmark": {
        "blur",
        "calibration",
        "deblur",
        "enlarge",
        "files",
        "flow",
        "intake",
        "jobs",
        "lens",
        "library",
        "measure",
        "optics",
        "population",
        "prior",
        "raw",
        "resource_files",
        "restore",
        "supervised",
        "system",
        "virtual",
    },
    # The ways in: Python, the window, the command line.
    "api": {
        "calibration",
        "files",
        "intake",
        "jobs",
        "lens",
        "measure",
        "optics",
        "raw",
        "restore",
        "system",
    },
    "gui": {
        "calibration",
        "deblur",
        "enlarge",
        "files",
        "intake",
        "jobs",
        "lens",
        "library",
        "optics",
        "plots",
        "population",
        "preferences",
        "project",
        "raw",
        "resource_files",
        "restore",
        "session",
        "supervised",
        "system",
    },
    "commands": {
        "benchmark",
        "calibration",
        "deblur",
        "enlarge",
        "files",
        "gui",
        "intake",
        "jobs",
        "laboratory",
        "lens",
        "library",
        "measure",
        "optics",
        "population",
        "preferences",
        "raw",
        "restore",
        "supervised",
        "system",
        "virtual",
    },
    "cli": {"commands", "system"},
    "__main__": {"cli"},
    "__init__": {"api"},
}
"""Of lenscal's own parts, those that a part may import beside itself and the basics."""


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
def test_boundaries(path: Path) -> None:
    part, names = part_of(path), imported(path)
    outside = {name.split(".")[0] for name in names}
    inside = {
        name.split(".")[1]
        for name in names
        if name.startswith("lenscal.") and name != "lenscal.__version__"
    }
    if part != "gui":
        assert not outside & QT
    if part in ("raw", "optics", "virtual", "files", "gui"):
        assert "torch" not in outside
    if part in BASICS:
        assert inside <= BASICS[part]
    else:
        assert inside <= ABOVE[part] | {part} | set(BASICS)


def test_the_rules_see_every_module() -> None:
    assert len(modules()) > 30
    assert {part_of(path) for path in modules()} == set(ABOVE) | set(BASICS)


def test_no_arrow_points_upward() -> None:
    """Parts can be put in an order in which each imports only earlier ones."""
    rules = {**BASICS, **{part: below | set(BASICS) for part, below in ABOVE.items()}}
    placed: set[str] = set()
    while ready := {part for part, below in rules.items() if below <= placed} - placed:
        placed |= ready
    assert placed == set(rules)


def test_boundary_rules_find_a_violation(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    from torch import nn\n    import lenscal.gui.app\n")
    assert imported(bad) == {"torch.nn", "lenscal.gui.app"}


@pytest.mark.parametrize(
    "statement", ["import lenscal", "from lenscal.cli import main; main(['--help'])"]
)
def test_nothing_heavy_at_start(statement: str) -> None:
    loaded = "*sorted(set(m.split('.')[0] for m in sys.modules))"
    code = f"import sys; {statement}; print('LOADED', {loaded})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    names = set(done.stdout.splitlines()[-1].split()[1:])
    assert "lenscal" in names
    assert not names & HEAVY


@pytest.mark.parametrize(
    "module",
    [
        "lenscal.jobs",
        "lenscal.calibration.settings",
        "lenscal.restore.settings",
        "lenscal.files.psf.profile",
        "lenscal.files.psf.psf_fits",
        "lenscal.measure.comparison",
    ],
)
def test_jobs_load_torch_and_decoders_late(module: str) -> None:
    code = f"import sys, {module}; print('LOADED', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert not set(done.stdout.split()) & (HEAVY - {"numpy"})
