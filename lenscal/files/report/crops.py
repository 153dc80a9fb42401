"""Parts of a photo before and after its correction, pixel for pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.files.photos.colour import SPACES, look_curve
from lenscal.files.photos.export_settings import PLAIN, Look, Space

WIDTH_PX, HEIGHT_PX = 332, 200
"""Of a crop: two lie beside each other on a page."""
_INSET = 0.02
"""Of a side, between a corner's crop and the photo's border."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a photo at 100 %, as PNG, before and after its correction."""

    place: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Crops:
    """Parts of one photo, and how it was corrected and is shown, in words."""

    parts: tuple[Crop, ...]
    how: str = ""


def crops_of(before: Pixels, after: Pixels, look: Look = PLAIN, how: str = "") -> Crops:
    """The middle, and the corner that the correction has changed most, of a photo uint8 [h, w, 3].

    look : how both are shown
    how : the photo was corrected, in words
    """
    curve = look_curve(look, SPACES[Space.SRGB], np.dtype(np.uint8))
    height, width = before.shape[:2]
    h, w = min(HEIGHT_PX, height), min(WIDTH_PX, width)
    top, left = round(_INSET * (height - h)), round(_INSET * (width - w))
    rows = {"top": top, "bottom": height - h - top}
    cols = {"left": left, "right": width - w - left}
    corners = {f"{v} {s} corner": (y, x) for v, y in rows.items() for s, x in cols.items()}

    def change(at: tuple[int, int]) -> float:
        y, x = at
        part = np.s_[y : y + h, x : x + w]
        difference: NDArray[np.int16] = after[part].astype(np.int16) - before[part]
        return float(np.abs(difference).mean())

    corner = max(corners, key=lambda name: change(corners[name]))
    places = {"centre": ((height - h) // 2, (width - w) // 2), corner: corners[corner]}
    shown = "" if look.is_plain else f"Both are shown with {look.in_words}."
    parts = tuple(
        Crop(
            f"{name[:1].upper()}{name[1:]}",
            *(_png(part if curve is None else curve[part]) for part in parts),
        )
        for name, (y, x) in places.items()
        for parts in [[photo[y : y + h, x : x + w] for photo in (before, after)]]
    )
    return Crops(parts, " ".join(filter(None, (how, shown))))


def _png(pixels: Pixels) -> bytes:
    import cv2

    # OpenCV wants blue first.
    encoded, data = cv2.imencode(".png", np.ascontiguousarray(pixels[..., ::-1]))
    if not encoded:
        raise RuntimeError("OpenCV could not encode a crop")
    return data.tobytes()
