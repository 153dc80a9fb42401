from __future__ import annotations

import torch

from lenscal.flow.network import REAL, REBLURRED, NetworkSettings, VelocityNetwork
from lenscal.flow.path import T_HIGH, T_LOW, interpolate, matching_weight, sample_t, target_velocity
from lenscal.flow.training import PowerAverage, flow_loss


def test_path_runs_from_noise_to_data_at_the_target_velocity() -> None:
    x_0, x_1 = torch.zeros(2, 4, 4, 4), torch.ones(2, 4, 4, 4)
    t = torch.tensor([0.25, 1.0])
    assert interpolate(x_0, x_1, t)[:, 0, 0, 0].tolist() == [0.25, 1.0]
    assert torch.equal(target_velocity(x_0, x_1), x_1)


def test_times_favour_fine_detail_and_keep_their_limits() -> None:
    t = sample_t(5000, torch.Generator().manual_seed(0))
    assert t.min() >= T_LOW and t.max() <= T_HIGH
    assert 0.7 < t.median() < 0.9
    assert matching_weight(t).max() <= 10


def test_training_learns_a_constant_patch() -> None:
    """The best velocity for data that is always c is (c - x_t) / (1 - t): a real, short training
    must come near."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    network = VelocityNetwork(NetworkSettings(width=16, depth=1))
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(120):
        x_1 = torch.full((32, 4, 8, 8), 0.7)
        x_0 = torch.randn(x_1.shape, generator=generator)
        t = torch.rand(32, generator=generator) * 0.8
        place, domain = torch.rand(32, 2, generator=generator), torch.full((32,), REAL)
        loss = flow_loss(network, x_0, x_1, t, place, domain)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-10:]) < 0.3 * sum(losses[:10])


def test_untrained_network_cannot_tell_the_domains_apart() -> None:
    torch.manual_seed(0)
    network = VelocityNetwork(NetworkSettings(width=16, depth=1))
    x, t, place = torch.randn(3, 4, 8, 8), torch.rand(3), torch.rand(3, 2)
    real, fake = (network(x, t, place, torch.full((3,), d)) for d in (REAL, REBLURRED))
    assert torch.equal(real, fake)


def test_power_average_of_a_constant_is_the_constant_and_forgets_the_start() -> None:
    value = torch.tensor([100.0])
    average = PowerAverage([value])
    for n in range(200):
        average.update([torch.tensor([1.0 if n > 20 else 100.0])])
    assert abs(float(average.values[0]) - 1.0) < 1e-3
