"""A photo's own kernel, from what is known of its rig's blurs: found, and judged.

What of the photo was kept out judges the kernel beside no blur; how far kernels that explain the
photo agree with one another says how sure it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lenscal.calibration.uniform.tiles import LEAST_TILE_PX, GreyTiles, grey_tiles, joined
from lenscal.deblur.evidence import Evidence
from lenscal.deblur.joint import N_LEVELS, draw_together
from lenscal.deblur.kernel_prior import KernelPrior
from lenscal.deblur.latent_search import Draw, search_latents
from lenscal.deblur.posterior import draw_kernels
from lenscal.deblur.reference import PIECE_PX, sharp_pieces
from lenscal.deblur.roll import Roll, find_roll, parts_of
from lenscal.errors import InputError
from lenscal.optics.psf_grid import PsfGrid, Reference
from lenscal.prior.denoiser import Denoiser
from lenscal.raw.frame import Frame
from lenscal.raw.noise import PROFILE
from lenscal.raw.pictures.kinds import Light
from lenscal.reports import Report
from lenscal.stepping import Job, follow
from lenscal.system.threads import settle_torch
from lenscal.translation import Translatable, translatable

MOST_PIECES = 48
"""Of a photo: more tell little that is new."""
MIDDLE_SHARE = 0.5
"""Of the sides of a photo whose camera turned: only near the middle blur is the middle's."""
HELD_OUT_ONE_IN, LEAST_TO_HOLD_OUT_OF = 4, 8
KNOWN_NOISE_SPREAD, ESTIMATED_NOISE_SPREAD = 0.05, 0.3
COST_SPREAD = 0.02
"""By how much costs of kernels that are equally good differ by chance."""
LEAST_AGREEMENT = 0.8
"""With a prior of true kernels, a restored photo is below it as often worse than the photo as it is
better. With a learnt one it is too kind: six of six photos passed, two of which came out more than
1 dB worse (docs/experiments/deblurring.md)."""
LEAST_GAIN = 0.05
"""In cost over no blur, on what was kept out: a sharp picture shows 0.01 by chance, blurred ones
0.3 to 0.6."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundKernels:
    """What was found of a photo's blur.

    Attributes
    ----------
    kernels : float32 ndarray [n, channels, k, k]
        Draws from the posterior, the best one first, each of sum 1, centred.
    weights : float64 ndarray [n]
        Of sum 1: how well each explains the photo beside the others.
    kernel : float32 ndarray [channels, k, k]
        What the photo is restored with: their mean, by weight.
    agreement : float
        Mean correlation of two draws, 0..1: the confidence.
    gain : float
        By how much it explains what of the photo was kept out better than no blur does; costs of
        equally good kernels differ by some hundredths.
    held_out : bool
        Whether anything could be kept out; else the gain is that of what was looked at.
    roll : Roll or None
        How the camera turned, where its turn shows: the kernels are those of the middle then.
    """

    kernels: NDArray[np.float32]
    weights: NDArray[np.float64]
    kernel: NDArray[np.float32]
    agreement: float
    gain: float
    held_out: bool = True
    roll: Roll | None = None

    @property
    def doubt(self) -> Translatable | None:
        """Why the photo had better be left as it is; None where it is sure enough."""
        if self.gain <= LEAST_GAIN:
            return translatable(
                "no blur of this rig's kind can be told in it: no kernel explains it clearly "
                "better than none"
            )
        if self.agreement < LEAST_AGREEMENT:
            return translatable(
                "the kernels that explain it differ too much to trust one (they agree by "
                "{agreement:.0%}): choose a photo with more detail or less noise, or use --force",
                agreement=self.agreement,
            )
        return None

    def grid(self, image_size: tuple[int, int]) -> PsfGrid:
        """The kernel for all of a photo (height, width), or the field of those that a turn of the
        camera makes of it, and how sure it is."""
        if self.roll is None:
            field = self.kernel[None, None]
        else:
            field = self.roll.field(self.kernel, image_size)
        # An odd side, the middle where it was.
        missing = 1 - field.shape[-1] % 2
        field = np.pad(field, (*[(0, 0)] * 3, (0, missing), (0, missing)))
        kernels = np.broadcast_to(field, (*field.shape[:2], 3, *field.shape[3:]))
        # Correlation of two draws c: each is off by sqrt(1 - c) of its norm, about.
        error = float(np.sqrt(max(1 - self.agreement, 0.0)))
        confidence = np.full(kernels.shape[:3], np.exp(-2 * error), np.float32)
        return PsfGrid(kernels.astype(np.float32), image_size, Reference.ABSOLUTE, confidence)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What of a photo is looked at.

    Attributes
    ----------
    learnt, kept_out : GreyTiles
    sharp : GreyTiles
        Of other pictures.
    noise_spread : float
        By how much the logarithm of the noise may be off.
    """

    learnt: GreyTiles
    kept_out: GreyTiles | None
    sharp: GreyTiles
    noise_spread: float

    def evidence(self, kernel_size: int, *, kept_out: bool = False, seed: int = 0) -> Evidence:
        """Of what is learnt from, or of what was kept out (all of it, where nothing was)."""
        pieces = self.kept_out if kept_out and self.kept_out is not None else self.learnt
        return Evidence(
            pieces, self.sharp, kernel_size, noise_spread=self.noise_spread, seed=seed % 2**32
        )


