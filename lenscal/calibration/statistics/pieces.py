"""Sums over cells of the field, worked out piece by piece on threads, with their gradients.

The pieces are the same whatever the number of threads and are added up in order, so that fits have
the same bits for every number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from lenscal.system.threads import Team

CELLS_A_PIECE = 8
"""Fewer share the work better, but what does not depend on cells is done once a piece."""


def cell_pieces(count: int, device: torch.device) -> list[slice]:
    """`count` cells cut into pieces of about `CELLS_A_PIECE`; one piece on a GPU."""
    return even_pieces(count, max(1, -(-count // CELLS_A_PIECE)) if device.type == "cpu" else 1)


def even_pieces(count: int, parts: int) -> list[slice]:
    """`count` places cut into so many pieces, some of them empty where there are not enough."""
    edges = [count * part // parts for part in range(parts + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


def team_for(pieces: Sequence[object]) -> Team:
    """Threads for so many pieces; close it when the fit ends."""
    return Team(1 if len(pieces) <= 1 else None)


def value_and_gradients(
    team: Team,
    pieces: Sequence[slice],
    shared: Sequence[Tensor],
    by_cell: Tensor | None,
    value_of: Callable[[Sequence[Tensor], Tensor, int], Tensor],
) -> Tensor:
    """The sum of `value_of` over the pieces; adds its gradients to `grad` of the parameters.

    Parameters
    ----------
    shared : parameters that every piece depends on
    by_cell : Tensor [cells, ...] or None
        Parameters of the cells, of which a piece gets its own (an empty tensor without them).
    value_of : shared, the piece's own parameters, number of the piece -> scalar
    """

    def work(number: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        # Leaves of their own: two threads must not add to one gradient.
        copies = [parameter.detach().requires_grad_() for parameter in shared]
        cells = torch.zeros(0)
        leaves = list(copies)
        if by_cell is not None:
            cells = by_cell.detach()[pieces[number]].requires_grad_()
            leaves.append(cells)
        value = value_of(copies, cells, number)
        return value.detach(), torch.autograd.grad(value, leaves)

    # In the pieces' order, whoever is ready first: sums of floats depend on it.
    results = team.all(work, range(len(pieces)))
    # From the first value on: a zero of another type or device would not do.
    total = results[0][0]
    for value, _ in results[1:]:
        total = total + value
    for position, parameter in enumerate(shared):
        for _, gradients in results:
            _add_gradient(parameter, gradients[position])
    if by_cell is not None:
        _add_gradient(by_cell, torch.cat([gradients[-1] for _, gradients in results]))
    return total


def _add_gradient(parameter: Tensor, gradient: Tensor) -> None:
    parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
