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
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from lenscal.errors import InputError, LenscalError
from lenscal.prior.denoiser import save_denoiser
from lenscal.prior.training import TrainState, start, train
from lenscal.prior.training_photos import Patches, load_photos
from lenscal.prior.training_settings import TrainSettings
from lenscal.system.atomic import written_whole
from lenscal.translation import translatable

log = logging.getLogger("lenscal.train_prior")


def save_checkpoint(state: TrainState, settings: TrainSettings, file: Path) -> None:
    """Everything `load_checkpoint` needs, in one safetensors file, written atomically."""
    tensors = {f"net.{k}": v for k, v in state.net.state_dict().items()}
    tensors |= {f"ema.{k}": v for k, v in state.ema.state_dict().items()}
    for which, optimiser in enumerate(state.optimisers.parts):
        for number, moments in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{which}.{number}.{k}": v for k, v in moments.items()}
    metadata = {
        "step": str(state.step),
        "seconds": repr(state.seconds),
        "settings": json.dumps(asdict(settings)),
    }
    # Copies: safetensors refuses tensors that share memory, as Muon's matrices do.
    copies = {k: v.detach().clone().contiguous() for k, v in tensors.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(file) as temporary:
        save_file(copies, temporary, metadata=metadata)


def load_checkpoint(file: Path, settings: TrainSettings) -> TrainState:
    """The state that `save_checkpoint` wrote.

    Raises
    ------
    InputError
        The file is no checkpoint, or of a network of another size.
    """
    state = start(settings)
    try:
        with safe_open(file, framework="pt") as handle:
            metadata = handle.metadata() or {}
        tensors = load_file(file)
        for name, net in (("net.", state.net), ("ema.", state.ema)):
            net.load_state_dict(
                {k.removeprefix(name): v for k, v in tensors.items() if k.startswith(name)}
            )
        # The fresh optimisers' parameter groups, with the moments from the file.
        moments = [optimiser.state_dict() for optimiser in state.optimisers.parts]
        for key, value in tensors.items():
            if key.startswith("optimiser."):
                _, which, number, moment = key.split(".")
                moments[int(which)]["state"].setdefault(int(number), {})[moment] = value
        for optimiser, values in zip(state.optimisers.parts, moments, strict=True):
            optimiser.load_state_dict(values)
        state.step, state.seconds = int(metadata["step"]), float(metadata["seconds"])
    except (OSError, SafetensorError, KeyError, IndexError, ValueError, RuntimeError) as error:
        raise InputError(
            translatable(
                "{file}: cannot resume from this checkpoint ({error}); delete it to start anew",
                file=file,
                error=str(error),
            )
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
    # Beside the weights, so that the same command goes on where it stopped.
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
            # The last checkpoint is from before: _export writes no weights that are not finite.
            if not math.isfinite(loss):
                raise LenscalError(
                    translatable(
                        "training diverged at step {step}: lower --rate ({rate:g})",
                        step=state.step,
                        rate=settings.rate,
                    )
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
    # Ctrl+C ends a run: what has been learnt is kept.
    finally:
        _export(state, settings, out, checkpoint)
    return state


def _export(state: TrainState, settings: TrainSettings, out: Path, checkpoint: Path) -> None:
    """Write checkpoint and averaged weights, unless the training has just diverged."""
    if all(bool(p.isfinite().all()) for p in state.net.parameters()):
        save_checkpoint(state, settings, checkpoint)
        notes = {"step": str(state.step), "minutes": f"{state.seconds / 60:.1f}"}
        save_denoiser(state.ema, out, notes=notes)


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    options = vars(_parser().parse_args(argv))
    folder, out, grow_from = (options.pop(name) for name in ("folder", "out", "grow_from"))
    # Without a length of its own a run takes the usual time.
    if options["minutes"] is None and options["steps"] is None:
        options["minutes"] = TrainSettings().minutes
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    run(folder, out, TrainSettings(**options), grow_from=grow_from)


def _parser() -> argparse.ArgumentParser:
    """Options named as the settings' fields."""
    parser = argparse.ArgumentParser(
        prog="python -m lenscal.prior.train_prior", description=__doc__
    )
    add = parser.add_argument
    add("folder", type=Path, help="folder of photos (JPEG, PNG, TIFF)")
    add("--out", type=Path, required=True, help="weights file to write (.safetensors)")
    add("--minutes", type=float, default=None, help="length of the run by the clock")
    add(
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
        add(option, type=kind, default=getattr(defaults, name), help="default: %(default)s")
    add("--optimiser", choices=("adam", "muon"), default=defaults.optimiser)
    add("--seed", type=int, default=0)
    bfloat16 = "compute in bfloat16 (faster on new processors)"
    add("--half-precision", action="store_true", help=bfloat16)
    add("--grow-from", type=Path, help="weights of a network with fewer blocks to begin with")
    return parser


if __name__ == "__main__":
    main()
