"""The Wiener filter for the three colours together, with the photo's spectra estimated where they are used.

    x(f) = S D^H (D S D^H + N)^-1 y(f),    D = diag(K_R, K_G, K_B)(f)

y: the degraded tile; K: its kernels' transfer functions; N: the noise power of each channel, which is the sensor's and,
for what the kernels do not tell, E |dK|^2 S: their own errors (`kernel_error`) and the mosaic's aliases; S: the 3 x 3
power spectrum of the sharp tile. S_cd = C_cd sqrt(S_c S_d), with one correlation matrix C a ring of frequencies and S_c
modelled as exp(t0 + t1 L + t2 L^2), L = log(f / 0.1): a power law that may bend. Its three numbers are those that make
the tile's own spectrum likeliest (Whittle likelihood), so there is no constant to choose; where the tile's power stands
above its noise, each ring is then given what it shows. As photos' colours go together, what one channel has lost is
taken from the others. Powers are in signal units squared per pixel: white noise of variance v has N(f) = v.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

PIVOT_CY_PER_PX = 0.1
PRIOR_MEAN = (-9.0, -2.2, 0.0)
PRIOR_PRECISION = (1e-3, 4.0, 10.0)
"""Loose: photos' spectra fall with the square of the frequency, more or less."""
STEEPEST_RISE = -1.0
"""Slope that the spectrum keeps at least where its bend would have it rise again: there, noise hides what there is."""
LARGEST_PULL = 2.0
"""No ring pulls harder than one with three times the power it should have: keeps the iteration from overshooting."""
LAW_SAMPLES = 20.0
"""How many samples of a ring the fitted law is worth, against those the tile has in it."""
PRIOR_CORRELATION = 0.9
PRIOR_SAMPLES = 20.0
"""Colours of photos go together: what holds where a tile says little, and how many samples that is worth."""
LARGEST_CORRELATION = 0.9
"""A tile may hold grey things and a red one: what goes together in most of it must not be painted on the rest, and
demosaicing makes fine detail look more alike than it is. At 0.99 colour leaks, at 0.8 photos gain no more (0.05 dB)."""
LEAST_DOUBT = 1e-6
"""Part of the signal that counts as noise even without sensor noise and for a sure kernel: keeps divisions finite."""


@dataclass(frozen=True, slots=True, eq=False)
class RadialBins:
    """Rings of equal relative width in the half plane of a real FFT."""

    index: Tensor
    """[F, F // 2 + 1] ring of each frequency; one more, number `count`, holds DC and what the window smears over it."""
    basis: Tensor
    """[count, 3]: 1, L, L^2 at the rings' mean frequency."""
    basis_full: Tensor
    """[F, F // 2 + 1, 3]: the same at every frequency (at DC as at the lowest one)."""
    weight: Tensor
    """[count + 1] independent samples in each ring, DC's the last; 0 for empty rings."""

    @property
    def count(self) -> int:
        return self.basis.shape[0]

    def total(self, values: Tensor) -> Tensor:
        """Ring sums [..., count + 1] of [..., F, F // 2 + 1]; the last one is DC's."""
        flat = values.flatten(-2)
        return flat.new_zeros(*flat.shape[:-1], self.count + 1).index_add_(-1, self.index.flatten(), flat)

    def mean(self, values: Tensor) -> Tensor:
        """Ring means [..., count + 1] of [..., F, F // 2 + 1]."""
        members = torch.bincount(self.index.flatten(), minlength=self.count + 1).clamp(min=1)
        return self.total(values) / members


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
    members = torch.bincount(index.flatten(), minlength=count + 1)
    log_f = torch.log(f.clamp(min=lowest / 1.5) / PIVOT_CY_PER_PX)
    ring_log = torch.zeros(count + 1, device=device).index_add_(0, index.flatten(), log_f.flatten())[:-1]
    ring_log = ring_log / members[:-1].clamp(min=1)
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
    basis, weight = bins.basis, bins.weight[:-1].clamp(max=400.0)
    mean = torch.tensor(PRIOR_MEAN, device=power.device)
    precision = torch.diag(torch.tensor(PRIOR_PRECISION, device=power.device))
    rough = ((power - noise) / otf_power.clamp(min=1e-6)).clamp(min=1e-14).log()
    trust = weight * ((power - noise) / power.clamp(min=1e-30)).clamp(min=1e-3).square()
    curvature = torch.einsum("...b,bi,bj->...ij", trust, basis, basis) + precision
    theta = mean + torch.linalg.solve(curvature, ((rough - basis @ mean) * trust) @ basis)
    for _ in range(n_iter):
        signal = otf_power * torch.exp((theta @ basis.T).clamp(-40, 20))
        model = signal + noise
        share = signal / model.clamp(min=1e-30)
        pull = weight * share * (power / model.clamp(min=1e-30) - 1).clamp(max=LARGEST_PULL)
        gradient = pull @ basis - (theta - mean) @ precision
        fisher = torch.einsum("...b,bi,bj->...ij", weight * share**2, basis, basis) + precision
        theta = theta + torch.linalg.solve(fisher, gradient).clamp(-2, 2)
    return theta


