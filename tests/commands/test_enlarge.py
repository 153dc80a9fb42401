"""lenscal enlarge: the kernel of one picture, both methods, files and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from picture_files import stored, write_picture
from scipy.ndimage import gaussian_filter

from lenscal.enlarge import self_network
from lenscal.files.kernel_file import read_kernel, write_kernel

Run = Callable[..., tuple[int, str, str]]


def gaussian(sigma: float, size: int = 11) -> np.ndarray:
    axis = np.arange(size) - size // 2
    kernel = np.exp(-(axis[:, None] ** 2 + axis**2) / 2 / sigma**2)
    return (kernel / kernel.sum()).astype(np.float32)


def photo(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Colours with the spectrum of photos and with edges, [h, w, 3] in 0..1."""
    rng = np.random.default_rng(seed)
    fy, fx = np.fft.fftfreq(size[0])[:, None], np.fft.fftfreq(size[1])
    fall = 1 / np.maximum(np.hypot(fy, fx), 0.01) ** 1.2
    noise = rng.normal(size=size)
    base = np.fft.ifft2(np.fft.fft2(noise) * fall).real
    base = 0.5 + 0.12 * base / base.std()
    picture = np.repeat(base[..., None], 3, 2).astype(np.float32)
    for _ in range(60):
        corner = rng.integers(0, size, 2)
        box = ((float(corner[1]), float(corner[0])), tuple(map(float, rng.uniform(5, 60, 2))))
        points = cv2.boxPoints((*box, float(rng.uniform(0, 180)))).astype(np.int32)
        colour = tuple(float(v) for v in rng.uniform(0.1, 0.9, 3))
        cv2.fillPoly(picture, [points], colour, cv2.LINE_AA)
    return np.clip(gaussian_filter(picture, (0.4, 0.4, 0)), 0, 1)


def made_small(picture: np.ndarray, kernel: np.ndarray, factor: int) -> np.ndarray:
    blurred = cv2.filter2D(picture, -1, kernel[::-1, ::-1], borderType=cv2.BORDER_REFLECT)
    return np.clip(blurred[::factor, ::factor], 0, 1)


def read(path: str | Path) -> np.ndarray:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    pixels = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    return pixels / np.iinfo(pixels.dtype).max


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    rim = (slice(12, -12), slice(12, -12))
    return float(-10 * np.log10(np.square(a[rim] - b[rim]).mean()))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, Path]:
    """A photo [256, 384] and the file that it was made smaller to."""
    folder = tmp_path_factory.mktemp("small")
    picture = photo((256, 384))
    pixels = stored(made_small(picture, gaussian(1.2), 2), np.uint8)
    return picture, write_picture(folder / "a.png", pixels)


