"""Light and dark looks: a palette, a little QSS, and icons in the text's colour. Greys are neutral
around photos."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication

from lenscal.errors import InputError
from lenscal.resource_files import resource


@dataclass(frozen=True, slots=True)
class Theme:
    name: str
    window: str
    panel: str
    field: str
    text: str
    muted: str
    line: str
    accent: str
    on_accent: str
    surround: str
    """Around photos and kernels: neutral, so that colours can be judged."""
    good: str
    warn: str
    bad: str


THEMES = {
    "light": Theme(
        "light",
        "#f3f3f3",
        "#e7e7e7",
        "#ffffff",
        "#1e1e1e",
        "#5f5f5f",
        "#cbcbcb",
        "#1f6f8b",
        "#ffffff",
        "#9a9a9a",
        "#2f7d4f",
        "#9a6200",
        "#b3261e",
    ),
    "dark": Theme(
        "dark",
        "#2a2a2a",
        "#212121",
        "#333333",
        "#e6e6e6",
        "#a6a6a6",
        "#474747",
        "#4aa3c0",
        "#0c1a1f",
        "#181818",
        "#6fc08f",
        "#e0a84a",
        "#f2857c",
    ),
}

_current = THEMES["light"]


def theme() -> Theme:
    return _current


_made: dict[int, tuple[str, int, str]] = {}
"""Key of an icon -> its name, size and the theme's field that has its colour: to make it anew in
another theme."""


def apply(app: QApplication, name: str) -> None:
    """Give the application its looks. Icons of buttons and actions are made anew; "system" follows
    the desktop."""
    global _current
    if name == "system":
        name = "dark" if app.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light"
    if name not in THEMES:
        raise InputError(f"--theme {name}: choose {' or '.join(THEMES)}")
    former, _current = _current, THEMES[name]
    app.setStyle("Fusion")
    app.setPalette(_palette(_current))
    app.setStyleSheet(_qss(_current))
    if former is not _current:
        made = dict(_made)
        _made.clear()
        for widget in app.allWidgets():
            for owner in (widget, *widget.actions()):
                if isinstance(owner, QAbstractButton | QAction) and owner.icon().cacheKey() in made:
                    title, size, field = made[owner.icon().cacheKey()]
                    owner.setIcon(icon(title, size=size, colour=getattr(_current, field)))


def icon(name: str, *, size: int = 20, colour: str | None = None) -> QIcon:
    """An icon of resources/icons in the text's colour, or another one of the theme's (grey where
    disabled)."""
    svg = resource("icons", f"{name}.svg").read_text(encoding="utf-8")
    result = QIcon()
    for mode, tint in (
        (QIcon.Mode.Normal, colour or _current.text),
        (QIcon.Mode.Disabled, _current.line),
    ):
        renderer = QSvgRenderer(QByteArray(svg.replace("currentColor", tint).encode()))
        for factor in (1, 2):
            pixmap = QPixmap(size * factor, size * factor)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            renderer.render(painter, QRectF(0, 0, size * factor, size * factor))
            painter.end()
            pixmap.setDevicePixelRatio(factor)
            result.addPixmap(pixmap, mode)
    fields = {_current.text: "text", _current.on_accent: "on_accent", _current.accent: "accent"}
    _made[result.cacheKey()] = (name, size, fields.get(colour or _current.text, "text"))
    return result


def _palette(t: Theme) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    colours = {
        role.Window: t.window,
        role.WindowText: t.text,
        role.Base: t.field,
        role.AlternateBase: t.panel,
        role.Text: t.text,
        role.Button: t.field,
        role.ButtonText: t.text,
        role.ToolTipBase: t.field,
        role.ToolTipText: t.text,
        role.PlaceholderText: t.muted,
        role.Highlight: t.accent,
        role.HighlightedText: t.on_accent,
        role.Link: t.accent,
        role.Mid: t.line,
        role.Accent: t.accent,
    }
    for key, colour in colours.items():
        palette.setColor(key, QColor(colour))
    for key in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, QColor(t.muted))
    return palette


def _qss(t: Theme) -> str:
    return f"""
    QToolTip {{ background: {t.field}; color: {t.text}; border: 1px solid {t.line}; padding: 4px; }}
    #steps {{ background: {t.panel}; border-right: 1px solid {t.line}; }}
    #steps QToolButton {{ text-align: left; border: 0; border-radius: 6px; padding: 6px; }}
    #steps QToolButton:hover {{ background: {t.line}; }}
    #steps QToolButton:checked {{ background: {t.accent}; color: {t.on_accent}; }}
    #steps QToolButton:focus {{ border: 1px solid {t.accent}; }}
    QLabel#title {{ font-size: 19px; font-weight: 600; }}
    QLabel#subtitle, QLabel[muted="true"] {{ color: {t.muted}; }}
    QLabel[blank="true"] {{ color: {t.muted}; background: {t.field}; }}
    QLabel[bad="true"] {{ color: {t.bad}; }}
    QLabel[section="true"] {{ font-weight: 600; }}
    QComboBox, QAbstractSpinBox, QLineEdit {{ min-height: 24px; }}
    QLineEdit {{ padding: 1px 2px; }}
    QPushButton {{ background: {t.field}; border: 1px solid {t.line}; border-radius: 5px; padding: 5px 14px;
                   min-height: 18px; }}
    QPushButton:hover {{ border-color: {t.accent}; }}
    QPushButton:focus {{ border: 1px solid {t.accent}; }}
    QPushButton:pressed {{ background: {t.panel}; }}
    QPushButton:disabled {{ color: {t.muted}; background: {t.window}; }}
    QPushButton[primary="true"] {{ background: {t.accent}; color: {t.on_accent}; border-color: {t.accent};
                                   font-weight: 600; }}
    QPushButton[primary="true"]:disabled {{ background: {t.window}; color: {t.muted}; border-color: {t.line}; }}
    QPushButton[choice="true"] {{ padding: 4px 10px; }}
    QPushButton[choice="true"]:checked {{ background: {t.accent}; color: {t.on_accent}; border-color: {t.accent}; }}
    #dropZone {{ background: {t.field}; border: 2px dashed {t.line}; border-radius: 8px; }}
    #dropZone[hover="true"] {{ border-color: {t.accent}; }}
    #dropZone[filled="true"] {{ border: 2px solid {t.line}; }}
    #message {{ border-radius: 6px; background: {t.field}; border: 1px solid {t.line}; }}
    #message[kind="error"] {{ border-color: {t.bad}; }}
    #message[kind="warning"] {{ border-color: {t.warn}; }}
    #message[kind="info"] {{ border-color: {t.accent}; }}
    #jobBar {{ background: {t.panel}; border-top: 1px solid {t.line}; }}
    QProgressBar {{ border: 1px solid {t.line}; border-radius: 4px; background: {t.field}; max-height: 10px;
                    min-height: 10px; }}
    QProgressBar::chunk {{ background: {t.accent}; border-radius: 3px; }}
    QTableView::indicator:unchecked, QCheckBox::indicator:unchecked {{ border: 1px solid {t.muted};
                                                                       border-radius: 2px; background: {t.field}; }}
    QTableView {{ border: 1px solid {t.line}; gridline-color: {t.line}; }}
    QHeaderView::section {{ background: {t.panel}; border: 0; border-bottom: 1px solid {t.line}; padding: 5px 8px; }}
    QFrame#card {{ background: {t.panel}; border: 1px solid {t.line}; border-radius: 8px; }}
    """
