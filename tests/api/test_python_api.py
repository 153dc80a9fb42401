"""What `import lenscal` gives: arrays in and out, progress, errors of our own, nothing slow."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import lenscal
from lenscal.blur.operator import A
from lenscal.optics.field import field_figures
from lenscal.optics.psf_grid import delta_grid
from lenscal.reports import Report
from lenscal.stepping import STOP, Job

DOCS = Path(__file__).resolve().parents[2] / "docs"


def lens(shape=(3, 4), size=13, image_size=(150, 230), seed=1) -> lenscal.PsfGrid:
    """Kernels that lean, and differ from node to node and colour to colour."""
    rng = np.random.default_rng(seed)
    axis = np.arange(size) - size // 2
    kernels = np.empty((*shape, 3, size, size), np.float32)
    for node in np.ndindex(*shape, 3):
        width, (dy, dx) = rng.uniform(0.7, 1.8), rng.uniform(-1, 1, 2)
        kernel = np.exp(-((axis[:, None] - dy) ** 2 + (axis - dx) ** 2) / (2 * width**2))
        kernels[node] = kernel / kernel.sum()
    return lenscal.PsfGrid(kernels, image_size)


def test_every_name_is_there_documented_and_lazy() -> None:
    text = (DOCS / "python-api.md").read_text(encoding="utf-8")
    for name in lenscal.__all__:
        assert getattr(lenscal, name) is not None
        assert f"`{name}" in text or f"`lenscal.{name}" in text, name
    assert set(lenscal.__all__) <= set(dir(lenscal))
    with pytest.raises(AttributeError):
        lenscal.no_such_name  # noqa: B018
    # The table for type checkers and editors names the same things.
    tree = ast.parse(Path(lenscal.__file__).read_text(encoding="utf-8"))
    (typed,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "lenscal.api"
    )
    assert {alias.name for alias in typed.names} == set(lenscal.__all__) - {"__version__"}
    assert (Path(lenscal.__file__).parent / "py.typed").is_file()


def test_a_notebook_loads_neither_qt_nor_torch_for_kernels() -> None:
    code = (
        "import sys, lenscal; lenscal.PsfGrid, lenscal.read_photos, lenscal.correct\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert not {"torch", "PySide6", "rawpy", "cv2"} & set(done.stdout.split())


@pytest.mark.parametrize("origin", [None, (31, 64)])
def test_apply_is_the_operator(origin) -> None:
    psf = lens()
    whole = np.random.default_rng(2).uniform(size=(*psf.image_size, 3)).astype(np.float32)
    image = whole if origin is None else whole[31:100, 64:130]
    expected = A(torch.tensor(np.moveaxis(image, -1, 0)), psf, origin=origin or (0, 0))
    got = psf.apply(image, origin=origin)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, np.moveaxis(expected.numpy(), 0, -1), atol=2e-6)


def test_apply_refuses_what_lies_elsewhere() -> None:
    psf = lens()
    for image, origin in (
        (np.zeros((20, 20, 3)), None),
        (np.zeros((20, 20, 3)), (140, 0)),
        (np.zeros((20, 20)), (0, 0)),
    ):
        with pytest.raises(lenscal.InputError):
            psf.apply(image, origin=origin)


def test_figures_of_a_grid_are_those_of_reports() -> None:
    psf = lens()
    figures = field_figures(psf)
    np.testing.assert_allclose(psf.mtf50(), figures.mtf50)
    np.testing.assert_allclose(psf.fwhm(), figures.fwhm_px)
    sagittal, tangential = psf.mtf([0.0, 0.1, 0.2])
    assert sagittal.shape == tangential.shape == (3, 4, 3, 3)
    np.testing.assert_allclose(sagittal[..., 0], 1)
    corner = psf.mtf([0.1, 0.2], [0.0, 1.0])
    np.testing.assert_allclose(corner[1], tangential[0, -1][:, 1:], rtol=1e-5)


def test_files_go_out_and_come_back(tmp_path) -> None:
    psf = lens(shape=(2, 3))
    written = lenscal.write_psf(psf, tmp_path / "psf", "all")
    assert {path.name for path in written} >= {"psf_G.fits", "psf.npz"}
    for path in (tmp_path / "psf", tmp_path / "psf" / "psf.npz"):
        np.testing.assert_allclose(lenscal.read_psf(path).kernels, psf.kernels, atol=1e-6)
    profile = lenscal.Profile(psf, lens="Test 35mm")
    path = lenscal.write_profile(profile, tmp_path / "lens.lenscal")
    assert lenscal.read_profile(path).lens == "Test 35mm"
    (tmp_path / "notes.lenscal").write_text("mine")
    with pytest.raises(lenscal.InputError):
        lenscal.write_profile(profile, tmp_path / "notes.lenscal")
    with pytest.raises(lenscal.InputError, match="choose one of fits"):
        lenscal.write_psf(psf, tmp_path / "psf", "jpeg")
    with pytest.raises(lenscal.InputError):
        lenscal.read_psf(tmp_path / "nothing.lenscal")


def test_a_lens_is_asked_for_an_aperture(tmp_path) -> None:
    psf = delta_grid((2, 2), 5, (64, 96))
    profile = lenscal.Profile(psf, lens="Test", aperture_degraded=1.8, aperture_sharp=5.6)
    path = lenscal.write_profile(profile, tmp_path / "lens.lenscal")
    np.testing.assert_array_equal(lenscal.read_psf(path, aperture=1.8).kernels, psf.kernels)
    with pytest.raises(lenscal.InputError):
        lenscal.read_psf(path, aperture=1.0)


def test_score_knows_right_from_wrong() -> None:
    truth = lens(shape=(3, 3))
    right, wrong = lenscal.score(truth, truth), lenscal.score(lens((3, 3), seed=5), truth)
    assert right["estimate"]["rel_l2_mean"] < 1e-6
    assert wrong["estimate"]["rel_l2_mean"] > 0.1 < right["delta"]["rel_l2_mean"]
    assert lenscal.score(lenscal.Profile(truth), truth) == right


def scene(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Plain rectangles over each other."""
    rng = np.random.default_rng(seed)
    out = np.full((*size, 3), 0.3, np.float32)
    for _ in range(size[0] * size[1] // 300):
        (y, x), (h, w) = rng.integers(-20, size), rng.integers(5, 50, 2)
        out[max(y, 0) : max(y + h, 0), max(x, 0) : max(x + w, 0)] = rng.uniform(0.05, 0.9, 3)
    return out


def test_an_array_is_corrected_in_its_own_units() -> None:
    psf = lens(image_size=(160, 224))
    sharp = scene(psf.image_size)
    noise = (1e-5, 1e-7)
    rng = np.random.default_rng(3)
    blurred = psf.apply(sharp)
    blurred += (rng.normal(size=sharp.shape) * np.sqrt(noise[0] * blurred + noise[1])).astype("f4")
    before = blurred.copy()
    corrected = lenscal.correct(blurred, psf, noise=noise)
    assert corrected.shape == sharp.shape and corrected.dtype == np.float32
    np.testing.assert_array_equal(blurred, before)
    inner = slice(16, -16), slice(16, -16)

    def error(image: np.ndarray) -> float:
        return float(np.sqrt(np.mean((image[inner] - sharp[inner]) ** 2)))

    assert error(corrected) < 0.85 * error(blurred)
    # Whole numbers are the same photo, as are a profile's kernels.
    stored = np.rint(blurred * 65535).astype(np.uint16)
    again = lenscal.correct(stored, lenscal.Profile(psf), noise=noise)
    np.testing.assert_allclose(again, corrected, atol=2e-3)
    # Noise that nobody told is measured.
    assert error(lenscal.correct(blurred, psf)) < 0.85 * error(blurred)
    np.testing.assert_allclose(lenscal.correct(blurred, psf, amount=0), blurred, atol=1e-6)


def test_wrong_values_are_our_own_errors() -> None:
    psf = delta_grid((2, 2), 5, (64, 64))
    photo = scene((64, 64))
    for options, words in (
        ({"method": "magic"}, "choose one of wiener"),
        ({"amount": 2.0}, "amount"),
        ({"noise": (-1.0, 0.0)}, "noise"),
        ({"method": "network"}, "no restoration network"),
    ):
        with pytest.raises(lenscal.InputError, match=words):
            lenscal.correct(photo, psf, **options)
    for wrong in (photo[:32], photo[..., 0], np.full_like(photo, np.nan), photo.astype(complex)):
        with pytest.raises(lenscal.InputError):
            lenscal.correct(wrong, psf)
    with pytest.raises(lenscal.PhotoError):
        lenscal.correct("no-such-file.dng", psf)
    with pytest.raises(lenscal.InputError):
        lenscal.read_photos("no-such-folder", "another")


def test_a_file_is_corrected_like_the_command_does_it(make_dng, tmp_path) -> None:
    psf = lens(image_size=(128, 192))
    photo = make_dng(tmp_path / "a.dng")
    profile = lenscal.Profile(psf, camera="Lenscal Test", lens="Other 50mm", created="2026-01-01")
    with pytest.raises(lenscal.InputError, match="force=True"):
        lenscal.correct(photo, profile)
    corrected = lenscal.correct(str(photo), profile, force=True)
    assert corrected.shape == (128, 192, 3)
    as_it_was = lenscal.correct(photo, psf, method="none")
    assert 0.001 < np.abs(corrected - as_it_was).mean() < 0.2


def test_folders_and_arrays_become_photos(make_dng, tmp_path) -> None:
    for n in range(2):
        make_dng(tmp_path / "sharp" / f"s{n}.dng", seed=n, f_number=5.6)
        make_dng(tmp_path / "degraded" / f"d{n}.dng", seed=10 + n)
    (tmp_path / "degraded" / "broken.dng").write_bytes(b"junk")
    photos = lenscal.read_photos(tmp_path / "sharp", str(tmp_path / "degraded"))
    assert [path.name for path in photos.sharp] == ["s0.dng", "s1.dng"]
    assert [path.name for path in photos.rejected] == ["broken.dng"]
    assert photos.image_size == (128, 192) and photos.warnings
    pixels = photos.pixels("degraded", 1)
    assert pixels.shape == (128, 192, 3) and 0.05 < pixels.mean() < 0.6
    sharp = [scene((160, 224), seed) for seed in range(2)]
    psf = lens(image_size=(160, 224))
    stored = [np.rint(255 * psf.apply(one)).astype(np.uint8) for one in sharp]
    same = lenscal.read_photos(sharp, stored, aperture_sharp=5.6, aperture_degraded=1.8)
    assert same.image_size == (160, 224) and len(same.degraded) == 2
    np.testing.assert_allclose(same.pixels("degraded", 1), stored[1] / 255, atol=1e-6)
    with pytest.raises(lenscal.InputError, match="arrays"):
        lenscal.read_photos(sharp, tmp_path / "degraded")
    with pytest.raises(lenscal.InputError, match="too small to calibrate"):
        lenscal.calibrate(photos, quality="quick")
    with pytest.raises(lenscal.InputError, match="quality best"):
        lenscal.calibrate(photos, quality="best")


def counted(stopped: list[object]) -> Job[str]:
    try:
        for n in range(5):
            if (yield Report("G", f"step {n}", n / 4, n)) == STOP:  # type: ignore[arg-type]
                return "kept"
        return "done"
    finally:
        stopped.append(True)


def test_progress_by_function_bar_and_class() -> None:
    from tqdm import tqdm

    from lenscal.api.progress import run

    ended: list[object] = []
    seen: list[Report] = []
    assert run(counted(ended), seen.append) == "done"
    assert [report.step for report in seen] == [0, 1, 2, 3, 4]
    assert run(counted(ended), lambda report: report.step == 2) == "kept"
    assert run(counted(ended), None) == "done"
    with tqdm(total=8, file=io.StringIO()) as bar:
        run(counted(ended), bar)
        assert bar.n == 8 and bar.desc.startswith("step 4")
    assert run(counted(ended), tqdm) == "done"

    def torn(report: Report) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(counted(ended), torn)
    assert len(ended) == 6
    with pytest.raises(TypeError):
        run(counted(ended), 7)  # type: ignore[arg-type]