def material_of(frame: Frame, *, of_middle: bool = False) -> Material:
    """Pieces of a photo, some of them kept out.

    of_middle : whether only those near its middle are wanted

    Raises
    ------
    InputError
        There is hardly anything in it to be used.
    """
    side = min(PIECE_PX, *(n - n % 2 for n in frame.size))
    pieces = None
    if side >= LEAST_TILE_PX:
        share = MIDDLE_SHARE if of_middle else 1.0
        pieces = joined(list(grey_tiles([frame], side, MOST_PIECES, share=share)))
    if pieces is None or not len(pieces):
        raise InputError(
            translatable(
                "hardly anything in it tells its blur (it is flat, clipped, or smaller than "
                "{least} px)",
                least=LEAST_TILE_PX,
            )
        )
    return split(pieces, sharp_pieces(frame.info.light or Light.LINEAR), noise_spread_of(frame))


def noise_spread_of(frame: Frame) -> float:
    """By how much the logarithm of what is known of a photo's noise may be off."""
    known = frame.noise.source == PROFILE
    return KNOWN_NOISE_SPREAD if known else ESTIMATED_NOISE_SPREAD


def split(pieces: GreyTiles, sharp: GreyTiles, noise_spread: float) -> Material:
    """Keep every fourth piece out, where there are enough."""
    if len(pieces) < LEAST_TO_HOLD_OUT_OF:
        return Material(pieces, None, sharp, noise_spread)
    kept_out = np.arange(len(pieces)) % HELD_OUT_ONE_IN == HELD_OUT_ONE_IN // 2
    return Material(pieces.where(~kept_out), pieces.where(kept_out), sharp, noise_spread)


Again = Callable[[Material], Job[FoundKernels]]
"""How kernels are found in material."""


def find_fast(
    material: Material, draw: Draw, latent: int, kernel_size: int, *, n: int, seed: int
) -> Job[FoundKernels]:
    """By the generator G(z) alone: seconds."""
    settle_torch()
    evidence = material.evidence(kernel_size, seed=seed)
    steps = search_latents(evidence, draw, latent, seed)
    message = translatable("Looking for the blur among those that the rig makes")
    return (yield from _found(material, steps, message, n))


def find_by_sampling(
    material: Material, prior: KernelPrior, *, n: int, seed: int
) -> Job[FoundKernels]:
    """Draws from the kernel prior and the photo together."""
    settle_torch()
    evidence = material.evidence(prior.size, seed=seed)
    steps = draw_kernels(evidence, prior, n, seed)
    message = translatable("Drawing kernels that explain the photo")
    return (yield from _found(material, steps, message, n))


def find_jointly(
    material: Material, prior: KernelPrior, denoiser: Denoiser, *, n: int, seed: int
) -> Job[FoundKernels]:
    """As many chains of kernel and picture, side by side, as kernels are wanted."""
    settle_torch()
    evidence = material.evidence(prior.size, seed=seed)
    steps = draw_together(evidence, material.learnt, prior, denoiser, n, seed)
    message = translatable("Drawing kernel and picture side by side")
    return (yield from _found(material, steps, message, n, of=N_LEVELS))


LOOKED = 0.2
"""Part of the time that one look for a turn takes, of two and a search between them."""


