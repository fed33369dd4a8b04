"""What all sinks have in common."""

from __future__ import annotations

from auditor.model.scale import Verdict
from auditor.sinks.sink import SinkEntry


def test_little_needs_to_be_written() -> None:
    """Notices and violations are told, under the name of the kind."""
    entry = SinkEntry.model_validate({"kind": "eve"})

    assert (entry.shown, entry.verdict, entry.queue) == ("eve", Verdict.NOTICE, 10_000)
    assert (entry.folders, entry.reads) == ((), ())


def test_a_name_stands_for_the_kind() -> None:
    """Two sinks of a kind are told apart by it."""
    entry = SinkEntry.model_validate({"kind": "eve", "name": "soc", "verdict": "violation", "queue": 5})

    assert (entry.shown, entry.verdict, entry.queue) == ("soc", Verdict.VIOLATION, 5)
