"""A graphics card that is there is not always one that works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from lenscal.errors import InputError
from lenscal.system import device
from lenscal.system.device import device_notes, pick_device
from lenscal.system.memory import is_out_of_memory


@pytest.fixture
def broken_card(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where there is no CUDA, torch fails as it does with a driver too old."""
    if torch.cuda.is_available():
        pytest.skip("there is a card that works")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    device._failure.cache_clear()
    yield
    device._failure.cache_clear()


@pytest.mark.usefixtures("broken_card")
def test_automatic_takes_the_processor_where_the_card_does_not_work_and_says_so() -> None:
    assert pick_device("auto").type in ("cpu", "mps")
    (note,) = device_notes("auto")
    assert note.startswith("cuda is there but does not work (")
    assert "\n" not in note


@pytest.mark.usefixtures("broken_card")
def test_a_card_that_was_asked_for_and_does_not_work_is_refused() -> None:
    with pytest.raises(InputError, match=r"--device cuda does not work .*--device auto"):
        pick_device("cuda")
    assert device_notes("cuda") == ()


def test_nothing_is_said_where_all_works() -> None:
    assert pick_device("cpu") == torch.device("cpu")
    assert device_notes("cpu") == ()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (
            RuntimeError(
                "[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory"
            ),
            True,
        ),
        (
            ImportError(
                "libtorch.so: failed to map segment from shared object: Cannot allocate memory"
            ),
            True,
        ),
        (OSError(12, "Cannot allocate memory"), True),
        (RuntimeError("sizes differ"), False),
    ],
)
def test_too_little_memory_is_known_in_all_its_words(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected
