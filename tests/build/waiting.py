"""Waiting for what other threads and programs do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def wait_until(look: Callable[[], T], timeout: float = 10, pause: float = 0.01) -> T:
    """Return the first value of ``look`` that is true.

    Raises:
        AssertionError: if there is none in time.
    """
    deadline = time.monotonic() + timeout
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {timeout} s"
        time.sleep(pause)
    return found
