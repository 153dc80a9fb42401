"""The profile comes back whole, and strangers' zips do no harm."""

import json
import struct
import zipfile
from dataclasses import replace

import cv2
import numpy as np
import pytest

from lenscal.errors import InputError, LenscalError
from lenscal.files.network_weights import NetworkDescription
from lenscal.files.psf.profile import (
    Profile,
    ProfilePhoto,
    ProfileStage,
    read_profile,
    write_profile,
)
from lenscal.optics.psf_grid import PsfGrid, Reference, delta_grid
from lenscal.raw.frame import NoiseModel


def example() -> Profile:
    rng = np.random.default_rng(0)
    kernels = rng.random((2, 3, 3, 5, 5)).astype(np.float32)
    kernels /= kernels.sum(axis=(-1, -2), keepdims=True)
    return Profile(
        psf=PsfGrid(kernels, (400, 600), Reference.AXIS, rng.random((2, 3, 3)).astype(np.float32)),
        noise=NoiseModel((1e-4, 2e-4, 3e-4), (1e-6, 1e-6, 2e-6), "NoiseProfile"),
        camera="Kamera Süd",
        lens="Objektiv ½",
        focal_mm=35.0,
        aperture_sharp=5.6,
        aperture_degraded=1.8,
        settings={"quality": "quick", "grid": [2, 3]},
        seed=7,
        versions={"lenscal": "0.1.0"},
        created="2026-01-01T00:00:00+00:00",
        photos=(
            ProfilePhoto("a.dng", "sharp", "00ff"),
            ProfilePhoto("b.dng", "degraded", "", False, "cut off"),
        ),
        stages=(ProfileStage("G", 12.5, 0.3), ProfileStage("P", 2.0)),
        reblur={"estimate": 0.1, "floor": 0.05},
        same_scenes=True,
        warnings=("careful",),
        device="cpu",
        seconds=99.5,
        curves={"flow loss": [(0, 1.5), (10, 0.1 + 0.2)], "a, b": [(3, 1e-9)]},
        weights={"net.0": rng.normal(size=(3, 2)).astype(np.float32)},
        network=NetworkDescription(
            "a network", 0.85, True, 100, 12.5, 30, 3, {"1": 30.0}, {"1": 30.5}, "2026-01-01"
        ),
        network_weights={"head.weight": rng.normal(size=(4, 3)).astype(np.float32)},
    )


def test_comes_back_whole(tmp_path):
    profile = example()
    back = read_profile(write_profile(tmp_path / "x.lenscal", profile))
    np.testing.assert_array_equal(back.psf.kernels, profile.psf.kernels)
    np.testing.assert_array_equal(back.psf.confidence, profile.psf.confidence)
    np.testing.assert_array_equal(back.weights["net.0"], profile.weights["net.0"])
    np.testing.assert_array_equal(
        back.network_weights["head.weight"], profile.network_weights["head.weight"]
    )
    assert back.curves == profile.curves
    for name in (
        "noise",
        "camera",
        "lens",
        "focal_mm",
        "aperture_sharp",
        "aperture_degraded",
        "settings",
        "seed",
        "versions",
        "created",
        "photos",
        "stages",
        "reblur",
        "same_scenes",
        "warnings",
        "device",
        "seconds",
        "finished",
        "network",
        "provenance",
    ):
        assert getattr(back, name) == getattr(profile, name), name
    assert back.psf.reference is Reference.AXIS


def test_other_programs_can_open_it(tmp_path):
    path = write_profile(tmp_path / "x.lenscal", example())
    with zipfile.ZipFile(path) as archive:
        assert set(archive.namelist()) == {
            "profile.json",
            "psf.npz",
            "preview.png",
            "training/curves.csv",
            "training/checkpoint.safetensors",
            "network/weights.safetensors",
        }
        told = json.loads(archive.read("profile.json"))
        picture = cv2.imdecode(
            np.frombuffer(archive.read("preview.png"), np.uint8), cv2.IMREAD_COLOR
        )
        with archive.open("psf.npz") as stream:
            arrays = np.load(stream, allow_pickle=False)
            assert arrays["kernels"].shape == (2, 3, 3, 5, 5)
            np.testing.assert_array_equal(arrays["positions"][1, 2], [1, 1])
    assert told["schema"] == 1
    assert told["sensor_size_px"] == {"height": 400, "width": 600}
    assert picture.shape[1] > picture.shape[0] > 100


