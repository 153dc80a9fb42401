"""Coverage-guided fuzzing of a reader, for those who have time (`pip install atheris`, Linux):

    python tests/strangers/fuzz_with_atheris.py lens.lenscal -max_total_time=600

The first word names one of the readers (readers.py); the others are libFuzzer's. It begins with the
corpus and a good file, and stops at the first input that its reader does not take or refuse in a
sentence.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

with atheris.instrument_imports(include=["lenscal", "json", "zipfile", "safetensors"]):
    from readers import READERS

    from lenscal.errors import LenscalError


def main() -> None:
    """Fuzz the reader that the command line names."""
    name, *options = sys.argv[1:]
    reader = READERS[name]
    with TemporaryDirectory(prefix="lenscal-fuzz-") as folder:
        place, seeds = Path(folder) / "place", Path(folder) / "seeds"
        place.mkdir()
        seeds.mkdir()
        reader.write(place / name)
        (seeds / "good").write_bytes((place / name).read_bytes())
        for path in (HERE / "corpus").glob(f"{name}--*"):
            (seeds / path.name).write_bytes(path.read_bytes())
        names = {path.name for path in place.iterdir()}

        def read(content: bytes) -> None:
            (place / name).write_bytes(content)
            try:
                reader.read(place / name)
            except LenscalError as error:
                assert str(error) and not str(error).startswith("unexpected")
            assert {path.name for path in place.iterdir()} == names

        atheris.Setup([sys.argv[0], *options, str(seeds)], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
