"""Normal equations of one tile of a pair of photos (stage P): from window to equations.

For a site s of channel c in a cell of the field with kernel K:   y(s) = sum_u K_c(u) x_c(s + d - u)
+ noise. x is the sharp photo, demosaiced linearly and moved onto the degraded one; y are only those
sites that the degraded photo's colour filter array really measured, or all where there is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lenscal.calibration.field.geometry import shifted_window, span_with_room
from lenscal.calibration.packing import clipping_limit
from lenscal.calibration.pairs.linear_demosaic import MARGIN_PX, linear_tile
from lenscal.calibration.pairs.sinc_shift import SINC_HALF_WIDTH, sinc_shift
from lenscal.raw.frame import Frame

LEAST_SIDE_PX = 8
"""What is left of a tile at the photo's border must have at least this side to be worth reading."""
LEAST_USABLE = 0.3
"""A tile with a smaller share of unclipped sites is left out: light spills around clipped ones."""
DETAIL_PX = 5
"""Texture is what differs from means over squares of this side."""
LEAST_TILE_BRIGHTNESS = 1e-4
"""Mean value below which a tile tells nothing of the apertures' brightness."""
LARGEST_GAIN_LOG = math.log(8)
"""Of a tile's brightness against its photo's: three stops are more than vignetting."""
FIRST_EXCESS = 0.02
"""Of the texture's variance, counted as noise while no kernel is known: what kernels of a few taps
cannot explain goes with the texture."""
LEAST_EXCESS = 0.002
"""The same once kernels of the pass before show what they leave, at least."""
MOST_SPREAD = 8.0
MOST_SPREAD_OF_TEXTURE = 0.3
"""A tile whose residual's variance exceeds this many times the noise's plus this part of the
texture's is misplaced or has moved between the shots: it is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class TilePair:
    """What all tiles of a pair share.

    gains : [3], factors that give the sharp photo's channels the degraded one's brightness
    scene : [3, 3, s, s], mean spectral matrices of the sharp photos (`scene_spectrum`)
    kernel_size : px
    """

    sharp: Frame
    degraded: Frame
    gains: NDArray[np.float64]
    scene: NDArray[np.complex128]
    kernel_size: int
    device: torch.device

    @property
    def channels(self) -> tuple[int, ...]:
        """The colours that the degraded photo knows."""
        return self.degraded.plane_channels


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A tile of the degraded photo.

    displacement : [2] px (dy, dx): it shows at s what the sharp photo shows at s + displacement
    lateral : [3, 2] px, lateral colour of the sharp photo there
    kernel : [3, k * k] of the pass before, or None
    """

    cell: int
    rows: slice
    cols: slice
    displacement: NDArray[np.float64]
    lateral: NDArray[np.float64]
    kernel: Tensor | None


@dataclass(frozen=True, slots=True, eq=False)
class ChannelEquations:
    """gram [n, n], cross [n] of one channel of a tile, and how many sites they rest on."""

    gram: Tensor
    cross: Tensor
    sites: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class TileEquations:
    """Equations of a tile's channels, None where a channel cannot be used, and the Gauss-Newton
    equations of its displacement, matrix [2, 2] and vector [2]."""

    channels: tuple[ChannelEquations | None, ...]
    matrix: NDArray[np.float64]
    vector: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Regressor:
    """The sharp photo as it stands behind a tile, and the sites that can be compared with it.

    x : [3, h + k - 1, w + k - 1], linear, as bright as the degraded photo
    smooth : [3, h, w], x without texture
    detail : [3], variance of the texture
    value, multiplier : [n, h, w] of the degraded photo: its mosaic, or the planes of a photo that
        knows all its colours everywhere
    channel : [h, w] of a mosaic, 0 R, 1 G, 2 B; [1, 1] for planes, which are told apart by n
    usable : bool [h, w], light clips in neither photo
    """

    x: Tensor
    smooth: Tensor
    detail: Tensor
    value: Tensor
    multiplier: Tensor
    channel: NDArray[np.uint8]
    usable: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """The sites of one channel: what they measure and from what.

    design : [sites, n], the sharp photo's pixels under the (mirrored) kernel
    target : [sites], the degraded photo
    light, constant : [sites], the noise's variance per brightness gain, and without light
    use : [sites], 0 or 1
    """

    design: Tensor
    target: Tensor
    light: Tensor
    constant: Tensor
    use: Tensor


