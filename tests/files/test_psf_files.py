"""PSF grids go out and come back unchanged, and photutils reads them as we mean them."""

import csv
import json
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import tifffile
from astropy.io import fits

from lenscal.errors import InputError
from lenscal.files.psf.opening import open_psf
from lenscal.files.psf.provenance import Provenance
from lenscal.files.psf.psf_export import CSV_COLUMNS, export_psf
from lenscal.files.psf.psf_fits import read_fits, write_fits
from lenscal.files.psf.psf_npz import read_npz, write_npz
from lenscal.optics.psf_grid import PsfGrid, Reference, delta_grid


def random_grid(shape=(3, 4), size=7, image_size=(100, 201), confidence=True) -> PsfGrid:
    rng = np.random.default_rng(3)
    kernels = rng.random((*shape, 3, size, size)).astype(np.float32)
    kernels /= kernels.sum(axis=(-1, -2), keepdims=True)
    sure = rng.random((*shape, 3)).astype(np.float32) if confidence else None
    return PsfGrid(kernels, image_size, Reference.SAME_POSITION, sure)


@pytest.mark.parametrize("shape", [(3, 4), (11, 10), (1, 2)])
@pytest.mark.parametrize("confidence", [True, False])
def test_fits_comes_back(tmp_path, shape, confidence):
    grid = random_grid(shape, confidence=confidence)
    write_fits(grid, tmp_path / "psf", Provenance("Camera", "Löns Ω", 1.8, 5.6, 25))
    back = read_fits(tmp_path / "psf")
    np.testing.assert_allclose(back.kernels, grid.kernels, atol=1e-7)
    assert back.image_size == grid.image_size
    assert back.reference is Reference.SAME_POSITION
    if confidence:
        np.testing.assert_array_equal(back.confidence, grid.confidence)
    else:
        assert back.confidence is None


def swap_places(path: Path) -> None:
    """Turn "(a, b)" of every DET_YXn into "(b, a)"."""
    with fits.open(path, mode="update") as hdus:
        header = hdus[0].header
        for number in range(len(hdus[0].data)):
            a, b = header[f"DET_YX{number}"].strip("()").split(",")
            header[f"DET_YX{number}"] = f"({b.strip()}, {a.strip()})"


def test_nodes_are_written_rows_first_and_say_so(tmp_path: Path) -> None:
    write_fits(random_grid((2, 3), image_size=(101, 201)), tmp_path)
    header = fits.getheader(tmp_path / "psf_G.fits")
    assert header["DETORDER"] == "yx"
    assert [header[f"DET_YX{n}"] for n in (2, 3)] == ["(0.0, 200.0)", "(100.0, 0.0)"]


@pytest.mark.parametrize("software", ["lenscal 0.9.0", "stpsf 2.1", None])
def test_the_order_of_a_nodes_numbers_is_known_by_who_wrote_them(tmp_path: Path, software) -> None:
    """Older files of lenscal's hold (x, y), everyone else's (y, x)."""
    grid = random_grid((2, 3), image_size=(101, 201), confidence=False)
    write_fits(grid, tmp_path)
    for channel in "RGB":
        path = tmp_path / f"psf_{channel}.fits"
        if software is not None and software.startswith("lenscal"):
            swap_places(path)
        with fits.open(path, mode="update") as hdus:
            del hdus[0].header["DETORDER"], hdus[0].header["SOFTWARE"]
            if software is not None:
                hdus[0].header["SOFTWARE"] = software
    back = read_fits(tmp_path)
    np.testing.assert_allclose(back.kernels, grid.kernels, atol=1e-6)
    assert back.image_size == (101, 201)


def test_photutils_reads_each_kernel_at_its_place(tmp_path):
    from photutils.psf import GriddedPSFModel

    grid = random_grid((3, 4))
    write_fits(grid, tmp_path)
    for index, channel in enumerate("RGB"):
        # photutils 3.0.0 takes DET_YXn for (x, y); the release after it reads (y, x), as we write.
        swap_places(tmp_path / f"psf_{channel}.fits")
        model = GriddedPSFModel.read(tmp_path / f"psf_{channel}.fits", format="webbpsf")
        for x, y, row, col in ((0, 0, 0, 0), (200, 0, 0, 3), (0, 99, 2, 0), (200, 99, 2, 3)):
            yy, xx = np.mgrid[y - 3 : y + 4, x - 3 : x + 4]
            seen = model.evaluate(xx.astype(float), yy.astype(float), flux=1, x_0=x, y_0=y)
            np.testing.assert_allclose(seen, grid.kernels[row, col, index], atol=1e-6)


