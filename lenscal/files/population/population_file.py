"""RIG.lenspop: one zip that holds a population of kernels: what draws them, and what they were
learnt from.

docs/population-format.md describes it. It is read as a stranger's file: sizes, types and values are
checked before anything is believed, and nothing in it can run.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, make_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.files.network_weights import check_weights, tensor_bytes, tensors_of
from lenscal.files.population.description import GeneratorDescription, PriorDescription
from lenscal.files.schema import check_schema
from lenscal.raw.frame import NoiseModel
from lenscal.raw.pictures.kinds import Light
from lenscal.system.atomic import written_whole
from lenscal.system.file_content import read_plain_file
from lenscal.system.json_values import MOST_JSON_BYTES, bounded_json, convert_json, to_json
from lenscal.system.zip_content import entry_of, zip_of
from lenscal.translation import translatable

FORMAT = "lenscal population"
SCHEMA = 1
JSON_ENTRY = "population.json"
GENERATOR_ENTRY = "generator.safetensors"
PRIOR_ENTRY = "prior.safetensors"
STATISTICS_ENTRY = "statistics.safetensors"
PREVIEW_ENTRY = "samples.png"
# The first that a zip can hold: equal populations are equal files.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
MAX_FILE_BYTES = 512 * 2**20
_MAX_WEIGHTS_BYTES = 256 * 2**20
_MAX_STATISTICS_BYTES = 16 * 2**20
_MAX_ENTRIES = 16
_LONGEST_CURVE = 100_000
SPECTRUM = "sharp_spectrum"


@dataclass(frozen=True, slots=True)
class TrainingPhotos:
    """What a population was learnt from.

    Attributes
    ----------
    sharp, blurred : how many photos
    exposures_s : of the blurred ones whose files tell it
    """

    sharp: int = 0
    blurred: int = 0
    exposures_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """What RIG.lenspop holds. Unknown numbers are None, unknown words empty.

    Attributes
    ----------
    weights : mapping
        Of the generator that `generator` describes.
    statistics : mapping
        Arrays of the training photos: `sharp_spectrum` [s, s // 2 + 1], the mean power spectrum of
        sharp pieces of s px (as `numpy.fft.rfft2`, over the power of white noise of variance 1),
        each piece over its own contrast.
    prior, prior_weights
        The kernel prior, where one was trained.
    noise : NoiseModel or None
        Of the blurred photos.
    noise_share : float
        Median standard deviation of the noise over the contrast of a blurred piece.
    light : Light or None
        How the values of pictures were taken; None for RAW photos, which are linear.
    curves : mapping
        (step, value) of what was plotted while it learnt.
    """

    generator: GeneratorDescription
    weights: Mapping[str, NDArray[np.generic]]
    statistics: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    prior: PriorDescription | None = None
    prior_weights: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    noise: NoiseModel | None = None
    noise_share: float = 0.0
    photos: TrainingPhotos = field(default_factory=TrainingPhotos)
    light: Light | None = None
    camera: str = ""
    lens: str = ""
    focal_mm: float | None = None
    pixel_pitch_um: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    """As the user gave them, by their option's name."""
    seed: int = 0
    steps: int = 0
    seconds: float = 0.0
    finished: str = "done"
    versions: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    """ISO 8601, UTC."""
    warnings: tuple[str, ...] = ()
    curves: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)


# Fields of a population that other entries of the zip hold.
_NOT_IN_JSON = frozenset({"weights", "statistics", "prior_weights"})


def write_population(
    path: Path, population: Population, *, preview: bytes = b"", fresh: bool = False
) -> Path:
    """Write it whole or not at all; `preview` : a PNG of samples; `fresh` as in `written_whole`."""
    described = {
        "format": FORMAT,
        "schema": SCHEMA,
        **{f.name: to_json(getattr(population, f.name)) for f in _json_fields()},
    }
    text = json.dumps(described, indent=2, ensure_ascii=False)
    entries = {
        # Names of lenses and cameras need not be text.
        JSON_ENTRY: text.encode(errors="backslashreplace"),
        GENERATOR_ENTRY: tensor_bytes(population.weights),
    }
    if population.statistics:
        entries[STATISTICS_ENTRY] = tensor_bytes(population.statistics)
    if population.prior is not None:
        entries[PRIOR_ENTRY] = tensor_bytes(population.prior_weights)
    if preview:
        entries[PREVIEW_ENTRY] = preview
    with (
        written_whole(path, fresh=fresh) as temporary,
        zipfile.ZipFile(temporary, "w") as archive,
    ):
        for name, content in entries.items():
            # Trained weights have nothing to compress.
            method = zipfile.ZIP_DEFLATED if name == JSON_ENTRY else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), content, method)
    return path


