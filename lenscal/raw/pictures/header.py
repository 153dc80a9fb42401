"""What a picture's file says of its pixels, and what is refused before any of them is decoded: what
is no photo, or would fill the memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lenscal.errors import PhotoError
from lenscal.raw.pictures.kinds import PictureKind
from lenscal.translation import translatable

MOST_PIXELS = 5e8
"""Larger ones would not fit into the memory of most computers; the largest sensors have a third."""
SMALL_PIXELS = 16e6
"""Pictures of so many pixels can do no harm, however small their files."""
LEAST_BYTES_PER_PIXEL = 0.01
"""The least of photos, from a strongly compressed JPEG of fog; files that unpack to more than they
should have less."""
MOST_ICC_BYTES = 16 * 2**20
LEAST_BITS = 8


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """What is known of a picture that can be read.

    Attributes
    ----------
    kind : PictureKind
    width, height : px, as stored
    colours : 1 (grey) or 3
    bits : of a value, 8 to 64
    is_float : whether values are floating-point numbers
    icc : the ICC profile; empty where there is none
    has_alpha : whether there is transparency, which is left out
    gamma : PNG's gAMA, what linear light was raised to; None where it does not say
    rounding : variance of what storing it has added to its values, in steps of them, beside their
        own rounding: that of a JPEG's coefficients
    pixels_per_m : (x, y), how large it is to be shown or was scanned; None where EXIF alone says it
    notes : what the user should know, in words
    """

    kind: PictureKind
    width: int
    height: int
    colours: int
    bits: int
    is_float: bool = False
    icc: bytes = b""
    has_alpha: bool = False
    gamma: float | None = None
    rounding: float = 0.0
    pixels_per_m: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


def cut_off(name: str) -> PhotoError:
    """The error of a file that ends too early."""
    return PhotoError(name, translatable("the file is cut off or damaged"))


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse a size that no photo has, or that a file of so few bytes cannot hold."""
    n_pixels, n_bytes = width * height, path.stat().st_size
    if n_pixels == 0:
        raise PhotoError(path.name, translatable("the picture is empty"))
    if n_pixels > MOST_PIXELS:
        raise PhotoError(
            path.name,
            translatable("{width} x {height} px: too large", width=width, height=height),
        )
    if n_pixels > SMALL_PIXELS and n_bytes < LEAST_BYTES_PER_PIXEL * n_pixels:
        raise PhotoError(
            path.name,
            translatable(
                "claims {width} x {height} px in {n_bytes} bytes: not opened",
                width=width,
                height=height,
                n_bytes=n_bytes,
            ),
        )


def refuse_few_bits(name: str, bits: int) -> None:
    """Refuse drawings: with less than 8 bits nothing can be told of blur."""
    if bits < LEAST_BITS:
        raise PhotoError(
            name, translatable("{bits} bit a value: photos have at least 8", bits=bits)
        )


def palette(name: str) -> PhotoError:
    """The error of a picture whose values are numbers of colours."""
    return PhotoError(name, translatable("holds a palette of few colours instead of a photo"))


def cmyk(name: str) -> PhotoError:
    """The error of a picture for a printing press."""
    reason = translatable("is CMYK, made for printing: convert it to RGB first")
    return PhotoError(name, reason)


def transparency() -> str:
    """The note of a picture with an alpha channel."""
    return translatable("its transparency is left out")


def first_of_several(n: int) -> str:
    """The note of a file with several pictures."""
    return translatable("holds {n} pictures: the first one is taken", n=n)
