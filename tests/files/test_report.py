"""Reports: self-contained, complete, safe with whatever names hold."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest

from lenscal.files import plots
from lenscal.files.psf.profile import Profile, ProfilePhoto, ProfileStage
from lenscal.files.report import as_html, report_blocks, write_report
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import NoiseModel


def gaussian_grid(shape=(5, 6), size=13):
    """Wider towards the right; red moved 0.5 px to the right of green everywhere."""
    u = np.arange(size) - size // 2
    kernels = np.empty((*shape, 3, size, size), np.float32)
    for c, shift in enumerate((0.5, 0.0, 0.0)):
        for col in range(shape[1]):
            sigma = 0.8 + 0.15 * col
            blur = np.exp(-(u[:, None] ** 2 + (u - shift) ** 2) / 2 / sigma**2)
            kernels[:, col, c] = blur / blur.sum()
    return PsfGrid(kernels, (400, 600), confidence=np.full((*shape, 3), 0.8, np.float32))


@pytest.fixture
def profile():
    return Profile(
        gaussian_grid(),
        NoiseModel((1e-4,) * 3, (1e-6,) * 3, "NoiseProfile"),
        camera="Cam <1>",
        lens="Lens & Co",
        focal_mm=35.0,
        aperture_sharp=5.6,
        aperture_degraded=1.8,
        settings={"quality": "quick"},
        seed=7,
        versions={"lenscal": "0.1"},
        photos=(
            ProfilePhoto("a.dng", "sharp", "0"),
            ProfilePhoto("b.dng", "degraded", "0", used=False, verdict="moved"),
        ),
        stages=(ProfileStage("G", 12.0),),
        reblur={"estimate": 0.2, "floor": 0.1},
        warnings=("little texture",),
        curves={"loss": [(0, 1.0), (10, 0.5)]},
    )


def test_the_page_holds_everything_by_itself(tmp_path, profile):
    path = write_report(profile, tmp_path / "report.html", "lens.lenscal")
    page = path.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    for told in (
        "Cam &lt;1&gt;",
        "Lens &amp; Co",
        "f/1.8, 35 mm",
        "little texture",
        "Re-blur check",
        "0.2",
        "b.dng (degraded): moved",
        "quality quick",
        "G 12 s",
        "Confidence: mean 0.80",
        "red up to 0.50 px",
        "right side much softer than left",
    ):
        assert told in page, told
    assert page.count("<svg") == 6
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_bare_grid_has_a_report_too(profile):
    bare = Profile(replace(profile.psf, confidence=None))
    page = as_html(report_blocks(bare, "psf"), "psf")
    assert "Confidence" not in page
    assert "5 x 6 places" in page
    assert "nan" not in page


@pytest.mark.parametrize(
    "draw",
    [
        plots.mtf_plot,
        plots.mtf50_map,
        plots.width_map,
        plots.confidence_map,
        plots.lateral_colour_plot,
    ],
)
@pytest.mark.parametrize("shape", [(5, 6), (1, 1), (1, 30)])
def test_plots_are_well_formed_and_inside(draw, shape):
    root = ElementTree.fromstring(draw(gaussian_grid(shape)))
    _, _, width, height = (float(n) for n in root.get("viewBox").split())
    for node in root:
        for x, y in ((node.get("x1"), node.get("y1")), (node.get("x2"), node.get("y2"))):
            if x is not None:
                assert 0 <= float(x) <= width
                assert 0 <= float(y) <= height


def test_curves_are_drawn_to_scale():
    x = np.array([0.0, 1.0, 2.0])
    svg = plots.line_plot([plots.Line("one", x, np.array([0.0, np.nan, 4.0]))], "x", "y")
    (points,) = re.findall(r'points="([^"]+)"', svg)
    assert points == "60.0,252.0 480.0,12.0"


def test_cells_are_shaded_by_value():
    svg = plots.cell_map(np.array([[0.0, 1.0]]), value_range=(0.0, 1.0))
    assert re.findall(r'<rect[^>]*fill="([^"]+)"', svg) == ["#f7fbff", "#2171b5"]
    assert re.findall(r">([\d.]+)</text>", svg) == ["0.00", "1.00"]
