"""The velocity network that ships with lenscal, and files of such networks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from lenscal.flow.network import NetworkSettings, VelocityNetwork
from lenscal.resource_files import resource
from lenscal.system.atomic import written_whole

BASE = NetworkSettings(planes=4, width=32, depth=1, levels=3, attention=True)
"""Of the network that ships: 0.4 M parameters, four planes (a Bayer period, or every second pixel
of one colour)."""
FILE = ("flow", "velocity.safetensors")


def save_network(network: VelocityNetwork, path: Path, notes: Mapping[str, str]) -> None:
    """Write weights in half precision with the network's size, whole or not at all."""
    weights = {name: tensor.detach().half() for name, tensor in network.state_dict().items()}
    size = {"network": json.dumps(asdict(network.settings))}
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary:
        save_file(weights, temporary, metadata={**notes, **size})


def pretrained_network(settings: NetworkSettings) -> VelocityNetwork | None:
    """The network that ships, where it is of that size; None otherwise."""
    with safe_open(resource(*FILE), framework="pt") as file:
        shipped = NetworkSettings(**json.loads((file.metadata() or {})["network"]))
        if settings != shipped:
            return None
        weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    with torch.random.fork_rng(devices=[]):
        network = VelocityNetwork(settings)
    network.load_state_dict(weights)
    return network
