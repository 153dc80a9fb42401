"""What of a calibration is kept so that it can be continued, to the bit: after stages and passes of
P, during F and M.

The learnt stages also keep their network and moments (`Snapshot`); patches and statistics are made
again.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal import __version__
from lenscal.calibration.budget import Budget
from lenscal.calibration.checkpoint_schema import CHECKPOINT_SCHEMA
from lenscal.calibration.matching.loop import Snapshot
from lenscal.calibration.pairs.registration import Pair
from lenscal.calibration.result import StageResult
from lenscal.calibration.settings import KERNEL_SIZES_PX, CalibrationSettings
from lenscal.calibration.stages.estimate import Estimate, Learning, Registration
from lenscal.calibration.stages.journal import Journal
from lenscal.calibration.stages.layout import Layout
from lenscal.errors import InputError, LenscalError
from lenscal.optics.plausibility import is_possible
from lenscal.raw.frame import Frame
from lenscal.translation import message_of, translatable

FREE_SETTINGS = frozenset({"max_minutes", "device"})
"""A calibration may be continued with other values of these."""
SAMPLE_ROWS = 64
"""Of every so many rows one is hashed: enough to tell photos apart, in no time."""
MOST_NAMES = 3
"""Of changed photos that a message lists."""

Values = dict[str, Any]
Arrays = dict[str, NDArray[Any]]


class Keeper(Protocol):
    """Where checkpoints are kept; `lenscal.files.checkpoint.CheckpointFile` is one."""

    def load(self) -> tuple[Values, Arrays] | None:
        """What there is to go on from."""

    def save(self, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Raises LenscalError where they cannot be kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """An estimate and a journal, as values for JSON and copied arrays."""

    values: Values
    arrays: Arrays


class Checkpointer:
    """Keeps where a calibration is, in memory and at a keeper.

    Attributes
    ----------
    keeper : Keeper or None
        None: memory only.
    made_from : mapping
        `made_from` of the calibration: only a checkpoint of the same is continued.
    saved_at : float
        `time.monotonic()` of the last checkpoint.
    """

    def __init__(
        self, keeper: Keeper | None, made_from: Values, estimate: Estimate, journal: Journal
    ) -> None:
        self.keeper, self.made_from = keeper, made_from
        self.saved_at = 0.0
        self._saved = captured(estimate, journal, made_from)

    def save(self, estimate: Estimate, journal: Journal) -> None:
        """Keep where a calibration is. A disk that does not take it costs a warning, never the
        calibration."""
        self.note(estimate, journal)
        self.saved_at = time.monotonic()
        if self.keeper is None:
            return
        try:
            self.keeper.save(self._saved.values, self._saved.arrays)
        except LenscalError as error:
            # A full disk stays full: it is not tried every 20 seconds.
            self.keeper = None
            journal.warnings.append(
                translatable(
                    "this calibration cannot be resumed if it is interrupted: {error}",
                    error=message_of(error),
                )
            )
            # Again, with the warning: a full GPU would forget it otherwise.
            self.note(estimate, journal)

    def keep(self, estimate: Estimate, journal: Journal) -> Estimate:
        """`save` between two parts of the work; what is returned has the very arrays that a
        calibration which is continued there begins with."""
        self.save(estimate, journal)
        # Another layout in memory may round differently: both ways go on from the same copies.
        return self.restored(estimate.layout, journal)

    def note(self, estimate: Estimate, journal: Journal) -> None:
        """Keep it in memory only."""
        self._saved = captured(estimate, journal, self.made_from)

    def restored(self, layout: Layout, journal: Journal) -> Estimate:
        """The estimate of the last checkpoint, on the layout's device; the journal gets what it
        held then, but for the clock."""
        return restored(self._saved, layout, journal)

    def resumed(self, layout: Layout, journal: Journal) -> Estimate | None:
        """Where the keeper's checkpoint ends; None where there is none.

        Raises
        ------
        InputError
            It is damaged, or was made from other photos, with other settings or by another version.
        """
        content = None if self.keeper is None else self.keeper.load()
        if content is None:
            return None
        values, arrays = content
        try:
            difference = _difference(values["made_from"], self.made_from)
            if difference:
                raise InputError(
                    translatable(
                        "this calibration cannot be resumed: {difference}. Give the same again, or "
                        "calibrate without --resume",
                        difference=difference,
                    )
                )
            estimate = restored(Saved(values, arrays), layout, journal)
            # Last: where anything before it fails, the journal is as it was.
            journal.spent = float(values["seconds"])
        except LenscalError:
            raise
        # Whatever values of another kind or shape lead to.
        except Exception as error:
            raise InputError(
                translatable(
                    "the checkpoint is damaged ({error}): calibrate without --resume to start anew",
                    error=repr(error),
                )
            ) from error
        # What a full GPU goes back to.
        self._saved = Saved(values, arrays)
        return estimate


def made_from(
    settings: CalibrationSettings,
    budget: Budget,
    sharp: Sequence[Frame],
    degraded: Sequence[Frame],
) -> Values:
    """What a calibration is made from, as JSON knows it: photos with hashes of what was decoded,
    settings, budget, version."""
    free = FREE_SETTINGS
    described = {
        "schema": CHECKPOINT_SCHEMA,
        "version": __version__,
        "settings": {name: v for name, v in asdict(settings).items() if name not in free},
        "budget": asdict(budget),
        "sharp": [_photo(frame) for frame in sharp],
        "degraded": [_photo(frame) for frame in degraded],
    }
    # Tuples become lists and enums strings, as they come back from a file: both compare equal.
    plain: Values = json.loads(json.dumps(described))
    return plain


def _photo(frame: Frame) -> list[str]:
    """Name and hash: a part of the decoded rows, and all small values that a calibration reads."""
    small = (
        frame.size,
        frame.white,
        frame.rgb_scale,
        frame.info.aperture,
        frame.noise,
        frame.sampling,
    )
    digest = hashlib.sha256(repr(small).encode())
    for array in (
        # As decoded, not as on disk: another version of LibRaw may decode otherwise.
        frame.mosaic[::SAMPLE_ROWS],
        frame.rgb[::SAMPLE_ROWS],
        frame.cfa,
        frame.black,
        frame.white_balance,
        frame.gain,
        frame.rgb_black,
        frame.clipping,
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return [frame.info.path.name, digest.hexdigest()]


def captured(estimate: Estimate, journal: Journal, made_from: Values) -> Saved:
    """What there is to keep, copied."""
    registration = estimate.registration
    values: Values = {
        "made_from": made_from,
        "seconds": journal.seconds,
        "size": estimate.layout.kernel_size,
        "stages": [[stage.name, stage.seconds] for stage in journal.stages],
        "warnings": list(journal.warnings),
        "completed": list(estimate.completed),
        "batch": estimate.batch,
        "passes": estimate.passes,
        "patches": list(estimate.patches),
    }
    arrays: dict[str, NDArray[Any] | Tensor] = {
        "common": registration.common,
        "lateral": registration.lateral,
        "colour": estimate.colour,
        "sharp_colour": estimate.sharp_colour,
    }
    for name, pairs in (("pairs", registration.pairs), ("held_out", registration.held_out)):
        values[name] = [[pair.sharp, pair.degraded] for pair in pairs]
        arrays[name] = np.reshape([pair.motion for pair in pairs], (-1, 3, 2))
    if estimate.kernels is not None:
        arrays["kernels"] = estimate.kernels
    if estimate.halves is not None:
        arrays["halves.0"], arrays["halves.1"] = estimate.halves
    # Sizes differ from stage to stage where kernels were made larger: no common array.
    arrays |= {f"stage.{n}": stage.kernels for n, stage in enumerate(journal.stages)}
    arrays |= {f"curve.{name}": np.reshape(p, (-1, 2)) for name, p in journal.curves.items()}
    arrays |= {f"weights.{name}": weights for name, weights in estimate.weights.items()}
    if estimate.learning is not None:
        _capture_learning(estimate.learning, values, arrays)
    return Saved(values, {name: _copy(array) for name, array in arrays.items()})


def _capture_learning(
    learning: Learning, values: Values, arrays: dict[str, NDArray[Any] | Tensor]
) -> None:
    """Add where the learnt stages are."""
    snapshot = learning.snapshot
    values["learning"] = {
        "seconds": learning.seconds,
        "step": snapshot.step,
        "patches": list(snapshot.patches),
    }
    arrays |= {f"learning.{name}": array for name, array in snapshot.arrays.items()}
    if learning.start is not None:
        arrays["start"] = learning.start


def _copy(array: NDArray[Any] | Tensor) -> NDArray[Any]:
    plain = array.detach().cpu().numpy() if isinstance(array, Tensor) else array
    # A copy: sums and parameters go on changing in place.
    return np.array(plain, order="C")


def restored(saved: Saved, layout: Layout, journal: Journal) -> Estimate:
    """The estimate that was kept, on the layout's device; the journal gets what it held then, but
    for the clock."""
    values, arrays = saved.values, saved.arrays
    _check_kernels(values["size"], arrays, layout.n_nodes)
    # First, since all kernels that follow have this size.
    layout = layout.with_kernel_size(values["size"])

    def tensor(name: str) -> Tensor | None:
        return torch.tensor(arrays[name]).to(layout.device) if name in arrays else None

    first, second = tensor("halves.0"), tensor("halves.1")
    flow, matching = values["patches"]
    estimate = Estimate(
        layout,
        Registration(
            _pairs(saved, "pairs"),
            _pairs(saved, "held_out"),
            arrays["common"].copy(),
            arrays["lateral"].copy(),
        ),
        values["batch"],
        arrays["colour"].copy(),
        arrays["sharp_colour"].copy(),
        kernels=tensor("kernels"),
        halves=None if first is None or second is None else (first, second),
        completed=tuple(values["completed"]),
        passes=values["passes"],
        learning=_learning(saved, tensor("start")),
        patches=(flow, matching),
        weights=dict(_group(arrays, "weights.")),
    )
    journal.warnings = list(values["warnings"])
    journal.stages = [
        StageResult(name, seconds, arrays[f"stage.{number}"])
        for number, (name, seconds) in enumerate(values["stages"])
    ]
    # Steps are whole numbers again: arrays hold floats only.
    journal.curves = {
        name: [(int(step), float(value)) for step, value in points]
        for name, points in _group(arrays, "curve.")
    }
    return estimate


def _check_kernels(size: Any, arrays: Arrays, n_nodes: int) -> None:
    """Raises ValueError where kernels have a size that none has, or hold what is no number."""
    # Before tables are made that grow with its fourth power.
    if not isinstance(size, int) or size not in KERNEL_SIZES_PX:
        raise ValueError(f"kernels of {size!r} px")
    kernels = arrays.get("kernels")
    if kernels is not None and kernels.shape != (n_nodes, 3, size * size):
        raise ValueError(f"kernels {kernels.shape}")
    if kernels is not None and not is_possible(kernels.reshape(-1, 3, size, size)):
        raise ValueError("its kernels are no lens's")
    for name in ("kernels", "halves.0", "halves.1", "start", "colour"):
        if name in arrays and not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} are not finite")


def _pairs(saved: Saved, name: str) -> tuple[Pair, ...]:
    numbers, motions = saved.values[name], saved.arrays[name]
    pairs = zip(numbers, motions, strict=True)
    return tuple(Pair(sharp, degraded, motion.copy()) for (sharp, degraded), motion in pairs)


def _learning(saved: Saved, start: Tensor | None) -> Learning | None:
    if "learning" not in saved.values:
        return None
    values = saved.values["learning"]
    flow, matching = values["patches"]
    arrays = dict(_group(saved.arrays, "learning."))
    return Learning(start, values["seconds"], Snapshot(values["step"], (flow, matching), arrays))


def _group(arrays: Mapping[str, NDArray[Any]], prefix: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """Arrays whose names begin so, by the rest of their names."""
    for name, array in arrays.items():
        if name.startswith(prefix):
            yield name.removeprefix(prefix), array


def _difference(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first thing in which what a checkpoint was made from differs from what it shall go on
    with; empty if none."""
    # First, since another version may name its settings otherwise.
    if then["version"] != now["version"]:
        return translatable(
            "it was started by lenscal {then}, this is {now}",
            then=then["version"],
            now=now["version"],
        )
    # Between two releases the version stays, and what is kept may change.
    if then["schema"] != now["schema"]:
        return translatable("it was started by an earlier or later build of this lenscal")
    for name, value in now["settings"].items():
        before = then["settings"].get(name)
        if value != before:
            return translatable(
                "it was started with --{option} {then}, not {now}",
                option=name.replace("_", "-"),
                then=_in_words(before),
                now=_in_words(value),
            )
    if then["sharp"] != now["sharp"]:
        return translatable(
            "the sharp photos are not the ones it was started with ({names})",
            names=_changed(then["sharp"], now["sharp"]),
        )
    if then["degraded"] != now["degraded"]:
        return translatable(
            "the degraded photos are not the ones it was started with ({names})",
            names=_changed(then["degraded"], now["degraded"]),
        )
    if then["budget"] != now["budget"]:
        return translatable("this version of lenscal takes other numbers of steps")
    return ""


def _changed(then: Sequence[Sequence[str]], now: Sequence[Sequence[str]]) -> str:
    before, after = ({(name, digest) for name, digest in photos} for photos in (then, now))
    names = sorted({name for name, _ in before ^ after})
    # The same photos: halves and pairs depend on which comes first.
    if not names:
        return translatable("their order")
    listed = ", ".join(names[:MOST_NAMES])
    if len(names) <= MOST_NAMES:
        return listed
    return translatable("{names} and {more} more", names=listed, more=len(names) - MOST_NAMES)


def _in_words(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, list) else str(value)
