"""lenscal opens no connection: the whole job runs where none can be opened, and none is tried."""

from __future__ import annotations

import ast
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import network_guard
import pytest
from network_guard import NetworkBlocked, is_local

import lenscal

TESTS = Path(__file__).parent
PACKAGE = Path(lenscal.__file__).parent
NETWORKING = {
    *("socket", "ssl", "http", "urllib", "ftplib", "smtplib", "asyncio", "webbrowser"),
    *("requests", "httpx", "aiohttp", "urllib3", "PySide6.QtNetwork", "torch.hub", "distributed"),
}
"""Modules that open connections."""
WITHIN = {
    "gui/background/ending.py: socket",
    *(f"laboratory/cluster.py: distributed{name}" for name in ("", ".Client", ".LocalCluster")),
    *(f"laboratory/worker.py: distributed{name}" for name in ("", ".get_worker")),
}
"""A pair of sockets, from a signal to the window's own thread; Dask, where `lenscal batch` is given
a scheduler's address, or workers on this computer."""
HOME = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80)])
def test_the_guard_notices_who_connects(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as connection, pytest.raises(NetworkBlocked):
        connection.connect(address)
    with socket.socket(family, socket.SOCK_DGRAM) as connection, pytest.raises(NetworkBlocked):
        connection.sendto(b"x", address)
    with pytest.raises(NetworkBlocked):
        socket.getaddrinfo("example.org", 80)
    assert len(network_guard.attempts) == 3
    # Else the guard of all tests would take these for the code's.
    network_guard.attempts.clear()


def test_this_computer_is_no_other() -> None:
    assert all(is_local(host) for host in ("localhost", "127.0.0.1", "127.3.2.1", "::1", b"", ""))
    assert not any(is_local(host) for host in ("example.org", "192.0.2.1", b"10.0.0.1", "2001::1"))
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_nothing_that_opens_connections_is_imported() -> None:
    found = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in PACKAGE.rglob("*.py")
        for name in imports_of(path)
        if name in NETWORKING or name.split(".")[0] in NETWORKING
    }
    assert found == WITHIN


@pytest.fixture
def blocked(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command with the guard in it and in the processes that it starts."""
    site, log = tmp_path / "site", tmp_path / "attempts"
    site.mkdir()
    guard = f"import sys; sys.path.append({str(TESTS)!r})\nimport network_guard\n"
    (site / "sitecustomize.py").write_text(f"{guard}network_guard.install({str(log)!r})\n")
    paths = os.pathsep.join([str(site), str(PACKAGE.parent)])

    def run(*arguments: object, code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**os.environ, **dict.fromkeys(HOME, str(tmp_path)), "PYTHONPATH": paths},
            timeout=300,
            check=False,
        )

    return run


def test_the_guard_is_in_processes_that_are_started(
    blocked: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    inner = "import socket; socket.create_connection(('192.0.2.1', 80))"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    done = blocked(code=outer)
    assert "NetworkBlocked" in done.stderr
    assert "192.0.2.1" in (tmp_path / "attempts").read_text()


def test_the_whole_job(
    blocked: Callable[..., subprocess.CompletedProcess[str]],
    make_dng: Callable[..., Path],
    tmp_path: Path,
) -> None:
    for n in range(4):
        make_dng(tmp_path / "sharp" / f"s{n}.dng", seed=n, f_number=5.6, size=(256, 384))
        make_dng(tmp_path / "open" / f"d{n}.dng", seed=n, size=(256, 384))
    sharp, degraded, profile = tmp_path / "sharp", tmp_path / "open", tmp_path / "x.lenscal"
    grid = ("--grid", "2x2", "--quality", "quick", "--keep-all")
    commands = (
        ("check", sharp, degraded),
        ("calibrate", sharp, degraded, "--out", profile, *grid, "--max-minutes", "0.05"),
        ("correct", profile, degraded, "--out", tmp_path / "out", "--format", "jpeg"),
        ("share", profile, "--out", tmp_path / "y.lenscal"),
        ("export-psf", profile, "--out", tmp_path / "psf", "--format", "all"),
        ("report", tmp_path / "psf", "--out", tmp_path / "x.html"),
        ("report", profile, "--out", tmp_path / "x.pdf"),
        ("info", profile),
        ("info", degraded / "d0.dng"),
        ("licences",),
    )
    # In one process: libraries take seconds to load.
    code = (
        "import json, sys; from lenscal.cli import main\n"
        "for words in json.loads(sys.argv[1]):\n"
        "    assert main(words) == 0, words"
    )
    done = blocked(json.dumps([[str(word) for word in words] for words in commands]), code=code)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "attempts").exists()
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_the_window(
    blocked: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    code = (
        "import sys; from PySide6.QtCore import QTimer; from lenscal.gui import app\n"
        "def seen(window, name): QTimer.singleShot(2000, window.close)\n"
        "app.open_given = seen; raise SystemExit(app.run('x'))"
    )
    done = blocked(code=code)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "attempts").exists()
