"""Versions of the files that lenscal writes for itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lenscal.errors import InputError
from lenscal.translation import translatable


def check_schema(path: Path, values: Mapping[str, Any], version: int, advice: str) -> None:
    """Refuse a file of another version; `advice` says what to do about one of an older version.

    Raises
    ------
    InputError
        `values["schema"]` is not `version`.
    """
    schema = values.get("schema")
    if schema != version:
        newer = isinstance(schema, int) and schema > version
        raise InputError(
            translatable(
                "{path} has schema version {schema!r}, this lenscal reads {version}: {advice}",
                path=path,
                schema=schema,
                version=version,
                advice=translatable("update lenscal to open it") if newer else advice,
            )
        )
