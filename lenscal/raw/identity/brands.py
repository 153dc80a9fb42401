"""Makers of cameras and lenses, under the names that they give themselves."""

from __future__ import annotations

import re
import unicodedata

_COMPANY = re.compile(
    r"(?:\b(?:imaging|optical|optics|computer|techwin|electronics|photo film|camera|digital)\b"
    r"[\s,.]*)?"
    r"\b(?:corporation|corp|company|co|ltd|limited|inc|gmbh|ag|kg|llc|a/s)\b[\s,.]*"
)
"""What companies add to their name: "OLYMPUS IMAGING CORP.", "RICOH IMAGING COMPANY, LTD."."""
_ALIASES = {
    "om digital solutions": "olympus",
    "om system": "olympus",
    "m.zuiko": "olympus",
    "zuiko": "olympus",
    "fuji photo film": "fujifilm",
    "fujinon": "fujifilm",
    "fuji": "fujifilm",
    "eastman kodak": "kodak",
    "nikkor": "nikon",
    "asahi": "pentax",
    "ricoh": "pentax",
    "carl zeiss": "zeiss",
    "konica minolta": "minolta",
    "lumix": "panasonic",
    "voigtlander": "voigtlander",
    "cosina": "voigtlander",
    "rokinon": "samyang",
    "bower": "samyang",
    "walimex": "samyang",
    "seiko epson": "epson",
}
"""Makers that took over others' cameras, and marks that belong to one maker."""
_MAKERS = (
    "apple canon casio dji epson fujifilm google gopro hasselblad huawei kodak laowa leica mamiya "
    "minolta nikon olympus panasonic pentax samsung samyang sigma sony tamron tokina "
    "viltrox voigtlander xiaomi yongnuo zeiss"
)
_NAMES = {name: name for name in _MAKERS.split()} | {"phase one": "phase one"} | _ALIASES
# The longest first: "konica minolta" before "minolta".
_MAKER = re.compile(
    r"\b(?:" + "|".join(map(re.escape, sorted(_NAMES, key=len, reverse=True))) + r")\b"
)


def folded(text: str) -> str:
    """Small letters without accents, blanks collapsed, companies' additions gone."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(ch for ch in plain if not unicodedata.combining(ch)).casefold()
    return " ".join(_COMPANY.sub(" ", plain).split())


def without_makers(text: str) -> tuple[str, frozenset[str]]:
    """A folded name without the makers in it, and which makers those are."""
    makers = frozenset(_NAMES[match.group()] for match in _MAKER.finditer(text))
    return " ".join(_MAKER.sub(" ", text).split()), makers


def agree_on_makers(a: frozenset[str], b: frozenset[str]) -> bool:
    """Whether two names can be of one maker: they share one, or one of them does not say."""
    return not a or not b or bool(a & b)
