"""The project behind the window: written by itself a moment after every change, found again in the
recent list."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime
from importlib import metadata
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from lenscal import __version__
from lenscal.errors import InputError, LenscalError
from lenscal.files.write_claim import Claim, claimed, is_claimed
from lenscal.gui.controller import Controller
from lenscal.gui.translate import error_in_words
from lenscal.preferences import PreferencesFile
from lenscal.printable import file_stem
from lenscal.project import (
    SUFFIX,
    Project,
    common_folder,
    fingerprint_of,
    project_of,
    read_project,
    session_of,
    write_project,
)
from lenscal.session import Session, Step
from lenscal.translation import message_of

SAVE_AFTER_MS = 1000
"""After a change: a number that is being typed is written once."""


class Projects(QObject):
    """Keeps the session of a controller in a project file.

    A project that has no name yet is kept in the user's data folder; the virtual lens's photos are
    not kept, since they go when the window closes.
    """

    changed = Signal()
    """Another path, or another recent list."""
    conflict = Signal()
    """Another program has changed the project's file, which is not overwritten: `overwrite`,
    `save_as` or `open` decide."""

    def __init__(
        self, controller: Controller, preferences: PreferencesFile, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.path: Path | None = None
        self._controller, self._preferences = controller, preferences
        self._project_on_disk = Project()
        self._fingerprint = ""
        """Of the file as this window has read or written it."""
        self._claim: Claim | None = None
        self._read: tuple[Path | None, str] = (None, "")
        """What was read last, and the file's fingerprint then."""
        self._failed = self._in_conflict = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_AFTER_MS)
        self._timer.timeout.connect(self.save)
        controller.session_changed.connect(self._session_changed)

    @property
    def title(self) -> str:
        """Its name; empty while it has none."""
        return self.path.stem if self.path is not None else ""

    @property
    def recent(self) -> tuple[Path, ...]:
        """Projects that are still there, the latest first."""
        return tuple(
            path for name in self._preferences.values.recent if (path := Path(name)).is_file()
        )

    def save(self, *, leaving: bool = False) -> None:
        """Write what has changed, if anything has.

        leaving: where another program has changed the file, keep the project as a new one instead
            of asking
        """
        # What it would do is done now.
        self._timer.stop()
        project = project_of(self._controller.session)
        if project == self._project_on_disk or project.empty or self._is_passing(project):
            return
        if self.path is not None and self._changed_by_another(self.path):
            if not leaving:
                self._ask()
                return
            # Nobody is there to answer: both are kept.
            self._take(None)
        if self.path is None:
            self._take(self._untitled(project))
        if self.path is not None:
            self._write(self.path, project)

    def overwrite(self) -> None:
        """Write this window's project over what another program has written."""
        self._fingerprint, self._in_conflict = "", False
        self._project_on_disk = Project()
        self.save()

    def close(self) -> None:
        """The end of the window."""
        self.save(leaving=True)
        self._take(None)

    def _changed_by_another(self, path: Path) -> bool:
        # A file that is gone is written again: nothing is lost by that.
        return bool(self._fingerprint) and fingerprint_of(path) not in ("", self._fingerprint)

    def _ask(self) -> None:
        # Once: the question comes back with "Save as" and at the end.
        if not self._in_conflict:
            self._in_conflict = True
            self.conflict.emit()

    def _take(self, path: Path | None) -> bool:
        """Go on with a file that no other window has, or none; False where another one has it."""
        claim = None if path is None else claimed(path)
        if path is not None and claim is None:
            return False
        if self._claim is not None:
            self._claim.release()
        self._claim, self.path = claim, path
        self._fingerprint, self._in_conflict = "", False
        return True

    def _write(self, path: Path, project: Project) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_project(path, project, _versions())
        except (OSError, LenscalError) as error:
            # It is tried again at every change, and said once.
            if not self._failed:
                words = self.tr(
                    "The project is not being saved: {why}. Choose another place with File, "
                    "Save as."
                )
                why = error_in_words(error).rstrip(".")
                self._controller.message.emit(words.format(why=why), "warning", "")
            self._failed = True
            return
        # Only what stands on the disk counts as kept.
        self._failed, self._project_on_disk = False, project
        self._fingerprint = fingerprint_of(path)
        self._use(path)

    def save_as(self, path: Path) -> None:
        """Keep the project under this name from now on."""
        path = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
        if path == self.path:
            # The user was asked whether to replace what is there.
            self._fingerprint, self._in_conflict = "", False
        elif not self._take(path):
            words = self.tr("{name} is open in another window: choose another name.")
            self._controller.message.emit(words.format(name=path.name), "warning", "")
            return
        # As if nothing had been written yet, so that it is written there.
        self._project_on_disk, self._failed = Project(), False
        self.save()
        if not self._failed and path.exists():
            text = self.tr("From now on the project is saved as {path}.").format(path=path)
            self._controller.message.emit(text, "info", "")

    def new(self) -> None:
        """Begin again, with nothing chosen."""
        self.save(leaving=True)
        self._take(None)
        self._project_on_disk = Project()
        now = self._controller.session
        self._controller.change(Session(settings=now.settings, restore=now.restore))
        self._controller.step_wanted.emit(Step.IMPORT)
        self.changed.emit()

    def read(self, path: Path) -> Project | None:
        """What a project file holds; None where it cannot be read, which is then said."""
        # Before: what changes meanwhile is found when it is written.
        self._read = path, fingerprint_of(path)
        try:
            return read_project(path)
        except InputError as error:
            self._controller.message.emit(message_of(error), "error", "")
            return None

    def open(self, path: Path, project: Project) -> None:
        """Go on with a project (its missing parts have been found again, or are done without)."""
        self.save(leaving=True)
        # Reopened by the same window, too: its own claim is no other window's.
        self._take(None)
        is_own = self._take(path)
        self._project_on_disk = project
        known, fingerprint = self._read
        self._fingerprint = fingerprint if is_own and known == path else ""
        session, device = session_of(project), self._preferences.values.device
        # The device is this computer's, whatever the project was made on.
        settings = replace(session.settings, device=device)
        restore = replace(session.restore, device=device)
        self._controller.change(replace(session, settings=settings, restore=restore))
        if is_own:
            self._use(path)
        else:
            self.changed.emit()
        if project.profile is not None and project.profile.exists():
            self._controller.open_psf(project.profile)
        else:
            self._controller.step_wanted.emit(Step.IMPORT)
        if not is_own:
            words = self.tr(
                "“{project}” is open in another window, which goes on writing it. "
                "What you change here is kept as a new project."
            )
            self._controller.message.emit(words.format(project=path.stem), "warning", "")

    def _session_changed(self, session: Session) -> None:
        # Compared as a project: most changes of a session are results, which no project holds.
        if project_of(session) != self._project_on_disk:
            self._timer.start()

    def _use(self, path: Path) -> None:
        self._preferences.renew()
        self._preferences.change(recent=self._preferences.values.with_recent(path).recent)
        self.changed.emit()

    def _is_passing(self, project: Project) -> bool:
        """Whether its photos go when the window closes."""
        return any(
            path.is_relative_to(self._controller.folders.cache) for path in project.sharp.paths
        )

    def _untitled(self, project: Project) -> Path:
        name = common_folder([*project.sharp.paths, *project.degraded.paths]) or self.tr("Untitled")
        when = datetime.now().strftime("%Y-%m-%d %H-%M-%S")
        stem, folder = f"{file_stem(name)} {when}", self._controller.folders.projects
        # Another window may begin one of the same photos in the same second.
        names = itertools.chain([stem], (f"{stem} {number}" for number in itertools.count(2)))
        paths = (folder / f"{name}{SUFFIX}" for name in names)
        return next(path for path in paths if not path.exists() and not is_claimed(path))


def _versions() -> dict[str, str]:
    return {
        "lenscal": __version__,
        **{name: metadata.version(name) for name in ("torch", "numpy", "rawpy")},
    }
