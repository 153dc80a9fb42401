"""What a population's report says, and its kernels for other programs."""

from __future__ import annotations

import struct
import zlib
from html import escape
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lenscal import __version__
from lenscal.files.own_files import OWN_NAME, check_replaceable, is_own_psf_file
from lenscal.files.population.population_file import Population
from lenscal.files.psf.astropy_fits import fits_module
from lenscal.files.report import words
from lenscal.files.report.content import TITLE
from lenscal.files.report.document import Block, Document, Figure
from lenscal.jobs.populations.summary import (
    SAMPLES,
    contact_sheet,
    exposure_in_words,
    headline,
    in_words,
    samples_of,
)
from lenscal.plots.distributions import distribution_plot
from lenscal.plots.psf_plots import course_plot
from lenscal.population.shapes import KernelShapes, shapes_of
from lenscal.system.atomic import written_whole

_SHEET, _SHEET_COLUMNS = 60, 12
VARIATIONS = 4
_HALF_PX, _SHEET_PX = 330.0, 680.0
_PLOTTED = ("median length px", "mean elongation", "overfitting")
EXPORTED = 1000
"""Kernels in files for other programs."""
_AFTER_HEADER = 33
"""Where a PNG's other chunks begin."""


def population_report(population: Population, name: str) -> Document:
    """The report of RIG.lenspop."""
    kernels = samples_of(population)
    shapes = shapes_of(kernels)
    sentence = f"{headline(population, shapes)}."
    facts = words.side_by_side(
        ("Blurs", words.items(in_words(population)[1:])),
        ("Photos", words.table(_facts(population))),
    )
    return Document(
        title=f"{TITLE}{name}",
        heading=f"Blurs of {population.camera or name}",
        subheading=" · ".join(
            part
            for part in (
                "Population of kernels",
                population.lens,
                words.date_in_words(population.created),
            )
            if part
        ),
        footer=f"lenscal {__version__}",
        blocks=[
            Block(html=f"<p>{escape(sentence)}</p>", verdict=True),
            Block(html=facts),
            _sheet(kernels),
            _distributions(shapes),
            _variations(kernels),
            *_course(population),
        ],
    )


def _facts(population: Population) -> list[tuple[str, str]]:
    photos, description = population.photos, population.generator
    exposures = photos.exposures_s
    return [
        ("Camera", population.camera),
        ("Lens", population.lens),
        ("Photos", f"{photos.sharp} sharp, {photos.blurred} blurred"),
        ("Exposure", exposure_in_words(float(np.median(exposures))) if exposures else ""),
        ("Kernels", f"{description.kernel_size} px, {description.constraint.value}"),
        ("Learnt in", f"{population.steps} steps, {population.seconds / 60:.0f} min"),
        ("Kernel prior", population.prior.layout if population.prior else ""),
        *(("Note", warning) for warning in population.warnings),
    ]


def _sheet(kernels: NDArray[np.float32]) -> Block:
    caption = f"{_SHEET} of them, drawn by chance; each over its own brightest pixel, as roots."
    sheet = contact_sheet(kernels[:_SHEET], _SHEET_COLUMNS)
    figure = Figure(png=_png(sheet), caption=caption, most_px=_SHEET_PX)
    return Block("Samples", figures=(figure,))


def _distributions(shapes: KernelShapes) -> Block:
    figures = (
        Figure("Length", distribution_plot(shapes.length_px, "px", _HALF_PX)),
        Figure("Width", distribution_plot(shapes.width_px, "px", _HALF_PX)),
        Figure(
            "Direction",
            distribution_plot(shapes.angle_deg, "degrees", _HALF_PX, (-90.0, 90.0)),
            caption="0: sideways; 90 and -90: up and down.",
        ),
        Figure(
            "Elongation",
            distribution_plot(shapes.elongation, "", _HALF_PX, (0.0, 1.0)),
            caption="0: round; 1: a line.",
        ),
    )
    return Block(f"Distributions of {SAMPLES} samples", figures=figures, columns=2)


def principal_variations(
    kernels: NDArray[np.floating], n: int = VARIATIONS
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The mean kernel [k, k], what kernels differ from it by most [n, k, k] (of norm 1), and the
    share of the variance of each [n]."""
    flat = np.asarray(kernels, np.float64).reshape(len(kernels), -1)
    mean = flat.mean(0)
    _, strengths, ways = np.linalg.svd(flat - mean, full_matrices=False)
    power = strengths**2
    side = kernels.shape[-1]
    shares = power[:n] / max(float(power.sum()), 1e-12)
    return mean.reshape(side, side), ways[:n].reshape(-1, side, side), shares


def _variations(kernels: NDArray[np.float32]) -> Block:
    mean, ways, shares = principal_variations(kernels)
    figures = [Figure("Mean kernel", png=_png(contact_sheet(mean[None], 1, 8)), most_px=130)]
    for number, (way, share) in enumerate(zip(ways, shares, strict=True)):
        # Grey is no change.
        values = np.rint(127.5 * (1 + way / max(float(np.abs(way).max()), 1e-12)))
        enlarged = values.astype(np.uint8).repeat(8, 0).repeat(8, 1)
        title = f"{number + 1}: {share:.0%}"
        figures.append(Figure(title, png=_png(enlarged), most_px=130))
    return Block("Mean kernel and principal variations", figures=tuple(figures), columns=5)


def _course(population: Population) -> list[Block]:
    figures = tuple(
        Figure(name.capitalize(), course_plot(name, population.curves[name], _HALF_PX))
        for name in _PLOTTED
        if len(population.curves.get(name, ())) > 1
    )
    return [Block("Course of the training", figures=figures, columns=2)] if figures else []


def _png(pixels: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1].tobytes())


def _signed(png: bytes) -> bytes:
    """A PNG that says which program wrote it: only such a one is replaced."""
    kind_and_text = b"tEXtSoftware\0" + f"{OWN_NAME} {__version__}".encode()
    length = struct.pack(">I", len(kind_and_text) - 4)
    chunk = length + kind_and_text + struct.pack(">I", zlib.crc32(kind_and_text))
    return png[:_AFTER_HEADER] + chunk + png[_AFTER_HEADER:]


def export_population(population: Population, out: Path, formats: tuple[str, ...]) -> list[Path]:
    """Write `EXPORTED` samples as population.npz ("npz") and a cube population.fits ("fits"), and
    always a sheet population.png.

    npz: `kernels` [n, channels, k, k] float32. FITS: axes x, y, colour, sample; row 0 is the top of
    the photo.
    """
    from lenscal.population.generator import sample_kernels

    kernels = sample_kernels(population, EXPORTED, 0)
    out.mkdir(exist_ok=True)
    paths = {kind: out / f"population.{kind}" for kind in (*formats, "png")}
    for path in paths.values():
        check_replaceable(path, own=is_own_psf_file(path))
    if "npz" in paths:
        with written_whole(paths["npz"]) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(stream, kernels=kernels, creator=np.array(OWN_NAME))
    if "fits" in paths:
        fits = fits_module()
        hdu = fits.PrimaryHDU(kernels)
        hdu.header["CREATOR"] = (OWN_NAME, "program that wrote this file")
        hdu.header["CONTENT"] = ("population of kernels", "drawn by a generator, each of sum 1")
        with written_whole(paths["fits"]) as temporary:
            hdu.writeto(temporary, overwrite=True)
    with written_whole(paths["png"]) as temporary:
        sheet = contact_sheet(kernels[:_SHEET].mean(1), _SHEET_COLUMNS)
        temporary.write_bytes(_signed(_png(sheet)))
    return list(paths.values())
