"""Photographic lenses as their patents print them: surfaces, distances and glasses."""

from __future__ import annotations

from dataclasses import dataclass

D_NM, F_NM, C_NM = 587.56, 486.13, 656.27
"""Fraunhofer's lines, for which indices and Abbe numbers are given."""


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
    """A lens as its patent prints it.

    Attributes
    ----------
    source : str
    focal_mm, f_number : float
        As printed.
    stop : int
        Number of the aperture stop among the surfaces.
    surfaces : tuple of Surface
        From the front.
    """

    source: str
    focal_mm: float
    f_number: float
    stop: int
    surfaces: tuple[Surface, ...]


TRONNIER = Prescription(
    source=(
        "A. W. Tronnier, US patent 2,673,491 (1954); "
        "diameters: W. J. Smith, Modern Lens Design, p. 312"
    ),
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
    source=(
        "W. Merte, US patent 1,786,916 (1930), example 2; "
        "stop in mid-gap and diameters: assumed, not printed"
    ),
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

KAZAMAKI = Prescription(
    source=(
        "T. Kazamaki and others, US patent 3,451,745 (1969); "
        "stop in mid-gap and diameters: assumed, not printed"
    ),
    focal_mm=100.0,
    f_number=1.4,
    stop=6,
    surfaces=(
        Surface(110.0, 10.0, 1.80416, 46.6, 84.0),
        Surface(588.748, 0.2, diameter=84.0),
        Surface(51.6, 14.5, 1.79446, 45.4, 72.0),
        Surface(100.426, 3.5, diameter=72.0),
        Surface(119.0, 3.0, 1.71736, 29.5, 64.8),
        Surface(32.792, 16.26, diameter=52.8),
        Surface(0.0, 16.25),
        Surface(-36.5, 2.0, 1.68893, 31.1, 52.8),
        Surface(131.5, 20.0, 1.77252, 49.6, 64.8),
        Surface(-56.806, 0.2, diameter=64.8),
        Surface(-160.0, 8.5, 1.77252, 49.6, 64.8),
        Surface(-74.352, 0.2, diameter=64.8),
        Surface(122.0, 9.5, 1.77252, 49.6, 64.8),
        Surface(2092.573, 0.0, diameter=64.8),
    ),
)
