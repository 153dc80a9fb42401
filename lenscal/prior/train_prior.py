"""Train the denoiser prior on a folder of photos: python -m lenscal.prior.train_prior FOLDER --out
FILE.

The run is seeded, writes a checkpoint every few minutes and resumes from it: with --steps to the
bit, with --minutes (learning rate decays by the clock) as far as the clock allows. FILE always
holds the averaged weights.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from lenscal.errors import InputError, LenscalError
from lenscal.prior.denoiser import ResidualBlock, UnshuffleDenoiser, load_denoiser, save_denoiser

log = logging.getLogger("lenscal.train_prior")
PHOTOS = {".jpg", ".jpeg", ".png", ".tif", ".tiff"}


@dataclass(frozen=True, slots=True)
class TrainSettings:
    channels: int = 64
    blocks: int = 5
    patch_px: int = 64
    batch: int = 16
    rate: float = 1e-3
    sigma_max: float = 75 / 255
    sigma_knee: float = 15 / 255
    """Noise levels are as frequent as 1 / (sigma + sigma_knee): most photos have weak noise, and
    DPIR ends at it."""
    map_share: float = 0.15
    """Part of the patches whose noise level changes over the patch."""
    full_size_share: float = 0.25
    """Part of the patches cut from the photo as it is; the others from the photo at half size, free
    of JPEG blocks."""
    steps: int | None = None
    minutes: float | None = 60.0
    seed: int = 0
    optimiser: str = "adam"
    """Or "muon": the blocks' weights by Muon (Jordan et al. 2024, with the step sizes of Liu et al.
    2025, arXiv:2502.16982), the others by Adam."""
    half_precision: bool = False
    """Forward and backward pass in bfloat16; weights, averages and optimiser stay float32."""


@dataclass(slots=True)
class TrainState:
    """All that a run needs to go on as if it had never stopped."""

    net: UnshuffleDenoiser
    ema: UnshuffleDenoiser
    optimisers: list[torch.optim.Optimizer]
    matrices: list[tuple[torch.nn.Parameter, torch.nn.Parameter]]
    """Weights [out, in, 3, 3] and the same memory as [out, 9 * in], which is what Muon steps."""
    step: int = 0
    seconds: float = 0.0

    def step_optimisers(self, rate: float) -> None:
        """Once along the gradients, at this learning rate."""
        for weights, matrix in self.matrices:
            assert weights.grad is not None
            matrix.grad = _as_matrix(weights.grad)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.step()


def load_photos(folder: Path) -> list[np.ndarray]:
    """Every photo of a folder as uint8 [H, W, 3] RGB, in the order of their names.

    Raises
    ------
    InputError
        No photo can be read.
    """
    photos = []
    for file in sorted(p for p in folder.iterdir() if p.suffix.lower() in PHOTOS):
        image = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if image is None:
            log.warning("%s: not readable, left out", file.name)
            continue
        photos.append(np.ascontiguousarray(image[..., ::-1]))
    if not photos:
        raise InputError(f"{folder}: no photo (JPEG, PNG or TIFF) that can be read")
    return photos


class Patches:
    """Clean patches from photos, drawn by area, flipped and turned."""

    def __init__(self, photos: list[np.ndarray], settings: TrainSettings) -> None:
        size = settings.patch_px
        self._size = size
        self._pools: list[tuple[list[np.ndarray], np.ndarray, float]] = []
        halves = [
            cv2.resize(p, (p.shape[1] // 2, p.shape[0] // 2), interpolation=cv2.INTER_AREA)
            for p in photos
        ]
        for pool, share in (
            (photos, settings.full_size_share),
            (halves, 1 - settings.full_size_share),
        ):
            fitting = [p for p in pool if min(p.shape[:2]) >= size]
            if fitting and share > 0:
                area = np.array([p.shape[0] * p.shape[1] for p in fitting], np.float64)
                self._pools.append((fitting, area / area.sum(), share))
        if not self._pools:
            raise InputError(f"no photo is at least {size} px wide and high: give larger photos")

    def draw(self, n: int, rng: np.random.Generator) -> Tensor:
        """n patches [n, 3, s, s] float32 in 0..1."""
        size, shares = self._size, np.array([share for _, _, share in self._pools])
        out = np.empty((n, size, size, 3), np.uint8)
        for i in range(n):
            photos, weight, _ = self._pools[rng.choice(len(shares), p=shares / shares.sum())]
            photo = photos[rng.choice(len(photos), p=weight)]
            y, x = (int(rng.integers(0, photo.shape[axis] - size + 1)) for axis in (0, 1))
            patch = np.rot90(photo[y : y + size, x : x + size], int(rng.integers(4)))
            out[i] = patch[:, ::-1] if rng.integers(2) else patch
        return torch.from_numpy(out).permute(0, 3, 1, 2).float() / 255


def draw_sigma(n: int, size: int, settings: TrainSettings, rng: np.random.Generator) -> Tensor:
    """Noise levels [n, 1, s, s] in 0..sigma_max, one for each patch, some changing smoothly over
    the patch."""
    knee, span = settings.sigma_knee, math.log1p(settings.sigma_max / settings.sigma_knee)

    def levels(*shape: int) -> np.ndarray:
        return (knee * np.expm1(span * rng.random(shape))).astype(np.float32)

    level, corners = levels(n, 1, 1, 1), levels(n, 1, 2, 2)
    varies = rng.random((n, 1, 1, 1)) < settings.map_share
    coarse = torch.from_numpy(np.where(varies, corners, np.broadcast_to(level, corners.shape)))
    return torch.nn.functional.interpolate(
        coarse, (size, size), mode="bilinear", align_corners=True
    )


def learning_rate(progress: float, step: int, rate: float) -> float:
    """Cosine decay from `rate` to a thousandth over progress 0..1, after a warm-up of 200 steps."""
    decay = 1e-3 + (1 - 1e-3) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return rate * decay * min(1.0, (step + 1) / 200)


def grown(net: UnshuffleDenoiser, smaller: UnshuffleDenoiser) -> None:
    """Give `net` the weights of a network with fewer blocks: its further blocks start as the
    identity.

    Raises
    ------
    InputError
        The widths differ, or `smaller` is the deeper one.
    """
    if smaller.channels != net.channels or smaller.n_blocks > net.n_blocks:
        raise InputError(
            f"--grow-from: a network of {smaller.channels} channels and {smaller.n_blocks} blocks cannot grow into one "
            f"of {net.channels} and {net.n_blocks}: keep --channels {smaller.channels}, add --blocks"
        )
    net.load_state_dict(smaller.state_dict(), strict=False)
    for block in list(net.blocks)[smaller.n_blocks :]:
        assert isinstance(block, ResidualBlock)
        torch.nn.init.zeros_(block.second.weight)


def start(settings: TrainSettings, grow_from: Path | None = None) -> TrainState:
    """A fresh network that leaves images as they are, or one that does what a smaller one does
    (`grow_from`)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        net = UnshuffleDenoiser(settings.channels, settings.blocks)
        ema = UnshuffleDenoiser(settings.channels, settings.blocks)
    generator = torch.Generator().manual_seed(settings.seed)
    for name, parameter in net.named_parameters():
        if parameter.ndim == 1 or name.startswith("tail"):
            torch.nn.init.zeros_(parameter)
        else:
            torch.nn.init.kaiming_normal_(parameter, nonlinearity="relu", generator=generator)
            if "second" in name:
                parameter.data *= 0.3
    if grow_from is not None:
        smaller = load_denoiser(grow_from)
        if not isinstance(smaller, UnshuffleDenoiser):
            raise InputError(f"--grow-from {grow_from}: not one of lenscal's own networks")
        grown(net, smaller)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    ema.load_state_dict(net.state_dict())
    ema.requires_grad_(False)
    chosen = (
        [p for p in net.blocks.parameters() if p.ndim == 4] if settings.optimiser == "muon" else []
    )
    matrices = [(p, torch.nn.Parameter(_as_matrix(p.data))) for p in chosen]
    others = [p for p in net.parameters() if all(p is not c for c in chosen)]
    optimisers: list[torch.optim.Optimizer] = [
        torch.optim.Adam(others, lr=settings.rate, betas=(0.9, 0.99))
    ]
    if matrices:
        views = [matrix for _, matrix in matrices]
        optimisers.append(
            torch.optim.Muon(views, settings.rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
        )
    return TrainState(net, ema, optimisers, matrices)


def _as_matrix(weights: Tensor) -> Tensor:
    """[out, in, 3, 3] as [out, 9 * in]: the same memory where the layout is channels last."""
    return weights.permute(0, 2, 3, 1).reshape(len(weights), -1)


def train(patches: Patches, state: TrainState, settings: TrainSettings) -> Iterator[float]:
    """Train `state` until the steps or the minutes are used up; yields the loss of each step.

    Loss: the mean of (denoised - clean)^2 / (sigma + 0.02), so that neither weak nor strong noise
    rules.
    """
    if settings.steps is None and settings.minutes is None:
        raise InputError("training needs --steps or --minutes")
    parameters = list(zip(state.ema.parameters(), state.net.parameters(), strict=True))
    while True:
        began = time.monotonic()
        progress = max(
            state.step / settings.steps if settings.steps else 0.0,
            state.seconds / (60 * settings.minutes) if settings.minutes else 0.0,
        )
        if progress >= 1:
            return
        rng = np.random.default_rng([settings.seed, state.step])
        clean = patches.draw(settings.batch, rng)
        sigma = draw_sigma(settings.batch, settings.patch_px, settings, rng)
        noise = torch.from_numpy(rng.standard_normal(clean.shape, dtype=np.float32))
        noisy = (clean + sigma * noise).to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=settings.half_precision):
            denoised = state.net(noisy, sigma)
        loss = ((denoised.float() - clean).square() / (sigma + 0.02)).mean()
        state.net.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(state.net.parameters(), 1.0)
        state.step_optimisers(learning_rate(progress, state.step, settings.rate))
        decay = min(0.999, (1 + state.step) / (10 + state.step))
        with torch.no_grad():
            for average, value in parameters:
                average.lerp_(value, 1 - decay)
        state.step += 1
        state.seconds += time.monotonic() - began
        yield loss.item()


