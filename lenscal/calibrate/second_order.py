"""Stage G: second-order matching, the Whittle likelihood of the degraded photos' spectra on the mosaic.

The spectral matrix of packed patches at a node is modelled as

    M(f) = sum_a P_a D(f_a) S_x(f_a) D(f_a)^H P_a^H + N,    D = diag(g_c K_c(f)),

f_a the four frequencies that alias to f on the mosaic, P_a the sites' phases, S_x the reference's spectral matrix
without its noise, N the known noise; tr(M^-1 S_y) + log det M is minimised (Whittle 1953; method: closed-form stages).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from lenscal.calibrate.kernels import centroids, interpolation_matrix
from lenscal.calibrate.packed import Packing, read_packed
from lenscal.calibrate.paired import CLIPPED, Shot, cell_positions

WINDOW_PX = 64
CENTROID_WEIGHT = 10.0
"""Spectra say nothing of a shift common to the channels: their mean centroid is held at the centre."""


def patch_places(size: tuple[int, int], cells: tuple[int, int], per_axis: int) -> list[tuple[int, int, int]]:
    """(cell, top, left) of per_axis**2 patches a cell, evenly spread, on whole CFA periods."""
    n = WINDOW_PX
    places = []
    for cell, (y, x) in enumerate(cell_positions(cells)):
        for dy in (np.arange(per_axis) * 2 + 1) / per_axis / 2 - 0.5:
            for dx in (np.arange(per_axis) * 2 + 1) / per_axis / 2 - 0.5:
                top = int(np.clip((y + dy / cells[0]) * size[0] - n / 2, 0, size[0] - n)) // 2 * 2
                left = int(np.clip((x + dx / cells[1]) * size[1] - n / 2, 0, size[1] - n)) // 2 * 2
                places.append((cell, top, left))
    return places


def degraded_spectra(
    shots: Sequence[Shot], cells: tuple[int, int], *, per_axis: int = 2
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Sums over the degraded photos' patches; yields after each photo (the same arrays, growing).

    Yields
    ------
    spectra : complex128 [cells, 4, 4, m, m], sums of Y_p Y_q^* of Hann-windowed packed patches, each over its own power
    noise : [cells, 4], the noise's share in the diagonal
    count : [cells]
    """
    m = WINDOW_PX // 2
    window = np.outer(np.hanning(m), np.hanning(m))
    energy = (window**2).sum()
    n_cells = cells[0] * cells[1]
    spectra, noise, count = np.zeros((n_cells, 4, 4, m, m), np.complex128), np.zeros((n_cells, 4)), np.zeros(n_cells)
    for shot in shots:
        for cell, top, left in patch_places(shot.frame.size, cells, per_axis):
            read = read_packed(shot.frame, shot.noise, top, left, WINDOW_PX)
            if read is None:
                continue
            planes, variance = read
            power = float(planes.var(axis=(1, 2)).mean())
            y = np.fft.fft2((planes - planes.mean((1, 2), keepdims=True)) * window) / np.sqrt(energy * power)
            spectra[cell] += y[:, None] * y[None].conj()
            noise[cell] += variance / power
            count[cell] += 1
        yield spectra, noise, count


def reference_spectra(
    shots: Sequence[Shot], cells: tuple[int, int], lateral: np.ndarray | None, *, per_axis: int = 2
) -> Iterator[np.ndarray]:
    """Spectral matrices of the sharp photos [cells, 3, 3, n, n], n = WINDOW_PX, without noise and lateral colour.

    lateral : ndarray [cells, 3, 2] or None (the reference lies on the axis).
    """
    n = WINDOW_PX
    window = np.outer(np.hanning(n), np.hanning(n))
    energy = (window**2).sum()
    n_cells = cells[0] * cells[1]
    spectra = np.zeros((n_cells, 3, 3, n, n), np.complex128)
    f = np.fft.fftfreq(n)
    for shot in shots:
        m = shot.noise_correlation.shape[-1] // 2
        lags = np.exp(-2j * np.pi * np.outer(f, np.arange(-m, m + 1)))
        colour = np.einsum("yi,cij,xj->cyx", lags, shot.noise_correlation, lags).real
        for cell, top, left in patch_places(shot.frame.size, cells, per_axis):
            patch = shot.frame.rgb_tile(slice(top, top + n), slice(left, left + n)).transpose(2, 0, 1)
            wb = shot.frame.white_balance
            if (patch > CLIPPED * wb[:, None, None]).mean() > 0.002:
                continue
            power = float(patch.var(axis=(1, 2)).mean())
            x = np.fft.fft2((patch - patch.mean((1, 2), keepdims=True)) * window) / np.sqrt(energy * power)
            if lateral is not None:
                shift = lateral[cell][:, :, None, None]
                x = x * np.exp(2j * np.pi * (f[:, None] * shift[:, 0] + f[None, :] * shift[:, 1]))
            spectra[cell] += x[:, None] * x[None].conj()
            level = np.maximum(patch.mean((1, 2)), 0)
            variance = (wb * np.array(shot.noise.a) * level + wb**2 * np.array(shot.noise.b)) / power
            spectra[cell, range(3), range(3)] -= variance[:, None, None] * colour
        yield spectra


