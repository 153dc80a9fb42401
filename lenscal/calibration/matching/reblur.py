"""Sharp patches made to look like degraded ones, with the kernels at their positions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lenscal.blur.patches import blur_patches
from lenscal.calibration.field.kernels import squares_of
from lenscal.calibration.matching.patches import PatchPool
from lenscal.calibration.packing import Packing, pack_rgb
from lenscal.calibration.statistics.noise_spectra import noise_shape
from lenscal.optics.psf_grid import bilinear_nodes


class Patches(NamedTuple):
    """Patches that were drawn.

    real : [n, p, m, m], packed degraded patches
    noise : [n, p], their noise variance
    sharp : [n, 3, 2 m + k - 1, 2 m + k - 1]
    sharp_noise : [n, p], the noise variance of a RAW site of the sharp photo there
    nodes, weight : [n, 4], the nodes around each real patch, and their bilinear weights
    positions : [n, 2], (y, x) in 0..1
    """

    real: Tensor
    noise: Tensor
    sharp: Tensor
    sharp_noise: Tensor
    nodes: Tensor
    weight: Tensor
    positions: Tensor


class Reblur:
    """Turns sharp patches into degraded ones, and says what noise they lack.

    Parameters
    ----------
    shape : (rows, cols) of the kernels' grid
    correlation : Tensor [3, n, n]
        Covariance of the sharp photos' noise between taps.
    noise_correlation : array [3, 3, m, m] or None
        Of the degraded photos (`Frame.noise_correlation`).
    """

    def __init__(
        self,
        pool: PatchPool,
        packing: Packing,
        shape: tuple[int, int],
        correlation: Tensor,
        device: torch.device,
        noise_correlation: NDArray[np.float64] | None = None,
    ) -> None:
        self.noise_root = _noise_root(noise_correlation, packing, pool.real.shape[-1])
        self.pool, self.packing, self.shape, self.device = pool, packing, shape, device
        self.correlation = correlation
        index, weight = bilinear_nodes(pool.positions, shape)
        # A GPU holds the pool: what a step reads of it does not wait for the processor.
        self.real = torch.from_numpy(pool.real).to(device)
        self.noise = torch.from_numpy(pool.noise).to(device)
        self.sharp = torch.from_numpy(pool.sharp).to(device)
        self.sharp_noise = torch.from_numpy(pool.sharp_noise).to(device)
        self.positions = torch.from_numpy(pool.positions).to(device)
        self.nodes = torch.from_numpy(index).to(device)
        self.weight = torch.from_numpy(weight).float().to(device)

    def draw(self, n: int, generator: torch.Generator) -> Patches:
        """`take` n patches at random."""
        i = _numbers(len(self.real), n, generator)
        return self.take(i, self.partners(i, generator))

    def partners(self, i: Tensor, generator: torch.Generator) -> Tensor:
        """Numbers of sharp patches for the real patches i: their own, or any where scenes are
        unrelated."""
        # Registered patches show the same: what they differ by is blur and noise.
        if self.pool.paired:
            return i
        return _numbers(len(self.sharp), len(i), generator)

    def take(self, i: Tensor, j: Tensor) -> Patches:
        """The real patches i and the sharp patches j, on the device."""
        i, j = send(i, self.device), send(j, self.device)
        return Patches(
            self.real[i],
            self.noise[i],
            self.sharp[j].float(),
            self.sharp_noise[j],
            self.nodes[i],
            self.weight[i],
            self.positions[i],
        )

    def blur(self, kernels: Tensor, patches: Patches) -> tuple[Tensor, Tensor]:
        """Packed noise-free patches [n, p, m, m], and the kernels [n, 3, taps] they were made
        with."""
        weight, n_nodes = patches.weight, len(kernels)
        # A product with dense weights: the gradient of kernels[index] would be summed in any order
        # by several threads.
        dense = torch.zeros(len(patches.nodes), n_nodes, device=weight.device)
        dense = dense.scatter_add_(1, patches.nodes, weight)
        k = (dense @ kernels.flatten(1)).view(-1, *kernels.shape[1:])
        return pack_rgb(blur_patches(patches.sharp, squares_of(k)), self.packing), k

    def missing_noise(self, k: Tensor, patches: Patches) -> tuple[Tensor, Tensor]:
        """Variance [n, p] to add to the re-blurred patches, and to the real ones where the former
        carry more."""
        # The blurred sharp photo's own noise: k^T C k for each channel, C its correlation.
        by_channel = torch.einsum("ncu,cuv,ncv->nc", k, self.correlation, k)
        carried = by_channel[:, list(self.packing.channels)] * patches.sharp_noise
        return (patches.noise - carried).clamp(min=0), (carried - patches.noise).clamp(min=0)

    def coloured(self, normal: Tensor) -> Tensor:
        """White noise [n, p, m, m] of variance 1 with the degraded photos' correlation."""
        if self.noise_root is None:
            return normal
        n, p, m, _ = normal.shape
        # Planes of half the size are put together: it is between pixels that noise goes along.
        pixels = F.pixel_shuffle(normal, 2)
        spectrum = torch.einsum(
            "yxpq,nqyx->npyx", self.noise_root.to(normal.device), torch.fft.fft2(pixels)
        )
        return F.pixel_unshuffle(torch.fft.ifft2(spectrum).real, 2).view(n, p, m, m)


def _noise_root(correlation: NDArray[np.float64] | None, packing: Packing, m: int) -> Tensor | None:
    """Complex [2m, 2m, c, c]: what gives white noise in c channels the correlation; None where
    it is to stay white."""
    if correlation is None:
        return None
    whole = Packing(packing.channels[::4], packing.offsets[::4], 1)
    shape = noise_shape(correlation, whole, 2 * m)
    if shape is None:
        return None
    values, vectors = np.linalg.eigh(shape.transpose(2, 3, 0, 1))
    root = (vectors * np.sqrt(values)[..., None, :]) @ vectors.conj().swapaxes(-1, -2)
    return torch.from_numpy(root).to(torch.complex64)


def _numbers(end: int, n: int, generator: torch.Generator) -> Tensor:
    """n random numbers below the end, where the generator is."""
    return torch.randint(end, (n,), generator=generator, device=generator.device)


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on the device; to a GPU through pinned memory, without waiting."""
    if device.type != "cuda" or tensor.device.type == "cuda":
        return tensor.to(device)
    # From pageable memory the copy would wait for the step that is running.
    return tensor.pin_memory().to(device, non_blocking=True)
