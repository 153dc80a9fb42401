"""Whether two names are one camera's."""

from __future__ import annotations

import re
from functools import lru_cache

from lenscal.raw.identity.brands import agree_on_makers, folded, without_makers

_ROMAN = {"2": "ii", "3": "iii", "4": "iv", "5": "v", "6": "vi", "7": "vii"}
_MARK = re.compile(r"\bmark ?([2-7])\b|\bmk ?([2-7]|[iv]+)\b")
_LEAST_MAKE = 3
"""Letters of a make."""
_CANON_ABROAD = {
    # Canon's names in America and in Japan, as EXIF has them.
    "300d": "digital rebel / kiss digital",
    "350d": "digital rebel xt / kiss digital n",
    "400d": "digital rebel xti / kiss digital x",
    "450d": "digital rebel xsi / rebel xsi / kiss x2",
    "500d": "digital rebel t1i / rebel t1i / kiss x3",
    "550d": "rebel t2i / kiss x4",
    "600d": "rebel t3i / kiss x5",
    "650d": "rebel t4i / kiss x6i",
    "700d": "rebel t5i / kiss x7i",
    "750d": "rebel t6i / kiss x8i",
    "760d": "rebel t6s / 8000d",
    "800d": "rebel t7i / kiss x9i",
    "850d": "rebel t8i / kiss x10i",
    "1000d": "rebel xs / kiss f",
    "1100d": "rebel t3 / kiss x50",
    "1200d": "rebel t5 / kiss x70 / hi",
    "1300d": "rebel t6 / kiss x80",
    "1500d": "rebel t7 / 2000d / kiss x90",
    "100d": "rebel sl1 / kiss x7",
    "200d": "rebel sl2 / kiss x9",
    "250d": "rebel sl3 / 200d ii / kiss x10",
    "m50": "kiss m",
    "m50 mark ii": "kiss m2",
}
_CANON = {
    f"eos{other.replace(' ', '')}": f"eos{name.replace(' ', '')}"
    for name, others in _CANON_ABROAD.items()
    for other in others.split(" / ")
}


def same_camera(a: str, b: str) -> bool:
    """Whether two names (make and model in words) are one camera's.

    Capitals, blanks and hyphens, "CORPORATION" and the like, the make before the model, in it,
    twice or not at all make no difference; letters and digits of the model do: "D800" is not
    "D800E".
    """
    (words_a, makers_a), (words_b, makers_b) = _key(a), _key(b)
    if not agree_on_makers(makers_a, makers_b):
        return False
    if _model(words_a) == _model(words_b):
        return True
    # A make that no list knows, which one of the names leaves out: "Probe 1" of "Acme Probe 1".
    longer, shorter = sorted((words_a, words_b), key=len, reverse=True)
    return (
        len(longer) > 1
        and len(longer[0]) >= _LEAST_MAKE
        and longer[0].isalpha()
        and _model(longer[1:]) == _model(shorter)
        and any(ch.isdigit() for ch in "".join(shorter))
    )


@lru_cache(maxsize=4096)
def _key(name: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """The model's words, and its makers."""
    text, makers = without_makers(folded(name))
    words = _MARK.sub(_in_roman, text).split()
    # A make that no list knows may stand twice, too: "ACME Acme 1".
    while len(words) > 1 and words[0] == words[1]:
        del words[0]
    return tuple(words), makers


def _model(words: tuple[str, ...]) -> str:
    """Letters and digits alone."""
    # "Pen F" and "PEN-F", but not "R5" and "R5+".
    model = re.sub(r"[^a-z0-9+*]", "", "".join(words))
    return _CANON.get(model, model)


def _in_roman(match: re.Match[str]) -> str:
    number = match.group(1) or match.group(2)
    return f"mark {_ROMAN.get(number, number)}"


def camera_name(make: str, model: str) -> str:
    """Make and model in words, the make once: "NIKON D750" of "NIKON CORPORATION", "NIKON D750"."""
    make, model = make.strip(), model.strip()
    words, name = folded(make).split(" ", 1)[0], folded(model)
    # "PENTAX K-1" of "RICOH IMAGING COMPANY, LTD." needs no make either.
    _, makers_in_model = without_makers(name)
    has_maker = bool(makers_in_model) or (words != "" and name.split(" ", 1)[0] == words)
    return model if has_maker or not make else f"{make} {model}".strip()
