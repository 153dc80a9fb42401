"""Serial numbers, as makers and converters write them."""

from __future__ import annotations


def same_serial(a: str, b: str) -> bool:
    """Whether two serial numbers can be one: blanks, capitals and zeros in front aside; one that
    is not known agrees with all."""
    plain_a, plain_b = _plain(a), _plain(b)
    return not plain_a or not plain_b or plain_a == plain_b


def _plain(serial: str) -> str:
    # Zeros alone are how cameras say "unknown".
    return "".join(serial.split()).casefold().lstrip("0")