def with_roll(found: FoundKernels, frame: Frame, again: Again) -> Job[FoundKernels]:
    """What was found of a photo, with the turn of the camera, where it shows.

    again : finds kernels in other material of the photo
    """
    sharp = sharp_pieces(frame.info.light or Light.LINEAR)
    parts = parts_of(frame, sharp, noise_spread_of(frame))
    roll, _ = yield from follow(find_roll(parts, found.kernel, frame.size), 0.0, LOOKED)
    if roll is None:
        return found
    try:
        material = material_of(frame, of_middle=True)
    # A plain middle; the rest has told enough.
    except InputError:
        return replace(found, roll=roll)
    # All over the photo, blur is a mean of what the turn makes of it.
    of_middle, _ = yield from follow(again(material), LOOKED, 1 - LOOKED)
    rolling = find_roll(parts, of_middle.kernel, frame.size)
    again_roll, _ = yield from follow(rolling, 1 - LOOKED, 1.0)
    if of_middle.doubt is not None or again_roll is None:
        return replace(found, roll=roll)
    return replace(of_middle, roll=again_roll)


_STEPS = 70
"""About, of a search."""


def _found(
    material: Material,
    steps: Iterator[tuple[Tensor, Tensor] | None],
    message: Translatable,
    n: int,
    *,
    of: int = _STEPS,
) -> Job[FoundKernels]:
    kernels, costs = None, None
    for number, end in enumerate(steps):
        if end is not None:
            kernels, costs = end
        yield Report("deblur", message, min(number / of, 1.0), number)
    assert kernels is not None and costs is not None
    order = costs.argsort()[:n]
    return judged(material, kernels[order], costs[order])


def judged(material: Material, kernels: Tensor, costs: Tensor) -> FoundKernels:
    """What some kernels [n, c, k, k] and their costs come to."""
    best = _centred(kernels[0])
    centred = torch.stack([best, *(_moved_onto(kernel, best) for kernel in kernels[1:])])
    weights = torch.softmax(-costs.double() / COST_SPREAD, 0)
    mean = (weights.float()[:, None, None, None] * centred).sum(0)
    size = kernels.shape[-1]
    none = torch.zeros_like(mean)
    none[:, size // 2, size // 2] = 1
    evidence = material.evidence(size, kept_out=True)
    cost, without = evidence.judged(torch.stack([mean, none])).tolist()
    return FoundKernels(
        centred.numpy().astype(np.float32),
        weights.numpy(),
        (mean / mean.sum((-1, -2), keepdim=True)).numpy().astype(np.float32),
        agreement_of(centred, weights),
        without - cost,
        material.kept_out is not None,
    )


def _centred(kernel: Tensor) -> Tensor:
    """A kernel [c, k, k] moved by whole pixels, so that its colours' common centroid is near its
    middle: parts of a pixel would make thin kernels ring, and move a photo by less than half of
    one."""
    size = kernel.shape[-1]
    axis = torch.arange(size) - size // 2
    light = kernel.sum((0, 1)), kernel.sum((0, 2))
    dx, dy = (round(float((row * axis).sum() / row.sum())) for row in light)
    return _moved(kernel, -dy, -dx)


def _moved_onto(kernel: Tensor, other: Tensor) -> Tensor:
    """A kernel, moved by whole pixels to where it correlates best with another: where a photo lies
    is no part of its blur."""
    size = kernel.shape[-1]
    wide = (2 * size, 2 * size)
    spectra = (torch.fft.rfft2(k, s=wide) for k in (kernel, other))
    first, second = spectra
    correlation = torch.fft.irfft2(first.conj() * second, s=wide).sum(0)
    dy, dx = divmod(int(correlation.argmax()), 2 * size)
    return _moved(kernel, *(n if n < size else n - 2 * size for n in (dy, dx)))


def _moved(kernel: Tensor, dy: int, dx: int) -> Tensor:
    """By whole pixels down and to the right; what leaves the frame is lost."""
    size = kernel.shape[-1]
    wide = functional.pad(kernel, (abs(dx), abs(dx), abs(dy), abs(dy)))
    top, left = abs(dy) - dy, abs(dx) - dx
    moved = wide[:, top : top + size, left : left + size]
    out: Tensor = moved / moved.sum((-1, -2), keepdim=True).clamp(min=1e-6)
    return out


def agreement_of(kernels: Tensor, weights: Tensor) -> float:
    """Mean correlation of two draws [n, c, k, k] that are taken by their weights [n]."""
    flat = kernels.flatten(1).double()
    flat = flat - flat.mean(1, keepdim=True)
    flat = flat / flat.norm(dim=1, keepdim=True).clamp(min=1e-12)
    mean = (weights.double()[:, None] * flat).sum(0)
    return float(mean.square().sum().clamp(0, 1))
