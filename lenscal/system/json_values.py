"""JSON of strangers' files as typed values: what a file holds is checked against a dataclass.

msgspec checks it: it knows frozen dataclasses, enums and unions, takes 20 ms at start-up where
pydantic takes 120, and is imported only when a file is read.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar, get_type_hints

from lenscal.errors import InputError
from lenscal.translation import Translatable, translatable

MOST_JSON_BYTES = 8 * 2**20
"""Of any JSON file of ours; Python's values take twenty times as much."""
_DEEPEST = 32
"""Values in values; ours are five deep. Far more would exhaust Python's stack later."""
_LARGEST_INTEGER = 2**64
_LONGEST_PATH, _LONGEST_NAME = 4096, 255
"""Bytes; the system's own limits on Linux, and no smaller elsewhere."""
LONGEST_VALUE = 60
"""Characters of a value that a message shows; of longer ones only the place is named."""

T = TypeVar("T")


class DataclassInstance(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


D = TypeVar("D", bound=DataclassInstance)


def parse_json(text: str | bytes, what: Any, advice: str) -> Any:
    """The value that a JSON text holds.

    Parameters
    ----------
    what : Path or text
        What holds it, for the message.
    advice : text
        What to do where it is damaged.

    Raises
    ------
    InputError
        It is no JSON.
    """
    try:
        return bounded_json(text)
    except ValueError as error:
        raise InputError(
            translatable(
                "{what} is damaged, it holds no JSON ({problem}): {advice}",
                what=what,
                problem=error,
                advice=advice,
            )
        ) from error


def bounded_json(text: str | bytes) -> Any:
    """As `parse_json`, for callers with a message of their own.

    Raises
    ------
    ValueError
        It is no JSON, values are nested too deeply, or numbers are beyond all that is computed
        with (NaN may be among them).
    """
    if len(text) > MOST_JSON_BYTES:
        raise ValueError("it is too long")
    try:
        values = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    _check_values(values)
    return values


def _check_values(values: Any) -> None:
    ahead = [values]
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for value in ahead:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, float) and math.isinf(value):
                raise ValueError("a number is infinite")
            elif isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
                raise ValueError("a number is too large")
        if not inner:
            return
        ahead = inner
    raise ValueError("it is nested too deeply")


def from_json(kind: type[T], values: Any, what: Any, advice: str) -> T:
    """Plain values as a `kind`; what `kind` does not know is left out.

    Parameters
    ----------
    kind : type
        A dataclass, or any other type that msgspec knows; paths are texts in JSON.
    values : dict, list, str, float, int, bool or None
        As `json.loads` gives them.
    what, advice : as in `parse_json`

    Raises
    ------
    InputError
        Something is missing or of another type; the message names it.
    """
    try:
        return convert_json(kind, values)
    except (ValueError, OverflowError) as error:
        raise InputError(
            translatable(
                "{what} is damaged ({problem}): {advice}",
                what=what,
                problem=error,
                advice=advice,
            )
        ) from error


def convert_json(kind: type[T], values: Any) -> T:
    """As `from_json`, for callers with a message of their own.

    Raises
    ------
    ValueError
        Something is missing or of another type; says what, and what was found there.
    """
    import msgspec

    try:
        return msgspec.convert(values, kind, dec_hook=_decoded)
    except (msgspec.ValidationError, RecursionError, UnicodeError) as error:
        raise ValueError(_problem(error, values)) from error


def read_json(kind: type[T], text: str | bytes, what: Any, advice: str) -> T:
    """`parse_json` and `from_json` in one."""
    return from_json(kind, parse_json(text, what, advice), what, advice)


def to_json(value: Any) -> Any:
    """A dataclass, or what is made of them, as plain values that `json.dumps` takes."""
    import msgspec

    return msgspec.to_builtins(value, enc_hook=_encoded)


def valid_fields(kind: type[D], values: Any) -> tuple[D, tuple[Translatable, ...]]:
    """Settings of which a bad field costs that field only.

    Parameters
    ----------
    kind : type
        A dataclass whose fields all have defaults.
    values : any JSON value

    Returns
    -------
    settings, problems
        A field that is of another type, or that `kind` itself refuses, keeps its default; a problem
        says so.
    """
    if not isinstance(values, Mapping):
        return kind(), (translatable("it holds no settings"),)
    taken: dict[str, Any] = {}
    problems: list[Translatable] = []
    types = get_type_hints(kind)
    for field in fields(kind):
        if field.name not in values:
            continue
        try:
            value = from_json(types[field.name], values[field.name], field.name, "")
            # Limits are the dataclass's own to check.
            kind(**{field.name: value})
        except (InputError, ValueError):
            problems.append(
                translatable("“{name}” is not valid and was reset to its default", name=field.name)
            )
        else:
            taken[field.name] = value
    return kind(**taken), tuple(problems)


def without_nan(value: Any) -> Any:
    """The same with numbers that JSON does not know replaced by null, and numpy numbers made
    plain."""
    if isinstance(value, Mapping):
        return {str(k): without_nan(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(v) for v in value]
    if isinstance(value, float) or hasattr(value, "dtype"):
        plain = float(value)
        return plain if abs(plain) < float("inf") else None
    return value


def _decoded(kind: type[Any], value: Any) -> Any:
    """Of types that JSON does not know: paths."""
    if kind is not Path:
        # What msgspec asks its hooks to raise for a type that they do not know.
        raise NotImplementedError(f"no way to read {kind} from JSON")
    if not isinstance(value, str) or not could_be_path(value):
        raise ValueError(f"{str(value)[:LONGEST_VALUE]!r} is no path")
    return Path(value)


def could_be_path(text: str) -> bool:
    """Whether a system could have such a path; its functions would refuse others with errors of
    their own, far from here."""
    try:
        path = os.fsencode(text)
    except UnicodeError:
        return False
    too_long = len(path) > _LONGEST_PATH or max(map(len, path.split(b"/"))) > _LONGEST_NAME
    return b"\0" not in path and not too_long


def _encoded(value: Any) -> Any:
    if isinstance(value, str):
        # A message that can be translated is text like any other, but a type of its own.
        return str(value)
    if hasattr(value, "dtype") and getattr(value, "ndim", 1) == 0:
        return value.item()
    if not isinstance(value, Path):
        # As `_decoded`: msgspec's way to say so.
        raise NotImplementedError(f"no way to write {type(value)} as JSON")
    return value.as_posix()


def _problem(error: Exception, values: Any) -> str:
    """ "grid: Expected `array`, got `int`" for msgspec's "... - at `$.grid`"."""
    reason, _, place = str(error).partition(" - at `$")
    place = place.strip(".`")
    if not place:
        return reason
    # Other reasons name the value themselves.
    value = _value_at(place, values) if reason.startswith("Expected") else ""
    return f"{place}{value}: {reason}"


def _value_at(place: str, values: Any) -> str:
    """ " is 5": what stands at a place such as "photos[0].name"; nothing where that is too much."""
    if "[...]" in place:
        # So msgspec writes a key of a mapping, whichever it is.
        return ""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", place):
        values = values[name] if name else values[int(index)]
    text = repr(values)
    return f" is {text}" if len(text) <= LONGEST_VALUE else ""
