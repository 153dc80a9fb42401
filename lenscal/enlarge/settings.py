"""What the user decides about enlarging: choices, limits and defaults, each declared only here.

Nothing that takes time is imported: the command line's parser reads this at start.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lenscal.errors import InputError
from lenscal.raw.pictures.kinds import Light
from lenscal.system.device import AUTO, check_device_name
from lenscal.translation import translatable

FACTORS = (2, 3, 4)


class EnlargeMethod(StrEnum):
    """What fills in the detail, as the user names it (`--method`)."""

    PNP = "pnp"
    """A denoiser that knows photos, in turns with the picture itself."""
    NETWORK = "network"
    """A small network trained on the picture itself."""


class KernelSource(StrEnum):
    """How the kernel is found, as the user names it (`--kernel`)."""

    AUTO = "auto"
    """From the picture's spectrum: seconds."""
    FLOW = "flow"
    """By distribution matching (Meanti et al. 2025): minutes."""


@dataclass(frozen=True, slots=True)
class EnlargeSettings:
    """What the user decides.

    Raises
    ------
    InputError
        A value outside its limits; the message names the option and the value.
    """

    factor: int = 2
    """One of `FACTORS`."""
    method: EnlargeMethod = EnlargeMethod.PNP
    light: Light = Light.STORED
    """Which values of pictures were averaged when they were made smaller: programs do it with
    stored ones. RAW photos have light."""
    device: str = AUTO
    prior: str | None = None
    """Path of a denoiser's weights; None: the one that ships."""
    seed: int = 0
    """Of the network and its training, and of matching."""
    kernel: KernelSource = KernelSource.AUTO

    def __post_init__(self) -> None:
        if self.factor not in FACTORS:
            raise InputError(
                translatable(
                    "--factor {factor}: choose {least} to {most}",
                    factor=self.factor,
                    least=FACTORS[0],
                    most=FACTORS[-1],
                )
            )
        check_device_name(self.device)


DEFAULTS = EnlargeSettings()
"""What holds where the user says nothing."""


def kernel_px(factor: int) -> int:
    """Side of the kernels that are looked for, px of the enlarged picture: odd."""
    return 5 * factor + 1 if factor % 2 == 0 else 5 * factor + 2
