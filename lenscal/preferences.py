"""What the window remembers between two starts. A broken settings file costs the settings, never
the window."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from lenscal.errors import LenscalError
from lenscal.files.atomic import written_whole

logger = logging.getLogger(__name__)

MOST_RECENT, MOST_PITCHES = 10, 100
DEVICES = ("auto", "cpu", "cuda", "mps")


class ThemeChoice(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Units(StrEnum):
    """px and cycles/px, or um and line pairs/mm."""

    PIXELS = "px"
    MICROMETRES = "um"


@dataclass(frozen=True, slots=True)
class Preferences:
    """threads: numerical threads, 0 for automatic; cache: folder for decoded photos, empty for the
    usual one."""

    theme: ThemeChoice = ThemeChoice.SYSTEM
    device: str = "auto"
    threads: int = 0
    units: Units = Units.PIXELS
    cache: str = ""
    last_folder: str = ""
    recent: tuple[str, ...] = ()
    """Projects, the latest first."""
    pitches: tuple[tuple[str, float], ...] = ()
    """Camera, or profile where it names none, and the distance of its pixels in um that was typed
    in; latest first."""

    def with_recent(self, path: Path) -> Preferences:
        name = str(path.absolute())
        return replace(self, recent=(name, *(r for r in self.recent if r != name))[:MOST_RECENT])

    def with_pitch(self, camera: str, um: float) -> Preferences:
        """um: 0 to forget it."""
        others = tuple(pair for pair in self.pitches if pair[0] != camera)
        return replace(self, pitches=(*([(camera, um)] if um > 0 else []), *others)[:MOST_PITCHES])


def cleaned(told: Any) -> Preferences:
    """The preferences in what a settings file holds; what makes no sense is left at its default."""
    values = told if isinstance(told, dict) else {}
    kept: dict[str, Any] = {}
    for field in fields(Preferences):
        value = values.get(field.name)
        match field.name:
            case "theme" if value in list(ThemeChoice):
                kept["theme"] = ThemeChoice(value)
            case "units" if value in list(Units):
                kept["units"] = Units(value)
            case "device" if value in DEVICES:
                kept["device"] = value
            case "threads" if (
                isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1024
            ):
                kept["threads"] = value
            case "cache" | "last_folder" if isinstance(value, str) and "\0" not in value:
                kept[field.name] = value
            case "pitches" if isinstance(value, list):
                kept["pitches"] = tuple((v[0], float(v[1])) for v in value if _is_pitch(v))[
                    :MOST_PITCHES
                ]
            case "recent" if isinstance(value, list):
                kept["recent"] = tuple(v for v in value if isinstance(v, str) and "\0" not in v)[
                    :MOST_RECENT
                ]
    return Preferences(**kept)


def _is_pitch(told: Any) -> bool:
    if not isinstance(told, list) or len(told) != 2 or not isinstance(told[0], str):
        return False
    return isinstance(told[1], int | float) and not isinstance(told[1], bool) and 0 < told[1] <= 100


class PreferencesFile:
    """Reads and writes the preferences; `path` None keeps them in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.problem = ""
        self.values = self._read()

    def change(self, **values: Any) -> None:
        """Change some and write them at once."""
        changed = replace(self.values, **values)
        if changed == self.values:
            return
        self.values = changed
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with written_whole(self.path) as temporary:
                temporary.write_text(json.dumps(asdict(changed), indent=2) + "\n", encoding="utf-8")
        except (OSError, LenscalError) as error:
            logger.warning("preferences were not kept: %s", error)

    def _read(self) -> Preferences:
        if self.path is None or not self.path.exists():
            return Preferences()
        try:
            return cleaned(json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            self.problem = f"The settings file {self.path} cannot be read ({error}); the usual settings are used."
            logger.warning(self.problem)
            return Preferences()


def user_preferences() -> PreferencesFile:
    import platformdirs

    return PreferencesFile(platformdirs.user_config_path("lenscal") / "window.json")


def numerical_threads(preferences: Preferences) -> int:
    """All cores but one, which is the window's, unless the user says otherwise."""
    return preferences.threads or max((os.cpu_count() or 2) - 1, 1)