def read_population(path: Path) -> Population:
    """Read a population, checking all that a stranger's file could get wrong.

    Raises
    ------
    InputError
        Not a population, another schema version, or damaged.
    """
    content = read_plain_file(path, MAX_FILE_BYTES)
    try:
        with zip_of(content, path) as archive:
            if len(archive.infolist()) > _MAX_ENTRIES or JSON_ENTRY not in archive.namelist():
                raise _not_one(path)
            return _read_from(archive, path)
    except InputError:
        raise
    except zipfile.BadZipFile as error:
        raise _not_one(path) from error
    # zipfile, zlib and msgspec raise whatever they run into.
    except Exception as error:
        raise InputError(
            translatable(
                "{path} is damaged, its contents cannot be understood: {reason}",
                path=path,
                reason=str(error) or type(error).__name__,
            )
        ) from error


def is_population(path: Path) -> bool:
    """Whether `read_population` is the right thing to do with a file: by its suffix."""
    return path.suffix.lower() == ".lenspop"


def _not_one(path: Path) -> InputError:
    return InputError(
        translatable(
            "{path} is no population of kernels, or it is damaged: make one with lenscal "
            "population",
            path=path,
        )
    )


def _json_fields() -> list[Field[Any]]:
    return [f for f in fields(Population) if f.name not in _NOT_IN_JSON]


def _read_from(archive: zipfile.ZipFile, path: Path) -> Population:
    values = bounded_json(entry_of(archive, JSON_ENTRY, path, MOST_JSON_BYTES))
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise _not_one(path)
    advice = translatable("learn the population again to renew it")
    check_schema(path, values, SCHEMA, advice)
    described = _described(values)
    weights = _tensors(archive, path, GENERATOR_ENTRY, _MAX_WEIGHTS_BYTES)
    check_generator(described["generator"], weights)
    statistics: Mapping[str, NDArray[np.generic]] = {}
    if STATISTICS_ENTRY in archive.namelist():
        statistics = _tensors(archive, path, STATISTICS_ENTRY, _MAX_STATISTICS_BYTES)
    prior: Mapping[str, NDArray[np.generic]] = {}
    if described["prior"] is not None:
        prior = _tensors(archive, path, PRIOR_ENTRY, _MAX_WEIGHTS_BYTES)
    return Population(**described, weights=weights, statistics=statistics, prior_weights=prior)


def _tensors(
    archive: zipfile.ZipFile, path: Path, entry: str, most_bytes: int
) -> dict[str, NDArray[np.generic]]:
    tensors = tensors_of(entry_of(archive, entry, path, most_bytes), path, entry)
    check_weights(tensors)
    return tensors


def _described(values: Mapping[str, Any]) -> dict[str, Any]:
    """What population.json says, by the names of `Population`.

    Raises
    ------
    ValueError
        Something is of another type, is not finite, or cannot be.
    """
    types = get_type_hints(Population)
    kind = make_dataclass(
        "PopulationJson", [(f.name, types[f.name], _same_default(f)) for f in _json_fields()]
    )
    read: Any = convert_json(kind, values)
    found = {f.name: getattr(read, f.name) for f in _json_fields()}
    numbers = [found[name] for name in ("focal_mm", "pixel_pitch_um", "seconds", "noise_share")]
    numbers += found["photos"].exposures_s
    for points in found["curves"].values():
        if len(points) > _LONGEST_CURVE:
            raise ValueError("a curve is longer than any that lenscal draws")
    if found["noise"] is not None:
        numbers += [*found["noise"].a, *found["noise"].b]
    if not all(number is None or math.isfinite(number) for number in numbers):
        raise ValueError("a value is no number")
    return found


def _same_default(f: Field[Any]) -> Any:
    from dataclasses import field as declared

    if f.default_factory is not MISSING:
        return declared(default_factory=f.default_factory)
    return declared() if f.default is MISSING else declared(default=f.default)


def check_generator(
    description: GeneratorDescription, weights: Mapping[str, NDArray[np.generic]]
) -> None:
    """Raises ValueError where weights are not those of such a generator."""
    width, depth = description.width, description.depth
    taps = description.channels * description.kernel_size**2
    wanted: dict[str, tuple[int, ...]] = {"head.weight": (taps, width), "head.bias": (taps,)}
    for number in range(depth):
        inputs = description.latent if number == 0 else width
        wanted[f"trunk.{2 * number}.weight"] = (width, inputs)
        wanted[f"trunk.{2 * number}.bias"] = (width,)
    found = {name: value.shape for name, value in weights.items()}
    if found != wanted:
        raise ValueError("the generator's weights do not fit what is said of it")