def signal_power(theta: Tensor, bins: RadialBins) -> Tensor:
    """S(f) [..., F, F // 2 + 1] of parameters [..., 3]."""
    log_f = bins.basis_full[..., 1]
    t0, t1, t2 = (theta[..., i, None, None] for i in range(3))
    turn = torch.where(t2 > 0, (STEEPEST_RISE - t1) / (2 * t2).clamp(min=1e-6), torch.full_like(t2, 10.0))
    bent = torch.minimum(log_f, turn)
    log_signal = t0 + t1 * bent + t2 * bent**2 + STEEPEST_RISE * (log_f - bent)
    return torch.exp(log_signal.clamp(-40, 20))


def transfer(kernels: Tensor, field_px: int) -> Tensor:
    """Transfer functions [..., F, F // 2 + 1] of kernels [..., k, k] whose origin is their central pixel."""
    k = kernels.shape[-1]
    field = kernels.new_zeros(*kernels.shape[:-2], field_px, field_px)
    field[..., :k, :k] = kernels
    return torch.fft.rfft2(torch.roll(field, (-(k // 2), -(k // 2)), (-2, -1)))


def fitted_signal(spectrum: Tensor, otf: Tensor, noise: Tensor, doubt: Tensor, bins: RadialBins) -> Tensor:
    """S_c(f) [n, 3, F, F // 2 + 1] of tiles. Parameters as in `channel_correlation`.

    The law is fitted to all rings, and the many samples of the high ones decide: at low frequencies it may be wrong by
    a factor of 1000 beside saturated colours, and a channel thought too weak there is painted with the others' light.
    So each ring's power is updated by what was seen in it, as in the EM algorithm: S' = S + (S |K|^2 / M) (P / M - 1) S
    with M = |K|^2 S + N, weighed against the law by the number of samples. Where noise hides the signal the law stays.
    """
    powers = (spectrum.abs().square(), otf.abs().square() + doubt, noise)
    power, seen, known = (bins.mean(p) for p in powers)
    law = signal_power(fit_signal(power[..., :-1], seen[..., :-1], known[..., :-1], bins), bins)
    visible = bins.mean(powers[1] * law)
    model = (visible + known).clamp(min=1e-30)
    trust = bins.weight / (bins.weight + LAW_SAMPLES)
    factor = 1 + trust * visible / model * (power / model - 1)
    return law * factor.clamp(min=1e-3)[..., bins.index]


def channel_correlation(
    spectrum: Tensor, otf: Tensor, signal: Tensor, noise: Tensor, doubt: Tensor, bins: RadialBins
) -> Tensor:
    """How the sharp tile's colours go together in each ring: correlation matrices C [n, count + 1, 3, 3].

    Least squares of Y_c conj(Y_d) = K_c conj(K_d) sqrt(S_c S_d) C_cd, each channel divided by its expected power,
    first over the whole tile, then ring by ring with the tile's matrix as a prior. Positive definite.

    Parameters
    ----------
    spectrum : complex [n, 3, F, F // 2 + 1]
        Of the degraded tile, in units in which |Y|^2 is its power.
    otf, signal, noise : [n, 3, F, F // 2 + 1]
    doubt : [n, 3, F, F // 2 + 1]
        The power that signal of power 1 leaves in the photo beside |K|^2: by errors of the kernel, by aliases.
    """
    amplitude = otf.abs() * signal.sqrt()
    total = (amplitude.square() + doubt * signal + noise).clamp(min=1e-30)
    turned = spectrum * otf.conj() / otf.abs().clamp(min=1e-12) * amplitude / total
    share = amplitude.square() / total
    seen, possible = [], []
    for c in range(3):
        for d in range(3):
            seen.append(bins.total((turned[:, c] * turned[:, d].conj()).real))
            possible.append(bins.total(share[:, c] * share[:, d]))
    seen_ring, possible_ring = (torch.stack(s, dim=-1).unflatten(-1, (3, 3)) for s in (seen, possible))
    eye = torch.eye(3, device=signal.device)
    tile = (seen_ring[:, :-1].sum(1) + PRIOR_SAMPLES * PRIOR_CORRELATION) / (
        possible_ring[:, :-1].sum(1) + PRIOR_SAMPLES
    )
    rings = (seen_ring + PRIOR_SAMPLES * tile[:, None]) / (possible_ring + PRIOR_SAMPLES)
    rings = rings.clamp(-LARGEST_CORRELATION, LARGEST_CORRELATION) * (1 - eye) + eye
    values, vectors = torch.linalg.eigh(rings)
    positive = vectors * values.clamp(min=0.01)[..., None, :] @ vectors.mT
    size = positive.diagonal(dim1=-2, dim2=-1).sqrt()
    return positive / (size[..., :, None] * size[..., None, :])


def wiener_estimate(
    spectrum: Tensor, otf: Tensor, signal: Tensor, noise: Tensor, correlation: Tensor, bins: RadialBins
) -> Tensor:
    """The spectrum of the sharp tile, S D^H (D S D^H + N)^-1 y.

    In units of the noise and without the kernels' phases the matrix is real, h_c h_d C_cd + 1 with
    h = |K| sqrt(S / N); it is solved by its Cholesky factor at all frequencies at once.

    Parameters
    ----------
    spectrum, otf : complex [n, 3, F, F // 2 + 1]
    signal, noise : [n, 3, F, F // 2 + 1]
        `noise` includes what is in doubt.
    correlation : [n, count + 1, 3, 3]
        Of each ring.
    """
    noise = noise + LEAST_DOUBT * signal
    absolute = otf.abs()
    h = absolute * (signal / noise).sqrt()
    y = spectrum * otf.conj() / absolute.clamp(min=1e-12) / noise.sqrt()
    rg, rb, gb = (correlation[:, bins.index, i, j] for i, j in ((0, 1), (0, 2), (1, 2)))
    l00 = (h[:, 0].square() + 1).sqrt()
    l10 = h[:, 1] * h[:, 0] * rg / l00
    l20 = h[:, 2] * h[:, 0] * rb / l00
    l11 = (h[:, 1].square() + 1 - l10.square()).sqrt()
    l21 = (h[:, 2] * h[:, 1] * gb - l20 * l10) / l11
    l22 = (h[:, 2].square() + 1 - l20.square() - l21.square()).sqrt()
    v0 = y[:, 0] / l00
    v1 = (y[:, 1] - l10 * v0) / l11
    v2 = (y[:, 2] - l20 * v0 - l21 * v1) / l22.square()
    v1 = (v1 - l21 * v2) / l11
    v0 = (v0 - l10 * v1 - l20 * v2) / l00
    w0, w1, w2 = h[:, 0] * v0, h[:, 1] * v1, h[:, 2] * v2
    together = torch.stack([w0 + rg * w1 + rb * w2, rg * w0 + w1 + gb * w2, rb * w0 + gb * w1 + w2], dim=1)
    return together * signal.sqrt()


def own_estimate(spectrum: Tensor, otf: Tensor, signal: Tensor, noise: Tensor) -> Tensor:
    """The spectrum of the sharp tile with nothing taken from other channels. Parameters as in `wiener_estimate`."""
    return (
        spectrum * otf.conj() * signal / (otf.abs().square() * signal + noise + LEAST_DOUBT * signal).clamp(min=1e-30)
    )


def noise_weight(denoise: float) -> float:
    """What the noise power is multiplied by: 1 (least mean error) at 0.5, 1/8 at 0 and 8 at 1."""
    return float(8.0 ** (2 * denoise - 1))
