"""Step 4's slider over the apertures."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from lenscal.files.lens_model import LAYOUT, LensModel
from lenscal.files.psf.profile import Profile
from lenscal.gui.pages.inspect_page import InspectPage
from lenscal.optics.psf_grid import PsfGrid
from lenscal.session import Session, with_psf


def profile(**changes):
    kernels = np.zeros((2, 2, 3, 7, 7), np.float32)
    kernels[..., 2:5, 2:5] = 1 / 9
    psf = PsfGrid(kernels, (96, 144), confidence=np.full((2, 2, 3), 0.8, np.float32))
    model = LensModel(LAYOUT, (0.0,) * 428, 1.8, 7, 4.3, (1.8,), 0.05)
    told = {
        "camera": "Nobody's",
        "lens": "Test 35mm",
        "pixel_pitch_um": 4.3,
        "aperture_sharp": 5.6,
        "aperture_degraded": 1.8,
        "lens_model": model,
    }
    return Profile(psf, **{**told, **changes})


@pytest.fixture
def page(qtbot):
    page = InspectPage()
    qtbot.addWidget(page)
    page.resize(1000, 700)
    page.show()
    with qtbot.waitActive(page):
        # Where no window manager runs, nobody else gives it the keyboard.
        page.activateWindow()
    yield page
    page.close_down()


def opened(page, profile):
    session = with_psf(Session(), profile.psf, "Mine", profile=profile)
    page.show_session(session)
    return session


def test_kernels_and_figures_follow_the_slider(page, qtbot):
    own = profile()
    session = opened(page, own)
    bar = page.apertures
    assert bar.isVisible() and bar.value.text() == "f/1.8" and bar.words.text() == "photographed"
    before = page.left.grid.figures.sagittal.mean()
    with qtbot.waitSignal(page.predictor.predicted, timeout=30000):
        # Six thirds of a stop, by the keyboard.
        for _ in range(6):
            qtbot.keyClick(page, Qt.Key.Key_BracketRight)
    assert bar.value.text() == "f/3.6"
    assert "predicted from f/1.8; expected error" in bar.words.text()
    shown = page.left.grid
    assert shown.name == "Mine at f/3.6" and shown.psf is not own.psf
    # Rays without errors: a point, sharper than what was photographed.
    assert shown.figures.sagittal.mean() > before
    assert "Mine at f/3.6" in page.outputs.source
    # Whatever else changes in the session, the aperture stays.
    page.show_session(replace(session, pitch_um=5.0))
    assert page.left.grid is shown
    bar.slider.setValue(0)
    assert page.left.grid.psf is own.psf and bar.words.text() == "photographed"


def test_only_the_last_aperture_is_shown(page, qtbot):
    opened(page, profile())
    shown = []
    page.predictor.predicted.connect(shown.append)
    for place in (2, 5, 3):
        page.apertures.slider.setValue(place)
    qtbot.waitUntil(lambda: bool(shown), timeout=30000)
    assert [kernels.f_number for kernels in shown] == [page.apertures.f_numbers[3]]


def test_another_profile_begins_with_its_own_kernels(page, qtbot):
    opened(page, profile())
    page.apertures.slider.setValue(3)
    other = profile(aperture_degraded=2.8, lens_model=None)
    opened(page, other)
    assert page.apertures.f_number == 2.8 and page.left.grid.psf is other.psf
    qtbot.wait(100)
    assert page.left.grid.psf is other.psf


def test_kernels_that_predict_nothing_have_no_slider(page):
    opened(page, profile(aperture_sharp=None))
    assert not page.apertures.isVisible()
