"""The benchmark's lenses are what they say and hard enough to decide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lenscal.benchmark.cases import KEPT_OUT
from lenscal.errors import InputError
from lenscal.measure.gain import average_grid, measure_gain, without_common_odd_part
from lenscal.raw.decode import decode_photo
from lenscal.restore.settings import RestoreSettings
from lenscal.stepping import finish
from lenscal.virtual.dataset import VirtualSettings, true_grid, write_evaluation
from lenscal.virtual.kinds import LensKind, benchmark_lens, kept_out_lens
from lenscal.virtual.lens import node_positions, relative_psf
from lenscal.virtual.tracing import TracedLens


@pytest.mark.parametrize("kind", [LensKind.WIDE_OPEN, LensKind.DECENTRED])
def test_neither_the_average_kernel_nor_second_order_statistics_suffice(
    kind: LensKind, tmp_path: Path
) -> None:
    """The traced lens is too slow for a test; docs/benchmark.md has its figures."""
    shooting = benchmark_lens(kind)
    settings = VirtualSettings(
        lens=shooting.lens,
        size=(256, 384),
        n_photos=1,
        degraded_aperture=shooting.degraded_aperture,
    )
    degraded, reference = (decode_photo(path) for path in write_evaluation(tmp_path, settings))
    truth = true_grid(settings)
    candidates = {"average": average_grid(truth), "no odd": without_common_odd_part(truth)}
    work = measure_gain(degraded, reference, truth, candidates, RestoreSettings())
    gain = finish(work)
    assert gain.psnr_true > gain.psnr_degraded + 1.5
    assert gain.share["average"] < 0.25
    assert gain.share["no odd"] < 0.7


def test_at_f16_only_colour_changes_over_the_field() -> None:
    shooting = benchmark_lens(LensKind.DIFFRACTION)
    at = node_positions((2, 2))
    kernels = relative_psf(shooting.lens, shooting.degraded_aperture, at, size=25)
    y, x = kernels.sum(-1) @ np.arange(25), kernels.sum(-2) @ np.arange(25)
    outwards = (
        (y[:, 0] - y[:, 2]) * (at[:, 0] - 0.5) + (x[:, 0] - x[:, 2]) * (at[:, 1] - 0.5)
    ) / np.hypot(0.5, 0.5)
    assert (outwards > 1.5).all()
    green = kernels[:, 1]
    assert green == pytest.approx(np.broadcast_to(green.mean(0), green.shape), abs=0.02)


@pytest.mark.parametrize("kind", list(LensKind))
def test_kept_out_lenses_are_their_own_and_stay_the_same(kind: LensKind) -> None:
    lenses = [benchmark_lens(kind).lens, *(kept_out_lens(kind, n).lens for n in range(4))]
    assert len(set(lenses)) == 5
    assert kept_out_lens(kind, 1) == kept_out_lens(kind, 1)
    with pytest.raises(InputError):
        kept_out_lens(kind, -1)


def test_the_measured_traced_lens_has_surfaces_that_no_other_has() -> None:
    """A lens of the same surfaces, a little longer, would not be kept out."""
    traced = [kept_out_lens(LensKind.TRACED, number).lens for number in (0, 1, 2, *KEPT_OUT)]
    traced.append(benchmark_lens(LensKind.TRACED).lens)
    prescriptions = [lens.prescription for lens in traced if isinstance(lens, TracedLens)]
    measured = prescriptions[3]
    assert len(prescriptions) == 5
    assert prescriptions.count(measured) == 1
