"""Reports: self-contained, complete, safe with whatever names hold."""

import re
from dataclasses import replace

import numpy as np
import pytest

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


def test_distances_that_could_not_be_measured_are_not_shown(profile):
    unmeasured = replace(profile, reblur={"estimate": float("nan"), "floor": 0.1})
    page = as_html(report_blocks(unmeasured, "psf"), "psf")
    assert "two halves of the photos themselves" in page
    assert "with these kernels" not in page
    assert "nan" not in page
