"""How copies of one lens differ, place by place of the field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import LenscalError
from lenscal.laboratory.figures import Figure, number_of
from lenscal.laboratory.work import Outcome
from lenscal.optics.agreement import SIGMA_PX, centred_transfer
from lenscal.optics.mtf import centroid_px
from lenscal.optics.psf_grid import PsfGrid, delta_grid

Floats = NDArray[np.float64]

_GREEN = 1


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Calibrations of several copies of one lens, at one aperture and focal length.

    Attributes
    ----------
    name : of the lens, in the manifest
    aperture, focal_mm : None where they are not known
    """

    name: str
    aperture: float | None
    focal_mm: float | None
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FieldSpread:
    """Means and deviations over copies [rows, cols].

    Attributes
    ----------
    mtf50_mean, mtf50_deviation : float64 ndarray [rows, cols]
        Of green, cycles/px; the standard deviation of a copy (n - 1).
    kernel_deviation : float64 ndarray [rows, cols]
        Norm of the difference of a copy's kernels from their mean over that of the mean, all
        colours together; the mean over copies.
    """

    mtf50_mean: Floats
    mtf50_deviation: Floats
    kernel_deviation: Floats

    @property
    def mtf50_relative(self) -> Floats:
        """[rows, cols]: the standard deviation over the mean."""
        return np.asarray(self.mtf50_deviation / np.maximum(self.mtf50_mean, 1e-12))


@dataclass(frozen=True, slots=True, eq=False)
class CopySpread:
    """The spread of copies of one lens whose kernels lie on one grid.

    Attributes
    ----------
    group : of the copies that were compared, and no others
    image_size : (height, width) px of their photos
    pitch_um : distance of pixels where all copies' is known to be the same
    """

    group: Group
    image_size: tuple[int, int]
    pitch_um: float | None
    spread: FieldSpread

    @property
    def positions_px(self) -> Floats:
        """[rows, cols, 2]: places (y, x) of the nodes, 0-based pixels."""
        rows, cols = self.spread.mtf50_mean.shape
        grid = delta_grid((rows, cols), 1, self.image_size)
        return np.asarray(grid.positions * (np.array(self.image_size) - 1))


def groups_of_copies(outcomes: Iterable[Outcome]) -> list[Group]:
    """Where two or more copies of a lens were measured at one aperture and focal length."""
    groups: dict[tuple[str, float | None, float | None], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.figures:
            aperture, focal = (_rounded(outcome.figures.get(n)) for n in ("aperture", "focal_mm"))
            groups.setdefault((outcome.entry.name, aperture, focal), []).append(outcome)
    return [Group(*setting, tuple(of)) for setting, of in groups.items() if _several(of)]


def _several(outcomes: Sequence[Outcome]) -> bool:
    return len({outcome.entry.copy for outcome in outcomes}) > 1


def _rounded(value: Figure) -> float | None:
    number = number_of(value)
    return None if number is None else round(number, 1)


def field_spread(copies: Sequence[PsfGrid]) -> FieldSpread:
    """Of two copies or more with equal grids; their kernels may differ in size."""
    mtf50 = np.stack([copy.mtf50()[..., _GREEN] for copy in copies])
    kernels = np.empty(copies[0].shape)
    for row, col in np.ndindex(*copies[0].shape):
        kernels[row, col] = _kernel_deviation([copy.kernels[row, col] for copy in copies])
    return FieldSpread(mtf50.mean(0), mtf50.std(0, ddof=1), kernels)


def _kernel_deviation(copies: Sequence[NDArray[np.float32]]) -> float:
    """Of kernels [3, k, k] at one place, as they are compared everywhere: seen through a Gaussian,
    and without the shift that their colours share, which distortion and framing decide about."""
    size = 2 * max(kernels.shape[-1] for kernels in copies)
    frequency = np.fft.fftfreq(size)
    y, x = frequency[:, None], frequency[: size // 2 + 1]
    seen = np.exp(-2 * (np.pi * SIGMA_PX) ** 2 * (y**2 + x**2))
    # The half that is left out of a real transform counts, too.
    seen = seen * np.where((np.arange(size // 2 + 1) % (size // 2)) == 0, 1, 2**0.5)
    spectra = []
    for kernels in copies:
        dy, dx = centroid_px(kernels.astype(np.float64)).mean(0)
        back = np.exp(2j * np.pi * (y * dy + x * dx))
        spectra.append(centred_transfer(kernels.astype(np.float64), size) * back * seen)
    of_all = np.stack(spectra).reshape(len(copies), -1)
    mean = of_all.mean(0)
    away = np.linalg.norm(of_all - mean, axis=1)
    return float(away.mean() / np.linalg.norm(mean))


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """What is compared of one calibration."""

    outcome: Outcome
    psf: PsfGrid
    pitch_um: float | None


class CopyFields:
    """The kernels of a batch's results: each profile is read once, each group compared once."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._measured: dict[tuple[str, Figure], _Measured | None] = {}
        self._spreads: dict[tuple[tuple[str, Figure], ...], FieldSpread] = {}

    def spreads(self, outcomes: Iterable[Outcome]) -> list[CopySpread]:
        """Of all copies that can be compared: those with the same grid over photos of one size."""
        found = []
        for group in groups_of_copies(outcomes):
            alike: dict[tuple[object, ...], list[_Measured]] = {}
            for measured in filter(None, map(self._of, group.outcomes)):
                kind = measured.psf.shape, measured.psf.image_size
                alike.setdefault(kind, []).append(measured)
            for copies in alike.values():
                if _several([copy.outcome for copy in copies]):
                    found.append(self._compared(group, copies))
        return found

    def _compared(self, group: Group, copies: Sequence[_Measured]) -> CopySpread:
        outcomes = tuple(copy.outcome for copy in copies)
        key = tuple(map(_key, outcomes))
        if key not in self._spreads:
            self._spreads[key] = field_spread([copy.psf for copy in copies])
        pitches = {copy.pitch_um for copy in copies}
        return CopySpread(
            replace(group, outcomes=outcomes),
            copies[0].psf.image_size,
            pitches.pop() if len(pitches) == 1 else None,
            self._spreads[key],
        )

    def _of(self, outcome: Outcome) -> _Measured | None:
        from lenscal.files.psf.profile import read_profile

        key, name = _key(outcome), outcome.entry.folder_name
        if key not in self._measured:
            try:
                profile = read_profile(self._out / name / f"{name}.lenscal", kernels_only=True)
                self._measured[key] = _Measured(outcome, profile.psf, profile.pitch_um)
            # Taken away since: the table goes on without it.
            except (LenscalError, OSError):
                self._measured[key] = None
        return self._measured[key]


def _key(outcome: Outcome) -> tuple[str, Figure]:
    return outcome.entry.folder_name, outcome.figures.get("fingerprint")
