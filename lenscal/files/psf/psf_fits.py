"""PSF grids as FITS files, as photutils' GriddedPSFModel reads them."""

from __future__ import annotations

import io
import re
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenscal import __version__
from lenscal.errors import InputError
from lenscal.files.psf.astropy_fits import fits_module
from lenscal.files.psf.fingerprint import fingerprint
from lenscal.files.psf.limits import MAX_FILE_BYTES, check_kernel_amount, check_photo_size
from lenscal.files.psf.node_grid import on_grid_nodes, pixel_positions
from lenscal.files.psf.provenance import NO_PROVENANCE, Provenance
from lenscal.files.psf.psf_npz import reference_of
from lenscal.optics.oversampling import at_sensor_pixels, odd_side, oversampling_of
from lenscal.optics.psf_grid import PsfGrid, Reference
from lenscal.system.atomic import written_together
from lenscal.system.file_content import read_plain_file
from lenscal.translation import translatable

if TYPE_CHECKING:
    from astropy.io import fits

CHANNELS = "RGB"
FITS_MAGIC = b"SIMPLE  ="
_END_CARD = b"END" + b" " * 77
_COUNTED = re.compile(rb"(?:NAXIS   |TFIELDS |PCOUNT  )= *(\S*)", re.IGNORECASE)
"""Cards of whose number astropy goes through one by one; at most 999 axes and columns exist."""
_MOST_DIGITS = 3
_MOST_HEADER_BYTES = 2**20
"""A card of 80 bytes for each of `MAX_NODES`, and some more."""
_MOST_HDUS = 8
_SET_CARD = "PSFID"
ROWS_FIRST = "yx"
"""Value of the card DETORDER: DET_YXn is (y, x)."""
# Of a plain FITS card; longer ones need the HIERARCH convention.
LONGEST_KEYWORD = 8


@dataclass(frozen=True, slots=True, eq=False)
class ChannelFile:
    """What one of the three files holds: kernels [N, k, k] that sum to 1, their nodes [N, 2] as
    (y, x) px, its header, and the confidence [N] where there is one."""

    cube: NDArray[np.float64]
    positions: NDArray[np.float64]
    header: Mapping[str, Any]
    confidence: NDArray[np.float32] | None


def file_in(folder: Path, name: str) -> Path:
    """The file of that name in a folder, in capitals or small letters; that very name where there
    is none."""
    exact = folder / name
    if exact.exists() or not folder.is_dir():
        return exact
    return next((p for p in folder.iterdir() if p.name.lower() == name.lower()), exact)


def fits_name(channel: str) -> str:
    """What the file of a channel is called."""
    return f"psf_{channel}.fits"


def fits_path(folder: Path, channel: str) -> Path:
    """Where a folder of PSF files keeps a channel, "R", "G" or "B", as FITS."""
    return file_in(folder, fits_name(channel))


