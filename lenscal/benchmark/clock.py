"""What work costs on a machine that has other work, too."""

from __future__ import annotations

import os
import time


def processor_seconds() -> float:
    """Seconds of all processors that this process and the programs it ran have used; wall time on
    Windows."""
    if os.name == "nt":
        return time.perf_counter()
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
