"""Step 4: look at the kernels, at maps over the field, and at two lenses side by side."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStyle, QVBoxLayout, QWidget

from lenscal.files.psf.kept_profiles import of_same_lens
from lenscal.files.psf.profile import Profile
from lenscal.gui.background.aperture_predictor import AperturePredictor
from lenscal.gui.pages.inspection.aperture_bar import ApertureBar
from lenscal.gui.pages.inspection.cell_panel import NARROW_PX, PANEL_PX, CellPanel
from lenscal.gui.pages.inspection.comparison_box import ComparisonBox
from lenscal.gui.pages.inspection.display_bar import DisplayBar
from lenscal.gui.pages.inspection.field_maps import FieldView, mean_change
from lenscal.gui.pages.inspection.field_sides import Field, FieldSide
from lenscal.gui.pages.inspection.grids import Cell, NamedGrid
from lenscal.gui.pages.inspection.outputs import Outputs
from lenscal.gui.pages.page import Page
from lenscal.gui.widgets.elements import Label, in_a_row, muted, primary, scrolled, tip_text
from lenscal.gui.widgets.file_dialogs import ask_for_profile
from lenscal.jobs.window.apertures import ApertureKernels
from lenscal.optics.field import lopsidedness, lopsidedness_in_words
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.lens_setting import f_number as f_number_in_words
from lenscal.session import Session

NARROW_PAGE_PX = 960
"""Width below which the field would get less room than the panel."""


class InspectPage(Page):
    """Kernels or maps over the field, and on the right all about the chosen cell."""

    next_clicked = Signal()
    compare_wanted = Signal(object)
    """Path of a profile, or of a folder of PSF files, to be shown beside."""
    units_chosen = Signal(str)
    pitch_typed = Signal(str, float)
    """Camera, or the profile's name where it tells none, and the distance of its pixels in um; 0:
    not known."""
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_title(
            self.tr("Inspect"),
            self.tr("The blur of a point of light, at its place on the sensor. Click a cell."),
        )
        self._busy = False
        self.kept_in: Path | None = None
        """Where calibrations are kept: those of the same lens are offered."""
        self._named_grids: dict[int, NamedGrid] = {}
        """By the identity of their PSF: figures take a moment, and are computed once."""
        self._own_psf: PsfGrid | None = None
        """The session's."""
        self._profile: Profile | None = None
        self._predicted: NamedGrid | None = None
        """Of another aperture, in the place of the profile's own kernels."""
        self._make_field()
        self._make_apertures()
        self._make_comparing()
        self.next_button = primary(self.tr("Continue to &correct"))
        self.next_button.setToolTip(self.tr("Correct photos with these kernels"))
        self.next_button.clicked.connect(self.next_clicked)
        self._lay_out()
        self.panel.clear()
        self.compare.setEnabled(False)
        self._show_field()

    # Building

    def _make_field(self) -> None:
        self.field = Field()
        self.field.cell_chosen.connect(self._choose)
        self.left, self.right = self.field.sides
        self.mosaic = self.left.mosaic
        self.bar = DisplayBar()
        self.bar.add_keys(self)
        self.bar.changed.connect(self._show_field)
        self.bar.units_chosen.connect(self.units_chosen)
        self.bar.pitch.pitch_typed.connect(self.pitch_typed)
        self.known_pitches = self.bar.pitch.pitches_um
        """What was typed in before, by camera."""
        self.panel = CellPanel()
        self.panel.changed.connect(self._show_cell)
        self.bar.add_key(self, "M", self.panel.next_plot)
        self.bar.add_key(self, "C", self.panel.contours.toggle)
        self.readout = Label()
        """The value under the mouse."""
        # Words that come and go must not move the page.
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.readout.setAccessibleName(self.tr("Value under the mouse"))
        for part in (self.field, self.panel.picture, self.panel.plot):
            part.pointed.connect(self._read_out)

    def _make_apertures(self) -> None:
        self.apertures = ApertureBar(self)
        self.predictor = AperturePredictor(self)
        self.apertures.aperture_chosen.connect(self._predict)
        self.apertures.photographed_chosen.connect(self._show_own)
        self.predictor.predicted.connect(self._show_predicted)
        self.predictor.working.connect(self.apertures.show_working)
        self.predictor.problem.connect(self.apertures.show_problem)
        self.bar.add_key(self, "[", lambda: self.apertures.step(-1))
        self.bar.add_key(self, "]", lambda: self.apertures.step(1))

    def _make_comparing(self) -> None:
        self.verdict = muted()
        self.compare = ComparisonBox()
        self.compare.compared_chosen.connect(self._show_field)
        self.compare.open_clicked.connect(self._ask_for_profile)
        self.compare.kept_chosen.connect(self.compare_wanted)
        self.outputs = Outputs(self.field, self.panel, self.bar, self)
        self.outputs.problem.connect(self.problem)
        self.save_button = self.outputs.button

    def _lay_out(self) -> None:
        label = Label(self.tr("Compare &with"))
        label.setBuddy(self.compare)
        comparing = in_a_row(label, self.compare)
        self.bar.row.addWidget(comparing)
        self.add_action(self.save_button)
        side = QVBoxLayout()
        side.setSpacing(10)
        # In a low window it scrolls.
        self._scrolled_panel = scrolled(self.panel, self.tr("The selected kernel"))
        side.addWidget(self._scrolled_panel, 1)
        side.addWidget(self.next_button)
        row = QHBoxLayout()
        row.setSpacing(14)
        # Of the kernels as much as possible; the panel has a least width of its own.
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(self.field, 1)
        column.addWidget(self.readout)
        row.addLayout(column, 3)
        row.addLayout(side, 1)
        self.body.setSpacing(8)
        self.body.addWidget(self.bar)
        self.body.addWidget(self.apertures)
        self.body.addWidget(self.verdict)
        self.body.addLayout(row, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the panel makes room for the field."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """The panel's least width: what its figures need, and more in a wide window."""
        narrow_px = max(NARROW_PX, self.panel.minimumSizeHint().width())
        least_px = narrow_px if self.width() < NARROW_PAGE_PX else max(narrow_px, PANEL_PX)
        bar_px = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        self._scrolled_panel.setMinimumWidth(least_px + bar_px)

    # Showing

    def show_session(self, session: Session) -> None:
        """Show what has changed."""
        self.next_button.setEnabled(session.psf is not None)
        self.bar.pitch.show_session(session)
        changed = session.psf is not self._own_psf
        others = (session.truth, session.other, session.other_name)
        if not changed and not self.compare.differs(*others):
            return
        # A demo's result is looked at beside what it should be.
        demo = changed and session.truth is not None and session.psf is not None
        self.compare.offer(*others, show_truth=demo)
        psf = session.psf
        own = None if psf is None else self._named_grid(psf, session.psf_name)
        if changed:
            self._own_psf, self._profile = psf, session.profile
            self._predicted = None
            self.predictor.forget()
            self.apertures.offer(session.profile)
            self._offer_kept(session)
        self.left.grid = self._predicted or own
        self._forget_grids(session)
        self._enable()
        self._say()
        self._show_field()
        # Whoever opens the page sees a kernel at once, without a click.
        if self.left.grid is None:
            self.panel.clear()
        elif changed or self.left.view.cell is None:
            self._choose(self.left, *(self.left.view.cell or (0, 0)))

    def set_busy(self, busy: bool) -> None:
        """A job runs: no other profile can be opened."""
        self._busy = busy
        self._enable()

    def set_units(self, units: str) -> None:
        """ "px" or "um", as the preferences say."""
        self.bar.set_units(units)

    def _enable(self) -> None:
        self.compare.setEnabled(not self._busy and self.left.grid is not None)

    def _named_grid(self, psf: PsfGrid, name: str) -> NamedGrid:
        # Another grid may have got the same id after the first one was freed.
        grid = self._named_grids.get(id(psf))
        if grid is None or grid.psf is not psf or grid.name != name:
            grid = self._named_grids[id(psf)] = NamedGrid.of(psf, name)
        return grid

    def _offer_kept(self, session: Session) -> None:
        """The same lens at other apertures, and earlier calibrations of it."""
        folders = [] if self.kept_in is None else [self.kept_in]
        if session.psf_path is not None:
            folders.append(session.psf_path.parent)
        profile = session.profile
        self.compare.offer_kept(() if profile is None else of_same_lens(profile, folders))

    def _forget_grids(self, session: Session) -> None:
        """Grids are large: those that nobody can look at any more are let go."""
        needed = {id(psf) for psf in (session.psf, session.truth, session.other)}
        for key in self._named_grids.keys() - needed:
            del self._named_grids[key]

    def _show_field(self) -> None:
        psf, name = self.compare.compared
        compared = psf is not None and self.left.grid is not None
        self.right.grid = self._named_grid(psf, name) if psf is not None and compared else None
        self.bar.offer_what_matters(compared=bool(compared))
        self.save_button.setEnabled(self.left.grid is not None)
        for side in self.field.sides:
            self.bar.apply_to(side.mosaic)
        view, channel = self.bar.view.value, self.bar.channel.value
        self.field.show_grids(view, channel, self.bar.display_units, difference=self.bar.difference)
        self._show_verdict()
        self._show_cell()

    def _show_verdict(self) -> None:
        """What is lopsided about the lens, or about both."""
        lines = []
        for grid in self.field.grids:
            words = "; ".join(lopsidedness_in_words(lopsidedness(grid.psf, grid.figures)))
            if len(self.field.grids) > 1:
                lines.append(self.tr("{name}: {words}.").format(name=grid.name, words=words))
            else:
                # Not `capitalize`, which would make the rest small: MTF50, R.
                sentence = words[:1].upper() + words[1:]
                lines.append(self.tr("{sentence}.").format(sentence=sentence))
        lines += self._change()
        self.verdict.setText("\n".join(lines))

    def _change(self) -> list[str]:
        """What parts two grids, over the whole field."""
        grids, channel = self.field.grids, self.bar.channel.value
        if len(grids) < 2:
            return []
        parts = []
        for view in (FieldView.MTF50, FieldView.FWHM):
            means = mean_change(grids, view, channel, self.bar.display_units)
            if means is not None:
                words = self.tr("{figure} {first} against {second}")
                name = self.bar.view.text_of(view)
                parts.append(words.format(figure=name, first=means[0], second=means[1]))
        sentence = self.tr("Mean over the field: {figures} ({units}).")
        units = self.bar.display_units
        return [
            sentence.format(figures=", ".join(parts), units=f"{units.frequency}, {units.length}")
        ]

    def _read_out(self, words: str) -> None:
        self.readout.setText(words)
        # Where the line is too short for all of it.
        self.readout.setToolTip(tip_text(words))

    def _choose(self, side: FieldSide, row: int, col: int) -> None:
        self.field.mark(side, row, col)
        self._show_cell()

    def _show_cell(self) -> None:
        left, right = self.left.grid, self.right.grid
        if left is None or self.mosaic.cell is None:
            return
        row, col = self.mosaic.cell
        # The map follows the mosaic, whichever is in front.
        self.left.mark(row, col)
        cells = [Cell(left, row, col)]
        if right is not None:
            counterpart = right.nearest(*left.psf.positions[row, col])
            cells.append(Cell(right, *counterpart))
            # A cell of the other grid that was clicked on stays chosen.
            self.right.mark(*(self.right.mosaic.cell or counterpart))
        self.panel.show_cells(
            cells,
            channel=self.bar.channel.value,
            log=self.bar.log,
            units=self.bar.display_units,
        )
        self._make_room()

    def _say(self) -> None:
        """What is inspected, below the title."""
        grid = self.left.grid
        if grid is None:
            words = self.tr("The blur of a point of light, at its place on the sensor.")
            self.set_title(self.tr("Inspect"), words)
            return
        rows, cols = grid.psf.shape
        height, width = grid.psf.image_size
        words = self.tr(
            "{name}: {rows} × {cols} kernels of {k} px for {width} × {height} px, "
            "relative to: {reference}."
        )
        self.outputs.source = words.format(
            name=grid.name,
            rows=rows,
            cols=cols,
            k=grid.psf.kernel_size,
            width=width,
            height=height,
            reference=grid.psf.reference.value,
        )
        self.set_title(self.tr("Inspect"), self.outputs.source)
        self.verdict.setToolTip(
            self.tr(
                "Read from the green kernels' MTF50 and the colour fringes, in sensor orientation"
            )
        )

    # Other apertures

    def close_down(self) -> None:
        """The end of the window."""
        self.predictor.close()

    def _predict(self, f_number: float) -> None:
        if self._profile is not None:
            self.predictor.predict(self._profile, f_number)

    def _show_own(self) -> None:
        self.predictor.forget()
        self.apertures.show_photographed()
        self._show_left(None)

    def _show_predicted(self, kernels: ApertureKernels) -> None:
        self.apertures.show_kernels(kernels)
        words = self.tr("{name} at {aperture}")
        own = self._named_grids.get(id(self._own_psf))
        name = words.format(
            name="" if own is None else own.name, aperture=f_number_in_words(kernels.f_number)
        )
        self._show_left(NamedGrid(kernels.psf, name, kernels.figures))

    def _show_left(self, predicted: NamedGrid | None) -> None:
        """A predicted grid in the place of the profile's own, or that again."""
        self._predicted = predicted
        self.left.grid = predicted or self._named_grids.get(id(self._own_psf))
        self._say()
        self._show_field()

    # What the user does

    def copy_picture(self) -> bool:
        """What is shown over the field."""
        if self.left.grid is not None:
            self.outputs.copy_field()
        return self.left.grid is not None

    def copy_table(self) -> bool:
        """The data behind it."""
        if self.left.grid is not None:
            self.outputs.copy_field_table()
        return self.left.grid is not None

    def _ask_for_profile(self) -> None:
        path = ask_for_profile(self, self.tr("Compare with a profile"))
        if path is not None:
            self.compare_wanted.emit(path)
