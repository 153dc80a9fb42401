"""Networks compiled for a GPU, where that works."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import nn

logger = logging.getLogger(__name__)


def can_compile(device: torch.device) -> bool:
    """Whether it is worth trying: Triton writes kernels for CUDA only."""
    return device.type == "cuda" and find_spec("triton") is not None


def compiled(network: nn.Module, trial: Callable[[], object]) -> bool:
    """Compile a network in place, where a trial of it succeeds; whether it was. Its weights and
    their names stay what they were."""
    try:
        network.compile(dynamic=False)
        trial()
    # A compiler that is missing or too old says so in many ways; none of them is worth a failure.
    except Exception as error:
        logger.info("not compiled: %r", error)
        network._compiled_call_impl = None
        return False
    return True
