"""Kernels and curves, drawn while they are learnt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from lenscal.gui.pages.calibration.loss_plots import LossPlots
from lenscal.gui.pages.calibration.samples_view import SamplesView
from lenscal.gui.pages.calibration.stage_strip import StageStrip
from lenscal.gui.widgets.curves import Curves
from lenscal.gui.widgets.elements import section, without_margins
from lenscal.gui.widgets.kernels import KernelMosaic
from lenscal.optics.kernel_pictures import resized
from lenscal.optics.psf_grid import PsfGrid

UNSEEN = "re-blur "
"""Curves whose name begins so are distances to photos that were kept out."""
FLOOR = f"{UNSEEN}floor"
"""How far two halves of the photos themselves are apart."""

CurvePoint = tuple[str, float, float]
"""Name, x and y."""


class LiveView(QWidget):
    """The kernels, beside the true ones where these are known, above losses and distances."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._truth: PsfGrid | None = None
        self._truth_in_mosaic: PsfGrid | None = None
        self._make_mosaics()
        self._make_curves()
        column = QVBoxLayout(self)
        without_margins(column, spacing_px=10)
        self.strip = StageStrip()
        column.addWidget(self.strip)
        # Kernels are what is learnt; curves only say whether they are still getting better.
        column.addLayout(self._kernels_layout(), 5)
        column.addLayout(self._curves_layout(), 3)
        self.samples = SamplesView()
        column.addWidget(self.samples)

    def _make_mosaics(self) -> None:
        # There is nothing to choose while they change.
        self.mosaic = KernelMosaic(
            selectable=False, empty=self.tr("The kernels, as they are learnt")
        )
        self.mosaic.setMinimumSize(220, 150)
        self.mosaic_title = section(self.tr("Kernels"))
        self.truth = KernelMosaic(selectable=False)
        self.truth.setMinimumSize(220, 150)
        self.truth.setAccessibleName(self.tr("True kernels of the virtual lens"))
        self.truth_title = section(self.tr("Truth: the virtual lens itself"))

    def _make_curves(self) -> None:
        self.curves = LossPlots(x_label=self.tr("step"))
        self.unseen = Curves(x_label=self.tr("check"), y_label=self.tr("distance"), dots=True)
        self.unseen.whole_steps()
        self.unseen.setToolTip(
            self.tr(
                "How far the re-blurred sharp photos are from unseen degraded ones; "
                "the floor is the least"
            )
        )

    def _kernels_layout(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(6)
        grid.setRowStretch(1, 1)
        pairs = ((self.mosaic_title, self.mosaic), (self.truth_title, self.truth))
        for column, (title, mosaic) in enumerate(pairs):
            grid.addWidget(title, 0, column)
            grid.addWidget(mosaic, 1, column)
        return grid

    def _curves_layout(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(6)
        grid.setRowStretch(1, 1)
        plots = (
            (self.tr("Losses"), self.curves, 3),
            (self.tr("Distance to unseen photos"), self.unseen, 2),
        )
        for column, (title, plot, share) in enumerate(plots):
            plot.setMinimumHeight(130)
            heading = section(title)
            # Long words must not make one plot wider than the other.
            heading.setWordWrap(True)
            grid.addWidget(heading, 0, column)
            grid.addWidget(plot, 1, column)
            grid.setColumnStretch(column, share)
        return grid

    def clear_curves(self, text: str) -> None:
        """Forget the last calibration's curves; `text` stands there instead."""
        for curves in (self.curves, self.unseen):
            curves.clear()
        self.samples.show_patches(None)
        self.show_words(text)

    def show_curves(self, curves: Mapping[str, Sequence[tuple[int, float]]]) -> None:
        """Those of a calibration that has ended, by name: (step, value)."""
        self.add_points((name, x, y) for name, points in curves.items() for x, y in points)

    def show_words(self, text: str) -> None:
        """What stands in place of curves, where there are none."""
        for curves in (self.curves, self.unseen):
            curves.say(text)

    def add_points(self, points: Iterable[CurvePoint]) -> None:
        """Go on drawing the curves."""
        losses: list[CurvePoint] = []
        distances: list[CurvePoint] = []
        for name, x, y in points:
            if name == FLOOR:
                # Measured anew from time to time; what counts is where it lies now.
                self.unseen.show_level(self.tr("floor"), y)
            elif name.startswith(UNSEEN):
                distances.append((name.removeprefix(UNSEEN), x, y))
            else:
                losses.append((name, x, y))
        self.curves.add_points(losses)
        self.unseen.add_points(distances)

    def show_kernels(self, kernels: NDArray[np.float32] | None) -> None:
        """Kernels [rows, cols, 3, k, k] as they are now, and the truth as large as they are."""
        # Kernels may grow on the way: side by side they have to be of one size.
        if kernels is not None and self._truth is not None:
            self._show_truth(kernels.shape[-1])
        self.mosaic.show_kernels(kernels)

    def show_truth(self, truth: PsfGrid | None, size_px: int) -> None:
        """What should be found, where it is known; `size_px` is the side of the kernels to come."""
        has_truth = truth is not None
        self.truth.setVisible(has_truth)
        self.truth_title.setVisible(has_truth)
        self.mosaic_title.setText(self.tr("Estimate") if has_truth else self.tr("Kernels"))
        if truth is self._truth:
            return
        self._truth = truth
        if truth is None:
            self.truth.show_kernels(None)
        else:
            self._show_truth(size_px)

    def _show_truth(self, size_px: int) -> None:
        """The middle of the true kernels, as large as those that are learnt."""
        if self._truth is None:
            return
        size = min(size_px, self._truth.kernel_size)
        kernels = self.truth.kernels
        if (
            self._truth_in_mosaic is self._truth
            and kernels is not None
            and kernels.shape[-1] == size
        ):
            # Drawing it again at every report would cost the calibration's time.
            return
        self._truth_in_mosaic = self._truth
        self.truth.show_kernels(resized(self._truth.kernels, size))
