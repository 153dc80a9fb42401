"""PSF grids as files for other programs and back: FITS (photutils) and npz."""

from __future__ import annotations

import io
import lzma
import tokenize
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lenscal import __version__
from lenscal.errors import InputError
from lenscal.files.atomic import written_whole
from lenscal.files.psf.provenance import NO_PROVENANCE, Provenance
from lenscal.optics.psf_grid import PsfGrid, Reference, axis_positions

CHANNELS = "RGB"
MAX_NPZ_BYTES = 2**30
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, tokenize.TokenError)
"""What reading damaged zip files and arrays raises beside the usual."""
MAX_NODES = 64 * 64
MAX_KERNEL_SIZE = 255


def file_in(folder: Path, name: str) -> Path:
    """The file of that name in a folder, in capitals or small letters; that very name where there
    is none."""
    exact = folder / name
    if exact.exists() or not folder.is_dir():
        return exact
    return next((p for p in folder.iterdir() if p.name.lower() == name.lower()), exact)


def fits_path(folder: Path, channel: str) -> Path:
    """Where a folder of PSF files keeps a channel, "R", "G" or "B", as FITS."""
    return file_in(folder, f"psf_{channel}.fits")


def npz_path(folder: Path) -> Path:
    """Where a folder of PSF files keeps all of it as npz."""
    return file_in(folder, "psf.npz")


def pixel_positions(grid: PsfGrid) -> np.ndarray:
    """[rows, cols, 2]: node positions (y, x), 0-based px of the visible area in sensor
    orientation."""
    return grid.positions * (np.array(grid.image_size) - 1)


