"""Kernels of all nodes from normal equations of all cells: a quadratic problem with bounds and unit
sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

SUM_WEIGHT = 1.0
"""Of the unit sums, relative to the normal equations' trace: near enough, the rest is scaled
away."""
CENTROID_DEVIATION_PX = 0.03


def solve_field(
    gram: Tensor,
    cross: Tensor,
    weights: Tensor,
    precision: Tensor,
    differences: Tensor,
    smoothness: float,
    *,
    seen: Tensor,
    taps: Tensor,
    centroids: Tensor,
    start: Tensor | None = None,
    iterations: int = 60,
) -> Iterator[Tensor]:
    """Minimise over kernels K [nodes, 3, n], sum_u K = 1, seen K >= 0, per channel

        sum_cells (k^T H k / 2 - b^T k) + sum K^T Q K / 2 + smoothness sum (D K)^T Q (D K) / 2,   k
        = weights K,

    with the kernels' centroids drawn to given places.

    Alternating direction method of multipliers; the quadratic step by conjugate gradients,
    preconditioned per node (Boyd et al. 2011, doi:10.1561/2200000016).

    Parameters
    ----------
    gram, cross : Tensor [cells, 3, n, n], [cells, 3, n]
        H and b.
    weights : Tensor [cells, nodes]
        Bilinear weights of the nodes at the cells.
    precision : Tensor [3, n, n]
        Q, the inverse covariance of the prior on a kernel (`prior_precision`).
    differences : Tensor [m, nodes]
        D, second differences over the field.
    smoothness : float
        How many times smaller a bend over the field is expected to be than the kernel itself,
        squared.
    seen : Tensor [n, n]
        Convolution with what a pixel of the sharp lens sees: that cannot be negative, kernels
        themselves can.
    taps, centroids : Tensor [n, 2], [nodes, 3, 2]
        (y, x) of the taps, and where the channels' centroids are known to lie, px.

    Yields
    ------
    Tensor [nodes, 3, n] after each iteration; the last one is the solution.
    """
    nodes, n = weights.shape[1], cross.shape[-1]
    blocks = torch.einsum("cm,caij->maij", weights.square(), gram)
    curvature = differences.square().sum(0)
    eigenvalues = torch.linalg.eigvalsh((blocks.mean(0) + precision).double())
    rho = eigenvalues.clamp(min=1e-12).log().mean(-1).exp().to(gram.dtype).view(1, 3, 1)
    own = (1 + smoothness * curvature)[:, None, None, None] * precision
    strength = blocks.diagonal(dim1=-2, dim2=-1).sum(-1).mean().clamp(min=1.0)
    ones = torch.ones(n, 1, dtype=gram.dtype, device=gram.device)
    fixed = torch.cat([ones * (SUM_WEIGHT * strength) ** 0.5, taps * CENTROID_DEVIATION_PX**-1], 1)
    held = fixed @ fixed.T
    square = seen.T @ seen
    penalised = blocks + own + rho[..., None] * square + held
    factor = torch.linalg.cholesky(
        penalised + 1e-6 * torch.diag_embed(penalised.diagonal(dim1=-2, dim2=-1))
    )
    right = torch.einsum("cm,cai->mai", weights, cross)
    right = right + SUM_WEIGHT * strength + (centroids @ taps.T) * CENTROID_DEVIATION_PX**-2
    squared = differences.T @ differences

    def matvec(k: Tensor) -> Tensor:
        at_cells = torch.einsum("cm,mai->cai", weights, k)
        pulled = torch.einsum("cm,cai->mai", weights, (gram @ at_cells[..., None])[..., 0])
        bent = k + smoothness * torch.einsum("mo,oai->mai", squared, k)
        return (
            pulled + rho * (k @ square) + k @ held + torch.einsum("aij,maj->mai", precision, bent)
        )

    def precondition(v: Tensor) -> Tensor:
        return torch.cholesky_solve(v[..., None], factor)[..., 0]

    k = (
        torch.full((nodes, 3, n), 1.0 / n, dtype=gram.dtype, device=gram.device)
        if start is None
        else start.clone()
    )
    z = (k @ seen).clamp(min=0)
    u = torch.zeros_like(z)
    for _ in range(iterations):
        k = _conjugate_gradients(matvec, precondition, right + rho * ((z - u) @ seen), k)
        shown = k @ seen
        z = (shown + u).clamp(min=0)
        u = u + shown - z
        yield k / k.sum(-1, keepdim=True)


def prior_precision(deviation: np.ndarray, *, length_px: float = 0.7) -> np.ndarray:
    """[c, n, n]: inverse covariance of kernels that are smooth from tap to tap and small far out.

    covariance(u, v) = deviation(u) deviation(v) exp(-|u - v|^2 / (2 length^2)), deviation [c, k,
    k].
    """
    k = deviation.shape[-1]
    y, x = (v.ravel() for v in np.meshgrid(np.arange(k), np.arange(k), indexing="ij"))
    distance = (y[:, None] - y[None]) ** 2 + (x[:, None] - x[None]) ** 2
    correlation = np.exp(-distance / (2 * length_px**2)) + 0.01 * np.eye(k * k)
    flat = deviation.reshape(len(deviation), -1)
    return np.linalg.inv(correlation)[None] / (flat[:, :, None] * flat[:, None, :])


def _conjugate_gradients(
    matvec: Callable[[Tensor], Tensor],
    precondition: Callable[[Tensor], Tensor],
    right: Tensor,
    start: Tensor,
    *,
    steps: int = 6,
) -> Tensor:
    """A few preconditioned steps from a warm start, every channel with its own step lengths."""

    def inner(a: Tensor, b: Tensor) -> Tensor:
        return (a * b).sum((0, 2), keepdim=True)

    x = start
    r = right - matvec(x)
    z = precondition(r)
    p, rz = z, inner(r, z)
    for _ in range(steps):
        ap = matvec(p)
        alpha = rz / inner(p, ap).clamp(min=1e-30)
        x, r = x + alpha * p, r - alpha * ap
        z = precondition(r)
        new = inner(r, z)
        p, rz = z + new / rz.clamp(min=1e-30) * p, new
    return x
