"""What comes from strangers is never a terminal's command, wherever it is printed."""

from __future__ import annotations

import ast
import io
import sys
from pathlib import Path

import pytest

import lenscal
from lenscal.printable import printable
from lenscal.raw.exif import clean_text
from lenscal.system.streams.standard_streams import write_err, write_out
from lenscal.translation import Translatable, message_of, translatable, translate_text

PACKAGE = Path(lenscal.__file__).parent
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\x7f\u202egnp.exe\u2066\r\nlenscal: done\u2028"
"""Window title, cleared screen, C1, DEL, turned direction, a forged line."""
SINKS = {"system/streams/standard_streams.py"}
"""The only modules that write to a terminal."""
PROGRAMS = {"prior/evaluate_prior.py"}
"""For developers; it prints JSON."""


def obeyed(text: str) -> set[str]:
    """What of the hostile text would be obeyed."""
    return {c for c in text if not c.isprintable() and c != "\n"}


def test_control_characters_become_escapes() -> None:
    text = printable(HOSTILE)
    assert not obeyed(text)
    assert "\n" not in text
    assert r"\x1b]0;owned\x07" in text
    assert printable("a\nb\tc", lines=True) == "a\nb\tc"


@pytest.mark.parametrize("text", ["Löwe 猫 ไทย", "नमस्ते", "👩\u200d🚀", "f/1.8 – 50 mm", ""])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_messages_hold_no_control_characters_in_any_language() -> None:
    values = {"name": HOSTILE, "path": Path(HOSTILE), "why": OSError(HOSTILE)}
    message = translatable("{name} and {path!s}: {why}", **values)
    for text in (message, translate_text(message, lambda template: f"<{template}>")):
        assert not obeyed(text)
        assert "\nlenscal" not in text.split(":")[0]
    assert not obeyed(message_of(ValueError(HOSTILE)))


def test_numbers_and_sentences_in_messages_stay_what_they_are() -> None:
    inner = translatable("{n} photos", n=3)
    outer = translatable("{inner} ({share:.0%})", inner=inner, share=0.25)
    assert isinstance(outer.values["inner"], Translatable)
    assert outer == "3 photos (25%)"


def test_both_streams_are_printed_to_without_control_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    write_out(HOSTILE)
    write_err(HOSTILE)
    assert out.getvalue()
    assert not obeyed(out.getvalue())
    assert not obeyed(err.getvalue())


def test_exif_holds_no_control_characters() -> None:
    assert clean_text("50\u202emm\x9b \x7fLens") == "50mm Lens"


def test_nothing_else_writes_to_the_terminal() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name in SINKS | PROGRAMS:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                call = ast.unparse(node.func)
                if call == "print" or call.endswith(("stdout.write", "stderr.write")):
                    found.append(f"{name}:{node.lineno} {call}")
    assert not found
