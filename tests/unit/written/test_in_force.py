"""What is in force of a file: swapped at one instant, kept where the new one is bad, and told."""

from __future__ import annotations

import logging
import threading
from itertools import count

import pytest

from auditor.written.in_force import InForce, Reading, Unusable
from auditor.written.issue import Issue

BAD = Issue("bad-key", "it is wrong", "file.yaml", 3, 1)
ODD = Issue("odd-key", "it is odd", "file.yaml", 4, 1, severity="warning")


class File:
    """A file whose content a test replaces."""

    def __init__(self, *readings: Reading[str]) -> None:
        self.readings = list(readings)

    def read(self) -> Reading[str]:
        """Return the next content."""
        return self.readings.pop(0)


def _right(text: str, *issues: Issue) -> Reading[str]:
    return Reading(text, f"sha-{text}", issues)


def _wrong() -> Reading[str]:
    return Reading(None, None, (BAD,))


def test_a_right_file_is_put_in_force(caplog: pytest.LogCaptureFixture) -> None:
    """Both hashes are returned and logged, and the moment is kept."""
    caplog.set_level(logging.INFO)
    moments = count(100)
    held = InForce("policy", File(_right("one"), _right("two", ODD)).read, lambda: next(moments))

    outcome = held.reload()

    assert (outcome.accepted, outcome.old, outcome.new, outcome.issues) == (True, "sha-one", "sha-two", (ODD,))
    assert held.state == ("two", "sha-two", 101)
    assert (held.loads, held.failures, held.last_success, held.is_stale) == (2, 0, 101, False)
    assert caplog.messages[-1] == "policy replaced: sha256 sha-two, before sha-one"


def test_a_bad_file_changes_nothing_and_is_seen(caplog: pytest.LogCaptureFixture) -> None:
    """What was in force stays, the issues are kept and logged, and the next right file clears them."""
    moments = count(100)
    held = InForce("policy", File(_right("one"), _wrong(), _right("three")).read, lambda: next(moments))

    outcome = held.reload()

    assert (outcome.accepted, outcome.old, outcome.new) == (False, "sha-one", "sha-one")
    assert held.state == ("one", "sha-one", 100)
    assert (held.loads, held.failures, held.last_success, held.last_failure) == (1, 1, 100, 101)
    assert held.is_stale
    assert held.issues == (BAD,)
    assert caplog.messages == [
        "policy refused with 1 errors; still in force: sha256 sha-one",
        "policy: file.yaml:3:1: bad-key: it is wrong",
    ]
    assert held.reload().accepted
    assert not held.is_stale


def test_the_same_file_again_is_no_change() -> None:
    """It counts as loaded, and has been in force since it first was."""
    moments = count(100)
    held = InForce("policy", File(_right("one"), _right("one")).read, lambda: next(moments))
    first = held.state

    assert held.reload().new == "sha-one"
    assert held.state is first
    assert (held.loads, held.last_success) == (2, 101)


def test_the_first_file_must_be_right() -> None:
    """There is nothing to go on with otherwise."""
    with pytest.raises(Unusable) as caught:
        InForce("policy", File(_wrong()).read)
    assert caught.value.issues == (BAD,)


def test_an_error_of_ours_is_a_failure_too() -> None:
    """What was in force stays, and who asked for the reload hears of it."""
    held = InForce("policy", File(_right("one")).read)
    with pytest.raises(IndexError):
        held.reload()
    assert (held.state.value, held.failures) == ("one", 1)


def test_readers_never_see_a_mix() -> None:
    """While one thread reloads and others read, each state is one file's value with its own hash."""
    numbers = count()
    held = InForce("policy", lambda: _right(str(next(numbers))))
    done, mixed = threading.Event(), []

    def look() -> None:
        while not done.is_set():
            value, sha256, _ = held.state
            if sha256 != f"sha-{value}":
                mixed.append((value, sha256))

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    writers = [threading.Thread(target=lambda: [held.reload() for _ in range(300)]) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    done.set()
    for reader in readers:
        reader.join()

    assert mixed == []
    assert held.loads == 601
    assert held.state.value == "600"
