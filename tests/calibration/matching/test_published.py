"""Flow matching as published, on photos: unpaired, resumed to the bit, stopped in time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lenscal import cli
from lenscal.calibration.families.family import Regularisers, gaussian_kernel
from lenscal.calibration.families.free import FreeTaps
from lenscal.calibration.matching.patches import PatchPool
from lenscal.calibration.matching.published import PublishedMatcher, PublishedSettings
from lenscal.calibration.matching.reblur import Reblur
from lenscal.calibration.packing import Packing
from lenscal.calibration.settings import (
    Family,
    KernelModel,
    Method,
    Stages,
    family_of,
    stages_of,
)
from lenscal.calibration.stages.learnt.flow_stage import (
    expected_seconds,
    shown_samples,
    time_in_words,
)
from lenscal.errors import InputError
from lenscal.flow.compiling import can_compile, compiled
from lenscal.flow.network import NetworkSettings, seeded_network
from lenscal.flow.pretrained import BASE, pretrained_network
from lenscal.flow.sampling import sample

CPU = torch.device("cpu")
TINY = PublishedSettings(
    3, 3, NetworkSettings(width=8, depth=1), batch=20, kernel_rate=0.03, train_noise=True
)


def reblur_of(n: int = 60) -> Reblur:
    rng = np.random.default_rng(0)
    pool = PatchPool(
        rng.random((n, 4, 16, 16), np.float32),
        np.full((n, 4), 1e-2, np.float32),
        rng.random((n, 3, 38, 38), np.float32).astype(np.float16),
        np.full((n, 4), 1e-3, np.float32),
        rng.random((n, 2), np.float32),
        False,
    )
    return Reblur(pool, Packing((0, 1, 1, 2)), (2, 2), torch.eye(49).expand(3, -1, -1), CPU)


def matcher_of(settings: PublishedSettings = TINY) -> PublishedMatcher:
    family = FreeTaps(gaussian_kernel(7, 1.0).expand(4, 3, -1), (2, 2))
    return PublishedMatcher(reblur_of(), family, settings, seed=0, device=CPU)


def test_it_goes_on_to_the_bit_from_every_step() -> None:
    whole = matcher_of()
    snapshots = []
    while whole.step_number < whole.total:
        snapshots.append(whole.snapshot())
        whole.step()
    expected = whole.snapshot().arrays
    for snapshot in snapshots:
        other = matcher_of()
        other.restore(snapshot)
        while other.step_number < other.total:
            other.step()
        found = other.snapshot().arrays
        assert found.keys() == expected.keys()
        assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_the_target_is_frozen_at_its_average_and_only_its_copy_learns() -> None:
    matcher = matcher_of()
    for _ in range(matcher.flow_steps):
        matcher.step()
    average = [mean.clone() for mean in matcher.target_average.values]
    last = [parameter.detach().clone() for parameter in matcher.target.parameters()]
    assert not all(torch.equal(a, b) for a, b in zip(average, last, strict=True))
    while matcher.step_number < matcher.total:
        matcher.step()
    target, auxiliary = list(matcher.target.parameters()), list(matcher.auxiliary.parameters())
    assert all(torch.equal(a, b) for a, b in zip(average, target, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(auxiliary, target, strict=True))


def test_noise_is_learnt_only_where_nobody_tells_it() -> None:
    for learnt in (False, True):
        matcher = matcher_of(replace(TINY, train_noise=learnt))
        while matcher.step_number < matcher.total:
            matcher.step()
        assert (matcher.noise_factor != 1) is learnt


def test_flow_can_end_early_and_a_snapshot_knows() -> None:
    matcher = matcher_of()
    matcher.step()
    matcher.end_flow()
    assert matcher.step().stage == "M"
    other = matcher_of()
    other.restore(matcher.snapshot())
    assert (other.flow_steps, other.total) == (1, 4)
    assert other.step() == matcher.step()


def test_regularisers_are_the_papers() -> None:
    """Of one kernel with a tap of 2 right of the middle, and one of -1 in it."""
    kernel = torch.zeros(1, 1, 3, 3)
    kernel[..., 1, 2], kernel[..., 1, 1] = 2, -1
    kernel = kernel.flatten(2)
    none = Regularisers(0, 0, 0, 0)
    for weights, expected in (
        (replace(none, centre=1), 4.0),
        (replace(none, sparsity=1), 3 / 9),
        # Centre of mass at 2: distances squared 1 and 4.
        (replace(none, spread=1), (2 * 1 - 1 * 4) / 9),
        (replace(none, sum_to_one=1), 0.0),
    ):
        assert float(weights.penalty(kernel)) == pytest.approx(expected, abs=1e-4)
    assert float(replace(none, sum_to_one=1).penalty(3 * kernel)) == pytest.approx(2)


class Drawn(FreeTaps):
    """Kernels that are drawn: wider where the latent number is larger."""

    latent_size = 1

    def forward(self, latent: torch.Tensor | None = None) -> torch.Tensor:
        assert latent is not None
        u = torch.arange(49.0) // 7 - 3
        # Every parameter takes part.
        width = self.amplitudes.exp().mean() + 0.1 * latent.abs()
        k = torch.exp(-(u**2) / 2 / width**2)
        return (k / k.sum(-1, keepdim=True))[:, None].expand(-1, 3, -1)


def test_kernels_may_be_drawn_for_each_patch() -> None:
    family = Drawn(gaussian_kernel(7, 1.0).expand(1, 3, -1), (1, 1))
    matcher = PublishedMatcher(reblur_of(), family, TINY, seed=0, device=CPU)
    before = family.amplitudes.detach().clone()
    for _ in range(matcher.total):
        matcher.step()
    assert (family.amplitudes - before).abs().max() > 1e-3


def test_samples_of_a_network_that_knows_the_answer() -> None:
    """Data that is always c has velocity (c - x) / (1 - t): every path ends at c."""

    class Known(torch.nn.Module):
        def forward(self, x: torch.Tensor, t: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
            return (0.7 - x) / (1 - t.view(-1, 1, 1, 1))

    noise = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    ends = sample(Known(), noise, torch.zeros(3, 2), steps=12)  # type: ignore[arg-type]
    assert torch.allclose(ends, torch.full_like(ends, 0.7), atol=0.15)
    assert (ends - 0.7).abs().max() < 0.1 * (noise - 0.7).abs().max()


def test_what_is_shown_changes_nothing_that_is_learnt() -> None:
    plain, shown = matcher_of(), matcher_of()
    for number in range(plain.total):
        plain.step()
        shown.step()
        pictures = shown_samples(shown, seed=number)
        expected_seconds(shown)
    assert pictures.shape == (2, 8, 16, 16, 3)
    assert pictures.min() >= 0 and pictures.max() <= 1
    a, b = plain.matched(), shown.matched()
    assert a is not None and b is not None and torch.equal(a, b)


def test_the_network_that_ships_knows_blurred_photos() -> None:
    network = pretrained_network(BASE)
    assert network is not None
    assert pretrained_network(replace(BASE, planes=12)) is None
    rng = torch.Generator().manual_seed(0)
    # A step of light, the same in all planes: common in photos, and nothing like noise.
    x_1 = torch.ones(64, 4, 16, 16)
    x_1[..., :8] = -1
    x_0 = torch.randn(x_1.shape, generator=rng)
    t = torch.full((64,), 0.5)
    place, domain = torch.full((64, 2), 0.5), torch.zeros(64, dtype=torch.long)
    with torch.no_grad():
        v = network((x_0 + x_1) / 2, t, place, domain)
    fresh = seeded_network(BASE, 0)
    assert float((v - (x_1 - x_0)).square().mean()) < 0.5 * float((x_1 - x_0).square().mean())
    assert fresh.state_dict().keys() == network.state_dict().keys()


def test_flow_is_a_name_for_its_stages() -> None:
    assert stages_of(Method.AUTO, Stages.GT) is Stages.GT
    assert stages_of(Method.FLOW, Stages.AUTO) is Stages.FM
    assert stages_of(Method.FLOW, Stages.GTFM) is Stages.GTFM
    with pytest.raises(InputError, match="--method flow and --stages P exclude each other"):
        stages_of(Method.FLOW, Stages.P)


@pytest.mark.parametrize(
    ("family", "stages", "kernel", "words"),
    [
        (Family.RAYS, Stages.AUTO, KernelModel.GRID, "add --method flow"),
        (Family.RAYS, Stages.FM, KernelModel.UNIFORM, "--kernel uniform exclude each other"),
        (Family.TILTS, Stages.GTFM, KernelModel.UNIFORM, "--kernel uniform exclude each other"),
        (Family.LINEAR, Stages.FM, KernelModel.GRID, "is for one blur: add --kernel uniform"),
        (Family.LINEAR, Stages.AUTO, KernelModel.GRID, "is for one blur: add --kernel uniform"),
        (Family.LINEAR, Stages.AUTO, KernelModel.UNIFORM, "add --method flow"),
    ],
)
def test_families_that_cannot_be_are_refused(
    family: Family, stages: Stages, kernel: KernelModel, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        family_of(family, stages, kernel)


def test_families_go_with_flow_matching() -> None:
    for family in (Family.FREE, Family.RAYS, Family.TILTS):
        assert family_of(family, Stages.GTFM, KernelModel.GRID) is family
    assert family_of(Family.LINEAR, Stages.FM, KernelModel.UNIFORM) is Family.LINEAR


def test_the_command_line_refuses_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "x.lenscal"
    folders = [str(tmp_path / name) for name in ("sharp", "degraded")]
    options = ["--out", str(out), "--method", "flow", "--stages", "P"]
    assert cli.main(["calibrate", *folders, *options]) == 2
    assert "--stages GTFM" in capsys.readouterr().err
    assert not out.exists()


def test_times_are_told_in_units_that_suit_them() -> None:
    assert [time_in_words(s) for s in (20, 1500, 3 * 3600, 21 * 86400)] == [
        "1 min",
        "25 min",
        "3 h",
        "21 d",
    ]


def test_a_network_that_cannot_be_compiled_works_all_the_same() -> None:
    network = seeded_network(TINY.network, 0)
    names = list(network.state_dict())
    x, t = torch.zeros(2, 4, 8, 8), torch.zeros(2)
    given = (x, t, torch.zeros(2, 2), torch.zeros(2, dtype=torch.long))
    expected = network(*given)

    def trial() -> None:
        raise RuntimeError("no compiler")

    assert not compiled(network, trial)
    assert list(network.state_dict()) == names
    assert torch.equal(network(*given), expected)
    # On processors nothing is compiled, whatever is asked for.
    assert not can_compile(CPU)


def on_gpu(settings: PublishedSettings) -> PublishedMatcher:
    device = torch.device("cuda")
    reblur = reblur_of()
    there = Reblur(reblur.pool, reblur.packing, (2, 2), reblur.correlation.to(device), device)
    family = FreeTaps(gaussian_kernel(7, 1.0).expand(4, 3, -1).to(device), (2, 2))
    return PublishedMatcher(there, family, settings, seed=0, device=device)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_compiled_networks_learn_the_same() -> None:
    """In bfloat16, to what that rounds to."""
    losses = []
    for wanted in (False, True):
        matcher = on_gpu(replace(TINY, compile=wanted))
        losses.append([matcher.step().flow_loss for _ in range(matcher.total)])
        assert list(matcher.target.state_dict()) == list(
            seeded_network(TINY.network, 0).state_dict()
        )
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_draws_its_numbers_itself() -> None:
    matcher = on_gpu(TINY)
    assert matcher.generator.device.type == matcher.reblur.sharp.device.type == "cuda"
    while matcher.step_number < matcher.total:
        assert np.isfinite(matcher.step().flow_loss)
    kernels = matcher.matched()
    assert kernels is not None and kernels.device.type == "cuda" and kernels.isfinite().all()
