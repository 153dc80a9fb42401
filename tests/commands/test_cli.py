"""The command line, called as a user calls it."""

import json
import types

import numpy as np
import pytest

from lenscal import __version__
from lenscal.cli import main
from lenscal.commands import progress
from lenscal.commands.progress import Speaker
from lenscal.reports import Report

COMMANDS = (
    "gui",
    "demo",
    "check",
    "calibrate",
    "correct",
    "share",
    "export-psf",
    "report",
    "info",
    "licences",
    "benchmark",
)


def test_help_has_an_example_for_every_command(run):
    code, out, _ = run("--help")
    assert code == 0
    assert all(command in out for command in COMMANDS)
    for command in COMMANDS:
        code, out, _ = run(command, "--help")
        assert code == 0
        assert f"example:\n  lenscal {command}" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["calibrate"],
        ["correct", "x"],
        ["demo", "--quality", "best"],
        ["calibrate", "a", "b", "--out", "c", "--seed", "x"],
    ],
)
def test_wrong_use_is_2_and_shows_the_usage(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "usage: lenscal" in err


def test_wrong_use_is_one_json_object_where_that_was_asked_for(run):
    code, out, err = run("correct", "x", "--json")
    assert code == 2
    assert json.loads(out)["exit_code"] == 2
    assert "usage: lenscal" in err
    code, out, _ = run("correct", "--help", "--json")
    assert code == 0
    assert out.startswith("usage: ")


def test_progress_is_at_most_a_line_a_second_and_quiet_is_quiet(capsys, monkeypatch):
    clock = iter(np.arange(0, 10, 0.01))
    monkeypatch.setattr(
        progress, "time", types.SimpleNamespace(monotonic=lambda: 100 + float(next(clock)))
    )
    speaker = Speaker(as_json=False, quiet=False, verbose=False)
    for step in range(1000):
        speaker.progress(Report("F", f"step {step}", step / 1000))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[1] in (" 10% step 100", " 10% step 101")
    assert 9 <= err.count("\n") <= 10
    speaker = Speaker(as_json=False, quiet=True, verbose=False)
    speaker.progress(Report("F", "step"))
    assert capsys.readouterr() == ("", "")


def test_the_version_comes_with_what_a_bug_report_needs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--version"]) == 0
    first, *facts = capsys.readouterr().out.splitlines()
    # Scripts read the first line.
    assert first == f"lenscal {__version__}"
    names = dict(line.split(": ", 1) for line in facts)
    assert {"system", "Python", "Qt", "torch", "numpy", "rawpy", "device"} == set(names)
    assert names["torch"].startswith("2.13.0") and names["device"]
