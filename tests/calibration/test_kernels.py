from __future__ import annotations

import torch

from lenscal.calibration.field.kernels import border_light, centroids, framed, tilts


def test_centroid_of_one_tap() -> None:
    kernel = torch.zeros(5, 5)
    kernel[1, 4] = 1
    assert centroids(kernel).tolist() == [-1.0, 2.0]


def test_tilts_move_and_widen() -> None:
    shapes = torch.from_numpy(tilts(13))
    u = torch.arange(13) - 6
    log_kernel = (-(u[:, None] ** 2 + u**2) / 2 / 1.5**2).double().reshape(-1)
    moved = (log_kernel + 0.5 * shapes[1]).softmax(-1).view(13, 13)
    assert abs(float(centroids(moved)[1])) < 1e-6 < abs(float(centroids(moved)[0]))
    widths = [
        float(((log_kernel + s * shapes[4]).softmax(-1).view(13, 13).sum(0) * u**2).sum())
        for s in (0.0, 0.5)
    ]
    assert widths[0] != widths[1]


def test_light_stays_in_a_wider_frame_and_is_counted_at_the_border() -> None:
    kernels = torch.zeros(2, 3, 49)
    kernels[..., 24], kernels[..., 3] = 0.75, 0.25
    assert torch.allclose(border_light(kernels), torch.full((2, 3), 0.25))
    wide = framed(kernels, 11)
    assert wide.shape == (2, 3, 121) and torch.allclose(border_light(wide), torch.zeros(2, 3))
    assert torch.equal(framed(wide, 7), kernels)
    assert torch.equal(centroids(wide.view(2, 3, 11, 11)), centroids(kernels.view(2, 3, 7, 7)))
