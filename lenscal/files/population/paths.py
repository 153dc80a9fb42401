"""Whether a population can be written where it shall be, noticed before long work."""

from __future__ import annotations

from pathlib import Path

from lenscal.errors import InputError
from lenscal.files.checkpoint import checkpoint_path
from lenscal.files.output_paths import check_name, check_output_file
from lenscal.files.population.description import POPULATION_SUFFIX
from lenscal.files.population.population_file import read_population
from lenscal.translation import translatable


def check_population_path(path: Path) -> None:
    """Notice before long work that a population cannot be written there.

    Raises
    ------
    InputError
        As `check_output_file`, or the path has another suffix, or is another kind of file.
    """
    # A checkpoint has the longest name of all that is written.
    check_name(checkpoint_path(path))
    if path.suffix.lower() != POPULATION_SUFFIX and not path.is_dir():
        raise InputError(
            translatable(
                "--out {path}: give a name that ends in {suffix}",
                path=path,
                suffix=POPULATION_SUFFIX,
            )
        )
    check_output_file(path, "rig.lenspop")
    if path.exists() and path.stat().st_size:
        try:
            read_population(path)
        except InputError as error:
            raise InputError(
                translatable(
                    "--out {path} exists and is no population of lenscal's: not overwritten, "
                    "choose another name",
                    path=path,
                )
            ) from error
