"""What the window remembers between two starts. A broken settings file costs the settings, never
the window."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from lenscal.errors import LenscalError
from lenscal.system.atomic import written_whole
from lenscal.system.device import AUTO, DEVICES
from lenscal.system.file_content import read_plain_file
from lenscal.system.json_values import (
    MOST_JSON_BYTES,
    could_be_path,
    parse_json,
    to_json,
    valid_fields,
)
from lenscal.system.threads import usable_cores
from lenscal.system.user_folders import config_folder
from lenscal.translation import Translatable, join_translatable, message_of, translatable

logger = logging.getLogger(__name__)

MOST_RECENT, MOST_PITCHES = 10, 100
MOST_THREADS = 1024
LARGEST_PITCH_UM = 100.0
_LONGEST_GEOMETRY = 1000


class ThemeChoice(StrEnum):
    """Whose colours the window has: the system's, or always light or dark ones."""

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
    device: str = AUTO
    threads: int = 0
    units: Units = Units.PIXELS
    private: bool = False
    """Whether photos, profiles and reports are written without what says where they were taken, and
    with which devices: `ExportSettings.private`, `without_identity`."""
    cache: str = ""
    last_folder: str = ""
    geometry: str = ""
    """Of the window, as Qt keeps it, in base64."""
    recent: tuple[str, ...] = ()
    """Projects, the latest first."""
    pitches: tuple[tuple[str, float], ...] = ()
    """Camera, or profile where it names none, and the distance of its pixels in um that was typed
    in; latest first."""

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise ValueError(f"device {self.device!r}")
        if not 0 <= self.threads <= MOST_THREADS:
            raise ValueError(f"threads {self.threads}")
        if not all(map(could_be_path, (self.cache, self.last_folder, *self.recent))):
            raise ValueError("no path")
        if len(self.geometry) > _LONGEST_GEOMETRY:
            raise ValueError("geometry")
        if not all(0 < um <= LARGEST_PITCH_UM for _, um in self.pitches):
            raise ValueError(f"pitches {self.pitches!r}")

    def with_recent(self, path: Path) -> Preferences:
        """The same with a project as the latest."""
        name = str(path.absolute())
        return replace(self, recent=(name, *(r for r in self.recent if r != name))[:MOST_RECENT])

    def with_pitch(self, camera: str, um: float) -> Preferences:
        """um: 0 to forget it."""
        others = tuple(pair for pair in self.pitches if pair[0] != camera)
        return replace(self, pitches=(*([(camera, um)] if um > 0 else []), *others)[:MOST_PITCHES])


def preferences_from_json(values: Any) -> tuple[Preferences, tuple[Translatable, ...]]:
    """The preferences in what a settings file holds, and what of it makes no sense and is left at
    its default."""
    return valid_fields(Preferences, values)


class PreferencesFile:
    """Reads and writes the preferences; `path` None keeps them in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.problem = ""
        self.values = self._read()

    def renew(self) -> None:
        """Take over what another window has changed meanwhile; what cannot be read changes
        nothing."""
        if self.path is None:
            return
        try:
            text = read_plain_file(self.path, MOST_JSON_BYTES)
            self.values, _ = preferences_from_json(parse_json(text, self.path, ""))
        except LenscalError:
            return

    def change(self, **values: Any) -> None:
        """Change some and write them at once; others stay as another window has left them."""
        before = self.values
        if replace(before, **values) == before:
            return
        self.renew()
        self.values = changed = replace(self.values, **values)
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with written_whole(self.path) as temporary:
                temporary.write_text(
                    json.dumps(to_json(changed), indent=2) + "\n", encoding="utf-8"
                )
        except (OSError, LenscalError) as error:
            logger.warning("preferences were not kept: %s", error)

    def _read(self) -> Preferences:
        if self.path is None or not os.path.lexists(self.path):
            return Preferences()
        try:
            text = read_plain_file(self.path, MOST_JSON_BYTES)
            values = parse_json(text, self.path, translatable("the default settings are used"))
            preferences, problems = preferences_from_json(values)
        except LenscalError as error:
            self._warn(message_of(error))
            return Preferences()
        # Whatever is wrong with it, the window starts.
        except Exception as error:
            logger.exception("settings")
            self._warn(
                translatable(
                    (
                        "The settings file {path} cannot be read ({error}); the default "
                        "settings are used."
                    ),
                    path=self.path,
                    error=type(error).__name__,
                )
            )
            return Preferences()
        if problems:
            self._warn(
                translatable(
                    "The settings file {path}: {problems}",
                    path=self.path,
                    problems=join_translatable("; ", problems),
                )
            )
        return preferences

    def _warn(self, problem: str) -> None:
        self.problem = problem
        logger.warning("%s", problem)


def user_preferences() -> PreferencesFile:
    """Those of this user, where the system keeps such files; in memory where it keeps none."""
    folder = config_folder()
    return PreferencesFile(None if folder is None else folder / "window.json")


def numerical_threads(preferences: Preferences) -> int:
    """All cores but one, which is the window's, unless the user says otherwise."""
    return preferences.threads or max(usable_cores() - 1, 1)
