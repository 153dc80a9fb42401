"""The distance of the sensor's pixels, without which there are no micrometres."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QWidget

from lenscal.session import Session


class PitchBox(QDoubleSpinBox):
    """As typed in before, or as lensfun, the profile or the photos tell; what is typed in is
    kept."""

    pitch_typed = Signal(str, float)
    """Camera, or the profile's name where it tells none, and um; 0: not known."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # 0 stands for unknown; no sensor's pixels are near 100 um.
        self.setRange(0, 100)
        self.setDecimals(2)
        self.setSingleStep(0.05)
        self.setSuffix(self.tr(" µm pixels"))
        self.setSpecialValueText(self.tr("pixel size?"))
        self.setToolTip(
            self.tr(
                "Pixel pitch of the sensor: from lensfun, the profile or the photos, or typed "
                "in, which is saved"
            )
        )
        self.setAccessibleName(self.tr("Pixel pitch of the sensor"))
        # Room for the words that stand for 0.
        self.setMinimumWidth(128)
        self.pitches_um: dict[str, float] = {}
        """What was typed in before, by camera."""
        self._camera = ""
        self._source: tuple[str, tuple[int, int], float | None] | None = None
        self._last_um = 0.0
        self.editingFinished.connect(self._keep)

    @property
    def pitch_um(self) -> float | None:
        """None: not known."""
        return self.value() or None

    def show_session(self, session: Session) -> None:
        """Show the pitch of the session's camera, if it is another one."""
        if session.psf is None:
            return
        camera = session.profile.camera if session.profile else ""
        of_profile = session.profile.pitch_um if session.profile else None
        source = (camera, session.psf.image_size, of_profile or session.pitch_um)
        name = camera or session.psf_name
        if (source, name) == (self._source, self._camera):
            # What is being typed in must stay.
            return
        self._source, self._camera = source, name
        # What a profile keeps holds wherever it is opened, also without its photos.
        pitch_um = self.pitches_um.get(name) or of_profile or session.pitch_um or 0
        # `changed` is for what the user types.
        with QSignalBlocker(self):
            self.setValue(pitch_um)
        self._last_um = self.value()

    def _keep(self) -> None:
        # `editingFinished` also comes when the keyboard only goes elsewhere.
        if self._camera and self.value() != self._last_um:
            self._last_um = self.value()
            self.pitches_um[self._camera] = self.value()
            self.pitch_typed.emit(self._camera, self.value())
