"""Filters worked out at few frequencies and applied at many: they are smooth where their reach in
pixels is small."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class FilterGrid:
    """Frequencies m / T (T = `support_px`, half plane, flattened to G) between those of fields of F
    px.

    What is known at the G frequencies is taken to the field's by trigonometric interpolation, which
    is what padding the T x T filter with zeros does. Real even functions only: that makes it two
    products of matrices.

    Attributes
    ----------
    f : Tensor [G]
        Cycles/px.
    weight : Tensor [G]
        How often each frequency counts in the whole plane.
    """

    def __init__(
        self, field_px: int, support_px: int, kernel_px: int, device: torch.device | str = "cpu"
    ) -> None:
        self.field_px, self.support_px, self._device = field_px, support_px, device
        self._fy, self._fx = np.fft.fftfreq(support_px), np.fft.rfftfreq(support_px)
        self._offset = np.arange(kernel_px) - kernel_px // 2
        radius = np.hypot(self._fy[:, None], self._fx)
        # Half of the plane is left out; the columns at 0 and 0.5 are their own mirror images.
        twice = np.where((self._fx == 0) | (self._fx == 0.5), 1.0, 2.0)
        self.f = self._tensor(radius.ravel())
        self.weight = self._tensor(np.broadcast_to(twice, radius.shape).ravel())

    @cached_property
    def _transfer_matrix(self) -> Tensor:
        """exp(-2 pi i f x) [k^2, 2 G], re and im in turns."""
        # The kernel's middle is its origin.
        y, x = self._offset[:, None], self._offset
        phase = 2 * np.pi * (self._fy[:, None, None, None] * y + self._fx[:, None, None] * x)
        parts = np.stack([np.cos(phase), -np.sin(phase)], axis=2)
        return self._tensor(parts.reshape(-1, len(self._offset) ** 2).T)

    @cached_property
    def _kernel_matrices(self) -> tuple[Tensor, Tensor]:
        """exp(2 pi i f y) and exp(2 pi i f x), re and im side by side: real products make complex
        ones of them."""
        offset = self._offset
        cos_x, sin_x = _turns(np.fft.rfftfreq(self.field_px), offset)
        # Complex numbers as pairs of real ones: real products are what processors are best at.
        along = [
            np.stack(part, -1).reshape(len(offset), -1)
            for part in ((cos_x, sin_x), (-sin_x, cos_x))
        ]
        down = [part.T for part in _turns(np.fft.fftfreq(self.field_px), offset)]
        return self._side_by_side(down), self._side_by_side(along)

    @cached_property
    def _filter_matrices(self) -> tuple[Tensor, Tensor]:
        """The same for real even functions, known for y >= 0."""
        size = self.support_px
        along = _turns(np.fft.rfftfreq(self.field_px), np.fft.fftfreq(size, 1 / size))
        # The rows y > 0 stand for y < 0 as well: they count twice, but for 0 and the last.
        half = np.arange(size // 2 + 1)
        count = np.where((half == 0) | (half == size // 2), 1.0, 2.0)
        cos_y, sin_y = _turns(np.fft.fftfreq(self.field_px), half)
        down = np.stack([cos_y.T * count, -sin_y.T * count], axis=-1)
        return self._tensor(down.reshape(self.field_px, -1)), self._side_by_side(along)

    def _side_by_side(self, parts: Sequence[NDArray[np.float64]]) -> Tensor:
        return self._tensor(np.concatenate(parts, axis=1))

    def _tensor(self, values: NDArray[np.float64]) -> Tensor:
        contiguous = np.ascontiguousarray(values)
        return torch.as_tensor(contiguous, dtype=torch.float32, device=self._device)

    def transfer(self, kernels: Tensor) -> Tensor:
        """Transfer functions, complex [..., G], of kernels [..., k, k] whose origin is their
        central pixel."""
        if self.support_px == self.field_px:
            # The same frequencies: no matrix of all taps and all of them.
            return self.conjugate_transfer(kernels).conj_physical().flatten(-2)
        return _as_complex(kernels.flatten(-2) @ self._transfer_matrix)

    def conjugate_transfer(self, kernels: Tensor) -> Tensor:
        """The complex conjugate of the transfer functions at the field's frequencies, [..., F, F //
        2 + 1]."""
        down, along = self._kernel_matrices
        lines = kernels @ along
        # Real and imaginary part under one another: one real product sums both.
        lines = lines.view(*lines.shape[:-1], 2, -1).movedim(-2, -3).flatten(-3, -2)
        return _as_complex(down @ lines)

    def spread(self, values: Tensor) -> Tensor:
        """Real even functions [..., G] at the field's frequencies, [..., F, F // 2 + 1]."""
        size, (down, along) = self.support_px, self._filter_matrices
        spectra = values.reshape(*values.shape[:-1], size, -1).to(torch.complex64)
        kernels = torch.fft.irfft2(spectra, s=(size, size))
        # Even functions: the rows y >= 0 say all.
        half = kernels[..., : size // 2 + 1, :].reshape(-1, size)
        lines = (half @ along).view(*values.shape[:-1], 2 * (size // 2 + 1), -1)
        return torch.matmul(down, lines)


def inverse(spectra: Tensor, size: int) -> Tensor:
    """irfft2 [..., size, size] of half planes [..., size, size // 2 + 1]: one axis after the other
    is faster."""
    out: Tensor = torch.fft.irfft(torch.fft.ifft(spectra, dim=-2), n=size)
    return out


def _as_complex(pairs: Tensor) -> Tensor:
    """Complex numbers [..., n] of [..., 2 n], re and im in turns."""
    return torch.view_as_complex(pairs.view(*pairs.shape[:-1], -1, 2))


def _turns(
    f: NDArray[np.floating], x: NDArray[np.integer] | NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """cos and sin [x, f] of 2 pi f x."""
    phase = 2 * np.pi * np.outer(x, f)
    return np.cos(phase), np.sin(phase)
