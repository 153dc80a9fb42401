"""What the user has decided about photos, for the undo stack."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QUndoCommand

from lenscal.session import Session


class Decision(QUndoCommand):
    """Photos that were taken or left out by hand."""

    def __init__(
        self, show: Callable[[Session], None], before: Session, after: Session, text: str
    ) -> None:
        """show: go on with the decisions of a session."""
        super().__init__(text)
        self._show, self._before, self._after = show, before, after

    def undo(self) -> None:
        """As it was before."""
        self._show(self._before)

    def redo(self) -> None:
        """Also done by the undo stack when the decision is pushed."""
        self._show(self._after)
