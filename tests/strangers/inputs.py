"""Inputs as strangers could have made them, for hypothesis."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

LONG = int(os.environ.get("LENSCAL_FUZZ_EXAMPLES", "0"))
"""Examples for each test. Unset: few, and always the same, so that a fault is no matter of luck."""


def strangers(few: int) -> settings:
    """How a test runs: `few` examples where nobody asks for more."""
    return settings(
        max_examples=LONG or few,
        derandomize=not LONG,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


ODD_NUMBERS = (0, -1, 1, 2**31, 2**63, 2**64, 10**30, 10**400, 1e308, -1e308, 1e-320, 0.5)
NOT_FINITE = (float("nan"), float("inf"), float("-inf"))
ODD_TEXTS = (
    "",
    "\0",
    "\x1b]0;title\x07\x1b[2J",
    "\u202egnp.exe",
    "\ud800",
    "../../etc/passwd",
    "<script>alert(1)</script><img src=x>",
    "{name} {0} %s",
    "1e400",
    "x" * 5000,
    "\r\n",
)

json_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from(NOT_FINITE),
    st.integers(),
    st.floats(),
    st.sampled_from(ODD_TEXTS),
    st.text(max_size=20),
)
json_values = st.recursive(
    json_leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def nested(draw: st.DrawFn) -> Any:
    """A value in a value in a value."""
    value = draw(json_leaves)
    for _ in range(draw(st.sampled_from((10, 40, 300, 900)))):
        value = [value] if draw(st.booleans()) else {"a": value}
    return value


@st.composite
def changed_json(draw: st.DrawFn, values: Any) -> Any:
    """The values with one of them, anywhere, replaced, left out or doubled."""
    replacement = draw(st.one_of(json_values, nested()))
    return _changed(draw, values, replacement)


def _changed(draw: st.DrawFn, values: Any, replacement: Any) -> Any:
    if isinstance(values, dict) and values and draw(st.integers(0, 9)):
        name = draw(st.sampled_from(sorted(values)))
        if not draw(st.integers(0, 9)):
            return {key: value for key, value in values.items() if key != name}
        return {**values, name: _changed(draw, values[name], replacement)}
    if isinstance(values, list) and values and draw(st.integers(0, 4)):
        at = draw(st.integers(0, len(values) - 1))
        return [*values[:at], _changed(draw, values[at], replacement), *values[at:]]
    return replacement


@st.composite
def changed_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """The content cut off, or with bytes that are changed, left out or put in; most often near the
    beginning, where headers are."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 6))):
        most = draw(st.sampled_from((64, 400, 3000, len(content))))
        at = draw(st.integers(0, max(0, min(most, len(changed)) - 1)))
        match draw(st.sampled_from(("bit", "bytes", "cut", "less", "more", "end"))):
            case "bit" if changed:
                changed[at] ^= 1 << draw(st.integers(0, 7))
            case "bytes":
                new = draw(st.sampled_from((b"\xff" * 4, b"\0" * 8, b"\x7f" * 8, b"9" * 8)))
                changed[at : at + len(new)] = new
            case "cut" if not draw(st.integers(0, 3)):
                del changed[at:]
            case "less":
                del changed[at : at + draw(st.integers(1, 40))]
            case "more":
                changed[at:at] = draw(st.binary(min_size=1, max_size=40))
            case "end" if changed:
                # Directories of zip files stand there.
                changed[-1 - at % min(len(changed), 600)] ^= 1 << draw(st.integers(0, 7))
    return bytes(changed)
