"""What stages and kernels have to pass: on photos, or blocks of photos, that were kept out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from charts import squares, write_chart
from torch import Tensor

from lenscal.calibration.engine import _on_nodes
from lenscal.calibration.field.geometry import cell_positions
from lenscal.calibration.proof.blocks import held_out_blocks, split_by_blocks
from lenscal.calibration.proof.edge_check import edge_check
from lenscal.calibration.proof.trial import Misfit, Trial, simpler_in_words, simplest_that_passes
from lenscal.calibration.stages.estimate import Estimate, first_estimate
from lenscal.calibration.stages.held_out import HeldOutPhotos
from lenscal.calibration.stages.layout import lay_out
from lenscal.calibration.stages.photos import checked_photos
from lenscal.calibration.stages.statistics_sums import _of_every_other_cell
from lenscal.calibration.statistics.noise_spectra import autocorrelation
from lenscal.calibration.statistics.spectra import MosaicSpectra
from lenscal.calibration.statistics.windowed import mosaic_patches
from lenscal.optics.psf_grid import PsfGrid, Reference
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import Frame

SIZE = (480, 640)
SIDE = 30


def gaussian(sigma: float, size: int = 13) -> np.ndarray:
    u = np.arange(size) - size // 2
    kernel = np.exp(-(u[:, None] ** 2 + u**2) / 2 / max(sigma, 1e-3) ** 2)
    return np.asarray(kernel / kernel.sum())


def everywhere(kernel: np.ndarray) -> PsfGrid:
    kernels = np.broadcast_to(kernel, (2, 2, 3, *kernel.shape)).astype(np.float32).copy()
    return PsfGrid(kernels, SIZE, Reference.AXIS)


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Frame, Frame]:
    """A sharp chart, and another one with a blur of sigma sqrt(2.0^2 - 0.7^2) = 1.87 px more."""
    home = tmp_path_factory.mktemp("charts")
    write_chart(home / "sharp.dng", squares(SIZE, 0.7, side=SIDE))
    write_chart(home / "degraded.dng", squares(SIZE, 2.0, angle=0.2, side=27), seed=1, f_number=2)
    return decode_photo(home / "sharp.dng"), decode_photo(home / "degraded.dng")


def test_edges_tell_right_kernels_from_wrong_ones(charts: tuple[Frame, Frame]) -> None:
    check = edge_check([charts[0]], [charts[1]], Reference.AXIS)
    assert check is not None
    right, wide, narrow, none = (
        check.misfit(everywhere(gaussian(sigma))) for sigma in (1.87, 3.0, 1.0, 0.0)
    )
    assert right < 0.05
    assert right < 0.5 * min(wide, narrow)
    assert none > 0.2
    assert check.floor() < right + 0.05


def test_edges_do_not_tell_a_kernel_from_its_mirror_image(charts: tuple[Frame, Frame]) -> None:
    check = edge_check([charts[0]], [charts[1]], Reference.AXIS)
    assert check is not None
    kernel = gaussian(1.87)
    kernel[:, 7:] *= 1.3
    kernel /= kernel.sum()
    one, other = (
        Misfit(0.5, edges=check.misfit(everywhere(k))) for k in (kernel, kernel[::-1, ::-1].copy())
    )
    assert not one.is_worse_than(other) and not other.is_worse_than(one)


def test_misfits_without_one_photo_scatter_around_that_of_all(
    charts: tuple[Frame, Frame], tmp_path: Path
) -> None:
    write_chart(tmp_path / "soft.dng", squares(SIZE, 0.9, angle=0.3, side=25), seed=2)
    sharp = [charts[0], decode_photo(tmp_path / "soft.dng")]
    check = edge_check(sharp, [charts[1]], Reference.AXIS)
    assert check is not None and check.spread == 3
    psf = everywhere(gaussian(1.87))
    parts = check.misfits_by_part(psf)
    assert len(parts) == 2 and parts[0] != parts[1]
    assert min(parts) < check.misfit(psf) + 0.02 and max(parts) > check.misfit(psf) - 0.02
    alone = edge_check(sharp[:1], [charts[1]], Reference.AXIS)
    assert alone is not None and alone.misfits_by_part(psf) == []


def test_photos_of_one_aperture_show_no_blur_on_their_edges(tmp_path: Path) -> None:
    for n, (angle, side) in enumerate(((0.13, 30.0), (0.2, 27.0))):
        write_chart(tmp_path / f"{n}.dng", squares(SIZE, 1.0, angle=angle, side=side), seed=n)
    frames = [decode_photo(tmp_path / f"{n}.dng") for n in (0, 1)]
    check = edge_check(frames[:1], frames[1:], Reference.SAME_POSITION)
    assert check is not None
    assert check.misfit(everywhere(gaussian(0))) < 0.5 * check.misfit(everywhere(gaussian(0.8)))


def test_photos_without_edges_are_no_check(charts: tuple[Frame, Frame], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    write_chart(tmp_path / "noise.dng", rng.uniform(0.1, 0.6, SIZE).astype(np.float32))
    assert edge_check([charts[0]], [decode_photo(tmp_path / "noise.dng")], Reference.AXIS) is None


@pytest.mark.parametrize("size", [(480, 720), (1720, 2312), (4000, 6000)])
def test_blocks_are_spread_evenly_and_apart(size: tuple[int, int]) -> None:
    out = held_out_blocks(size)
    assert 0.1 < out.mean() < 0.25
    thirds = [part.mean() for part in np.array_split(out, 2, axis=1)]
    assert min(thirds) > 0.05


def test_what_is_kept_out_is_never_learnt_from(charts: tuple[Frame, Frame]) -> None:
    photos = checked_photos([charts[0]], [charts[1]]).with_some_held_out()
    assert photos.by_blocks
    assert len(photos.degraded) == len(photos.held_out) == 1
    out = held_out_blocks(SIZE)
    hidden = photos.degraded[0].mosaic == np.iinfo(np.uint16).max
    assert np.array_equal(hidden, out)
    assert np.array_equal(photos.held_out[0].mosaic == np.iinfo(np.uint16).max, ~out)
    # Nothing that reads patches sees what is hidden.
    for patches in mosaic_patches(photos.degraded[0], (4, 6), 64, 36):
        assert patches.planes.max() < 1


def test_kernels_that_were_made_larger_in_vain_are_judged_too(charts: tuple[Frame, Frame]) -> None:
    photos = checked_photos([charts[0]], [charts[1]]).with_some_held_out()
    layout = lay_out((2, 2), 13, torch.device("cpu"), autocorrelation(photos.sharp))
    trial, estimate = Trial(HeldOutPhotos(photos, seed=0)), first_estimate(layout, 8)
    # A stage had 19 px, with light where 13 px have no room for it, and was not kept.
    stage = everywhere(gaussian(4.0, 19)).kernels
    kernels = _on_nodes(stage, layout)
    assert kernels.shape[-1] == 19 * 19
    cut = stage[..., 3:-3, 3:-3]
    expected = _on_nodes(cut / cut.sum((-1, -2), keepdims=True), layout)
    distance = trial.distance(estimate, kernels)
    assert distance is not None
    assert distance == pytest.approx(trial.distance(estimate, expected), rel=1e-4)


def test_photos_that_know_all_colours_are_split_too(charts: tuple[Frame, Frame]) -> None:
    learnt, held = split_by_blocks([charts[1]])
    # The demosaiced photo stays whole: nothing is learnt from a degraded one's.
    assert learnt[0].rgb is held[0].rgb is charts[1].rgb


@pytest.mark.parametrize(
    ("one", "other", "worse"),
    [
        (Misfit(0.5), Misfit(0.4), True),
        (Misfit(0.4), Misfit(0.4), False),
        # Edges decide where there are any: statistics depend on the scenes.
        (Misfit(0.5, edges=0.03), Misfit(0.4, edges=0.2), False),
        (Misfit(0.3, edges=0.22), Misfit(0.4, edges=0.2), True),
        # By less than they scatter they say nothing.
        (Misfit(0.3, edges=0.205), Misfit(0.4, edges=0.2), False),
        (
            Misfit(0.3, edges=0.24, edges_by_part=(0.26, 0.22, 0.24), edges_spread=4.0),
            Misfit(0.4, edges=0.2, edges_by_part=(0.2, 0.2, 0.2)),
            False,
        ),
        # Noise may hide a blur from the statistics of pairs that their pixels show.
        (Misfit(0.367, residual=1.02), Misfit(0.365, residual=1.4), False),
        (Misfit(0.5, residual=1.5), Misfit(0.4, residual=1.4), True),
    ],
)
def test_what_photos_like_less(one: Misfit, other: Misfit, worse: bool) -> None:
    assert one.is_worse_than(other) is worse


class Liking:
    """A trial in which kernels are the better the nearer they are to the ones that are liked."""

    def __init__(self, liked: Tensor, *, by_edges: bool = True, one_aperture: bool = False) -> None:
        self.liked, self.by_edges, self.one_aperture = liked, by_edges, one_aperture

    def misfit(self, estimate: Estimate, kernels: Tensor) -> Misfit:
        distance = float((kernels - self.liked).abs().sum())
        return Misfit(distance, edges=distance if self.by_edges else None)


@pytest.mark.parametrize("choice", ["", "average", "delta"])
def test_what_is_simpler_comes_back_where_photos_like_it_better(choice: str) -> None:
    layout = lay_out((2, 2), 5, torch.device("cpu"))
    own = torch.rand(4, 3, 25, generator=torch.Generator().manual_seed(0))
    own = own / own.sum(-1, keepdim=True)
    point = torch.zeros_like(own)
    point[..., 12] = 1
    liked = {"": own, "average": own.mean(0, keepdim=True).expand_as(own), "delta": point}
    estimate = replace(first_estimate(layout, 8), kernels=own, halves=(own, own.flip(0)))
    trial = cast(Trial, Liking(liked[choice]))
    name, passed = simplest_that_passes(trial, estimate)
    assert name == choice
    assert passed.kernels is not None
    assert torch.allclose(passed.kernels, liked[choice])
    assert len(simpler_in_words(name, by_blocks=False)) == (1 if choice else 0)


@pytest.mark.parametrize("one_aperture", [False, True])
def test_no_blur_is_not_taken_at_the_word_of_statistics_alone(one_aperture: bool) -> None:
    """Those of different scenes have liked it better than kernels that were right."""
    layout = lay_out((2, 2), 5, torch.device("cpu"))
    own = torch.full((4, 3, 25), 1 / 25)
    point = torch.zeros_like(own)
    point[..., 12] = 1
    estimate = replace(first_estimate(layout, 8), kernels=own)
    trial = cast(Trial, Liking(point, by_edges=False, one_aperture=one_aperture))
    name, passed = simplest_that_passes(trial, estimate)
    assert passed.kernels is not None
    assert name == ("delta" if one_aperture else "")
    assert torch.equal(passed.kernels, point if one_aperture else own)


def test_cells_of_a_chessboard_cover_the_field() -> None:
    cells = (4, 6)
    sums = MosaicSpectra(np.ones((24, 4, 4, 2, 2), complex), np.ones((24, 4)), np.ones(24))
    half = _of_every_other_cell(sums, cells)
    there = half.count > 0
    assert there.sum() == 12
    assert np.allclose(cell_positions(cells)[there].mean(0), 0.5, atol=0.1)
    assert (half.matrices[~there] == 0).all()
