"""Accuracy: every case calibrates in a process of its own, so that seconds and memory are honest;
results are kept."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lenscal
from lenscal.benchmark.cases import Case, dataset_folder, render_photos
from lenscal.errors import InputError, LenscalError
from lenscal.reports import Report
from lenscal.stepping import STOP, Job, follow
from lenscal.system.atomic import written_whole
from lenscal.system.device import AUTO
from lenscal.translation import translatable

# What a case's process prints: plain JSON, which the cache and the tables take as it is.
Result = dict[str, Any]
_PROGRESS = re.compile(r"\s*(\d+)% (.*)")
_RENDERING_SHARE = 0.3
"""Of the progress of a case whose photos have to be rendered first."""


def measure_cases(
    cases: Sequence[Case],
    cache: Path,
    *,
    device: str = AUTO,
    fresh: bool = False,
    only_cached: bool = False,
) -> Job[list[Result]]:
    """Results of all cases, from the cache where the program is the same; a case that fails has an
    "error" instead.

    `STOP` ends the case at hand without a result and returns those that are done.

    Parameters
    ----------
    fresh : measure again what is in the cache
    only_cached : leave out what is not in the cache
    """
    results = []
    for number, case in enumerate(cases):
        low, high = number / len(cases), (number + 1) / len(cases)
        cached = None if fresh else cached_result(case, cache, device)
        if cached is not None:
            message = translatable("{case}: measured before", case=case.name)
            yield Report("benchmark", message, high, number + 1)
            results.append(cached)
        elif not only_cached:
            result, stopped = yield from follow(_measure_case(case, cache, device), low, high)
            if stopped:
                break
            results.append(result)
    return results


def cached_result(case: Case, cache: Path, device: str) -> Result | None:
    """The case's result from an earlier run of the same program; None where there is none."""
    try:
        result: Result = json.loads(_result_path(case, cache, device, program()).read_text())
    except (OSError, ValueError):
        return None
    return result


def program(root: Path = Path(lenscal.__file__).parent) -> str:
    """A digest of the program's source (but the window's), by which results are told apart."""
    # Of the source and not of a version: while a method is worked on, versions stay the same.
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        # The window measures nothing: work on it must not cost hours of benchmark.
        if path.relative_to(root).parts[0] != "gui":
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _measure_case(case: Case, cache: Path, device: str) -> Job[Result]:
    before = program()
    try:
        folder, _ = yield from follow(render_photos(case, cache), 0.0, _RENDERING_SHARE)
        arguments = ["--measure", str(folder), "--quality", case.quality, "--stages", case.stages]
        arguments += ["--seed", str(case.seed), "--device", device]
        measured, _ = yield from follow(_child(arguments, case.name), _RENDERING_SHARE, 1.0)
    # One case that fails leaves a hundred others to be measured; it is tried again next time.
    except LenscalError as error:
        return {**_described(case), "error": str(error)}
    result = {**_described(case), **measured}
    # Source that was edited meanwhile: nobody knows which program this is the result of.
    if program() == before:
        path = _result_path(case, cache, device, before)
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as temporary:
            temporary.write_text(json.dumps(result, indent=1))
    return result


def _described(case: Case) -> Result:
    return {
        "case": case.name,
        "kind": str(case.kind),
        "lens": case.shooting.lens.name,
        "kept_out": case.kept_out is not None,
        "scenes": str(case.scenes),
        "iso": case.iso,
        "seed": case.seed,
        "quality": case.quality,
        "stages_asked": case.stages,
    }


def _result_path(case: Case, cache: Path, device: str, program: str) -> Path:
    # Other photos, settings or source have another path: nothing has to be compared.
    settings = f"{dataset_folder(case, cache).name}-{case.quality}-{case.stages}-{device}"
    return cache / "results" / program / f"{settings}.json"


def _child(arguments: Sequence[str], name: str) -> Job[Result]:
    """Run `lenscal benchmark ARGUMENTS --json` in a process of its own and pass on its progress.

    Raises
    ------
    LenscalError
        It failed, with its last words.
    """
    # A file and no pipe: nobody reads it meanwhile, and a full pipe would stop the child.
    with tempfile.TemporaryFile("w+") as answer:
        command = [*own_command(), "benchmark", *arguments, "--json"]
        with _running(command, answer) as process:
            assert process.stderr is not None
            last_line = ""
            for line in process.stderr:
                last_line = line.strip() or last_line
                step = _PROGRESS.match(line)
                if step is None:
                    continue
                message = translatable("{case}: {step}", case=name, step=step[2].strip())
                if (yield Report("benchmark", message, int(step[1]) / 100)) == STOP:
                    raise LenscalError(translatable("{case}: stopped", case=name))
            code = process.wait()
        # The child has ended: all that it printed is in the file.
        answer.seek(0)
        text = answer.read()
    if code != 0:
        why = last_line.removeprefix("lenscal: ")
        if not why:
            raise LenscalError(
                translatable("{case}: the program ended with code {code}", case=name, code=code)
            )
        raise LenscalError(translatable("{case}: {why}", case=name, why=why))
    result: Result = json.loads(text)
    return result


@contextmanager
def _running(command: Sequence[str], answer: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        # A session of its own: Ctrl+C reaches this process alone, which then ends the child.
        command,
        stdout=answer,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def own_command() -> list[str]:
    """How this program starts itself."""
    # A bundled program is its own interpreter.
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "lenscal"]


def check_dataset(folder: Path) -> None:
    """Refuse a folder that `render_photos` has not made.

    Raises
    ------
    InputError
        Photos or truth are missing.
    """
    for part in (
        "sharp",
        "degraded",
        "truth/psf_R.fits",
        # Cameras write DNG or PNG.
        "evaluation/degraded.*",
        "evaluation/reference.*",
    ):
        if not any(folder.glob(part)):
            raise InputError(
                translatable(
                    "--measure {folder}: there is no {part}; "
                    "give a folder that the benchmark has rendered",
                    folder=folder,
                    part=part,
                )
            )


def failures(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Why cases failed, in words."""
    return [str(result["error"]) for result in results if "error" in result]
