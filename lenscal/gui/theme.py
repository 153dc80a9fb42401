"""Light and dark looks: a palette, a little QSS, and icons in the text's colour. Greys are neutral
around photos."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QCoreApplication, QObject, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication

from lenscal.errors import InputError
from lenscal.resource_files import resource
from lenscal.translation import translatable


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by what they are for."""

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
        name="light",
        window="#f3f3f3",
        panel="#e7e7e7",
        field="#ffffff",
        text="#1e1e1e",
        muted="#5f5f5f",
        line="#cbcbcb",
        accent="#1f6f8b",
        on_accent="#ffffff",
        surround="#9a9a9a",
        good="#2f7d4f",
        warn="#9a6200",
        bad="#b3261e",
    ),
    "dark": Theme(
        name="dark",
        window="#2a2a2a",
        panel="#212121",
        field="#333333",
        text="#e6e6e6",
        muted="#a6a6a6",
        line="#474747",
        accent="#4aa3c0",
        on_accent="#0c1a1f",
        surround="#181818",
        good="#6fc08f",
        warn="#e0a84a",
        bad="#f2857c",
    ),
}
SYSTEM = "system"
"""Instead of a theme's name: light or dark, as the desktop is."""


@dataclass(frozen=True, slots=True)
class _IconKey:
    """What an icon is drawn from: the file's name, its side in px, and its colour."""

    name: str
    size_px: int
    colour: str


class Appearance(QObject):
    """The application's looks: the present theme, and the icons that were drawn in it."""

    changed = Signal()

    def __init__(self, application: QCoreApplication) -> None:
        super().__init__(application)
        self.theme = THEMES["light"]
        self._choice = ""
        self._icons: dict[_IconKey, QIcon] = {}

    def apply(self, application: QApplication, name: str) -> None:
        """Give the application its looks.

        Icons of buttons and actions are drawn anew. "system" follows the desktop, also when that
        turns dark later.

        Raises
        ------
        InputError
            There is no theme of this name.
        """
        hints = application.styleHints()
        if name == SYSTEM:
            scheme = hints.colorScheme()
            theme = THEMES["dark" if scheme == Qt.ColorScheme.Dark else "light"]
        elif name in THEMES:
            theme = THEMES[name]
        else:
            names = " or ".join(THEMES)
            raise InputError(translatable("--theme {name}: choose {names}", name=name, names=names))
        if not self._choice:
            # Once, at the first theme.
            hints.colorSchemeChanged.connect(self._follow_desktop)
        self._choice = name
        former, self.theme = self.theme, theme
        # The one style that takes its colours from the palette on every system.
        application.setStyle("Fusion")
        application.setPalette(_palette(theme))
        application.setStyleSheet(_qss(theme))
        if former is not theme:
            self._draw_icons_anew(application, former)
            self.changed.emit()

    def icon(self, name: str, size_px: int, colour: str | None) -> QIcon:
        """The same icon is drawn once in every theme."""
        key = _IconKey(name, size_px, colour or self.theme.text)
        if key not in self._icons:
            self._icons[key] = _draw_icon(key, disabled=self.theme.line)
        return self._icons[key]

    @Slot()
    def _follow_desktop(self) -> None:
        application = QApplication.instance()
        if self._choice == SYSTEM and isinstance(application, QApplication):
            self.apply(application, SYSTEM)

    def _draw_icons_anew(self, application: QApplication, former: Theme) -> None:
        """A QIcon knows pixels only: those of ours are found by their keys."""
        keys = {icon.cacheKey(): key for key, icon in self._icons.items()}
        self._icons.clear()
        colours = {
            former.text: self.theme.text,
            former.on_accent: self.theme.on_accent,
            former.accent: self.theme.accent,
        }
        for widget in application.allWidgets():
            for owner in (widget, *widget.actions()):
                if not isinstance(owner, QAbstractButton | QAction):
                    continue
                key = keys.get(owner.icon().cacheKey())
                if key is not None:
                    colour = colours.get(key.colour, self.theme.text)
                    owner.setIcon(self.icon(key.name, key.size_px, colour))


