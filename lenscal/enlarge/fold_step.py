"""The step of plug-and-play enlarging that knows the picture: the image nearest to a guess whose
blurred and thinned-out copy is the picture.

    x = argmin |S K x - y|^2 / N + a |x - z|^2

S keeps every s-th pixel of every s-th row, which folds s^2 frequencies onto one; the inverse is one
division by the sum over these folds (Woodbury).

Zhao, Wei, Basarab, Dobigeon, Kouame, Tourneret 2016, DOI 10.1109/TIP.2016.2567075; Zhang, Van Gool,
Timofte 2020, DOI 10.1109/CVPR42600.2020.00328.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

LAMBDA = 0.23
"""How much the guess counts against the picture: the value that DPIR was published with."""


class FoldStep:
    """The step for one block of a picture.

    block : Tensor [c, h, w]
        Around it, it repeats: give it a margin that can be thrown away.
    kernel : Tensor [k, k]
        In pixels of the enlarged picture, its middle on pixels of the picture.
    """

    def __init__(self, block: Tensor, kernel: Tensor, factor: int) -> None:
        self.factor = factor
        self.size = factor * block.shape[-2], factor * block.shape[-1]
        self.transfer = transfer(kernel, self.size)
        stuffed = block.new_zeros(*block.shape[:-2], *self.size)
        stuffed[..., ::factor, ::factor] = block
        self._data = self.transfer.conj() * torch.fft.fft2(stuffed)
        self._power = self._folded(self.transfer.abs().square())

    def __call__(self, guess: Tensor, weight: float) -> Tensor:
        """x for a guess z [c, s h, s w]; weight : a N, how much it counts."""
        wanted = self._data + weight * torch.fft.fft2(guess)
        explained = self._folded(self.transfer * wanted) / (self._power + weight)
        wanted -= self.transfer.conj() * explained.repeat(1, self.factor, self.factor)
        found: Tensor = torch.fft.ifft2(wanted).real / weight
        return found

    def _folded(self, spectrum: Tensor) -> Tensor:
        """Mean [..., h, w] over the folds of a spectrum [..., s h, s w]."""
        s = self.factor
        height, width = spectrum.shape[-2] // s, spectrum.shape[-1] // s
        parts = spectrum.unflatten(-2, (s, height)).unflatten(-1, (s, width))
        mean: Tensor = parts.mean((-4, -2))
        return mean


def transfer(kernel: Tensor, size: tuple[int, int]) -> Tensor:
    """fft2 [h, w] of a kernel [k, k] whose origin is its middle; where it is wider than that, it
    is wrapped."""
    k = kernel.shape[-1]
    height, width = (max(n, k) for n in size)
    padded = functional.pad(kernel, (0, width - k, 0, height - k))
    spectrum: Tensor = torch.fft.fft2(torch.roll(padded, (-(k // 2), -(k // 2)), (0, 1)))
    return spectrum


def made_smaller(image: Tensor, kernel: Tensor, factor: int) -> Tensor:
    """What an image [c, h, w] becomes: blurred (mirrored at its border), and every s-th pixel kept;
    [c, ceil(h / s), ceil(w / s)]."""
    reach = kernel.shape[-1] // 2
    padded = functional.pad(image[None], (reach,) * 4, mode="reflect")
    # PyTorch's convolution is a correlation: kernels are convolved with.
    weight = kernel.flip(0, 1).expand(image.shape[0], 1, *kernel.shape)
    return functional.conv2d(padded, weight, stride=factor, groups=image.shape[0])[0]


def interpolated(block: Tensor, factor: int) -> Tensor:
    """A block [c, h, w] at s times the pixels, [c, s h, s w], the first of which lies on its first:
    what a guess begins with."""
    height, width = block.shape[-2:]
    y = torch.arange(factor * height, dtype=block.dtype) / factor
    x = torch.arange(factor * width, dtype=block.dtype) / factor
    grid = torch.stack(
        torch.meshgrid(
            2 * y / max(height - 1, 1) - 1, 2 * x / max(width - 1, 1) - 1, indexing="ij"
        )[::-1],
        -1,
    )
    grid = grid.to(block.device)
    return functional.grid_sample(
        block[None], grid[None], mode="bicubic", padding_mode="reflection", align_corners=True
    )[0]
