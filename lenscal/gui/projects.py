"""The project behind the window: written by itself a moment after every change, found again in the
recent list."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from importlib import metadata
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from lenscal import __version__
from lenscal.errors import InputError, LenscalError
from lenscal.gui.controller import Controller
from lenscal.gui.translate import error_in_words
from lenscal.preferences import PreferencesFile
from lenscal.printable import file_stem
from lenscal.project import (
    SUFFIX,
    Project,
    common_folder,
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

    def __init__(
        self, controller: Controller, preferences: PreferencesFile, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.path: Path | None = None
        self._controller, self._preferences = controller, preferences
        self._project_on_disk = Project()
        self._failed = False
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

    def save(self) -> None:
        """Write what has changed, if anything has."""
        # What it would do is done now.
        self._timer.stop()
        project = project_of(self._controller.session)
        if project == self._project_on_disk or project.empty or self._is_passing(project):
            return
        path = self.path or self._untitled(project)
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
        self._use(path)

    def save_as(self, path: Path) -> None:
        """Keep the project under this name from now on."""
        self.path = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
        # As if nothing had been written yet, so that it is written there.
        self._project_on_disk, self._failed = Project(), False
        self.save()
        if not self._failed and self.path.exists():
            text = self.tr("The project is kept as {path} from now on.").format(path=self.path)
            self._controller.message.emit(text, "info", "")

    def new(self) -> None:
        """Begin again, with nothing chosen."""
        self.save()
        self.path, self._project_on_disk = None, Project()
        now = self._controller.session
        self._controller.change(Session(settings=now.settings, restore=now.restore))
        self._controller.step_wanted.emit(Step.IMPORT)
        self.changed.emit()

    def read(self, path: Path) -> Project | None:
        """What a project file holds; None where it cannot be read, which is then said."""
        try:
            return read_project(path)
        except InputError as error:
            self._controller.message.emit(message_of(error), "error", "")
            return None

    def open(self, path: Path, project: Project) -> None:
        """Go on with a project (its missing parts have been found again, or are done without)."""
        self.save()
        self.path, self._project_on_disk = path, project
        session, device = session_of(project), self._preferences.values.device
        # The device is this computer's, whatever the project was made on.
        settings = replace(session.settings, device=device)
        restore = replace(session.restore, device=device)
        self._controller.change(replace(session, settings=settings, restore=restore))
        self._use(path)
        if project.profile is not None and project.profile.exists():
            self._controller.open_psf(project.profile)
        else:
            self._controller.step_wanted.emit(Step.IMPORT)

    def _session_changed(self, session: Session) -> None:
        # Compared as a project: most changes of a session are results, which no project holds.
        if project_of(session) != self._project_on_disk:
            self._timer.start()

    def _use(self, path: Path) -> None:
        self.path = path
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
        return self._controller.folders.projects / f"{file_stem(name)} {when}{SUFFIX}"


def _versions() -> dict[str, str]:
    return {
        "lenscal": __version__,
        **{name: metadata.version(name) for name in ("torch", "numpy", "rawpy")},
    }
