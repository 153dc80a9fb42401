"""What devices are called in the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from lenscal.system.device import DEVICES

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
