"""The Wiener filter for the three colours together, with the photo's spectra estimated where they
are used.

    x(f) = S D^H (D S D^H + N)^-1 y(f),    D = diag(K_R, K_G, K_B)(f)

y: the degraded tile; K: its kernels' transfer functions; N: the noise power of each channel, which
is the sensor's and, for what the kernels do not tell, E |dK|^2 S: their own errors (`kernel_error`)
and the mosaic's aliases; S: the 3 x 3 power spectrum of the sharp tile. S_cd = C_cd sqrt(S_c S_d),
with one correlation matrix C a ring of frequencies and S_c modelled as exp(t0 + t1 L + t2 L^2), L =
log(f / 0.1): a power law that may bend. Its three numbers are those that make the tile's own
spectrum likeliest (Whittle likelihood), so there is no constant to choose; where the tile's power
stands above its noise, each ring is then given what it shows. As photos' colours go together, what
one channel has lost is taken from the others. Powers are in signal units squared per pixel: white
noise of variance v has N(f) = v.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.restore.demosaic import squared

PIVOT_CY_PER_PX = 0.1
"""Frequency at which L = 0: in the middle of what photos show, so that t0 and t1 hardly depend on
one another."""
PRIOR_MEAN = (-9.0, -2.2, 0.0)
PRIOR_PRECISION = (1e-3, 4.0, 10.0)
"""Loose: photos' spectra fall with the square of the frequency, more or less."""
STEEPEST_RISE = -1.0
"""Slope that the spectrum keeps at least where its bend would have it rise again: there, noise
hides what there is."""
LARGEST_PULL = 2.0
"""No ring pulls harder than one with three times the power it should have: keeps the iteration from
overshooting."""
LAW_SAMPLES = 20.0
"""How many samples of a ring the fitted law is worth, against those the tile has in it."""
PRIOR_CORRELATION = 0.9
PRIOR_SAMPLES = 20.0
"""Colours of photos go together: what holds where a tile says little, and how many samples that is
worth."""
LARGEST_CORRELATION = 0.9
"""A tile may hold grey things and a red one: what goes together in most of it must not be painted
on the rest, and demosaicing makes fine detail look more alike than it is. At 0.99 colour leaks, at
0.8 photos gain no more (0.05 dB)."""
LEAST_DOUBT = 1e-6
"""Part of the signal that counts as noise even without sensor noise and for a sure kernel: keeps
divisions finite."""

PROBES_A_RING = 96
"""Frequencies of a ring at which a tile's spectrum is looked at: as good as all (0.002 dB)."""
SUPPORT_PX = 40
"""Least size of the filters in pixels: they are worked out at that many frequencies and are smooth
in between."""


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """Rings of equal relative width in the half plane of a real FFT, and the frequencies at which
    they are probed.

    The last of the R rings is DC and what the window smears over it. Each has P probes; rings with
    fewer members have some of weight 0. Quantities at the probes are [..., R, P].

    Attributes
    ----------
    index : Tensor [R * P]
        Flat positions in the half plane [F, F // 2 + 1].
    f : Tensor [R, P]
        Cycles/px.
    share : Tensor [R, P]
        What each probe adds to its ring's mean.
    log_f : Tensor [R]
        L of each ring; DC's is that of the lowest frequencies.
    weight : Tensor [R]
        Independent samples in each ring, 0 for empty rings.
    """

    index: Tensor
    f: Tensor
    share: Tensor
    log_f: Tensor
    weight: Tensor

    @property
    def lowest_cy_per_px(self) -> float:
        """The lowest frequency at which the spectrum's law is asked for its value."""
        return torch.exp(self.log_f.min()).item() * PIVOT_CY_PER_PX

    @property
    def basis(self) -> Tensor:
        """[R - 1, 3]: 1, L, L^2."""
        return _basis(self.log_f[:-1])

    def mean(self, values: Tensor) -> Tensor:
        """Ring means [..., R] of values [..., R, P]."""
        return (values * self.share).sum(-1)

    def interpolation(self, f: Tensor) -> Tensor:
        """[R, ...]: weights by which ring values become values at frequencies f [...], linear in
        log f."""
        # DC's ring is the last, but the lowest.
        order = torch.argsort(self.log_f)
        centres = self.log_f[order].contiguous()
        log_f = _log(f, torch.exp(centres[0]).item() * PIVOT_CY_PER_PX).clamp(
            max=centres[-1].item()
        )
        upper = torch.searchsorted(centres, log_f).clamp(1, len(centres) - 1)
        part = (log_f - centres[upper - 1]) / (centres[upper] - centres[upper - 1]).clamp(min=1e-6)
        # Two rings have a say at each frequency.
        out = torch.zeros(len(centres), *f.shape, device=f.device)
        out.scatter_(0, order[upper - 1][None], (1 - part)[None])
        return out.scatter_(0, order[upper][None], part[None])


