"""Draws docs/pictures/pipeline.svg, the way from photos to kernels and from kernels to photos.

python packaging/draw_pipeline.py
"""

from __future__ import annotations

from html import escape
from pathlib import Path

OUT = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "pipeline.svg"
WIDTH, HEIGHT = 1000, 470
BOX_WIDTH, BOX_HEIGHT = 150, 56

BOXES = {
    "sharp": (20, 60, "sharp photos", "RAW, f/5.6", "#e3eefb"),
    "degraded": (20, 180, "degraded photos", "RAW, f/1.8", "#e3eefb"),
    "check": (215, 120, "decode, check", "noise, vignetting", "#f3f3f3"),
    "L": (410, 20, "L  lateral colour", "phases, R and B : G", "#fdf1dc"),
    "P": (410, 120, "P  pairs", "same scenes", "#fdf1dc"),
    "GT": (410, 220, "G, T  statistics", "different scenes", "#fdf1dc"),
    "R": (605, 120, "R  rays", "what a lens can do", "#fdf1dc"),
    "FM": (605, 220, "F, M  matching", "if photos agree", "#fdf1dc"),
    "kernels": (810, 120, "8 x 8 RGB kernels", "and confidence", "#e2f3e4"),
    "photo": (20, 380, "photo to correct", "RAW, f/1.8", "#e3eefb"),
    "restore": (605, 380, "Wiener, DPIR", "in overlapping tiles", "#fdf1dc"),
    "result": (810, 380, "corrected photo", "TIFF, PNG, JPEG, DNG", "#e2f3e4"),
    "files": (810, 250, "profile, PSF files", "and report", "#e2f3e4"),
}
"""Name: left, top, title, subtitle, colour."""
ARROWS = (
    ("sharp", "check"), ("degraded", "check"), ("check", "L"), ("check", "P"), ("check", "GT"),
    ("L", "P"), ("P", "R"), ("GT", "R"), ("R", "kernels"), ("R", "FM"), ("FM", "kernels"),
    ("kernels", "files"), ("files", "restore"), ("photo", "restore"), ("restore", "result"),
)  # fmt: skip


def box(left: int, top: int, title: str, subtitle: str, colour: str) -> str:
    middle = left + BOX_WIDTH / 2
    return (
        f'<rect x="{left}" y="{top}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" '
        f'fill="{colour}" stroke="#666"/>'
        f'<text x="{middle}" y="{top + 24}" font-weight="600">{escape(title)}</text>'
        f'<text x="{middle}" y="{top + 43}" font-size="12" fill="#555">{escape(subtitle)}</text>'
    )


def arrow(start: str, end: str) -> str:
    (x0, y0), (x1, y1) = (BOXES[name][:2] for name in (start, end))
    # Boxes above each other are joined by their horizontal sides, others by their vertical ones.
    if abs(x0 - x1) < BOX_WIDTH:
        down = y1 > y0
        ends = (
            x0 + BOX_WIDTH / 2,
            y0 + BOX_HEIGHT * down,
            x1 + BOX_WIDTH / 2,
            y1 + BOX_HEIGHT * (not down),
        )
    else:
        right = x1 > x0
        ends = (
            x0 + BOX_WIDTH * right,
            y0 + BOX_HEIGHT / 2,
            x1 + BOX_WIDTH * (not right),
            y1 + BOX_HEIGHT / 2,
        )
    return '<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="#444" marker-end="url(#tip)"/>'.format(
        *ends
    )


def main() -> None:
    parts = [arrow(*ends) for ends in ARROWS] + [box(*values) for values in BOXES.values()]
    OUT.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="DejaVu Sans, sans-serif" font-size="14" text-anchor="middle">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" '
        'markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#444"/></marker></defs>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>' + "".join(parts) + "</svg>\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
