"""What a search for one blur reports, the replies to it, and the clock."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lenscal.reports import Report
from lenscal.stepping import Job, Paused, Stop
from lenscal.translation import Translatable


@dataclass(slots=True)
class Watch:
    """Reports, the replies to them, and the clock."""

    max_minutes: float | None
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    finished: str = "done"
    _started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def over(self) -> bool:
        """Whether it is to end with what there is."""
        return self.finished != "done"

    def tell(
        self,
        message: Translatable,
        fraction: float,
        step: int = 0,
        kernel: Tensor | None = None,
        **points: float,
    ) -> Job[None]:
        """Report, and heed the reply."""
        for name, value in points.items():
            self.curves.setdefault(name.replace("_", " "), []).append((step, value))
        named = {name.replace("_", " "): value for name, value in points.items()}
        kernels = None if kernel is None else one_node(kernel)
        reply = yield Report("uniform", message, fraction, step, named, kernels)
        if isinstance(reply, Paused):
            self._started += reply.seconds
        elif isinstance(reply, Stop):
            self.finished = "stopped"
        limit = self.max_minutes
        # Without a kernel there is nothing to keep.
        if not self.over and limit is not None and kernel is not None:
            self.finished = "time" if self.seconds > 60 * limit else "done"


def one_node(kernel: Tensor) -> NDArray[np.float32]:
    """[1, 1, 3, k, k]: the same for all colours."""
    grey = kernel.detach().numpy().astype(np.float32)
    return np.broadcast_to(grey, (1, 1, 3, *grey.shape)).copy()
