"""RIG.lenspop: what is written comes back, what strangers write is checked."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lenscal.errors import InputError, LenscalError
from lenscal.files.network_weights import tensor_bytes
from lenscal.files.population.description import (
    Constraint,
    GeneratorDescription,
    PriorDescription,
)
from lenscal.files.population.population_file import (
    Population,
    TrainingPhotos,
    read_population,
    write_population,
)
from lenscal.population.generator import fresh_generator, sample_kernels, weights_of
from lenscal.raw.frame import NoiseModel


def population(**generator: Any) -> Population:
    description = GeneratorDescription(width=16, depth=2, **generator)
    return Population(
        description,
        weights_of(fresh_generator(description, 4)),
        statistics={"sharp_spectrum": np.ones((8, 5), np.float32)},
        noise=NoiseModel((1e-4,) * 3, (1e-6,) * 3, "NoiseProfile"),
        photos=TrainingPhotos(12, 30, (0.033, 0.01)),
        camera="Rig",
        curves={"balance": [(1, 0.25), (2, 0.5)]},
        warnings=("few photos",),
    )


def test_all_of_it_comes_back(tmp_path: Path) -> None:
    whole = replace(
        population(channels=3),
        prior=PriorDescription("unet", {"width": 8}, steps=3),
        prior_weights={"w": np.arange(4, dtype=np.float32)},
    )
    read = read_population(write_population(tmp_path / "rig.lenspop", whole))
    plain = {"weights": {}, "statistics": {}, "prior_weights": {}}
    described, expected = replace(read, **plain), replace(whole, **plain)
    for name in Population.__dataclass_fields__:
        value, wanted = getattr(described, name), getattr(expected, name)
        # JSON has no tuples inside of mappings.
        assert json.dumps(value, default=str) == json.dumps(wanted, default=str), name
    np.testing.assert_array_equal(read.prior_weights["w"], whole.prior_weights["w"])
    np.testing.assert_array_equal(sample_kernels(read, 6, 1), sample_kernels(whole, 6, 1))


def test_equal_populations_are_equal_files(tmp_path: Path) -> None:
    one, other = (write_population(tmp_path / f"{n}.lenspop", population()) for n in "ab")
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("constraint", list(Constraint))
def test_samples_have_energy_one_and_do_not_depend_on_their_number(constraint: Constraint) -> None:
    rig = population(constraint=constraint, kernel_size=17)
    kernels = sample_kernels(rig, 9, 2)
    assert kernels.shape == (9, 1, 17, 17)
    assert kernels.dtype == np.float32
    np.testing.assert_allclose(kernels.sum((-1, -2)), 1, atol=1e-5)
    assert kernels.std(0).max() > 0
    np.testing.assert_allclose(sample_kernels(rig, 4, 2), kernels[:4], atol=1e-7)
    assert sample_kernels(rig, 0, 2).shape == (0, 1, 17, 17)


def changed(path: Path, **changes: Any) -> Path:
    """The file with other values in its JSON, or other entries."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    for name, value in changes.items():
        if isinstance(value, bytes):
            entries[name.replace("_", ".")] = value
        else:
            values = json.loads(entries["population.json"])
            values[name] = value
            entries["population.json"] = json.dumps(values).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


SMALL = {"kernel_size": 15, "channels": 1, "latent": 24, "width": 16, "depth": 2}


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "lenscal profile"},
        {"schema": 2},
        {"generator": SMALL | {"width": 10**9}},
        {"generator": SMALL | {"kernel_size": 31}},
        {"generator": SMALL | {"constraint": "pickle"}},
        {"seconds": float("nan")},
        {"curves": {"balance": "steep"}},
        {"photos": {"sharp": "all"}},
        {"prior": {"layout": "unet"}},
        {"generator_safetensors": b"\x80\x04cos\nsystem\n"},
        {"generator_safetensors": b""},
        {"population_json": b"[" * 100_000},
        {"generator_safetensors": tensor_bytes({"head.weight": np.full(3, np.nan)})},
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = write_population(tmp_path / "rig.lenspop", population())
    with pytest.raises(InputError, match=r"rig\.lenspop"):
        read_population(changed(path, **changes))


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rig.lenspop"
    for content in (b"", b"PK\x03\x04", b"\x80\x04" * 99):
        path.write_bytes(content)
        with pytest.raises(InputError, match="no population"):
            read_population(path)
    with pytest.raises(InputError):
        read_population(tmp_path / "missing.lenspop")
    whole = write_population(path, population()).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError):
        read_population(path)


def test_nothing_is_left_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full_disk)
    with pytest.raises(LenscalError, match="no space left"):
        write_population(tmp_path / "rig.lenspop", population())
    assert list(tmp_path.iterdir()) == []
