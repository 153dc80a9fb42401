"""All of enlarging one decoded photo: its kernel, and the enlarged rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.enlarge.enlarging import (
    N_ITERATIONS,
    Estimate,
    by_network,
    denoised,
    enlarged_bands,
)
from lenscal.enlarge.patch_matching import match_kernel
from lenscal.enlarge.picture import (
    LEAST_LEVEL,
    LUMINANCE,
    Tone,
    luminance_variance,
    noise_variance,
    tone_of,
)
from lenscal.enlarge.scale_kernel import ScaleKernel, find_kernel
from lenscal.enlarge.self_network import STEPS, SelfNetwork, trained
from lenscal.enlarge.settings import EnlargeMethod, EnlargeSettings, KernelSource, kernel_px
from lenscal.enlarge.sharp_spectrum import sharp_spectrum
from lenscal.prior.denoiser import load_denoiser
from lenscal.raw.frame import Frame
from lenscal.reports import Report
from lenscal.restore.plug_and_play import on_all_cores
from lenscal.stepping import Job
from lenscal.system.device import pick_device
from lenscal.system.threads import settle_torch
from lenscal.translation import translatable

MOST_READ_PX = 2048
"""Side of the middle of a photo that its kernel and its network are learnt from."""
_EVERY = 20
"""Steps after which is reported."""
Sink = Callable[[range, NDArray[np.float32]], None]
"""Takes finished rows, from the top: which, and their values, float32 [h, s W, 3]."""


def kernel_of(frame: Frame, settings: EnlargeSettings) -> Job[ScaleKernel]:
    """The kernel that a photo went through when it was made smaller.

    Raises
    ------
    InputError
        The photo is too small to tell.
    """
    settle_torch()
    rgb = _middle(frame)
    grey = rgb @ LUMINANCE
    variance = luminance_variance(frame, rgb)
    if settings.kernel is KernelSource.FLOW:
        return (yield from _matched(grey, variance, settings))
    sharp = sharp_spectrum(frame.info.light)
    steps = find_kernel(grey, variance, sharp, settings.factor, kernel_px(settings.factor))
    message = translatable("Looking for the kernel that made the picture small")
    for number, found in enumerate(steps):
        if found is not None:
            return found
        if number % _EVERY == 0:
            yield Report("enlarge", message, 0.0, number)
    raise AssertionError("a search always ends with a kernel")


def _matched(
    grey: NDArray[np.float32], variance: float, settings: EnlargeSettings
) -> Job[ScaleKernel]:
    """The kernel by distribution matching."""
    device = pick_device(settings.device)
    steps = match_kernel(grey, variance, settings.factor, seed=settings.seed, device=device)
    for result in steps:
        if isinstance(result, ScaleKernel):
            return result
        message = translatable(
            "Matching the picture with its smaller copy, step {step}", step=result.step
        )
        yield Report("enlarge", message, 0.0, result.step, {"flow loss": result.flow_loss})
    raise AssertionError("matching always ends with a kernel")


def enlarge(
    frame: Frame, kernel: NDArray[np.float32], settings: EnlargeSettings, sink: Sink
) -> Job[None]:
    """Hand on the rows of the enlarged photo, from the top."""
    device = pick_device(settings.device)
    weights = torch.from_numpy(kernel).to(device)
    begun = 0.0
    if settings.method is EnlargeMethod.NETWORK:
        network = yield from _network(frame, weights, settings)
        tone, begun, n_estimates = tone_of(frame), 0.8, 1
        estimate = by_network(weights, settings.factor, _in_tone(network, tone))
    else:
        prior = Path(settings.prior) if settings.prior else None
        denoiser = on_all_cores(load_denoiser(prior, device=device))
        estimate = denoised(weights, settings.factor, tone_of(frame), denoiser)
        n_estimates = N_ITERATIONS
    message = translatable("Enlarging")
    part = begun
    for band in enlarged_bands(frame, settings.factor, _on(device, estimate), n_estimates):
        if isinstance(band, float):
            part = begun + (1 - begun) * band
        else:
            sink(*band)
        yield Report("enlarge", message, part)


def _on(device: torch.device, estimate: Estimate) -> Estimate:
    return lambda block, variance: estimate(block.to(device), variance)


def _in_tone(network: SelfNetwork, tone: Tone) -> Callable[[Tensor], Tensor]:
    """The network for the picture's own values."""

    def estimate(values: Tensor) -> Tensor:
        return tone.own(network(tone.denoisers(values)))

    return estimate


def _network(frame: Frame, kernel: Tensor, settings: EnlargeSettings) -> Job[SelfNetwork]:
    rgb = _middle(frame)
    tone = tone_of(frame)
    slope = tone.slope(float(rgb.mean()))
    level = max(noise_variance(frame, rgb) ** 0.5 / slope, LEAST_LEVEL)
    pictures = tone.denoisers(torch.from_numpy(rgb).permute(2, 0, 1)[None])
    steps: Iterator[SelfNetwork | float] = trained(
        pictures.to(kernel.device), kernel, settings.factor, level=level, seed=settings.seed
    )
    message = translatable("Training a network on the picture")
    for number, result in enumerate(steps):
        if isinstance(result, SelfNetwork):
            return result
        if number % _EVERY == 0:
            loss = {"network loss": result}
            yield Report("enlarge", message, 0.8 * number / STEPS, number, loss)
    raise AssertionError("training always ends with a network")


def _middle(frame: Frame) -> NDArray[np.float32]:
    """The middle of a photo [h, w, 3]: all of it where it is small."""
    parts = []
    for size in frame.size:
        side = min(size, MOST_READ_PX)
        start = (size - side) // 2
        parts.append(slice(start, start + side))
    return frame.rgb_tile(*parts)
