"""How fluid the window stays while a calibration trains: a 10 ms timer on the main thread, its p99
and its maximum.

    python packaging/measure_heartbeat.py [--minutes 2] [--photos 4] [--threads N] [--limit-ms 100]

Opens the real window (offscreen where QT_QPA_PLATFORM says so), photographs with the virtual lens,
reads the photos and calibrates them; only the calibration is measured. Exit code 1 where p99 is
above the limit.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--size", default="1200x1800", help="height x width of the virtual photos")
    parser.add_argument("--photos", type=int, default=4)
    parser.add_argument(
        "--threads", type=int, help="numerical threads; otherwise what the window itself chooses"
    )
    parser.add_argument("--limit-ms", type=float, default=100.0)
    args = parser.parse_args()
    if args.threads:
        os.environ["OMP_NUM_THREADS"] = str(args.threads)

    from lenscal.calibration.settings import CalibrationSettings
    from lenscal.gui.app import application, keep_fluid
    from lenscal.gui.background.heartbeat import Heartbeat
    from lenscal.gui.background.worker import Ending, Outcome, Progress
    from lenscal.gui.controller import Controller, Folders
    from lenscal.gui.main_window import MainWindow
    from lenscal.gui.tasks import Tasks

    keep_fluid()
    app = application("light")
    endings: list[Outcome] = []
    stages: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="lenscal-heartbeat-") as scratch:
        controller = Controller(Tasks(), Folders(Path(scratch) / "cache", Path(scratch) / "kept"))
        height, width = (int(part) for part in args.size.split("x"))
        controller.demo_size, controller.demo_photos = (height, width), args.photos
        settings = CalibrationSettings(max_minutes=args.minutes)
        controller.change(replace(controller.session, settings=settings))
        window = MainWindow(controller)
        window.resize(1280, 800)
        window.show()
        heartbeat = Heartbeat(window)

        def started(_name: str, can_stop: bool) -> None:
            if can_stop:
                heartbeat.start()

        def progressed(progress: Progress) -> None:
            stages.add(progress.report.stage)

        def ended(outcome: Outcome) -> None:
            if heartbeat.running or outcome.ending is not Ending.DONE:
                heartbeat.stop()
                endings.append(outcome)
                app.exit(0)

        controller.job_started.connect(started)
        controller.worker.progressed.connect(progressed)
        controller.job_ended.connect(ended)
        controller.demo()
        app.exec()
        controller.close()
        window.close()
    result = {
        "p99_ms": round(heartbeat.percentile(99), 1),
        "max_ms": round(heartbeat.worst_ms, 1),
        "beats": len(heartbeat.intervals_ms),
        "late_100_ms": sum(interval > 100 for interval in heartbeat.intervals_ms),
        "stages": sorted(stages),
        "ending": endings[0].ending.value,
        "message": endings[0].message,
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
    }
    sys.stdout.write(json.dumps(result) + "\n")
    failed = endings[0].ending not in (Ending.DONE, Ending.STOPPED)
    return int(failed or result["p99_ms"] > args.limit_ms)


if __name__ == "__main__":
    sys.exit(main())