def test_a_profile_of_before_networks_is_read(tmp_path):
    """And a program of before them reads one that has a network: it takes no notice of it."""
    path = write_profile(tmp_path / "x.lenscal", example())
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(contents.pop("profile.json"))
    assert told["schema"] == 1 and told.pop("network")["share"] == 0.85
    del contents["network/weights.safetensors"]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("profile.json", json.dumps(told))
        for name, content in contents.items():
            archive.writestr(name, content)
    assert read_profile(path).network is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"network": NetworkDescription("x", 1.5)}, "share"),
        ({"network": NetworkDescription("x", -0.1)}, "share"),
        ({"network": NetworkDescription("x", 1.0, wiener_db={"1": float("nan")})}, "no number"),
        ({"network_weights": {"a": np.array([np.nan], np.float32)}}, "no numbers"),
        ({"network_weights": {"a": np.array([1, 2])}}, "int64"),
        ({"network_weights": {"a": np.zeros((0, 5), np.float32)}}, "float32"),
        ({"network_weights": {f"n{i}": np.zeros(1, np.float32) for i in range(5000)}}, "tensors"),
    ],
)
def test_a_network_that_cannot_be_is_refused(tmp_path, change, words):
    path = write_profile(tmp_path / "x.lenscal", replace(example(), **change))
    with pytest.raises(InputError, match=words):
        read_profile(path)


def test_a_network_without_weights_is_damaged(tmp_path):
    path = write_profile(tmp_path / "x.lenscal", example())
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist() if "net" not in name}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match="network/weights"):
        read_profile(path)


def test_equal_profiles_are_equal_files(tmp_path):
    first, second = (
        write_profile(tmp_path / name, example()) for name in ("a.lenscal", "b.lenscal")
    )
    assert first.read_bytes() == second.read_bytes()


def test_bare_profile(tmp_path):
    back = read_profile(
        write_profile(tmp_path / "x.lenscal", Profile(delta_grid((2, 2), 5, (10, 12))))
    )
    assert back.noise is None
    assert back.psf.confidence is None
    assert back.weights == back.network_weights == {}
    assert back.network is None


def test_failed_write_leaves_the_old_file(tmp_path):
    path = write_profile(tmp_path / "x.lenscal", example())
    before = path.read_bytes()
    with pytest.raises(NotImplementedError):
        write_profile(path, Profile(delta_grid((2, 2), 5, (10, 12)), settings={"x": object()}))
    assert path.read_bytes() == before
    with pytest.raises(LenscalError, match="could not be written"):
        write_profile(tmp_path / "no" / "x.lenscal", example())
    assert [p.name for p in tmp_path.iterdir()] == ["x.lenscal"]


def rewritten(tmp_path, change):
    """A copy of a good profile with entries changed; None removes one."""
    source = write_profile(tmp_path / "good.lenscal", example())
    target = tmp_path / "bad.lenscal"
    with zipfile.ZipFile(source) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    entries.update(change(entries))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in entries.items():
            if content is not None:
                new.writestr(name, content)
    return target


