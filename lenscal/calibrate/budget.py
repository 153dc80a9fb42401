"""What each quality spends. Budgets are steps and sites, not minutes, so that the same seed gives
the same result."""

from __future__ import annotations

from dataclasses import dataclass

from lenscal.calibrate.settings import Quality
from lenscal.flow.network import NetworkSettings


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent.

    Attributes
    ----------
    sites : RAW sites read in each pass of stage P
    statistics_rounds : of stages G and GT, where more fit the scenes instead of the lens
        (docs/experiments/)
    ray_rounds : of stage R after GT
    patches : held in memory for the learnt stages
    flow_steps, matching_steps : of stages F and M
    batch : patches a step
    """

    sites: tuple[float, ...]
    statistics_rounds: int
    ray_rounds: int
    patches: int
    flow_steps: int
    matching_steps: int
    batch: int
    network: NetworkSettings


# First passes of P only register and weigh: the last one gets most of the sites.
BUDGETS = {
    Quality.QUICK: Budget(
        (4e6, 5e6, 2e7), 8, 14, 8_000, 600, 300, 64, NetworkSettings(width=32, depth=1)
    ),
    Quality.STANDARD: Budget(
        (5e6, 8e6, 8e6, 8e7), 8, 14, 24_000, 3_000, 2_000, 96, NetworkSettings(width=32, depth=2)
    ),
    Quality.FULL: Budget(
        (1e7, 1e7, 2e7, 4e8), 8, 14, 60_000, 60_000, 30_000, 256, NetworkSettings(width=64, depth=2)
    ),
}
