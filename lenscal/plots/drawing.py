"""A picture as a list of primitives, in px from the top left corner. No Qt: reports draw it as SVG
(`lenscal.plots.svg`), the window with a painter (`lenscal.gui.drawing.painting`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Colour = str
"""#rrggbb"""

DARK_INK, LIGHT_INK = "#101010", "#f0f0f0"
# On lighter colours dark ink is read better; a little below the half, as eyes see greys.
MIDDLE_LIGHTNESS = 0.45
# How far below the middle of a line of text its baseline lies, parts of the font's size.
BASELINE = 0.36


class Anchor(StrEnum):
    """Which end of a text lies at its x."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True, slots=True, eq=False)
class Polyline:
    """points: [n, 2] as (x, y)."""

    points: NDArray[np.float64]
    colour: Colour
    width: float = 1.0
    dashed: bool = False
    opacity: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """points: [n, 2] as (x, y); opacity: of the fill."""

    points: NDArray[np.float64]
    fill: Colour
    outline: Colour | None = None
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; colours that are None are left out."""

    x: float
    y: float
    width: float
    height: float
    fill: Colour | None = None
    outline: Colour | None = None


@dataclass(frozen=True, slots=True)
class Gradient:
    """A rectangle that goes through colours in even steps from left to right."""

    x: float
    y: float
    width: float
    height: float
    colours: tuple[Colour, ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    radius: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text whose middle lies at the height y; vertical: it runs upwards there."""

    x: float
    y: float
    text: str
    colour: Colour
    anchor: Anchor = Anchor.START
    scale: float = 1.0
    """Of the font's size."""
    vertical: bool = False


Item = Polyline | Polygon | Box | Gradient | Dot | Words


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """Items in the order they are drawn, within (0, 0) and (width, height) px."""

    width: float
    height: float
    items: tuple[Item, ...]


class Font(Protocol):
    """How much room text takes, which only the back end knows."""

    @property
    def size_px(self) -> float:
        """Size of the letters, as fonts are chosen by."""
        ...

    @property
    def line_px(self) -> float:
        """Distance of two lines."""
        ...

    def width_px(self, text: str) -> float:
        """From the beginning of a text to its end."""
        ...


@dataclass(frozen=True, slots=True)
class Style:
    """Colours and font of a plot."""

    font: Font
    background: Colour
    surround: Colour
    """Around maps: neutral, so that colours can be judged."""
    ink: Colour
    muted: Colour
    line: Colour
    warn: Colour
    red: Colour
    green: Colour
    blue: Colour

    def channel(self, name: str) -> Colour:
        """The colour for curves of "R", "G" or "B"."""
        return {"R": self.red, "G": self.green, "B": self.blue}[name]


def segment(
    start: tuple[float, float],
    end: tuple[float, float],
    colour: Colour,
    *,
    width: float = 1.0,
    dashed: bool = False,
) -> Polyline:
    """A straight line between two points (x, y)."""
    return Polyline(np.array([start, end], np.float64), colour, width, dashed)


def mixed(low: Colour, high: Colour, part: float) -> Colour:
    """The colour a part (0..1) of the way from one to another."""
    pairs = zip(channels(low), channels(high), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def channels(colour: Colour) -> tuple[int, int, int]:
    """Red, green and blue, 0..255."""
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return red, green, blue


def readable_on(background: Colour) -> Colour:
    """Ink that can be read on a colour."""
    values = channels(background)
    lightness = (max(values) + min(values)) / 2 / 255
    return DARK_INK if lightness > MIDDLE_LIGHTNESS else LIGHT_INK


def round_step(value: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above the value (positive)."""
    power = 10.0 ** np.floor(np.log10(value))
    # A ten-thousandth more, or rounding would make 0.5 of 0.5.
    return float(max(step for step in (1, 2, 5) if step * power <= value * 1.0001) * power)


def ticks(low: float, high: float, step: float) -> Sequence[float]:
    """Multiples of a step within a range."""
    # A millionth of a step more, or rounding would lose the ends.
    first, last = int(np.ceil(low / step - 1e-6)), int(np.floor(high / step + 1e-6))
    return [n * step for n in range(first, last + 1)]
