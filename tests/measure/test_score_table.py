"""The table of scores has a line a row, and the share of the gain at its end."""

from __future__ import annotations

import numpy as np

from lenscal.measure.gain import Gain
from lenscal.measure.kernel_scores import score
from lenscal.measure.score_table import score_table


def test_a_line_a_row() -> None:
    rng = np.random.default_rng(1)
    kernels = rng.uniform(0.1, 1, (4, 3, 5, 5))
    nodes = np.array([[0, 0], [0, 9], [9, 0], [9, 9]])
    scores = score(kernels, nodes, kernels, nodes)
    gain = Gain(30.0, 32.0, {"average": 30.2, "estimate": 31.0})
    rows = {name: scores[name] for name in ("delta", "average", "estimate")}
    lines = score_table(rows, gain)
    assert len({len(line) for line in lines}) == 1
    assert [line.split()[-1] for line in lines[2:]] == ["0%", "10%", "50%"]
