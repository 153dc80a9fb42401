"""The Wiener filter, with the photo's power spectrum estimated where it is used.

    x(f) = conj(K) S / (|K|^2 S + N) y(f)

y: the degraded tile; K: its kernel's transfer function; N: the noise power, known; S: the power spectrum of the
sharp tile, modelled as S(f) = exp(t0 + t1 L + t2 L^2) with L = log(f / 0.1), a power law that may bend. Its three
numbers are those under which the tile's own spectrum is likeliest (Whittle likelihood), so there is no constant to
choose. All powers are in signal units squared per pixel: white noise of variance v has N(f) = v.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

PIVOT_CY_PER_PX = 0.1
PRIOR_MEAN = (-9.0, -2.2, 0.0)
PRIOR_PRECISION = (1e-3, 4.0, 10.0)
"""Loose: photos' spectra fall with the square of the frequency, more or less."""
MODEL_ERROR = 1e-4
"""Power that is put down to the kernel's own error, relative to the signal: bounds the gain where K has a zero."""


@dataclass(frozen=True, slots=True, eq=False)
class RadialBins:
    """Rings of equal relative width in the half plane of a real FFT."""

    index: Tensor
    """[F, F // 2 + 1] ring of each frequency; the last ring, number `count`, holds DC and is not used."""
    basis: Tensor
    """[count, 3]: 1, L, L^2 at the rings' mean frequency."""
    basis_full: Tensor
    """[F, F // 2 + 1, 3]: the same at every frequency (at DC as at the lowest one)."""
    weight: Tensor
    """[count] independent samples in each ring; 0 for empty rings."""

    @property
    def count(self) -> int:
        return self.basis.shape[0]

    def mean(self, power: Tensor) -> Tensor:
        """Ring means [..., count] of [..., F, F // 2 + 1]."""
        flat = power.flatten(-2)
        total = flat.new_zeros(*flat.shape[:-1], self.count + 1)
        total.index_add_(-1, self.index.flatten(), flat)
        members = torch.bincount(self.index.flatten(), minlength=self.count + 1)[:-1].clamp(min=1)
        return total[..., :-1] / members


def radial_bins(field_px: int, window_px: int, count: int = 20, *, device: torch.device | str = "cpu") -> RadialBins:
    """Rings for FFTs of `field_px` px of windows of `window_px` px (which sets how many samples are independent)."""
    fy = torch.fft.fftfreq(field_px, device=device)[:, None]
    fx = torch.fft.rfftfreq(field_px, device=device)[None]
    f = torch.hypot(fy, fx)
    lowest = 1.5 / window_px
    edges = torch.logspace(
        torch.log10(torch.tensor(lowest)).item(), torch.log10(torch.tensor(0.71)).item(), count + 1, device=device
    )
    index = (torch.bucketize(f.contiguous(), edges) - 1).clamp(max=count - 1)
    index = torch.where(f < lowest, torch.full_like(index, count), index)
    members = torch.bincount(index.flatten(), minlength=count + 1)[:-1]
    log_f = torch.log(f.clamp(min=lowest / 1.5) / PIVOT_CY_PER_PX)
    ring_log = torch.zeros(count + 1, device=device).index_add_(0, index.flatten(), log_f.flatten())[:-1]
    ring_log = ring_log / members.clamp(min=1)
    weight = members.float() * (window_px / field_px) ** 2
    return RadialBins(index, _basis(ring_log), _basis(log_f), weight)


def _basis(log_f: Tensor) -> Tensor:
    return torch.stack([torch.ones_like(log_f), log_f, log_f**2], dim=-1)


def fit_signal(power: Tensor, otf_power: Tensor, noise: Tensor, bins: RadialBins, *, n_iter: int = 12) -> Tensor:
    """Parameters [..., 3] of the sharp signal's spectrum, by Fisher scoring of the Whittle likelihood.

    Minimises sum_b n_b (log M_b + P_b / M_b) + prior, M = |K|^2 S + N.

    Parameters
    ----------
    power, otf_power, noise : Tensor [..., count]
        Ring means of the degraded tile's periodogram P, of |K|^2 and of the noise power N.
    bins : RadialBins
    """
    basis, weight = bins.basis, bins.weight.clamp(max=400.0)
    mean = torch.tensor(PRIOR_MEAN, device=power.device)
    precision = torch.tensor(PRIOR_PRECISION, device=power.device)
    rough = ((power - noise).clamp(min=0) / otf_power.clamp(min=1e-3)).clamp(min=1e-12)
    pivot = (basis[:, 1].abs() < 1.0).float() * weight
    theta = mean.expand(*power.shape[:-1], 3).clone()
    theta[..., 0] = ((rough.log() - basis[:, 1] * PRIOR_MEAN[1]) * pivot).sum(-1) / pivot.sum()
    for _ in range(n_iter):
        signal = otf_power * torch.exp((theta @ basis.T).clamp(-40, 20))
        model = signal + noise
        share = signal / model
        pull = weight * share * (power / model - 1)
        gradient = pull @ basis - precision * (theta - mean)
        fisher = torch.einsum("...b,bi,bj->...ij", weight * share**2, basis, basis) + torch.diag(precision)
        step = torch.linalg.solve(fisher, gradient)
        theta = theta + step.clamp(-1.5, 1.5)
    return theta


def signal_power(theta: Tensor, bins: RadialBins) -> Tensor:
    """S(f) [..., F, F // 2 + 1] of parameters [..., 3]."""
    return torch.exp(torch.einsum("...i,yxi->...yx", theta, bins.basis_full).clamp(-40, 20))


def transfer(kernels: Tensor, field_px: int) -> Tensor:
    """Transfer functions [..., F, F // 2 + 1] of kernels [..., k, k] whose origin is their central pixel."""
    k = kernels.shape[-1]
    field = kernels.new_zeros(*kernels.shape[:-2], field_px, field_px)
    field[..., :k, :k] = kernels
    return torch.fft.rfft2(torch.roll(field, (-(k // 2), -(k // 2)), (-2, -1)))


def wiener_filter(otf: Tensor, signal: Tensor, noise: Tensor) -> Tensor:
    """The filter conj(K) S / (|K|^2 S + N), with `MODEL_ERROR` as further noise; the gain for K = 1, N = 0 stays 1."""
    return (1 + MODEL_ERROR) * otf.conj() / (otf.abs().square() + MODEL_ERROR + noise / signal)


def noise_weight(denoise: float) -> float:
    """What the noise power is multiplied by: 1 (least mean error) at 0.5, 1/8 at 0 and 8 at 1."""
    return float(8.0 ** (2 * denoise - 1))
