"""One photo set of step 1: where it is, what its photos say, and what to type in where they do
not."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap, QResizeEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QVBoxLayout,
    QWidget,
)

from lenscal.files.photos.photo_preview import Glance
from lenscal.gui.background.photo_previews import PhotoPreviews
from lenscal.gui.drawing.images import thumbnail_icon
from lenscal.gui.pages.page import form, in_a_row, muted
from lenscal.gui.pages.photo_table import placeholder, said_of
from lenscal.gui.widgets.choice import Choice
from lenscal.gui.widgets.drop_zone import DropZone
from lenscal.intake.grouping import group_by_aperture
from lenscal.raw.frame import PhotoInfo
from lenscal.raw.lens_setting import APERTURE_TOLERANCE, agree
from lenscal.session import Source

THUMB = QSize(96, 64)
COLUMN_PX, FIELDS_PX = 440, 560
"""Least width of a photo with its words; most of what is typed in."""
UNKNOWN = "unknown"


class PhotoList(QListView):
    """Thumbnails with words beside them, in as many columns as there is room for."""

    def __init__(self) -> None:
        super().__init__()
        self.setIconSize(THUMB)
        self.setUniformItemSizes(True)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Of the list's own width, which does not change when a scroll bar comes or goes.
        columns = max(self.width() // COLUMN_PX, 1)
        # A column that fills the room to the pixel begins on a row of its own, below an empty one.
        room = (
            self.width() - 2 * self.frameWidth() - self.verticalScrollBar().sizeHint().width() - 4
        )
        self.setGridSize(QSize(room // columns, THUMB.height() + 8))
        super().resizeEvent(event)


class SourcePanel(QWidget):
    changed = Signal()
    profile_dropped = Signal(object)
    looked = Signal()
    """All photos of the set were looked at."""

    def __init__(
        self, title: str, hint: str, known: dict[Path, Glance], parent: QWidget | None = None
    ) -> None:
        """known: photos that were looked at, shared by both sets."""
        super().__init__(parent)
        self.paths: tuple[Path, ...] = ()
        self.seen: list[Glance] = []
        self._problem_text = ""
        self.drop = DropZone(title, hint)
        self.drop.chosen.connect(self.choose)
        self.glances = PhotoPreviews(known, self)
        self.glances.listed.connect(self._listed)
        self.glances.seen.connect(self._seen)
        self.glances.problem.connect(self._problem)
        self.glances.finished.connect(self._looked)
        self.summary = muted()
        self.model = QStandardItemModel(self)
        self.list = PhotoList()
        self.list.setModel(self.model)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setMinimumHeight(80)
        self.list.setAccessibleName(self.tr("{set}: what was found").format(set=title))
        self.groups = QWidget()
        self._group_row = QHBoxLayout(self.groups)
        self._group_row.setContentsMargins(0, 0, 0, 0)
        self.groups.hide()
        self.choice: Choice | None = None
        self._make_fields()
        fields = form()
        focal = QLabel(self.tr("Focal length"))
        focal.setBuddy(self.focal)
        fields.add(self.tr("Aperture"), in_a_row(self.aperture, focal, self.focal), self.aperture)
        fields.add(self.tr("Lens"), self.lens)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        for widget, stretch in (
            (self.drop, 1),
            (self.summary, 0),
            (self.groups, 0),
            (self.list, 1),
        ):
            self._column.addWidget(widget, stretch)
        typed = QWidget()
        typed.setLayout(fields)
        fields.setContentsMargins(0, 0, 0, 0)
        typed.setMaximumWidth(FIELDS_PX)
        row = QHBoxLayout()
        row.addWidget(typed, 1)
        row.addStretch()
        self._column.addLayout(row)
        self._show_looks()

    def _make_fields(self) -> None:
        self.aperture = QDoubleSpinBox(
            minimum=0, maximum=64, singleStep=0.1, decimals=1, prefix="f/"
        )
        self.aperture.setSpecialValueText(self.tr("from the photos"))
        self.aperture.setToolTip(
            self.tr("For a lens that does not tell its aperture, or to pick one of several")
        )
        self.focal = QDoubleSpinBox(minimum=0, maximum=3000, decimals=1, suffix=" mm")
        self.focal.setSpecialValueText(self.tr("from the photos"))
        self.focal.setToolTip(self.tr("For a lens that does not tell its focal length"))
        self.lens = QLineEdit(placeholderText=self.tr("from the photos"))
        self.lens.setToolTip(
            self.tr("For a lens that does not tell its name, as it is listed by lensfun")
        )
        for spin in (self.aperture, self.focal):
            spin.valueChanged.connect(lambda _: self._typed())
        self.lens.editingFinished.connect(self._typed)

    def choose(self, paths: tuple[Path, ...]) -> None:
        if paths[0].suffix == ".lenscal":
            self.profile_dropped.emit(paths[0])
            return
        again = paths == self.paths
        if not again and self.choice is not None:
            # What was picked of the former folder says nothing of this one.
            self.blockSignals(True)
            self.aperture.setValue(0)
            self.blockSignals(False)
        self._set_paths(paths)
        self.changed.emit()

    @property
    def source(self) -> Source:
        return Source(
            self.paths,
            self.aperture.value() or None,
            self.lens.text().strip() or None,
            self.focal.value() or None,
        )

    def show_source(self, source: Source) -> None:
        if source == self.source:
            return
        self.blockSignals(True)
        self.aperture.setValue(source.aperture or 0)
        self.focal.setValue(source.focal_mm or 0)
        self.lens.setText(source.lens or "")
        self.blockSignals(False)
        if source.paths != self.paths:
            self._set_paths(source.paths)
        else:
            self._show_groups()

    @property
    def infos(self) -> list[PhotoInfo]:
        """Of the photos that were looked at and can be read."""
        return [seen.info for seen in self.seen if not seen.problem]

    def _set_paths(self, paths: tuple[Path, ...]) -> None:
        self.paths = paths
        self.seen = []
        self.model.clear()
        self.drop.show_paths(paths)
        self._problem_text = ""
        self.drop.show_problem("")
        self.summary.clear()
        self._show_groups()
        self._show_looks()
        self.glances.look(paths)

    def _show_looks(self) -> None:
        """A large target while it is empty, a small one above the photos then."""
        there = bool(self.paths) and not self._problem_text
        for widget in (self.list, self.summary):
            widget.setVisible(there)
        self.drop.setMinimumHeight(120 if there else 190)
        self._column.setStretch(0, 0 if there else 1)

    def _listed(self, files: tuple[Path, ...]) -> None:
        self.summary.setText(self.tr("Looking at {n} photos…").format(n=len(files)))
        empty = QPixmap(THUMB)
        empty.fill(Qt.GlobalColor.transparent)
        for path in files:
            item = QStandardItem(QIcon(empty), path.name)
            self.model.appendRow(item)

    def _seen(self, seen: Glance) -> None:
        item = self.model.item(len(self.seen))
        self.seen.append(seen)
        if item is None:
            return
        item.setIcon(
            thumbnail_icon(placeholder(THUMB) if seen.pixels is None else seen.pixels, THUMB)
        )
        words = (
            self.tr("cannot be read: {why}").format(why=seen.problem)
            if seen.problem
            else said_of(seen.info)
        )
        item.setText(f"{seen.info.path.name}\n{words}")
        made = ", ".join(word for word in (seen.info.camera, seen.info.lens) if word)
        item.setToolTip("\n".join(line for line in (str(seen.info.path), words, made) if line))

    def _looked(self) -> None:
        broken = sum(bool(seen.problem) for seen in self.seen)
        if not self.seen:
            return
        first = self.infos[0] if self.infos else None
        words = [self.tr("{n} photos").format(n=len(self.seen))]
        if broken:
            words.append(self.tr("{n} cannot be read").format(n=broken))
        if first is not None:
            words += [word for word in (first.camera, first.lens) if word]
            missing = [
                name
                for name, lacking in (
                    (self.tr("aperture"), first.aperture is None and not self.aperture.value()),
                    (self.tr("focal length"), first.focal_mm is None and not self.focal.value()),
                )
                if lacking
            ]
            if missing:
                words.append(
                    self.tr("type in the {what}: the photos do not tell").format(
                        what=self.tr(" and ").join(missing)
                    )
                )
        self.summary.setText(" · ".join(words))
        self._show_groups()
        self.looked.emit()

    def _problem(self, text: str) -> None:
        self._problem_text = text
        self.drop.show_problem(text)
        self._show_looks()

    def _show_groups(self) -> None:
        """Where there are several apertures: one button each, the chosen one pressed; others'
        photos are hidden."""
        groups = group_by_aperture(self.infos)
        if self.choice is not None:
            self.choice.hide()
            self.choice.deleteLater()
            self.choice = None
        self.groups.setVisible(len(groups) > 1)
        chosen = self.aperture.value()
        if len(groups) > 1:
            self.choice = Choice(
                [
                    (
                        UNKNOWN if f is None else f"{f:g}",
                        self.tr("{f} ({n})").format(
                            f=f"f/{f:g}" if f else self.tr("unknown"), n=len(photos)
                        ),
                        self.tr("Take the photos of this aperture alone"),
                    )
                    for f, photos in groups.items()
                ]
            )
            self.choice.chosen.connect(self._picked)
            self.choice.mark(
                next(
                    (
                        f"{f:g}"
                        for f in groups
                        if f and chosen and agree(f, chosen, APERTURE_TOLERANCE)
                    ),
                    None,
                )
            )
            self._group_row.addWidget(self.choice)
        for row, seen in enumerate(self.seen):
            item, f = self.model.item(row), seen.info.aperture
            if item is not None:
                used = (
                    len(groups) < 2
                    or not chosen
                    or f is None
                    or agree(f, chosen, APERTURE_TOLERANCE)
                )
                item.setEnabled(not seen.problem)
                self.list.setRowHidden(row, not used)

    def _picked(self, value: str) -> None:
        if value != UNKNOWN:
            self.aperture.setValue(float(value))

    def _typed(self) -> None:
        self._show_groups()
        self.changed.emit()
