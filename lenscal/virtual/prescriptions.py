"""Photographic lenses as their patents print them: surfaces, distances and glasses."""

from __future__ import annotations

from dataclasses import dataclass

D_NM, F_NM, C_NM = 587.56, 486.13, 656.27


@dataclass(frozen=True, slots=True)
class Surface:
    """A sphere, or a plane where `radius` is 0, and what follows it.

    Attributes
    ----------
    radius, distance : float
        mm; the radius is positive where the centre lies behind the surface; the distance is to the
        next one.
    index, abbe : float
        Of the medium behind, at the d line; 1 and 0: air.
    diameter : float
        Clear diameter, mm; 0: does not limit the light.
    """

    radius: float
    distance: float
    index: float = 1.0
    abbe: float = 0.0
    diameter: float = 0.0

    def index_at(self, wavelength_nm: float) -> float:
        """Refractive index behind the surface: Cauchy's A + B / wavelength^2 through the d line and
        the Abbe number."""
        if self.abbe == 0:
            return self.index
        slope = (self.index - 1) / self.abbe / (F_NM**-2 - C_NM**-2)
        return self.index + slope * (wavelength_nm**-2 - D_NM**-2)


@dataclass(frozen=True, slots=True)
class Prescription:
    """surfaces, from the front; `stop` numbers the aperture stop among them; focal_mm and f_number
    as printed."""

    source: str
    focal_mm: float
    f_number: float
    stop: int
    surfaces: tuple[Surface, ...]


TRONNIER = Prescription(
    source="A. W. Tronnier, US patent 2,673,491 (1954); diameters: W. J. Smith, Modern Lens Design, p. 312",
    focal_mm=50.0,
    f_number=2.0,
    stop=5,
    surfaces=(
        Surface(29.475, 3.76, 1.67125, 47.1, 25.2),
        Surface(84.83, 0.12, diameter=25.2),
        Surface(19.275, 4.025, 1.67125, 47.1, 23.0),
        Surface(40.77, 3.275, 1.69842, 30.1, 23.0),
        Surface(12.75, 5.705, diameter=18.0),
        Surface(0.0, 4.5),
        Surface(-14.495, 1.18, 1.60266, 38.4, 17.0),
        Surface(40.77, 6.065, 1.65953, 57.0, 20.0),
        Surface(-20.385, 0.19, diameter=20.0),
        Surface(437.065, 3.22, 1.71740, 48.1, 20.0),
        Surface(-39.73, 0.0, diameter=20.0),
    ),
)

MERTE = Prescription(
    source="W. Merte, US patent 1,786,916 (1930), example 2; stop in mid-gap and diameters: assumed, not printed",
    focal_mm=100.0,
    f_number=1.4,
    stop=5,
    surfaces=(
        Surface(83.6, 10.75, 1.64238, 48.0, 74.0),
        Surface(321.0, 1.65, diameter=74.0),
        Surface(44.8, 15.55, 1.62306, 56.9, 64.0),
        Surface(-1150.0, 5.05, 1.57566, 41.2, 64.0),
        Surface(28.3, 9.45, diameter=46.0),
        Surface(0.0, 9.45),
        Surface(-38.5, 5.05, 1.67270, 32.2, 46.0),
        Surface(50.5, 21.22, 1.64238, 48.0, 60.0),
        Surface(-53.2, 0.97, diameter=60.0),
        Surface(106.0, 13.9, 1.64238, 48.0, 64.0),
        Surface(-120.0, 0.0, diameter=64.0),
    ),
)

LEE = Prescription(
    source=(
        "H. W. Lee, US patent 1,955,591 (1934), scaled to 100 mm; "
        "stop in mid-gap and diameters: assumed, not printed"
    ),
    focal_mm=100.0,
    f_number=2.0,
    stop=5,
    surfaces=(
        Surface(76.6, 8.0, 1.61, 53.3, 60.0),
        Surface(394.8, 0.5, diameter=58.0),
        Surface(40.1, 15.0, 1.615, 56.1, 50.0),
        Surface(103.5, 4.4, 1.6134, 36.9, 46.0),
        Surface(25.7, 11.0, diameter=38.0),
        Surface(0.0, 11.0),
        Surface(-31.0, 4.5, 1.6469, 33.7, 36.0),
        Surface(50.0, 15.7, 1.6437, 48.3, 44.0),
        Surface(-41.5, 0.5, diameter=48.0),
        Surface(140.0, 8.1, 1.6234, 56.3, 52.0),
        Surface(-101.0, 0.0, diameter=52.0),
    ),
)
