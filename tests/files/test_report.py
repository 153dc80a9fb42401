"""Reports: self-contained, complete, safe with whatever names hold."""

import re
from dataclasses import replace
from html import escape

import cv2
import numpy as np
import pytest

from lenscal.files.own_files import is_own_report
from lenscal.files.photos.export_settings import Look
from lenscal.files.psf.profile import Profile, ProfilePhoto, ProfileStage
from lenscal.files.report.content import lens_report, write_report
from lenscal.files.report.crops import HEIGHT_PX, WIDTH_PX, crops_of
from lenscal.files.report.document import as_html
from lenscal.gui.drawing import pdf
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


def _pixels(png):
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


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
        created="2026-11-30T05:54:08+00:00",
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
    path = write_report(lens_report(profile, "lens.lenscal"), tmp_path / "report.html")
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
        "statistics of the scenes (12 s)",
        "Confidence: mean 0.80",
        "Right side much softer than left",
        "measured 30 November 2026",
    ):
        assert told in page, told
    # Two charts, four maps, and the curve that has more than one point.
    assert page.count("<svg") == 7
    assert is_own_report(path)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_the_verdict_is_a_sentence(profile):
    """The grid is wider towards the right, so that the corners are as its sides are on average."""
    html = lens_report(profile, "lens").blocks[0].html
    assert "At f/1.8 this lens is" in html
    assert "lateral colour: red up to 0.50 and blue up to 0.00 px" in html
    assert "Confidence in these figures is high (80% on average)" in html


def test_lengths_are_in_millimetres_where_the_pixels_are_known(profile):
    known = lens_report(replace(profile, pixel_pitch_um=5.0), "lens").text
    assert "10 lp/mm, sagittal" in known and "MTF50 of green, lp/mm" in known
    assert "red up to 2.50 and blue up to 0.00 µm" in known
    assert "pixels of 5.00 µm" in known and ">mm</text>" in known
    unknown = lens_report(profile, "lens").text
    assert "0.05 cy/px, sagittal" in unknown and "lp/mm" not in unknown
    # What the user has typed in holds.
    assert "pixels of 4.00 µm" in lens_report(profile, "lens", pitch_um=4.0).text


def test_a_bare_grid_has_a_report_too(profile):
    bare = Profile(replace(profile.psf, confidence=None))
    page = as_html(lens_report(bare, "psf"))
    assert "Confidence" not in page.replace("Centring, tilt and confidence", "")
    assert "5 x 6 places" in page
    assert "nan" not in page and "Appendix" not in page


def test_distances_that_could_not_be_measured_are_not_shown(profile):
    unmeasured = replace(profile, reblur={"estimate": float("nan"), "floor": 0.1})
    page = as_html(lens_report(unmeasured, "psf"))
    assert "two halves of the photos themselves" in page
    assert "with these kernels" not in page
    assert "nan" not in page


def test_crops_show_the_middle_and_the_corner_that_changed_most(profile):
    rng = np.random.default_rng(0)
    before = rng.integers(60, 90, (600, 900, 3), np.uint8)
    after = before.copy()
    after[500:, :200] += 100
    crops = crops_of(before, after, Look(1.0), "Corrected: by hand.")
    assert crops.how == "Corrected: by hand. Both are shown with exposure +1 EV, tone linear."
    assert crops_of(before, after, how="Corrected: by hand.").how == "Corrected: by hand."
    middle, corner = crops_of(before, after).parts
    assert (middle.place, corner.place) == ("Centre", "Bottom left corner")
    # Pixel for pixel.
    y, x = (600 - HEIGHT_PX) // 2, (900 - WIDTH_PX) // 2
    assert (_pixels(middle.before) == before[y : y + HEIGHT_PX, x : x + WIDTH_PX]).all()
    assert _pixels(corner.after).max() > 150 > _pixels(corner.before).max()
    page = as_html(lens_report(profile, "psf", crops))
    assert escape(crops.how) in page
    assert "Before and after, at 100 %" in page and "Bottom left corner, after" in page


def test_the_pdf_has_few_pages_and_numbers_them(tmp_path, profile, monkeypatch, qapp):
    """Every page ends where there is no room for what follows, not because a picture was torn from
    its title."""
    told = []
    draw = pdf._Pages._line_of_text

    def noted(self, y, text, side):
        told.append(text)
        draw(self, y, text, side)

    monkeypatch.setattr(pdf._Pages, "_line_of_text", noted)
    pdf.write_pdf(lens_report(profile, "lens"), tmp_path / "lens.pdf")
    numbers = [text for text in told if text.startswith("Page ") and not text.endswith(" of 0")]
    assert 2 <= len(numbers) <= 4
    assert numbers == [f"Page {n} of {len(numbers)}" for n in range(1, len(numbers) + 1)]
    assert is_own_report(tmp_path / "lens.pdf")
