"""Versions of the files that lenscal writes for itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lenscal.errors import InputError


def check_schema(path: Path, values: Mapping[str, Any], known: int, older: str) -> None:
    """Refuse a file of another version than `known`; `older` says what to do about one of an older
    version.

    Raises
    ------
    InputError
        `values["schema"]` is not `known`.
    """
    schema = values.get("schema")
    if schema != known:
        newer = isinstance(schema, int) and schema > known
        advice = "update lenscal to open it" if newer else older
        raise InputError(
            f"{path} has schema version {schema!r}, this lenscal reads {known}: {advice}"
        )