def save_checkpoint(state: TrainState, settings: TrainSettings, file: Path) -> None:
    """Everything `load_checkpoint` needs, in one safetensors file, written atomically."""
    tensors = {f"net.{k}": v for k, v in state.net.state_dict().items()}
    tensors |= {f"ema.{k}": v for k, v in state.ema.state_dict().items()}
    for which, optimiser in enumerate(state.optimisers):
        for number, moments in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{which}.{number}.{k}": v for k, v in moments.items()}
    metadata = {
        "step": str(state.step),
        "seconds": repr(state.seconds),
        "settings": json.dumps(asdict(settings)),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.part")
    save_file(
        {k: v.detach().clone().contiguous() for k, v in tensors.items()},
        temporary,
        metadata=metadata,
    )
    temporary.replace(file)


def load_checkpoint(file: Path, settings: TrainSettings) -> TrainState:
    """The state that `save_checkpoint` wrote.

    Raises
    ------
    InputError
        The file is no checkpoint, or of a network of another size.
    """
    from safetensors import SafetensorError, safe_open

    state = start(settings)
    try:
        with safe_open(file, framework="pt") as handle:
            metadata = handle.metadata() or {}
        tensors = load_file(file)
        for name, net in (("net.", state.net), ("ema.", state.ema)):
            net.load_state_dict(
                {k.removeprefix(name): v for k, v in tensors.items() if k.startswith(name)}
            )
        known = [optimiser.state_dict() for optimiser in state.optimisers]
        for key, value in tensors.items():
            if key.startswith("optimiser."):
                _, which, number, moment = key.split(".")
                known[int(which)]["state"].setdefault(int(number), {})[moment] = value
        for optimiser, values in zip(state.optimisers, known, strict=True):
            optimiser.load_state_dict(values)
        state.step, state.seconds = int(metadata["step"]), float(metadata["seconds"])
    except (OSError, SafetensorError, KeyError, IndexError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{file}: cannot resume from this checkpoint ({error}); delete it to start anew"
        ) from error
    return state


def run(
    folder: Path,
    out: Path,
    settings: TrainSettings,
    *,
    grow_from: Path | None = None,
    save_every_s: float = 180.0,
) -> TrainState:
    """Train on `folder`, keeping `out` (averaged weights) and a checkpoint beside it up to date."""
    checkpoint = out.with_suffix(".checkpoint.safetensors")
    state = (
        load_checkpoint(checkpoint, settings) if checkpoint.exists() else start(settings, grow_from)
    )
    patches = Patches(load_photos(folder), settings)
    log.info("%s at step %d", "resumed" if state.step else "started", state.step)
    saved, losses = time.monotonic(), []
    try:
        for loss in train(patches, state, settings):
            losses.append(loss)
            if not math.isfinite(loss):
                raise LenscalError(
                    f"training diverged at step {state.step}: lower --rate ({settings.rate:g})"
                )
            if len(losses) == 200:
                log.info(
                    "step %d, %.1f min, loss %.5f",
                    state.step,
                    state.seconds / 60,
                    sum(losses) / len(losses),
                )
                losses.clear()
            if time.monotonic() - saved > save_every_s:
                _export(state, settings, out, checkpoint)
                saved = time.monotonic()
    finally:
        _export(state, settings, out, checkpoint)
    return state


def _export(state: TrainState, settings: TrainSettings, out: Path, checkpoint: Path) -> None:
    if all(bool(p.isfinite().all()) for p in state.net.parameters()):
        save_checkpoint(state, settings, checkpoint)
        save_denoiser(
            state.ema, out, notes={"step": str(state.step), "minutes": f"{state.seconds / 60:.1f}"}
        )


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m lenscal.prior.train_prior", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="folder of photos (JPEG, PNG, TIFF)")
    parser.add_argument(
        "--out", type=Path, required=True, help="weights file to write (.safetensors)"
    )
    parser.add_argument(
        "--minutes", type=float, default=None, help="length of the run by the clock"
    )
    parser.add_argument(
        "--steps", type=int, default=None, help="length of the run in steps (repeatable to the bit)"
    )
    defaults = TrainSettings()
    for name, kind in (
        ("channels", int),
        ("blocks", int),
        ("patch_px", int),
        ("batch", int),
        ("rate", float),
    ):
        option = "--" + name.replace("_", "-")
        parser.add_argument(
            option, type=kind, default=getattr(defaults, name), help="default: %(default)s"
        )
    parser.add_argument("--optimiser", choices=("adam", "muon"), default=defaults.optimiser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--half-precision",
        action="store_true",
        help="compute in bfloat16 (faster on new processors)",
    )
    parser.add_argument(
        "--grow-from", type=Path, help="weights of a network with fewer blocks to begin with"
    )
    given = vars(parser.parse_args(argv))
    folder, out, grow_from = given.pop("folder"), given.pop("out"), given.pop("grow_from")
    if given["minutes"] is None and given["steps"] is None:
        given["minutes"] = defaults.minutes
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    run(folder, out, TrainSettings(**given), grow_from=grow_from)


if __name__ == "__main__":
    main()
