"""Sentences of the layers below are translated in one place, and all of them are on the
translators' list."""

from __future__ import annotations

import importlib.util
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import lenscal
from lenscal.errors import InputError
from lenscal.gui.main_window import MainWindow
from lenscal.gui.texts import TEXTS
from lenscal.gui.translate import error_in_words, in_the_windows_words
from lenscal.intake.photo_files import find_photos
from lenscal.stepping import finish
from lenscal.translation import (
    Translatable,
    join_translatable,
    message_of,
    translatable,
    translate_text,
)

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "list_texts.py"
PACKAGE = Path(lenscal.__file__).parent
GERMAN = {
    "{n} photos are too dark": "{n} Fotos sind zu dunkel",
    "{where}: {state}; choose a folder of RAW photos (.CR3, .NEF, .ARW, .DNG, ...) or "
    "pictures (.png, .jpg, .tif)": ("{where}: {state}; RAW-Ordner!"),
    "empty": "leer",
    "only {share:.0%} of the picture, see --grid": "nur {share:.0%} des Bildes, siehe --grid",
}


class German(QTranslator):
    def translate(
        self, context: str, text: str, disambiguation: str | None = None, n: int = -1
    ) -> str:
        return GERMAN.get(text, text) if context == "Translatable" else text

    def isEmpty(self) -> bool:
        return False


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    translator = German()
    assert QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


def script() -> ModuleType:
    """packaging/list_texts.py, which is no module of the package."""
    spec = importlib.util.spec_from_file_location("list_texts", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RULES = script()
ERRORS = RULES.error_classes()


def test_a_sentence_is_plain_text_that_keeps_its_parts() -> None:
    text = translatable("{n} photos are too dark", n=3)
    assert text == "3 photos are too dark" and isinstance(text, str)
    assert json.dumps([text]) == '["3 photos are too dark"]'
    again = pickle.loads(pickle.dumps(text))
    assert again == text and again.template == text.template and again.values == {"n": 3}
    assert message_of(InputError(text)).values == {"n": 3}
    assert message_of(InputError("as it is")) == "as it is"


def test_parts_are_translated_too_and_bad_translations_are_not_used() -> None:
    whole = join_translatable("; ", [translatable("{n} photos are too dark", n=3), "left {alone}"])
    assert whole == "3 photos are too dark; left {alone}"
    assert (
        translate_text(whole, lambda t: GERMAN.get(t, t)) == "3 Fotos sind zu dunkel; left {alone}"
    )
    assert (
        translate_text(translatable("{n} photos are too dark", n=3), lambda t: "{m} Fotos")
        == "3 photos are too dark"
    )


def test_what_would_make_plain_text_of_a_sentence_is_refused_or_keeps_it() -> None:
    text = translatable("{n} photos are too dark", n=3)
    for longer in (text + "!", "!" + text):
        assert "3 Fotos sind zu dunkel" in translate_text(longer, lambda t: GERMAN.get(t, t))
    for plain in (
        lambda: text.removeprefix("3 "),
        lambda: text.removesuffix("dark"),
        lambda: text.format(n=3),
        lambda: text % 3,
    ):
        with pytest.raises(TypeError, match="to be translated"):
            plain()
    assert type(str(text)) is str
    assert message_of(OSError("as it is")) == "as it is"


def test_the_window_says_it_in_its_language(german: None, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_photos([tmp_path])
    assert error_in_words(caught.value) == f"{tmp_path}: leer; RAW-Ordner!"
    assert str(caught.value).startswith(f"{tmp_path}: empty; choose")
    words = in_the_windows_words(
        translatable("only {share:.0%} of the picture, see --grid", share=0.2)
    )
    assert words == "nur 20% des Bildes, siehe “Grid”"
    assert in_the_windows_words("plain") == "plain"


def test_a_dropped_folder_is_refused_in_the_windows_language(
    german: None, qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    from desktop import drop

    drop(window.import_page.sharp.drop, [tmp_path])
    qtbot.waitUntil(
        lambda: "leer; RAW-Ordner!" in window.import_page.sharp.drop.text.text(), timeout=5000
    )


def test_the_translators_list_holds_every_sentence() -> None:
    assert RULES.LIST.read_text(encoding="utf-8") == RULES.listing(), "run packaging/list_texts.py"
    assert max(map(len, RULES.LIST.read_text(encoding="utf-8").splitlines())) <= 100
    assert len(TEXTS) > 50 and "empty" in [
        text[1] if isinstance(text, tuple) else text for text in TEXTS
    ]


@pytest.mark.parametrize(
    "call",
    ["translatable(f'{n} photos', n=n)", "translatable(text)", "translatable('{n} photos', m=1)"],
)
def test_what_could_not_be_translated_is_refused(call: str) -> None:
    with pytest.raises(ValueError, match="somewhere:1"):
        RULES.templates(call, "somewhere")


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_every_message_can_be_translated(path: Path) -> None:
    faults = RULES.untranslatable(path.read_text(encoding="utf-8"), ERRORS)
    assert faults == [], "say it with translatable('a literal {value}', value=...)"


@pytest.mark.parametrize(
    ("source", "how"),
    [
        ("raise InputError(f'{path} is missing')", "an f-string"),
        ("raise CacheError('%s is missing' % path)", "%"),
        ("raise LenscalError(translatable('so') + '!')", "+"),
        ("raise LenscalError(translatable('so').removeprefix('s'))", ".removeprefix()"),
        ("raise LenscalError(str(error))", "str()"),
        (
            "text = 'plain' if x else translatable('so')\nraise InputError(text)",
            "text is a literal",
        ),
        ("yield Report('import', 'Reading')", "a literal"),
        ("yield Report('import', message='Reading')", "a literal"),
        ("run.warnings.append('so')", "a literal"),
        ("warnings += [f'{n} so' for n in names]", "an f-string"),
        ("photo.fail(problem='so')", "a literal"),
        ("def _doubts(x):\n    yield 'so'", "a literal"),
    ],
)
def test_a_message_that_is_plain_text_is_found(source: str, how: str) -> None:
    (fault,) = RULES.untranslatable(source, ERRORS)
    assert fault.endswith(how)


@pytest.mark.parametrize(
    "source",
    [
        "raise InputError(translatable('so {n}', n=1))",
        "text = translatable('so')\nraise InputError(join_translatable('; ', [text]))",
        "yield Report('import', report.message)",
        "warnings.append(self.tr('so {n}').format(n=1))",
        "photo.fail(problem='')",
    ],
)
def test_a_message_that_can_be_translated_is_let_through(source: str) -> None:
    assert RULES.untranslatable(source, ERRORS) == []


def test_verdicts_of_real_photos_keep_their_parts(photo_folders: tuple[Path, Path]) -> None:
    from lenscal.jobs import import_photos

    messages = []
    job = import_photos([photo_folders[0]], [photo_folders[1]])
    inputs = finish(job, lambda report: messages.append(report.message))
    assert all(isinstance(message, Translatable) for message in messages)
    assert len(inputs.warnings) > 1
    assert all(isinstance(words, Translatable) for words in inputs.warnings), inputs.warnings