def tile_equations(pair: TilePair, tile: Tile) -> TileEquations | None:
    """The equations of one tile; None where it cannot be used at all."""
    regressor = _regressor(pair, tile)
    if regressor is None:
        return None
    matrix, vector = np.zeros((2, 2)), np.zeros(2)
    channels: list[ChannelEquations | None] = []
    for c in range(3):
        # A monochrome photo's equations stand for all colours.
        if c not in pair.channels:
            continue
        sites = _sites(pair, regressor, c)
        kernel = None if tile.kernel is None else tile.kernel[c]
        gain_and_weights = _weights(sites, kernel, float(regressor.detail[c]))
        if gain_and_weights is None:
            channels.append(None)
            continue
        tile_gain, weights = gain_and_weights
        channels.append(_equations(sites, tile_gain, weights))
        # Without kernels nobody knows what the displacement leaves.
        if kernel is not None:
            g, remainder = _displaced(sites, tile_gain, weights, kernel)
            matrix += (g.T @ (g * weights[:, None])).cpu().numpy()
            vector += (g.T @ (weights * remainder)).cpu().numpy()
    if len(channels) == 1:
        channels *= 3
    return TileEquations(tuple(channels), matrix, vector)


def _regressor(pair: TilePair, tile: Tile) -> Regressor | None:
    """Read both photos; None where too little of the tile can be compared."""
    k, device = pair.kernel_size, pair.device
    r = k // 2
    # In whole pixels first, which cost no interpolation.
    whole = np.round(tile.displacement).astype(int)
    # The kernel's reach, and what the interpolation crops.
    margin = r + SINC_HALF_WIDTH
    room, size = margin + MARGIN_PX, pair.sharp.size
    ys = span_with_room(tile.rows, int(whole[0]), room, size[0])
    xs = span_with_room(tile.cols, int(whole[1]), room, size[1])
    if ys.stop - ys.start < LEAST_SIDE_PX or xs.stop - xs.start < LEAST_SIDE_PX:
        return None
    window = shifted_window((ys, xs), whole, margin)
    x = linear_tile(pair.sharp, pair.sharp.noise, window, pair.scene, tile.lateral, device)
    clipped = _clipped_nearby(pair, x, window)
    # Whole pixels are moved by reading elsewhere, the rest by interpolation.
    x = sinc_shift(x, torch.from_numpy(tile.displacement - whole + tile.lateral).to(device))
    x = x * torch.from_numpy(pair.gains).to(device, torch.float32)[:, None, None]
    value, channel, multiplier = _measured(pair.degraded, ys, xs)
    y, mult = (torch.from_numpy(v).to(device) for v in (value, multiplier))
    limit = clipping_limit(mult * _clipping_of(pair.degraded, channel).to(device))
    usable = (y < limit).all(0) & ~clipped
    if usable.float().mean() < LEAST_USABLE:
        return None
    # What has no texture shows no blur, and photon noise is worked out from it.
    smooth = _without_texture(x, r)
    detail = (x[:, r:-r, r:-r] - smooth).square().mean((1, 2))
    return Regressor(x, smooth, detail, y, mult, channel, usable)


def _measured(
    frame: Frame, ys: slice, xs: slice
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]:
    """`Regressor.value`, `channel` and `multiplier`."""
    if frame.mosaic.size > 0:
        value, channel, multiplier = frame.mosaic_tile(ys, xs)
        return value[None], channel, multiplier[None]
    value, multiplier = frame.planes_tile(ys, xs)
    return value, np.zeros((1, 1), np.uint8), multiplier