def rings_for(
    field_px: int, window_px: int, count: int = 20, *, device: torch.device | str = "cpu"
) -> Rings:
    """Rings for FFTs of `field_px` px of windows of `window_px` px (which sets how many samples are
    independent)."""
    f = np.hypot(np.fft.fftfreq(field_px)[:, None], np.fft.rfftfreq(field_px)).ravel()
    lowest = 1.5 / window_px
    # Up to the half plane's corner, 0.5 sqrt(2).
    edges = np.geomspace(lowest, 0.71, count + 1)
    ring = np.minimum(np.searchsorted(edges, f, side="right") - 1, count - 1)
    ring = np.where(f < lowest, count, ring)
    members = np.bincount(ring, minlength=count + 1)
    index = np.zeros((count + 1, PROBES_A_RING), np.int64)
    share = np.zeros((count + 1, PROBES_A_RING), np.float32)
    # At random, but the same for every photo: a regular choice would prefer some directions.
    rng = np.random.default_rng(0)
    for number, n in enumerate(members):
        n_probes = min(n, PROBES_A_RING)
        index[number, :n_probes] = rng.permutation(np.flatnonzero(ring == number))[:n_probes]
        share[number, :n_probes] = 1 / max(n_probes, 1)
    log_f = np.log(np.maximum(f, lowest / 1.5) / PIVOT_CY_PER_PX)
    middle = np.log(np.sqrt(edges[1:] * edges[:-1]) / PIVOT_CY_PER_PX)
    log_ring = np.bincount(ring, log_f, minlength=count + 1) / np.maximum(members, 1)
    log_ring = np.where(members > 0, log_ring, np.append(middle, 0))
    # The field is larger than the window: neighbouring frequencies are not independent.
    samples = np.minimum(members * (window_px / field_px) ** 2, PROBES_A_RING)

    def tensor(values: NDArray[np.floating]) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=device)

    return Rings(
        torch.as_tensor(index.ravel(), device=device),
        tensor(f[index]),
        tensor(share),
        tensor(log_ring),
        tensor(samples),
    )


def _log(f: Tensor, lowest: float) -> Tensor:
    """L of frequencies; below `lowest` the law is flat."""
    return torch.log(f.clamp(min=lowest) / PIVOT_CY_PER_PX)


def _basis(log_f: Tensor) -> Tensor:
    """[..., 3]: 1, L, L^2."""
    return torch.stack([torch.ones_like(log_f), log_f, log_f**2], dim=-1)


