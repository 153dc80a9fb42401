"""What steps a network's weights: Adam, and Muon for the matrices inside.

Muon: Jordan et al. 2024, with the step sizes of Liu et al. 2025, arXiv:2502.16982.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Parameter


@dataclass(slots=True)
class Optimisers:
    """Both, and what they step.

    Attributes
    ----------
    parts : list of Optimizer
        Adam; Muon where it has something to do.
    matrices : list of (Parameter, Parameter)
        Weights [out, in, 3, 3] and the same memory as [out, 9 * in], which is what Muon steps.
    """

    parts: list[torch.optim.Optimizer]
    matrices: list[tuple[Parameter, Parameter]]

    def step(self, rate: float) -> None:
        """Once along the gradients, at this learning rate."""
        for weights, matrix in self.matrices:
            assert weights.grad is not None
            # Muon orthogonalises matrices; the view makes its steps the weights' own.
            matrix.grad = _as_matrix(weights.grad)
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate
            part.step()


def make_optimisers(
    parameters: Iterable[Parameter], for_muon: Iterable[Parameter], rate: float
) -> Optimisers:
    """Optimisers of parameters, some of which, [out, in, 3, 3] and channels last, go with Muon."""
    for_muon = list(for_muon)
    matrices = [(p, Parameter(_as_matrix(p.data))) for p in for_muon]
    for_adam = [p for p in parameters if all(p is not other for other in for_muon)]
    parts: list[torch.optim.Optimizer] = [torch.optim.Adam(for_adam, lr=rate, betas=(0.9, 0.99))]
    if matrices:
        views = [matrix for _, matrix in matrices]
        parts.append(
            torch.optim.Muon(views, rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
        )
    return Optimisers(parts, matrices)


def _as_matrix(weights: Tensor) -> Tensor:
    """[out, in, 3, 3] as [out, 9 * in]: the same memory where the layout is channels last."""
    return weights.permute(0, 2, 3, 1).reshape(len(weights), -1)
