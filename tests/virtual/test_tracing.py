"""The ray tracer against paraxial optics, and its waves against its own rays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lenscal.virtual.prescriptions import KAZAMAKI, MERTE, TRONNIER, Prescription, Surface
from lenscal.virtual.tracing import TracedLens, paraxial, sensor_plane, trace

AXIS = np.array([0.0, 0.0, 1.0])


def traced_lens(**changes: float) -> TracedLens:
    return TracedLens(
        name="test",
        prescription=TRONNIER,
        focal_mm=25.0,
        f_number=2.0,
        half_field_deg=14.0,
        **changes,
    )


@pytest.mark.parametrize(
    ("printed", "back_focus"), [(TRONNIER, 35.718), (MERTE, 65.33), (KAZAMAKI, 63.44)]
)
def test_focal_length_and_back_focus_as_published(printed: Prescription, back_focus: float) -> None:
    """The patent's p0' = 0.71436 f for Tronnier's; the paraxial value of the same tables for
    Merte's and Kazamaki's."""
    focal, focus = paraxial(printed, 587.56)
    assert focal == pytest.approx(printed.focal_mm, rel=2e-3)
    assert focus == pytest.approx(back_focus, rel=1e-3)


@pytest.mark.parametrize("printed", [TRONNIER, MERTE, KAZAMAKI])
def test_rays_near_the_axis_meet_the_paraxial_focus(printed: Prescription) -> None:
    rays = trace(
        printed, np.array([[0.01, 0.0, 0.0], [0.0, 0.01, 0.0]]), np.tile(AXIS, (2, 1)), 550.0
    )
    focus = (
        rays.at[:, 2]
        - np.abs(rays.at[:, :2]).sum(1) / rays.towards[:, :2].sum(1) * rays.towards[:, 2]
    )
    assert focus == pytest.approx(paraxial(printed)[1], abs=1e-4)


def test_a_plate_shifts_a_slanted_ray_as_snell_says() -> None:
    plate = Prescription("", 0, 0, 0, (Surface(0, 10.0, 1.5, 60.0), Surface(0, 0.0)))
    sine = 0.5
    towards = np.array([[sine, 0.0, np.sqrt(1 - sine**2)]])
    rays = trace(plate, np.zeros((1, 3)), towards, 587.56)
    inside = sine / 1.5
    assert rays.at[0, 0] == pytest.approx(10 * inside / np.sqrt(1 - inside**2))
    assert rays.towards[0] == pytest.approx(towards[0])
    assert rays.path[0] == pytest.approx(1.5 * 10 / np.sqrt(1 - inside**2))


def test_an_even_wavefront_comes_from_a_conjugate_pair() -> None:
    """All rays from an aplanatic point of a sphere have equal optical path to its image (Abbe's
    points)."""
    radius, index = 10.0, 1.5
    into_glass = Prescription("", 0, 0, 0, (Surface(radius, 0.0, index, 0.0),))
    object_z, image_z = radius + radius * index, radius + radius / index
    angle = np.linspace(0, 0.2, 7)
    towards = np.stack([-np.sin(angle), 0 * angle, np.cos(angle)], axis=-1)
    start = np.array([0.0, 0.0, object_z]) - 40 * towards
    rays = trace(into_glass, start, towards, 550.0)
    away = (image_z - rays.at[:, 2]) / rays.towards[:, 2]
    assert rays.at[:, 0] + away * rays.towards[:, 0] == pytest.approx(np.zeros(7), abs=1e-9)


def test_the_waves_spread_light_as_the_rays_do() -> None:
    """Far from the diffraction limit the PSF's widths along and across the field are those of the
    ray bundle."""
    lens = traced_lens()
    psf = lens.psf(np.array([[1.0, 1.0], [0.0, 0.0]]), 2.0, size=59, oversampling=2)
    assert psf[1] == pytest.approx(psf[0, :, ::-1, ::-1], abs=2e-5)
    widths = _widths_px(psf[0, 1])
    expected = _ray_widths_px(lens)
    assert widths == pytest.approx(expected, rel=0.12)
    assert expected[0] / expected[1] != pytest.approx(1, abs=0.1)


def _widths_px(psf: NDArray[np.float32]) -> tuple[float, float, float]:
    """Mean distance from the centroid along and across the diagonal, and the lean along it (cubic
    mean), sensor px."""
    axis = (np.arange(59) - 29) / 2
    y, x = np.meshgrid(axis, axis, indexing="ij")
    along, across = (y + x) / np.sqrt(2), (y - x) / np.sqrt(2)
    centre = (psf * along).sum() / psf.sum()
    lean = np.cbrt((psf * (along - centre) ** 3).sum())
    return (
        float((psf * np.abs(along - centre)).sum()),
        float((psf * np.abs(across)).sum()),
        float(lean),
    )


def _ray_widths_px(lens: TracedLens) -> tuple[float, float, float]:
    """The same of rays that fill the front evenly and pass all rims, each spread over a pixel."""
    rng = np.random.default_rng(0)
    n, tangent = 60000, np.tan(np.deg2rad(lens.half_field_deg))
    start = np.concatenate([rng.uniform(-20, 20, (n, 2)), np.zeros((n, 1))], axis=1)
    rays = trace(
        TRONNIER, start, np.tile(np.array([tangent, 0, 1]) / np.hypot(1, tangent), (n, 1)), 537.0
    )
    limits = np.array([s.diameter / 2 or 1e9 for s in TRONNIER.surfaces])
    limits[TRONNIER.stop] = _stop_of_the_axial_ray(lens.f_number)
    passed = (rays.squared < limits**2).all(axis=1)
    at, towards = rays.at[passed], rays.towards[passed]
    plane, size = sensor_plane(lens)
    hits = (
        (at + (plane - at[:, 2:]) / towards[:, 2:] * towards)[:, :2]
        * size
        * 1e3
        / lens.pixel_pitch_um
    )
    hits = hits - hits.mean(axis=0)
    y, x = rng.uniform(-0.5, 0.5, (2, len(hits)))
    along, across = hits[:, 0] + (y + x) / np.sqrt(2), hits[:, 1] + (y - x) / np.sqrt(2)
    return (
        float(np.abs(along).mean()),
        float(np.abs(across).mean()),
        float(np.cbrt((along**3).mean())),
    )


def _stop_of_the_axial_ray(f_number: float) -> float:
    height = np.linspace(0, 14, 500)
    start = np.stack([height, 0 * height, 0 * height], axis=-1)
    rays = trace(TRONNIER, start, np.tile(AXIS, (500, 1)), 550.0)
    nearest = np.nanargmin(np.abs(-rays.towards[:, 0] - 0.5 / f_number))
    return float(np.sqrt(rays.squared[nearest, TRONNIER.stop]))