def fit_signal(
    power: Tensor, otf_power: Tensor, noise: Tensor, rings: Rings, *, n_iter: int = 12
) -> Tensor:
    """Parameters [..., 3] of the sharp signal's spectrum, by Fisher scoring of the Whittle
    likelihood.

    Minimises sum_b n_b (log M_b + P_b / M_b) + prior, M = |K|^2 S + N.

    Parameters
    ----------
    power, otf_power, noise : Tensor [..., R - 1]
        Ring means, without DC's, of the degraded tile's periodogram P, of |K|^2 and of the noise
        power N.
    rings : Rings
    """
    basis, weight = rings.basis, rings.weight[:-1]
    mean = torch.tensor(PRIOR_MEAN, device=power.device)
    precision = torch.diag(torch.tensor(PRIOR_PRECISION, device=power.device))
    # To begin with, least squares of log S by what stands above the noise.
    first_guess = ((power - noise) / otf_power.clamp(min=1e-6)).clamp(min=1e-14).log()
    # A ring that noise fills says nothing.
    trust = weight * ((power - noise) / power.clamp(min=1e-30)).clamp(min=1e-3).square()
    curvature = torch.einsum("...b,bi,bj->...ij", trust, basis, basis) + precision
    theta: Tensor = mean + torch.linalg.solve(
        curvature, ((first_guess - basis @ mean) * trust) @ basis
    )
    for _ in range(n_iter):
        signal = otf_power * torch.exp((theta @ basis.T).clamp(-40, 20))
        model = signal + noise
        share = signal / model.clamp(min=1e-30)
        # The likelihood's slope in log S, ring by ring.
        pull = weight * share * (power / model.clamp(min=1e-30) - 1).clamp(max=LARGEST_PULL)
        gradient = pull @ basis - (theta - mean) @ precision
        # Its expected curvature, which unlike the true one is never negative.
        fisher = torch.einsum("...b,bi,bj->...ij", weight * share**2, basis, basis) + precision
        step: Tensor = torch.linalg.solve(fisher, gradient)
        theta = theta + step.clamp(-2, 2)
    return theta


def law_power(theta: Tensor, log_f: Tensor) -> Tensor:
    """The law's S [..., *] of parameters [..., 3] at L [*] of any shape."""
    t0, t1, t2 = (theta[..., i].view(*theta.shape[:-1], *(1,) * log_f.ndim) for i in range(3))
    # A parabola up to where its slope is the least that is allowed, a straight line from there on.
    turning_point = (STEEPEST_RISE - t1) / (2 * t2).clamp(min=1e-6)
    turning_point = torch.where(t2 > 0, turning_point, torch.full_like(t2, 10.0))
    on_parabola = torch.minimum(log_f, turning_point)
    log_signal = t0 + t1 * on_parabola + t2 * on_parabola**2
    log_signal = log_signal + STEEPEST_RISE * (log_f - on_parabola)
    return torch.exp(log_signal.clamp(-40, 20))


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """The sharp tiles' spectra: the law's parameters [n, 3, 3] and log S over the law's in each
    ring [n, 3, R]."""

    theta: Tensor
    log_factor: Tensor
    rings: Rings

    def at_probes(self) -> Tensor:
        """S [n, 3, R, P]."""
        log_f = _log(self.rings.f, self.rings.lowest_cy_per_px)
        return law_power(self.theta, log_f) * self.log_factor.exp()[..., None]

    def at(self, f: Tensor, interpolation: Tensor) -> Tensor:
        """S [n, 3, *] at frequencies f [*], given `rings.interpolation(f)`."""
        log_factor = torch.tensordot(self.log_factor, interpolation, dims=1)
        factor: Tensor = log_factor.exp()
        return law_power(self.theta, _log(f, self.rings.lowest_cy_per_px)) * factor


def fitted_signal(
    spectrum: Tensor, otf: Tensor, noise: Tensor, doubt: Tensor, rings: Rings
) -> Signal:
    """The sharp tiles' spectra S_c(f). Parameters [n, 3, R, P] as in `channel_correlation`.

    The law is fitted to all rings, and the many samples of the high ones decide: at low frequencies
    it may be wrong by a factor of 1000 beside saturated colours, and a channel thought too weak
    there is painted with the others' light. So each ring's power is updated by what was seen in it,
    as in the EM algorithm: S' = S + (S |K|^2 / M) (P / M - 1) S with M = |K|^2 S + N, weighed
    against the law by the number of samples. Where noise hides the signal the law stays.
    """
    passed = squared(otf) + doubt
    power, ring_passed, ring_noise = (rings.mean(p) for p in (squared(spectrum), passed, noise))
    theta = fit_signal(power[..., :-1], ring_passed[..., :-1], ring_noise[..., :-1], rings)
    # The law first; then each ring says how far it is from it.
    law = Signal(theta, torch.zeros_like(power), rings)
    visible = rings.mean(passed * law.at_probes())
    model = (visible + ring_noise).clamp(min=1e-30)
    trust = rings.weight / (rings.weight + LAW_SAMPLES)
    factor = 1 + trust * visible / model * (power / model - 1)
    return Signal(theta, factor.clamp(min=1e-3).log(), rings)


