"""How many numerical threads there are, and how they wait."""

from __future__ import annotations

import os
import sys


def use_threads(count: int) -> None:
    """So many from the next job on, whether torch is loaded or not."""
    os.environ["OMP_NUM_THREADS"] = str(count)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(count)


def wait_passively() -> None:
    """Let threads that wait for each other sleep instead of spinning. To be called before torch is
    loaded.

    Spinning threads starve whatever else wants the processor. Measured on 2 busy cores, small
    matrix products and convolutions with two threads: 107 s and 57 s of processor time spinning, 26
    s and 11 s asleep.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