def _clipping_of(frame: Frame, channel: NDArray[np.uint8]) -> Tensor:
    """Where what `_measured` gives clips, RAW values 0..1, [1, h, w] or [n, 1, 1]."""
    if frame.mosaic.size > 0:
        return torch.from_numpy(frame.clipping[channel][None])
    return torch.from_numpy(frame.clipping[list(frame.plane_channels), None, None])


def _clipped_nearby(pair: TilePair, x: Tensor, window: tuple[slice, slice]) -> Tensor:
    """bool [h, w]: whether light clips in the sharp photo anywhere under the kernel at a site."""
    # Light clips in RAW values: white balance and vignetting come after.
    level = torch.from_numpy(pair.sharp.limit_tile(*window).mean((0, 1))).to(pair.device)
    clips = (x > clipping_limit(level)[:, None, None]).amax(0).float()
    # Whatever clips under the kernel would enter the site's equation.
    nearby = F.max_pool2d(clips[None], pair.kernel_size, 1)[0] > 0
    return nearby[SINC_HALF_WIDTH:-SINC_HALF_WIDTH, SINC_HALF_WIDTH:-SINC_HALF_WIDTH]


def _without_texture(x: Tensor, r: int) -> Tensor:
    """Means of x [3, h + 2 r, w + 2 r] over `DETAIL_PX` squares at the sites [3, h, w]; over the
    kernel's square where that is smaller."""
    cut = r - DETAIL_PX // 2
    if cut <= 0:
        return F.avg_pool2d(x, 2 * r + 1, 1)
    return F.avg_pool2d(x, DETAIL_PX, 1)[:, cut:-cut, cut:-cut]


def _sites(pair: TilePair, regressor: Regressor, c: int) -> Sites:
    """The sites of channel c, period by period of the colour filter array."""
    k, is_mosaic = pair.kernel_size, pair.degraded.mosaic.size > 0
    p, q = pair.degraded.cfa.shape if is_mosaic else (1, 1)
    # Planes know their colour everywhere; a mosaic is one for all colours.
    plane = 0 if is_mosaic else pair.channels.index(c)
    value, multiplier = regressor.value[plane], regressor.multiplier[plane]
    designs, targets, noises, uses = [], [], [], []
    a, b = pair.degraded.noise.a[c], pair.degraded.noise.b[c]
    for i in range(p):
        for j in range(q):
            if is_mosaic and regressor.channel[i, j] != c:
                continue
            # Every site of one place in the period, with the kernel's square around it.
            patch = regressor.x[c, i:, j:].unfold(0, k, p).unfold(1, k, q)
            site = (slice(i, None, p), slice(j, None, q))
            rows, cols = value[site].shape
            designs.append(patch[:rows, :cols].reshape(-1, k * k))
            targets.append(value[site].reshape(-1))
            m = multiplier[site].reshape(-1)
            s = regressor.smooth[c][site].reshape(-1)
            # The light is the sharp photo's, so that weights do not follow the noise they weigh.
            noises.append(torch.stack([m * a * s.clamp(min=0), m * m * b]))
            uses.append(regressor.usable[site].reshape(-1))
    light, constant = torch.cat(noises, 1)
    use = torch.cat(uses).float()
    return Sites(torch.cat(designs), torch.cat(targets), light, constant, use)


