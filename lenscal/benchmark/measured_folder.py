"""One calibration of a rendered folder, beside its truth."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lenscal import jobs
from lenscal.calibration.settings import CalibrationSettings
from lenscal.files.psf.psf_fits import read_fits
from lenscal.jobs.summary import calibration_values
from lenscal.measure.comparison import compare_with_truth
from lenscal.measure.score_table import gain_values, score_table
from lenscal.restore.settings import RestoreSettings
from lenscal.stepping import Job, follow


def measure_folder(folder: Path, settings: CalibrationSettings, cache: Path) -> Job[dict[str, Any]]:
    """Calibrate with a folder that `lenscal.virtual.dataset.write_dataset` made, and compare.

    Returns
    -------
    dict
        What `calibrate --json` says, with scores, gain, and both as a table of text lines. Seconds
        and memory are those before the comparison with the truth.
    """
    # Reading the photos counts: a user waits for it as well.
    start = time.monotonic()
    reading = jobs.import_photos([folder / "sharp"], [folder / "degraded"], cache=cache)
    inputs, _ = yield from follow(reading, 0.0, 0.1)
    calibration, _ = yield from follow(jobs.calibrate(inputs, settings), 0.1, 0.8)
    summary = {**calibration_values(inputs, calibration), "seconds": time.monotonic() - start}
    # The photos fill the memory that the comparison needs.
    del inputs
    # Whatever kind of files the virtual camera wrote.
    (degraded,) = (folder / "evaluation").glob("degraded.*")
    comparing = compare_with_truth(
        read_fits(folder / "truth"),
        degraded,
        degraded.with_stem("reference"),
        calibration,
        RestoreSettings(),
    )
    comparison, _ = yield from follow(comparing, 0.8, 1.0)
    return {
        **summary,
        "scores": comparison.scores,
        "gain": gain_values(comparison.gain),
        "table": score_table(comparison.scores, comparison.gain),
    }
