"""What the user decides about the training of a restoration network. Nothing heavy: the parser and
the window read this."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lenscal.errors import InputError
from lenscal.system.device import AUTO, check_device_name
from lenscal.translation import translatable

MINUTES_LIMITS = (0.1, 60.0 * 24 * 30)


class NetworkSize(StrEnum):
    """How large a network is trained (`--size`)."""

    SMALL = "small"
    """The denoiser's layout; for processors too."""
    FULL = "full"
    """ESRGAN's size, with a discriminator; for graphics cards."""


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """How a network is trained.

    Raises
    ------
    InputError
        A value outside its limits; the message names the option and the value.
    """

    size: NetworkSize = NetworkSize.SMALL
    minutes: float = 60.0
    steps: int | None = None
    """Length of the run where it does not go by the clock: equal seeds then give equal weights."""
    seed: int = 0
    device: str = AUTO
    resume: bool = False
    """Go on with the network that the profile holds."""
    channels: int = 64
    """Of a full network; a small one has the denoiser's."""
    blocks: int = 23
    """Of a full network."""

    def __post_init__(self) -> None:
        least, most = MINUTES_LIMITS
        if not least <= self.minutes <= most:
            raise InputError(
                translatable(
                    "--minutes {minutes:g}: choose a number from {least:g} to {most:g}",
                    minutes=self.minutes,
                    least=least,
                    most=most,
                )
            )
        if self.seed < 0:
            raise InputError(
                translatable("--seed {seed}: choose a number from 0 on", seed=self.seed)
            )
        check_device_name(self.device)


DEFAULTS = NetworkSettings()
"""What holds where the user says nothing."""
