"""Sentences that keep what they were made of, so that the window can say them in another language.
No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, NoReturn

from lenscal.printable import printable


class Translatable(str):
    """Text like any other, with its template (English) and the values in it."""

    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, values: Mapping[str, Any]) -> Translatable:
        text = super().__new__(cls, template.format(**values))
        text.template, text.values = template, dict(values)
        return text

    def __add__(self, other: str) -> Translatable:
        return join_translatable("", (self, other))

    def __radd__(self, other: str) -> Translatable:
        return join_translatable("", (other, self))

    # What makes plain text of a sentence without saying so is refused: in another language its
    # first words would be other ones. `str(text)` gives plain text where it is wanted.

    def removeprefix(self, prefix: str, /) -> NoReturn:
        """Refused."""
        self._refuse("removeprefix")

    def removesuffix(self, suffix: str, /) -> NoReturn:
        """Refused."""
        self._refuse("removesuffix")

    def format(self, *args: Any, **values: Any) -> NoReturn:
        """Refused."""
        self._refuse("format")

    def __mod__(self, values: Any) -> NoReturn:
        self._refuse("%")

    def _refuse(self, how: str) -> NoReturn:
        raise TypeError(f"{how} of a sentence that is to be translated: {self.template!r}")

    def __reduce__(self) -> tuple[type[Translatable], tuple[str, Mapping[str, Any]]]:
        return Translatable, (self.template, self.values)


def translatable(template: str, /, **values: Any) -> Translatable:
    """`template.format(**values)`, to be translated by who shows it. The template has to be a
    literal: a list of all of them is made for translators (packaging/list_texts.py).

    Names of files and other people's words are made printable: a terminal obeys what is in them.
    """
    return Translatable(template, {name: _printable(value) for name, value in values.items()})


def _printable(value: Any) -> Any:
    """The value, or text for it where it holds what must not be printed."""
    if isinstance(value, Translatable) or not isinstance(value, str | PurePath | BaseException):
        return value
    text = str(value)
    # Libraries' messages may have several lines; a name that has is after something.
    clean = printable(text, lines=isinstance(value, BaseException))
    return value if clean == text else clean


def join_translatable(separator: str, parts: Iterable[str]) -> Translatable:
    """`separator.join(parts)` whose parts can still be translated."""
    values = {f"part{n}": part for n, part in enumerate(parts)}
    return Translatable(separator.join(f"{{{name}}}" for name in values), values)


def enumeration(names: Sequence[str]) -> Translatable:
    """ "a", "a and b", "a, b and c"."""
    if len(names) == 1:
        return join_translatable("", names)
    first = join_translatable(", ", names[:-1])
    return translatable("{first} and {last}", first=first, last=names[-1])


def message_of(error: BaseException) -> Translatable:
    """An error's message; `str(error)` would forget what it was made of. Other people's errors stay
    as they are."""
    message = error.args[0] if len(error.args) == 1 else None
    if isinstance(message, Translatable):
        return message
    return Translatable("{message}", {"message": printable(str(error), lines=True)})


def translate_text(text: str, translate: Callable[[str], str]) -> str:
    """The text in the language of `translate`, which gets the template; other texts, and templates
    whose translation names other values, stay as they are."""
    if not isinstance(text, Translatable):
        return text
    values = {
        name: translate_text(v, translate) if isinstance(v, str) else v
        for name, v in text.values.items()
    }
    try:
        return translate(text.template).format(**values)
    except (KeyError, IndexError, ValueError):
        return text.template.format(**values)
