"""auditor.identity.readers.registry."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

import pytest

from auditor.identity.readers import registry
from auditor.identity.readers.lines import Lines
from auditor.identity.readers.registry import Kind, Reading, Refused, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.identity.readers.registry import Told


class _Echo:
    """Refuses every line by its length."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        return [Refused(number, f"{len(line)} bytes")]

    def rest(self) -> Sequence[Told]:
        return [Refused(0, "rest")]


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    """Have one kind, and a reading of it."""
    monkeypatch.setattr(registry, "READERS", {"echo": Kind(_Echo, longest=8)})
    return Reading("test", "test.log")


def test_lines_are_numbered_from_one_and_long_ones_refused(reading: Reading) -> None:
    """A line above the cap never reaches the reader, and keeps its number."""
    told = list(read("echo", [b"a", b"123456789", b"12345678"], reading))

    assert told == [
        Refused(1, "1 bytes"),
        Refused(2, "the line is longer than 8 bytes"),
        Refused(3, "8 bytes"),
        Refused(0, "rest"),
    ]


def test_a_damaged_file_is_refused_behind_its_last_line(reading: Reading) -> None:
    """What could not be unpacked is one more refusal, not an exception."""
    lines = Lines(io.BytesIO(gzip.compress(b"a\nb\n")[:-4]))

    assert list(read("echo", lines, reading))[-1] == Refused(3, "the file ends in the middle of its compression")
