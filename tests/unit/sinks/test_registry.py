"""The sinks by their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.sinks import fields, registry
from auditor.sinks.eve import EveEntry
from tests.build.news import change

if TYPE_CHECKING:
    from pathlib import Path


def test_every_kind_that_may_be_written_can_be_made() -> None:
    """And none can be made that may not be written."""
    assert sorted(registry.SINKS) == sorted(fields.KINDS)


def test_a_sink_starts_behind_its_queue(tmp_path: Path) -> None:
    """From the entry to a line in the file."""
    path = tmp_path / "eve.json"
    entry = EveEntry.model_validate({"kind": "eve", "to": f"file:{path}"})
    sink = registry.start(entry, print)

    assert sink.tell([change()]) == 0
    assert sink.close(10)
    assert sink.state().delivered == 1
    assert len(path.read_text().splitlines()) == 1
    assert entry.folders == (tmp_path,)
