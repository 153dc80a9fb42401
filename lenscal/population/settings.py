"""What the user decides about learning a population, and what each quality spends. Nothing heavy:
the parser reads this."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lenscal.calibration.settings import LARGEST_SEED, Quality
from lenscal.errors import InputError
from lenscal.files.population.description import KERNEL_SIZES_PX, Constraint
from lenscal.raw.pictures.kinds import Light
from lenscal.system.device import AUTO, check_device_name
from lenscal.translation import translatable

KERNEL_PX = 31
"""Side of the kernels where the user does not say another: shakes of up to some 20 px."""
FEWEST_PHOTOS = 8
"""In each set: of fewer there is no distribution."""


class PopulationMethod(StrEnum):
    """How a generator is taught (`--method`)."""

    GAN = "gan"
    """Against a discriminator, as published."""
    FLOW = "flow"
    """By the difference of two velocity networks, begun by a discriminator."""


STEPS = {Quality.QUICK: 2_000, Quality.STANDARD: 12_000, Quality.FULL: 60_000}
"""Of 32 photos; the paper's 22,000 steps have 16 each."""


@dataclass(frozen=True, slots=True)
class PopulationSettings:
    """What the user decides.

    Attributes
    ----------
    kernel_size : px, one of `KERNEL_SIZES_PX`
    per_channel : whether red, green and blue have kernels of their own
    noise : standard deviation of the blurred pictures' noise in their values 0..1; None: what their
        files tell, or what is estimated
    max_minutes : above 0; None: as many steps as the quality has

    Raises
    ------
    InputError
        A value outside its limits.
    """

    quality: Quality = Quality.STANDARD
    kernel_size: int = KERNEL_PX
    per_channel: bool = False
    constraint: Constraint = Constraint.SOFTMAX
    method: PopulationMethod = PopulationMethod.GAN
    noise: float | None = None
    light: Light = Light.LINEAR
    seed: int = 0
    max_minutes: float | None = None
    device: str = AUTO

    def __post_init__(self) -> None:
        if self.kernel_size not in KERNEL_SIZES_PX:
            raise InputError(
                translatable(
                    "--kernel-size {size}: choose {least} to {most} px",
                    size=self.kernel_size,
                    least=KERNEL_SIZES_PX[0],
                    most=KERNEL_SIZES_PX[-1],
                )
            )
        # Not a number compares false.
        if self.noise is not None and not 0 <= self.noise <= 1:
            raise InputError(
                translatable("--noise {noise}: choose 0 to 1, e.g. 0.02", noise=self.noise)
            )
        if self.max_minutes is not None and not self.max_minutes > 0:
            raise InputError(
                translatable(
                    "--max-minutes {minutes}: choose a number above 0", minutes=self.max_minutes
                )
            )
        if not 0 <= self.seed <= LARGEST_SEED:
            raise InputError(
                translatable("--seed {seed}: choose 0 to {most}", seed=self.seed, most=LARGEST_SEED)
            )
        check_device_name(self.device)

    @property
    def channels(self) -> int:
        """Kernels of one photo."""
        return 3 if self.per_channel else 1

    @property
    def steps(self) -> int:
        """As many as there are without a limit of time."""
        return STEPS[self.quality]

    @property
    def crop_px(self) -> int:
        """Side of what the discriminator sees of a photo at once: twice the kernel's, so that the
        lines of its spectrum are finer than the kernel's; a multiple of 8."""
        return min(max(-(-2 * self.kernel_size // 8) * 8, LEAST_CROP_PX), LARGEST_CROP_PX)


LEAST_CROP_PX, LARGEST_CROP_PX = 32, 96
