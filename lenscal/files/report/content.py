"""What a lens report says: two to four pages that can be handed to a customer."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

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
from lenscal.files.report import words
from lenscal.files.report.crops import Crops
from lenscal.files.report.document import Block, Document, Figure, as_html
from lenscal.optics.field import (
    FieldFigures,
    field_figures,
    lopsidedness,
    lopsidedness_in_words,
)
from lenscal.optics.plausibility import check_possible, irregularities
from lenscal.optics.units import DisplayUnits
from lenscal.plots import psf_plots as plots
from lenscal.plots.kernel_png import preview_png
from lenscal.raw.lens_setting import f_number
from lenscal.system.atomic import written_whole

KERNELS_PX = 420
"""Width of the picture of all kernels: with two pairs of crops and what is said of them it fills a
page."""
TITLE = "Lens report: "
"""Begins every report's title: by it lenscal knows its own ones."""


def write_report(document: Document, path: Path) -> Path:
    """Write a report as one HTML file without references to others."""
    with written_whole(path) as temporary:
        text = as_html(document)
        # Names of files need not be text: what UTF-8 cannot hold becomes a reference.
        temporary.write_text(text, encoding="utf-8", errors="xmlcharrefreplace")
    return path


def lens_report(
    profile: Profile, name: str, crops: Crops | None = None, pitch_um: float | None = None
) -> Document:
    """What the report says, from what is asked for first to what only experts read.

    Parameters
    ----------
    name : shown as where the kernels are from
    crops : of a photo that was corrected with them
    pitch_um : distance of the sensor's pixels where the user knows it better than the profile

    Raises
    ------
    InputError
        The kernels are no lens's: figures of them would look like those of one.
    """
    check_possible(profile.psf)
    psf, units = profile.psf, DisplayUnits(pitch_um or profile.pitch_um)
    figures = field_figures(psf)
    blocks = [
        Block(html=f"<p>{escape(words.verdict(profile, figures, units))}</p>", verdict=True),
        *_overview(profile, name, figures, units),
        *_field(profile, figures, units),
        *_pictures(profile, crops),
    ]
    if not profile.is_bare:
        blocks += _appendix(profile)
    made = words.date_in_words(profile.created)
    parts = [
        profile.camera,
        f"{profile.focal_mm:g} mm" if profile.focal_mm else "",
        f"photos at {f_number(profile.aperture_degraded)}" if profile.aperture_degraded else "",
        f"measured {made}" if made else "",
    ]
    return Document(
        title=f"{TITLE}{name}",
        heading=f"{profile.lens or name}",
        subheading=" · ".join(["Lens report", *(part for part in parts if part)]),
        footer=f"lenscal {__version__} · fingerprint {fingerprint(psf)}",
        blocks=blocks,
    )


def _overview(
    profile: Profile, name: str, figures: FieldFigures, units: DisplayUnits
) -> list[Block]:
    """The first page: figures, the chart that every lens has, and what it is about."""
    psf = profile.psf
    blocks = [
        Block(
            html=words.side_by_side(
                ("Key figures", words.key_figures(psf, figures, units)),
                ("Lens and photos", words.table(_facts(profile, name, units))),
            )
        ),
        Block(
            "MTF against image height",
            figures=(
                Figure(
                    svg=plots.height_plot(psf, units),
                    caption=(
                        "Contrast of green from the centre of the photo to its corner, "
                        "the mean over all directions, "
                        f"relative to: {_reference(profile)}."
                    ),
                ),
            ),
        ),
        Block(
            "Contrast against frequency",
            figures=(
                Figure(
                    svg=plots.mtf_plot(psf, units),
                    caption=(
                        "Green, towards the top left corner; solid sagittal, dashed tangential."
                    ),
                ),
            ),
        ),
    ]
    return blocks


def _field(profile: Profile, figures: FieldFigures, units: DisplayUnits) -> list[Block]:
    """The second page: maps, and what they say of the lens's sides."""
    psf, half = profile.psf, plots.HALF_PX
    maps = [
        Figure(
            f"MTF50 of green, {units.frequency}",
            plots.mtf50_map(psf, units, half),
            caption="Geometric mean of sagittal and tangential.",
        ),
        Figure(
            f"Width (FWHM) of green, {units.length}",
            plots.width_map(psf, units, half),
        ),
        Figure(
            "Lateral colour",
            plots.lateral_colour_plot(psf, units, half),
            caption="Arrows lead from green to where red and blue fall, much enlarged.",
        ),
    ]
    if psf.confidence is not None:
        maps.append(
            Figure(
                "Confidence",
                plots.confidence_map(psf, units, half),
                caption="The least certain colour of each place.",
            )
        )
    warnings = [*irregularities(psf), *profile.warnings]
    sides = [_sentence(text) for text in lopsidedness_in_words(lopsidedness(psf, figures))]
    sure = [_sentence(text) for text in confidence_in_words(psf)]
    return [
        Block("Across the field", figures=tuple(maps), columns=2),
        Block("Centring, tilt and confidence", words.items([*sides, *sure])),
        *([Block("Warnings", words.items(warnings, "note"))] if warnings else []),
    ]


