"""The command line's entry: parse, run one command, turn errors into messages and exit codes."""

from __future__ import annotations

import argparse
import errno
import importlib
import json
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from lenscal.commands.parser import build_parser
from lenscal.errors import InputError, LenscalError
from lenscal.system.current_folder import leave_missing_folder
from lenscal.system.isolation.calls import WORKER_FLAG, in_workers
from lenscal.system.memory import NOT_ENOUGH_MEMORY, is_out_of_memory, keep_freed_memory
from lenscal.system.signals import Ended, ended_in_order
from lenscal.system.streams.native_stderr import keep_own_stderr
from lenscal.system.streams.standard_streams import prepare_streams, write_err, write_out
from lenscal.system.threads import prepare_libraries

DONE, FAILED, WRONG_INPUT, CANCELLED = 0, 1, 2, 130

_OF_A_NAME = (errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EILSEQ)
"""Errors for which a name is to blame that the user gave."""
_LONGEST_NAME = 120
"""Characters of it that are shown."""

_MODULES = {
    "gui": "window",
    "demo": "demo",
    "check": "check",
    "info": "info",
    "licences": "licences",
    "calibrate": "calibrate",
    "batch": "laboratory.batch",
    "correct": "correct",
    "train-network": "profiles.train_network",
    "join": "lenses.join",
    "library": "lenses.library",
    "share": "profiles.share",
    "export-psf": "profiles.export_psf",
    "report": "profiles.report",
    "benchmark": "benchmark",
    "enlarge": "pictures.enlarge",
    "reproduce": "pictures.reproduce",
    "population": "populations.learn",
    "deblur": "populations.deblur",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0 done, 1 failed, 2 wrong use or input, 130
    cancelled (128 and the signal's number where another one than Ctrl+C ended it)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == [WORKER_FLAG]:
        from lenscal.system.isolation.worker import main as serve

        serve()
    prepare_libraries()
    keep_freed_memory()
    if arguments and _is_file(arguments[0]):
        # What the desktop does with a file that is opened with lenscal.
        arguments.insert(0, "gui")
    prepare_streams()
    keep_own_stderr()
    try:
        args = build_parser().parse_args(arguments or ["gui"])
    except SystemExit as end:
        use = end.code if isinstance(end.code, int) else WRONG_INPUT
        if use and "--json" in arguments:
            message = "wrong use: standard error says what, --help how to use it"
            _print_error(message, use)
        return use
    # The program itself hears no signal once it ends: the interpreter takes its time, too.
    with ended_in_order(for_good=argv is None), in_workers():
        return _run(args)


def _is_file(word: str) -> bool:
    """Whether the first word is a file or folder, and no command or option."""
    # Not Path.exists, which raises for words that can be no name.
    is_there = os.path.exists(word)  # noqa: PTH110
    return is_there and word not in _MODULES and not word.startswith("-")


def _run(args: argparse.Namespace) -> int:
    """Run the command; its exit code."""
    try:
        leave_missing_folder(_paths(args))
        # One command is loaded, not all: the others would take seconds.
        module = importlib.import_module(f"lenscal.commands.{_MODULES[args.command]}")
        code: int = getattr(module, f"run_{args.command.replace('-', '_')}")(args)
        return code
    except InputError as error:
        return _fail(args, str(error), WRONG_INPUT)
    except LenscalError as error:
        return _fail(args, str(error), FAILED)
    except PermissionError as error:
        what = f"{error.filename or 'a file'}: {error.strerror or error}"
        return _fail(args, f"{what}: choose another place, or change its rights", WRONG_INPUT)
    except Ended as end:
        return _fail(args, "cancelled", end.exit_code)
    except KeyboardInterrupt:
        return _fail(args, "cancelled", CANCELLED)
    except BrokenPipeError:
        return FAILED
    except Exception as error:
        if is_out_of_memory(error):
            return _fail(args, str(NOT_ENOUGH_MEMORY), FAILED)
        if isinstance(error, OSError) and error.errno in _OF_A_NAME:
            what = f"{str(error.filename)[:_LONGEST_NAME]}: {error.strerror}"
            return _fail(args, f"{what}: choose another name", WRONG_INPUT)
        if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("lenscal"):
            missing = f"{error.name} is not installed: install lenscal as its README says"
            return _fail(args, missing, FAILED)
        # A bug: whoever reports it needs where it is.
        write_err(traceback.format_exc())
        return _fail(args, f"unexpected: {type(error).__name__}: {error}", FAILED)


def _paths(args: argparse.Namespace) -> Iterator[Path]:
    """Files and folders among the arguments."""
    for name, value in vars(args).items():
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, Path):
                yield item
            # These are plain text in the settings that they become a part of.
            elif name in ("prior", "project") and item:
                yield Path(item)


def _fail(args: argparse.Namespace, message: str, code: int) -> int:
    write_err(f"lenscal: {message}\n", clear_line=sys.stderr.isatty())
    if getattr(args, "json", False):
        _print_error(message, code)
    if getattr(args, "verbose", False) and code < CANCELLED:
        write_err(traceback.format_exc())
    return code


def _print_error(message: str, code: int) -> None:
    """The one JSON object of a command that failed."""
    # Where it cannot be printed, that may be what failed: the exit code still says so.
    with suppress(LenscalError, BrokenPipeError):
        write_out(f"{json.dumps({'error': message, 'exit_code': code})}\n")