def write_fits(grid: PsfGrid, folder: Path, provenance: Provenance = NO_PROVENANCE) -> list[Path]:
    """Write psf_R.fits, psf_G.fits and psf_B.fits as photutils' GriddedPSFModel reads them.

    The primary HDU of each is a float32 cube [N, y, x], nodes in row-major order; DET_YXn holds
    "(y, x)", 0-based px in sensor orientation, as stpsf writes them, and DETORDER says so
    (photutils up to 3.0.0 takes x first, despite the name). A second HDU holds the confidence.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / fits_name(channel) for channel in CHANNELS]
    # All before the first takes its place: three files are one PSF.
    with written_together(paths) as temporaries:
        for channel, temporary in zip(CHANNELS, temporaries, strict=True):
            write_channel(channel, grid, temporary, provenance)
    return paths


def write_channel(channel: str, grid: PsfGrid, path: Path, provenance: Provenance) -> None:
    """Write one of the three files; see `write_fits`."""
    fits = fits_module()
    rows, cols = grid.shape
    index = CHANNELS.index(channel)
    cube = grid.kernels[:, :, index].reshape(rows * cols, grid.kernel_size, grid.kernel_size)
    primary = fits.PrimaryHDU(np.ascontiguousarray(cube, dtype=np.float32))
    _fill_header(primary.header, grid, channel, provenance)
    hdus = [primary]
    if grid.confidence is not None:
        confidence = np.ascontiguousarray(grid.confidence[..., index], np.float32)
        hdus.append(fits.ImageHDU(confidence, name="CONFIDENCE"))
    fits.HDUList(hdus).writeto(path)


def _fill_header(header: fits.Header, grid: PsfGrid, channel: str, provenance: Provenance) -> None:
    height, width = grid.image_size
    header["OVERSAMP"] = (1, "kernel samples per sensor pixel")
    # The same in all three: files of two PSFs are told apart.
    header[_SET_CARD] = (fingerprint(grid), "of the whole PSF: R, G and B belong together")
    header["CHANNEL"] = (channel, "camera RGB channel")
    header["GRIDROWS"], header["GRIDCOLS"] = grid.shape
    header["IMGWIDTH"] = (width, "[px] visible area, sensor orientation")
    header["IMGHEIGH"] = (height, "[px] visible area, sensor orientation")
    header["REFERENC"] = (grid.reference.value, "what the PSF is relative to")
    for key, value, comment in _provenance_cards(provenance):
        header[key] = (value, comment)
    header["SOFTWARE"] = f"lenscal {__version__}"
    header["DATE"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    for number, (y, x) in enumerate(pixel_positions(grid).reshape(-1, 2)):
        key = f"DET_YX{number}"
        # Grids of 101 nodes and more.
        plain = len(key) <= LONGEST_KEYWORD
        header[key if plain else f"HIERARCH {key}"] = f"({float(y)!r}, {float(x)!r})"
    header["DETORDER"] = (ROWS_FIRST, "order of the numbers in DET_YXn")
    header.add_comment(_reference_sentence(grid.reference))
    header.add_comment(
        "DET_YXn is (y, x) in 0-based sensor pixels. Apply kernels by convolution, in linear light."
    )


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
    return (
        f"This PSF is relative to the sharp aperture's PSF {place}: "
        "degraded photo = PSF convolved with it."
    )


def read_fits(path: Path) -> PsfGrid:
    """Read psf_R.fits, psf_G.fits and psf_B.fits of a folder, lenscal's own or another program's;
    or a single file, whose kernels hold for all three colours.

    Kernels are normalised to sum 1. Nodes may come in any order; a rectangular grid that does not
    reach the borders (or is unevenly spaced) is resampled bilinearly, held constant outside its own
    nodes.

    Raises
    ------
    InputError
        A file is missing or is not such a grid.
    """
    channels = [_read_channel(path)] * 3 if path.is_file() else _read_set(path)
    image_size, reference = _about_the_photo(path, channels[0])
    # Channels may come with kernels of different size: zeros change nothing.
    size = max(channel.cube.shape[-1] for channel in channels)
    kernels = np.stack([_padded(channel.cube, size) for channel in channels], axis=1)
    on_grid, confidence = on_grid_nodes(
        path, kernels, _confidence_of(channels), channels[0].positions, image_size
    )
    return PsfGrid(on_grid, image_size, reference, confidence)


def _read_set(folder: Path) -> list[ChannelFile]:
    """The three files of a folder, of the same nodes and of one PSF."""
    channels: list[ChannelFile] = []
    for name in CHANNELS:
        path = fits_path(folder, name)
        channel = _read_channel(path)
        if channels and not _same_nodes(channel, channels[0]):
            raise InputError(
                translatable(
                    "{path}: its node positions differ from those of psf_R.fits", path=path
                )
            )
        if channels and channel.header.get(_SET_CARD) != channels[0].header.get(_SET_CARD):
            raise InputError(
                translatable(
                    "{path} is of another PSF than psf_R.fits: export them again", path=path
                )
            )
        channels.append(channel)
    return channels


def _about_the_photo(folder: Path, red: ChannelFile) -> tuple[tuple[int, int], Reference]:
    """Its size (height, width), and what its PSF is relative to."""
    # Where the size is not told, the nodes are taken to lie symmetrically in the photo.
    first, last = red.positions.min(axis=0), red.positions.max(axis=0)
    symmetric = np.round(first + last).astype(int) + 1
    with _readable_header(folder):
        height = int(red.header.get("IMGHEIGH", symmetric[0]))
        width = int(red.header.get("IMGWIDTH", symmetric[1]))
        reference = reference_of(red.header.get("REFERENC"), Reference.ABSOLUTE)
    check_photo_size(folder, height, width)
    return (height, width), reference


def _same_nodes(channel: ChannelFile, other: ChannelFile) -> bool:
    a, b = channel.positions, other.positions
    return a.shape == b.shape and np.allclose(a, b, atol=1e-3)


def _confidence_of(channels: Sequence[ChannelFile]) -> NDArray[np.float32] | None:
    """[N, 3]; None unless every channel tells it for every node."""
    arrays = [c.confidence for c in channels if c.confidence is not None]
    nodes = len(channels[0].positions)
    if len(arrays) < len(channels) or any(array.size != nodes for array in arrays):
        return None
    return np.stack([array.reshape(-1) for array in arrays], axis=-1)


@contextmanager
def _readable_header(path: Path) -> Iterator[None]:
    """Where headers are read: astropy looks at cards only then, and they may hold anything."""
    verify_error = fits_module().VerifyError
    try:
        with warnings.catch_warnings():
            # It would print what it mends.
            warnings.simplefilter("ignore")
            yield
    except (verify_error, ValueError, TypeError, OverflowError) as error:
        raise InputError(
            translatable("{path}: its FITS header is damaged: {reason}", path=path, reason=error)
        ) from error


def _read_channel(path: Path) -> ChannelFile:
    header, data, confidence = _read_hdus(path)
    if data is not None and data.ndim == 2:
        # One kernel for the whole photo.
        data = data[None]
    if data is None or data.ndim != 3 or 0 in data.shape:
        shape = None if data is None else data.shape
        raise InputError(
            translatable(
                "{path}: want a cube [N, y, x] of kernels, or one kernel [y, x], got {shape}",
                path=path,
                shape=shape,
            )
        )
    with _readable_header(path):
        oversampling = oversampling_of(path, header.get("OVERSAMP", 1))
    # Before anything of that size is computed.
    side = max(map(odd_side, data.shape[1:], oversampling))
    check_kernel_amount(path, len(data), len(CHANNELS), side)
    # Sums of float32 would not be 1 to within what `PsfGrid` asks for.
    cube = at_sensor_pixels(np.asarray(data, dtype=np.float64), oversampling)
    total = cube.sum(axis=(1, 2), keepdims=True)
    if not np.isfinite(cube).all() or not (total > 0).all():
        raise InputError(
            translatable(
                "{path}: a kernel holds values that are not finite, "
                "or does not sum to a positive number",
                path=path,
            )
        )
    return ChannelFile(cube / total, _header_positions(path, header, len(data)), header, confidence)


def _read_hdus(path: Path) -> tuple[Mapping[str, Any], Any, NDArray[np.float32] | None]:
    """Header and data of the primary HDU, data of the HDU "CONFIDENCE" or None."""
    fits = fits_module()
    if not path.is_file():
        raise InputError(
            translatable(
                "{folder} holds no {name}: give the folder that holds psf_R, psf_G and psf_B.fits",
                folder=path.parent,
                name=path.name,
            )
        )
    content = read_plain_file(path, MAX_FILE_BYTES)
    # astropy unpacks compressed files, whatever their size.
    if not content.startswith(FITS_MAGIC):
        raise InputError(translatable("{path} is not a readable FITS file", path=path))
    # astropy would look for the header's end to the end of the file, and slowly.
    if _END_CARD not in content[:_MOST_HEADER_BYTES]:
        raise InputError(
            translatable("{path} is not a readable FITS file: its header has no end", path=path)
        )
    # It would look for each of as many axes as the header says there are, for hours.
    if not all(len(match[1]) <= _MOST_DIGITS for match in _COUNTED.finditer(content)):
        raise InputError(
            translatable("{path} is not a readable FITS file: no such sizes exist", path=path)
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is needed is checked by the caller
            stream = io.BytesIO(content)
            with fits.open(stream, memmap=False, disable_image_compression=True) as hdus:
                header = hdus[0].header
                return header, _image(hdus[0], path), _confidence_image(hdus, path)
    except InputError:
        raise
    # astropy raises whatever it runs into in a damaged file.
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise InputError(
            translatable("{path} is not a readable FITS file: {reason}", path=path, reason=reason)
        ) from error


def _confidence_image(hdus: Any, path: Path) -> NDArray[np.float32] | None:
    # One by one: each is found by reading the one before.
    for number in range(1, _MOST_HDUS):
        try:
            hdu = hdus[number]
        except IndexError:
            return None
        if hdu.name == "CONFIDENCE":
            extra = _image(hdu, path)
            # An HDU may be a header without data.
            return None if extra is None else np.asarray(extra, np.float32)
    return None


def _image(hdu: Any, path: Path) -> Any:
    """The pixels of an HDU; None where it holds no image, or none at all."""
    if not hdu.is_image:
        return None
    # What the header promises may be more than any memory holds.
    if hdu.size > MAX_FILE_BYTES:
        raise InputError(
            translatable("{path} is not a readable FITS file: it is cut off", path=path)
        )
    return hdu.data


def _header_positions(path: Path, header: Mapping[str, Any], count: int) -> NDArray[np.float64]:
    """[N, 2] as (y, x) px from DET_YX0 ... = "(y, x)"; lenscal's files without the card DETORDER
    hold "(x, y)"."""
    with _readable_header(path):
        columns_first = _columns_first(header)
        if count == 1 and "DET_YX0" not in header:
            # Anywhere: it holds for the whole photo.
            return np.zeros((1, 2))
    positions = np.empty((count, 2))
    for number in range(count):
        key = f"DET_YX{number}"
        with _readable_header(path):
            text = header.get(key)
        try:
            # Parsed by hand: eval of a header would run code of strangers.
            first, second = (float(part) for part in str(text).strip(" ()").split(","))
        except ValueError:
            raise InputError(
                translatable(
                    '{path}: {key} is {text!r}, want "(y, x)" in px', path=path, key=key, text=text
                )
            ) from None
        positions[number] = (second, first) if columns_first else (first, second)
    if not np.isfinite(positions).all():
        raise InputError(translatable("{path}: a node position is not finite", path=path))
    return positions


def _columns_first(header: Mapping[str, Any]) -> bool:
    """Whether DET_YXn holds "(x, y)": where DETORDER says so, and in what lenscal wrote before
    there was that card."""
    order = str(header.get("DETORDER", "")).strip().lower()
    if order:
        return order != ROWS_FIRST
    return str(header.get("SOFTWARE", "")).lower().startswith("lenscal")


def _padded(cube: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    margin = (size - cube.shape[-1]) // 2
    return np.pad(cube, ((0, 0), (margin, margin), (margin, margin)))
