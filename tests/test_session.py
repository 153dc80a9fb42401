from __future__ import annotations

from pathlib import Path

import pytest

from lenscal.intake.folder import import_pair
from lenscal.optics.psf_grid import delta_grid
from lenscal.session import (
    Lack,
    Session,
    Source,
    Step,
    done,
    lacks,
    with_decision,
    with_inputs,
    with_photo,
    with_psf,
    with_sources,
)

GRID = delta_grid((2, 2), 5, (10, 10))


def test_an_empty_session_says_what_every_step_lacks():
    assert lacks(Session()) == {
        Step.IMPORT: Lack.NO_SHARP,
        Step.CHECK: Lack.NO_SHARP,
        Step.CALIBRATE: Lack.NO_SHARP,
        Step.INSPECT: Lack.NO_PSF,
        Step.CORRECT: Lack.NO_PSF,
        Step.EXPORT: Lack.NO_PSF,
    }
    assert done(Session()) == frozenset()


def test_lacks_follow_the_job():
    session = with_sources(Session(), Source((Path("a"),)), Source())
    assert lacks(session)[Step.CHECK] is Lack.NO_DEGRADED
    session = with_sources(session, session.sharp, Source((Path("b"),)))
    assert lacks(session)[Step.IMPORT] is None
    assert lacks(session)[Step.CALIBRATE] is Lack.NOT_READ
    session = with_psf(session, GRID, "a lens")
    assert lacks(session)[Step.INSPECT] is None
    assert lacks(session)[Step.CORRECT] is Lack.NO_PHOTO
    session = with_photo(session, Path("p.dng"))
    assert lacks(session)[Step.CORRECT] is None
    assert done(session) == {Step.CALIBRATE}


def test_other_sources_drop_what_was_read_and_keep_the_psf():
    session = with_psf(
        Session(sharp=Source((Path("a"),)), inputs=object(), thumbnails={Path("t"): None}),
        GRID,
        "lens",
    )
    assert with_sources(session, session.sharp, session.degraded) is session
    changed = with_sources(session, Source((Path("c"),)), Source())
    assert changed.inputs is None and changed.thumbnails == {}
    assert changed.psf is GRID


def test_another_photo_or_psf_drops_the_comparison():
    session = Session(psf=GRID, photo=Path("p"), comparison=object())
    assert with_photo(session, Path("p")).comparison is not None
    assert with_photo(session, Path("q")).comparison is None
    assert with_psf(session, GRID, "new").comparison is None


def test_a_session_without_a_used_photo_cannot_calibrate(tmp_path, make_dng):
    job = import_pair(
        [make_dng(tmp_path / "s.dng", f_number=5.6)], [make_dng(tmp_path / "d.dng", seed=1)]
    )
    with pytest.raises(StopIteration) as end:
        while True:
            next(job)
    session = Session(inputs=end.value.value)
    assert lacks(session)[Step.CALIBRATE] is None
    without = with_decision(session, tmp_path / "d.dng", keep=False)
    assert lacks(without)[Step.CALIBRATE] is Lack.ALL_LEFT_OUT
    assert lacks(without)[Step.CHECK] is None
    assert [r.reason for r in without.inputs.degraded.rejected] == ["you left it out"]
    again = with_decision(without, tmp_path / "d.dng", keep=True)
    assert lacks(again)[Step.CALIBRATE] is None
    assert with_decision(Session(), tmp_path, keep=True).inputs is None


def test_decisions_hold_when_the_photos_are_read_again(tmp_path, make_dng):
    paths = [make_dng(tmp_path / "s.dng", f_number=5.6)], [make_dng(tmp_path / "d.dng", seed=1)]

    def read():
        job = import_pair(*paths)
        with pytest.raises(StopIteration) as end:
            while True:
                next(job)
        return end.value.value

    session = with_decision(with_inputs(Session(), read(), {}), tmp_path / "d.dng", keep=False)
    again = with_inputs(session, read(), {})
    assert again.inputs.degraded.photos == () and again.decisions == {tmp_path / "d.dng": False}


def test_the_truth_is_known_only_for_the_photos_it_belongs_to():
    session = Session(truth=GRID)
    assert with_psf(session, GRID, "calibrated", calibration=object()).truth is GRID
    assert with_psf(session, GRID, "opened").truth is None
    assert with_sources(session, Source((Path("other"),)), Source()).truth is None