def channel_correlation(
    spectrum: Tensor, otf: Tensor, signal: Tensor, noise: Tensor, doubt: Tensor, rings: Rings
) -> Tensor:
    """How the sharp tile's colours go together in each ring: correlation matrices C [n, R, 3, 3].

    Least squares of Y_c conj(Y_d) = K_c conj(K_d) sqrt(S_c S_d) C_cd, each channel divided by its
    expected power, first over the whole tile, then ring by ring with the tile's matrix as a prior.
    Positive definite.

    Parameters
    ----------
    spectrum : complex [n, 3, R, P]
        Of the degraded tile, in units in which |Y|^2 is its power.
    otf, signal, noise : [n, 3, R, P]
    doubt : [n, 3, R, P]
        The power that signal of power 1 leaves in the photo beside |K|^2: by errors of the kernel,
        by aliases.
    """
    # What the photo should show at each frequency: signal, doubt and noise.
    power = squared(otf)
    total = ((power + doubt) * signal + noise).clamp(min=1e-30)
    # Without the kernel's phase, and in units of the expected power.
    amplitude = torch.view_as_real(spectrum * otf.conj() * (signal.sqrt() / total))
    share = power * signal / total
    member = rings.share > 0
    count = member * (rings.weight / member.sum(-1).clamp(min=1))[:, None]
    product_sums, expected_sums = [], []
    for c, d in PAIRS:
        product_sums.append(((amplitude[:, c] * amplitude[:, d]).sum(-1) * count).sum(-1))
        expected_sums.append((share[:, c] * share[:, d] * count).sum(-1))
    product, expected = torch.stack(product_sums, -1), torch.stack(expected_sums, -1)
    of_tile = (product[:, :-1].sum(1) + PRIOR_SAMPLES * PRIOR_CORRELATION) / (
        expected[:, :-1].sum(1) + PRIOR_SAMPLES
    )
    of_ring = (product + PRIOR_SAMPLES * of_tile[:, None]) / (expected + PRIOR_SAMPLES)
    return positive(of_ring.clamp(-LARGEST_CORRELATION, LARGEST_CORRELATION))


PAIRS = ((0, 1), (0, 2), (1, 2))
"""Two colours each: red and green, red and blue, green and blue."""
SURE_DETERMINANT = 0.0225
"""A correlation matrix of three with at least this determinant has no eigenvalue below 0.01."""


def positive(together: Tensor) -> Tensor:
    """Correlation matrices [..., 3, 3] of the correlations [..., 3] of `PAIRS`; no eigenvalue below
    0.01."""
    matrix = torch.eye(3, device=together.device).repeat(*together.shape[:-1], 1, 1)
    for number, (c, d) in enumerate(PAIRS):
        matrix[..., c, d] = matrix[..., d, c] = together[..., number]
    # Eigenvalues are slow: the determinant shows which matrices may need them, few.
    rg, rb, gb = together.unbind(-1)
    determinant = 1 + 2 * rg * rb * gb - rg.square() - rb.square() - gb.square()
    doubtful = determinant < SURE_DETERMINANT
    if doubtful.any():
        values, vectors = torch.linalg.eigh(matrix[doubtful])
        raised = vectors * values.clamp(min=0.01)[..., None, :] @ vectors.mT
        # A correlation matrix again: ones on the diagonal.
        size = raised.diagonal(dim1=-2, dim2=-1).sqrt()
        matrix[doubtful] = raised / (size[..., :, None] * size[..., None, :])
    return matrix


