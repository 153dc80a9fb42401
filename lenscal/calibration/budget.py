"""What each quality spends. Budgets are steps and sites, not minutes, so that the same seed gives
the same result."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lenscal.calibration.matching.published import PublishedSettings
from lenscal.calibration.settings import PUBLISHED, Quality, Stages
from lenscal.flow.network import NetworkSettings
from lenscal.flow.pretrained import BASE


@dataclass(frozen=True, slots=True)
class PublishedBudget:
    """What flow matching as published may spend (`PublishedMatcher`).

    Attributes
    ----------
    patches : held in memory
    patch_px : their side
    flow_steps, matching_steps : of stages F and M
    batch : patches a step of M; F has `flow_factor` times as many
    kernel_rate : so that within the steps a kernel can become half or twice as wide, and no
        faster: noise moves them, too
    field_reach : of `FreeTaps`
    compile : whether networks are compiled on a GPU
    """

    patches: int = 12_000
    patch_px: int = 32
    flow_steps: int = 300
    matching_steps: int = 500
    batch: int = 64
    flow_factor: int = 1
    flow_rate: float = 5e-4
    auxiliary_rate: float = 1e-3
    kernel_rate: float = 0.002
    field_reach: float = 0.5
    network: NetworkSettings = BASE
    compile: bool = False

    def settings(
        self,
        planes: int,
        *,
        train_noise: bool,
        batch: int | None = None,
        kernel_rate: float | None = None,
    ) -> PublishedSettings:
        """For patches of so many planes; batch, kernel_rate : other ones than the budget's."""
        return PublishedSettings(
            self.flow_steps,
            self.matching_steps,
            replace(self.network, planes=planes),
            batch=batch or self.batch,
            flow_factor=self.flow_factor,
            flow_rate=self.flow_rate,
            auxiliary_rate=self.auxiliary_rate,
            kernel_rate=kernel_rate or self.kernel_rate,
            train_noise=train_noise,
            compile=self.compile,
        )


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
    published : of stages F and M where these are asked for by name
    """

    sites: tuple[float, ...]
    statistics_rounds: int
    ray_rounds: int
    patches: int
    flow_steps: int
    matching_steps: int
    batch: int
    network: NetworkSettings
    published: PublishedBudget = field(default_factory=PublishedBudget)

    def batch_of(self, stages: Stages) -> int:
        """Patches a step of the learnt stages, as these are chosen."""
        return self.published.batch if stages in PUBLISHED else self.batch


_PAPER = PublishedBudget(
    patches=60_000,
    patch_px=64,
    # 16 M and 6 M patches.
    flow_steps=15_625,
    matching_steps=46_875,
    batch=128,
    flow_factor=8,
    flow_rate=2e-3,
    auxiliary_rate=1e-4,
    kernel_rate=1e-3,
    field_reach=2.0,
    network=NetworkSettings(width=64, depth=1, levels=4, attention=True),
    compile=True,
)
"""The lens calibration's scale (Meanti et al. 2025, B.3): 64 px, 4.8 M parameters."""

# First passes of P only register and weigh: the last one gets most of the sites.
BUDGETS = {
    Quality.QUICK: Budget(
        (4e6, 5e6, 2e7), 8, 14, 8_000, 600, 300, 64, NetworkSettings(width=32, depth=1)
    ),
    Quality.STANDARD: Budget(
        (5e6, 8e6, 8e6, 8e7),
        8,
        14,
        24_000,
        3_000,
        2_000,
        96,
        NetworkSettings(width=32, depth=2),
        PublishedBudget(24_000, flow_steps=1_500, matching_steps=3_000, field_reach=1.0),
    ),
    Quality.FULL: Budget(
        (1e7, 1e7, 2e7, 4e8),
        8,
        14,
        60_000,
        60_000,
        30_000,
        256,
        NetworkSettings(width=64, depth=2),
        _PAPER,
    ),
}
