"""lenscal train-network and correct --method network, called as a user calls them."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import tifffile
import torch
from restore_cases import dead_leaves, psnr

from lenscal.files.psf.profile import Profile, read_profile, write_profile
from lenscal.files.psf.psf_npz import write_npz
from lenscal.optics.psf_grid import delta_grid
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import NoiseModel
from lenscal.supervised import held_out, learner, training
from lenscal.supervised.learner import Plan
from lenscal.supervised.settings import NetworkSize
from lenscal.virtual.dataset import VirtualSettings, true_grid, write_evaluation

VIRTUAL = VirtualSettings(size=(160, 192), iso=3200)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training as it is, with less of everything."""
    monkeypatch.setattr(learner, "PLANS", dict.fromkeys(NetworkSize, Plan(48, 2, 1e-3)))
    monkeypatch.setattr(training, "POOL", 6)
    monkeypatch.setattr(training, "CHECKS", 1)
    monkeypatch.setattr(held_out, "EACH", 1)
    # Looking at the clock takes a twentieth of a second, and nothing else takes any: as many steps
    # on a busy computer as on an idle one.
    looks = count()
    clock = SimpleNamespace(monotonic=lambda: next(looks) * 0.05)
    monkeypatch.setattr(training, "time", clock)


@pytest.fixture(scope="module")
def virtual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real DNG of a virtual lens, its truth, its profile, and sharp photos of other scenes."""
    folder = tmp_path_factory.mktemp("virtual")
    photo, _ = write_evaluation(folder, VIRTUAL)
    a, b = VIRTUAL.camera.noise(200)
    info = decode_photo(photo).info
    profile = Profile(
        true_grid(VIRTUAL, (3, 3), 13),
        noise=NoiseModel((a,) * 3, (b,) * 3),
        camera=info.camera,
        lens=info.lens,
        aperture_degraded=VIRTUAL.degraded_aperture,
        created="2026-01-01T00:00:00+00:00",
    )
    write_profile(folder / "lens.lenscal", profile)
    (folder / "sharp").mkdir()
    for seed in range(3):
        image = (255 * dead_leaves(160, 180, seed) ** (1 / 2.2)).astype(np.uint8)
        cv2.imwrite(str(folder / "sharp" / f"{seed}.png"), image[..., ::-1])
    return folder


@pytest.fixture
def lens(virtual: Path, tmp_path: Path) -> Path:
    path = tmp_path / "lens.lenscal"
    path.write_bytes((virtual / "lens.lenscal").read_bytes())
    return path


def corrected(run, lens: Path, photo: Path, out: Path, method: str) -> np.ndarray:
    code, told, err = run(
        "correct", lens, photo, "--out", out, "--method", method, "--json",
        "--space", "camera-linear", "--template", "{name}-{method}", "--device", "cpu",
    )  # fmt: skip
    assert code == 0, err
    (written,) = json.loads(told)["written"]
    return tifffile.imread(written)


def test_a_network_is_trained_kept_and_used(run, lens, virtual, tmp_path):
    before = read_profile(lens)
    code, out, err = run(
        "train-network", lens, "--photos", virtual / "sharp", "--minutes", 0.1, "--json",
        "--device", "cpu",
    )  # fmt: skip
    assert code == 0, err
    told = json.loads(out)
    assert told["photos"] == {"trained_on": 2, "held_out": 1} and told["finished"] == "done"
    assert 0 < told["share"] <= 1 and told["gain_db"] > 0 and told["steps"] > 5
    assert all(told["network_db"][gain] >= db for gain, db in told["wiener_db"].items())
    profile = read_profile(lens)
    np.testing.assert_array_equal(profile.psf.kernels, before.psf.kernels)
    assert profile.network is not None and profile.network.mosaic
    assert profile.camera == before.camera
    code, words, _ = run("info", lens)
    assert code == 0 and "Network: trained on 2 photos" in words
    # A real photo of ISO 3200, that nothing was trained on.
    photo, target = virtual / "degraded.dng", decode_photo(virtual / "reference.dng")
    truth = target.rgb_tile(slice(None), slice(None))
    errors = {
        method: psnr(corrected(run, lens, photo, tmp_path / "out", method), truth)
        for method in ("none", "wiener", "network")
    }
    assert errors["network"] > errors["none"] + 0.5
    assert errors["network"] > errors["wiener"] - 0.05

    code, out, err = run(
        "train-network", lens, "--photos", virtual / "sharp", "--minutes", 0.1, "--json",
        "--resume", "--device", "cpu",
    )  # fmt: skip
    assert code == 0, err
    assert json.loads(out)["steps"] > told["steps"]


def test_without_a_network_there_is_advice(run, lens, virtual, tmp_path):
    out = tmp_path / "out"
    code, _, err = run(
        "correct", lens, virtual / "degraded.dng", "--out", out, "--method", "network"
    )
    assert code == 2 and "train-network" in err and not out.exists()
    kept = lens.read_bytes()
    code, _, err = run("train-network", lens, "--photos", virtual / "sharp", "--resume")
    assert code == 2 and "--resume" in err
    code, _, err = run("train-network", lens, "--photos", virtual / "sharp", "--minutes", 0)
    assert code == 2 and "--minutes" in err
    code, _, err = run("train-network", lens, "--photos", tmp_path / "nowhere")
    assert code == 2 and "nowhere" in err
    code, _, err = run("train-network", lens, "--photos", virtual / "sharp" / "0.png")
    assert code == 2 and "at least 2" in err
    psf = write_npz(delta_grid((2, 2), 5, (160, 192)), tmp_path / "psf.npz")
    code, _, err = run("train-network", psf, "--photos", virtual / "sharp")
    assert code == 2 and "no profile" in err
    assert lens.read_bytes() == kept


def with_network(path: Path, **change: object) -> Path:
    """A profile with a network that nobody trained."""
    from lenscal.files.network_weights import NetworkDescription
    from lenscal.restore.network.small import SmallNetwork
    from lenscal.restore.network.weights import arrays_of, layout_of

    torch.manual_seed(0)
    net = SmallNetwork(4, 1)
    description = replace(NetworkDescription(layout_of(net), 1.0), **change)
    profile = replace(read_profile(path), network=description, network_weights=arrays_of(net))
    return write_profile(path, profile)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mosaic": False}, "all colours at every pixel"),
        ({"layout": "lenscal restoration rrdb 1"}, "do not fit"),
        ({"layout": "of another program"}, "no kind that this lenscal knows"),
    ],
)
def test_a_network_of_another_kind_is_refused(run, lens, virtual, tmp_path, change, words):
    with_network(lens, **change)
    code, out, _ = run(
        "correct", lens, virtual / "degraded.dng", "--out", tmp_path / "out", "--method", "network"
    )
    assert code == 2 and words in out


def test_a_stopped_training_is_kept_and_a_cancelled_one_is_not(lens, virtual):
    from lenscal import jobs
    from lenscal.stepping import STOP, finish
    from lenscal.supervised.settings import NetworkSettings

    photos = sorted((virtual / "sharp").iterdir())
    work = jobs.train_network(read_profile(lens), photos, NetworkSettings(device="cpu"))
    profile, trained = finish(
        work, lambda report: STOP if report.stage == "train" and report.step == 2 else None
    )
    assert trained.finished == "stopped"
    assert profile.network is not None and profile.network.steps == 2
    work = jobs.train_network(profile, photos, NetworkSettings(device="cpu", resume=True))
    for report in work:
        if report.stage == "train":
            work.close()
    assert read_profile(lens).network is None