def told(entries, **values):
    return {"profile.json": json.dumps({**json.loads(entries["profile.json"]), **values})}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: {"../evil": b"x"}, "points outside"),
        (lambda e: {"/etc/evil": b"x"}, "points outside"),
        (lambda e: {"a\\..\\..\\evil": b"x"}, "points outside"),
        (lambda e: {"C:evil": b"x"}, "points outside"),
        (lambda e: {"bomb": bytes(50_000_000)}, "zip bomb"),
        (lambda e: {f"file{n}": b"" for n in range(70)}, "holds 76 files"),
        (lambda e: told(e, schema=3), "update lenscal"),
        (lambda e: told(e, schema=0), "calibrate again"),
        (lambda e: told(e, schema="x"), "schema version 'x'"),
        (lambda e: told(e, format="other"), "not one of lenscal's"),
        (lambda e: told(e, camera=5), "camera is 5"),
        (lambda e: told(e, focal_mm="35"), "focal_mm is '35'"),
        (lambda e: told(e, sensor_size_px={"height": 1, "width": 2}), "disagrees"),
        (lambda e: told(e, photos=[{"bad": 1}]), "cannot be understood"),
        (lambda e: told(e, noise={"a": [1], "b": [1]}), "cannot be understood"),
        (lambda e: {"profile.json": b"[1, 2"}, "cannot be understood"),
        (lambda e: {"profile.json": b"\xff\xfe\xfa"}, "cannot be understood"),
        (lambda e: {"profile.json": None}, r"no profile\.json"),
        (lambda e: {"psf.npz": None}, r"no psf\.npz"),
        (lambda e: {"psf.npz": b"junk"}, "not a readable PSF"),
        (lambda e: {"training/curves.csv": b"curve,step,value\nx,y\n"}, "cannot be understood"),
        (lambda e: {"training/checkpoint.safetensors": b"junkjunkjunk"}, "checkpoint"),
    ],
)
def test_bad_profiles_are_refused_in_words(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        read_profile(rewritten(tmp_path, change))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.lenscal", "good.lenscal"]


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [(8, 0x1, "encrypted"), (10, 99, "compression")],
    ids=["encrypted", "unknown compression"],
)
def test_zips_that_cannot_be_unpacked_are_refused_in_words(tmp_path, offset, value, message):
    """The flags and the method of every entry in the directory (two bytes each), as zipfile reads
    them."""
    path = write_profile(tmp_path / "x.lenscal", example())
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<H", data, at + offset, value)
        at = data.find(b"PK\x01\x02", at + 4)
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_profile(path)


def test_lying_sizes_are_noticed(tmp_path):
    """A zip whose directory states less than an entry unpacks to."""
    path = write_profile(tmp_path / "x.lenscal", example())
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("profile.json").file_size
    at = data.rfind(struct.pack("<I", size), 0, data.rfind(b"profile.json"))
    data[at : at + 4] = struct.pack("<I", size - 100)
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        read_profile(path)


@pytest.mark.parametrize("keep", [0, 10, 2000])
def test_cut_off_files_are_refused(tmp_path, keep):
    path = write_profile(tmp_path / "x.lenscal", example())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match="not a lenscal profile"):
        read_profile(path)


def test_other_things_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_profile(tmp_path / "nothing.lenscal")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(InputError, match="is a zip file but not a lenscal profile"):
        read_profile(tmp_path / "a.zip")


@pytest.mark.parametrize(
    "changes",
    [
        {"seconds": None},
        {"same_scenes": "yes"},
        {"stages": [{"name": "G", "seconds": "long"}]},
        {"stages": [{"name": "G", "seconds": float("inf")}]},
        {"seed": "a"},
        {"photos": [{"name": 3, "role": "sharp", "sha256": ""}]},
        {"focal_mm": float("nan")},
    ],
)
def test_values_of_another_kind_are_refused(tmp_path, changes):
    path = write_profile(tmp_path / "x.lenscal", example())
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["profile.json"] = json.dumps(json.loads(entries["profile.json"]) | changes).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    with pytest.raises(InputError, match="damaged"):
        read_profile(path)


def test_flipped_bits_are_told_in_words(tmp_path):
    """Whatever bit is wrong, there is a profile or a message."""
    whole = write_profile(tmp_path / "x.lenscal", example()).read_bytes()
    path, rng, refused = tmp_path / "y.lenscal", np.random.default_rng(0), 0
    for _ in range(200):
        content = bytearray(whole)
        content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(content)
        try:
            read_profile(path)
        except InputError as error:
            refused += 1
            assert "y.lenscal" in str(error)
    assert refused > 5
