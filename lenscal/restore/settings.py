"""What the user decides about a correction: choices, limits and defaults, each declared only here.

Nothing that takes time is imported: the command line's parser and the window read this at start.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lenscal.errors import InputError
from lenscal.system.device import AUTO, check_device_name
from lenscal.translation import translatable

AMOUNT_LIMITS = (0.0, 1.0)
"""From leaving the photo as it is to the full correction."""
DENOISE_LIMITS = (0.0, 1.0)
"""From keeping detail and its noise to a smooth picture."""
DENOISE_USUAL = 0.5
"""Least mean error."""


class Method(StrEnum):
    """How a photo is corrected, as the user names it (`--method`)."""

    WIENER = "wiener"
    NETWORK = "network"
    """Trained for the lens, kept in its profile."""
    DPIR = "dpir"
    DIFFPIR = "diffpir"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class RestoreSettings:
    """What the user decides.

    Raises
    ------
    InputError
        A value outside its limits; the message names the option and the value.
    """

    method: Method = Method.WIENER
    amount: float = 1.0
    """Within `AMOUNT_LIMITS`."""
    denoise: float = DENOISE_USUAL
    """Within `DENOISE_LIMITS`."""
    device: str = AUTO
    prior: str | None = None
    """Path of a denoiser's weights; None: the one that ships."""
    seed: int = 0
    """Of the noise that DiffPIR puts back."""

    def __post_init__(self) -> None:
        for name, value, (least, most) in (
            ("amount", self.amount, AMOUNT_LIMITS),
            ("denoise", self.denoise, DENOISE_LIMITS),
        ):
            # Not a number compares false with both.
            if not least <= value <= most:
                raise InputError(
                    translatable(
                        "--{name} {value:g}: choose a number from {least:g} to {most:g}",
                        name=name,
                        value=value,
                        least=least,
                        most=most,
                    )
                )
        check_device_name(self.device)

    @property
    def needs_network(self) -> bool:
        """Whether kernels have to come with a restoration network."""
        return self.method is Method.NETWORK and self.amount > 0


DEFAULTS = RestoreSettings()
"""What holds where the user says nothing."""
