"""The training of a restoration network, from the window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from lenscal.gui.translate import in_this_language
from lenscal.supervised.settings import NetworkSettings

if TYPE_CHECKING:
    from lenscal.gui.controller import Controller
    from lenscal.gui.dialogs.network_dialog import NetworkChoice
    from lenscal.jobs.window.network import SavedNetwork


class NetworkTraining(QObject):
    """Starts it, and puts the profile with the network in the old one's place."""

    def __init__(self, controller: Controller) -> None:
        super().__init__(controller)
        self._controller = controller

    def start(self, choice: NetworkChoice) -> None:
        """Train for the present profile."""
        c = self._controller
        profile, path = c.session.profile, c.session.psf_path
        if profile is None:
            return
        settings = NetworkSettings(
            minutes=choice.minutes, device=c.session.settings.device, resume=choice.resume
        )
        c.jobs.start(
            self.tr("Training the network"),
            lambda: c.tasks.train_network(profile, path, choice.photos, settings),
            self._trained,
            can_stop=True,
            learns=True,
        )

    def _trained(self, network: SavedNetwork) -> None:
        c = self._controller
        saved = network.path is not None and c.session.psf_saved
        c.change(replace(c.session, profile=network.profile, psf_saved=saved, comparison=None))
        if network.share == 0:
            text = self.tr(
                "The network is not better than the Wiener filter yet: train it longer, or with "
                "more photos."
            )
            c.message.emit(text, "warning", "")
            return
        text = self.tr(
            "The network is trained: {gain:+.2f} dB over the Wiener filter on photos that it has "
            "not seen. Choose “Network” in step 5."
        )
        notes = "; ".join(in_this_language(note) for note in network.notes)
        words = text.format(gain=network.gain_db)
        c.message.emit(f"{words} ({notes})" if notes else words, "info", "")