def test_header_says_where_it_comes_from(tmp_path):
    write_fits(random_grid(), tmp_path, Provenance("Camera", "Löns Ω", 1.8, 5.6, 25.0))
    header = fits.getheader(tmp_path / "psf_G.fits")
    assert header["CHANNEL"] == "G"
    assert (header["OVERSAMP"], header["FNUMBER"], header["FNUM_REF"], header["FOCALLEN"]) == (
        1,
        1.8,
        5.6,
        25.0,
    )
    assert (header["INSTRUME"], header["LENS"]) == ("Camera", "Lons ?")
    assert "relative to the sharp aperture" in " ".join(header["COMMENT"])
    assert header["DET_YX1"].startswith("(0.0, 66.6666666")


def test_nodes_in_another_order_and_unnormalised_kernels_are_understood(tmp_path):
    grid = random_grid((2, 3))
    write_fits(grid, tmp_path)
    order = [5, 0, 3, 1, 4, 2]
    for channel in "RGB":
        path = tmp_path / f"psf_{channel}.fits"
        with fits.open(path) as hdus:
            data, header = hdus[0].data * 4, hdus[0].header.copy()
        places = [header[f"DET_YX{n}"] for n in order]
        for n, place in enumerate(places):
            header[f"DET_YX{n}"] = place
        fits.PrimaryHDU(data[order], header).writeto(path, overwrite=True)
    np.testing.assert_allclose(read_fits(tmp_path).kernels, grid.kernels, atol=1e-6)


def test_inner_grid_is_extended_to_the_borders(tmp_path):
    grid = random_grid((3, 3), image_size=(101, 101))
    write_fits(grid, tmp_path)
    for channel in "RGB":
        with fits.open(tmp_path / f"psf_{channel}.fits", mode="update") as hdus:
            for n in range(9):
                y, x = divmod(n, 3)
                hdus[0].header[f"DET_YX{n}"] = f"({25 + 25 * y}, {25 + 25 * x})"
    back = read_fits(tmp_path)
    np.testing.assert_allclose(back.kernels, grid.kernels, atol=1e-6)


def test_the_photos_size_follows_from_nodes_in_the_middles_of_cells(tmp_path):
    write_fits(random_grid((3, 3), image_size=(120, 180)), tmp_path)
    for channel in "RGB":
        with fits.open(tmp_path / f"psf_{channel}.fits", mode="update") as hdus:
            del hdus[0].header["IMGHEIGH"], hdus[0].header["IMGWIDTH"]
            for n in range(9):
                y, x = divmod(n, 3)
                hdus[0].header[f"DET_YX{n}"] = (
                    f"({59.5 + 40 * (y - 1)}, {59.5 + 60 * (x - 1) + 30})"
                )
    assert read_fits(tmp_path).image_size == (120, 180)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h, d: (h, d[None]), r"one kernel \[y, x\], got \(1, 12, 7, 7\)"),
        (lambda h, d: (h | {"OVERSAMP": 0}, d), "OVERSAMP is '0'"),
        (lambda h, d: (h | {"OVERSAMP": "(2, x)"}, d), r"OVERSAMP is '\(2, x\)'"),
        (lambda h, d: (h | {"DET_YX3": "here"}, d), "DET_YX3 is 'here'"),
        (lambda h, d: (h, d * 0), "does not sum to a positive number"),
        (lambda h, d: (h, d * np.nan), "not finite"),
        (
            lambda h, d: (h | {"DET_YX0": "(9.0, 7.0)"}, d),
            "differ from those of psf_R|rectangular grid",
        ),
    ],
)
def test_wrong_fits_is_refused_in_words(tmp_path, change, message):
    write_fits(random_grid(), tmp_path)
    path = tmp_path / "psf_B.fits"
    with fits.open(path) as hdus:
        plain = {
            key: hdus[0].header[key]
            for key in hdus[0].header
            if key.startswith(("OVERSAMP", "DET_"))
        }
        values, data = change(plain, hdus[0].data.copy())
    fits.PrimaryHDU(data, fits.Header(values)).writeto(path, overwrite=True)
    with pytest.raises(InputError, match=message):
        read_fits(tmp_path)


def test_an_empty_confidence_is_none(tmp_path: Path) -> None:
    write_fits(delta_grid((1, 1), 5, (9, 9)), tmp_path)
    for channel in "RGB":
        with fits.open(tmp_path / f"psf_{channel}.fits", mode="append") as hdus:
            hdus.append(fits.ImageHDU(name="CONFIDENCE"))
    assert read_fits(tmp_path).confidence is None


