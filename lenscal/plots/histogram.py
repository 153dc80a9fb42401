"""How bright the pixels of a picture are, and what of them is clipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.plots.drawing import Anchor, Box, Colour, Drawing, Item, Polygon, Style, Words

# Pixels that are counted: more change nothing that can be seen, and take longer than a frame.
MOST_SAMPLES = 200_000
COLOURS = ("#e05a5a", "#58b858", "#5a8ae0")
FILL_OPACITY = 70 / 255
# Share of clipped pixels from which on it is marked.
NOTABLE_SHARE = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """counts: int [3, 256] of R, G and B; black and white: share of pixels with a channel at 0 or
    255."""

    counts: NDArray[np.integer]
    black: float
    white: float


def histogram(pixels: NDArray[np.uint8]) -> Histogram:
    """Of uint8 [h, w, 3]; large pictures are sampled evenly."""
    step = max(int(np.ceil(np.sqrt(pixels.shape[0] * pixels.shape[1] / MOST_SAMPLES))), 1)
    sample = pixels[::step, ::step].reshape(-1, 3)
    counts = np.stack([np.bincount(sample[:, channel], minlength=256) for channel in range(3)])
    total = max(len(sample), 1)
    # A pixel counts once, whichever of its channels is at the end.
    black, white = (float((sample == end).any(axis=1).sum() / total) for end in (0, 255))
    return Histogram(counts, black, white)


def histogram_drawing(
    histogram: Histogram | None,
    clipped_words: Sequence[str],
    size: tuple[float, float],
    background: Colour,
    style: Style,
) -> Drawing:
    """Three outlines, and words in the upper corners: how much is black, how much is clipped.

    clipped_words : for both corners
    size : (width, height) px
    """
    width, height = size
    items: list[Item] = [Box(0, 0, width, height, fill=background)]
    if histogram is None:
        return Drawing(width, height, tuple(items))
    left, right, bottom = 4.0, width - 4.0, height - 3.0
    top = style.font.line_px + 6
    # Without the ends, which would dwarf the rest where much is clipped.
    peak = max(float(np.sqrt(histogram.counts[:, 1:-1].max())), 1.0)
    # Roots, or a bright sky would leave nothing to see of the rest.
    shares = np.minimum(np.sqrt(histogram.counts) / peak, 1)
    x = np.linspace(left, right, histogram.counts.shape[1])
    for share, colour in zip(shares, COLOURS, strict=True):
        # From the left corner over all heights to the right one: an area.
        outline = np.stack([x, bottom - share * (bottom - top)], axis=-1)
        points = np.concatenate([[[left, bottom]], outline, [[right, bottom]]])
        items.append(Polygon(points, colour, colour, FILL_OPACITY))
    middle = 3 + style.font.line_px / 2
    corners = ((histogram.black, 6.0, Anchor.START), (histogram.white, width - 6, Anchor.END))
    for text, (part, place, anchor) in zip(clipped_words, corners, strict=True):
        colour = style.warn if part >= NOTABLE_SHARE else style.muted
        items.append(Words(place, middle, text, colour, anchor))
    return Drawing(width, height, tuple(items))
