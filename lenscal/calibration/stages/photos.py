"""What a calibration learns from: the photos of both folders, and those that are kept out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from lenscal.calibration.proof.blocks import split_by_blocks
from lenscal.errors import InputError
from lenscal.optics.psf_grid import Reference
from lenscal.raw.frame import Frame, Sampling
from lenscal.raw.lens_setting import APERTURE_TOLERANCE
from lenscal.translation import translatable

T = TypeVar("T")

LEAST_SIDE_PX = 256
"""Below, a photo has too few cells that hold a patch with room around it."""
HELD_OUT_ONE_IN = 6
LEAST_TO_HOLD_OUT_OF = 4
"""Of fewer photos every one is worth more for learning than for checking."""


@dataclass(frozen=True, slots=True, eq=False)
class Photos:
    """Photos of one size and one kind of sampling.

    Attributes
    ----------
    sharp, degraded : tuple of Frame
        What is learnt from.
    held_out : tuple of Frame
        Degraded photos of unrelated scenes that results are checked on; pairs are kept out instead
        where both folders show the same scenes (`Registration`).
    by_blocks : bool
        Whether these are the degraded photos themselves, of which some blocks were kept out: there
        were too few to keep out whole ones.
    reference : Reference
        What the PSF will be relative to.
    """

    sharp: tuple[Frame, ...]
    degraded: tuple[Frame, ...]
    reference: Reference
    held_out: tuple[Frame, ...] = ()
    by_blocks: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) px of every photo."""
        return self.degraded[0].size

    def with_some_held_out(self) -> Photos:
        """The same photos, some of the degraded ones kept out, or blocks of them."""
        degraded, held_out = hold_out(self.degraded)
        if held_out:
            return replace(self, degraded=degraded, held_out=held_out)
        degraded, held_out = split_by_blocks(self.degraded)
        return replace(self, degraded=degraded, held_out=held_out, by_blocks=True)


def checked_photos(sharp: Sequence[Frame], degraded: Sequence[Frame]) -> Photos:
    """Photos that can be calibrated.

    Raises
    ------
    InputError
        None in a folder, kinds or sizes that differ, too small.
    """
    if not sharp or not degraded:
        raise InputError(
            translatable("calibration needs at least one sharp and one degraded photo")
        )
    sizes = {frame.size for frame in (*sharp, *degraded)}
    # Field positions are shares of the photo: they mean the same place only where sizes agree.
    if len(sizes) > 1:
        listed = ", ".join(f"{w} x {h}" for h, w in sorted(sizes))
        raise InputError(
            translatable("photos differ in size ({sizes}): use one camera mode", sizes=listed)
        )
    if min(sharp[0].size) < LEAST_SIDE_PX:
        raise InputError(
            translatable(
                "photos are smaller than {least} px: too small to calibrate", least=LEAST_SIDE_PX
            )
        )
    _refuse_mixed_sampling((*sharp, *degraded))
    return Photos(tuple(sharp), tuple(degraded), _reference(sharp[0], degraded[0]))


def _refuse_mixed_sampling(frames: Sequence[Frame]) -> None:
    """What is compared has to be sampled alike: demosaicing would be taken for the lens's blur."""
    kinds = {_kind_in_words(frame) for frame in frames}
    if len(kinds) > 1:
        listed = ", ".join(sorted(kinds))
        raise InputError(
            translatable(
                "the photos are of different kinds ({kinds}): use one kind of file for both "
                "folders",
                kinds=listed,
            )
        )


def _kind_in_words(frame: Frame) -> str:
    if not frame.mosaic.size:
        return str(frame.sampling)
    pattern = "".join("RGB"[colour] for colour in frame.cfa.ravel())
    return pattern if frame.sampling is Sampling.BAYER else f"{len(frame.cfa)} x {len(frame.cfa)}"


def _reference(sharp: Frame, degraded: Frame) -> Reference:
    """Photos of one aperture are compared place by place: what the lens does everywhere is no
    blur of the degraded ones."""
    first, second = sharp.info.aperture, degraded.info.aperture
    # A lens without contacts says no aperture: two folders are taken for two of them.
    if first is None or second is None:
        return Reference.AXIS
    same = abs(first / second - 1) < APERTURE_TOLERANCE
    return Reference.SAME_POSITION if same else Reference.AXIS


def hold_out(items: Sequence[T]) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """What is learnt from, and what is kept out: one in six, at least one where there are four."""
    n = 0 if len(items) < LEAST_TO_HOLD_OUT_OF else max(1, len(items) // HELD_OUT_ONE_IN)
    # The last ones: those before keep their numbers, whether or not any are kept out.
    n_learnt = len(items) - n
    return tuple(items[:n_learnt]), tuple(items[n_learnt:])