def joint_filter(
    power: Tensor, signal: Tensor, noise: Tensor, correlation: Tensor
) -> tuple[Tensor, Tensor]:
    """The Wiener filter without the kernels' phases, at some frequencies.

    x_c = sum_d B_cd conj(K_d) y_d with B = S (|D|^2 S + N)^-1 = s^1/2 (h^2 + C^-1)^-1 s^1/2 N^-1,
    h^2 = |K|^2 s / N, real, solved by cofactors; b_c = S_c / (|K_c|^2 S_c + N_c) is the filter that
    takes nothing from other channels.

    Parameters
    ----------
    power, signal, noise : [n, 3, *]
        |K|^2, S and N, which includes what is in doubt.
    correlation : [n, 3, 3, *]

    Returns
    -------
    B : [n, 3, 3, *]
    b : [n, 3, *]
    """
    noise = (noise + LEAST_DOUBT * signal).clamp(min=1e-30)
    ratio = signal / noise
    h = power * ratio
    # C^-1, symmetric: cofactors over the determinant. `positive` has kept it away from 0.
    rg, rb, gb = (correlation[:, c, d] for c, d in PAIRS)
    minors = (1 - gb.square(), 1 - rb.square(), 1 - rg.square())
    determinant = (minors[0] - rg * (rg - gb * rb) + rb * (rg * gb - rb)).clamp(min=1e-6)
    inverse = 1 / determinant
    p01, p02, p12 = (rb * gb - rg) * inverse, (rg * gb - rb) * inverse, (rg * rb - gb) * inverse
    # (h^2 + C^-1)^-1 in the same way.
    a, b, c = (minors[i] * inverse + h[:, i] for i in range(3))
    c00, c11, c22 = b * c - p12 * p12, a * c - p02 * p02, a * b - p01 * p01
    c01, c02, c12 = p02 * p12 - p01 * c, p01 * p12 - p02 * b, p01 * p02 - p12 * a
    scale = 1 / (a * c00 + p01 * c01 + p02 * c02)
    solved = torch.stack([c00, c01, c02, c01, c11, c12, c02, c12, c22], 1) * scale[:, None]
    solved = solved.view(len(solved), 3, 3, *solved.shape[2:])
    amplitude = signal.sqrt()
    joint = solved * amplitude[:, :, None] * (amplitude / noise)[:, None]
    return joint, ratio / (h + 1)


def least_noise(joint: Tensor, otf: Tensor, noise: Tensor, weight: Tensor) -> Tensor:
    """The part w [n] of the correction that leaves the least noise where there is nothing else,
    0..1.

    y + w (G y - y) with G_cd = B_cd conj(K_d) has the noise power sum over f of |1 + w (G - 1)|^2
    N: where the filter takes noise off, w is near 1, where it makes noise stronger, near 0.

    Parameters
    ----------
    joint : Tensor [n, 3, 3, *]
        B.
    otf : complex Tensor [n, 3, *]
        K.
    noise : Tensor [n, 3, *]
        Noise power.
    weight : Tensor [*]
        How often each frequency counts.
    """
    # |1 + w (G - 1)|^2 N summed is a parabola in w: with the sums of N, N Re G and N |G|^2 its
    # lowest point is known.
    own = joint.diagonal(dim1=1, dim2=2).movedim(-1, 1)
    correlated = (own * otf.real * noise * weight).flatten(1).sum(-1)
    power = (joint.square().sum(1) * squared(otf) * noise * weight).flatten(1).sum(-1)
    before = (noise * weight).flatten(1).sum(-1)
    curvature = (before - 2 * correlated + power).clamp(min=1e-30)
    return ((before - correlated) / curvature).clamp(0, 1)


def noise_weight(denoise: float) -> float:
    """What the noise power is multiplied by: 1 (least mean error) at 0.5, 1/8 at 0 and 8 at 1."""
    return float(8.0 ** (2 * denoise - 1))
