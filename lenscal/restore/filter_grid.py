"""Filters worked out at few frequencies and applied at many: they are smooth where their reach in
pixels is small."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor


class FilterGrid:
    """Frequencies m / T (T = `support_px`, half plane, flattened to G) between those of fields of F
    px.

    What is known at the G frequencies is taken to the field's by trigonometric interpolation, which
    is what padding the T x T filter with zeros does. Real even functions only: that makes it two
    products of matrices.
    """

    def __init__(
        self, field_px: int, support_px: int, kernel_px: int, device: torch.device | str = "cpu"
    ) -> None:
        self.field_px, self.support_px, self._device = field_px, support_px, device
        self._fy, self._fx = np.fft.fftfreq(support_px), np.fft.rfftfreq(support_px)
        self._offset = np.arange(kernel_px) - kernel_px // 2
        radius = np.hypot(self._fy[:, None], self._fx)
        twice = np.where((self._fx == 0) | (self._fx == 0.5), 1.0, 2.0)
        self.f = self._tensor(radius.ravel())
        """[G] cycles/px."""
        self.weight = self._tensor(np.broadcast_to(twice, radius.shape).ravel())
        """[G]: how often each frequency counts in the whole plane."""

    @cached_property
    def _few(self) -> Tensor:
        """exp(-2 pi i f x) [k^2, 2 G], re and im in turns."""
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
        along = [
            np.stack(part, -1).reshape(len(offset), -1)
            for part in ((cos_x, sin_x), (-sin_x, cos_x))
        ]
        down = [part.T for part in _turns(np.fft.fftfreq(self.field_px), offset)]
        return self._tensor(np.concatenate(down, axis=1)), self._tensor(
            np.concatenate(along, axis=1)
        )

    @cached_property
    def _filter_matrices(self) -> tuple[Tensor, Tensor]:
        """The same for real even functions, known for y >= 0."""
        size = self.support_px
        along = _turns(np.fft.rfftfreq(self.field_px), np.fft.fftfreq(size, 1 / size))
        half = np.arange(size // 2 + 1)
        count = np.where((half == 0) | (half == size // 2), 1.0, 2.0)
        cos_y, sin_y = _turns(np.fft.fftfreq(self.field_px), half)
        down = np.stack([cos_y.T * count, -sin_y.T * count], axis=-1)
        return self._tensor(down.reshape(self.field_px, -1)), self._tensor(
            np.concatenate(along, axis=1)
        )

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(
            np.ascontiguousarray(values), dtype=torch.float32, device=self._device
        )

    def transfer(self, kernels: Tensor) -> Tensor:
        """Transfer functions, complex [..., G], of kernels [..., k, k] whose origin is their
        central pixel."""
        return torch.view_as_complex((kernels.flatten(-2) @ self._few).unflatten(-1, (-1, 2)))

    def conjugate_transfer(self, kernels: Tensor) -> Tensor:
        """The complex conjugate of the transfer functions at the field's frequencies, [..., F, F //
        2 + 1]."""
        down, along = self._kernel_matrices
        lines = (kernels @ along).unflatten(-1, (2, -1)).movedim(-2, -3).flatten(-3, -2)
        return torch.view_as_complex((down @ lines).unflatten(-1, (-1, 2)))

    def spread(self, values: Tensor) -> Tensor:
        """Real even functions [..., G] at the field's frequencies, [..., F, F // 2 + 1]."""
        size, (down, along) = self.support_px, self._filter_matrices
        kernels = torch.fft.irfft2(
            values.unflatten(-1, (size, -1)).to(torch.complex64), s=(size, size)
        )
        half = kernels[..., : size // 2 + 1, :].reshape(-1, size)
        return down @ (half @ along).view(*values.shape[:-1], 2 * (size // 2 + 1), -1)


def inverse(spectra: Tensor, size: int) -> Tensor:
    """irfft2 [..., size, size] of half planes [..., size, size // 2 + 1]: one axis after the other
    is faster."""
    return torch.fft.irfft(torch.fft.ifft(spectra, dim=-2), n=size)


def _turns(f: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin [x, f] of 2 pi f x."""
    phase = 2 * np.pi * np.outer(x, f)
    return np.cos(phase), np.sin(phase)
