"""Versions of the files that lenscal writes for itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lenscal.errors import InputError
from lenscal.translation import translatable


def check_schema(
    path: Path,
    values: Mapping[str, Any],
    version: int,
    advice: str,
    *,
    oldest: int | None = None,
) -> None:
    """Refuse a file of another version; `advice` says what to do about one of an older version.

    oldest : the first version that is read, too; None: `version` alone

    Raises
    ------
    InputError
        `values["schema"]` is none of these.
    """
    schema = values.get("schema")
    known = range(version if oldest is None else oldest, version + 1)
    if not isinstance(schema, int) or isinstance(schema, bool) or schema not in known:
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