def write_fits(grid: PsfGrid, folder: Path, provenance: Provenance = NO_PROVENANCE) -> list[Path]:
    """Write psf_R.fits, psf_G.fits and psf_B.fits as photutils' GriddedPSFModel reads them.

    The primary HDU of each is a float32 cube [N, y, x], nodes in row-major order; DET_YXn holds
    "(x, y)", 0-based px in sensor orientation (photutils parses x first, despite the name). A
    second HDU holds the confidence.
    """
    from astropy.io import fits

    folder.mkdir(parents=True, exist_ok=True)
    rows, cols = grid.shape
    height, width = grid.image_size
    paths = []
    for index, channel in enumerate(CHANNELS):
        cube = grid.kernels[:, :, index].reshape(rows * cols, grid.kernel_size, grid.kernel_size)
        primary = fits.PrimaryHDU(np.ascontiguousarray(cube, dtype=np.float32))
        header = primary.header
        header["OVERSAMP"] = (1, "kernel samples per sensor pixel")
        header["CHANNEL"] = (channel, "camera RGB channel")
        header["GRIDROWS"], header["GRIDCOLS"] = rows, cols
        header["IMGWIDTH"] = (width, "[px] visible area, sensor orientation")
        header["IMGHEIGH"] = (height, "[px] visible area, sensor orientation")
        header["REFERENC"] = (grid.reference.value, "what the PSF is relative to")
        for key, value, comment in _provenance_cards(provenance):
            header[key] = (value, comment)
        header["SOFTWARE"] = f"lenscal {__version__}"
        header["DATE"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        for number, (y, x) in enumerate(pixel_positions(grid).reshape(-1, 2)):
            key = f"DET_YX{number}"
            header[key if len(key) <= 8 else f"HIERARCH {key}"] = f"({float(x)!r}, {float(y)!r})"
        header.add_comment(_reference_sentence(grid.reference))
        header.add_comment(
            "DET_YXn is (x, y) in 0-based sensor pixels. Apply kernels by convolution, in linear light."
        )
        hdus = [primary]
        if grid.confidence is not None:
            confidence = np.ascontiguousarray(grid.confidence[..., index], np.float32)
            hdus.append(fits.ImageHDU(confidence, name="CONFIDENCE"))
        path = folder / f"psf_{channel}.fits"
        with written_whole(path) as temporary:
            fits.HDUList(hdus).writeto(temporary)
        paths.append(path)
    return paths


def _provenance_cards(provenance: Provenance) -> list[tuple[str, str | float, str]]:
    cards: list[tuple[str, str | float | None, str]] = [
        ("INSTRUME", _ascii(provenance.camera), "camera"),
        ("LENS", _ascii(provenance.lens), "lens"),
        ("FNUMBER", provenance.f_number, "aperture of the degraded photos"),
        ("FNUM_REF", provenance.f_number_reference, "aperture of the sharp photos"),
        ("FOCALLEN", provenance.focal_mm, "[mm] focal length"),
    ]
    return [
        (key, value, comment) for key, value, comment in cards if value is not None and value != ""
    ]


def _ascii(text: str) -> str:
    """FITS headers hold printable ASCII only: accents go, other signs become question marks."""
    plain = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(c if " " <= c <= "~" else "?" for c in plain)


def _reference_sentence(reference: Reference) -> str:
    if reference is Reference.ABSOLUTE:
        return "This PSF is the image of a point source."
    place = (
        "on axis (centre of the sharp photos)"
        if reference is Reference.AXIS
        else "at the same position"
    )
    return f"This PSF is relative to the sharp aperture's PSF {place}: degraded photo = PSF convolved with it."


def read_fits(folder: Path) -> PsfGrid:
    """Read psf_R.fits, psf_G.fits and psf_B.fits, lenscal's own or another program's.

    Kernels are normalised to sum 1. Nodes may come in any order; a rectangular grid that does not
    reach the borders (or is unevenly spaced) is resampled bilinearly, held constant outside its own
    nodes.

    Raises
    ------
    InputError
        A file is missing or is not such a grid.
    """
    cubes, headers, confidences = [], [], []
    positions: np.ndarray | None = None
    for channel in CHANNELS:
        path = fits_path(folder, channel)
        cube, header, confidence = _read_channel(path)
        yx = _header_positions(path, header, len(cube))
        if positions is not None and (
            yx.shape != positions.shape or not np.allclose(yx, positions, atol=1e-3)
        ):
            raise InputError(f"{path}: its node positions differ from those of psf_R.fits")
        positions = yx
        cubes.append(cube)
        headers.append(header)
        confidences.append(confidence)
    assert positions is not None
    size = max(cube.shape[-1] for cube in cubes)
    kernels = np.stack([_padded(cube, size) for cube in cubes], axis=1)
    first = headers[0]
    # Where the size is not told, the nodes are taken to lie symmetrically in the photo.
    across = np.round(positions.min(0) + positions.max(0)).astype(int) + 1
    with _headers(folder):
        height, width = int(first.get("IMGHEIGH", across[0])), int(first.get("IMGWIDTH", across[1]))
        reference = _reference_of(first.get("REFERENC"), Reference.ABSOLUTE)
    if min(height, width) < 1:
        raise InputError(f"{folder}: a photo of {width} x {height} px (IMGWIDTH, IMGHEIGH)")
    known = None
    if all(c is not None and c.size == len(positions) for c in confidences):
        known = np.stack([np.asarray(c, np.float32).reshape(-1) for c in confidences], axis=-1)
    on_grid, confidence = _on_nodes(folder, kernels, known, positions, (height, width))
    return PsfGrid(on_grid, (height, width), reference, confidence)


@contextmanager
def _headers(path: Path) -> Iterator[None]:
    """Where headers are read: cards are looked at only then, and may hold anything."""
    from astropy.io.fits import VerifyError

    try:
        yield
    except (VerifyError, ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{path}: its FITS header is damaged: {error}") from error


def _read_channel(path: Path) -> tuple[np.ndarray, Mapping[str, Any], np.ndarray | None]:
    from astropy.io import fits

    if not path.is_file():
        raise InputError(
            f"{path.parent} holds no {path.name}: give the folder that holds psf_R, psf_G and psf_B.fits"
        )
    try:
        with warnings.catch_warnings(), path.open("rb") as stream:
            warnings.simplefilter("ignore")  # what is needed is checked below
            with fits.open(stream, memmap=False) as hdus:
                header = hdus[0].header
                data = hdus[0].data
                extra = hdus["CONFIDENCE"].data if "CONFIDENCE" in hdus else None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path} is not a readable FITS file: {error}") from error
    if data is None or data.ndim != 3 or data.shape[1] != data.shape[2] or data.shape[1] % 2 == 0:
        shape = None if data is None else data.shape
        raise InputError(f"{path}: want a cube [N, k, k] of kernels with k odd, got {shape}")
    if len(data) > MAX_NODES or data.shape[1] > MAX_KERNEL_SIZE:
        raise InputError(
            f"{path}: {len(data)} kernels of {data.shape[1]} px are more than lenscal handles"
        )
    with _headers(path):
        oversampling = header.get("OVERSAMP", 1)
    if oversampling != 1:
        raise InputError(
            f"{path}: OVERSAMP is {oversampling}; only kernels at sensor pixels (1) can be used"
        )
    cube = np.asarray(data, dtype=np.float64)
    total = cube.sum(axis=(1, 2), keepdims=True)
    if not np.isfinite(cube).all() or not (total > 0).all():
        raise InputError(
            f"{path}: a kernel holds values that are not finite, or does not sum to a positive number"
        )
    return cube / total, header, extra


def _header_positions(path: Path, header: Mapping[str, Any], count: int) -> np.ndarray:
    """[N, 2] as (y, x) px from DET_YX0 ... = "(x, y)"."""
    out = np.empty((count, 2))
    for number in range(count):
        with _headers(path):
            text = header.get(f"DET_YX{number}")
        try:
            x, y = (float(part) for part in str(text).strip(" ()").split(","))
        except ValueError:
            raise InputError(f'{path}: DET_YX{number} is {text!r}, want "(x, y)" in px') from None
        out[number] = y, x
    if not np.isfinite(out).all():
        raise InputError(f"{path}: a node position is not finite")
    return out


def _padded(cube: np.ndarray, size: int) -> np.ndarray:
    margin = (size - cube.shape[-1]) // 2
    return np.pad(cube, ((0, 0), (margin, margin), (margin, margin)))


def _on_nodes(
    name: Path | str,
    kernels: np.ndarray,
    confidence: np.ndarray | None,
    positions: np.ndarray,
    image_size: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray | None]:
    """Kernels [N, 3, k, k] and their confidence [N, 3] at positions [N, 2] (y, x) px on `PsfGrid`'s
    nodes.

    Returns
    -------
    kernels : float32 [rows, cols, 3, k, k]
    confidence : [rows, cols, 3] or None
        None where kernels had to be resampled, too.
    """
    ys, xs = np.unique(positions[:, 0].round(3)), np.unique(positions[:, 1].round(3))
    if len(ys) * len(xs) != len(positions):
        raise InputError(f"{name}: the node positions do not form a rectangular grid")
    order = np.lexsort((positions[:, 1].round(3), positions[:, 0].round(3)))
    grid = kernels[order].reshape(len(ys), len(xs), *kernels.shape[1:])
    want_y, want_x = (
        axis_positions(n) * (size - 1) for n, size in zip(grid.shape[:2], image_size, strict=True)
    )
    if np.allclose(ys, want_y, atol=0.01) and np.allclose(xs, want_x, atol=0.01):
        return grid.astype(np.float32), None if confidence is None else confidence[order].reshape(
            grid.shape[:3]
        )
    grid = _resampled(_resampled(grid, ys, want_y, axis=0), xs, want_x, axis=1)
    return grid.astype(np.float32), None


def _resampled(values: np.ndarray, at: np.ndarray, wanted: np.ndarray, *, axis: int) -> np.ndarray:
    """Linear interpolation along one axis, constant outside."""
    if len(at) == 1:
        return values
    inside = np.clip(wanted, at[0], at[-1])
    low = np.clip(np.searchsorted(at, inside, side="right") - 1, 0, len(at) - 2)
    shape = [-1 if i == axis else 1 for i in range(values.ndim)]
    weight = ((inside - at[low]) / (at[low + 1] - at[low])).reshape(shape)
    return np.take(values, low, axis) * (1 - weight) + np.take(values, low + 1, axis) * weight


def _reference_of(text: Any, unknown: Reference) -> Reference:
    return Reference(text) if text in list(Reference) else unknown


def npz_bytes(grid: PsfGrid) -> bytes:
    """Kernels, positions, confidence (NaN: unknown), image_size and reference as plain arrays (no
    pickle)."""
    confidence = (
        grid.confidence
        if grid.confidence is not None
        else np.full(grid.kernels.shape[:3], np.nan, np.float32)
    )
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        kernels=grid.kernels.astype(np.float32),
        positions=grid.positions.astype(np.float32),
        confidence=confidence.astype(np.float32),
        image_size=np.array(grid.image_size, np.int64),
        reference=np.array(grid.reference.value),
    )
    return stream.getvalue()


