"""A map over the field: a figure at every node as colour and number, or arrows."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from lenscal.gui.drawing.painting import paint, widget_style
from lenscal.gui.widgets.cells import CellView
from lenscal.plots.maps import MapData, field_map, map_area, map_height


class FieldMap(CellView):
    """Cells lie as on the photo, whose proportions the map has."""

    def __init__(
        self, parent: QWidget | None = None, *, selectable: bool = True, snug: bool = False
    ) -> None:
        """snug: as high as its width asks for, not more."""
        super().__init__(parent, selectable=selectable)
        if snug:
            policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            # Only a policy that says so makes layouts ask `heightForWidth`.
            policy.setHeightForWidth(True)
            self.setSizePolicy(policy)
        self._data: MapData | None = None
        # Most sensors are 3:2.
        self._aspect = 1.5
        self.setAccessibleName(self.tr("Map over the field"))

    @property
    def data(self) -> MapData | None:
        """What is shown."""
        return self._data

    def show_map(self, data: MapData | None, *, aspect: float = 1.5, empty: str = "") -> None:
        """aspect: width / height of the photo; empty: what is said where there is no map."""
        if aspect != self._aspect:
            self._aspect = aspect
            # The height follows from the proportions, which the layout has asked for already.
            self.updateGeometry()
        self._data = data
        # What was said before still holds where nothing else is said.
        self._empty = empty or self._empty
        if data is not None:
            self.setAccessibleName(data.title)
        nodes = None if data is None else data.arrows if data.values is None else data.values
        self._show_cells(None if nodes is None else (nodes.shape[0], nodes.shape[1]))
        self.update()

    def heightForWidth(self, width: int) -> int:
        """The height at which cells fill the width."""
        return map_height(width, self._aspect)

    def tip(self, row: int, col: int) -> str:
        """Where the cell lies, and its figure."""
        where = super().tip(row, col)
        data = self._data
        if data is None:
            return where
        if data.values is not None:
            return f"{where}: {data.pattern.format(data.values[row, col])}"
        if data.arrows is None:
            return where
        words = self.tr("{name} {right} right, {down} down")
        lines = [
            words.format(name=name, right=f"{x:+.2f} {data.unit}", down=f"{y:+.2f} {data.unit}")
            for name, (y, x) in zip(data.names, data.arrows[row, col], strict=True)
        ]
        return "\n".join([where, *lines])

    def draw(self, painter: QPainter) -> None:
        """On the screen, or into a picture file."""
        if self._data is None:
            super().draw(painter)
            return
        style = widget_style(self.font())
        paint(painter, field_map(self._data, self._size(), self._aspect, style))

    def area(self) -> QRectF:
        """Where the cells lie, widget coordinates."""
        return QRectF(*map_area(self._size(), self._aspect))

    def _size(self) -> tuple[float, float]:
        return float(self.width()), float(self.height())