def _weights(sites: Sites, kernel: Tensor | None, detail: float) -> tuple[float, Tensor] | None:
    """How much brighter the degraded photo is in the tile, and the sites' weights [sites]; None
    where the tile's channel is not to be trusted.

    kernel : [n] of the pass before; detail : variance of the texture
    """
    target, use = sites.target, sites.use
    # Before there are kernels, a mean over the kernel's square is blurred enough.
    blurred = sites.design.mean(1) if kernel is None else sites.design @ kernel.flip(-1)
    tile_gain = _local_gain(target, blurred, use)
    if tile_gain is None:
        return None
    noise, textured = tile_gain * sites.light + sites.constant, tile_gain**2 * detail
    if kernel is None:
        excess = FIRST_EXCESS * textured
    else:
        residual = target - tile_gain * blurred
        # About its mean: a level that differs is not the kernel's.
        residual = residual - (residual * use).sum() / use.sum().clamp(min=1)
        # What residuals show beyond noise: the sharp photo is an estimate, too.
        spread = float((residual.square() * use).sum() / use.sum().clamp(min=1))
        expected = float((noise * use).sum() / use.sum().clamp(min=1))
        if spread > MOST_SPREAD * expected + MOST_SPREAD_OF_TEXTURE * textured:
            return None
        # Never nothing: noise is known well, kernels of k x k taps are not exact.
        excess = max(spread - expected, LEAST_EXCESS * textured)
    return tile_gain, use / (noise + excess)


def _local_gain(degraded: Tensor, blurred: Tensor, use: Tensor) -> float | None:
    """How much brighter the degraded photo is in a tile than the sharp one, blurred; None where
    that is not known.

    Kernels sum to 1: what differs between the apertures' vignetting would otherwise pass for blur
    or for sharpness.
    """
    light = float((blurred * use).sum())
    if light <= LEAST_TILE_BRIGHTNESS * float(use.sum()):
        return None
    # The ratio of sums: a mean of ratios would follow the darkest sites.
    gain = float((degraded * use).sum()) / light
    return gain if gain > 0 and abs(math.log(gain)) < LARGEST_GAIN_LOG else None


def _equations(sites: Sites, tile_gain: float, weights: Tensor) -> ChannelEquations:
    """Weighted least squares about the weighted means: black levels that are a little off cancel.

    Rows of the design run the other way than kernels (convolution), which the flips undo.
    """
    # Clamped: a tile whose sites all have weight zero must not give nothing over nothing.
    total = weights.sum().clamp(min=1e-12)
    root = weights.sqrt()
    # Roots of the weights on both sides keep the Gram matrix symmetric to the last bit.
    weighted = sites.design * (tile_gain * root)[:, None]
    mean, level = (root @ weighted) / total, (weights @ sites.target) / total
    gram = (weighted.T @ weighted - total * torch.outer(mean, mean)).flip(-1, -2)
    cross = (weighted.T @ (root * sites.target) - total * level * mean).flip(-1)
    return ChannelEquations(gram, cross, sites.use.sum())


def _displaced(
    sites: Sites, tile_gain: float, weights: Tensor, kernel: Tensor
) -> tuple[Tensor, Tensor]:
    """How the blurred sharp photo changes with the tile's displacement [sites, 2], and what the
    kernel [n] leaves of the degraded one [sites], both about their weighted means."""
    k = round(len(kernel) ** 0.5)
    grid = kernel.view(k, k)
    # One product for both slopes and for the kernel itself.
    slopes = [_slope(grid, 0).reshape(-1), _slope(grid, 1).reshape(-1), grid.reshape(-1)]
    total = weights.sum().clamp(min=1e-12)
    level = (weights @ sites.target) / total
    response = tile_gain * (sites.design @ torch.stack(slopes, -1).flip(0))
    # About the weighted mean, as the equations of the kernel are.
    response = response - (weights @ response)[None] / total
    return response[:, :2], sites.target - level - response[:, 2]


def _slope(kernel: Tensor, axis: int) -> Tensor:
    """(K(u + 1) - K(u - 1)) / 2 along an axis: the derivative of K * x with the displacement."""
    # Beyond the frame there is no light.
    padded = F.pad(kernel, (1, 1, 1, 1))
    k = kernel.shape[-1]
    if axis == 0:
        return (padded[2:, 1 : k + 1] - padded[:k, 1 : k + 1]) / 2
    return (padded[1 : k + 1, 2:] - padded[1 : k + 1, :k]) / 2
