"""What the calibration says while it runs, and what has come of it, in words."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QVBoxLayout, QWidget

from lenscal.calibration.result import Calibration
from lenscal.files.psf.quality_words import distance_in_words, measured_distances
from lenscal.gui.translate import in_the_windows_words, in_this_language
from lenscal.gui.widgets.device_names import device_names
from lenscal.gui.widgets.elements import muted, section
from lenscal.optics.agreement import Agreement, agreement
from lenscal.optics.psf_grid import PsfGrid

SHORT_S = 90
"""Below it times are told in seconds."""


class CalibrationMessages(QWidget):
    """The running stage, what computes, and the result."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.stage = section("")
        self.stage.setWordWrap(True)
        self.device = muted()
        self.device.hide()
        self.result = muted()
        column = QVBoxLayout(self)
        # Room between the words and the scroll bar.
        column.setContentsMargins(0, 0, 6, 0)
        for label in (self.stage, self.device, self.result):
            column.addWidget(label)
        # Else a short text would float in the middle.
        column.addStretch()

    def clear(self) -> None:
        """A calibration starts: forget what came of the last one."""
        self.device.hide()
        self.result.clear()

    def show_stage(self, message: str) -> None:
        """What is being done."""
        self.stage.setText(in_this_language(message))

    def show_device(self, device: str, *, automatic: bool) -> None:
        """What computes, and in a second line its name and memory; `automatic`: the user has left
        the choice to the program."""
        device, _, about = device.partition("\n")
        # Whoever has chosen the processor knows that it takes longer.
        if device == "cpu" and automatic:
            words = self.tr(
                "Computing on: {device}. No suitable graphics card was found, so this takes longer."
            )
        else:
            words = self.tr("Computing on: {device}.")
        name = device_names().get(device, device)
        self.device.setText(words.format(device=f"{name} ({about})" if about else name))
        self.device.show()

    def show_result(
        self, calibration: Calibration, problem: str, truth: PsfGrid | None = None
    ) -> None:
        """The last result; `problem`: why a later calibration has left none; `truth`: what it
        should have found."""
        self.stage.setText(problem or self._ending(calibration.finished))
        paragraphs = [self._cost(calibration)]
        if problem:
            # Its figures would be taken for those of the last one.
            paragraphs.insert(0, self.tr("The previous calibration is shown."))
        if truth is not None:
            paragraphs.append(self._against_truth(agreement(calibration.psf, truth)))
        # None where no photos were kept out.
        figures = self._distances(calibration.reblur)
        if figures:
            words = self.tr("How far unseen photos differ: {figures}.")
            paragraphs.append(words.format(figures=", ".join(figures)))
        # They name options of the command line, which the window calls otherwise.
        paragraphs += [f"⚠ {in_the_windows_words(text)}" for text in calibration.warnings]
        self.result.setText("\n\n".join(paragraphs))

    def _ending(self, finished: str) -> str:
        endings = {
            "done": self.tr("Calibrated"),
            "stopped": self.tr("Stopped early and kept"),
            "time": self.tr("Stopped at the time limit; the result was kept"),
        }
        # A word of a newer version is shown as it is.
        return endings.get(finished, finished)

    def _cost(self, calibration: Calibration) -> str:
        if calibration.same_scenes:
            words = self.tr("{s:.0f} s on {device}. The same scenes were found in both sets.")
        else:
            words = self.tr("{s:.0f} s on {device}. Unrelated scenes.")
        return words.format(s=calibration.seconds, device=calibration.device)

    def _against_truth(self, figures: Agreement) -> str:
        words = self.tr(
            "Against the truth: the kernels agree to {found:.1%} (no correction: {nothing:.1%}; "
            "100 % is perfect), lateral colour is off by {lateral:.2f} px."
        )
        return words.format(
            found=figures.correlation,
            nothing=figures.uncorrected,
            lateral=figures.lateral_px,
        )

    def _distances(self, reblur: Mapping[str, float]) -> list[str]:
        measured = measured_distances(reblur)
        # From the least there can be to what would be without any calibration.
        order = {"floor": 0, "estimate": 1, "average": 2, "delta": 3}
        return [
            f"{in_this_language(distance_in_words(name))} {measured[name]:.2f}"
            for name in sorted(measured, key=lambda name: order.get(name, len(order)))
        ]

    def time_text(self, seconds: float) -> str:
        """A time, roughly."""
        if seconds < SHORT_S:
            return self.tr("{n:.0f} s").format(n=seconds)
        return self.tr("{n:.0f} min").format(n=seconds / 60)