def fit_second_order(
    degraded: tuple[np.ndarray, np.ndarray, np.ndarray],
    reference: np.ndarray,
    packing: Packing,
    cells: tuple[int, int],
    shape: tuple[int, int],
    precision: Tensor,
    differences: Tensor,
    *,
    kernel_size: int,
    smoothness: float,
    device: torch.device,
    start: np.ndarray | None = None,
    iterations: int = 150,
) -> Iterator[Tensor]:
    """Yields kernels [nodes, 3, n] as they improve (Adam on logits; the prior is that of the paired fit).

    reference : [nodes or 1, 3, 3, n, n], already pooled to the nodes.
    """
    spectra, noise, count = degraded
    pool = interpolation_matrix(cell_positions(cells), shape).T
    patches = torch.from_numpy(pool @ count).to(device, torch.float32)
    total = np.maximum(pool @ count, 1e-9)
    m = WINDOW_PX // 2
    s_y = np.tensordot(pool, spectra, axes=1) / total[:, None, None, None, None]
    n_y = (pool @ noise) / total[:, None]
    keep = np.zeros((m, m), bool)
    keep[:, : m // 2 + 1] = True
    keep[0, 0] = False
    fy, fx = (v[keep] for v in np.meshgrid(np.fft.fftfreq(m) / 2, np.fft.fftfreq(m) / 2, indexing="ij"))
    s_x = reference / np.abs(reference[:, range(3), range(3)]).mean((1, 2, 3))[:, None, None, None, None]
    channels = list(packing.channels)
    s_y = _tensor(s_y[..., keep].transpose(0, 3, 1, 2), device)
    parts, otfs = [], []
    taps = np.arange(kernel_size) - kernel_size // 2
    for ay in (0.0, 0.5):
        for ax in (0.0, 0.5):
            gy, gx = fy + ay, fx + ax
            iy, ix = (np.round(g * WINDOW_PX).astype(int) % WINDOW_PX for g in (gy, gx))
            sites = np.exp(2j * np.pi * np.stack([gy * oy + gx * ox for oy, ox in packing.offsets], -1))
            block = s_x[:, :, :, iy, ix].transpose(0, 3, 1, 2)
            block = _positive(block)[:, :, channels][:, :, :, channels]
            parts.append(_tensor(block * sites[None, :, :, None] * sites[None, :, None, :].conj(), device))
            phase = np.exp(-2j * np.pi * (gy[:, None, None] * taps[:, None] + gx[:, None, None] * taps[None]))
            otfs.append(_tensor(phase.reshape(len(gy), -1), device))
    noise_matrix = torch.diag_embed(torch.from_numpy(n_y).to(device, torch.float32))[:, None]
    nodes = shape[0] * shape[1]
    logits = torch.zeros(nodes, 3, kernel_size**2, device=device)
    if start is None:
        u = np.hypot(taps[:, None], taps[None]).ravel()
        logits += torch.from_numpy(-(u**2) / 2 / 1.2**2).to(device, torch.float32)
    else:
        logits += torch.from_numpy(np.log(start.reshape(nodes, 3, -1) + 1e-5)).to(device)
    logits.requires_grad_()
    level = s_y.diagonal(dim1=-2, dim2=-1).real.mean((1, 2)).sqrt().log()
    gains = (level[:, None].repeat(1, 3)).clone().requires_grad_()
    optimiser = torch.optim.Adam([{"params": [logits], "lr": 0.08}, {"params": [gains], "lr": 0.03}], betas=(0.9, 0.98))
    squared = differences.T @ differences
    for step in range(iterations):
        for group, rate in zip(optimiser.param_groups, (0.08, 0.03), strict=True):
            group["lr"] = rate * (0.5 + 0.5 * np.cos(np.pi * step / iterations)) + 1e-3
        optimiser.zero_grad()
        kernels = logits.softmax(-1)
        scaled = kernels * gains.exp()[..., None]
        model = noise_matrix.to(torch.complex64)
        for block, otf in zip(parts, otfs, strict=True):
            d = torch.einsum("ncu,fu->nfc", scaled.to(torch.complex64), otf)[..., channels]
            model = model + d[..., :, None] * block * d[..., None, :].conj()
        factor = torch.linalg.cholesky(model + 1e-6 * torch.eye(4, device=device))
        fit = torch.linalg.solve_triangular(factor, s_y, upper=False)
        fit = torch.linalg.solve_triangular(factor, fit.mH, upper=False)
        trace = fit.diagonal(dim1=-2, dim2=-1).real.sum(-1)
        logdet = 2 * factor.diagonal(dim1=-2, dim2=-1).real.log().sum(-1)
        likelihood = ((trace + logdet).sum(1) * patches).sum()
        bent = kernels + smoothness * torch.einsum("mo,oau->mau", squared, kernels)
        prior = 0.5 * (kernels * torch.einsum("auv,mav->mau", precision, bent)).sum()
        middle = centroids(kernels.view(nodes, 3, kernel_size, kernel_size)).mean(1)
        loss = (likelihood + prior) / patches.sum() + CENTROID_WEIGHT * middle.square().sum(-1).mean()
        loss.backward()
        optimiser.step()
        yield logits.detach().softmax(-1)


def _tensor(array: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(device, torch.complex64)


def _positive(matrices: np.ndarray) -> np.ndarray:
    """Hermitian matrices [..., 3, 3] with negative eigenvalues raised to a small positive share of the largest."""
    values, vectors = np.linalg.eigh((matrices + np.swapaxes(matrices, -1, -2).conj()) / 2)
    values = np.maximum(values, 1e-4 * np.abs(values).max(axis=-1, keepdims=True))
    return np.asarray(np.einsum("...ij,...j,...kj->...ik", vectors, values, vectors.conj()))
