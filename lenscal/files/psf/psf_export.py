"""`export-psf`: a PSF grid in the formats that other programs take, and its figures as a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from lenscal import __version__
from lenscal.files.own_files import check_replaceable, is_own_psf_file
from lenscal.files.psf.node_grid import pixel_positions
from lenscal.files.psf.provenance import NO_PROVENANCE, Provenance
from lenscal.files.psf.psf_fits import CHANNELS, fits_name, write_channel
from lenscal.files.psf.psf_formats import ALL_FORMATS, CSV_COLUMNS, PSF_FORMATS
from lenscal.files.psf.psf_npz import npz_bytes
from lenscal.optics.plausibility import check_possible
from lenscal.optics.psf_grid import PsfGrid
from lenscal.system.atomic import written_together


def export_psf(
    grid: PsfGrid, folder: Path, form: str, provenance: Provenance = NO_PROVENANCE
) -> list[Path]:
    """Write psf_R/G/B.fits, psf.npz, psf.tif and psf.csv, or one kind: `form` is fits, npz, tiff,
    csv or all.

    Raises
    ------
    InputError
        The kernels are no lens's.
    """
    check_possible(grid)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = PSF_FORMATS if form == ALL_FORMATS else (form,)
    files = {folder / name: write for kind in wanted for name, write in _WRITERS[kind].items()}
    for path in files:
        check_replaceable(path, own=is_own_psf_file(path))
    # All before the first takes its place: a folder holds one PSF, and not parts of two.
    with written_together(list(files)) as temporaries:
        for temporary, write in zip(temporaries, files.values(), strict=True):
            write(grid, temporary, provenance)
    return list(files)


def psf_file_names(formats: Iterable[str]) -> tuple[str, ...]:
    """What is written for some of PSF_FORMATS."""
    return tuple(name for form in formats for name in _WRITERS[form])


def _write_tiff(grid: PsfGrid, path: Path, provenance: Provenance) -> None:
    """Write a 32-bit float TIFF, one RGB page a node in row-major order, positions in the
    description as JSON."""
    import tifffile

    rows, cols = grid.shape
    described = {
        "positions_yx_px": pixel_positions(grid).reshape(-1, 2).tolist(),
        "rows": rows,
        "cols": cols,
        "image_size_px": list(grid.image_size),
        "reference": grid.reference.value,
        "camera": provenance.camera,
        "lens": provenance.lens,
        "f_number": provenance.f_number,
        "f_number_reference": provenance.f_number_reference,
    }
    pages = grid.kernels.reshape(rows * cols, 3, grid.kernel_size, grid.kernel_size).transpose(
        0, 2, 3, 1
    )
    # One page a node, as viewers of stacks expect.
    with tifffile.TiffWriter(path) as tiff:
        for number, page in enumerate(pages):
            tiff.write(
                np.ascontiguousarray(page, np.float32),
                photometric="rgb",
                # On the first page only, as ImageJ and others do it.
                description=json.dumps(described) if number == 0 else None,
                software=f"lenscal {__version__}",
                metadata=None,
                contiguous=False,
            )


def _write_npz(grid: PsfGrid, path: Path, _: Provenance) -> None:
    path.write_bytes(npz_bytes(grid))


def _write_csv(grid: PsfGrid, path: Path, _: Provenance) -> None:
    """Write one line a node and channel with the kernel's figures; MTF50 in cycles/px, an unknown
    confidence empty."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(CSV_COLUMNS)
        writer.writerows(_csv_rows(grid))


def _csv_rows(grid: PsfGrid) -> Iterator[list[object]]:
    from lenscal.optics import mtf

    rows, cols = grid.shape
    # All nodes at once: their transforms are one call.
    kernels = grid.kernels.reshape(rows * cols, *grid.kernels.shape[2:])
    height, width = grid.image_size
    sagittal, tangential = mtf.mtf50_sagittal_tangential(
        kernels, grid.positions.reshape(-1, 2), width / height
    )
    fwhm, ee80, centroid = (
        mtf.fwhm_px(kernels),
        mtf.ee80_radius_px(kernels),
        mtf.centroid_px(kernels),
    )
    for node, (y, x) in enumerate(pixel_positions(grid).reshape(-1, 2)):
        row, col = divmod(node, cols)
        for c, channel in enumerate(CHANNELS):
            figures = (
                fwhm[node, c],
                ee80[node, c],
                sagittal[node, c],
                tangential[node, c],
                *centroid[node, c],
            )
            confidence = "" if grid.confidence is None else f"{grid.confidence[row, col, c]:.4f}"
            yield [
                row,
                col,
                f"{y:.2f}",
                f"{x:.2f}",
                channel,
                *(f"{f:.5f}" for f in figures),
                confidence,
            ]


_WRITERS: Mapping[str, Mapping[str, Callable[[PsfGrid, Path, Provenance], None]]] = {
    "fits": {fits_name(channel): partial(write_channel, channel) for channel in CHANNELS},
    "npz": {"psf.npz": _write_npz},
    "tiff": {"psf.tif": _write_tiff},
    "csv": {"psf.csv": _write_csv},
}
"""Files of each format, by their names."""
