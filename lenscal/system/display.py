"""Whether a window can open here, or a PDF be drawn. Qt ends the whole process where a library or
a display is missing, with words that name no package: so it is asked before."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from lenscal.errors import InputError
from lenscal.translation import translatable

DEBIAN_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
"""Of Debian 12 and Ubuntu, by the library that PySide6's wheel leaves to the system."""
_X11_ONLY = ("libX11", "libxcb", "libxkbcommon-x11")


def require_window(environment: Mapping[str, str] = os.environ) -> None:
    """Return where Qt can open a window.

    Raises
    ------
    InputError
        No display, or a library of the system is missing: says which package holds it.
    """
    if not sys.platform.startswith("linux"):
        return
    platform = _platform(environment)
    if platform is None:
        raise InputError(
            translatable(
                "There is no display here to open a window on (neither DISPLAY nor WAYLAND_DISPLAY "
                "is set). Log in to a desktop, connect with ssh -X, or use the command line: "
                "lenscal --help"
            )
        )
    missing = missing_libraries(x11=platform == "xcb")
    if missing:
        raise InputError(
            translatable(
                "The window needs libraries of the system that are missing: {libraries}. On Debian "
                "and Ubuntu: sudo apt-get install {packages}",
                libraries=", ".join(missing),
                packages=_packages(missing),
            )
        )
    if platform == "xcb" and not _answers(environment.get("DISPLAY", "")):
        raise InputError(
            translatable(
                "The display {display} cannot be opened: is it yours, and running? The command "
                "line works without: lenscal --help",
                display=environment.get("DISPLAY") or '""',
            )
        )


def require_drawing() -> None:
    """Return where Qt can draw PDF files, for which it needs no display.

    Raises
    ------
    InputError
        A library of the system is missing (says which package holds it), or Qt itself.
    """
    try:
        for name in ("QtGui", "QtSvg"):
            import_module(f"PySide6.{name}")
    except ImportError as error:
        missing = missing_libraries(x11=False) if sys.platform.startswith("linux") else ()
        if missing:
            message = translatable(
                "PDF files need libraries of the system that are missing: {libraries}. On Debian "
                "and Ubuntu: sudo apt-get install {packages}; HTML needs none",
                libraries=", ".join(missing),
                packages=_packages(missing),
            )
        else:
            message = translatable(
                "PDF files are drawn by Qt, which cannot be loaded ({error}): install lenscal as "
                "its README says; HTML needs none",
                error=str(error),
            )
        raise InputError(message) from error


def _packages(missing: Sequence[str]) -> str:
    return " ".join(sorted({DEBIAN_PACKAGES[name] for name in missing}))


def missing_libraries(*, x11: bool, load: Callable[[str], object] = ctypes.CDLL) -> tuple[str, ...]:
    """Those that Qt needs and the system does not have, by their names as files.

    x11 : whether a window on X11 is wanted
    """
    absent = []
    for name in DEBIAN_PACKAGES:
        if name.startswith(_X11_ONLY) and not x11 and name != "libX11.so.6":
            continue
        try:
            load(name)
        except OSError:
            absent.append(name)
    return tuple(absent)


def _platform(environment: Mapping[str, str]) -> str | None:
    """Name of the platform that Qt will take; None where none can be."""
    named = environment.get("QT_QPA_PLATFORM", "")
    if named:
        # "wayland;xcb" is a list, "offscreen:size=..." has options.
        return named.split(";")[0].split(":")[0]
    if environment.get("WAYLAND_DISPLAY") and _has_plugin("wayland"):
        return "wayland"
    return "xcb" if environment.get("DISPLAY") else None


def _has_plugin(name: str) -> bool:
    spec = find_spec("PySide6")
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    return any(
        any((Path(place) / "Qt" / "plugins" / "platforms").glob(f"libq{name}*.so"))
        for place in places
    )


def _answers(display: str) -> bool:
    """Whether an X server takes us there."""
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    # None: what the environment says, as Qt does.
    connection = xcb.xcb_connect(display.encode() or None, None)
    try:
        return not xcb.xcb_connection_has_error(connection)
    finally:
        xcb.xcb_disconnect(connection)
