"""What goes wrong for reasons the user can mend. Everything else is a bug and keeps its
traceback."""


class LenscalError(Exception):
    """Something failed while working (command line: exit code 1). The message says what and what to
    do."""


class InputError(LenscalError):
    """Wrong use or wrong input, noticed before anything was written (command line: exit code 2)."""
