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
    x : Tensor [n, 3, h + k - 1, w + k - 1]
    kernels : Tensor [n, 3, k, k]

    Returns
    -------
    Tensor [n, 3, h, w]
    """
    n, size = len(x), kernels.shape[-1]
    # conv2d correlates: a convolution needs the kernels turned about.
    turned = kernels.flip(-1, -2).reshape(n * 3, 1, size, size)
    y = functional.conv2d(x.reshape(1, n * 3, *x.shape[-2:]), turned, groups=n * 3)
    return y.view(n, 3, *y.shape[-2:])