def test_missing_or_broken_files_are_named(tmp_path):
    with pytest.raises(InputError, match=r"holds neither psf_R\.fits"):
        open_psf(tmp_path)
    write_fits(random_grid(), tmp_path)
    (tmp_path / "psf_B.fits").write_bytes(b"SIMPLE")
    with pytest.raises(InputError, match=r"psf_B\.fits"):
        open_psf(tmp_path)
    (tmp_path / "psf_B.fits").unlink()
    with pytest.raises(InputError, match=r"no psf_B\.fits"):
        open_psf(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        open_psf(tmp_path / "nothing")


@pytest.mark.parametrize("confidence", [True, False])
def test_npz_comes_back(tmp_path, confidence):
    grid = random_grid(confidence=confidence)
    back = open_psf(write_npz(grid, tmp_path / "psf.npz")).psf
    np.testing.assert_array_equal(back.kernels, grid.kernels)
    assert (back.image_size, back.reference) == (grid.image_size, grid.reference)
    assert (back.confidence is None) != confidence
    assert open_psf(tmp_path).psf.shape == grid.shape


def test_npz_of_kernels_elsewhere_is_resampled(tmp_path):
    grid = random_grid(confidence=True)
    rows, cols = grid.shape
    content = {
        "kernels": grid.kernels,
        "image_size": np.array(grid.image_size),
        "confidence": grid.confidence,
    }
    centres = np.stack(
        np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(cols) + 0.5) / cols, indexing="ij"),
        -1,
    )
    np.savez(tmp_path / "centres.npz", positions=centres, **content)
    found = read_npz(tmp_path / "centres.npz")
    assert found.confidence is None
    np.testing.assert_allclose(found.kernels[0, 0], grid.kernels[0, 0], atol=1e-6)
    between = 1 - (rows / (rows - 1) - 0.5)  # of node 1 on its way from centre 0 to centre 1
    expected = between * grid.kernels[0, 0] + (1 - between) * grid.kernels[1, 0]
    np.testing.assert_allclose(found.kernels[1, 0], expected, atol=1e-4)
    np.savez(tmp_path / "back.npz", positions=grid.positions[::-1], **content)
    back = read_npz(tmp_path / "back.npz")
    np.testing.assert_array_equal(back.kernels, grid.kernels[::-1])
    np.testing.assert_array_equal(back.confidence, grid.confidence[::-1])
    for wrong in (centres[:1], centres * np.nan):
        np.savez(tmp_path / "wrong.npz", positions=wrong, **content)
        with pytest.raises(InputError, match="finite positions"):
            read_npz(tmp_path / "wrong.npz")


