"""The keys of a manifest, what each may hold, and how an entry is made of them: the same for TOML
and CSV."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lenscal.calibration.settings import CalibrationSettings, Method, Quality, Stages, stages_of
from lenscal.errors import InputError
from lenscal.files.psf.psf_formats import ALL_FORMATS, PSF_FORMATS
from lenscal.laboratory.entries import Entry
from lenscal.raw.pictures.kinds import Light
from lenscal.system.device import DEVICES
from lenscal.translation import Translatable, message_of, translatable

Values = Mapping[str, Any]
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")


class KeyProblem(Exception):
    """A key holds what it cannot; `key` says which, `message` what it may hold."""

    def __init__(self, key: str, message: Translatable) -> None:
        super().__init__(message)
        self.key, self.message = key, message


def text(value: Any) -> str:
    """Text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(translatable("want text"))
    return value.strip()


def number(value: Any) -> float:
    """A number, also as text, with a point or a comma."""
    if isinstance(value, str):
        value = value.strip().lower().removeprefix("f/").replace(",", ".")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(translatable("want a number")) from None


def whole(value: Any) -> int:
    """A whole number, also as text."""
    found = number(value)
    if not found.is_integer():
        raise ValueError(translatable("want a whole number"))
    return int(found)


def yes(value: Any) -> bool:
    """True or false; yes or no as text."""
    said = value.strip().lower() if isinstance(value, str) else value
    if said is True or said in _YES:
        return True
    if said is False or said in _NO:
        return False
    raise ValueError(translatable("want true or false"))


def grid(value: Any) -> tuple[int, int]:
    """ "8x8"."""
    found = re.fullmatch(r"\s*(\d{1,3})\s*[x×]\s*(\d{1,3})\s*", str(value))
    if found is None:
        raise ValueError(translatable("want rows x columns, e.g. 8x8"))
    return int(found[1]), int(found[2])


def one_of(*choices: str) -> Callable[[Any], str]:
    """One of a few words."""

    def chosen(value: Any) -> str:
        if value not in choices:
            raise ValueError(translatable("want one of {choices}", choices=", ".join(choices)))
        return str(value)

    return chosen


def formats(value: Any) -> tuple[str, ...]:
    """Formats of PSF files, as a list or as words."""
    words = re.split(r"[\s,;]+", value.strip()) if isinstance(value, str) else value
    if not isinstance(words, list):
        raise ValueError(translatable("want a list"))
    choose = one_of(*PSF_FORMATS, ALL_FORMATS)
    return tuple(choose(word) for word in words)


OF_PHOTOS: Mapping[str, Callable[[Any], Any]] = {
    "name": text,
    "copy": text,
    "sharp": text,
    "degraded": text,
    "aperture_sharp": number,
    "aperture_degraded": number,
    "lens": text,
    "focal": number,
}
"""Keys of a lens alone."""
OF_SETTINGS: Mapping[str, Callable[[Any], Any]] = {
    "quality": one_of(*Quality),
    "grid": grid,
    "kernel_size": whole,
    "seed": whole,
    "max_minutes": number,
    "stages": one_of(*Stages),
    "method": one_of(*Method),
    "device": one_of(*DEVICES),
    "light": one_of(*Light),
    "keep_all": yes,
    "private": yes,
    "formats": formats,
    "memory_gb": number,
}
"""Keys that hold for all lenses, or for one."""


def checked(key: str, value: Any, known: Mapping[str, Callable[[Any], Any]]) -> Any:
    """What a key holds.

    Raises
    ------
    KeyProblem
        There is no such key, or it holds something else.
    """
    if key not in known:
        near = difflib.get_close_matches(key, known, 1)
        if near:
            raise KeyProblem(
                key, translatable("there is no such key: is {near} meant?", near=near[0])
            )
        raise KeyProblem(
            key, translatable("there is no such key; there are {keys}", keys=", ".join(known))
        )
    try:
        return known[key](value)
    except ValueError as error:
        raise KeyProblem(
            key, translatable("{value}: {problem}", value=str(value), problem=message_of(error))
        ) from None


def entry_from(values: Values, base: Path, where: str) -> Entry:
    """The calibration that checked values describe.

    base : folder that relative paths start at

    Raises
    ------
    KeyProblem
        One is missing, outside its limits, or a folder is not there.
    """
    for key in ("name", "sharp", "degraded"):
        if key not in values:
            raise KeyProblem(key, translatable("it is missing"))
    return Entry(
        name=values["name"],
        sharp=_folder("sharp", values, base),
        degraded=_folder("degraded", values, base),
        copy=values.get("copy", ""),
        settings=_settings(values),
        **_of_photos(values),
        light=Light(values.get("light", Light.LINEAR)),
        keep_all=values.get("keep_all", False),
        private=values.get("private", False),
        formats=values.get("formats", Entry.__dataclass_fields__["formats"].default),
        memory_bytes=_memory(values),
        where=where,
    )


def _folder(key: str, values: Values, base: Path) -> Path:
    path: Path = base / values[key]
    if not path.is_dir():
        raise KeyProblem(key, translatable("{path}: there is no such folder", path=path))
    return path.resolve()


def _settings(values: Values) -> CalibrationSettings:
    from lenscal.calibration.settings import DEFAULTS

    names = ("grid", "kernel_size", "seed", "max_minutes", "device")
    given = {name: values[name] for name in names if name in values}
    try:
        stages = stages_of(
            Method(values.get("method", Method.AUTO)), Stages(values.get("stages", Stages.AUTO))
        )
        quality = Quality(values.get("quality", DEFAULTS.quality))
        return CalibrationSettings(quality=quality, stages=stages, **given)
    except InputError as error:
        # It names the option, which is called like the key.
        said = str(error)
        key = next((name for name in names if name.replace("_", "-") in said), "stages")
        raise KeyProblem(key, message_of(error)) from error


def _of_photos(values: Values) -> dict[str, Any]:
    from lenscal.intake.grouping import Overrides

    for key in ("aperture_sharp", "aperture_degraded", "focal"):
        is_focal = key == "focal"
        value = values.get(key)
        try:
            Overrides(None if is_focal else value, focal_mm=value if is_focal else None)
        except InputError as error:
            raise KeyProblem(key, message_of(error)) from error
    return {
        "aperture_sharp": values.get("aperture_sharp"),
        "aperture_degraded": values.get("aperture_degraded"),
        "lens": values.get("lens"),
        "focal_mm": values.get("focal"),
    }


def _memory(values: Values) -> int | None:
    gigabytes = values.get("memory_gb")
    if gigabytes is None:
        return None
    if not 0 < gigabytes < 2**20:
        raise KeyProblem(
            "memory_gb", translatable("{number:g}: want a number above 0", number=gigabytes)
        )
    return int(gigabytes * 2**30)