def _pictures(profile: Profile, crops: Crops | None) -> list[Block]:
    """Kernels, and what correcting with them does."""
    blocks = [
        Block(
            "Kernels",
            figures=(
                Figure(
                    png=preview_png(profile.psf),
                    most_px=KERNELS_PX,
                    caption=(
                        "The blur of a point of light at its place in the photo (sensor "
                        "orientation), each scaled to its own peak; colours are the sensor's."
                    ),
                ),
            ),
        )
    ]
    if crops is not None:
        pairs = [
            figure
            for crop in crops.parts
            for figure in (
                Figure(f"{crop.place}, before", png=crop.before),
                Figure(f"{crop.place}, after", png=crop.after),
            )
        ]
        how = words.small(crops.how) if crops.how else ""
        blocks.append(Block("Before and after, at 100 %", how, figures=tuple(pairs), columns=2))
    return blocks


def _appendix(profile: Profile) -> list[Block]:
    """How it was made, in words that need no manual."""
    blocks = [
        Block(
            "Appendix: how this was measured",
            words.table([*words.settings_in_words(profile.settings), *_origin(profile)]),
        ),
        *_checks(profile),
    ]
    courses = [
        Figure(name[:1].upper() + name[1:], plots.course_plot(name, points, plots.THIRD_PX))
        for name, points in profile.curves.items()
        # A curve of one point shows nothing.
        if len(points) > 1
    ]
    if courses:
        blocks.append(Block("Course of the calibration", figures=tuple(courses), columns=3))
    return [*blocks, *_photos(profile)]


def _facts(profile: Profile, name: str, units: DisplayUnits) -> list[tuple[str, str]]:
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
            ("Learnt from", f"{n_used[0]} sharp and {n_used[1]} degraded photos{scenes}"),
        ]
    facts.append(("Relative to", _reference(profile)))
    pixels = f", pixels of {units.pitch_um:.2f} µm" if units.pitch_um else ""
    facts += [
        ("Photo size", f"{width} x {height} px{pixels}"),
        ("Grid", f"{rows} x {cols} places, {psf.kernel_size} px kernels"),
    ]
    return facts


def _reference(profile: Profile) -> str:
    text = str(profile.psf.reference)
    sharp = profile.aperture_sharp
    return f"{text} ({f_number(sharp)})" if sharp else text


def _checks(profile: Profile) -> list[Block]:
    """How near photos came that were kept out."""
    distances = measured_distances(profile.reblur)
    if not distances:
        return []
    rows = [(distance_in_words(name), f"{value:.4g}") for name, value in distances.items()]
    text = words.small(
        "Photos that were kept out, compared with sharp ones that were blurred; smaller is better."
    )
    return [Block("Re-blur check", text + words.table(rows))]


def _photos(profile: Profile) -> list[Block]:
    if not profile.photos:
        return []
    names = ", ".join(photo.name for photo in profile.photos if photo.used)
    html = words.paragraph(f"Used: {names}")
    rejected = [
        f"{photo.name} ({photo.role}): {photo.verdict or 'left out'}"
        for photo in profile.photos
        if not photo.used
    ]
    # What was left out may be the reason for what is odd above.
    if rejected:
        html += f"<p>Left out:</p>{words.items(rejected)}"
    return [Block("Photos", html)]


def _origin(profile: Profile) -> list[tuple[str, str]]:
    """What is needed to repeat the calibration; unknown things empty."""
    noise = profile.noise
    settings = profile.settings
    return [
        ("Random seed", "" if "seed" in settings else str(profile.seed)),
        ("Stages", words.stages_in_words(profile)),
        ("Computed on", f"{profile.device or 'unknown'}, {words.duration(profile.seconds)}"),
        ("Ended", words.ENDINGS.get(profile.finished, profile.finished)),
        (
            "Noise",
            f"variance = a × signal + b with a {_three(noise.a)} and b {_three(noise.b)} "
            f"for R, G, B (from: {noise.source})"
            if noise
            else "",
        ),
        ("Vignetting", ", ".join(profile.vignetting)),
        ("Made", profile.created),
        ("Versions", ", ".join(f"{key} {value}" for key, value in profile.versions.items())),
    ]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _named(name: str, serial: str) -> str:
    return f"{name or 'unknown'}{f' (serial {serial})' if serial else ''}"


def _three(values: Sequence[float]) -> str:
    return ", ".join(f"{v:.3g}" for v in values)
