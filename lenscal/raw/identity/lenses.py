"""Whether two names are one lens's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from lenscal.raw.identity.brands import agree_on_makers, folded, without_makers

_NUMBER = r"\d+(?:\.\d+)?"
_CONVERTER = re.compile(
    rf"(?<![\w.]){_NUMBER} ?x\b|\btc-? ?\d\de?|\bmc-(?:14|20)\b"
    r"|\b(?:tele)?converter\b|\bextender\b"
)
_FOCAL = re.compile(rf"({_NUMBER})(?: ?mm)?(?: ?- ?({_NUMBER}))? ?mm")
_APERTURE = re.compile(rf"(?:\bf ?/? ?|\b1: ?)({_NUMBER})(?: ?- ?({_NUMBER}))?")
_BOTH = re.compile(rf"(?:\b1: ?)?(?<![\w.])({_NUMBER}) ?/ ?f?({_NUMBER})")
_SIGMA_CODE = re.compile(
    r"\| ?(art|contemporary|sports?|[acs])\b(?: ?\d{3}(?:, ?\w+)?)?|\b([acs])\d{3}\b"
)
_LINES = {"a": "art", "c": "contemporary", "s": "sports", "sport": "sports"}
_FILLERS = frozenset({"lens", "mm", "f", "the", "with"})
_TOLERANCE = 0.02


class Likeness(Enum):
    """What two lenses' names tell."""

    SAME = "same"
    POSSIBLE = "possible"
    """One gives focal length and aperture only, which are the other's."""
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class _Parts:
    focal: tuple[float, ...]
    aperture: tuple[float, ...]
    converters: tuple[str, ...]
    words: tuple[str, ...]
    makers: frozenset[str]


def compare_lenses(a: str, b: str, make: str = "") -> Likeness:
    """Whether two names are one lens's.

    Makers' names, capitals, blanks, hyphens and the ways to write numbers ("50mm F1.8", "50 mm
    f/1.8", "1:1.8/50mm") make no difference. Versions ("II", "STM", "G"), other makers and
    teleconverters do.

    make : of the camera: a word that either name may begin with
    """
    maker = folded(make).split(" ", 1)[0]
    first, second = _parts(a, maker), _parts(b, maker)
    if not agree_on_makers(first.makers, second.makers) or first.converters != second.converters:
        return Likeness.DIFFERENT
    if not (_alike(first.focal, second.focal) and _alike(first.aperture, second.aperture)):
        return Likeness.DIFFERENT
    same_letters = "".join(first.words) == "".join(second.words)
    if same_letters or sorted(first.words) == sorted(second.words):
        return Likeness.SAME
    # As programs make a name of a lens's numbers where they know no better.
    bare = any(p.focal and not p.words and not p.makers for p in (first, second))
    return Likeness.POSSIBLE if bare else Likeness.DIFFERENT


@lru_cache(maxsize=1024)
def _parts(name: str, maker: str) -> _Parts:
    # A dash of any length, and decimals as continental makers engrave them: "1,4/50".
    text = re.sub(r"[\u2010-\u2015]", "-", folded(name))
    text = re.sub(r"(\d),(\d)", r"\1.\2", text)
    text, makers = without_makers(text)
    if maker and (without := re.sub(rf"\b{re.escape(maker)}\b", " ", text)) != text:
        text, makers = without, makers | {maker}
    text = _SIGMA_CODE.sub(_line_of, text)
    converters = tuple(sorted(_plain(m.group()) for m in _CONVERTER.finditer(text)))
    text = _CONVERTER.sub(" ", text)
    focal: tuple[float, ...] = ()
    aperture: tuple[float, ...] = ()
    if both := _BOTH.search(text):
        # "25/F1.4" or "1.4/50": the smaller one is the aperture.
        low, high = sorted(float(n) for n in both.groups())
        focal, aperture, text = (high,), (low,), _BOTH.sub(" ", text, count=1)
    else:
        focal, text = _taken(_FOCAL, text)
        aperture, text = _taken(_APERTURE, text)
    words = tuple(w for w in re.findall(r"[a-z]+|\d+", text) if w not in _FILLERS)
    return _Parts(focal, aperture, converters, words, makers)


def _taken(pattern: re.Pattern[str], text: str) -> tuple[tuple[float, ...], str]:
    """The numbers of the first match, and the text without it."""
    match = pattern.search(text)
    if match is None:
        return (), text
    numbers = tuple(float(n) for n in match.groups() if n)
    # "24.0-24.0 mm" is a fixed focal length.
    return tuple(dict.fromkeys(numbers)), text[: match.start()] + " " + text[match.end() :]


def _line_of(match: re.Match[str]) -> str:
    """Sigma's product codes: "| Art 014", "A014" and "| A" are its line "Art"."""
    line = match.group(1) or match.group(2)
    return f" {_LINES.get(line, line)} "


def _alike(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Whether numbers agree; those that one does not say do not count."""
    if not a or not b:
        return True
    return len(a) == len(b) and all(
        abs(x - y) <= _TOLERANCE * max(x, y) for x, y in zip(a, b, strict=True)
    )


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9.]", "", text)
