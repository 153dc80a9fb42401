"""Counts the faults that tests have injected, and says so in the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

_COUNT = pytest.StashKey[list[int]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_COUNT] = [0]


@pytest.fixture
def injected_faults(request: pytest.FixtureRequest) -> Iterator[list[int]]:
    """[how many so far]."""
    yield request.config.stash[_COUNT]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if count := config.stash[_COUNT][0]:
        terminalreporter.write_line(f"{count} faults injected")
