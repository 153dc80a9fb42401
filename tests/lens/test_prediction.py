"""Kernels of apertures and focal lengths that were never photographed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lenscal.errors import InputError
from lenscal.files.psf.profile import Profile, read_profile
from lenscal.lens.coverage import Group, Setting, groups_of, mean_error
from lenscal.lens.models import fitted_model
from lenscal.lens.prediction import Lens, kernels_at_aperture
from lenscal.measure.kernel_scores import compare
from lenscal.optics.psf_grid import PsfGrid, Reference, delta_grid
from lenscal.stepping import finish
from lenscal.virtual.kinds import LensKind, benchmark_lens
from lenscal.virtual.lens import node_positions, relative_psf

OLD = Path(__file__).parents[1] / "files" / "old" / "schema-1.lenscal"
SIZE = (1200, 1800)
NODES = node_positions((3, 3))
PLACES = NODES * (np.array(SIZE) - 1)
SHOOTING = benchmark_lens(LensKind.DECENTRED)


def truth(f_number):
    kernels = relative_psf(SHOOTING.lens, f_number, NODES, size=13)
    confidence = np.full((3, 3, 3), 0.9, np.float32)
    return PsfGrid(kernels.reshape(3, 3, 3, 13, 13), SIZE, Reference.AXIS, confidence)


def of_aperture(f_number, **told):
    return Profile(
        truth(f_number),
        camera="Lenscal Virtual One",
        lens="Decentred 35mm f/2",
        focal_mm=35.0,
        pixel_pitch_um=SHOOTING.lens.pixel_pitch_um,
        aperture_sharp=SHOOTING.lens.f_sharp,
        aperture_degraded=f_number,
        **told,
    )


@pytest.fixture(scope="module")
def wide():
    profile = of_aperture(2.0)
    return replace(profile, lens_model=finish(fitted_model(Group((profile,)))))


def distance(kernels, f_number):
    true = truth(f_number).kernels.reshape(9, 3, 13, 13)
    return compare(kernels.reshape(9, 3, *kernels.shape[-2:]), true, PLACES)["rel_l2_mean"]


def test_two_stops_down_rays_tell_more_than_any_guess(wide):
    predicted = distance(kernels_at_aperture(wide, 4.0).kernels, 4.0)
    others = [
        distance(wide.psf.kernels, 4.0),
        distance(delta_grid((3, 3), 13, SIZE).kernels, 4.0),
    ]
    assert predicted < 0.15
    assert predicted < 0.5 * min(others)


def test_an_aperture_that_was_photographed_keeps_its_kernels(wide):
    np.testing.assert_array_equal(kernels_at_aperture(wide, 2.0).kernels, wide.psf.kernels)


def test_it_is_less_sure_the_further_from_what_was_photographed(wide):
    errors = [
        mean_error(replace(wide, psf=kernels_at_aperture(wide, n))) for n in (2.0, 2.8, 4.0, 8.0)
    ]
    assert errors == sorted(errors) and len(set(errors)) == 4


@pytest.mark.parametrize(("f_number", "words"), [(1.4, "wider than f/2"), (16.0, "up to f/11")])
def test_what_cannot_be_known_is_refused(wide, f_number, words):
    with pytest.raises(InputError, match=words):
        kernels_at_aperture(wide, f_number)


def test_without_the_pixels_distance_nothing_is_said_beyond_the_sharp_aperture(wide):
    blind = replace(wide, pixel_pitch_um=None, crop_factor=None, camera="")
    assert groups_of(blind)[0].range.narrowest == 5.6


@pytest.mark.parametrize(
    "change",
    [
        {"aperture_sharp": None},
        {"psf": replace(delta_grid((3, 3), 13, SIZE), reference=Reference.ABSOLUTE)},
        {"psf": delta_grid((1, 1), 13, SIZE)},
    ],
)
def test_kernels_that_are_of_no_known_apertures_predict_nothing(wide, change):
    with pytest.raises(InputError, match="not known well enough"):
        kernels_at_aperture(replace(wide, **change), 4.0)


def test_two_apertures_fitted_together_are_better_between_them_than_either(wide):
    narrow = of_aperture(4.0)
    both = replace(wide, members=(narrow,))
    together = distance(kernels_at_aperture(both, 2.83).kernels, 2.83)
    alone = distance(kernels_at_aperture(wide, 2.83).kernels, 2.83)
    assert together < 1.02 * alone
    assert together < distance(narrow.psf.kernels, 2.83)


def test_between_focal_lengths_coefficients_are_interpolated(wide):
    # A lens whose aberrations are half as large at the long end.
    model = wide.lens_model
    weak = replace(model, coefficients=tuple(c / 2 for c in model.coefficients))
    long_end = replace(wide, focal_mm=70.0, lens_model=weak)
    zoom = Lens(replace(wide, members=(long_end,)))
    chosen = finish(zoom.at(Setting(2.8, 70.0)))
    middle = finish(zoom.at(Setting(2.8, (35 * 70) ** 0.5)))
    wide_end = finish(zoom.at(Setting(2.8, 35.0)))
    peaks = [float(c.profile.psf.kernels.max((-1, -2)).mean()) for c in (wide_end, middle, chosen)]
    assert peaks[0] < peaks[1] < peaks[2]
    assert middle.prediction.sources == ("f/2 at 35 mm", "f/2 at 70 mm")
    # Less sure in the middle than at an end.
    assert middle.prediction.expected_error > chosen.prediction.expected_error


def test_outside_the_focal_lengths_it_says_so(wide):
    zoom = Lens(replace(wide, members=(replace(wide, focal_mm=70.0),)))
    chosen = finish(zoom.at(Setting(2.8, 100.0)))
    assert "outside 35 to 70 mm" in chosen.refusals[0]


def test_a_focus_distance_between_two_is_interpolated_and_the_far_one_is_the_usual(wide):
    near = replace(wide, focus_distance_m=1.0)
    far = replace(wide, focus_distance_m=10.0)
    lens = Lens(replace(near, members=(far,)))
    assert finish(lens.at(Setting(2.0, 35.0, 10.0))).profile.focus_distance_m == 10.0
    between = finish(lens.at(Setting(2.0, 35.0, 2.0)))
    assert between.prediction is not None
    unknown = finish(lens.at(Setting(2.0, 35.0)))
    assert unknown.prediction is None and unknown.profile.focus_distance_m == 10.0
    assert "taken for 10 m" in unknown.notes[0]


def test_a_photo_focused_elsewhere_is_told_of_it(wide):
    lens = Lens(replace(wide, focus_distance_m=10.0))
    assert finish(lens.at(Setting(2.0, 35.0, 5.0))).notes == ()
    (note,) = finish(lens.at(Setting(2.0, 35.0, 1.0))).notes
    assert note == "focused at 1 m, and the kernels are for 10 m"


def test_a_profile_of_before_predicts_too():
    old = read_profile(OLD)
    assert old.lens_model is None and old.members == () and old.created.startswith("2026-11-20")
    grid = kernels_at_aperture(old, 3.6)
    assert grid.kernels.shape == old.psf.kernels.shape
    # Stopped down it is sharper, and nobody is surer of it.
    assert grid.kernels.max((-1, -2)).mean() > 1.2 * old.psf.kernels.max((-1, -2)).mean()
    assert (grid.confidence < old.psf.confidence).all()
