"""Kernels of all nodes from normal equations of all cells: a quadratic problem with bounds and unit
sums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls
from torch import Tensor

from lenscal.calibration.statistics.pieces import cell_pieces, team_for
from lenscal.system.threads import Team

SUM_WEIGHT = 1.0
"""Of the unit sums, relative to the normal equations' trace: near enough, the rest is scaled
away."""
CENTROID_DEVIATION_PX = 0.03
"""How far centroids may lie from their places. At 0.02 px and less the solver does not converge
(docs/experiments/pairs.md, 2026-11-22)."""
FACTOR_RIDGE = 1e-6
"""Added to the preconditioner's diagonals, relative to them: single precision needs it."""
CORRELATION_LENGTH_PX = 0.7
"""Over which the prior expects taps to be alike."""
UNCORRELATED = 0.01
"""Part of the taps' variance that neighbours know nothing of: without it the prior's covariance
cannot be inverted."""
MEAN_SIGMAS = (0.3, 0.5, 0.8, 1.2, 1.7, 2.4, 3.4)
"""px: of the Gaussians that expected kernels are mixed of."""
CONJUGATE_STEPS = 6
"""Of each quadratic step, which begins at the last one's result and need not be exact."""


@dataclass(frozen=True, slots=True, eq=False)
class KernelPrior:
    """What is known of the kernels of all nodes before any photo is read.

    Attributes
    ----------
    precision : Tensor [3, n, n]
        Q, the inverse covariance of the prior on a kernel (`prior_precision`).
    differences : Tensor [m, nodes]
        D, second differences over the field.
    smoothness : float
        How many times smaller a bend over the field is expected to be than the kernel itself,
        squared.
    pixel_response : Tensor [n, n]
        Convolution with what a pixel of the sharp lens sees: that cannot be negative, kernels
        themselves can.
    taps : Tensor [n, 2]
        (y, x) px of the taps from the middle.
    centroids : Tensor [nodes, 3, 2]
        (y, x) px where the channels' centroids lie.
    mean : Tensor [nodes, 3, n] or None
        What kernels are expected to be (`expected_kernels`); None: nothing, so that weak data make
        them wide.
    """

    precision: Tensor
    differences: Tensor
    smoothness: float
    pixel_response: Tensor
    taps: Tensor
    centroids: Tensor
    mean: Tensor | None = None


def expected_kernels(gram: Tensor, cross: Tensor, taps: Tensor, centroids: Tensor) -> Tensor:
    """The mixture of Gaussians [nodes, 3, n], one for the whole field, that explains all cells best
    (empirical Bayes, as in `kernel_field`), with the channels' centroids where they lie.

    Around nothing, the shortest vector of sum 1 is what a prior draws kernels to: the noisier the
    photos, the wider.

    Parameters
    ----------
    gram, cross : Tensor [cells, 3, n, n], [cells, 3, n]
    taps : Tensor [n, 2]
    centroids : Tensor [nodes, 3, 2]
    """
    sigmas = taps.new_tensor(MEAN_SIGMAS)

    def gaussians(offsets: Tensor) -> Tensor:
        """[..., sigmas, n] of sum 1 for offsets [..., n, 2] px from their middles."""
        squares = offsets.square().sum(-1)[..., None, :]
        return (-squares / 2 / sigmas[:, None].square()).softmax(-1)

    middle = gaussians(taps).double()
    mixtures = []
    for c in range(3):
        matrix = (middle @ gram[:, c].sum(0).double() @ middle.T).cpu().numpy()
        vector = (middle @ cross[:, c].sum(0).double()).cpu().numpy()
        # Of least squares with this matrix and vector, with weights of sum 1 and none below 0.
        values, vectors = np.linalg.eigh(matrix)
        root = np.sqrt(np.maximum(values, 1e-12 * values[-1]))[:, None] * vectors.T
        right = np.linalg.solve(root.T, vector)
        stiff = 1e3 * np.sqrt(values[-1])
        root = np.concatenate([root, np.full((1, len(vector)), stiff)])
        mixtures.append(nnls(root, np.append(right, stiff))[0])
    weights = torch.from_numpy(np.stack(mixtures)).to(taps)
    at_nodes = gaussians(taps - centroids[:, :, None])
    mean = torch.einsum("cs,mcsu->mcu", weights, at_nodes)
    return mean / mean.sum(-1, keepdim=True)


