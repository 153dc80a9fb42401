"""Edges tell how wide kernels are where scenes differ in fineness, and spectra are told of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from charts import squares, write_chart

from lenscal.calibration.field.kernels import stretched
from lenscal.calibration.proof.edge_width import EdgeWidth, FolderEdges, folder_edges
from lenscal.calibration.stages.layout import lay_out
from lenscal.calibration.stages.scene_width import EdgeScale
from lenscal.calibration.statistics.bispectra import TRIAD_WINDOW_PX, Bispectra, triads
from lenscal.calibration.statistics.scene_detail import SceneDetail, detail_for_width
from lenscal.optics.psf_grid import PsfGrid, Reference
from lenscal.raw.decode import decode_photo

SIZE = (384, 512)
BLUR = 1.6


def gaussian(sigma: float, size: int = 13) -> np.ndarray:
    u = np.arange(size) - size // 2
    kernel = np.exp(-(u[:, None] ** 2 + u**2) / 2 / sigma**2)
    return np.asarray(kernel / kernel.sum())


def everywhere(sigma: float) -> PsfGrid:
    kernels = np.broadcast_to(gaussian(sigma), (2, 2, 3, 13, 13)).astype(np.float32).copy()
    return PsfGrid(kernels, SIZE, Reference.AXIS)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> FolderEdges:
    """Charts of three subjects each, the degraded ones with BLUR px more."""
    home = tmp_path_factory.mktemp("edges")
    frames: dict[str, list[object]] = {"sharp": [], "degraded": []}
    for role, sigma in (("sharp", 0.7), ("degraded", np.hypot(0.7, BLUR))):
        for n in range(3):
            path, shift = home / f"{role}{n}.dng", 0.03 * n + (role == "sharp") * 0.05
            chart = squares(SIZE, float(sigma), angle=0.1 + shift, side=26 + 2 * n)
            write_chart(path, chart, seed=n, f_number=5.6 if role == "sharp" else 2)
            frames[role].append(decode_photo(path))
    *waits, edges = folder_edges(frames["sharp"], frames["degraded"])  # type: ignore[arg-type]
    assert waits == [None] * 6 and edges is not None
    return edges


@pytest.mark.parametrize("factor", [0.75, 1.0, 1.3])
def test_edges_tell_the_width_of_kernels_that_are_too_wide_or_too_narrow(
    folders: FolderEdges, factor: float
) -> None:
    width = folders.width(everywhere(factor * BLUR))
    assert width is not None
    assert width.factor == pytest.approx(1 / factor, rel=0.08)
    assert width.error < 0.1


def test_too_few_photos_or_edges_say_nothing(folders: FolderEdges) -> None:
    few = FolderEdges(folders.sharp[:2], folders.degraded)
    assert few.width(everywhere(BLUR)) is None
    empty = folders.sharp[0]
    # All edges of a folder in one photo: nothing tells how far that one can be believed.
    blank = type(empty)(*(getattr(empty, name)[:0] for name in type(empty).__slots__))
    alone = FolderEdges((folders.sharp[0], blank, blank), folders.degraded)
    assert alone.width(everywhere(BLUR)) is None
    none = type(empty)(*(getattr(empty, name)[:2] for name in type(empty).__slots__))
    assert FolderEdges((none,) * 3, folders.degraded).width(everywhere(BLUR)) is None


def test_an_unsure_width_is_drawn_to_what_scenes_say() -> None:
    assert EdgeWidth(0.8, 0.0).believed == pytest.approx(0.8)
    assert EdgeWidth(0.8, 0.1).believed == pytest.approx(0.8**0.5)
    assert EdgeWidth(0.8, 1.0).believed > 0.99


def test_scenes_that_are_made_less_fine_explain_the_same_photos_by_narrower_kernels() -> None:
    """A Gaussian's transfer at another width, in closed form; spectra have its square."""
    factor, n = 0.8, 64
    detail = detail_for_width(everywhere(1.5).kernels, factor)
    f = np.fft.fftfreq(n)
    radius = np.hypot(f[:, None], f)
    near = (radius > 0) & (radius < 0.25)
    scene = np.ones((1, 3, 3, n, n), complex)
    expected = np.exp(-4 * np.pi**2 * 1.5**2 * radius**2 * (1 - factor**2))
    found = detail.of_scene(scene)[0, 0, 0].real
    assert np.allclose(found[near], expected[near], rtol=0.03)
    # Where kernels pass next to nothing, nothing is made up.
    assert found.min() >= (1 / 5) ** 2 - 1e-9
    same = detail_for_width(everywhere(1.5).kernels, 1.0)
    assert np.allclose(same.amplitude, 1)


def test_bispectra_take_the_amplitude_of_all_three_frequencies() -> None:
    triad, n = triads(), TRIAD_WINDOW_PX
    sums = Bispectra(np.ones((1, len(triad)), complex), np.ones((1, n, n)), np.ones(1))
    half = SceneDetail(np.full(26, 0.5))
    made = half.of_bispectra(sums, triad)
    assert np.allclose(made.values, 0.125) and np.allclose(made.power, 0.25)
    assert np.array_equal(made.count, sums.count)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_stretched_kernels_are_gaussians_of_that_width_where_they_were(factor: float) -> None:
    u = np.arange(17) - 8
    # Off the middle: lateral colour stays.
    kernel = np.exp(-((u[:, None] - 0.7) ** 2 + (u + 0.4) ** 2) / 2 / 1.5**2)
    wide = np.exp(-((u[:, None] - 0.7) ** 2 + (u + 0.4) ** 2) / 2 / (factor * 1.5) ** 2)
    given = torch.from_numpy(kernel / kernel.sum()).float().reshape(1, 1, -1)
    made = stretched(given, factor).numpy().reshape(17, 17)
    assert made.sum() == pytest.approx(1, abs=1e-5)
    wide /= wide.sum()
    assert np.linalg.norm(made - wide) < 0.01 * np.linalg.norm(wide)
    # Where nothing is to be done, not a bit changes.
    assert stretched(given, 1.0) is given


@pytest.mark.parametrize("factor", [0.75, 1.3])
def test_kernels_that_a_fit_found_are_drawn_to_the_width_of_the_edges(
    folders: FolderEdges, factor: float
) -> None:
    layout = lay_out((2, 2), 13, torch.device("cpu"))
    grid = everywhere(factor * BLUR)
    kernels = torch.from_numpy(grid.kernels).flatten(-2).flatten(0, 1)
    scale = EdgeScale(folders, SIZE, Reference.AXIS)
    made, stretch = scale.applied(layout, kernels)
    # Towards what edges show, and not beyond: their own error is taken into account.
    nearer = (factor * stretch - 1) / (factor - 1)
    assert 0 < nearer < 0.8
    width = folders.width(PsfGrid(layout.on_grid(made), SIZE, Reference.AXIS))
    assert width is not None
    assert abs(np.log(width.factor)) < 0.8 * abs(np.log(factor))
    # Photos with too few edges change nothing.
    few = FolderEdges(folders.sharp[:2], folders.degraded)
    same, one = EdgeScale(few, SIZE, Reference.AXIS).applied(layout, kernels)
    assert same is kernels and one == 1
