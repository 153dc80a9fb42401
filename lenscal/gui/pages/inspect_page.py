"""Step 4: look at the kernels, at maps over the field, and at two lenses side by side."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from lenscal.files import field_csv
from lenscal.files.psf.opening import PSF_SUFFIXES
from lenscal.gui.last_folder import last_folder, remember
from lenscal.gui.pages.field_maps import View, curve_columns, kernel_columns, map_columns, map_of
from lenscal.gui.pages.inspect_field import Field, FieldSide
from lenscal.gui.pages.inspect_panel import CellPanel, Grid, Measure
from lenscal.gui.pages.page import Page, muted, primary
from lenscal.gui.widgets.choice import Choice
from lenscal.gui.widgets.save_button import SaveButton
from lenscal.optics.field import lopsidedness, lopsidedness_in_words
from lenscal.optics.kernel_pictures import common_size, resized
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.sensor import pixel_pitch_um
from lenscal.session import Session

NOTHING, TRUTH, OTHER, OPEN = "nothing", "truth", "other", "open"


class InspectPage(Page):
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
            self.tr("The blur of one point, where it lies on the sensor. Click a cell."),
        )
        self.left, self.right = FieldSide(), FieldSide()
        self.mosaic = self.left.mosaic
        for side in (self.left, self.right):
            for view in (side.mosaic, side.map):
                view.cell_chosen.connect(lambda r, c, side=side: self._chosen(side, r, c))
        self.view = QComboBox()
        self.view.setToolTip(self.tr("What is shown over the field (V)"))
        self.view.setAccessibleName(self.tr("What is shown over the field"))
        for shown in View:
            self.view.addItem(self.tr(shown.value), shown)
        self.view.currentIndexChanged.connect(lambda _: self._show_field())
        self._make_choices()
        self._make_comparing()
        self.panel = CellPanel()
        self.next_button = primary(self.tr("Go on to &correct"))
        self.next_button.setToolTip(self.tr("Correct photos with these kernels"))
        self.next_button.clicked.connect(self.next_clicked)
        self._lay_out()
        self._truth: PsfGrid | None = None
        self._other: PsfGrid | None = None
        self._other_name = ""
        self._source = ""
        self._pitch_of: tuple[str, tuple[int, int], float | None] | None = None
        self._camera = ""
        self._busy = False
        self._told_pitch = 0.0
        self.known_pitches: dict[str, float] = {}
        """What was typed in before, by camera."""
        self._grids: dict[int, Grid] = {}
        self.panel.clear()
        self._fill_compare("")
        self.compare.setEnabled(False)
        self._show_field()

    @property
    def measure(self) -> Measure:
        pitch = self.pitch.value() if self.units.value == "um" else 0
        return Measure(pitch or None)

    @property
    def table(self) -> QWidget:
        return self.panel.table

    @property
    def cell_title(self) -> QLabel:
        return self.panel.title

    def show_session(self, session: Session) -> None:
        self.next_button.setEnabled(session.psf is not None)
        self._show_pitch(session)
        changed = session.psf is not (self.left.grid.psf if self.left.grid else None)
        others = (session.truth, session.other, session.other_name)
        if not changed and others == (self._truth, self._other, self._other_name):
            return
        fresh = session.other is not None and session.other is not self._other
        demo = changed and session.truth is not None and session.psf is not None
        self._truth, self._other, self._other_name = others
        self._fill_compare(OTHER if fresh else TRUTH if demo else "")
        self.left.grid = None if session.psf is None else self._grid(session.psf, session.psf_name)
        kept = {id(psf) for psf in (session.psf, session.truth, session.other)}
        self._grids = {key: grid for key, grid in self._grids.items() if key in kept}
        self.compare.setEnabled(not self._busy and self.left.grid is not None)
        self._say(session)
        self._show_field()
        if self.left.grid is None:
            self.panel.clear()
        elif changed or self.left.view.cell is None:
            self._chosen(self.left, *(self.left.view.cell or (0, 0)))

    def set_busy(self, busy: bool) -> None:
        self._busy = busy
        self.compare.setEnabled(not busy and self.left.grid is not None)

    def set_units(self, units: str) -> None:
        """ "px" or "um", as the preferences say."""
        self.units.buttons[units].setChecked(True)
        self._units_changed()

    def save_field(self, path: Path) -> None:
        """What is shown over the field, as PNG, SVG or CSV by the suffix; of two grids the left
        one's data."""
        grid = self.left.grid
        if grid is not None:
            columns = map_columns(grid, self._view, self.measure)
            shown = self.field if self.right.isVisible() else self.left.view
            self.save_button.save(
                path, shown, lambda: field_csv.write_map(path, grid.psf, columns), self._source
            )

    def save_curves(self, path: Path) -> None:
        """The chosen kernel's MTF as PNG, SVG or CSV by the suffix."""
        columns = curve_columns(self.panel.plot)
        self.save_button.save(
            path, self.panel.plot, lambda: field_csv.write_columns(path, columns), self._source
        )

    def save_kernel(self, path: Path) -> None:
        """The chosen kernel as PNG, SVG or CSV by the suffix: one line a pixel, (y, x) from its
        middle."""
        grid, cell = self.left.grid, self.mosaic.cell
        if grid is not None and cell is not None:
            columns, picture = kernel_columns(grid.psf.kernels[cell]), self.panel.picture
            self.save_button.save(
                path, picture, lambda: field_csv.write_columns(path, columns), self._source
            )

    # Building

    def _make_choices(self) -> None:
        self.channel = Choice(
            (
                (
                    "all",
                    self.tr("All"),
                    self.tr("Red, green and blue together; in maps their mean (A)"),
                ),
                ("R", self.tr("R"), self.tr("Red only (R)")),
                ("G", self.tr("G"), self.tr("Green only (G)")),
                ("B", self.tr("B"), self.tr("Blue only (B)")),
            )
        )
        self.scale = Choice(
            (
                ("linear", self.tr("Linear"), self.tr("Brightness as it is (L)")),
                (
                    "log",
                    self.tr("Log"),
                    self.tr("Logarithmic: shows the faint tails, three decades (L)"),
                ),
            )
        )
        self.norm = Choice(
            (
                ("cell", self.tr("Each cell"), self.tr("Every kernel's own peak is white")),
                (
                    "global",
                    self.tr("All cells"),
                    self.tr("The highest peak of all is white: shows how peaks fall"),
                ),
            )
        )
        self.units = Choice(
            (
                ("px", self.tr("px"), self.tr("Pixels, and cycles per pixel")),
                ("um", self.tr("µm"), self.tr("Micrometres, and line pairs per millimetre")),
            )
        )
        self.pitch = QDoubleSpinBox(
            minimum=0, maximum=100, decimals=2, singleStep=0.05, suffix=self.tr(" µm pixels")
        )
        self.pitch.setSpecialValueText(self.tr("pixel size?"))
        self.pitch.setToolTip(
            self.tr(
                "Distance of the sensor's pixels: as lensfun or the photos tell, or typed in, which is kept"
            )
        )
        self.pitch.setAccessibleName(self.tr("Distance of the sensor's pixels"))
        self.pitch.setMinimumWidth(128)
        self.pitch.hide()
        for choice in (self.channel, self.scale, self.norm):
            choice.chosen.connect(lambda _: self._show_field())
        self.units.chosen.connect(lambda _: self._units_changed())
        self.units.chosen.connect(self.units_chosen)
        self.pitch.valueChanged.connect(lambda _: self._show_field())
        self.pitch.editingFinished.connect(self._keep_pitch)
        for key, value in (("A", "all"), ("R", "R"), ("G", "G"), ("B", "B")):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.activated.connect(lambda value=value: self.channel.choose(value))
        turn = QShortcut(QKeySequence("L"), self)
        turn.activated.connect(
            lambda: self.scale.choose("linear" if self.scale.value == "log" else "log")
        )
        follow = QShortcut(QKeySequence("V"), self)
        follow.activated.connect(
            lambda: self.view.setCurrentIndex((self.view.currentIndex() + 1) % self.view.count())
        )

    def _make_comparing(self) -> None:
        self.verdict = muted()
        self.compare = QComboBox()
        self.compare.setToolTip(
            self.tr("Show another copy of the lens, another aperture or the truth beside it")
        )
        self.compare.setAccessibleName(self.tr("Compare with"))
        self.compare.activated.connect(self._compare_activated)
        self.save_button = SaveButton()
        self.save_button.problem.connect(self.problem)
        self.save_button.add(self.tr("What is shown over the &field…"), "field", self.save_field)
        self.save_button.add(self.tr("The chosen &kernel…"), "kernel", self.save_kernel)
        self.save_button.add(self.tr("&MTF curves of the chosen kernel…"), "mtf", self.save_curves)

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(14)
        for widget in (self.view, self.channel, self.scale, self.norm):
            bar.addWidget(widget)
        bar.addStretch()
        bar.addWidget(self.units)
        bar.addWidget(self.pitch)
        second = QHBoxLayout()
        second.setSpacing(8)
        label = QLabel(self.tr("Compare &with"))
        label.setBuddy(self.compare)
        second.addWidget(self.verdict, 1)
        second.addSpacing(8)
        second.addWidget(label)
        second.addWidget(self.compare)
        second.addWidget(self.save_button)
        self.field = Field(self.left, self.right)
        side = QVBoxLayout()
        side.setSpacing(10)
        side.addWidget(self.panel, 1)
        side.addWidget(self.next_button)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self.field, 3)
        row.addLayout(side, 1)
        self.body.setSpacing(8)
        self.body.addLayout(bar)
        self.body.addLayout(second)
        self.body.addLayout(row, 1)

    # Showing

    @property
    def _view(self) -> View:
        view: View = View(self.view.currentData())
        return view

    def _grid(self, psf: PsfGrid, name: str) -> Grid:
        if (
            id(psf) not in self._grids
            or self._grids[id(psf)].psf is not psf
            or self._grids[id(psf)].name != name
        ):
            self._grids[id(psf)] = Grid.of(psf, name)
        return self._grids[id(psf)]

    def _show_field(self) -> None:
        left, right = self.left, self.right
        compared = {TRUTH: (self._truth, self.tr("Truth")), OTHER: (self._other, self._other_name)}
        psf, name = compared.get(self.compare.currentData(), (None, ""))
        right.grid = None if psf is None or left.grid is None else self._grid(psf, name)
        right.setVisible(right.grid is not None)
        kernels = self._view is View.KERNELS
        self.scale.setVisible(kernels)
        self.norm.setVisible(kernels)
        self.channel.setEnabled(self._view is not View.LATERAL)
        self.save_button.setEnabled(left.grid is not None)
        grids = [side.grid for side in (left, right) if side.grid is not None]
        size = common_size(*(grid.psf.kernels for grid in grids)) if grids else 1
        peak = max((float(resized(grid.psf.kernels, size).max()) for grid in grids), default=1.0)
        for side in (left, right):
            side.stack.setCurrentWidget(side.mosaic if kernels else side.map)
            side.name.setText(side.grid.name if side.grid else "")
            side.name.setVisible(right.grid is not None)
            side.mosaic.show_as(
                channel=self.channel.value,
                log=self.scale.value == "log",
                per_cell=self.norm.value == "cell",
            )
            if side.grid is None:
                side.mosaic.show_kernels(None)
                side.map.show_map(None)
                continue
            side.mosaic.show_kernels(resized(side.grid.psf.kernels, size), peak=peak)
            height, width = side.grid.psf.image_size
            data = map_of(
                grids, grids.index(side.grid), self._view, self.channel.value, self.measure
            )
            empty = self.tr("This profile does not say how sure its kernels are.")
            side.map.show_map(data, aspect=width / height, empty=empty)
        self._show_verdict(grids)
        self._show_cell()

    def _show_verdict(self, grids: list[Grid]) -> None:
        lines = []
        for grid in grids:
            told = "; ".join(lopsidedness_in_words(lopsidedness(grid.psf, grid.figures)))
            lines.append(
                f"{grid.name}: {told}." if len(grids) > 1 else f"{told[:1].upper()}{told[1:]}."
            )
        self.verdict.setText("\n".join(lines))

    def _chosen(self, side: FieldSide, row: int, col: int) -> None:
        if side.grid is None:
            return
        y, x = side.grid.psf.positions[row, col]
        for one in (self.left, self.right):
            if one.grid is not None:
                at = (row, col) if one is side else one.grid.nearest(y, x)
                one.mosaic.mark(*at)
                one.map.mark(*at)
        self._show_cell()

    def _show_cell(self) -> None:
        if self.left.grid is None or self.left.mosaic.cell is None:
            return
        row, col = self.left.mosaic.cell
        if self.right.grid is not None:
            y, x = self.left.grid.psf.positions[row, col]
            at = self.right.mosaic.cell or self.right.grid.nearest(y, x)
            for view in (self.right.mosaic, self.right.map):
                view.mark(*at)
        for view in (self.left.map, self.left.mosaic):
            view.mark(row, col)
        self.panel.show_cell(
            self.left.grid,
            row,
            col,
            self.right.grid,
            channel=self.channel.value,
            log=self.scale.value == "log",
            measure=self.measure,
        )

    def _say(self, session: Session) -> None:
        grid = self.left.grid
        if grid is None:
            self.set_title(
                self.tr("Inspect"), self.tr("The blur of one point, where it lies on the sensor.")
            )
            return
        rows, cols = grid.psf.shape
        height, width = grid.psf.image_size
        words = self.tr(
            "{name}: {rows} × {cols} kernels of {k} px for {width} × {height} px, relative to: {reference}."
        )
        self._source = words.format(
            name=session.psf_name,
            rows=rows,
            cols=cols,
            k=grid.psf.kernel_size,
            width=width,
            height=height,
            reference=grid.psf.reference.value,
        )
        self.set_title(self.tr("Inspect"), self._source)
        self.verdict.setToolTip(
            self.tr(
                "Read off the green kernels' MTF50 and the colour fringes, in sensor orientation"
            )
        )

    def _fill_compare(self, wanted: str) -> None:
        before = wanted or self.compare.currentData() or NOTHING
        with QSignalBlocker(self.compare):
            self.compare.clear()
            self.compare.addItem(self.tr("nothing"), NOTHING)
            if self._truth is not None:
                self.compare.addItem(self.tr("the truth"), TRUTH)
            if self._other is not None:
                self.compare.addItem(self._other_name, OTHER)
            self.compare.addItem(self.tr("another profile…"), OPEN)
            self.compare.setCurrentIndex(max(self.compare.findData(before), 0))
        self._compared = self.compare.currentData()

    def _compare_activated(self) -> None:
        if self.compare.currentData() != OPEN:
            self._compared = self.compare.currentData()
            self._show_field()
            return
        self.compare.setCurrentIndex(max(self.compare.findData(self._compared), 0))
        suffixes = " ".join(f"*{suffix}" for suffix in PSF_SUFFIXES)
        kinds = self.tr("Profiles ({suffixes})").format(suffixes=suffixes)
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Compare with a profile"), last_folder(), kinds
        )
        if name:
            remember(name)
            self.compare_wanted.emit(Path(name))

    def _show_pitch(self, session: Session) -> None:
        if session.psf is None:
            return
        camera = session.profile.camera if session.profile else ""
        now = (camera, session.psf.image_size, session.pitch_um)
        if now != self._pitch_of or self._camera != (camera or session.psf_name):
            self._pitch_of, self._camera = now, camera or session.psf_name
            known = self.known_pitches.get(self._camera) or pixel_pitch_um(
                camera, session.psf.image_size
            )
            with QSignalBlocker(self.pitch):
                self.pitch.setValue(known or session.pitch_um or 0)
            self._told_pitch = self.pitch.value()

    def _keep_pitch(self) -> None:
        if self._camera and self.pitch.value() != self._told_pitch:
            self._told_pitch = self.pitch.value()
            self.known_pitches[self._camera] = self.pitch.value()
            self.pitch_typed.emit(self._camera, self.pitch.value())

    def _units_changed(self) -> None:
        self.pitch.setVisible(self.units.value == "um")
        self._show_field()
