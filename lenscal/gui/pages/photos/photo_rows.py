"""The photos of both sets and what has become of each: the lines of the second step's table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lenscal.intake.inputs import ImportedFolder
from lenscal.intake.photo_files import natural_order
from lenscal.raw.frame import PhotoInfo
from lenscal.session import Session

SHARP, DEGRADED = "sharp", "degraded"


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """One photo.

    Attributes
    ----------
    role : SHARP or DEGRADED
    used : whether it is learnt from
    reason : why it was left out, or a doubt about one that is used
    decision : what the user said of it; None: nothing
    readable : whether it can be used at all
    """

    path: Path
    role: str
    used: bool
    reason: str
    info: PhotoInfo | None
    decision: bool | None = None
    readable: bool = True


def rows_of(session: Session) -> list[PhotoRow]:
    """Sharp photos first, in the order of their names, whether they are used or not."""
    inputs = session.inputs
    if inputs is None:
        return []
    return [
        *_rows_of_set(inputs.sharp, SHARP, session),
        *_rows_of_set(inputs.degraded, DEGRADED, session),
    ]


def _rows_of_set(folder: ImportedFolder, role: str, session: Session) -> list[PhotoRow]:
    decisions = session.decisions
    rows = [
        PhotoRow(
            path=photo.path,
            role=role,
            used=True,
            reason=photo.verdict.reason,
            info=photo.frame.info,
            decision=decisions.get(photo.path),
        )
        for photo in folder.photos
    ]
    for rejected in folder.rejected:
        photo = rejected.photo
        # A photo that cannot be decoded has no verdict, and nothing can be decided about it.
        readable = photo is not None
        rows.append(
            PhotoRow(
                path=rejected.path,
                role=role,
                used=False,
                reason=rejected.reason,
                info=None if photo is None else photo.frame.info,
                decision=decisions.get(rejected.path) if readable else None,
                readable=readable,
            )
        )
    # Used and rejected photos mixed: the user looks for a name.
    return sorted(rows, key=lambda row: natural_order(row.path))
