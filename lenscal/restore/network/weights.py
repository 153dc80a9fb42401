"""Restoration networks as named arrays: what profiles keep of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.restore.network.rrdb import RrdbNetwork
from lenscal.restore.network.small import SmallNetwork
from lenscal.translation import translatable

Network = SmallNetwork | RrdbNetwork
LAYOUTS: dict[str, type[SmallNetwork] | type[RrdbNetwork]] = {
    "lenscal restoration unshuffle 1": SmallNetwork,
    "lenscal restoration rrdb 1": RrdbNetwork,
}
"""By the name that a profile gives them."""


def layout_of(net: Network) -> str:
    """The name of a network's layout."""
    return next(name for name, kind in LAYOUTS.items() if isinstance(net, kind))


def arrays_of(net: Network) -> dict[str, NDArray[np.float32]]:
    """Its weights, float32."""
    return {
        name: value.detach().to("cpu", torch.float32).contiguous().numpy().copy()
        for name, value in net.state_dict().items()
    }


def network_of(layout: str, weights: Mapping[str, NDArray[Any]]) -> Network:
    """The network that arrays are the weights of; as wide and deep as they are.

    Raises
    ------
    InputError
        An unknown layout, or weights of another network.
    """
    kind = LAYOUTS.get(layout)
    if kind is None:
        raise InputError(
            translatable(
                "the profile's restoration network ({layout}) is of no kind that this lenscal "
                "knows: update lenscal, or train it again",
                layout=layout[:80],
            )
        )
    try:
        tensors = {name: torch.from_numpy(np.array(v, np.float32)) for name, v in weights.items()}
        channels = len(tensors["head.weight"])
        blocks = len({n.split(".")[1] for n in tensors if n.startswith("blocks.")})
        # Layers without numbers of their own: names may ask for any amount of them.
        with torch.device("meta"):
            net = kind(channels, blocks)
        net.load_state_dict(tensors, assign=True)
    # Names, kinds and shapes of another network lead to errors of many kinds.
    except Exception as error:
        raise InputError(
            translatable(
                "the profile's restoration network is damaged: its weights do not fit ({error}); "
                "train it again",
                error=str(error)[:200],
            )
        ) from error
    return net