def solve_field(
    gram: Tensor,
    cross: Tensor,
    weights: Tensor,
    prior: KernelPrior,
    *,
    start: Tensor | None = None,
    iterations: int = 60,
) -> Iterator[Tensor]:
    """Minimise over kernels K [nodes, 3, n], sum_u K = 1, pixel_response K >= 0, per channel

        sum_cells (k^T H k / 2 - b^T k) + sum (K - M)^T Q (K - M) / 2
        + smoothness sum (D K)^T Q (D K) / 2,   k = weights K, M the prior's mean,

    with the kernels' centroids drawn to the prior's (docs/method.md, section 6).

    Alternating direction method of multipliers; the quadratic step by conjugate gradients,
    preconditioned per node (Boyd et al. 2011, doi:10.1561/2200000016).

    Parameters
    ----------
    gram, cross : Tensor [cells, 3, n, n], [cells, 3, n]
        H and b.
    weights : Tensor [cells, nodes]
        Bilinear weights of the nodes at the cells.
    start : Tensor [nodes, 3, n] or None
        Where the iterations begin; None: at kernels that are flat.

    Yields
    ------
    Tensor [nodes, 3, n] after each iteration; the last one is the solution.
    """
    nodes, n = weights.shape[1], cross.shape[-1]
    precision, smoothness, taps = prior.precision, prior.smoothness, prior.taps
    pixel_response, centroids = prior.pixel_response, prior.centroids
    # What the cells say of each node by itself: the preconditioner knows no neighbours.
    blocks = torch.einsum("cm,caij->maij", weights.square(), gram)
    curvature = prior.differences.square().sum(0)
    # ADMM's step, about as stiff as the quadratic: the geometric mean of its eigenvalues.
    eigenvalues = torch.linalg.eigvalsh((blocks.mean(0) + precision).double())
    rho = eigenvalues.clamp(min=1e-12).log().mean(-1).exp().to(gram.dtype).view(1, 3, 1)
    node_prior = (1 + smoothness * curvature)[:, None, None, None] * precision
    strength = blocks.diagonal(dim1=-2, dim2=-1).sum(-1).mean().clamp(min=1.0)
    ones = torch.ones(n, 1, dtype=gram.dtype, device=gram.device)
    # Sums and centroids are held by stiff springs, so that the step stays a linear system.
    springs = torch.cat(
        [ones * (SUM_WEIGHT * strength) ** 0.5, taps * CENTROID_DEVIATION_PX**-1], 1
    )
    stiffness = springs @ springs.T
    response_square = pixel_response.T @ pixel_response
    penalised = blocks + node_prior + rho[..., None] * response_square + stiffness
    # Once for all iterations: the penalty stays as it is.
    factor = torch.linalg.cholesky(
        penalised + FACTOR_RIDGE * torch.diag_embed(penalised.diagonal(dim1=-2, dim2=-1))
    )
    pieces = cell_pieces(len(gram), gram.device), cell_pieces(nodes, gram.device)
    target = torch.einsum("cm,cai->mai", weights, cross)
    target = target + SUM_WEIGHT * strength + (centroids @ taps.T) * CENTROID_DEVIATION_PX**-2
    if prior.mean is not None:
        # The same all over the field, so that only bends away from it are held.
        target = target + torch.einsum("aij,maj->mai", precision, prior.mean)
    bending = prior.differences.T @ prior.differences
    k = (
        torch.full((nodes, 3, n), 1.0 / n, dtype=gram.dtype, device=gram.device)
        if start is None
        else start.clone()
    )
    z = (k @ pixel_response).clamp(min=0)
    # Scaled multipliers of the bound.
    u = torch.zeros_like(z)
    with team_for(pieces[0]) as team:
        step = _QuadraticStep(
            gram=gram,
            weights=weights,
            precision=precision,
            bending=bending,
            smoothness=smoothness,
            penalty=(rho, response_square),
            stiffness=stiffness,
            factor=factor,
            pieces=pieces,
            team=team,
        )
        for _ in range(iterations):
            k = _conjugate_gradients(step, target + rho * ((z - u) @ pixel_response), k)
            response = k @ pixel_response
            # The bound alone, then the multipliers: what the two steps disagree on adds up.
            z = (response + u).clamp(min=0)
            u = u + response - z
            # Springs leave the sums a little off.
            yield k / k.sum(-1, keepdim=True)