def test_detail_comes_back(run: Run, tmp_path: Path, small: tuple[np.ndarray, Path]) -> None:
    picture, path = small
    code, out, err = run("enlarge", path, "--out", tmp_path, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["written"] == [str(tmp_path / "a_x2.png")]
    result = read(told["written"][0])
    assert result.shape == picture.shape
    bicubic = cv2.warpAffine(
        read(path), np.float64([[2, 0, 0], [0, 2, 0]]), picture.shape[1::-1],
        flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip
    assert psnr(result, picture) > psnr(bicubic, picture) + 1
    kernel = read_kernel(Path(told["kernel_file"]))
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    assert kernel.shape == (11, 11)
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-6)
    # Its own true kernel is at least as good, and the file is what the option takes.
    given = tmp_path / "given.npz"
    write_kernel(given, gaussian(1.2), fresh=True)
    code, out, err = run("enlarge", path, "--out", tmp_path, "--kernel", given, "--json")
    assert code == 0, err
    assert json.loads(out)["written"] == [str(tmp_path / "a_x2-2.png")]
    assert psnr(read(tmp_path / "a_x2-2.png"), picture) > psnr(bicubic, picture) + 1


@pytest.mark.parametrize("factor", [3, 4])
def test_other_factors(run: Run, tmp_path: Path, factor: int) -> None:
    picture = photo((64 * factor, 72 * factor), seed=factor)
    pixels = stored(made_small(picture, gaussian(0.5 * factor, 17), factor), np.uint16)
    path = write_picture(tmp_path / "a.tif", pixels)
    code, _, err = run("enlarge", path, "--out", tmp_path / "out", "--factor", factor)
    assert code == 0, err
    import tifffile

    result = tifffile.imread(tmp_path / "out" / f"a_x{factor}.tif")
    assert result.dtype == np.uint16
    assert result.shape == picture.shape
    assert psnr(result / 65535, picture) > 20


def test_a_network_is_trained_on_the_picture(
    run: Run, tmp_path: Path, small: tuple[np.ndarray, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, path = small
    monkeypatch.setattr(self_network, "STEPS", 60)
    code, _, err = run("enlarge", path, "--out", tmp_path, "--method", "network")
    assert code == 0, err
    first = read(tmp_path / "a_x2.png")
    bicubic = cv2.resize(read(path), picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    assert psnr(first, picture) > psnr(bicubic, picture) + 1


def test_bands_do_not_show(monkeypatch: pytest.MonkeyPatch, run: Run, tmp_path: Path) -> None:
    """What is enlarged in blocks is what is enlarged in one."""
    from lenscal.enlarge import enlarging

    picture = photo((360, 400), seed=5)
    path = write_picture(
        tmp_path / "a.png", stored(made_small(picture, gaussian(1.0), 2), np.uint8)
    )
    kernel = tmp_path / "k.npz"
    write_kernel(kernel, gaussian(1.0), fresh=True)
    results = []
    for number, side in enumerate((384, 80)):
        monkeypatch.setattr(enlarging, "BLOCK_PX", side)
        out = tmp_path / str(number)
        code, _, err = run("enlarge", path, "--out", out, "--kernel", kernel)
        assert code == 0, err
        results.append(read(out / "a_x2.png"))
    assert np.abs(results[0] - results[1]).max() < 0.03


def test_raw_photos_and_metadata(run: Run, tmp_path: Path, make_dng: Callable[..., Path]) -> None:
    raw = make_dng(tmp_path / "IMG_1.dng", size=(128, 192))
    kernel = tmp_path / "k.npz"
    write_kernel(kernel, gaussian(1.0), fresh=True)
    for options, name in (((), "IMG_1_x2.tif"), (("--format", "dng"), "IMG_1_x2.dng")):
        code, out, err = run(
            "enlarge", raw, "--out", tmp_path / "out", "--kernel", kernel, *options, "--json"
        )
        assert code == 0, err
        assert json.loads(out)["written"] == [str(tmp_path / "out" / name)]
    code, out, _ = run("info", tmp_path / "out" / "IMG_1_x2.dng")
    assert code == 0
    assert "384 x 256" in out


def test_what_cannot_be_is_refused(
    run: Run, tmp_path: Path, small: tuple[np.ndarray, Path]
) -> None:
    _, path = small
    out = tmp_path / "out"
    bad = tmp_path / "bad.npz"
    np.savez(bad, kernel=np.ones((3, 4)))
    for arguments, words in (
        ((tmp_path / "no.png",), "no.png"),
        ((path, "--kernel", tmp_path / "no.npz"), "there is no such file"),
        ((path, "--kernel", bad), "want [k, k]"),
        ((path, "--prior", tmp_path / "no.pth"), "there is no such file"),
        ((path, "--factor", "7"), "--factor"),
        ((path, "--template", "{what}"), "{what}"),
    ):
        code, told, err = run("enlarge", *arguments, "--out", out)
        assert code == 2, (arguments, told, err)
        assert words in told + err
        assert not out.exists() or not any(out.iterdir())
    tiny = write_picture(tmp_path / "tiny.png", stored(photo((40, 40)), np.uint8))
    code, told, _ = run("enlarge", tiny, "--out", out, "--json")
    assert code == 2
    assert "smaller than 64 px" in json.loads(told)["failed"][0]["reason"]
    # One that fails does not stop the others.
    code, told, _ = run("enlarge", tiny, path, "--out", out, "--json")
    assert code == 1
    assert len(json.loads(told)["written"]) == 1
