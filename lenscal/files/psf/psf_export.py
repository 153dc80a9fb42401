"""`export-psf`: a PSF grid in the formats that other programs take, and its figures as a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lenscal import __version__
from lenscal.files.psf.node_grid import pixel_positions
from lenscal.files.psf.provenance import NO_PROVENANCE, Provenance
from lenscal.files.psf.psf_fits import CHANNELS, write_fits
from lenscal.files.psf.psf_npz import write_npz
from lenscal.optics.psf_grid import PsfGrid
from lenscal.system.atomic import written_whole

CSV_COLUMNS = (
    "row",
    "col",
    "y_px",
    "x_px",
    "channel",
    "fwhm_px",
    "ee80_radius_px",
    "mtf50_sagittal",
    "mtf50_tangential",
    "centroid_dy_px",
    "centroid_dx_px",
    "confidence",
)


def export_psf(
    grid: PsfGrid, folder: Path, form: str, provenance: Provenance = NO_PROVENANCE
) -> list[Path]:
    """Write psf_R/G/B.fits, psf.npz, psf.tif and psf.csv, or one kind: `form` is fits, npz, tiff,
    csv or all."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    if form in ("fits", "all"):
        paths += write_fits(grid, folder, provenance)
    if form in ("npz", "all"):
        paths.append(write_npz(grid, folder / "psf.npz"))
    if form in ("tiff", "all"):
        paths.append(write_tiff(grid, folder / "psf.tif", provenance))
    if form in ("csv", "all"):
        paths.append(write_csv(grid, folder / "psf.csv"))
    return paths


def write_tiff(grid: PsfGrid, path: Path, provenance: Provenance = NO_PROVENANCE) -> Path:
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
    with written_whole(path) as temporary, tifffile.TiffWriter(temporary) as tiff:
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
    return path


def write_csv(grid: PsfGrid, path: Path) -> Path:
    """Write one line a node and channel with the kernel's figures; MTF50 in cycles/px, an unknown
    confidence empty."""
    with (
        written_whole(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.writer(stream)
        writer.writerow(CSV_COLUMNS)
        writer.writerows(_csv_rows(grid))
    return path


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
