"""Photos of two folders to a population, ready to be written as RIG.lenspop."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lenscal import __version__
from lenscal.errors import InputError, LenscalError, PhotoError
from lenscal.files.population.population_file import Population, TrainingPhotos
from lenscal.raw.frame import NoiseModel
from lenscal.reports import Report
from lenscal.stepping import STOP, Job, follow
from lenscal.system.json_values import to_json
from lenscal.system.threads import in_order
from lenscal.translation import join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.calibration.checkpoint import Keeper
    from lenscal.intake.photo_files import FoundPhotos
    from lenscal.population.pieces import Pieces
    from lenscal.population.settings import PopulationSettings
    from lenscal.raw.frame import Frame, PhotoInfo

_READING = 0.1
"""Part of the bar for reading photos."""
_AT_ONCE = 4
"""Photos that are decoded side by side: LibRaw takes some hundred MB for each meanwhile."""
_MOST_NAMED = 3


def learn(
    sharp: Sequence[Path],
    blurred: Sequence[Path],
    settings: PopulationSettings,
    *,
    checkpoint: Keeper | None = None,
) -> Job[Population]:
    """Learn how blur differs from photo to photo, from two sets of unrelated scenes. `STOP` keeps
    what was reached.

    Photos are read one after the other, and only pieces of them are kept.

    Raises
    ------
    InputError
        Folders without photos, of two kinds, or with too few.
    LenscalError
        The training diverged, or was stopped before its first step.
    """
    from lenscal.intake.photo_files import find_photos
    from lenscal.population.learning import check_enough, learn_population

    found = find_photos(sharp), find_photos(blurred)
    _refuse_same(*found)
    (sharp_pieces, sharp_infos, _, notes), stopped = yield from follow(
        _read(found[0], settings, sharp=True), 0.0, _READING / 2
    )
    (blurred_pieces, infos, noise, more), stopped_too = yield from follow(
        _read(found[1], settings, sharp=False), _READING / 2, _READING
    )
    _refuse_two_kinds(sharp_infos, infos)
    check_enough(sharp_pieces, blurred_pieces)
    if stopped or stopped_too:
        raise LenscalError(translatable("stopped while photos were read: nothing was learnt"))
    work = learn_population(sharp_pieces, blurred_pieces, settings, keeper=checkpoint)
    learnt, _ = yield from follow(work, _READING, 1.0)
    known = _common(infos)
    exposures = [info.exposure_s for info in infos if info.exposure_s]
    return Population(
        learnt.description,
        learnt.weights,
        statistics=learnt.statistics,
        noise=noise,
        noise_share=learnt.noise_share,
        photos=TrainingPhotos(
            sharp_pieces.n_photos, blurred_pieces.n_photos, tuple(sorted(exposures))
        ),
        light=known.light,
        camera=known.camera,
        lens=known.lens,
        focal_mm=known.focal_mm,
        pixel_pitch_um=known.pixel_pitch_um,
        settings=to_json(settings),
        seed=settings.seed,
        steps=learnt.steps,
        seconds=learnt.seconds,
        finished=learnt.finished,
        versions=_versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        warnings=(*found[0].notes, *found[1].notes, *notes, *more, *learnt.warnings),
        curves=learnt.curves,
    )


def _refuse_same(sharp: FoundPhotos, blurred: FoundPhotos) -> None:
    both = {path.resolve() for path in sharp.files} & {path.resolve() for path in blurred.files}
    if both:
        raise InputError(
            translatable(
                "{name} is among the sharp and among the blurred photos: choose other photos for "
                "one of them",
                name=min(both).name,
            )
        )


def _refuse_two_kinds(sharp: Sequence[PhotoInfo], blurred: Sequence[PhotoInfo]) -> None:
    kinds = [any(info.light for info in infos) for infos in (sharp, blurred)]
    if kinds[0] != kinds[1]:
        raise InputError(
            translatable(
                "one set is of RAW photos, the other one of pictures (PNG, JPEG, TIFF): "
                "choose two sets of one kind"
            )
        )


def _read(
    found: FoundPhotos, settings: PopulationSettings, *, sharp: bool
) -> Job[tuple[Pieces, list[PhotoInfo], NoiseModel, list[str]]]:
    """Pieces of a set of photos, what is known of each, their noise, and what was left out."""
    from lenscal.population.pieces import joined, pieces_of, pieces_of_each
    from lenscal.raw.decode import decode_photo

    side = piece_px(settings, sharp=sharp)
    most = pieces_of_each(len(found.files), side, settings.channels)

    def read(path: Path) -> tuple[Pieces, PhotoInfo, NoiseModel] | PhotoError:
        try:
            frame = _with_given_noise(
                decode_photo(path, light=settings.light), None if sharp else settings.noise
            )
        except PhotoError as error:
            return error
        kernel_px = settings.kernel_size if sharp else 0
        # Only pieces stay in memory: there may be hundreds of photos.
        pieces = pieces_of(frame, side, settings.channels, most, kernel_px)
        return pieces, frame.info, frame.noise

    parts: list[Pieces] = []
    infos: list[PhotoInfo] = []
    noises: list[NoiseModel] = []
    left_out: list[str] = []
    with closing(in_order(read, found.files, most=_AT_ONCE)) as results:
        for n, path in enumerate(found.files):
            message = translatable(
                "Reading {name} ({n} of {all})", name=path.name, n=n + 1, all=len(found.files)
            )
            reply = yield Report("import", message, n / len(found.files), n)
            result = next(results)
            if isinstance(result, PhotoError):
                left_out.append(translatable("{name}: {why}", name=path.name, why=result.reason))
            elif len(result[0]):
                parts.append(result[0])
                infos.append(result[1])
                noises.append(result[2])
            else:
                left_out.append(
                    translatable(
                        "{name}: it is smaller than {side} px, flat or clipped",
                        name=path.name,
                        side=side,
                    )
                )
            if reply == STOP:
                break
    if not parts:
        raise InputError(
            join_translatable(
                "; ",
                [translatable("no photo can be used"), *left_out[:_MOST_NAMED]],
            )
        )
    return joined(parts), infos, _mean_noise(noises), _in_words(left_out)


def piece_px(settings: PopulationSettings, *, sharp: bool) -> int:
    """Side of the pieces that photos are cut to: room for crops at some places, and of sharp ones
    for what kernels take from their border."""
    room = settings.crop_px + settings.crop_px // 2
    return room + (settings.kernel_size if sharp else 0)


def _with_given_noise(frame: Frame, noise: float | None) -> Frame:
    if noise is None:
        return frame
    given = NoiseModel((0.0,) * 3, (noise**2,) * 3, "given")
    return replace(frame, noise=given, noise_correlation=None)


def _mean_noise(noises: Sequence[NoiseModel]) -> NoiseModel:
    a, b = (np.mean([getattr(noise, name) for noise in noises], axis=0) for name in "ab")
    return NoiseModel(tuple(a.tolist()), tuple(b.tolist()), noises[0].source)


def _in_words(left_out: Sequence[str]) -> list[str]:
    if len(left_out) <= _MOST_NAMED:
        return list(left_out)
    more = translatable("{n} more photos were left out", n=len(left_out) - _MOST_NAMED)
    return [*left_out[:_MOST_NAMED], more]


def _common(infos: Sequence[PhotoInfo]) -> PhotoInfo:
    """What all photos have in common."""
    from lenscal.intake.grouping import shared

    return shared(infos)


def _versions() -> dict[str, str]:
    from importlib import metadata

    return {
        "lenscal": __version__,
        **{name: metadata.version(name) for name in ("torch", "numpy", "rawpy")},
    }
