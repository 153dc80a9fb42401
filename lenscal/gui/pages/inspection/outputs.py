"""What is shown in step 4, as files and on the clipboard."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lenscal.files import field_csv
from lenscal.gui.drawing.copying import copy_picture, copy_table, offer
from lenscal.gui.drawing.save_plots import Drawn
from lenscal.gui.pages.inspection.cell_panel import CellPanel
from lenscal.gui.pages.inspection.display_bar import DisplayBar
from lenscal.gui.pages.inspection.field_maps import (
    Column,
    FieldView,
    curve_columns,
    kernel_columns,
    map_columns,
)
from lenscal.gui.pages.inspection.field_sides import Field
from lenscal.gui.widgets.save_button import SaveButton


class Outputs(QObject):
    """Saves and copies the field, the chosen kernel and its curves."""

    problem = Signal(str)

    def __init__(self, field: Field, panel: CellPanel, bar: DisplayBar, parent: QObject) -> None:
        super().__init__(parent)
        self._field, self._panel, self._bar = field, panel, bar
        self.source = ""
        """What is inspected, in words: the title of written pictures."""
        self.button = SaveButton()
        self.button.problem.connect(self.problem)
        self._fill_menu()
        self._add_menus()

    def _fill_menu(self) -> None:
        add, menu = self.button.add, self.button.menu()
        add(self.tr("The &map over the field…"), "field", self.save_field)
        add(self.tr("The selected &kernel…"), "kernel", self.save_kernel)
        add(self.tr("The &curves of the selected kernel…"), "curves", self.save_curves)
        menu.addSeparator()
        for text, do in (
            (self.tr("Copy the m&ap as a picture"), self.copy_field),
            (self.tr("Copy the map as a &table"), self.copy_field_table),
            (self.tr("Copy the selected kernel's &figures"), self.copy_figures),
        ):
            menu.addAction(text).triggered.connect(lambda _=False, do=do: do())

    def _add_menus(self) -> None:
        """On the right mouse button, over what they are about."""
        picture, table = self.tr("Copy picture"), self.tr("Copy table")
        save = self.tr("Save as…")
        panel = self._panel
        views = [view for side in self._field.sides for view in (side.mosaic, side.map)]
        for view in (*views, self._field.chart):
            offer(
                view,
                (
                    (picture, self.copy_field),
                    (table, self.copy_field_table),
                    (save, lambda: self.button.ask_where("field", self.save_field)),
                ),
            )
        offer(
            panel.picture,
            (
                (picture, lambda: copy_picture(panel.picture)),
                (table, self.copy_kernel_table),
                (save, lambda: self.button.ask_where("kernel", self.save_kernel)),
            ),
        )
        offer(
            panel.plot,
            (
                (picture, lambda: copy_picture(panel.plot)),
                (table, self.copy_curves_table),
                (save, lambda: self.button.ask_where("curves", self.save_curves)),
            ),
        )
        offer(panel.table, ((table, self.copy_figures),))

    # Files

    def save_field(self, path: Path) -> None:
        """What is shown over the field, as PNG, SVG or CSV by the suffix; of two grids the left
        one's data."""
        table = self._field_table()
        if table is not None:
            self._save(path, self._field.shown, table)

    def save_curves(self, path: Path) -> None:
        """The chosen kernel's curves as PNG, SVG or CSV by the suffix."""
        self._save(path, self._panel.plot, self._curves_table())

    def save_kernel(self, path: Path) -> None:
        """The chosen kernel as PNG, SVG or CSV by the suffix: one line a pixel, (y, x) from its
        middle."""
        columns = self._kernel_columns()
        if columns is not None:
            self._save(path, self._panel.picture, field_csv.column_table(columns))

    # Clipboard

    def copy_field(self) -> None:
        """What is shown over the field, as a picture."""
        copy_picture(self._field.shown)

    def copy_field_table(self) -> None:
        """The data behind it."""
        table = self._field_table()
        if table is not None:
            copy_table(*table)

    def copy_figures(self) -> None:
        """The chosen kernel's figures, as they are shown."""
        copy_table(*self._panel.table.texts())

    def copy_kernel_table(self) -> None:
        """The chosen kernel's pixels."""
        columns = self._kernel_columns()
        if columns is not None:
            copy_table(*field_csv.column_table(columns))

    def copy_curves_table(self) -> None:
        """The chosen kernel's curves."""
        copy_table(*self._curves_table())

    def _field_table(self) -> field_csv.Table | None:
        grid, view = self._field.left.grid, self._bar.view.value
        if grid is None:
            return None
        if view is FieldView.HEIGHT:
            return field_csv.column_table(curve_columns(self._field.chart.data))
        columns = map_columns(grid, view, self._bar.display_units)
        return field_csv.map_table(grid.psf, columns)

    def _curves_table(self) -> field_csv.Table:
        return field_csv.column_table(curve_columns(self._panel.plot.data))

    def _kernel_columns(self) -> list[Column] | None:
        grid, cell = self._field.left.grid, self._field.left.mosaic.cell
        if grid is None or cell is None:
            return None
        return kernel_columns(grid.psf.kernels[cell])

    def _save(self, path: Path, widget: Drawn, table: field_csv.Table) -> None:
        self.button.save(path, widget, lambda: field_csv.write_table(path, table), self.source)
