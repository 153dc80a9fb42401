"""A report on a calibration: one self-contained page that says what was measured, how sure it is,
and with what."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from lenscal import __version__
from lenscal.files.psf.fingerprint import fingerprint
from lenscal.files.psf.profile import Profile
from lenscal.files.psf.quality_words import (
    LIGHT_WORDS,
    confidence_in_words,
    distance_in_words,
    measured_distances,
    scenes_in_words,
)
from lenscal.optics.field import FieldFigures, field_figures, lopsidedness, lopsidedness_in_words
from lenscal.optics.plausibility import check_possible, irregularities
from lenscal.optics.psf_grid import PsfGrid
from lenscal.plots import psf_plots as plots
from lenscal.plots.kernel_png import preview_png
from lenscal.raw.lens_setting import f_number
from lenscal.system.atomic import written_whole

# Inside the page, which has to look the same wherever it is copied.
_STYLE = """body{font:15px/1.5 sans-serif;color:#222;
max-width:760px;margin:2em auto;padding:0 1em}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}table{border-collapse:collapse}
td,th{padding:.15em .8em .15em 0;text-align:left;vertical-align:top}
img,svg{max-width:100%;height:auto}
.note{color:#8a4b00}.small{color:#666;font-size:.9em}"""
CENTRE_RADIUS, CORNER_RADIUS = 0.35, 0.85
"""What counts as the middle, and as the corners, of 1 in the corners: figures of a few nodes each,
which one odd kernel does not spoil."""


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a report: a heading, text (simple HTML), and perhaps a picture (SVG, or PNG)."""

    title: str = ""
    html: str = ""
    svg: str = ""
    png: bytes = b""


def write_report(profile: Profile, path: Path, name: str) -> Path:
    """Write the report as one HTML file without references to others. `name` is shown as where the
    kernels are from."""
    with written_whole(path) as temporary:
        text = as_html(report_blocks(profile, name), f"Lens report: {name}")
        # Names of files need not be text: what UTF-8 cannot hold becomes a reference.
        temporary.write_text(text, encoding="utf-8", errors="xmlcharrefreplace")
    return path


def as_html(blocks: Iterable[Block], title: str) -> str:
    """The page."""
    parts = []
    for block in blocks:
        if block.title:
            parts.append(f"<h2>{escape(block.title)}</h2>")
        parts.append(block.html)
        parts.append(block.svg)
        if block.png:
            # Inside the page: a report is one file that can be sent by mail.
            encoded = base64.b64encode(block.png).decode()
            parts.append(f'<img alt="{escape(block.title)}" src="data:image/png;base64,{encoded}">')
    body = "\n".join(part for part in parts if part)
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    heading = f"<h1>{escape(title)}</h1>"
    page = f'<html lang="en"><head>{head}</head><body>{heading}\n{body}\n</body></html>'
    return f"<!doctype html>{page}\n"


def report_blocks(profile: Profile, name: str) -> list[Block]:
    """What the report says, from the top.

    Raises
    ------
    InputError
        The kernels are no lens's: figures of them would look like those of one.
    """
    psf = profile.psf
    check_possible(psf)
    figures = field_figures(psf)
    blocks = [Block("What this is", _table(_facts(profile, name)))]
    if warnings := [*irregularities(psf), *profile.warnings]:
        blocks.append(Block("What to know", _items(warnings, "note")))
    # From what is asked for first to what only experts read.
    blocks += [
        Block(
            "In words",
            _items([*_summary(psf, figures), *lopsidedness_in_words(lopsidedness(psf, figures))]),
        ),
        Block(
            "Kernels",
            _small("Each scaled to its own peak, in the photo's order; colours are the sensor's."),
            png=preview_png(psf),
        ),
        Block(
            "Contrast",
            _small("Transfer of green, relative to the reference; towards the top left corner."),
            plots.mtf_plot(psf),
        ),
        Block(
            "MTF50 of green, cycles/px",
            _small("Mean of sagittal and tangential; 0.5 is the most there is."),
            plots.mtf50_map(psf),
        ),
        Block("Full width at half maximum of green, px", svg=plots.width_map(psf)),
        Block(
            "Lateral colour",
            _small("Where red and blue fall, seen from green (where the arrows begin)."),
            plots.lateral_colour_plot(psf),
        ),
    ]
    if psf.confidence is not None:
        text = _small("0: a guess, 1: sure; the least sure colour of each place.")
        blocks.append(Block("Confidence", text, plots.confidence_map(psf)))
    if not profile.is_bare:
        blocks += _how_it_was_made(profile)
    blocks.append(Block(html=_small(f"lenscal {__version__}")))
    return blocks


def _facts(profile: Profile, name: str) -> list[tuple[str, str]]:
    psf = profile.psf
    (rows, cols), (height, width) = psf.shape, psf.image_size
    facts = [("Kernels from", name)]
    if not profile.is_bare:
        focal = f", {profile.focal_mm:g} mm" if profile.focal_mm else ""
        scenes = scenes_in_words(profile.same_scenes)
        n_used = [
            sum(p.used and p.role == role for p in profile.photos) for role in ("sharp", "degraded")
        ]
        facts += [
            ("Camera", _named(profile.camera, profile.camera_serial)),
            ("Lens", _named(profile.lens, profile.lens_serial)),
            ("For photos at", f"{f_number(profile.aperture_degraded)}{focal}"),
            *([("For pictures", LIGHT_WORDS[profile.light])] if profile.light else []),
            ("Relative to", f"{psf.reference} ({f_number(profile.aperture_sharp)})"),
            ("Learnt from", f"{n_used[0]} sharp and {n_used[1]} degraded photos{scenes}"),
            ("Made", profile.created or "unknown"),
        ]
    else:
        facts.append(("Relative to", str(psf.reference)))
    facts += [
        ("Photo size", f"{width} x {height} px"),
        ("Grid", f"{rows} x {cols} places, {psf.kernel_size} px kernels"),
        # As `info` says it of the profile: a report of another calibration looks much the same.
        ("Fingerprint", fingerprint(psf)),
    ]
    return facts


def _summary(psf: PsfGrid, figures: FieldFigures) -> list[str]:
    """The figures that are asked for first."""
    height, width = psf.image_size
    aspect = width / height
    # Distance from the middle, 1 in the corners of the photo.
    from_middle = (psf.positions - 0.5) * 2 * (1, aspect)
    radius = np.hypot(from_middle[..., 0], from_middle[..., 1]) / np.hypot(1, aspect)
    # A coarse grid may have no node in the middle or in the corners: the nearest ones count.
    centre = radius <= max(CENTRE_RADIUS, float(radius.min()))
    corner = radius >= CORNER_RADIUS * radius.max()
    sentences = []
    for place, where in (("in the middle", centre), ("in the corners", corner)):
        mtf50, fwhm = figures.mtf50[where][:, 1].mean(), figures.fwhm_px[where][:, 1].mean()
        sentences.append(
            f"Green {place}: MTF50 {mtf50:.2f} cycles/px, full width at half maximum {fwhm:.1f} px"
        )
    # The largest anywhere: a mean would hide the corners, where it is seen.
    shifts = figures.lateral_colour_px
    red, blue = np.hypot(shifts[..., 0], shifts[..., 1]).reshape(-1, 2).max(axis=0)
    sentences.append(f"Lateral colour: red up to {red:.2f} px, blue up to {blue:.2f} px from green")
    return [*sentences, *confidence_in_words(psf)]


def _how_it_was_made(profile: Profile) -> list[Block]:
    blocks = [*_checks(profile), *_photos(profile)]
    rows = [(key, value) for key, value in _origin(profile) if value]
    return [*blocks, Block("How it was made", _table(rows))]


def _checks(profile: Profile) -> list[Block]:
    """How near photos came that were kept out, and how the training went."""
    blocks = []
    distances = measured_distances(profile.reblur)
    if distances:
        rows = [(distance_in_words(name), f"{value:.4g}") for name, value in distances.items()]
        text = _small(
            "Photos that were kept out against sharp ones that were blurred; smaller is better."
        )
        blocks.append(Block("Re-blur check", text + _table(rows)))
    for name, points in profile.curves.items():
        # A curve of one point shows nothing.
        if len(points) > 1:
            blocks.append(Block(f"Training: {name}", svg=plots.course_plot(name, points)))
    return blocks


def _photos(profile: Profile) -> list[Block]:
    if not profile.photos:
        return []
    names = ", ".join(photo.name for photo in profile.photos if photo.used)
    html = f"<p>Used: {escape(names)}</p>"
    rejected = [
        f"{photo.name} ({photo.role}): {photo.verdict or 'left out'}"
        for photo in profile.photos
        if not photo.used
    ]
    # What was left out may be the reason for what is odd above.
    if rejected:
        html += f"<p>Left out:</p>{_items(rejected)}"
    return [Block("Photos", html)]


def _origin(profile: Profile) -> list[tuple[str, str]]:
    """What is needed to repeat the calibration; unknown things empty."""
    stages = ", ".join(f"{stage.name} {stage.seconds:.0f} s" for stage in profile.stages)
    noise = profile.noise
    return [
        ("Settings", _listed(profile.settings)),
        ("Seed", str(profile.seed)),
        ("Stages", stages),
        ("Computed on", f"{profile.device or 'unknown'}, {profile.seconds:.0f} s"),
        ("Ended", profile.finished),
        ("Noise", f"a {_three(noise.a)}, b {_three(noise.b)} ({noise.source})" if noise else ""),
        ("Vignetting", ", ".join(profile.vignetting)),
        ("Versions", _listed(profile.versions)),
    ]


def _table(rows: Sequence[tuple[str, str]]) -> str:
    cells = (f"<tr><td>{escape(key)}</td><td>{escape(value)}</td></tr>" for key, value in rows)
    return f'<table cellpadding="3">{"".join(cells)}</table>'


def _items(texts: Iterable[str], kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return f"<ul{mark}>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"


def _small(text: str) -> str:
    return f'<p class="small">{escape(text)}</p>'


def _named(name: str, serial: str) -> str:
    return f"{name or 'unknown'}{f' (serial {serial})' if serial else ''}"


def _three(values: Sequence[float]) -> str:
    return ", ".join(f"{v:.3g}" for v in values)


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())