def write_npz(grid: PsfGrid, path: Path) -> Path:
    """Write the arrays of `npz_bytes` to a file."""
    with written_whole(path) as temporary:
        temporary.write_bytes(npz_bytes(grid))
    return path


def read_npz(path: Path) -> PsfGrid:
    """Read what `write_npz` wrote, or another program's. Raises InputError as `psf_from_npz`
    does."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    return psf_from_npz(content, str(path))


def psf_from_npz(content: bytes, name: str) -> PsfGrid:
    """The grid in an npz; `name` is what messages call the file. Nodes elsewhere are resampled as
    in `read_fits`.

    Raises
    ------
    InputError
        It is not such an npz, or would unpack to more than 1 GiB.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(info.file_size for info in archive.infolist())
        if size > MAX_NPZ_BYTES:
            raise InputError(
                f"{name} would unpack to {size / 2**20:.0f} MiB: not a PSF file of lenscal"
            )
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            missing = {"kernels", "image_size"} - set(arrays.files)
            if missing:
                raise InputError(
                    f"{name} lacks {' and '.join(sorted(missing))}: not a PSF file of lenscal"
                )
            kernels, image_size = (
                np.asarray(arrays["kernels"], np.float32),
                np.asarray(arrays["image_size"]),
            )
            confidence = (
                np.asarray(arrays["confidence"], np.float32)
                if "confidence" in arrays.files
                else None
            )
            reference = str(arrays["reference"]) if "reference" in arrays.files else ""
            positions = (
                np.asarray(arrays["positions"], np.float64) if "positions" in arrays.files else None
            )
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, *_DAMAGED) as error:
        raise InputError(f"{name} is not a readable PSF file: {error}") from error
    if image_size.shape != (2,) or not (image_size > 0).all():
        raise InputError(f"{name}: image_size is {image_size.tolist()}, want height and width")
    if confidence is not None and not np.isfinite(confidence).all():
        confidence = None
    height, width = (int(n) for n in image_size)
    grid = PsfGrid(
        kernels, (height, width), _reference_of(reference, Reference.ABSOLUTE), confidence
    )
    if positions is None:
        return grid
    if positions.shape != (*grid.shape, 2) or not np.isfinite(positions).all():
        raise InputError(
            f"{name}: want finite positions {(*grid.shape, 2)} of its kernels, got {positions.shape}"
        )
    at = positions.reshape(-1, 2) * (height - 1, width - 1)
    known = None if confidence is None else confidence.reshape(-1, 3)
    kernels, confidence = _on_nodes(
        name, kernels.reshape(-1, *kernels.shape[2:]), known, at, grid.image_size
    )
    return replace(grid, kernels=kernels, confidence=confidence)