def test_npz_with_pickles_or_without_kernels_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", kernels=np.array([object()]), image_size=np.array([4, 4]))
    with pytest.raises(InputError, match="readable"):
        read_npz(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", image_size=np.array([4, 4]))
    with pytest.raises(InputError, match="lacks kernels"):
        read_npz(tmp_path / "b.npz")
    (tmp_path / "c.npz").write_bytes(b"no zip")
    with pytest.raises(InputError, match="readable"):
        read_npz(tmp_path / "c.npz")


def test_export_writes_all_formats(tmp_path):
    grid = random_grid((2, 3))
    written = export_psf(grid, tmp_path / "out", "all", Provenance(lens="Lens"))
    assert [p.name for p in written] == [
        "psf_R.fits",
        "psf_G.fits",
        "psf_B.fits",
        "psf.npz",
        "psf.tif",
        "psf.csv",
    ]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(p.name for p in written)
    with tifffile.TiffFile(tmp_path / "out" / "psf.tif") as tiff:
        assert len(tiff.pages) == 6
        np.testing.assert_array_equal(
            tiff.pages[4].asarray(), grid.kernels[1, 1].transpose(1, 2, 0)
        )
        told = json.loads(tiff.pages[0].description)
    assert told["positions_yx_px"][4] == [99.0, 100.0]
    assert told["lens"] == "Lens"


def test_csv_holds_the_figures_of_a_delta(tmp_path):
    export_psf(delta_grid((2, 2), 9, (50, 60)), tmp_path, "csv")
    with (tmp_path / "psf.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert len(rows) == 2 * 2 * 3
    last = rows[-1]
    assert (last["row"], last["col"], last["channel"], last["y_px"], last["x_px"]) == (
        "1",
        "1",
        "B",
        "49.00",
        "59.00",
    )
    assert float(last["ee80_radius_px"]) == 0
    assert float(last["mtf50_sagittal"]) == float(last["mtf50_tangential"]) == 0.5
    assert last["confidence"] == ""


@pytest.mark.parametrize("name", ["psf_R.fits", "psf.npz"])
def test_flipped_bits_are_told_in_words(tmp_path, name):
    rng, refused = np.random.default_rng(1), 0
    grid = delta_grid((2, 3), 5, (400, 600))
    write_fits(grid, tmp_path)
    write_npz(grid, tmp_path / "psf.npz")
    path = tmp_path / name
    whole = path.read_bytes()
    for _ in range(100):
        content = bytearray(whole)
        content[int(rng.integers(min(len(content), 6000)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(content)
        try:
            read_fits(tmp_path) if path.suffix == ".fits" else read_npz(path)
        except InputError:
            refused += 1
    assert refused > 10


def test_a_photo_of_no_size_is_refused(tmp_path):
    write_fits(delta_grid((2, 3), 5, (400, 600)), tmp_path)
    with fits.open(tmp_path / "psf_R.fits", mode="update") as hdus:
        hdus[0].header["IMGHEIGH"] = 0
    with pytest.raises(InputError, match="600 x 0 px"):
        read_fits(tmp_path)


@pytest.mark.parametrize("card", [b"SOFTWARE", b"DET_YX1 ", b"CHANNEL "])
def test_nothing_is_printed_of_odd_cards(tmp_path, capfd, card):
    """astropy warns of what it mends, in words of its own."""
    write_fits(delta_grid((2, 3), 5, (400, 600)), tmp_path)
    path = tmp_path / "psf_R.fits"
    content = path.read_bytes()
    at = content.index(card)
    path.write_bytes(content[: at + 10] + b"'\xff\x1b[2J" + content[at + 15 :])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with suppress(InputError):
            read_fits(tmp_path)
    assert caught == []
    assert capfd.readouterr() == ("", "")


def star(y: float, x: float, sigma: float, sides: tuple[int, int], samples: float) -> np.ndarray:
    """A Gaussian off the middle of its array, `samples` values a pixel, as an effective PSF."""
    ys, xs = ((np.arange(n) - (n - 1) / 2) / samples for n in sides)
    return np.exp(-((ys[:, None] - y) ** 2 + (xs - x) ** 2) / (2 * sigma**2))


@pytest.mark.parametrize(
    ("sides", "samples"),
    [((36, 36), 4), ((35, 35), 4), ((10, 10), 1), ((9, 13), 1), ((19, 26), 2), ((41, 41), 4.5)],
)
def test_kernels_of_other_samplings_and_sides_are_brought_to_the_sensors_pixels(
    tmp_path: Path, sides: tuple[int, int], samples: float
) -> None:
    cube = np.stack([star(0.4, -0.7, 1.1, sides, samples)] * 4).astype(np.float32)
    header = fits.Header({"OVERSAMP": samples})
    for number, at in enumerate(((0, 0), (0, 200), (100, 0), (100, 200))):
        header[f"DET_YX{number}"] = str(at)
    for channel in "RGB":
        fits.PrimaryHDU(cube, header).writeto(tmp_path / f"psf_{channel}.fits")
    kernel = read_fits(tmp_path).kernels[0, 0, 0]
    expected = star(0.4, -0.7, 1.1, kernel.shape, 1)
    assert kernel.shape[0] % 2 == 1
    # Cut where the file's own array ends.
    np.testing.assert_allclose(kernel, expected / expected.sum(), atol=0.004)


def test_one_file_holds_for_all_colours_and_one_kernel_for_the_whole_photo(tmp_path: Path) -> None:
    kernel = star(0, 0.3, 0.9, (9, 9), 1)
    lone = tmp_path / "stars.fits"
    fits.PrimaryHDU(kernel, fits.Header({"OVERSAMP": 1})).writeto(lone)
    profile = open_psf(lone)
    assert profile.psf.shape == (1, 1)
    for channel in range(3):
        np.testing.assert_allclose(profile.psf.kernels[0, 0, channel], kernel / kernel.sum(), 1e-5)
    cube, header = np.stack([kernel] * 4), fits.Header({"OVERSAMP": 1})
    for number, at in enumerate(((0, 0), (0, 200), (100, 0), (100, 200))):
        header[f"DET_YX{number}"] = str(at)
    fits.PrimaryHDU(cube, header).writeto(lone, overwrite=True)
    assert open_psf(lone).psf.shape == (2, 2)
    # A picture of the sky is no PSF.
    fits.PrimaryHDU(kernel).writeto(lone, overwrite=True)
    with pytest.raises(InputError):
        open_psf(lone)
