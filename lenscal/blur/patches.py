"""The blur of patches so small that a lens does not change within them: one kernel each."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def blur_patches(x: Tensor, kernels: Tensor) -> Tensor:
    """Convolve each patch with a kernel of its own.

    What `lenscal.blur.operator.A` does where kernels do not change, for the pixels whose
    surroundings the patch holds: no border is made up. Differentiable in both arguments.

    Parameters
    ----------
    x : Tensor [n, c, h + k - 1, w + k - 1]
    kernels : Tensor [n, c, k, k]

    Returns
    -------
    Tensor [n, c, h, w]
    """
    n, channels, size = len(x), x.shape[1], kernels.shape[-1]
    # conv2d correlates: a convolution needs the kernels turned about.
    turned = kernels.flip(-1, -2).reshape(n * channels, 1, size, size)
    y = functional.conv2d(x.reshape(1, n * channels, *x.shape[-2:]), turned, groups=n * channels)
    return y.view(n, channels, *y.shape[-2:])
