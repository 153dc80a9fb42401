"""JSON of strangers becomes typed values, or a sentence that says what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lenscal.errors import InputError
from lenscal.system.json_values import from_json, parse_json, read_json, to_json, valid_fields
from lenscal.translation import Translatable, message_of, translatable


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Inner:
    size: tuple[int, int] = (8, 8)
    share: float | None = None

    def __post_init__(self) -> None:
        if min(self.size) < 1:
            raise ValueError(f"size {self.size}")


@dataclass(frozen=True, slots=True)
class Outer:
    paths: tuple[Path, ...] = ()
    colour: Colour = Colour.RED
    inner: Inner = field(default_factory=Inner)


WHOLE = Outer((Path("a/b"), Path("ü")), Colour.RED, Inner((2, 3), 0.5))


def test_values_come_back_as_they_were() -> None:
    text = json.dumps(to_json(WHOLE))
    assert read_json(Outer, text, "it", "buy another") == WHOLE
    assert from_json(Outer, to_json(WHOLE) | {"later": 1}, "it", "") == WHOLE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff\xfe\0", "holds no JSON"),
        ("", "holds no JSON"),
        ("[" * 100_000, "holds no JSON"),
        ('{"inner": {"size": [1, "x"]}}', r"inner\.size\[1\] is 'x': Expected `int`, got `str`"),
        ('{"inner": {"size": [1]}}', r"inner\.size is \[1\]: Expected `array` of length 2"),
        ('{"inner": {"size": [1, true]}}', "got `bool`"),
        ('{"inner": {"size": [0, 1]}}', r"inner: size \(0, 1\)"),
        ('{"colour": "blue"}', "colour: Invalid enum value 'blue'"),
        ('{"paths": ["\\u0000"]}', "is no path"),
        ("[]", "Expected `object`, got `array`"),
        ("null", "Expected `object`, got `null`"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str | bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        read_json(Outer, text, Path("some.file"), "buy another")
    message = message_of(caught.value)
    assert isinstance(message, Translatable)
    assert message.startswith("some.file is damaged") and message.endswith(": buy another")


@pytest.mark.parametrize("values", [None, [], "x", 5])
def test_settings_that_are_no_settings_are_all_left_out(values: Any) -> None:
    settings, problems = valid_fields(Outer, values)
    assert settings == Outer() and len(problems) == 1


def test_a_bad_field_costs_that_field() -> None:
    values = {"colour": "blue", "inner": {"size": [2, 3]}, "paths": 5, "later": 1}
    settings, problems = valid_fields(Outer, values)
    assert settings == Outer(inner=Inner((2, 3)))
    assert [problem.values["name"] for problem in problems] == ["paths", "colour"]


def test_messages_and_numbers_of_numpy_become_plain() -> None:
    values = to_json({"warnings": (translatable("so {n}", n=1),), "share": np.float32(0.5)})
    assert values == {"warnings": ("so 1",), "share": 0.5}
    assert type(values["warnings"][0]) is str and type(values["share"]) is float


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(InputError, match="holds no JSON"):
        parse_json("{", "it", "do so")
