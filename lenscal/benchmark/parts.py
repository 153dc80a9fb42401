"""The parts of a benchmark. Nothing heavy: the parser reads this."""

from __future__ import annotations

from enum import StrEnum


class Part(StrEnum):
    """What is measured, as the user names it (`--only`), in the order in which it is."""

    ACCURACY = "accuracy"
    SPEED = "speed"
    PRIOR = "prior"
    CORRECTION = "correction"
