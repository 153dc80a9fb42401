"""Numerical threads: results in order and the same for every number of threads, nothing left."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from lenscal.system.threads import (
    Team,
    in_order,
    settle_torch,
    several_cores,
    thread_count,
    use_threads,
)


@pytest.fixture(autouse=True)
def automatic() -> Iterator[None]:
    yield
    use_threads(None)


def numerical_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("numerical")]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(threads: int) -> None:
    use_threads(threads)
    assert list(in_order(lambda i: i * i, range(20))) == [i * i for i in range(20)]
    assert not numerical_threads()


def test_little_is_worked_out_before_it_is_asked_for() -> None:
    use_threads(2)
    begun: list[int] = []
    results = in_order(begun.append, range(100))
    next(results)
    assert len(begun) <= 4
    results.close()
    assert len(begun) <= 4 and not numerical_threads()


def test_an_error_comes_where_its_result_would_and_leaves_no_thread() -> None:
    use_threads(3)
    results = in_order(lambda i: 1 // (2 - i), range(10))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert not numerical_threads()


def test_threads_start_no_more_of_their_own() -> None:
    use_threads(4)

    def inner(_: int) -> tuple[int, int]:
        return sum(in_order(int, range(5))), Team().threads

    assert list(in_order(inner, range(8))) == [(10, 1)] * 8


def test_a_team_serves_round_after_round() -> None:
    use_threads(2)
    with Team() as team:
        for factor in range(5):
            assert team.all(lambda i, f=factor: i * f, range(7)) == [i * factor for i in range(7)]
    assert not numerical_threads()


def test_the_environment_says_how_many_unless_the_user_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for wanted in ("3", " 3", "3,2"):
        monkeypatch.setenv("OMP_NUM_THREADS", wanted)
        assert thread_count() == 3
    use_threads(2)
    assert thread_count() == 2


def test_parallel_work_changes_no_other_threads_number() -> None:
    """A thread that first touches torch while others work must compute as it would alone."""
    settle_torch()
    use_threads(4)
    meanwhile: list[int] = []

    def work(i: int) -> float:
        if i == 10:
            other = threading.Thread(target=lambda: meanwhile.append(torch.get_num_threads()))
            other.start()
            other.join()
        return float(torch.rand(100).sum())

    before = torch.get_num_threads()
    list(in_order(work, range(20)))
    assert meanwhile == [before] == [torch.get_num_threads()]


def test_several_cores_are_for_the_thread_that_asks_alone() -> None:
    settle_torch()
    use_threads(3)
    beside: list[int] = []
    with several_cores():
        if torch.get_num_threads() == 1:
            pytest.skip("torch's OpenMP is not found by name here")
        assert torch.get_num_threads() == 3
        other = threading.Thread(target=lambda: beside.append(torch.get_num_threads()))
        other.start()
        other.join()
    assert beside == [1] and torch.get_num_threads() == 1
