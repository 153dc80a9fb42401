"""However a command is ended: the right exit code, no traceback, nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lenscal.system.signals import Ended, ended_in_order

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")

# A command that writes a file and takes its time, with everything else as it is.
PROGRAM = """
import sys, time
from pathlib import Path
import lenscal.commands.info as info
from lenscal.jobs.cache import photo_cache
from lenscal.system.atomic import written_whole

def run_info(args):
    with photo_cache() as cache, written_whole(Path(sys.argv[-1])) as temporary:
        temporary.write_text("half")
        (cache / "photo.npy").touch()
        print(cache, flush=True)
        try:
            time.sleep(60)
        finally:
            time.sleep(0.3)  # cleaning up takes a while, and more signals come in it
    return 0

info.run_info = run_info
from lenscal.cli import main
raise SystemExit(main())
"""


@pytest.fixture
def command(tmp_path: Path) -> subprocess.Popen[str]:
    env = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "XDG_CACHE_HOME": str(tmp_path),
    }
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "info", str(tmp_path / "result.txt")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    )


@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_ends_in_order_whatever_is_pressed(
    tmp_path: Path, command: subprocess.Popen[str], number: int, times: int
) -> None:
    with command:
        assert command.stdout is not None
        cache = Path(command.stdout.readline().strip())
        assert (cache / "photo.npy").exists()
        for _ in range(times):
            command.send_signal(number)
            time.sleep(0.02)
        _, err = command.communicate(timeout=30)
    assert command.returncode == 128 + number
    assert err == "lenscal: cancelled\n"
    assert not cache.exists()
    # Neither the result nor what it was written to.
    assert [p.name for p in tmp_path.iterdir()] == ["lenscal"]


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_in_order():
            signal.raise_signal(signal.SIGHUP)
            with pytest.raises(Ended):
                signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)
