"""Kernels of all nodes from normal equations of all cells: a quadratic problem with positivity and unit sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from lenscal.calibrate.kernels import project_simplex


def solve_field(
    gram: Tensor,
    cross: Tensor,
    weights: Tensor,
    precision: Tensor,
    differences: Tensor,
    smoothness: float,
    *,
    start: Tensor | None = None,
    iterations: int = 60,
) -> Iterator[Tensor]:
    """Minimise over kernels K [nodes, 3, n], K >= 0, sum_u K = 1, per channel

        sum_cells (k^T H k / 2 - b^T k) + sum K^T Q K / 2 + smoothness sum (D K)^T Q (D K) / 2,   k = weights K.

    Alternating direction method of multipliers; the quadratic step by conjugate gradients, preconditioned per node
    (Boyd et al. 2011, doi:10.1561/2200000016).

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
        How many times smaller a bend over the field is expected to be than the kernel itself, squared.

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
    penalised = blocks + own + torch.diag_embed(rho.expand(nodes, 3, n))
    factor = torch.linalg.cholesky(penalised + 1e-6 * torch.diag_embed(penalised.diagonal(dim1=-2, dim2=-1)))
    right = torch.einsum("cm,cai->mai", weights, cross)
    squared = differences.T @ differences

    def matvec(k: Tensor) -> Tensor:
        at_cells = torch.einsum("cm,mai->cai", weights, k)
        pulled = torch.einsum("cm,cai->mai", weights, (gram @ at_cells[..., None])[..., 0])
        bent = k + smoothness * torch.einsum("mo,oai->mai", squared, k)
        return pulled + rho * k + torch.einsum("aij,maj->mai", precision, bent)

    def precondition(v: Tensor) -> Tensor:
        return torch.cholesky_solve(v[..., None], factor)[..., 0]

    z = torch.full((nodes, 3, n), 1.0 / n, dtype=gram.dtype, device=gram.device) if start is None else start.clone()
    u, k = torch.zeros_like(z), z.clone()
    for _ in range(iterations):
        k = _conjugate_gradients(matvec, precondition, right + rho * (z - u), k)
        z = project_simplex(k + u)
        u = u + k - z
        yield z


def prior_precision(deviation: np.ndarray, *, length_px: float = 0.7) -> np.ndarray:
    """[c, n, n]: inverse covariance of kernels that are smooth from tap to tap and small far out.

    covariance(u, v) = deviation(u) deviation(v) exp(-|u - v|^2 / (2 length^2)), deviation [c, k, k].
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
