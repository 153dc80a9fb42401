"""One photo set of step 1: where it is, what its photos say, and what to type in where they do
not."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lenscal.files.photos.photo_preview import PhotoPreview
from lenscal.files.psf.opening import is_psf
from lenscal.gui.background.photo_previews import PhotoPreviews
from lenscal.gui.pages.photos.aperture_choice import ApertureChoice
from lenscal.gui.pages.photos.drop_zone import DropZone
from lenscal.gui.pages.photos.photo_list import PhotoList
from lenscal.gui.pages.photos.source_fields import SourceFields
from lenscal.gui.widgets.elements import muted, without_margins
from lenscal.raw.frame import PhotoInfo
from lenscal.session import Source

EMPTY_PX, FILLED_PX = 190, 120
"""Least height of the place to drop photos on: a large target first, room for the photos then."""


class SourcePanel(QWidget):
    """A place to drop photos on, the photos, and fields."""

    changed = Signal()
    profile_dropped = Signal(object)
    """Path."""
    previewed = Signal()
    """All photos of the set were looked at."""

    def __init__(
        self,
        title: str,
        hint: str,
        previews: dict[Path, PhotoPreview],
        parent: QWidget | None = None,
    ) -> None:
        """
        Parameters
        ----------
        title, hint : what the set is, and what to drop
        previews : photos that were looked at before, shared by both sets
        """
        super().__init__(parent)
        self.paths: tuple[Path, ...] = ()
        self._problem = ""
        """Why nothing could be taken from the paths."""
        self.drop = DropZone(title, hint)
        self.drop.chosen.connect(self.choose)
        self.summary = muted()
        self.apertures = ApertureChoice()
        self.list = PhotoList()
        self.list.setAccessibleName(self.tr("{set}: what was found").format(set=title))
        self.fields = SourceFields()
        self.apertures.aperture_chosen.connect(self.fields.aperture.setValue)
        self.fields.edited.connect(self._edited)
        self.previews = PhotoPreviews(previews, self)
        self.previews.files_listed.connect(self._show_names)
        self.previews.preview_ready.connect(self.list.add_preview)
        self.previews.problem.connect(self._show_problem)
        self.previews.finished.connect(self._finish)
        self._lay_out()
        self._make_room()

    def _lay_out(self) -> None:
        self._column = QVBoxLayout(self)
        without_margins(self._column, spacing_px=8)
        self._column.addWidget(self.drop, 1)
        self._column.addWidget(self.summary)
        self._column.addWidget(self.apertures)
        self._column.addWidget(self.list, 1)
        row = QHBoxLayout()
        row.addWidget(self.fields, 1)
        row.addStretch()
        self._column.addLayout(row)

    # What is chosen

    @property
    def source(self) -> Source:
        """The set as it is."""
        return self.fields.source(self.paths)

    @property
    def infos(self) -> list[PhotoInfo]:
        """Of the photos that were looked at and can be read."""
        return [preview.info for preview in self.list.previews if not preview.problem]

    def choose(self, paths: tuple[Path, ...]) -> None:
        """Take a folder, or photos; a PSF goes to whoever opens PSFs."""
        if is_psf(paths[0]):
            self.profile_dropped.emit(paths[0])
            return
        if paths != self.paths and self.apertures.choice is not None:
            # What was picked of the former folder says nothing of this one.
            self.fields.clear_aperture()
        self._set_paths(paths)
        self.changed.emit()

    def show_source(self, source: Source) -> None:
        """Show a set that was chosen elsewhere."""
        # Every change of the session comes here: fields that are being typed in stay.
        if source == self.source:
            return
        self.fields.show_source(source)
        if source.paths != self.paths:
            self._set_paths(source.paths)
        else:
            self._show_apertures()

    def _set_paths(self, paths: tuple[Path, ...]) -> None:
        self.paths = paths
        # What was said of the former paths is not true of these.
        self._problem = ""
        self.list.clear()
        self.drop.show_paths(paths)
        self.drop.show_problem("")
        self.summary.clear()
        self._show_apertures()
        self._make_room()
        self.previews.look(paths)

    def _edited(self) -> None:
        self._show_apertures()
        self.changed.emit()

    # What is seen

    def _make_room(self) -> None:
        """A large target while it is empty, a small one above the photos then."""
        filled = bool(self.paths) and not self._problem
        for widget in (self.list, self.summary):
            widget.setVisible(filled)
        self.drop.setMinimumHeight(FILLED_PX if filled else EMPTY_PX)
        # The list takes the room once there is one.
        self._column.setStretch(0, 0 if filled else 1)

    def _show_names(self, files: tuple[Path, ...]) -> None:
        self.summary.setText(self.tr("Looking at {n} photos…").format(n=len(files)))
        self.list.show_names(files)

    def _show_problem(self, text: str) -> None:
        self._problem = text
        self.drop.show_problem(text)
        self._make_room()

    def _finish(self) -> None:
        """All photos were looked at."""
        if not self.list.previews:
            return
        self.summary.setText(" · ".join(self._summary()))
        self.fields.show_light(pictures=any(info.light is not None for info in self.infos))
        self._show_apertures()
        self.previewed.emit()

    def _summary(self) -> list[str]:
        """How many photos there are, what took them, and what they do not tell."""
        photos = self.list.previews
        words = [self.tr("{n} photos").format(n=len(photos))]
        n_broken = sum(bool(preview.problem) for preview in photos)
        if n_broken:
            words.append(self.tr("{n} cannot be read").format(n=n_broken))
        if self.infos:
            first = self.infos[0]
            words += [word for word in (first.camera, first.lens) if word]
            request = self._request(first)
            if request:
                words.append(request)
        return words

    def _request(self, info: PhotoInfo) -> str:
        """What has to be typed in."""
        # Pictures are learnt from whatever took them.
        if info.light is not None:
            return ""
        no_aperture = info.aperture is None and not self.fields.aperture.value()
        no_focal = info.focal_mm is None and not self.fields.focal.value()
        if no_aperture and no_focal:
            return self.tr("type in the aperture and focal length: the photos do not record them")
        if no_aperture:
            return self.tr("type in the aperture: the photos do not record it")
        if no_focal:
            return self.tr("type in the focal length: the photos do not record it")
        return ""

    def _show_apertures(self) -> None:
        aperture = self.fields.aperture.value()
        self.apertures.show_photos(self.infos, aperture)
        self.list.show_only(lambda preview: self.apertures.takes(preview.info, aperture))
