"""What of a calibration is kept so that it can be continued, to the bit: after stages and passes of
P, during F and M.

The learnt stages also keep their network and moments (`matching.Snapshot`); patches and statistics
are made again.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lenscal import __version__
from lenscal.calibrate.matching.matcher import Snapshot
from lenscal.calibrate.pairs.registration import Pair
from lenscal.calibrate.result import StageResult
from lenscal.calibrate.stages.run import Learning, Run, Saved
from lenscal.errors import InputError, LenscalError
from lenscal.raw.frame import Frame

SCHEMA = 5
FREE_SETTINGS = frozenset({"max_minutes", "device"})
"""A run may be continued with other values of these."""
_SAMPLE_ROWS = 64
_NAMES_TOLD = 3
_PLAIN = ("completed", "warnings", "batch", "passes", "patches_flow", "patches_matching")
_FIELDS = ("common", "lateral", "colour", "sharp_colour")


def made_from(run: Run) -> dict[str, Any]:
    """What a run was made from, as JSON knows it: photos with hashes of what was decoded, settings,
    budget, version."""
    settings = {
        name: value for name, value in asdict(run.settings).items() if name not in FREE_SETTINGS
    }
    described = {
        "schema": SCHEMA,
        "version": __version__,
        "settings": settings,
        "budget": asdict(run.budget),
        "sharp": [_photo(frame) for frame in run.sharp],
        "degraded": [_photo(frame) for frame in run.degraded],
    }
    plain: dict[str, Any] = json.loads(json.dumps(described))
    return plain


def _photo(frame: Frame) -> list[str]:
    """Name and hash: a part of the decoded rows, and all small values that a calibration reads."""
    digest = hashlib.sha256(
        repr((frame.size, frame.white, frame.rgb_scale, frame.info.aperture, frame.noise)).encode()
    )
    for array in (
        frame.mosaic[::_SAMPLE_ROWS],
        frame.rgb[::_SAMPLE_ROWS],
        frame.cfa,
        frame.black,
        frame.white_balance,
        frame.gain,
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return [frame.info.path.name, digest.hexdigest()]


def capture(run: Run) -> Saved:
    """What there is to keep of a run, copied."""
    values: dict[str, Any] = {
        "made_from": run.made_from,
        "seconds": run.seconds(),
        "size": run.size,
        "stages": [[s.name, s.seconds] for s in run.stages],
        **{name: list(v) if isinstance(v := getattr(run, name), list) else v for name in _PLAIN},
    }
    arrays: dict[str, Any] = {name: getattr(run, name) for name in _FIELDS}
    if run.kernels is not None:
        arrays["kernels"] = run.kernels
    if run.halves is not None:
        arrays["halves.0"], arrays["halves.1"] = run.halves
    for name in ("pairs", "held_pairs"):
        pairs: list[Pair] = getattr(run, name)
        values[name] = [[p.sharp, p.degraded] for p in pairs]
        arrays[name] = np.reshape([p.motion for p in pairs], (-1, 3, 2))
    arrays |= {f"stage.{number}": stage.kernels for number, stage in enumerate(run.stages)}
    arrays |= {f"curve.{name}": np.reshape(points, (-1, 2)) for name, points in run.curves.items()}
    arrays |= {f"weights.{name}": weights for name, weights in run.weights.items()}
    if run.learning is not None:
        learning, snapshot = run.learning, run.learning.snapshot
        values["learning"] = {
            "seconds": learning.seconds,
            "step": snapshot.step,
            "patches": list(snapshot.patches),
        }
        arrays |= {f"learning.{name}": array for name, array in snapshot.arrays.items()}
        if learning.given is not None:
            arrays["given"] = learning.given
    return Saved(values, {name: _copy(array) for name, array in arrays.items()})


def _copy(array: np.ndarray | Tensor) -> np.ndarray:
    return np.array(array.detach().cpu().numpy() if isinstance(array, Tensor) else array, order="C")


def restore(run: Run, saved: Saved) -> None:
    """Put a run where it was when it was kept, all but its photos and its clock."""
    values, arrays = saved.values, saved.arrays
    if values["size"] != run.size:
        run.resize(values["size"])
    for name in _PLAIN:
        setattr(run, name, list(v) if isinstance(v := values[name], list) else v)
    for name in _FIELDS:
        setattr(run, name, arrays[name].copy())

    def tensor(name: str) -> Tensor | None:
        return torch.tensor(arrays[name]).to(run.device) if name in arrays else None

    run.kernels = tensor("kernels")
    first, second = tensor("halves.0"), tensor("halves.1")
    run.halves = None if first is None or second is None else (first, second)
    run.pairs, run.held_pairs = (
        [
            Pair(s, d, motion.copy())
            for (s, d), motion in zip(values[name], arrays[name], strict=True)
        ]
        for name in ("pairs", "held_pairs")
    )
    run.stages = [
        StageResult(name, seconds, arrays[f"stage.{number}"])
        for number, (name, seconds) in enumerate(values["stages"])
    ]
    run.curves = {
        name: [(int(s), float(v)) for s, v in points] for name, points in _part(arrays, "curve.")
    }
    run.weights = dict(_part(arrays, "weights."))
    run.learning = None
    if "learning" in values:
        told = values["learning"]
        flow, matching = told["patches"]
        snapshot = Snapshot(told["step"], (flow, matching), dict(_part(arrays, "learning.")))
        run.learning = Learning(tensor("given"), told["seconds"], snapshot)


def _part(arrays: Mapping[str, np.ndarray], prefix: str) -> Iterator[tuple[str, np.ndarray]]:
    return (
        (name.removeprefix(prefix), array)
        for name, array in arrays.items()
        if name.startswith(prefix)
    )


def save(run: Run) -> None:
    """Keep where a run is. A disk that does not take it costs a warning, never the run."""
    run.saved, run.saved_at = capture(run), time.monotonic()
    if run.keeper is None:
        return
    try:
        run.keeper.save(run.saved.values, run.saved.arrays)
    except LenscalError as error:
        run.keeper = None
        run.warnings.append(f"this calibration cannot be resumed if it is interrupted: {error}")
        run.saved = capture(run)


def complete(run: Run, stage: str) -> None:
    """Note that a stage is done and keep what it gave."""
    run.completed.append(stage)
    run.learning = None
    run.passes = 0
    keep(run)


def keep(run: Run) -> None:
    """Keep where a run is between two parts of its work; one that is continued has the very same
    arrays."""
    save(run)
    assert run.saved is not None
    restore(run, run.saved)


def resume(run: Run) -> bool:
    """Continue where a checkpoint ends, if there is one; whether there was.

    Raises
    ------
    InputError
        It is damaged, or was made from other photos, with other settings or by another version.
    """
    found = None if run.keeper is None else run.keeper.load()
    if found is None:
        return False
    values, arrays = found
    try:
        told = _difference(values["made_from"], run.made_from)
        if told:
            raise InputError(
                f"this calibration cannot be resumed: {told}. Give the same again, or calibrate without --resume"
            )
        restore(run, Saved(values, arrays))
        run.spent = float(values["seconds"])
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"the checkpoint is damaged ({error!r}): calibrate without --resume to start anew"
        ) from error
    return True


def _difference(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first thing in which what a checkpoint was made from differs from what it shall go on
    with; empty if none."""
    if (then["schema"], then["version"]) != (now["schema"], now["version"]):
        return f"it was begun by lenscal {then['version']}, this is {now['version']}"
    for name, value in now["settings"].items():
        if value != then["settings"].get(name):
            was = _in_words(then["settings"].get(name))
            return f"it was begun with --{name.replace('_', '-')} {was}, not {_in_words(value)}"
    for role in ("sharp", "degraded"):
        if then[role] != now[role]:
            return f"the {role} photos are not those that it was begun with ({_changed(then[role], now[role])})"
    return (
        ""
        if then["budget"] == now["budget"]
        else "this version of lenscal takes other numbers of steps"
    )


def _changed(then: Sequence[Sequence[str]], now: Sequence[Sequence[str]]) -> str:
    before, after = ({(name, digest) for name, digest in photos} for photos in (then, now))
    names = sorted({name for name, _ in before ^ after}) or ["their order"]
    more = f" and {len(names) - _NAMES_TOLD} more" if len(names) > _NAMES_TOLD else ""
    return ", ".join(names[:_NAMES_TOLD]) + more


def _in_words(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, list) else str(value)
