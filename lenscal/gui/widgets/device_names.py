"""What devices are called in the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox

from lenscal.gui.widgets.elements import tip_text
from lenscal.system.device import DEVICES, likely_devices

translate = QCoreApplication.translate


def device_names() -> dict[str, str]:
    """A name for each of `DEVICES`, in their order."""
    names = {
        "auto": translate("Devices", "Automatic"),
        "cpu": translate("Devices", "Processor (CPU)"),
        "cuda": translate("Devices", "NVIDIA graphics card (CUDA)"),
        "mps": translate("Devices", "Apple graphics (MPS)"),
    }
    # A device that is new has no name here yet.
    return {device: names.get(device, device) for device in DEVICES}


def grey_missing(box: QComboBox) -> None:
    """Let nobody choose a device that this computer lacks; one that was chosen elsewhere is still
    shown."""
    model = box.model()
    if not isinstance(model, QStandardItemModel):
        return
    there = likely_devices()
    for index in range(box.count()):
        if box.itemData(index) not in there:
            model.item(index).setEnabled(False)
            tip = translate("Devices", "Not on this computer")
            box.setItemData(index, tip_text(tip), Qt.ItemDataRole.ToolTipRole)
