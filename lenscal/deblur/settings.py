"""What the user decides about deblurring: choices, limits and defaults, each declared only here.

Nothing that takes time is imported: the command line's parser and the window read this at start.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lenscal.errors import InputError
from lenscal.restore.settings import DENOISE_USUAL, Method, RestoreSettings
from lenscal.system.device import AUTO
from lenscal.translation import translatable

COUNT_LIMITS = (4, 8)
"""Of posterior kernels: fewer tell no agreement, more take time only."""


class DeblurMethod(StrEnum):
    """How a photo's own kernel is found, as the user names it (`--method`)."""

    FAST = "fast"
    """A kernel that the rig's generator makes, by gradient; the picture by Wiener's filter."""
    SAMPLING = "sampling"
    """Kernels drawn with the picture integrated out; the picture by a denoiser."""
    JOINT = "joint"
    """Kernel and picture drawn side by side, as published (BlindDPS); then as above."""


@dataclass(frozen=True, slots=True)
class DeblurSettings:
    """What the user decides.

    Raises
    ------
    InputError
        A value outside its limits; the message names the option and the value.
    """

    method: DeblurMethod = DeblurMethod.FAST
    n_kernels: int = 6
    """Posterior kernels, within `COUNT_LIMITS`."""
    amount: float = 1.0
    denoise: float = DENOISE_USUAL
    """As for corrections."""
    device: str = AUTO
    prior: str | None = None
    """Path of a denoiser's weights; None: the one that ships."""
    seed: int = 0
    roll: bool = True
    """Whether a turn of the camera is looked for."""

    def __post_init__(self) -> None:
        least, most = COUNT_LIMITS
        if not least <= self.n_kernels <= most:
            raise InputError(
                translatable(
                    "--kernels {n}: choose {least} to {most}",
                    n=self.n_kernels,
                    least=least,
                    most=most,
                )
            )
        if self.seed < 0:
            raise InputError(translatable("--seed {seed}: choose 0 or more", seed=self.seed))
        # It refuses what is wrong with the rest.
        self.restore  # noqa: B018

    @property
    def restore(self) -> RestoreSettings:
        """How the picture is restored, once its kernel is known."""
        fast = self.method is DeblurMethod.FAST
        method = Method.WIENER if fast else Method.DPIR
        return RestoreSettings(
            method, self.amount, self.denoise, self.device, self.prior, self.seed
        )


DEFAULTS = DeblurSettings()
"""What holds where the user says nothing."""
