"""Filters worked out at few frequencies and applied at many: they are smooth where their reach in pixels is small."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class FilterGrid:
    """Frequencies m / T (T = `support_px`, half plane, flattened to G) between those of fields of F px.

    What is known at the G frequencies is taken to the field's by trigonometric interpolation, which is what padding the
    T x T filter with zeros does. Real even functions only: that makes it two products of matrices.
    """

    def __init__(self, field_px: int, support_px: int, kernel_px: int, device: torch.device | str = "cpu") -> None:
        self.field_px, self.support_px, self._device = field_px, support_px, device
        fy, fx = np.fft.fftfreq(support_px), np.fft.rfftfreq(support_px)
        radius = np.hypot(fy[:, None], fx)
        twice = np.where((fx == 0) | (fx == 0.5), 1.0, 2.0)
        self.f = self._tensor(radius.ravel())
        """[G] cycles/px."""
        self.weight = self._tensor(np.broadcast_to(twice, radius.shape).ravel())
        """[G]: how often each frequency counts in the whole plane."""
        offset = np.arange(kernel_px) - kernel_px // 2
        phase = 2 * np.pi * (fy[:, None, None, None] * offset[:, None] + fx[:, None, None] * offset)
        self._few = self._tensor(np.exp(-1j * phase).reshape(-1, kernel_px**2).T, torch.complex64)
        cos_x, sin_x = _turns(np.fft.rfftfreq(field_px), offset)
        left = _turns(np.fft.fftfreq(field_px), offset)
        # exp(2 pi i f x), re and im side by side, and the same times i: what a real product can make of a complex one
        self._kernel_x = self._tensor(
            np.concatenate([np.stack(p, -1).reshape(kernel_px, -1) for p in ((cos_x, sin_x), (-sin_x, cos_x))], axis=1)
        )
        self._kernel_y = self._tensor(np.concatenate([t.T for t in left], axis=1))
        self._filter_x = self._tensor(
            np.concatenate(_turns(np.fft.rfftfreq(field_px), np.fft.fftfreq(support_px, 1 / support_px)), axis=1)
        )
        half = np.arange(support_px // 2 + 1)
        count = np.where((half == 0) | (half == support_px // 2), 1.0, 2.0)
        cos_y, sin_y = _turns(np.fft.fftfreq(field_px), half)
        rows = np.stack([cos_y.T * count, -sin_y.T * count], axis=-1)
        self._filter_y = self._tensor(rows.reshape(field_px, -1))

    def _tensor(self, values: np.ndarray, dtype: torch.dtype = torch.float32) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(values), dtype=dtype, device=self._device)

    def transfer(self, kernels: Tensor) -> Tensor:
        """Transfer functions, complex [..., G], of kernels [..., k, k] whose origin is their central pixel."""
        flat = kernels.flatten(-2)
        real, imaginary = flat @ self._few.real, flat @ self._few.imag
        return torch.complex(real, imaginary)

    def conjugate_transfer(self, kernels: Tensor) -> Tensor:
        """The complex conjugate of the transfer functions at the field's frequencies, [..., F, F // 2 + 1]."""
        lines = (kernels @ self._kernel_x).unflatten(-1, (2, -1)).movedim(-2, -3).flatten(-3, -2)
        return torch.view_as_complex((self._kernel_y @ lines).unflatten(-1, (-1, 2)))

    def spread(self, values: Tensor) -> Tensor:
        """Real even functions [..., G] at the field's frequencies, [..., F, F // 2 + 1]."""
        size = self.support_px
        kernels = torch.fft.irfft2(values.unflatten(-1, (size, -1)).to(torch.complex64), s=(size, size))
        half = kernels[..., : size // 2 + 1, :].reshape(-1, size)
        return self._filter_y @ (half @ self._filter_x).view(*values.shape[:-1], 2 * (size // 2 + 1), -1)


def inverse(spectra: Tensor, size: int) -> Tensor:
    """irfft2 [..., size, size] of half planes [..., size, size // 2 + 1]: one axis after the other is faster."""
    return torch.fft.irfft(torch.fft.ifft(spectra, dim=-2), n=size)


def _turns(f: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin [x, f] of 2 pi f x."""
    phase = 2 * np.pi * np.outer(x, f)
    return np.cos(phase), np.sin(phase)