def appearance() -> Appearance:
    """The one of the application, which owns it.

    Raises
    ------
    RuntimeError
        There is no application yet.
    """
    application = QCoreApplication.instance()
    if application is None:
        raise RuntimeError("make a QApplication before anything that is drawn")
    own = application.findChild(Appearance, options=Qt.FindChildOption.FindDirectChildrenOnly)
    return own if own is not None else Appearance(application)


def theme() -> Theme:
    """The present theme."""
    return appearance().theme


def apply(app: QApplication, name: str) -> None:
    """Give the application its looks: "light", "dark" or "system"."""
    appearance().apply(app, name)


def icon(name: str, *, size: int = 20, colour: str | None = None) -> QIcon:
    """An icon of resources/icons in the text's colour, or another one of the theme's (grey where
    disabled)."""
    return appearance().icon(name, size, colour)


def _draw_icon(key: _IconKey, disabled: str) -> QIcon:
    svg = resource("icons", f"{key.name}.svg").read_text(encoding="utf-8")
    size = key.size_px
    result = QIcon()
    for mode, tint in ((QIcon.Mode.Normal, key.colour), (QIcon.Mode.Disabled, disabled)):
        renderer = QSvgRenderer(QByteArray(svg.replace("currentColor", tint).encode()))
        # The second for screens with two pixels for one.
        for factor in (1, 2):
            pixmap = QPixmap(size * factor, size * factor)
            # Qt leaves what was in the memory.
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            renderer.render(painter, QRectF(0, 0, size * factor, size * factor))
            painter.end()
            pixmap.setDevicePixelRatio(factor)
            result.addPixmap(pixmap, mode)
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
        # The colours above hold for all states: disabled words would look like the others.
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
    QPushButton {{ background: {t.field}; border: 1px solid {t.line}; border-radius: 5px;
        padding: 5px 14px; min-height: 18px; }}
    QPushButton:hover {{ border-color: {t.accent}; }}
    QPushButton:focus {{ border: 1px solid {t.accent}; }}
    QPushButton:pressed {{ background: {t.panel}; }}
    QPushButton:disabled {{ color: {t.muted}; background: {t.window}; }}
    QPushButton[primary="true"] {{ background: {t.accent}; color: {t.on_accent};
        border-color: {t.accent}; font-weight: 600; }}
    QPushButton[primary="true"]:disabled {{ background: {t.window}; color: {t.muted};
        border-color: {t.line}; }}
    QPushButton[choice="true"] {{ padding: 4px 8px; }}
    QPushButton[choice="true"]:checked {{ background: {t.accent}; color: {t.on_accent};
        border-color: {t.accent}; }}
    #dropZone {{ background: {t.field}; border: 2px dashed {t.line}; border-radius: 8px; }}
    #dropZone[hover="true"] {{ border-color: {t.accent}; }}
    #dropZone[filled="true"] {{ border: 2px solid {t.line}; }}
    #message {{ border-radius: 6px; background: {t.field}; border: 1px solid {t.line}; }}
    #message[kind="error"] {{ border-color: {t.bad}; }}
    #message[kind="warning"] {{ border-color: {t.warn}; }}
    #message[kind="info"] {{ border-color: {t.accent}; }}
    #jobBar {{ background: {t.panel}; border-top: 1px solid {t.line}; }}
    QProgressBar {{ border: 1px solid {t.line}; border-radius: 4px; background: {t.field};
        max-height: 10px; min-height: 10px; }}
    QProgressBar::chunk {{ background: {t.accent}; border-radius: 3px; }}
    QTableView::indicator:unchecked, QCheckBox::indicator:unchecked {{
        border: 1px solid {t.muted}; border-radius: 2px; background: {t.field}; }}
    QTableView {{ border: 1px solid {t.line}; gridline-color: {t.line}; }}
    QHeaderView::section {{ background: {t.panel}; border: 0; border-bottom: 1px solid {t.line};
        padding: 5px 8px; }}
    QFrame#card {{ background: {t.panel}; border: 1px solid {t.line}; border-radius: 8px; }}
    """
