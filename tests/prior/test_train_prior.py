"""The training of the denoiser prior, and its measurement."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from restore_cases import dead_leaves

from lenscal.errors import InputError, LenscalError
from lenscal.prior.denoiser import load_denoiser, save_denoiser
from lenscal.prior.evaluate_prior import evaluate
from lenscal.prior.evaluate_prior import main as evaluate_main
from lenscal.prior.train_prior import main, run, save_checkpoint
from lenscal.prior.training import learning_rate, start, train
from lenscal.prior.training_photos import Patches, draw_sigma, load_photos
from lenscal.prior.training_settings import TrainSettings

SMALL = TrainSettings(channels=8, blocks=1, patch_px=16, batch=8, steps=12, minutes=None, rate=3e-3)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for seed in range(2):
        image = (255 * np.sqrt(dead_leaves(60, 70, seed))).astype(np.uint8)
        cv2.imwrite(str(folder / f"{seed}.png"), image[..., ::-1])
    return folder


def test_training_takes_noise_off(photos: Path) -> None:
    settings = replace(SMALL, steps=400, channels=16)
    patches, state = Patches(load_photos(photos), settings), start(settings)
    clean = patches.draw(64, np.random.default_rng(99))
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    errors = []
    for _ in range(2):
        with torch.no_grad():
            errors.append(float((state.net(clean + 0.15 * noise, 0.15) - clean).square().mean()))
        losses = list(train(patches, state, settings))
    assert not losses and errors[0] == pytest.approx(0.15**2, rel=0.05)
    assert errors[1] < 0.6 * errors[0]


@pytest.mark.parametrize("optimiser", ["adam", "muon"])
def test_resumes_to_the_bit(photos: Path, tmp_path: Path, optimiser: str) -> None:
    settings = replace(SMALL, optimiser=optimiser)
    whole = run(photos, tmp_path / "whole.safetensors", settings)
    half = tmp_path / "half.safetensors"
    patches, state = Patches(load_photos(photos), settings), start(settings)
    begin = state.net.blocks[0].first.weight.detach().clone()
    for _ in zip(range(5), train(patches, state, settings), strict=False):
        pass
    assert not torch.equal(begin, state.net.blocks[0].first.weight)
    save_checkpoint(state, settings, half.with_suffix(".checkpoint.safetensors"))
    resumed = run(photos, half, settings)
    assert whole.step == resumed.step == SMALL.steps
    for a, b in zip(whole.net.parameters(), resumed.net.parameters(), strict=True):
        assert torch.equal(a, b)
    assert half.read_bytes()[8:] and torch.equal(
        load_denoiser(half).tail.weight, whole.ema.tail.weight
    )


def test_grows_from_a_smaller_network(tmp_path: Path) -> None:
    small = start(SMALL).net
    torch.nn.init.normal_(small.tail.weight, generator=torch.Generator().manual_seed(1))
    save_denoiser(small, tmp_path / "small.safetensors")
    deeper = start(replace(SMALL, blocks=3), tmp_path / "small.safetensors").net
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    assert not torch.equal(small(image, 0.1), image)
    assert torch.allclose(deeper(image, 0.1), small(image, 0.1), atol=1e-6)
    with pytest.raises(InputError, match="cannot grow"):
        start(replace(SMALL, channels=16), tmp_path / "small.safetensors")


def test_refuses_a_foreign_checkpoint_and_empty_folders(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "out.checkpoint.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match="checkpoint"):
        run(photos, tmp_path / "out.safetensors", SMALL)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no photo"):
        load_photos(tmp_path / "empty")
    with pytest.raises(InputError, match="256 px"):
        Patches(load_photos(photos), replace(SMALL, patch_px=256))


def test_noise_levels_and_rate_stay_in_their_range() -> None:
    sigma = draw_sigma(200, 8, SMALL, np.random.default_rng(0))
    assert sigma.shape == (200, 1, 8, 8) and sigma.min() >= 0 and sigma.max() <= SMALL.sigma_max
    assert 0.02 < (sigma.amax((1, 2, 3)) > sigma.amin((1, 2, 3)) + 1e-6).float().mean() < 0.4
    rates = [learning_rate(p, 1000, 1e-3) for p in np.linspace(0, 1, 9)]
    assert rates == sorted(rates, reverse=True) and rates[0] == 1e-3
    assert learning_rate(0, 0, 1e-3) < 1e-5


def test_command_line(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "prior.safetensors"
    main(
        [
            str(photos),
            "--out",
            str(out),
            "--steps",
            "3",
            "--channels",
            "8",
            "--blocks",
            "1",
            "--patch-px",
            "16",
        ]
    )
    assert load_denoiser(out)(torch.zeros(1, 3, 8, 8), 0.1).shape == (1, 3, 8, 8)


def test_evaluation_knows_how_much_noise_it_added(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = sorted(photos.iterdir())
    psnr = evaluate(lambda x, sigma: x, files, [5.0, 10.0])
    assert len(psnr[5.0]) == len(files)
    assert psnr[5.0][0] == pytest.approx(-20 * np.log10(5 / 255), abs=0.3)
    assert psnr[5.0][0] - psnr[10.0][0] == pytest.approx(20 * np.log10(2), abs=0.3)
    evaluate_main([str(photos), "--only", "1", "--sigma", "15"])
    shown = json.loads(capsys.readouterr().out)
    assert shown["photos"] == ["1.png"] and shown["psnr_15"] > 26
    with pytest.raises(InputError, match="no photos"):
        evaluate_main([str(photos), "--only", "none"])


def test_a_disk_that_fills_up_leaves_the_weights_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = start(SMALL).net
    file = tmp_path / "prior.safetensors"
    save_denoiser(net, file)
    before = file.read_bytes()

    def full(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lenscal.prior.denoiser.save_file", full)
    with pytest.raises(LenscalError, match="could not be written: No space left"):
        save_denoiser(net, file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]
