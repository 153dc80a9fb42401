"""Notices whoever connects to another computer, or asks for one by name: lenscal has no reason to.

Python tells its audit hooks of every socket that Python code or a library opens through it.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from pathlib import Path

attempts: list[str] = []
"""What was tried since the program began."""
_installed: list[str | None] = []


class NetworkBlocked(AssertionError):
    """A connection that was not made."""


def install(log: str | None = None) -> None:
    """Refuse connections to other computers from now on, and keep what was tried, also as lines of
    the file `log`. Audit hooks stay to the end of a program."""
    if not _installed:
        _installed.append(log)
        sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        target = arguments[1]
        # Unix sockets have a path: they lead nowhere else.
        host = target[0] if isinstance(target, tuple) and target else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if host is None or is_local(host):
        return
    attempts.append(f"{event} {host}")
    if _installed[0] is not None:
        with Path(_installed[0]).open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {attempts[-1]}\n")
    raise NetworkBlocked(attempts[-1])


def is_local(host: object) -> bool:
    """Whether a name or an address is this computer's."""
    name = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    if name in ("", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(name.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