@dataclass(frozen=True, slots=True, eq=False)
class _QuadraticStep:
    """The linear system of a quadratic step. Cells and nodes are cut into pieces that go side by
    side: their matrices, which are read anew for each product, are most of the work.

    penalty : [1, 3, 1] and [n, n], the bound's, whose product they are
    stiffness : [n, n], the springs'
    factor : [nodes, 3, n, n], Cholesky factors of the nodes by themselves
    pieces : of cells, and of nodes
    """

    gram: Tensor
    weights: Tensor
    precision: Tensor
    bending: Tensor
    smoothness: float
    penalty: tuple[Tensor, Tensor]
    stiffness: Tensor
    factor: Tensor
    pieces: tuple[list[slice], list[slice]]
    team: Team

    def product(self, k: Tensor) -> Tensor:
        """The matrix times kernels [nodes, 3, n]."""
        at_cells = torch.einsum("cm,mai->cai", self.weights, k)[..., None]
        parts = self.team.all(lambda part: self.gram[part] @ at_cells[part], self.pieces[0])
        data = torch.einsum("cm,cai->mai", self.weights, torch.cat(parts)[..., 0])
        # The same precision for kernels and for their bends: one product does for both.
        bent = k + self.smoothness * torch.einsum("mo,oai->mai", self.bending, k)
        from_prior = torch.einsum("aij,maj->mai", self.precision, bent)
        rho, response_square = self.penalty
        product: Tensor = data + rho * (k @ response_square) + k @ self.stiffness + from_prior
        return product

    def precondition(self, v: Tensor) -> Tensor:
        """Residuals [nodes, 3, n] divided by what each node's own equations say."""
        column = v[..., None]
        parts = self.team.all(
            lambda part: torch.cholesky_solve(column[part], self.factor[part]), self.pieces[1]
        )
        return torch.cat(parts)[..., 0]


def prior_precision(
    deviation: NDArray[np.float64], *, length_px: float = CORRELATION_LENGTH_PX
) -> NDArray[np.float64]:
    """[c, n, n]: inverse covariance of kernels that are smooth from tap to tap and small far out.

    covariance(u, v) = deviation(u) deviation(v) exp(-|u - v|^2 / (2 length^2)), deviation [c, k,
    k].
    """
    k = deviation.shape[-1]
    y, x = (v.ravel() for v in np.meshgrid(np.arange(k), np.arange(k), indexing="ij"))
    distance = (y[:, None] - y[None]) ** 2 + (x[:, None] - x[None]) ** 2
    correlation = np.exp(-distance / (2 * length_px**2)) + UNCORRELATED * np.eye(k * k)
    # Neighbouring taps go together: light does not jump from pixel to pixel.
    flat = deviation.reshape(len(deviation), -1)
    # One inverse for all channels: deviations only scale rows and columns.
    precision = np.linalg.inv(correlation)[None] / (flat[:, :, None] * flat[:, None, :])
    return np.asarray(precision)


def _conjugate_gradients(
    system: _QuadraticStep,
    target: Tensor,
    start: Tensor,
    *,
    steps: int = CONJUGATE_STEPS,
) -> Tensor:
    """A few preconditioned steps from a warm start, every channel with its own step lengths."""

    def inner(a: Tensor, b: Tensor) -> Tensor:
        return (a * b).sum((0, 2), keepdim=True)

    x = start
    r = target - system.product(x)
    z = system.precondition(r)
    p, rz = z, inner(r, z)
    for _ in range(steps):
        # Clamped: a channel that has converged must not divide by zero.
        ap = system.product(p)
        alpha = rz / inner(p, ap).clamp(min=1e-30)
        x, r = x + alpha * p, r - alpha * ap
        z = system.precondition(r)
        next_rz = inner(r, z)
        p, rz = z + next_rz / rz.clamp(min=1e-30) * p, next_rz
    return x
