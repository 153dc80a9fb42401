"""What goes wrong for reasons the user can mend. Everything else is a bug and keeps its
traceback."""

from __future__ import annotations

from lenscal.translation import Translatable, translatable


class LenscalError(Exception):
    """Something failed while working (command line: exit code 1). The message says what and what to
    do."""

    def __init__(self, message: Translatable) -> None:
        super().__init__(message)


class InputError(LenscalError):
    """Wrong use or wrong input, noticed before anything was written (command line: exit code 2)."""


class PhotoError(LenscalError):
    """One photo cannot be used; `reason` is the message without the photo's name."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(translatable("{name}: {reason}", name=name, reason=reason))
        self.name = name
        self.reason = reason

    def __reduce__(self) -> tuple[type[PhotoError], tuple[str, str]]:
        # Errors come from worker processes, too.
        return PhotoError, (self.name, self.reason)
