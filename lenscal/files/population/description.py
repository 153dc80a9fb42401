"""What is said of a population's networks. Nothing heavy: the parser reads this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

POPULATION_SUFFIX = ".lenspop"
KERNEL_SIZES_PX = range(15, 65)
"""Sides that kernels of a population can have."""
_WIDTHS, _DEPTHS, _LATENTS = range(8, 1025), range(1, 9), range(1, 257)


class Constraint(StrEnum):
    """What kernels can be (`--constraint`)."""

    SOFTMAX = "softmax"
    """Of taps that are not negative: light is added, never taken away."""
    NONE = "none"
    """Of any taps, for comparison with the paper's."""


@dataclass(frozen=True, slots=True)
class GeneratorDescription:
    """The layout of a generator.

    Attributes
    ----------
    kernel_size : px, one of `KERNEL_SIZES_PX`
    channels : 1: all colours have one kernel; 3: R, G and B have kernels of their own
    latent : numbers that a kernel is drawn from
    width, depth : of its hidden layers

    Raises
    ------
    ValueError
        A value that no generator has.
    """

    kernel_size: int = 15
    channels: int = 1
    latent: int = 24
    width: int = 256
    depth: int = 3
    constraint: Constraint = Constraint.SOFTMAX

    def __post_init__(self) -> None:
        limits = (
            (self.kernel_size, KERNEL_SIZES_PX, "kernel size"),
            (self.channels, (1, 3), "channels"),
            (self.latent, _LATENTS, "latent numbers"),
            (self.width, _WIDTHS, "width"),
            (self.depth, _DEPTHS, "depth"),
        )
        for value, allowed, name in limits:
            if value not in allowed:
                raise ValueError(f"a generator's {name} cannot be {value}")


@dataclass(frozen=True, slots=True)
class PriorDescription:
    """The kernel prior that a population may hold; its weights are in an entry of their own.

    Attributes
    ----------
    layout : what its network is called by whoever trained it
    values : settings that it is made from again
    created : ISO 8601, UTC
    """

    layout: str
    values: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 0
    seconds: float = 0.0
    created: str = ""
