"""How much of the network's change is kept: by photos that it was not trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lenscal.supervised.exposures import Camera, Conditions, Exposure
from lenscal.system.threads import several_cores

GAINS = (1.0, 4.0, 16.0)
"""ISO over that of the profile's photos at which the network is judged."""
EACH = 4
"""Exposures at each of them."""
SHARES = np.linspace(0, 1, 21)
LEAST_ERROR = 1e-12
"""Mean squared error of what is taken for exact."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What the network gains on held-out photos.

    Attributes
    ----------
    share : float
        Of its change that is kept, 0..1.
    wiener_db, network_db : mapping of float to float
        Mean PSNR (peak 1, linear light) at each gain, of the Wiener estimate and of the network's
        with that share.
    """

    share: float
    wiener_db: Mapping[float, float]
    network_db: Mapping[float, float]

    @property
    def gain_db(self) -> float:
        """Mean over all."""
        return float(np.mean([self.network_db[gain] - db for gain, db in self.wiener_db.items()]))


def held_out_exposures(
    camera: Camera, crops: Sequence[NDArray[np.float16]], seed: int
) -> dict[float, list[Exposure]]:
    """The same crops at the same places at each gain that the camera knows."""
    least, most = camera.shooting.gains
    return {
        gain: [
            camera.expose(
                crops[number % len(crops)],
                np.random.default_rng([seed, 4, number]),
                Conditions(gain),
            )
            for number in range(EACH)
        ]
        for gain in GAINS
        if least <= gain <= most
    }


def judged(
    net: nn.Module, exposures: Mapping[float, Sequence[Exposure]], device: torch.device
) -> HeldOut:
    """The share of the network's change with the best mean PSNR, of those with which no gain's
    mean is below the Wiener filter's; 0 where there is none."""
    errors = {
        gain: np.array([_errors(net, exposure, device) for exposure in of_gain])
        for gain, of_gain in exposures.items()
    }
    curves = {gain: _psnr(of_gain) for gain, of_gain in errors.items()}
    gains = np.array([curve - curve[0] for curve in curves.values()])
    mean = np.where(gains.min(axis=0) >= 0, gains.mean(axis=0), -np.inf)
    best = int(np.argmax(mean))
    return HeldOut(
        float(SHARES[best]),
        {gain: float(curve[0]) for gain, curve in curves.items()},
        {gain: float(curve[best]) for gain, curve in curves.items()},
    )


def _psnr(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over exposures for each of SHARES; errors [n, 3] as `_errors` gives them."""
    powers = np.stack([np.ones_like(SHARES), 2 * SHARES, SHARES**2])
    squared = np.maximum(errors @ powers, LEAST_ERROR)
    return np.asarray(-10 * np.log10(squared).mean(axis=0))


def _errors(net: nn.Module, exposure: Exposure, device: torch.device) -> tuple[float, float, float]:
    """Means of e^2, e d and d^2: e the error of the Wiener estimate, d the network's change, both
    in linear light. With a share s the squared error is their sum with the weights 1, 2 s, s^2."""
    with torch.inference_mode(), several_cores():
        u = net(exposure.planes[None].to(device))[0].float().cpu()
    wiener = exposure.planes[:3].square()
    change = u.clamp(min=0).square() - wiener
    error = wiener - exposure.sharp.square()
    products: list[Tensor] = [error * error, error * change, change * change]
    e, ed, d = (float(p.double().mean()) for p in products)
    return e, ed, d
