"""Clipped light in pictures: neutral, whatever the multipliers; white where all colours clip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lenscal.files.photos.export_settings import ExportSettings, PhotoFormat, Space
from lenscal.raw.frame import Frame, PhotoHeader

Floats = NDArray[np.float32]
ReadTile = Callable[[slice, slice], Floats]

CLIP_FROM, CLIP_FULL = 0.94, 0.985
"""Between these parts of its clipping level a channel counts as clipped more and more."""
REACHES_WHITE = 0.99
"""Of the white level: what clips there is as good as white."""


def neutral_highlights(rgb: Floats, limit: Floats, white: Floats, *, guess: bool) -> Floats:
    """Pixels with what their clipped channels lack at least.

    A channel that clips says less than there was, and multiplied by white balance each says
    another value: white light would come out coloured. It is raised to the mean of the channels
    that do not clip, which a neutral light has, never lowered; where all clip, to white.

    Parameters
    ----------
    rgb : [h, w, 3]
        Linear, white-balanced.
    limit : [h, w, 3]
        Where the channels clip.
    white : [3], or [h, w, 1]
        What the channels have to show at least where all clip.
    guess : bool
        Whether channels are raised where only some clip; at most to `white`.
    """
    near = (rgb > CLIP_FROM * limit).any(axis=-1)
    if not near.any():
        return rgb
    value, level, white = (np.broadcast_to(v, rgb.shape)[near] for v in (rgb, limit, white))
    clipped = np.clip((value / level - CLIP_FROM) / (CLIP_FULL - CLIP_FROM), 0, 1)
    every = clipped.min(axis=-1, keepdims=True)
    known = 1 - clipped
    share = np.maximum(known.sum(-1, keepdims=True), 1e-6)
    others = (known * value).sum(-1, keepdims=True) / share
    if guess:
        least = every * white + (1 - every) * np.minimum(others, white)
        raised = value + clipped * np.maximum(least - value, 0)
    else:
        raised = value + every * np.maximum(white - value, 0)
    out = rgb.copy()
    out[near] = raised
    return out


def with_neutral_highlights(
    read: ReadTile, frame: Frame | PhotoHeader, export: ExportSettings
) -> ReadTile:
    """The pixels that `read` gives, with highlights as a file's kind asks for them.

    Pictures: clipped light is white. Linear DNG: what clips below the white level that the file
    declares is brought up to it, where all programs take it for clipped. Camera-linear, for
    measuring: nothing is guessed; where all channels clip, they have one value.
    """
    # Pictures are white where they say so.
    if frame.coding is not None:
        return read
    level = frame.white_balance * frame.clipping
    is_dng = export.format is PhotoFormat.DNG
    # RAW programs take what reaches the white level for clipped by themselves.
    if is_dng and (frame.clipping * frame.gain.min(axis=(0, 1)) > REACHES_WHITE).all():
        return read
    white = frame.white_balance if is_dng else np.ones(3, np.float32)
    guess = is_dng or export.space is not Space.CAMERA_LINEAR
    least = CLIP_FROM * level * frame.gain.min(axis=(0, 1))

    def tile(rows: slice, cols: slice) -> Floats:
        rgb = read(rows, cols)
        # Most tiles are done with here: their gain need not be worked out.
        if not any(rgb[..., c].max(initial=0) > least[c] for c in range(3)):
            return rgb
        limit = frame.limit_tile(rows, cols)
        at_least = white if guess else limit.max(axis=-1, keepdims=True)
        return neutral_highlights(rgb, limit, at_least, guess=guess)

    return tile
