"""A camera that turns about its axis while its shutter is open blurs corners otherwise than the
middle.

A camera that is pressed down on one side moves and turns at once. So the turn is taken to keep step
with the movement: where the middle of the photo moves by t, the camera has turned by w . t, and the
place p, counted from the middle, moves by

    A_p t = t + (w . t) J p,    J = [[0, -1], [1, 0]]

in the order (x, y), for small turns. The kernel at p is the middle's, its light moved by A_p; w is
two numbers for all of the photo. They are those that explain the power spectra of its parts best,
and count only where every other part, told by the rest, is explained better than by one kernel
(docs/experiments/deblurring.md).

Whyte, Sivic, Zisserman, Ponce 2012, DOI 10.1007/s11263-011-0502-7, for blur by rotations of the
camera; there each turn is free, and many more numbers are sought.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.blur.power_spectra import mean_power
from lenscal.calibration.uniform.spectrum_fit import SHAPE_SPREAD, SpectrumProblem, spectrum_problem
from lenscal.calibration.uniform.tiles import GreyTiles, tiles_at
from lenscal.deblur.evidence import SMALL_WINDOW_PX, grey, with_least_noise
from lenscal.deblur.reference import PIECE_PX
from lenscal.raw.frame import Frame
from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.translation import translatable

PARTS = 3, 4
"""Rows and columns of a photo's parts, the larger number along its longer side."""
PIECES_OF_PART, LEAST_OF_PART, LEAST_PARTS = 16, 4, 6
LEAST_GAIN = 0.003
"""In deviance, of either half of the parts told by the other."""
MOST_PX = 63
"""Side of the widest kernels: farther light is laid at their rim."""
NODES = 9, 9
_STRENGTHS, _DIRECTIONS = (0.25, 0.5, 0.75, 1.0, 1.4), 12
_FINER = 0.12
"""Distance of the candidates around the best one, as a share of the photo's half diagonal."""
_FINE = 3
"""Parts of a tap along either side."""
_SCENE_STEPS, _SCENE_RATE = 25, 0.15


@dataclass(frozen=True, slots=True)
class Roll:
    """How a camera turned.

    Attributes
    ----------
    turn : (x, y)
        w: radians it turned for each px that the middle moved to the right and down.
    gain : float
        In deviance over one kernel for the whole photo, of pieces that did not tell it.
    """

    turn: tuple[float, float]
    gain: float

    def at_corner(self, image_size: tuple[int, int]) -> float:
        """How far a corner of a photo (height, width) moves by the turn alone, over what its middle
        moves, at most."""
        return float(np.hypot(*self.turn) * np.hypot(*image_size) / 2)

    def field(
        self, kernel: NDArray[np.float32], image_size: tuple[int, int]
    ) -> NDArray[np.float32]:
        """The kernels [rows, cols, c, k, k] all over a photo (height, width), of that of its
        middle [c, k, k]."""
        height, width = image_size
        ys, xs = (
            np.linspace(-side / 2, side / 2, n)
            for side, n in zip((height - 1, width - 1), NODES, strict=True)
        )
        places = np.stack(np.meshgrid(ys, xs, indexing="ij"), -1).reshape(-1, 2)
        kernels = _without_rim(turned(kernel, np.array(self.turn), places))
        return kernels.reshape(*NODES, *kernels.shape[1:])


