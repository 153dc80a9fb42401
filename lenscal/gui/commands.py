"""What menus, keys and drops do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QWidget

from lenscal.errors import LenscalError
from lenscal.gui import theme
from lenscal.gui.background.dialog_jobs.deblurring import Deblurring
from lenscal.gui.background.dialog_jobs.enlarging import Enlarging
from lenscal.gui.background.dialog_jobs.library_keeper import LibraryKeeper
from lenscal.gui.background.dialog_jobs.network_training import NetworkTraining
from lenscal.gui.background.dialog_jobs.population_learning import PopulationLearning
from lenscal.gui.controller import Controller
from lenscal.gui.dialogs.about_dialog import AboutDialog
from lenscal.gui.dialogs.conflict_question import ConflictQuestion
from lenscal.gui.dialogs.deblur_dialog import DeblurDialog
from lenscal.gui.dialogs.enlarge_dialog import EnlargeDialog
from lenscal.gui.dialogs.keys_dialog import KeysDialog
from lenscal.gui.dialogs.library_dialog import LibraryDialog
from lenscal.gui.dialogs.network_dialog import NetworkDialog
from lenscal.gui.dialogs.population_dialog import PopulationDialog
from lenscal.gui.dialogs.preferences_dialog import PreferencesDialog
from lenscal.gui.dialogs.relink_dialog import RelinkDialog
from lenscal.gui.documents.documents_dialog import DocumentsDialog
from lenscal.gui.last_folder import last_folder, remember
from lenscal.gui.projects import Projects
from lenscal.gui.step_pages import StepPages
from lenscal.gui.widgets.file_dialogs import ask_for_anything
from lenscal.jobs.window.calibration import remove_forgotten
from lenscal.jobs.window.dropped_files import meant_for
from lenscal.preferences import Preferences, PreferencesFile, numerical_threads
from lenscal.printable import file_stem
from lenscal.project import SUFFIX, missing
from lenscal.session import Step, lacks
from lenscal.system.threads import use_threads


class Commands(QObject):
    """Each can be started from wherever the user is; what cannot be done now is said."""

    def __init__(
        self,
        controller: Controller,
        projects: Projects,
        preferences: PreferencesFile,
        pages: StepPages,
        parent: QWidget,
    ) -> None:
        """parent: what dialogs open over."""
        super().__init__(parent)
        self._parent, self._pages = parent, pages
        self._controller, self._projects, self._preferences = controller, projects, preferences
        self._network_training = NetworkTraining(controller)
        self.library_keeper = LibraryKeeper(self)
        self.dialog: QDialog | None = None
        pages.correct_page.deblur_button.clicked.connect(self.deblur)
        pages.correct_page.enlarge_button.clicked.connect(self.enlarge)
        self._theme = preferences.values.theme
        self._device = controller.session.settings.device
        self._threads = preferences.values.threads

    def open_files(self, paths: Sequence[Path]) -> None:
        """Whatever was dropped: a project, a profile, folders or photos, which go where they were
        dropped."""
        self._open(paths, self._pages.step)

    def _open(self, paths: Sequence[Path], step: Step) -> None:
        if self._controller.refuse_while_busy():
            return
        remember(paths[0])
        purpose = meant_for(paths, self._controller.session, step)
        if purpose.project is not None:
            self.open_project(purpose.project)
        elif purpose.psf is not None:
            self._controller.open_psf(purpose.psf)
        elif purpose.photo is not None:
            self._controller.set_photo(purpose.photo)
            self._go_to(Step.CORRECT)
        elif purpose.batch:
            self._pages.export_page.add_photos(purpose.batch)
        elif purpose.sources is not None:
            self._controller.set_sources(*purpose.sources)
            self._go_to(Step.IMPORT)
        elif purpose.problem:
            self._warn(purpose.problem)

    def open_project(self, path: Path) -> None:
        """Open a project; what it misses is asked for first."""
        if self._controller.refuse_while_busy():
            return
        project = self._projects.read(path)
        if project is None:
            return
        if not missing(project):
            self._projects.open(path, project)
            return
        dialog = RelinkDialog(project)
        dialog.ready.connect(lambda relinked: self._projects.open(path, relinked))
        self._show_dialog(dialog)

    def new_project(self) -> None:
        """Begin again, with nothing chosen."""
        if not self._controller.refuse_while_busy():
            self._projects.new()
            # What was said was of the former one.
            self._controller.message.emit("", "info", "")

    def choose_file(self) -> None:
        """Ask for a file, and open what it is."""
        path = ask_for_anything(self._parent, self.tr("Open"))
        if path is not None:
            self.open_file(path)

    def open_file(self, path: Path) -> None:
        """A project, a profile or a folder; a photo is one to correct. Wherever the user is."""
        self._open([path], Step.CORRECT)

    def choose_project(self) -> None:
        """Ask under which name the project is to be kept from now on."""
        title = self._projects.title or self.tr("My lens")
        start = Path(last_folder()) / f"{title}{SUFFIX}"
        kinds = self.tr("lenscal projects (*{suffix})").format(suffix=SUFFIX)
        name, _ = QFileDialog.getSaveFileName(
            self._parent, self.tr("Save the project"), str(start), kinds
        )
        if name:
            remember(Path(name).parent)
            self._projects.save_as(Path(name))

    def choose_photos(self, role: str) -> None:
        """Ask for a folder of the "sharp" or the "degraded" photos."""
        if not self._controller.refuse_while_busy():
            self._go_to(Step.IMPORT)
            page = self._pages.import_page
            (page.sharp if role == "sharp" else page.degraded).drop.choose_folder()

    def try_demo(self) -> None:
        """Calibrate the virtual lens."""
        if not self._controller.refuse_while_busy():
            self._controller.demo()

    def read_photos(self) -> None:
        """Read both sets, where they are chosen."""
        self._go_to(Step.IMPORT)
        if self._has_all_for(Step.IMPORT):
            self._controller.read_photos()

    def calibrate(self) -> None:
        """Calibrate with what the page says, also with a number that is still being typed."""
        # First, so that what is missing is seen where it can be mended.
        self._go_to(Step.CALIBRATE)
        if self._has_all_for(Step.CALIBRATE):
            self._controller.set_settings(self._pages.calibrate_page.settings)
            self._controller.calibrate()

    def train_network(self) -> None:
        """Ask for sharp photos to train a network on."""
        if self._controller.refuse_while_busy():
            return
        profile = self._controller.session.profile
        if profile is None:
            self._warn(self.tr("There is no profile to train for: calibrate, or open a profile."))
            return
        dialog = NetworkDialog(has_network=profile.network is not None)
        dialog.chosen.connect(self._network_training.start)
        self._show_dialog(dialog)

    def deblur(self) -> None:
        """Restore a photo whose own blur nobody knows, by a rig's population."""
        if self._controller.refuse_while_busy():
            return
        session = self._controller.session
        dialog = DeblurDialog(session.photo, session.settings.device)
        Deblurring(self._controller, dialog)
        self._show_dialog(dialog)

    def learn_population(self) -> None:
        """Learn how blur differs from photo to photo, in a dialog that shows it."""
        if self._controller.refuse_while_busy():
            return
        dialog = PopulationDialog(self._controller.session.settings.device)
        PopulationLearning(self._controller, dialog)
        self._show_dialog(dialog)

    def enlarge(self) -> None:
        """Enlarge a photo with the kernel that it shows to have gone through."""
        if self._controller.refuse_while_busy():
            return
        session, folder = self._controller.session, self._pages.export_page.folder_row.path
        dialog = EnlargeDialog(session.photo, folder, session.settings.device)
        Enlarging(self._controller, dialog)
        self._show_dialog(dialog)

    def export(self) -> None:
        """Write the photos as the page says."""
        self._go_to(Step.EXPORT)
        self._pages.export_page.export_photos()

    def ask_about_conflict(self) -> None:
        """Which version of the project stays: this window's, or what another program has made."""
        path = self._projects.path
        if path is None:
            return
        question = ConflictQuestion(path.stem, self._parent)
        question.save_as_chosen.connect(self.choose_project)
        question.overwrite_chosen.connect(self._projects.overwrite)
        # One's own becomes a new project first.
        question.open_chosen.connect(lambda: self.open_project(path))
        question.open()

    def share_profile(self) -> None:
        """Ask where a copy of the profile goes that can be given away."""
        self._go_to(Step.EXPORT)
        card = self._pages.export_page.profile_card
        if card.share_button.isEnabled():
            card.choose_shared_copy()
        elif not self._controller.refuse_while_busy():
            self._warn(self.tr("There is no profile to share: calibrate, or open a profile."))

    def copy_picture(self) -> None:
        """What the page shows above all, to the clipboard."""
        if not self._pages.current.copy_picture():
            self._warn(self.tr("There is no picture to copy here yet."))

    def copy_table(self) -> None:
        """The data behind it."""
        if not self._pages.current.copy_table():
            self._warn(self.tr("There is no table to copy here yet."))

    def tell_of_unfinished(self) -> None:
        """At the start: a calibration that was interrupted can go on."""
        if remove_forgotten(self._controller.folders.kept) and self._projects.recent:
            text = self.tr(
                "A calibration was interrupted. To go on: open its project (File, Open recent), "
                "read the photos and press Continue in step 3."
            )
            self._controller.message.emit(text, "info", "")

    def show_library(self) -> None:
        """Show which lenses there are on this computer."""
        session = self._controller.session
        profile = session.profile
        name = file_stem(session.psf_name) or "lens"
        if profile is not None and profile.is_bare:
            profile = None
        dialog = LibraryDialog(self.library_keeper, profile, name, self._parent)
        dialog.open_clicked.connect(lambda path: self._open([path], Step.INSPECT))
        self._show_dialog(dialog)

    def show_preferences(self) -> None:
        """Let the user change what holds for every project."""
        dialog = PreferencesDialog(self._preferences.values)
        dialog.chosen.connect(self.change_preferences)
        self._show_dialog(dialog)

    def change_preferences(self, preferences: Preferences) -> None:
        """Keep them, and do as they say from now on."""
        # Only what has changed: another window may have changed the rest meanwhile.
        before = self._preferences.values
        values = {f.name: getattr(preferences, f.name) for f in fields(preferences)}
        self._preferences.change(
            **{name: value for name, value in values.items() if value != getattr(before, name)}
        )
        self.apply(self._preferences.values)

    def apply(self, preferences: Preferences) -> None:
        """Looks, device, threads and units."""
        application = QApplication.instance()
        if isinstance(application, QApplication) and self._theme != preferences.theme:
            self._theme = preferences.theme
            theme.apply(application, preferences.theme)
        # Only what has changed: a project may have brought another device, or the command line
        # another number of threads.
        if preferences.device != self._device:
            self._device = preferences.device
            self._controller.set_device(preferences.device)
        if preferences.threads != self._threads:
            self._threads = preferences.threads
            use_threads(numerical_threads(preferences))
        self._pages.inspect_page.set_units(preferences.units)
        self._pages.export_page.set_private(preferences.private)

    def show_documents(self) -> None:
        """Show how to photograph, and what else there is to read."""
        try:
            self._show_dialog(DocumentsDialog())
        except LenscalError as error:
            self._warn(str(error))

    def show_keys(self) -> None:
        """Show which keys there are."""
        self._show_dialog(KeysDialog())

    def show_about(self) -> None:
        """Show versions and folders."""
        folders, preferences = self._controller.folders, self._preferences.path
        places = {
            "calibrations": str(folders.kept),
            "projects": str(folders.projects),
            "cache": str(folders.cache),
        }
        if preferences is not None:
            places["preferences"] = str(preferences)
        self._show_dialog(AboutDialog(places))

    def _go_to(self, step: Step) -> None:
        self._controller.step_wanted.emit(step)

    def _warn(self, text: str) -> None:
        self._controller.message.emit(text, "warning", "")

    def _has_all_for(self, step: Step) -> bool:
        """Whether a step can begin; what it lacks is said."""
        lack = lacks(self._controller.session)[step]
        if lack is not None:
            self._warn(self.tr(lack.value))
        return lack is None and not self._controller.refuse_while_busy()

    def _show_dialog(self, dialog: QDialog) -> None:
        """Over the window, without blocking it; one at a time."""
        if self.dialog is not None:
            # Two over each other would hide what the user is asked.
            self.dialog.reject()
        # A new parent makes a widget of a window, but for its flags.
        dialog.setParent(self._parent, dialog.windowFlags())
        # The window would keep every dialog that was ever opened.
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._dialog_closed)
        self.dialog = dialog
        dialog.open()

    def _dialog_closed(self) -> None:
        self.dialog = None
