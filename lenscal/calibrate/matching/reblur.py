"""Sharp patches made to look like degraded ones, with the kernels at their positions."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lenscal.blur.patches import blur_patches
from lenscal.calibrate.field.kernels import squares_of
from lenscal.calibrate.matching.patches import PatchPool
from lenscal.calibrate.packing import Packing, pack_rgb
from lenscal.optics.psf_grid import bilinear_nodes


class Patches(NamedTuple):
    """Patches that were drawn.

    real : [n, 4, m, m], packed degraded patches
    noise : [n, 4], their noise variance
    sharp : [n, 3, 2 m + k - 1, 2 m + k - 1]
    sharp_noise : [n, 4], the noise variance of a RAW site of the sharp photo there
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
    """

    def __init__(
        self,
        pool: PatchPool,
        packing: Packing,
        shape: tuple[int, int],
        correlation: Tensor,
        device: torch.device,
    ) -> None:
        self.pool, self.packing, self.shape, self.device = pool, packing, shape, device
        self.correlation = correlation
        self.real = torch.from_numpy(pool.real)
        self.noise = torch.from_numpy(pool.noise)
        self.sharp = torch.from_numpy(pool.sharp)
        self.sharp_noise = torch.from_numpy(pool.sharp_noise)
        self.positions = torch.from_numpy(pool.positions)

    def draw(self, n: int, generator: torch.Generator) -> Patches:
        """`take` n patches at random."""
        i = torch.randint(len(self.real), (n,), generator=generator)
        return self.take(i, self.partners(i, generator))

    def partners(self, i: Tensor, generator: torch.Generator) -> Tensor:
        """Numbers of sharp patches for the real patches i: their own, or any where scenes are
        unrelated."""
        # Registered patches show the same: what they differ by is blur and noise.
        if self.pool.paired:
            return i
        return torch.randint(len(self.sharp), (len(i),), generator=generator)

    def take(self, i: Tensor, j: Tensor) -> Patches:
        """The real patches i and the sharp patches j, on the device."""
        index, weight = bilinear_nodes(self.positions[i].numpy(), self.shape)
        patches = Patches(
            self.real[i],
            self.noise[i],
            self.sharp[j].float(),
            self.sharp_noise[j],
            torch.from_numpy(index),
            torch.from_numpy(weight).float(),
            self.positions[i],
        )
        return Patches(*(send(part, self.device) for part in patches))

    def blur(self, kernels: Tensor, patches: Patches) -> tuple[Tensor, Tensor]:
        """Packed noise-free patches [n, 4, m, m], and the kernels [n, 3, taps] they were made
        with."""
        weight, n_nodes = patches.weight, len(kernels)
        # A product with dense weights: the gradient of kernels[index] would be summed in any order
        # by several threads.
        dense = torch.zeros(len(patches.nodes), n_nodes, device=weight.device)
        dense = dense.scatter_add_(1, patches.nodes, weight)
        k = (dense @ kernels.flatten(1)).view(-1, *kernels.shape[1:])
        return pack_rgb(blur_patches(patches.sharp, squares_of(k)), self.packing), k

    def missing_noise(self, k: Tensor, patches: Patches) -> tuple[Tensor, Tensor]:
        """Variance [n, 4] to add to the re-blurred patches, and to the real ones where the former
        carry more."""
        # The blurred sharp photo's own noise: k^T C k for each channel, C its correlation.
        by_channel = torch.einsum("ncu,cuv,ncv->nc", k, self.correlation, k)
        carried = by_channel[:, list(self.packing.channels)] * patches.sharp_noise
        return (patches.noise - carried).clamp(min=0), (carried - patches.noise).clamp(min=0)


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on the device; to a GPU through pinned memory, without waiting."""
    if device.type != "cuda":
        return tensor.to(device)
    # From pageable memory the copy would wait for the step that is running.
    return tensor.pin_memory().to(device, non_blocking=True)