def turned(
    kernel: NDArray[np.float32], turn: NDArray[np.float64], places: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The kernels [n, c, `MOST_PX`, `MOST_PX`] at places [n, 2] (y, x) px from the middle of a
    photo, of that of its middle [c, k, k]; each of sum 1."""
    side = kernel.shape[-1]
    light = kernel.repeat(_FINE, -1).repeat(_FINE, -2).reshape(len(kernel), -1) / _FINE**2
    tap = (np.arange(_FINE * side) // _FINE - side // 2).astype(np.float64)
    y, x = (t.ravel() for t in np.meshgrid(tap, tap, indexing="ij"))
    # A tap is drawn out as far as its neighbours move away from it, so that no holes are left; one
    # that does not move stays as it is.
    within = (np.arange(_FINE * side) % _FINE + 0.5) / _FINE - 0.5
    down, right = (t.ravel() for t in np.meshgrid(within, within, indexing="ij"))
    angle = turn[0] * (x + right) + turn[1] * (y + down)
    out = np.empty((len(places), len(kernel), MOST_PX, MOST_PX), np.float32)
    for number, (at_y, at_x) in enumerate(places):
        moved = (y + at_x * angle, x - at_y * angle)
        rows, cols = (np.clip(t + MOST_PX // 2, 0, MOST_PX - 1.001) for t in moved)
        laid = _laid(light, rows, cols)
        out[number] = laid / laid.sum((-1, -2), keepdims=True)
    return out


def _laid(
    light: NDArray[np.floating], rows: NDArray[np.float64], cols: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Light [c, m] at places between taps, shared among the four nearest ones."""
    top, left = rows.astype(int), cols.astype(int)
    down, right = rows - top, cols - left
    out = np.zeros((len(light), MOST_PX * MOST_PX))
    for row, of_row in ((top, 1 - down), (top + 1, down)):
        for col, of_col in ((left, 1 - right), (left + 1, right)):
            index, share = row * MOST_PX + col, of_row * of_col
            for channel, values in enumerate(light):
                out[channel] += np.bincount(index, values * share, MOST_PX**2)
    return out.reshape(len(light), MOST_PX, MOST_PX)


def _without_rim(kernels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The smallest odd side that holds them all."""
    there = np.flatnonzero((kernels > 0).any((0, 1, 2)) | (kernels > 0).any((0, 1, 3)))
    middle = kernels.shape[-1] // 2
    reach = int(np.abs(there - middle).max())
    part = slice(middle - reach, middle + reach + 1)
    return kernels[..., part, part]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a photo.

    Attributes
    ----------
    place : float64 ndarray [2]
        (y, x) of its pieces' mean, px from the middle of the photo.
    problem : SpectrumProblem
    n : int
        Pieces.
    white : bool
        Colour of its field, the parts being a chessboard's.
    """

    place: NDArray[np.float64]
    problem: SpectrumProblem
    n: int
    white: bool


def parts_of(frame: Frame, sharp: GreyTiles, noise_spread: float) -> list[Part]:
    """The parts of a photo in which enough is to be seen; none of photos that have no room."""
    height, width = frame.size
    rows, cols = PARTS if width >= height else PARTS[::-1]
    reference = mean_power(sharp.values, sharp.variance, SMALL_WINDOW_PX)
    found = []
    for row in range(rows):
        for col in range(cols):
            ys = _starts(row * height // rows, (row + 1) * height // rows)
            xs = _starts(col * width // cols, (col + 1) * width // cols)
            corners = [(y, x) for y in ys for x in xs]
            some = np.linspace(0, len(corners) - 1, PIECES_OF_PART).round().astype(int)
            chosen = [corners[i] for i in sorted(set(some.tolist()))] if corners else []
            tiles, kept = tiles_at(frame, PIECE_PX, chosen)
            if len(tiles) < LEAST_OF_PART:
                continue
            noisy = with_least_noise(tiles)
            power = mean_power(noisy.values, noisy.variance, SMALL_WINDOW_PX)
            problem = spectrum_problem(reference, power, noise_spread)
            place = np.mean(kept, 0) + PIECE_PX / 2 - np.array(frame.size) / 2
            found.append(Part(place, problem, len(tiles), (row + col) % 2 == 0))
    return found


def _starts(low: int, high: int) -> range:
    return range(low, high - PIECE_PX + 1, PIECE_PX // 2)


def find_roll(
    parts: Sequence[Part], kernel: NDArray[np.float32], image_size: tuple[int, int]
) -> Job[Roll | None]:
    """How the camera turned; None where one kernel explains the photo as well.

    Parameters
    ----------
    kernel : [c, k, k]
        Of the middle of the photo.
    image_size : (height, width)
    """
    if len(parts) < LEAST_PARTS:
        return None
    half_diagonal = np.hypot(*image_size) / 2
    message = translatable("Looking whether the camera turned")
    coarse = _candidates() / half_diagonal
    costs = np.zeros((2, len(coarse)))
    pieces = np.zeros((2, 1))
    for number, part in enumerate(parts):
        yield Report("deblur", message, number / len(parts) / 2)
        costs[int(part.white)] += _costs(part, kernel, coarse)
        pieces[int(part.white)] += part.n
    total = costs.sum(0)
    costs /= pieces.clip(1)
    # The turn that the black parts chose is judged by the white ones, and the other way round.
    first, second = costs.argmin(1)
    gains = costs[1, 0] - costs[1, first], costs[0, 0] - costs[0, second]
    if min(gains) < LEAST_GAIN:
        return None
    best = coarse[total.argmin()]
    steps = np.array([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]) * _FINER / half_diagonal
    finer, of_finer = best + steps, np.zeros(len(steps))
    for number, part in enumerate(parts):
        yield Report("deblur", message, 0.5 + number / len(parts) / 2)
        of_finer += _costs(part, kernel, finer)
    x, y = finer[of_finer.argmin()]
    return Roll((float(x), float(y)), float(np.mean(gains)))


def _candidates() -> NDArray[np.float64]:
    """Turns [n, 2], no turn first, as how far the corner moves over the middle."""
    angles = np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS
    directions = np.stack([np.cos(angles), np.sin(angles)], -1)
    return np.concatenate([np.zeros((1, 2)), *(s * directions for s in _STRENGTHS)])


def _costs(
    part: Part, kernel: NDArray[np.float32], turns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[n]: how badly turns explain a part, counted by its pieces."""
    at = np.concatenate([turned(kernel, turn, part.place[None]) for turn in turns])
    return part.n * _deviances(part.problem, grey(torch.from_numpy(at)))


def _deviances(problem: SpectrumProblem, kernels: Tensor) -> NDArray[np.float64]:
    shape = torch.zeros(len(kernels), len(SHAPE_SPREAD), requires_grad=True)
    noise = torch.zeros(len(kernels), requires_grad=True)
    optimiser = torch.optim.Adam([shape, noise], _SCENE_RATE)
    for _ in range(_SCENE_STEPS):
        optimiser.zero_grad()
        cost = problem.deviance(kernels, shape, noise) + problem.prior(shape, noise)
        cost.sum().backward()
        optimiser.step()
    with torch.no_grad():
        cost = problem.deviance(kernels, shape, noise) + problem.prior(shape, noise)
    return cost.double().numpy()
