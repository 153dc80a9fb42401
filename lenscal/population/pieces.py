"""Pieces of photos that populations are learnt from, and crops of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.packing import clips
from lenscal.raw.demosaic_noise import ahd_noise_correlation
from lenscal.raw.frame import Frame, Sampling

MOST_BYTES = 2**28
"""Of the pieces of each set."""
MOST_OF_A_PHOTO = 48
_OVER_NOISE = 2.0
"""Variance of a piece in that of its noise, from which on it shows something."""
_CLIPPED_SHARE = 0.02
_BLURRED_SHARE = 1 / 8
"""Standard deviation, in sides of a kernel, of the blur before a sharp piece is judged flat: the
blurred ones are judged as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Of a set of photos.

    Attributes
    ----------
    values : Tensor [n, channels, s, s]
    photo : int64 Tensor [n]
        Which photo each is of, rising from 0 without a gap.
    level : Tensor [photos]
        Mean brightness of each photo.
    photon, read : Tensor [photos, channels]
        Variance of the noise: photon times the brightness plus read.
    shape : Tensor [channels, 7, 7] or None
        Of white noise this makes the photos' noise; None: it is white.
    """

    values: Tensor
    photo: Tensor
    level: Tensor
    photon: Tensor
    read: Tensor
    shape: Tensor | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def n_photos(self) -> int:
        """How many photos they are of."""
        return len(self.level)

    @property
    def side(self) -> int:
        """Of a piece, px."""
        return int(self.values.shape[-1])


class Sampler:
    """Draws crops; several of one photo at once."""

    def __init__(self, pieces: Pieces) -> None:
        self.pieces = pieces
        counts = torch.bincount(pieces.photo, minlength=pieces.n_photos)
        self.counts, self.first = counts, counts.cumsum(0) - counts

    def draw(
        self, n: int, crops: int, side: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Crops [n, crops, channels, side, side] of n photos, and the photos [n]."""
        pieces = self.pieces

        def uniform(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=generator, dtype=torch.float64)

        photo = (uniform(n) * pieces.n_photos).long()
        piece = self.first[photo, None] + (uniform(n, crops) * self.counts[photo, None]).long()
        room = pieces.side - side + 1
        corner = (uniform(n, crops, 2) * room).long()
        axis = torch.arange(side)
        rows, cols = (corner[..., i, None] + axis for i in (0, 1))
        index = piece[..., None, None], slice(None), rows[..., None], cols[..., None, :]
        # Indices apart from each other: the colours come last.
        return pieces.values[index].movedim(-1, 2), photo


def pieces_of(frame: Frame, side: int, channels: int, most: int, kernel_size: int = 0) -> Pieces:
    """The pieces of one photo that show something; there may be none.

    kernel_size : of sharp photos, that of the kernels which they will be blurred with
    """
    colours = [1] if channels == 1 else [0, 1, 2]
    values = []
    gains = []
    for top, left in _places(frame.size, side, most):
        part = slice(top, top + side), slice(left, left + side)
        rgb = frame.rgb_tile(*part)
        if clips(rgb, frame.limit_tile(*part)).any(-1).mean() > _CLIPPED_SHARE:
            continue
        gain = frame.gain_tile(*part).mean((0, 1)) * frame.white_balance
        mean = np.maximum(rgb.mean((0, 1)), 0)
        seen = rgb[..., 1]
        if kernel_size:
            seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), _BLURRED_SHARE * kernel_size))
        if seen.var() > _OVER_NOISE * frame.noise.variance(mean, gain)[1]:
            values.append(np.moveaxis(rgb[..., colours], -1, 0))
            gains.append(gain)
    gain = np.mean(gains, 0) if gains else np.ones(3)
    stacked = np.stack(values) if values else np.empty((0, channels, side, side), np.float32)
    a, b = np.array(frame.noise.a), np.array(frame.noise.b)
    correlation = _correlation(frame)
    louder = np.ones(3) if correlation is None else correlation[:, 3, 3]
    photon, read = (gain * a * louder)[colours], (gain**2 * b * louder)[colours]
    return Pieces(
        torch.from_numpy(np.ascontiguousarray(stacked, np.float32)),
        torch.zeros(len(stacked), dtype=torch.long),
        torch.tensor([float(stacked.mean()) if len(stacked) else 0.0]),
        torch.tensor(photon[None], dtype=torch.float32),
        torch.tensor(read[None], dtype=torch.float32),
        None if correlation is None else noise_shape(correlation[colours]),
    )


def joined(parts: Sequence[Pieces]) -> Pieces:
    """All pieces of several photos; photos without any are left out."""
    parts = [part for part in parts if len(part)]
    shapes = [part.shape for part in parts]
    return Pieces(
        torch.cat([part.values for part in parts]),
        torch.cat([torch.full_like(part.photo, n) for n, part in enumerate(parts)]),
        torch.cat([part.level for part in parts]),
        torch.cat([part.photon for part in parts]),
        torch.cat([part.read for part in parts]),
        # Photos of one set come from one kind of camera: the first speaks for all.
        shapes[0] if parts else None,
    )


def pieces_of_each(n_photos: int, side: int, channels: int) -> int:
    """How many pieces, of `side` px, of each of so many photos are kept."""
    room = MOST_BYTES // (4 * channels * side**2)
    return max(1, min(MOST_OF_A_PHOTO, room // max(n_photos, 1)))


def _places(size: tuple[int, int], side: int, most: int) -> list[tuple[int, int]]:
    """Corners of pieces, spread evenly over a photo, that do not overlap."""
    height, width = size
    if min(size) < side:
        return []
    rows = max(1, min(round((most * height / width) ** 0.5), height // side))
    cols = max(1, min(-(-most // rows), width // side))
    tops, lefts = (
        np.linspace(0, length - side, count).round().astype(int) if count > 1 else [room // 2]
        for length, count, room in (
            (height, rows, height - side),
            (width, cols, width - side),
        )
    )
    return [(int(top), int(left)) for top in tops for left in lefts][:most]


def _correlation(frame: Frame) -> NDArray[np.float64] | None:
    """[3, 7, 7]: of the noise in `rgb`, over the variance by `noise`; None where it is white."""
    if frame.noise_correlation is not None:
        return np.stack([frame.noise_correlation[c, c] for c in range(3)]).astype(np.float64)
    return ahd_noise_correlation() if frame.sampling is Sampling.BAYER else None


def noise_shape(correlation: NDArray[np.float64]) -> Tensor:
    """Taps [c, 7, 7] that give white noise of variance 1 such a correlation [c, 7, 7], but of
    variance 1."""
    wide = np.zeros((len(correlation), 16, 16))
    wide[:, 5:12, 5:12] = correlation / correlation[:, 3:4, 3:4]
    power = np.fft.fft2(np.fft.ifftshift(wide, axes=(1, 2))).real.clip(min=0)
    taps = np.fft.fftshift(np.fft.ifft2(np.sqrt(power)).real, axes=(1, 2))[:, 5:12, 5:12]
    taps /= np.sqrt(np.square(taps).sum((1, 2), keepdims=True))
    return torch.tensor(taps, dtype=torch.float32)
