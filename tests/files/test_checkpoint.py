"""The checkpoint file: whole or not there, read with suspicion, nothing in it can run."""

import json
import pickle

import numpy as np
import pytest
from safetensors.numpy import save_file

from lenscal.errors import InputError, LenscalError
from lenscal.files.checkpoint import CheckpointFile, checkpoint_path
from lenscal.system.atomic import temporary_stem


def test_values_and_arrays_come_back_to_the_bit(tmp_path):
    path = checkpoint_path(tmp_path / "lens.f1.8.lenscal")
    assert path == tmp_path / "lens.f1.8.lenscal.checkpoint"
    rng = np.random.default_rng(0)
    arrays = {
        "turned": rng.normal(size=(3, 4, 5)).astype(np.float32).transpose(2, 0, 1),
        "number": np.float32(0.1),
        "none": np.zeros((0, 2)),
        "bytes": np.arange(9, dtype=np.uint8),
        "fine": rng.normal(size=2),
    }
    values = {"seconds": 0.1 + 0.2, "names": ["ä", None, True]}
    CheckpointFile(path).save({"old": 1}, {})
    CheckpointFile(path).save(values, arrays)
    assert CheckpointFile(path).load() is None
    found = CheckpointFile(path, resume=True).load()
    assert found is not None
    assert found[0] == values
    assert found[1].keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[1][name].dtype == array.dtype
        assert np.array_equal(found[1][name], array)
        assert found[1][name].shape == np.shape(array)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_removing_takes_what_a_killed_program_left(tmp_path):
    path = tmp_path / "a[1].lenscal.checkpoint"
    kept = [
        tmp_path / name
        for name in ("a[1].lenscal", ".b.lenscal.01234567.checkpoint", ".a1.lenscal.0.checkpoint")
    ]
    left = tmp_path / f".{temporary_stem(path)}.01234567.checkpoint"
    kept.append(
        tmp_path / f".{temporary_stem(tmp_path / 'ä[1].lenscal.checkpoint')}.01234567.checkpoint"
    )
    for file in (path, left, *kept):
        file.touch()
    CheckpointFile(path).remove()
    assert sorted(tmp_path.iterdir()) == sorted(kept)
    CheckpointFile(path).remove()


def test_what_is_no_checkpoint_is_refused(tmp_path):
    path = tmp_path / "x.lenscal.checkpoint"
    file = CheckpointFile(path, resume=True)
    assert file.load() is None
    CheckpointFile(path).save({"a": 1}, {"b": np.zeros(100)})
    cut = path.read_bytes()[:200]
    for content in (b"", cut, pickle.dumps({"a": 1}), b"\xff" * 64):
        path.write_bytes(content)
        with pytest.raises(InputError, match="cannot be read"):
            file.load()
    for metadata in (None, {"lenscal checkpoint": json.dumps([1])}):
        save_file({"b": np.zeros(3)}, path, metadata)
        with pytest.raises(InputError, match="no checkpoint of lenscal"):
            file.load()
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match="is a folder"):
        file.load()


def test_a_place_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(LenscalError, match="could not be written"):
        CheckpointFile(tmp_path / "nowhere" / "x.checkpoint").save({}, {})
